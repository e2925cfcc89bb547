"""198 short files in old habits, whose import was tried on every 3.x line: what the scanner says of each."""

import functools
import json
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from planner.domain.report import Observation
from planner.scanner.scan import scan_tree

FOLDER = Path(__file__).parent.parent / "reports/legacy"
FILES = json.loads((FOLDER / "dags.json").read_text())
EVIDENCE = {
    (entry["name"], rule)
    for entry in tomllib.loads((FOLDER / "evidence.toml").read_text())["file"]
    for rule in entry["rules"]
}
LINES = ("3.0", "3.1", "3.2", "3.3")
ABOUT_IMPORTS = ("AIR302", "AF3-IMPORT-GONE", "AF3-DATASETS-32", "AF3-ASSETS-BOGUS")


@functools.cache
def errors(line: str) -> Mapping[str, list[Observation]]:
    """Every ERROR for a target line, by the name of its file."""
    found: dict[str, list[Observation]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, file in FILES.items():
            Path(folder, f"{name}.py").write_text(file["source"])
        for one in scan_tree(Path(folder), target=line).observations:
            if one.severity == "ERROR":
                found.setdefault(one.path.removesuffix(".py"), []).append(one)
    return found


@pytest.mark.parametrize("line", LINES)
def test_every_file_that_does_not_import_has_an_error(line: str) -> None:
    failing = {name for name, file in FILES.items() if line in file.get("fails", {})}
    assert len(failing) > 80
    assert failing - errors(line).keys() == set()


@pytest.mark.parametrize("line", LINES)
def test_no_file_that_imports_has_an_error_about_its_imports(line: str) -> None:
    assert {
        (name, one.rule, one.symbol)
        for name, found in errors(line).items()
        for one in found
        if line not in FILES[name].get("fails", {}) and one.rule in ABOUT_IMPORTS
    } == set()


@pytest.mark.parametrize("line", LINES)
def test_every_other_error_on_a_file_that_imports_has_evidence(line: str) -> None:
    others = {
        (name, one.rule)
        for name, found in errors(line).items()
        for one in found
        if line not in FILES[name].get("fails", {})
    }
    assert others - EVIDENCE == set()


def test_no_evidence_is_left_over() -> None:
    said = {
        (name, one.rule) for line in LINES for name, found in errors(line).items() for one in found
    }
    assert EVIDENCE - said == set()
