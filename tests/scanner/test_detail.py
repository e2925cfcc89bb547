"""The text by which a finding's line is known."""

from __future__ import annotations

import json

import pytest

from planner.scanner.detail import Source

PYTHON = """\
@dag(
    schedule=None,
)
def sales():
    @task
    @setup
    async def load():
        total = sum(
            rows)
    with DAG(
"""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (1, "@dag( def sales():"),
        (2, "schedule=None,"),
        (5, "@task async def load():"),
        (8, "total = sum( rows)"),
        (10, "with DAG( "),
        (99, ""),
    ],
)
def test_a_line_that_says_nothing_alone_is_known_by_what_follows(line: int, text: str) -> None:
    assert Source("a.py", PYTHON).telling(line) == text.strip()


def test_a_decorator_of_nothing_stands_alone() -> None:
    assert Source("a.py", "@task\n" + "x = 1\n" * 60 + "def far(): ...\n").telling(1) == "@task"
    assert Source("a.py", "@task").telling(1) == "@task"


def test_a_cell_of_a_notebook_does_not_reach_into_the_next() -> None:
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        for source in (["@task\n"], ["def load():\n", "    pass\n"])
    ]
    notebook = Source("a.ipynb", json.dumps({"cells": cells, "nbformat": 4, "metadata": {}}))
    assert notebook.telling(1, 1) == "@task"
    assert notebook.telling(1, 2) == "def load():"
