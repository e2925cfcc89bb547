"""What docs/interchange.md shows is what the parser reads."""

from __future__ import annotations

import re
from pathlib import Path

from planner.domain.report import Format
from planner.parsers import upgradecheck
from tests.parsers.reading import read

DOCS = (Path(__file__).parents[2] / "docs/interchange.md").read_text()


def test_its_examples_are_read_whole() -> None:
    examples = re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)
    reports = [read(example.encode())[0] for example in examples]
    assert [report.received for report in reports] == [1, 1]
    assert not any(report.problems for report in reports)
    assert reports[1].coverage.files == {"dags/daily_sales.py", "dags/broken.py"}


def test_it_names_every_key_and_format() -> None:
    named = set(re.findall(r"`([\w-]+)`", DOCS))
    assert set(upgradecheck.KEYS) <= named
    assert {format.value for format in Format} <= named
