"""Terraform, Jenkins pipelines and the like: texts of no parser here, read by patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from planner.scanner.around.command_lines import material_in_shell
from planner.scanner.around.environment import SECTIONS, known, setting_of, settings_anywhere
from planner.scanner.around.packages import pins_of_image
from planner.scanner.around.shell import Snippet, snippet_of, within
from planner.scanner.material import Setting, Text

_OVERRIDE = re.compile(
    r"^[ \t]*[\"']?([a-z][a-z_]{1,40})[.-]([a-z][a-z0-9_]{2,80})[\"']?[ \t]*[=:][ \t]*([^\n]{1,2000})$",
    re.MULTILINE,
)
_OVERRIDES = re.compile(r"airflow_config(?:uration_option|_override)s", re.IGNORECASE)
_NAMED = re.compile(
    r"name[ \t]*[=:][ \t]*[\"'](?P<name>AIRFLOW__\w{1,120})[\"']\s{0,80},?\s{0,80}"
    r"value[ \t]*[=:][ \t]*(?P<value>[^\n]{0,2000})"
)
_COMMAND = re.compile(
    r"^[ \t]*(?:sh|bat|bash)?[ \t(]*[\"']{0,3}(?=airflow [a-z])|[\"'](?=airflow [a-z])",
    re.MULTILINE,
)
_IMAGE = re.compile(r"\b(?:image|docker_image)[ \t]*[=:]?[ \t]*[\"']([^\"'\n]{3,300})[\"']")


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    yield text
    if "airflow" not in text.source.lower():
        return
    snippet = snippet_of(text)
    yield from settings_anywhere(snippet)
    for match in _NAMED.finditer(text.source):
        yield _setting(match["name"], match["value"], snippet, match.start("name"))
    if _OVERRIDES.search(text.source):
        yield from _overrides(snippet)
    for match in _COMMAND.finditer(text.source):
        end = text.source.find("\n", match.end())
        line = text.source[match.end() : end if end >= 0 else None].rstrip("\"'); \r")
        yield from material_in_shell(within(snippet, line, match.end()))
    for match in _IMAGE.finditer(text.source):
        yield from pins_of_image(match[1], text.place(match.start(1)))


def _setting(name: str, value: str, snippet: Snippet, offset: int) -> Setting:
    _, section, option = name.split("__", 2)
    return setting_of(section, option, _value(value), snippet.place(offset), "environment")


def _overrides(snippet: Snippet) -> Iterator[Setting]:
    for match in _OVERRIDE.finditer(snippet.text):
        if match[1] in SECTIONS:
            place = snippet.place(match.start(1))
            yield setting_of(match[1], match[2], _value(match[3]), place, "helm")


def _value(written: str) -> str | None:
    """A literal; None for what is computed."""
    written = written.strip().rstrip(",")
    literal = re.fullmatch(r"\"([^\"]*)\"|'([^']*)'|(true|false|[\d.]+)", written)
    if literal is None:
        return None
    value = next(part for part in literal.groups() if part is not None)
    return known(value.capitalize() if value in ("true", "false") else value)
