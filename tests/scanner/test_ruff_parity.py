"""ruff by itself says nothing of a tree that the upgrade check does not say too."""

from __future__ import annotations

import json
from pathlib import Path

from planner.scanner.scan import scan_tree
from tests.bench.ruff_parity import ours, ruffs
from tests.scanner.corpus import cases

LEGACY = Path(__file__).parent.parent / "reports/legacy/dags.json"


def test_every_finding_of_ruff_is_present_with_its_file_line_and_rule(tmp_path: Path) -> None:
    for number, case in enumerate(cases()):
        for path, text in case.files.items():
            place = tmp_path / f"case{number}" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    for name, snippet in json.loads(LEGACY.read_text()).items():
        (tmp_path / f"{name}.py").write_text(snippet["source"])
    (tmp_path / "stub.pyi").write_text("from airflow.decorators import dag\n@dag\ndef f(): ...\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/made.py").write_text("from airflow.decorators import dag\ndag()\n")
    (tmp_path / "silent.py").write_text("import airflow\nairflow.DAG('a')  # noqa: AIR311\n")
    wanted = ruffs(tmp_path)
    assert wanted.total() > 300
    assert not wanted - ours(scan_tree(tmp_path))
