"""What the command lines of a shell text mean to the checks: Airflow's commands, its processes, settings, packages."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from planner.rulebook.load import rulebook
from planner.scanner.around.environment import setting_of_variable
from planner.scanner.around.packages import requirements_in_words
from planner.scanner.around.shell import Snippet, Word, commands_in, within
from planner.scanner.code.branches import Branches
from planner.scanner.material import Command, Place, Probe, Process

AIRFLOW = "airflow"
PROCESSES = frozenset(
    ["api-server", "dag-processor", "scheduler", "standalone", "triggerer", "webserver"]
)

_ASSIGNMENT = re.compile(r"(?:-e|--env=|--from-literal=)?([A-Za-z_][A-Za-z0-9_.]*)=(.*)", re.DOTALL)
_SETS_VARIABLES = frozenset(
    ["declare", "docker", "env", "ENV", "export", "local", "podman", "readonly", "set", "typeset"]
)
_RUNS_ANOTHER = frozenset(
    [
        "!",
        "astro",
        "and",
        "bash",
        "builtin",
        "chpst",
        "command",
        "conda",
        "coverage",
        "dash",
        "do",
        "docker",
        "docker-compose",
        "dockerize",
        "dumb-init",
        "elif",
        "else",
        "entrypoint",
        "env",
        "eval",
        "exec",
        "gosu",
        "hatch",
        "if",
        "ionice",
        "kubectl",
        "mamba",
        "micromamba",
        "nerdctl",
        "nice",
        "nohup",
        "nsenter",
        "oc",
        "or",
        "pdm",
        "pipenv",
        "podman",
        "podman-compose",
        "poetry",
        "retry",
        "runuser",
        "rye",
        "setsid",
        "sh",
        "source",
        "ssh",
        "start-stop-daemon",
        "stdbuf",
        "strace",
        "su",
        "su-exec",
        "sudo",
        "then",
        "time",
        "timeout",
        "tini",
        "unless",
        "until",
        "uv",
        "watch",
        "while",
        "xargs",
        "zsh",
        "{",
    ]
)
"""Programs and words of the shell after which the program that really runs is named."""
_SCRIPT_TAKERS = frozenset(["bash", "dash", "eval", "sh", "ssh", "su", "zsh"])
_IMAGE = re.compile(r"(?:[\w.:-]+/)*(?:apache/)?airflow(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?")
_HEALTH = re.compile(r"https?://[^\s'\"]{1,200}/health/?(?=$|[?\s'\"])")
DEEPEST = 4
"""Scripts within the words of a script."""


def material_in_shell(snippet: Snippet, depth: int = 0) -> Iterator[Any]:
    """Everything that the commands of a shell text tell, in their order."""
    branches = Branches()
    for words in commands_in(snippet.text):
        word = "" if words[0].quoted else words[0].text
        if word == "if":
            branches.opens()
        elif word in ("elif", "else"):
            branches.goes_on()
        elif word == "fi":
            branches.closes()
        branches.take(material_in_words(words, snippet, depth))
    yield from branches.told()


def material_in_words(words: Sequence[Word], snippet: Snippet, depth: int = 0) -> Iterator[Any]:
    """What one simple command tells."""
    texts = [word.text for word in words]
    place = snippet.place(words[0].offset)
    yield from _assignments(words, snippet)
    yield from requirements_in_words(texts, place)
    yield from _probes(words, snippet)
    at = _start_of_airflow(texts)
    if at is not None:
        yield from airflow_command(texts[at:], snippet.place(words[at].offset))
    elif depth < DEEPEST:
        for script in _scripts(words):
            offset = script.offset + (1 if script.quoted else 0)
            yield from material_in_shell(within(snippet, script.text, offset), depth + 1)


def airflow_command(words: Sequence[str], place: Place) -> Iterator[Any]:
    """One call of ``airflow``, and the process that it becomes."""
    yield Command((AIRFLOW, *words[1:]), place)
    if len(words) > 1 and words[1] in PROCESSES and not {"-h", "--help"} & set(words):
        yield Process(words[1], place)


def arguments_of_airflow(words: Sequence[str]) -> bool:
    """Whether words are what one gives to ``airflow``: for containers whose entrypoint adds the name."""
    return bool(words) and words[0] in rulebook().commands.words


def _start_of_airflow(words: Sequence[str]) -> int | None:
    """Where in a command the call of ``airflow`` begins, if that is what it runs in the end."""
    at = 0
    while at < len(words) and _ASSIGNMENT.fullmatch(words[at]):
        at += 1
    if at == len(words):
        return None
    if _is_airflow(words[at]):
        return at
    if _is_python(words[at]) and list(words[at + 1 : at + 3]) == ["-m", AIRFLOW]:
        return at + 2
    program = PurePosixPath(words[at]).name
    runs_another = program in _RUNS_ANOTHER or "--" in words or program.startswith("wait-for")
    if not runs_another:
        return None
    for later in range(at + 1, len(words)):
        if not _may_be_called(words, later):
            continue
        if _is_airflow(words[later]) or (
            program in ("docker", "podman", "nerdctl") and _IMAGE.fullmatch(words[later])
        ):
            return later
        if words[later] == AIRFLOW and words[later - 1] == "-m":
            return later
    return None


def _may_be_called(words: Sequence[str], at: int) -> bool:
    """A name counts as a call only with one of Airflow's commands behind it."""
    return at + 1 < len(words) and words[at + 1] in rulebook().commands.words


def _is_airflow(word: str) -> bool:
    return word == AIRFLOW or (word.endswith("/bin/airflow") and " " not in word)


def _is_python(word: str) -> bool:
    return PurePosixPath(word).name.startswith("python")


def _scripts(words: Sequence[Word]) -> Iterator[Word]:
    """The scripts that a command hands to a shell: ``bash -c "…"``, ``ssh host "…"``."""
    takes = False
    for before, word in itertools.pairwise(words):
        takes = takes or PurePosixPath(before.text).name in _SCRIPT_TAKERS
        if takes and any(blank in word.text for blank in " \n;") and AIRFLOW in word.text:
            yield word


def _assignments(words: Sequence[Word], snippet: Snippet) -> Iterator[Any]:
    sets = PurePosixPath(words[0].text).name in _SETS_VARIABLES
    for word in words:
        match = _ASSIGNMENT.fullmatch(word.text)
        if match:
            yield from setting_of_variable(match[1], match[2], snippet.place(word.offset))
        elif not sets:
            return


def _probes(words: Sequence[Word], snippet: Snippet) -> Iterator[Probe]:
    if any(word.text in ("curl", "wget") for word in words[:6]):
        for word in words:
            match = _HEALTH.search(word.text)
            if match:
                yield Probe(match[0], snippet.place(word.offset))
