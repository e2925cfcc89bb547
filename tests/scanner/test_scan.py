"""A real folder, scanned by the real ruff."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path

import pytest

from planner.parsers.report import open_report
from planner.scanner.result import ScanFailed, ScanResult
from planner.scanner.scan import scan_folder, scan_tree
from planner.scanner.tree import LARGEST_FILE
from planner.scanner.write import write_report

OLD_DAG = """\
from airflow import DAG

with DAG("sales", schedule_interval=None, default_args={"owner": "bi"}) as dag:
    pass
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/sales.py").write_text(OLD_DAG)
    return tmp_path


def seen(result: ScanResult) -> set[tuple[str, int | None, str]]:
    return {(found.path, found.line, found.rule) for found in result.observations}


SALES = {("dags/sales.py", 3, "AIR301"), ("dags/sales.py", 3, "AIR311")}


def test_a_scan_says_what_it_saw_and_what_it_covered(tree: Path) -> None:
    (tree / "dags/clean.py").write_text("x = 1\n")
    (tree / "CODEOWNERS").write_text("* @bi\n")
    result = scan_folder(tree, root="", target="3.1")
    assert seen(result) == SALES
    assert result.coverage.files == {"dags/sales.py", "dags/clean.py"}
    assert {"AIR301", "AIR321", "invalid-syntax"} <= (result.coverage.rules or set())
    assert result.coverage.complete and result.coverage.status == "success"
    assert "preview" in result.coverage.flags and result.coverage.tool_version
    assert result.codeowners == "* @bi\n"
    assert [(dag.dag_id, dag.owners) for dag in result.dags] == [("sales", ("bi",))]
    removed = next(found for found in result.observations if found.rule == "AIR301")
    assert (removed.dag_id, removed.owner, removed.severity) == ("sales", "bi", "ERROR")
    assert removed.content.startswith('with DAG("sales", schedule_interval=None')
    fix = json.loads(removed.fix)
    assert '+with DAG("sales", schedule=None' in fix["diff"]
    assert fix["diff"].startswith("--- a/dags/sales.py\n")


def test_severity_is_rated_for_the_target(tree: Path) -> None:
    (tree / "dags/sales.py").write_text("from airflow.datasets import Dataset\nDataset('x')\n")
    severities = {
        target: [found.severity for found in scan_folder(tree, target=target).observations]
        for target in ("3.1.8", "3.2")
    }
    assert severities == {"3.1.8": ["WARNING"], "3.2": ["ERROR"]}


def test_what_was_written_is_what_was_seen(tree: Path) -> None:
    (tree / "dags/broken.py").write_text("def broken(:\n")
    (tree / "dags/two.py").write_text("from airflow import DAG\nDAG('a'); DAG(f'b{x}')\n")
    result = scan_folder(tree)
    stream = io.BytesIO()
    write_report(result, stream)
    report = open_report(stream.getvalue(), format=None)
    assert list(report.observations) == result.observations
    wanted = result.report()
    assert report.coverage == wanted.coverage
    assert report.metadata == wanted.metadata
    assert (report.dags, report.renames, report.deleted) == (
        wanted.dags,
        wanted.renames,
        wanted.deleted,
    )
    assert (report.codeowners, report.commit) == (wanted.codeowners, wanted.commit)
    assert report.received == wanted.received and not report.problems


def test_the_report_is_interchange_json(tree: Path) -> None:
    stream = io.BytesIO()
    write_report(scan_folder(tree), stream)
    findings = json.loads(stream.getvalue())["findings"]
    assert {"rule_id", "severity", "dag_id", "file", "line", "message"} <= findings[0].keys()
    assert {finding["fix"]["safe"] for finding in findings} == {True}
    assert findings[0]["dag_ids"] == ["sales"]


def test_only_the_root_is_scanned_and_paths_stay_relative_to_the_tree(tree: Path) -> None:
    (tree / "other.py").write_text(OLD_DAG)
    result = scan_folder(tree, root="dags")
    assert result.coverage.files == {"dags/sales.py"}
    assert seen(result) == SALES


