"""Text that is kept as a file, and never shown or run by a browser."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def as_file(
    content: bytes, name: str, *, content_type: str = "text/plain; charset=utf-8"
) -> HttpResponse:
    """The bytes as a download of that name."""
    response = HttpResponse(content, content_type=content_type)
    shown = "".join(char if char.isprintable() else "_" for char in name)
    response["Content-Disposition"] = content_disposition_header(True, shown) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response
