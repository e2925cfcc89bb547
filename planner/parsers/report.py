"""Any report that a tool writes → ``Report``: tells the format and hands over to the module that reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from mmap import mmap

from planner.domain.report import Excerpt, Format, Problem, Report, ReportRejected
from planner.parsers import (
    airflow_config_lint,
    airflow_dags,
    airflow_import_errors,
    ruff,
    sarif,
    upgradecheck,
)
from planner.parsers.detect import Look, Shape, look_at
from planner.parsers.excerpt import excerpt_at, excerpts_of
from planner.parsers.nul import SPELLED, without_nul
from planner.parsers.text import as_utf8, gunzip, is_gzip

_FITS_NO_ROWS = (Format.AIRFLOW_IMPORT_ERRORS, Format.AIRFLOW_DAGS)
"""Formats that "No data found" may be."""

_FITS_EMPTY_LIST = (Format.RUFF, Format.UPGRADECHECK, *_FITS_NO_ROWS)
"""Formats that ``[]`` may be."""


Buffer = bytes | bytearray | memoryview | mmap


def open_report(buffer: Buffer, *, format: Format | None, tool_version: str = "") -> Report:
    """The report in ``buffer`` (gzip or plain), whose ``observations`` can be read once.

    ``format`` None means: tell from the content. The buffer must stay open until the observations are
    read, since they are decoded from it one by one. ``report.problems``, ``report.received`` and
    ``report.metadata`` are complete only then. Raises ReportRejected with one sentence and its remedy.
    """
    text = _text_of(buffer)
    look = look_at(text)
    report = _read(text, look, _agreed_format(look, format), tool_version)
    return without_nul(report) if re.search(re.escape(SPELLED), text) else report


def report_excerpts(buffer: Buffer, problems: Sequence[Problem]) -> dict[int, Excerpt]:
    """The lines around the first items that cannot be read, by the items' index."""
    text = _text_of(buffer)
    return excerpts_of(text, look_at(text), problems)


def report_excerpt(buffer: Buffer, rejection: ReportRejected) -> Excerpt | None:
    """The lines around the place where a report that was rejected stops making sense, if it is one."""
    return None if rejection.offset is None else excerpt_at(_text_of(buffer), rejection.offset)


def _text_of(buffer: Buffer) -> memoryview:
    view = memoryview(buffer)
    return as_utf8(memoryview(gunzip(view)) if is_gzip(view) else view)


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
