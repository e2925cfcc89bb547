"""Findings that somebody silenced: by a comment in the code, or by an entry of ``.upgradecheck.toml``.

Nothing disappears: what is silenced is handed on with who silenced it, until when and why.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import tomli

from planner.domain.lifecycle import UNREAD
from planner.domain.rating import canonical_rule
from planner.domain.report import Observation
from planner.domain.rules import Rulebook
from planner.scanner.result import Suppressed

if TYPE_CHECKING:  # which loads every check
    from planner.scanner.facts import FileFacts

IGNORE_FILE = ".upgradecheck.toml"
"""Looked for at the root of the tree."""
NOQA = "noqa"
IGNORED = "ignore-file"

_KEYS = ("rule", "path", "dag", "reason", "expires")
_HEADER = re.compile(r"^\s*\[\[\s*ignore\s*\]\]")


class BadIgnoreFile(ValueError):
    """The ignore file says something that cannot be. The message names the place and the remedy."""


@dataclass(frozen=True)
class Ignore:
    """One entry of the ignore file."""

    rule: str
    """The rulebook's id."""
    reason: str
    expires: dt.date
    path: str = ""
    """Glob of files; empty for every file."""
    dag: str = ""
    """Glob of DAG ids; empty for every DAG."""
    place: str = ""
    """``.upgradecheck.toml:4``."""

    def holds_on(self, today: dt.date) -> bool:
        """Whether the entry still ignores anything."""
        return today <= self.expires

    def holds_for(self, rule: str, path: str, dag_ids: Sequence[str]) -> bool:
        """Whether a finding is meant. One that blocks other DAGs too is not silenced for one of them."""
        if rule != self.rule or (self.path and not self._paths.fullmatch(path)):
            return False
        return not self.dag or (
            bool(dag_ids) and all(self._dags.fullmatch(dag_id) for dag_id in dag_ids)
        )

    @cached_property
    def _paths(self) -> re.Pattern[str]:
        return glob(self.path)

    @cached_property
    def _dags(self) -> re.Pattern[str]:
        return glob(self.dag)


@dataclass(slots=True)
class Sieve:
    """What the entries of an ignore file let through, and which of them did anything."""

    kept: list[Observation]
    suppressed: list[Suppressed]
    unused: list[Ignore]
    """Entries that met no finding."""
    expired: list[Ignore]
    """Entries whose day has passed: they silence nothing any more."""


def silenced_by_comments(
    observations: Iterable[Observation], facts: Mapping[str, FileFacts]
) -> tuple[list[Observation], list[Suppressed]]:
    """The observations that count, and those that a comment in their own file silences.

    No comment silences that a file could not be read.
    """
    kept: list[Observation] = []
    suppressed: list[Suppressed] = []
    for one in observations:
        comment = _comment_on(one, facts.get(one.path))
        if comment is None:
            kept.append(one)
        else:
            line, text = comment
            # Edits of ruff alone may not run on today's version; ours are made for what counts.
            plain = msgspec.structs.replace(one, fix=b"", own_fix=b"")
            suppressed.append(Suppressed(plain, NOQA, f"{one.path}:{line}", text))
    return kept, suppressed


def _comment_on(one: Observation, facts: FileFacts | None) -> tuple[int, str] | None:
    if facts is None or one.rule in UNREAD:
        return None
    for noqa in facts.noqa:
        named = not noqa.codes or one.rule in noqa.codes or one.rule_name in noqa.codes
        if named and noqa.speaks_for(one.line, one.cell):
            return noqa.line, noqa.text
    return None


def sift(
    observations: Iterable[Observation],
    ignores: Sequence[Ignore],
    *,
    today: dt.date,
    dag_ids: Mapping[str, Sequence[str]],
    rule_of: Callable[[Observation], str],
) -> Sieve:
    """The observations that no entry ignores, and the others with the entry that does.

    Args:
        dag_ids: the DAGs that a file is about, by its path.
        rule_of: the rulebook's id of an observation's rule.
    """
    sieve = Sieve([], [], [], [entry for entry in ignores if not entry.holds_on(today)])
    waiting = {entry.place: entry for entry in ignores if entry.holds_on(today)}
    alive = list(waiting.values())
    if not alive:
        sieve.kept += observations
        return sieve
    for one in observations:
        rule = rule_of(one)
        ids = dag_ids.get(one.path, ())
        entry = next((entry for entry in alive if entry.holds_for(rule, one.path, ids)), None)
        if entry is None:
            sieve.kept.append(one)
            continue
        waiting.pop(entry.place, None)
        sieve.suppressed.append(
            Suppressed(one, IGNORED, entry.place, entry.reason, entry.expires.isoformat())
        )
    sieve.unused = list(waiting.values())
    return sieve


