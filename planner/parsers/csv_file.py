"""CSV files as people's spreadsheets write them: their text, their delimiter, their lines by number."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from planner.domain.csv_cells import unguard


class CsvRejected(ValueError):
    """The bytes are not such a CSV. The message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class CsvProblem:
    """A line that cannot be followed, and why."""

    line: int
    sentence: str


class CsvFile:
    """A file's header and lines, its cells as they were meant.

    Raises:
        CsvRejected: it is not UTF-8, or its header cannot be read.
    """

    def __init__(self, content: bytes, known: Collection[str]) -> None:
        text = _text(content)
        lines = io.StringIO(text, newline="")
        self._reader = csv.reader(lines, delimiter=_delimiter(text), strict=True)
        try:
            header = next(self._reader, [])
        except csv.Error as error:
            raise CsvRejected(f"The header cannot be read: {error}.") from error
        names = [unguard(cell).strip().lower() for cell in header]
        self._columns = {name: at for at, name in enumerate(names) if name in known}

    @property
    def columns(self) -> Collection[str]:
        """The known columns that it has."""
        return self._columns.keys()

    def lines(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Every line that is not empty, by column, with the number of its first line in the file.

        Raises:
            CsvRejected: a line cannot be read.
        """
        for line, cells in self._cells():
            yield (
                line,
                {
                    name: unguard(cells[at]) if at < len(cells) else ""
                    for name, at in self._columns.items()
                },
            )

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        begins = self._reader.line_num + 1
        while True:
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                raise CsvRejected(f"Line {begins} cannot be read: {error}.") from error
            if cells is None:
                return
            if cells:
                yield begins, cells
            begins = self._reader.line_num + 1


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError as error:
        raise CsvRejected(
            f"The file is not UTF-8 (byte {error.start}). Save it as “CSV UTF-8”."
        ) from error


def _delimiter(text: str) -> str:
    """Comma, semicolon or tab, whichever the header uses; spreadsheets differ by country."""
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)