@pytest.mark.parametrize("root", ["../", "dags/../..", "nowhere", "out"])
def test_a_root_outside_the_tree_is_refused(tree: Path, root: str) -> None:
    (tree / "out").symlink_to("/")
    with pytest.raises(ScanFailed, match="root"):
        scan_folder(tree, root=root)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.ruff\nbroken"),
        ("pyproject.toml", "[tool.ruff]\nfix = true\nunsafe-fixes = true\nexclude = ['*']\n"),
        ("ruff.toml", "[lint]\nselect = ['E']\nper-file-ignores = {'*' = ['AIR']}\n"),
        (".gitignore", "*\n"),
        (".ignore", "*\n"),
    ],
)
def test_a_repositorys_settings_change_nothing(tree: Path, name: str, text: str) -> None:
    (tree / name).write_text(text)
    assert seen(scan_folder(tree)) == SALES
    assert (tree / "dags/sales.py").read_text() == OLD_DAG


def test_the_environments_ruff_settings_change_nothing(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUFF_OUTPUT_FORMAT", "concise")
    monkeypatch.setenv("RUFF_OUTPUT_FILE", str(tree / "stolen"))
    assert seen(scan_folder(tree)) == SALES


def test_newer_python_is_no_syntax_error(tree: Path) -> None:
    (tree / "dags/new.py").write_text('type X[T] = list[T]\nprint(f\'{"a" + "b"}\')\n')
    assert seen(scan_folder(tree)) == SALES


def test_tools_folders_and_virtual_environments_are_left_out(tree: Path) -> None:
    for folder in (".venv", "node_modules", "env/lib", "__pycache__"):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "x.py").write_text(OLD_DAG)
    (tree / "env/pyvenv.cfg").write_text("home = /usr\n")
    assert scan_folder(tree).coverage.files == {"dags/sales.py"}


def test_a_notebook_is_read_by_its_cells(tree: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# hello\n", "text"], "metadata": {}},
        {
            "cell_type": "code",
            "source": OLD_DAG,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        },
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tree / "dags/sales.py").unlink()
    (tree / "x.ipynb").write_text(json.dumps(notebook))
    found = scan_folder(tree).observations
    assert {(one.path, one.cell, one.line) for one in found} == {("x.ipynb", 2, 3)}
    assert all(one.content.startswith("with DAG(") for one in found)


HOSTILE = {
    "deep.py": b"x = a" + b".b" * 200_000,
    "minus.py": b"x = " + b"-" * 200_000 + b"1",
    "not-utf8.py": b'x = "\xff"',
    "nul.py": b"x = 1\x00",
    "huge.py": b"#" * (LARGEST_FILE + 1),
    "empty.ipynb": b"",
    "@file.py": b"def broken(:",
    "-x.py": b"def broken(:",
    "new\nline.py": b"x = 1",
}


def test_hostile_files_are_named_and_the_others_checked(tree: Path) -> None:
    for name, content in HOSTILE.items():
        (tree / name).write_bytes(content)
    os.mkfifo(tree / "pipe.py")
    (tree / "root").symlink_to("/")
    (tree / "loop").symlink_to(tree)
    (tree / "passwd.py").symlink_to("/etc/passwd")
    (tree / "folder.py").mkdir()
    result = scan_folder(tree)
    assert seen(result) >= SALES
    assert result.unscanned == sorted(HOSTILE)
    assert result.coverage.files == {"dags/sales.py", *HOSTILE}
    said = {found.path: found.message for found in result.observations if found.path in HOSTILE}
    assert "crashed" in said["deep.py"]
    stopped = {one.path for one in result.observations if one.rule == "check-stopped"}
    assert stopped == {"deep.py", "minus.py"}
    assert "UTF-8" in said["not-utf8.py"]
    assert "2 MB" in said["huge.py"]


