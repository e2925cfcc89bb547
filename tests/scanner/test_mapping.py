"""The map of DAGs is kept: whatever has not changed is neither parsed nor followed again."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.scanner.cache import Cache
from planner.scanner.scan import scan_tree

PARSED: list[str] = []
"""Sources that Python parses while a test listens; nobody can stop listening, but anybody can look away."""


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event == "compile" and arguments and isinstance(arguments[0], str | bytes):
        source = arguments[0]
        PARSED.append(source if isinstance(source, str) else source.decode())


sys.addaudithook(_listen)


@pytest.fixture
def parsed() -> Iterator[list[str]]:
    ast.parse("heard = True")
    assert PARSED[-1] == "heard = True"
    yield PARSED
    PARSED.clear()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "dags").mkdir(parents=True)
    _write(folder, "dags/a.py", "from airflow import DAG\nfrom names import A\nd = DAG(A)\n")
    _write(folder, "dags/names.py", "from more import A\n")
    _write(folder, "dags/more.py", "A = 'one'\n")
    return folder


def _write(folder: Path, path: str, text: str) -> None:
    (folder / path).write_text(text)


def _ids(tree: Path, folder: Path) -> list[str]:
    with Cache(folder) as cache:
        return [dag.dag_id for dag in scan_tree(tree, cache=cache).dags]


def _sources(tree: Path) -> set[str]:
    return {file.read_text() for file in tree.rglob("*.py")}


def test_an_unchanged_tree_is_not_parsed_again(
    tree: Path, tmp_path: Path, parsed: list[str]
) -> None:
    assert _ids(tree, tmp_path / "cache") == ["one"]
    assert _sources(tree) <= set(parsed)
    parsed.clear()
    assert _ids(tree, tmp_path / "cache") == ["one"]
    assert _sources(tree).isdisjoint(parsed)


def test_only_the_file_that_changed_is_parsed_again(
    tree: Path, tmp_path: Path, parsed: list[str]
) -> None:
    _ids(tree, tmp_path / "cache")
    parsed.clear()
    _write(tree, "dags/more.py", "A = 'two'\n")
    assert _ids(tree, tmp_path / "cache") == ["two"]
    assert _sources(tree).intersection(parsed) == {"A = 'two'\n"}


def test_a_new_file_may_change_which_module_an_import_means(tree: Path, tmp_path: Path) -> None:
    _ids(tree, tmp_path / "cache")
    (tree / "plugins").mkdir()
    (tree / "dags/more.py").rename(tree / "plugins/more.py")
    assert _ids(tree, tmp_path / "cache") == ["one"]
    _write(tree, "dags/more.py", "A = 'nearer'\n")
    assert _ids(tree, tmp_path / "cache") == ["nearer"]


def test_the_place_of_the_tree_counts_too(tree: Path, tmp_path: Path) -> None:
    _write(tree, "dags/a.py", "from airflow import DAG\nfrom tree.names import A\nd = DAG(A)\n")
    _write(tree, "names.py", "A = 'here'\n")
    assert _ids(tree, tmp_path / "cache") == ["here"]
    assert _ids(tree.rename(tmp_path / "other"), tmp_path / "cache") == ["dags/a.py:3"]
