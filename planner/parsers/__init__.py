"""Reports as tools write them → ``Report``. Pure: bytes in, no files, no network, no clock."""

from __future__ import annotations

from collections.abc import Callable
from mmap import mmap

from planner.domain.report import Format, Report, ReportRejected
from planner.parsers import ruff
from planner.parsers.detect import Look, Shape, look_at
from planner.parsers.text import as_utf8, gunzip, is_gzip

__all__ = ["open_report", "is_gzip"]


def open_report(
    buffer: bytes | bytearray | memoryview | mmap, *, format: Format | None, tool_version: str = ""
) -> Report:
    """The report in ``buffer`` (gzip or plain), whose ``observations`` can be read once.

    ``format`` None means: tell from the content. The buffer must stay open until the observations are
    read, since they are decoded from it one by one. ``report.problems``, ``report.received`` and
    ``report.metadata`` are complete only then. Raises ReportRejected with one sentence and its remedy.
    """
    view = memoryview(buffer)
    text = as_utf8(memoryview(gunzip(view)) if is_gzip(view) else view)
    look = look_at(text)
    return _READERS[_agreed_format(look, format)](text, look, tool_version)


def _agreed_format(look: Look, named: Format | None) -> Format:
    """The format told from the content, which the named one must not contradict."""
    if look.format is None:
        if named is None:
            raise ReportRejected(
                "An empty list fits several formats; name the one it is with --format, "
                "so that it is known what was checked."
            )
        return named
    if named is not None and named is not look.format:
        raise ReportRejected(
            f"The report was announced as {named.value}, but it is {look.format.value}; "
            f"name it {look.format.value} or leave the format out."
        )
    return look.format


Reader = Callable[[memoryview, Look, str], Report]


def _ruff(text: memoryview, look: Look, tool_version: str) -> Report:
    return ruff.parse(text, look.items, tool_version=tool_version)


_READERS: dict[Format, Reader] = {Format.RUFF: _ruff}