def test_a_text_of_a_thousand_parts_is_read(tree: Path) -> None:
    parts = " + ".join(['"airflow db init "'] * 1500)
    (tree / "long.py").write_text(f"import os\nimport airflow\nos.system({parts})\n")
    result = scan_folder(tree)
    assert result.unscanned == []
    assert "AF3-CLI" in {one.rule for one in result.observations if one.path == "long.py"}


def test_a_name_that_is_no_text_does_no_harm(tree: Path) -> None:
    (tree / os.fsdecode(b"bad\xff.py")).write_text(OLD_DAG)
    result = scan_folder(tree)
    stream = io.BytesIO()
    write_report(result, stream)
    assert result.unscanned == ["bad?.py"]


def test_an_empty_folder_is_a_clean_scan_of_nothing(tmp_path: Path) -> None:
    result = scan_folder(tmp_path)
    assert (result.observations, result.coverage.files) == ([], frozenset())


@pytest.mark.parametrize("path", ["/nowhere/at/all", __file__])
def test_what_is_no_folder_is_said(path: str) -> None:
    with pytest.raises(ScanFailed):
        scan_folder(path)


def test_a_target_that_is_no_version_is_said(tree: Path) -> None:
    with pytest.raises(ScanFailed, match="'soon' is not an Airflow version"):
        scan_folder(tree, target="soon")


def _program(folder: Path, body: str) -> str:
    """A stand-in for ruff that knows its version and rules, and misbehaves when asked to check."""
    program = folder / "ruff-stand-in"
    program.write_text(
        f"#!{sys.executable}\nimport sys, time, os\n"
        "if sys.argv[1] == '--version': print('ruff 9.9.9'); sys.exit()\n"
        'if sys.argv[1] == \'rule\': print(\'[{"code": "AIR301"}, {"code": null}]\'); sys.exit()\n'
        f"{body}\n"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("time.sleep(30)", "did not finish within 1 seconds"),
        ("print('oops', file=sys.stderr); sys.exit(2)", "ruff failed: oops"),
        ("print('[{')", "could not be read"),
        ("print('[5]')", "could not be read"),
    ],
)
def test_a_ruff_that_fails_is_never_a_clean_scan(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, body: str, said: str
) -> None:
    program = _program(tmp_path_factory.mktemp("bin"), body)
    with pytest.raises(ScanFailed, match=said):
        scan_tree(tree, ruff=program, seconds=1)


def test_a_scan_that_fails_leaves_no_ruff_running(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    begun = folder / "begun"
    program = _program(folder, f"open({str(begun)!r}, 'w').write(str(os.getpid())); time.sleep(60)")

    def stops(done: int, total: int) -> None:
        while not begun.exists() or not begun.read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt

    (tree / "large.cfg").write_bytes(b" " * (LARGEST_FILE + 1))  # told of before anything is read
    with pytest.raises(KeyboardInterrupt):
        scan_tree(tree, ruff=program, progress=stops)
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


def test_a_missing_ruff_is_said(tree: Path) -> None:
    with pytest.raises(ScanFailed, match="could not be started"):
        scan_tree(tree, ruff="/nowhere/ruff")


def test_a_check_of_the_whole_tree_that_stops_hides_nothing(tree: Path) -> None:
    """No release 9.9 is known, which the check of pins does not expect."""
    (tree / "requirements.txt").write_text("apache-airflow==2.9.3\n")
    result = scan_folder(tree, target="9.9")
    assert seen(result) >= SALES
    assert "AF3-AIRFLOW-PIN" not in (result.coverage.rules or ())
    assert "AF3-PROVIDER-FLOOR" in (result.coverage.rules or ())
    assert result.coverage.status == "partial"
    said = [one.detail for one in result.gaps if one.path == "."]
    assert any("in its check AF3-AIRFLOW-PIN (KeyError in airflow_pin.py" in one for one in said)
