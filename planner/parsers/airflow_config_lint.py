"""The text that ``airflow config lint`` prints (from 2.11 on); it has no machine format."""

from __future__ import annotations

import re

from planner.domain.report import Coverage, Format, Observation, Problem, Report

RULE = "airflow-config"
PATH = "airflow.cfg"

_FOUND = "Found issues in your airflow.cfg"
_CLEAN = "No issues found in your airflow.cfg"
_END = "Please update your configuration file accordingly"
_ITEM = re.compile(r"\s{0,4}- ")
_LOG = re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_STRUCTURED_LOG = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z \[", re.MULTILINE)
_BRACKETED_LOG = re.compile(r"^\[\d{4}-\d\d-\d\dT[\d:.]+[+-]\d{4}\] \{", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

_OPTION = re.compile(r"`([^`]+)` (?:configuration parameter|in `)")
_SECTION = re.compile(r"(?:from|in)(?: the)? `([^`]+)` section|`[^`]+` in `([^`]+)`")


def parse(buffer: memoryview, *, tool_version: str) -> Report:
    """One observation per option that the linter names."""
    text = _COLOUR.sub("", bytes(buffer).decode("utf-8", "replace"))
    sentences = _sentences(text)
    report = Report(
        format=Format.AIRFLOW_CONFIG_LINT,
        coverage=Coverage(
            checker="config-lint",
            tool_version=tool_version,
            flags=_flags(text, tool_version),
            files=frozenset({PATH}),
        ),
        observations=[_observation(sentence) for sentence in sentences],
        received=len(sentences),
    )
    if _CLEAN not in text and not sentences:
        why = "ends before its first entry; send the linter's whole output."
        report.problems.append(Problem(None, "", why))
    return report


def _flags(text: str, tool_version: str) -> tuple[str, ...]:
    """Which major printed it, by its version or by the shape of its log lines, where there are any."""
    if major := re.match(r"v?([23])(?:\.|$)", tool_version):
        return (f"airflow-{major.group(1)}",)
    if _STRUCTURED_LOG.search(text):
        return ("airflow-3",)
    return ("airflow-2",) if _BRACKETED_LOG.search(text) else ()


def _sentences(text: str) -> list[str]:
    """The list entries, each on one line again: the terminal wrapped them."""
    _, found, rest = text.partition(_FOUND)
    body, _, _ = rest.partition(_END)
    sentences: list[list[str]] = []
    for line in body.splitlines()[1:] if found else ():
        if _LOG.match(line):
            continue
        if _ITEM.match(line):
            sentences.append([line.partition("- ")[2].strip()])
        elif line.strip() and sentences:
            sentences[-1].append(line.strip())
    return [" ".join(parts) for parts in sentences if any(parts)]


def _observation(sentence: str) -> Observation:
    option, section = _OPTION.search(sentence), _SECTION.search(sentence)
    name = option.group(1) if option else ""
    place = (section.group(1) or section.group(2)) if section else ""
    return Observation(
        rule=RULE, path=PATH, message=sentence, symbol=".".join(filter(None, (place, name)))[:300]
    )
