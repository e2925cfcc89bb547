"""JavaScript, TypeScript and other programs that may call Airflow over HTTP: read as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.material import Text
from planner.scanner.readers import Reader


def _read(text: Text) -> Iterator[Text]:
    if "/api/" in text.source:
        yield text


READER = Reader(
    kind="web",
    patterns=(
        "*.js",
        "*.jsx",
        "*.mjs",
        "*.ts",
        "*.tsx",
        "*.go",
        "*.java",
        "*.rb",
        "*.ps1",
        "*.http",
    ),
    read=_read,
)
