"""A request's body on disk, unpacked where it is gzip, and never larger than allowed."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError

_CHUNK = 1 << 18


@contextmanager
def received_body(request: HttpRequest) -> Iterator[tuple[IO[bytes], str]]:
    """The body as a file at its start, and its SHA-256."""
    limit = settings.MAX_REPORT_BYTES
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise HttpError(415, f"Content-Encoding {encoding} is not known here; use gzip or none.")
    if int(request.headers.get("Content-Length") or 0) > limit:
        raise HttpError(413, _too_large(limit))
    stream = cast(IO[bytes], request)
    source = gzip.GzipFile(fileobj=stream) if encoding == "gzip" else stream
    with tempfile.TemporaryFile() as file:
        digest = _copy(source, file, limit)
        file.seek(0)
        yield file, digest


def _copy(source: IO[bytes] | gzip.GzipFile, file: IO[bytes], limit: int) -> str:
    digest, size = hashlib.sha256(), 0
    try:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise HttpError(413, _too_large(limit))
            digest.update(chunk)
            file.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise HttpError(400, "The body is not valid gzip, as Content-Encoding says.") from None
    return digest.hexdigest()


def _too_large(limit: int) -> str:
    return f"The report is larger than {limit // 2**20} MB unpacked."
