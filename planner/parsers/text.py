"""The bytes of a report as UTF-8: compression undone, byte order marks taken off, places counted."""

from __future__ import annotations

import gzip
import io
import re
import zlib

from planner.domain.report import ReportRejected

Bytes = bytes | bytearray | memoryview
"""What parsers read. An ``mmap`` is handed over as ``memoryview(mapped)``."""

UNPACKED_LIMIT = 512 * 1024 * 1024
"""A gzip report may not grow beyond this; a hostile one of 500 KB could otherwise fill the machine."""

_CHUNK = 1024 * 1024


def is_gzip(buffer: Bytes) -> bool:
    """Whether the bytes are gzip, whatever the file is called."""
    return bytes(buffer[:3]) == b"\x1f\x8b\x08"


def gunzip(buffer: Bytes, *, limit: int = UNPACKED_LIMIT) -> bytearray:
    """The unpacked bytes. Raises ReportRejected on damaged data and on bombs."""
    unpacked = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(buffer)) as packed:
            while chunk := packed.read(_CHUNK):
                unpacked += chunk
                if len(unpacked) > limit:
                    raise ReportRejected(
                        f"The report unpacks to more than {limit // (1024 * 1024)} MB; "
                        "split it by folder and send each part as a source of its own."
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise ReportRejected(f"The gzip data is damaged ({error}); send the file again.") from error
    return unpacked


def as_utf8(buffer: Bytes) -> memoryview:
    """The buffer without its byte order mark; UTF-16 (PowerShell's ``>``) becomes UTF-8."""
    head = bytes(buffer[:4])
    if head.startswith(b"\xef\xbb\xbf"):
        return memoryview(buffer)[3:]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return memoryview(bytes(buffer).decode("utf-16").encode())
        except UnicodeError as error:
            raise ReportRejected(
                "The file starts like UTF-16 text but is not; save the report as UTF-8."
            ) from error
    return memoryview(buffer)


def place_of(buffer: memoryview, offset: int) -> tuple[int, int]:
    """The 1-based line and column of a byte offset."""
    line, start = 1, 0
    for newline in re.finditer(rb"\n", buffer[:offset]):
        line, start = line + 1, newline.end()
    column = len(bytes(buffer[start:offset]).decode("utf-8", "replace")) + 1
    return line, column
