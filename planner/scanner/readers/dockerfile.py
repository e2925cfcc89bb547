"""Dockerfiles: what an image is built from, sets, installs and starts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from planner.scanner.around.command_lines import material_in_shell
from planner.scanner.around.containers import started_with
from planner.scanner.around.environment import setting_of_variable
from planner.scanner.around.packages import pins_of_image
from planner.scanner.around.shell import Snippet, commands_in, snippet_of, within
from planner.scanner.material import Text

_INSTRUCTION = re.compile(r"[ \t]*([A-Za-z]{2,12})[ \t]+")
_FROM = re.compile(r"(?:--platform=\S+[ \t]+)?(\S+)")
_ARGUMENT = re.compile(r"([A-Za-z_]\w{0,100})=[\"']?([^\"'\s]{1,300})")
_WORD = re.compile(r'"((?:[^"\\]|\\.){0,4000})"')
_FLAGS = re.compile(r"(?:--\w+=\S+[ \t]+)*")
_NO_COMMAND = re.compile(r"^[ \t]*#[^\n]*$", re.MULTILINE)


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    yield text
    snippet = snippet_of(text)
    is_airflow = False
    arguments: dict[str, str] = {}
    started: list[list[Snippet]] = []
    for name, offset, body in _instructions(_without_comments(text.source)):
        inner = within(snippet, body, offset)
        match name:
            case "ARG":
                if given := _ARGUMENT.match(body):
                    arguments[given[1]] = given[2]
            case "FROM":
                is_airflow = "airflow" in body.lower()
                yield from _base(inner, arguments)
            case "ENV":
                yield from _variables(inner)
            case "RUN":
                yield from material_in_shell(_script(inner))
            case "ENTRYPOINT" | "CMD":
                started = [*started[-1:], _words(inner)] if name == "CMD" else [_words(inner)]
    if started:
        yield from started_with(started, is_airflow=is_airflow)


def _without_comments(source: str) -> str:
    """Comment lines blanked out: they may stand within a continued instruction."""
    return _NO_COMMAND.sub(lambda match: " " * (len(match[0]) - 1) + "\\", source)


def _instructions(source: str) -> Iterator[tuple[str, int, str]]:
    """Name, offset of the rest, and the rest, of every instruction with its continued lines."""
    at = 0
    while at < len(source):
        end = at
        while True:
            line_end = source.find("\n", end)
            line_end = len(source) if line_end < 0 else line_end
            continued = source[end:line_end].rstrip().endswith("\\") and line_end < len(source)
            end = line_end + 1
            if not continued:
                break
        lead = at
        while lead < line_end and source[lead] in "\\ \t\r\n":
            lead += 1
        if head := _INSTRUCTION.match(source, lead):
            yield head[1].upper(), head.end(), source[head.end() : line_end]
        at = end


def _base(body: Snippet, arguments: dict[str, str]) -> Iterator[Any]:
    if image := _FROM.match(body.text):
        name = re.sub(
            r"\$\{?(\w{1,100})(?::-[^}]{0,200})?\}?",
            lambda used: arguments.get(used[1], used[0]),
            image[1],
        )
        yield from pins_of_image(name, body.place(image.start(1)))


def _variables(body: Snippet) -> Iterator[Any]:
    words = next(commands_in(body.text), [])
    if words and "=" not in words[0].text:
        value = " ".join(word.text for word in words[1:])
        yield from setting_of_variable(words[0].text, value, body.place(words[0].offset))
        return
    for word in words:
        name, _, value = word.text.partition("=")
        yield from setting_of_variable(name, value, body.place(word.offset))


def _script(body: Snippet) -> Snippet:
    flags = _FLAGS.match(body.text)
    skip = flags.end() if flags else 0
    listed = _words(body)
    if len(listed) > 1:
        return listed[-1]
    return within(body, body.text[skip:], skip)


def _words(body: Snippet) -> list[Snippet]:
    """The words of the list form, or the text of the shell form."""
    if not body.text.lstrip().startswith("["):
        return [body]
    return [
        within(body, _unquoted(match[0]), match.start(1)) for match in _WORD.finditer(body.text)
    ] or [body]


def _unquoted(word: str) -> str:
    try:
        return str(json.loads(word))
    except ValueError:
        return word.strip('"')
