"""Rows as the text of a CSV that spreadsheets open as UTF-8 and never run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from planner.domain.csv_cells import guard

BYTE_ORDER_MARK = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A file that spreadsheets open as it is meant."""
    yield BYTE_ORDER_MARK
    yield from csv_lines(columns, rows)


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The header and every row as CSV text, one at a time; no cell can run as a formula."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
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
