"""Words that a container is started with, as compose files, manifests and CI files write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from planner.scanner.around.command_lines import (
    AIRFLOW,
    DEEPEST,
    airflow_command,
    arguments_of_airflow,
    material_in_shell,
    material_in_words,
)
from planner.scanner.around.shell import Snippet, Word, commands_in
from planner.scanner.material import Place

_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z)?sh")
_TAKES_SCRIPT = re.compile(r"-[a-z]{0,4}c")


def started_with(parts: Sequence[Sequence[Snippet]], *, is_airflow: bool) -> Iterator[Any]:
    """What a container's entrypoint, command and arguments tell.

    Args:
        parts: each as one text (a list of one), or as the words of a list.
        is_airflow: its image is known to be Airflow's, whose entrypoint puts ``airflow`` before the words.
    """
    words: list[tuple[str, Place]] = []
    for part in parts:
        if len(part) == 1:
            words += _words_of_text(part[0])
        else:
            words += [(word.text, word.place(0)) for word in part]
    if not words:
        return
    texts = [text for text, _ in words]
    if PurePosixPath(texts[0]).name == AIRFLOW and len(texts) > 1:
        yield from airflow_command(texts, words[0][1])
    elif is_airflow and arguments_of_airflow(texts):
        yield from airflow_command([AIRFLOW, *texts], words[0][1])
    else:
        for part in parts:
            yield from _one(part)


def _words_of_text(text: Snippet) -> list[tuple[str, Place]]:
    first = next(commands_in(text.text), [])
    return [(word.text, text.place(word.offset)) for word in first]


def _one(part: Sequence[Snippet]) -> Iterator[Any]:
    if len(part) == 1 and part[0].text.lstrip().startswith("-"):
        text = part[0]
        shell = Snippet(f"sh {text.text}", lambda offset: text.place(max(offset - 3, 0)))
        yield from material_in_shell(shell)
    elif len(part) == 1:
        yield from material_in_shell(part[0])
    elif any(_SHELL.fullmatch(word.text) or _TAKES_SCRIPT.fullmatch(word.text) for word in part):
        for word in part:
            if any(blank in word.text.strip() for blank in " \n"):
                yield from material_in_shell(word)
    else:
        listed = Snippet("", lambda at: part[at].place(0))
        words = [Word(word.text, at) for at, word in enumerate(part)]
        yield from material_in_words(words, listed, DEEPEST)
