"""What is not looked at, because a file's bytes say that there is nothing to find, would have told nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.scanner.facts import facts_of
from planner.scanner.readers import reader_of
from tests.bench.prefilter import told
from tests.scanner.corpus import cases

LEGACY = Path(__file__).parent.parent / "reports/legacy/dags.json"


def labelled() -> Iterator[tuple[str, str, str]]:
    for case in cases():
        for path, text in case.files.items():
            yield str(case), path, text
    for name, snippet in json.loads(LEGACY.read_text()).items():
        yield f"legacy {name}", f"dags/{name}.py", snippet["source"]


FILES = list(labelled())


@pytest.mark.parametrize(
    ("path", "text"), [(path, text) for _, path, text in FILES], ids=[one[0] for one in FILES]
)
def test_the_filter_loses_nothing(path: str, text: str) -> None:
    reader = reader_of(path)
    if reader is not None:
        content = text.encode()
        everything = facts_of(path, content, reader, look_everywhere=True)
        assert told(facts_of(path, content, reader)) == told(everything)


def test_the_filter_passes_over_what_has_nothing_to_do_with_airflow() -> None:
    reader = reader_of("a.py")
    assert reader is not None
    assert facts_of("a.py", b"def broken(:\n", reader).flaw == ""
    assert facts_of("a.py", b"def broken(:\n", reader, look_everywhere=True).flaw


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        pytest.param(
            "dags/a.py",
            "from airflow.decorators import dag\n\n@dag(schedule_interval=None)\ndef a(): ...\n",
            "AF3-ILLEGAL-ARGUMENTS",
            id="a DAG that only a decorator names",
        ),
        pytest.param(
            "dags/a.py",
            '"""Run with:\nimport pytest\n"""\nfrom airflow.decorators import task\n\n'
            '@task\ndef a(**context):\n    return context["next_ds"]\n',
            "AF3-CTX-KEY",
            id="an import of pytest that is in a text",
        ),
        pytest.param(
            "dags/a.py",
            "from airflow.decorators import task\nfrom airflow import models as m\n\n"
            "@task\ndef a():\n    return m.DagRun.find()\n",
            "AF3-DB-ORM",
            id="tables under another name",
        ),
    ],
)
def test_the_filter_lets_through(path: str, text: str, rule: str) -> None:
    reader = reader_of(path)
    assert reader is not None
    assert rule in {hit.rule for hit in facts_of(path, text.encode(), reader).hits}