# ------------------------------------------------------------------ the file


def read_ignores(text: str, *, name: str, rulebook: Rulebook) -> list[Ignore]:
    """The entries of an ignore file.

    Raises:
        BadIgnoreFile: it is no TOML, or an entry is not as it must be; names the entry's line and key.
    """
    try:
        table = tomli.loads(text)
    except RecursionError as error:
        raise BadIgnoreFile(f"{name}: this is nested too deeply.") from error
    except tomli.TOMLDecodeError as error:
        raise BadIgnoreFile(f"{name}: this is not valid TOML: {error}.") from error
    for key in table:
        if key != "ignore":
            raise BadIgnoreFile(
                f"{name}: {key!r} is not known here; entries begin with [[ignore]]."
            )
    entries = table.get("ignore", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadIgnoreFile(
            f"{name}: `ignore` must be a list of tables; begin each with [[ignore]]."
        )
    lines = [row for row, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    found = []
    for index, entry in enumerate(entries):
        place = (
            f"{name}:{lines[index]}" if len(lines) == len(entries) else f"{name}, entry {index + 1}"
        )
        found.append(_entry(entry, place, rulebook))
    return found


def _entry(entry: Mapping[str, Any], place: str, rulebook: Rulebook) -> Ignore:
    for key in entry:
        if key not in _KEYS:
            raise BadIgnoreFile(f"{place}: {key!r} is not known; known are {', '.join(_KEYS)}.")
    for key in ("rule", "reason"):
        if not _is_text(entry.get(key)):
            raise BadIgnoreFile(f"{place}: `{key}` is missing or empty; every entry needs one.")
    for key in ("path", "dag"):
        if key in entry and not _is_text(entry[key]):
            raise BadIgnoreFile(f"{place}: `{key}` must be text.")
    if "path" not in entry and "dag" not in entry:
        raise BadIgnoreFile(f"{place}: say what is ignored: `path` (a glob) or `dag`.")
    return Ignore(
        rule=_rule(entry["rule"].strip(), place, rulebook),
        reason=" ".join(entry["reason"].split()),
        expires=_day(entry.get("expires"), place),
        path=entry.get("path", "").strip(),
        dag=entry.get("dag", "").strip(),
        place=place,
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _rule(written: str, place: str, rulebook: Rulebook) -> str:
    rule = canonical_rule(written, "", "", "", rulebook)
    if rule in rulebook.rules:
        return rule
    near = difflib.get_close_matches(written, rulebook.rules, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `upgradecheck` prints the id of each rule."
    raise BadIgnoreFile(f"{place}: `rule`: there is no rule {written!r}{hint}")


def _day(value: Any, place: str) -> dt.date:
    if value is None:
        raise BadIgnoreFile(
            f"{place}: `expires` is missing; write the last day, like expires = 2027-03-31."
        )
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadIgnoreFile(
            f"{place}: `expires`: {value!r} is not a day; write one like expires = 2027-03-31."
        ) from None


def glob(pattern: str) -> re.Pattern[str]:
    """A glob as a pattern for whole paths: ``*`` and ``?`` stay within a folder, ``**`` crosses folders.

    A name without a glob stands for a file, or for a folder with all that lies in it.
    """
    pattern = re.sub(r"\*{3,}", "**", pattern.removeprefix("./"))
    if pattern.endswith("/"):
        pattern += "**"
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        parts.append(_GLOBS.get(piece) or re.escape(piece))
    below = "" if re.search(r"[*?]", pattern) else "(?:/.*)?"
    return re.compile("".join(parts) + below, re.DOTALL)


_GLOBS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
