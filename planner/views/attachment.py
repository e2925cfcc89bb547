"""Text that is kept as a file, and never shown or run by a browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from planner.rendering.csv_text import csv_file


def as_file(
    content: bytes, name: str, *, content_type: str = "text/plain; charset=utf-8"
) -> HttpResponse:
    """The bytes as a download of that name."""
    response = HttpResponse(content, content_type=content_type)
    shown = "".join(char if char.isprintable() else "_" for char in name)
    response["Content-Disposition"] = content_disposition_header(True, shown) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def as_csv(
    columns: Sequence[str], rows: Iterable[Sequence[object]], name: str
) -> StreamingHttpResponse:
    """The rows as a download of that name, written while they are read."""
    response = StreamingHttpResponse(
        csv_file(columns, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
