"""Small trees of DAG code as the map sees them, for its tests."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec

from planner.domain.report import DagEntry
from planner.scanner.code.python_file import TOO_DEEP, PythonFile
from planner.scanner.dag_map import (
    DagCode,
    dag_code_of,
    dag_map,
    imports_in,
    imports_of,
    outline_in,
)
from planner.scanner.dags import DagMap


def map_of(files: Mapping[str, str], *above: str) -> DagMap:
    """The map of a tree given as texts; ``above`` names the folders that it lies in."""
    contents = {path: text.encode() for path, text in files.items()}
    codes: dict[str, DagCode] = {}
    imports: dict[str, list[str]] = {}
    for path, content in contents.items():
        imports[path] = imports_in(content)
        if b"airflow" in content:
            with contextlib.suppress(*TOO_DEEP):
                file = PythonFile(path, content.decode())
                imports[path] = imports_of(file)
                code = dag_code_of(file)
                if code is not None:
                    codes[path] = msgspec.msgpack.decode(msgspec.msgpack.encode(code), type=DagCode)
    outline = lambda path: outline_in(path, contents[path])  # noqa: E731
    return dag_map(codes, imports, outline=outline, above=above)


def dags_in(source: str, path: str = "dags/sales.py") -> list[DagEntry]:
    """The DAGs of one file."""
    return map_of({path: source}).dags


def ids(files: Mapping[str, str], *above: str) -> list[str]:
    """The resolved ids of a tree, SubDAGs included, in order."""
    return sorted(dag.dag_id for dag in map_of(files, *above).dags if dag.resolved)
