"""Reports as tools write them → ``Report``. Pure: bytes in, no files, no network, no clock."""

from __future__ import annotations

from mmap import mmap

from planner.domain.report import Format, Report, ReportRejected
from planner.parsers import (
    airflow_config_lint,
    airflow_dags,
    airflow_import_errors,
    ruff,
    sarif,
    upgradecheck,
)
from planner.parsers.detect import Look, Shape, look_at
from planner.parsers.text import as_utf8, gunzip, is_gzip

__all__ = ["is_gzip", "open_report"]


_FITS_NO_ROWS = (Format.AIRFLOW_IMPORT_ERRORS, Format.AIRFLOW_DAGS)
"""Formats that "No data found" may be."""

_FITS_EMPTY_LIST = (Format.RUFF, Format.UPGRADECHECK, *_FITS_NO_ROWS)
"""Formats that ``[]`` may be."""


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
    return _read(text, look, _agreed_format(look, format), tool_version)


def _agreed_format(look: Look, named: Format | None) -> Format:
    """The format told from the content, which the named one must not contradict."""
    if look.format is not None:
        if named in (None, look.format):
            return look.format
        raise ReportRejected(
            f"The report was announced as {named}, but it is {look.format}; "
            f"name it {look.format} or leave the format out."
        )
    fitting = _FITS_NO_ROWS if look.shape is Shape.TEXT else _FITS_EMPTY_LIST
    if named is not None and named in fitting:
        return named
    raise ReportRejected(
        "The report holds no findings and does not say what was checked; name its format: "
        f"--format {' or '.join(fitting)}."
    )


def _read(text: memoryview, look: Look, format: Format, tool_version: str) -> Report:
    match format:
        case Format.RUFF:
            return ruff.parse(text, look.items, tool_version=tool_version)
        case Format.SARIF:
            return sarif.parse(text, look.members, tool_version=tool_version)
        case Format.UPGRADECHECK if look.shape is Shape.OBJECT:
            return upgradecheck.parse_report_object(text, look.members, tool_version=tool_version)
        case Format.UPGRADECHECK:
            return upgradecheck.parse(look.items, tool_version=tool_version)
        case Format.AIRFLOW_DAGS:
            return airflow_dags.parse(look.items, tool_version=tool_version)
        case Format.AIRFLOW_IMPORT_ERRORS:
            return airflow_import_errors.parse(look.items, tool_version=tool_version)
        case Format.AIRFLOW_CONFIG_LINT:
            return airflow_config_lint.parse(text, tool_version=tool_version)
