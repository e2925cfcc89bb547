"""What one real Airflow makes of small DAG files: run with the Python of that Airflow, never with ours.

    AIRFLOW_HOME=… path/to/airflow/bin/python tests/bench/airflow_probe.py FOLDER

Imports every file in a process of its own and prints ``{name: {"error", "warnings", "dags"}}``, with those attributes
of each DAG whose defaults differ between releases.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import re
import sys
import warnings
from pathlib import Path

from airflow import DAG

importlib.import_module("airflow.models")  # once, for all files


def main() -> None:
    folder = Path(sys.argv[1])
    answers = {}
    for file in sorted(folder.glob("*.py")):
        reader, writer = os.pipe()
        if os.fork() == 0:
            answer = json.dumps(_import(file)).encode()
            os.write(writer, answer[:60_000])
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            answers[file.stem] = json.loads(stream.read() or b'{"error": "The process ended"}')
        os.wait()
    print(json.dumps(answers))


def _import(file: Path) -> dict[str, object]:
    error = ""
    module = None
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("always")
        try:
            spec = importlib.util.spec_from_file_location(file.stem, file)
            module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        except BaseException as raised:
            error = f"{type(raised).__name__}: {raised}"
    said = [
        f"{one.category.__name__}: {one.message}"
        for one in caught
        if _is_about(one, file.read_text())
    ]
    dags = [one for one in gc.get_objects() if issubclass(type(one), DAG)] if module else []
    return {
        "error": error[:400],
        "warnings": said[:3],
        "dags": sorted(map(_meaning, dags), key=str),
    }


def _is_about(warning: warnings.WarningMessage, source: str) -> bool:
    """Whether it says that something will go or is gone, and that this is in the file: Airflow warns of itself too."""
    category, message = warning.category.__name__, str(warning.message)
    if category.startswith("SA") or not re.search("eprecat|[Rr]emoved", category + message):
        return False
    named = re.search(r"[`']((?:\w+\.)+)(\w+)[`']", message)
    return named is None or named[2] in source


def _meaning(dag: DAG) -> dict[str, object]:
    return {
        "dag_id": dag.dag_id,
        "catchup": dag.catchup,
        "timetable": type(dag.timetable).__name__,
        "tasks": len(dag.tasks),
    }


main()
