"""Writes findings as the CSV that can be changed in a spreadsheet and read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from planner.domain.csv_cells import guard

COLUMNS = (
    "id",
    "source",
    "rule",
    "severity",
    "path",
    "line",
    "dag_ids",
    "dag_count",
    "owner",
    "owner_because",
    "due",
    "state",
    "waived_until",
    "waived_because",
    "note",
    "message",
)
BYTE_ORDER_MARK = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The header and every row as CSV text, one at a time; no cell can run as a formula."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else guard(str(value))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text
