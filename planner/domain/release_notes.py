"""Release notes as notes: the rulebook's own, and pasted ones read bullet by bullet.

Of a pasted note, axis and kind are found by keyword and the names in it by their spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from planner.domain.facts import line_of, version
from planner.domain.finding import Axis
from planner.domain.rules import Rulebook


class Kind(StrEnum):
    """What a note says happened."""

    NEW = "new"
    DEPRECATED = "deprecated"
    REMOVED = "removed"
    FIX = "fix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of release notes."""

    quote: str
    axis: Axis
    kind: Kind
    link: str
    line: str = ""
    """The release line it belongs to; empty for pasted notes that name none."""
    before: str = ""
    answer: str = ""
    rules: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """True where findings or facts can tell whether the deployment uses it."""
        return bool(self.rules or self.symbols or self.facts)


def curated(rulebook: Rulebook, lines: Iterable[str]) -> list[Note]:
    """The rulebook's notes of those release lines."""
    return [
        Note(
            quote=row["quote"],
            axis=Axis(row["axis"]),
            kind=Kind(row["kind"]),
            link=row["link"],
            line=line,
            before=row["before"],
            answer=row["answer"],
            rules=tuple(row.get("rules", ())),
            symbols=tuple(row.get("symbols", ())),
            facts=row.get("facts", {}),
        )
        for line in lines
        for row in rulebook.releases[line]["notes"]
    ]


def read_notes(text: str, *, link: str, rulebook: Rulebook) -> tuple[list[Note], int]:
    """Read pasted release notes, bullet by bullet.

    Returns the notes and how many bullets were left out as too much. A bullet keeps the first link in it;
    one that only names a pull request of Airflow is linked to it; the others get ``link``.
    """
    limits = rulebook.triage["limits"]
    bullets = list(_bullets(text[: limits["text"]]))
    kept = bullets[: limits["bullets"]]
    notes = [
        _read_bullet(bullet, heading, link, rulebook.triage, limits["quote"])
        for heading, bullet in kept
    ]
    return notes, len(bullets) - len(kept)


_LONGEST_LINE = 4_000
"""Characters of one pasted line that are read; keeps every pattern below cheap."""
_MARK = re.compile(r"^\s{0,8}(?:[-*•+–]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$")
_UNDERLINE = re.compile(r"^([=\-~^\"'.*+])\1{2,}$")
_LINK = re.compile(r"https?://[^\s<>()\[\]\"'`]+")
_MARKDOWN_LINK = re.compile(r"\[([^\]\[]+)\]\((https?://[^\s()]+)\)")
_PULL = re.compile(r"(?<![\w/])#(\d{2,6})\b")
_PULL_BEHIND = re.compile(r"\s*\((?:#\d{2,6}(?:,\s*)?)+\)\s*$")
_NAMED = re.compile(r"`+([A-Za-z_][\w.]*)(?:\(\))?`+")
_DOTTED = re.compile(r"\bairflow(?:\.[A-Za-z_]\w*)+")
_CAMEL = re.compile(r"\b[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*\b")
_SNAKE = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")


def _bullets(text: str) -> Iterator[tuple[str, str]]:
    """(heading, bullet) of every bullet; paragraphs count as bullets where nothing is marked as one."""
    lines = [line[:_LONGEST_LINE].expandtabs(4).rstrip() for line in text.splitlines()]
    marked = any(_MARK.match(line) for line in lines)
    heading, parts = "", list[str]()
    for at, line in enumerate(lines):
        title = _title(lines, at)
        starts = bool(_MARK.match(line))
        ends = starts or title is not None or not line.strip()
        if parts and ends:
            yield heading, " ".join(parts)
            parts = []
        if title is not None:
            heading = title or heading
        elif starts:
            parts = [_MARK.sub("", line)]
        elif line.strip() and (parts or not marked):
            parts.append(line.strip())
    if parts:
        yield heading, " ".join(parts)


def _title(lines: Sequence[str], at: int) -> str | None:
    """The title on a line, empty for the line that underlines one, None for a line that is neither."""
    line = lines[at]
    if match := _HEADING.match(line):
        return match["title"]
    if _UNDERLINE.match(line):
        return ""
    below = lines[at + 1] if at + 1 < len(lines) else ""
    if line.strip() and not _MARK.match(line) and _UNDERLINE.match(below):
        return line.strip()
    if line.endswith(":") and len(line) < 60 and not _MARK.match(line):
        return line.strip(": ")
    return None


def _read_bullet(
    bullet: str, heading: str, link: str, words: Mapping[str, Any], longest: int
) -> Note:
    found = _MARKDOWN_LINK.search(bullet)
    plain = _MARKDOWN_LINK.sub(r"\1", bullet)
    return Note(
        quote=_cut(_PULL_BEHIND.sub("", plain).strip(), longest),
        axis=_axis_of(plain, heading, words["axes"]),
        kind=_kind_of(plain, heading, words["kinds"]),
        link=found[2] if found else _link_of(bullet, link),
        symbols=_names_in(plain),
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _link_of(bullet: str, link: str) -> str:
    if found := _LINK.search(bullet):
        return found[0].rstrip(".,;:")
    pull = _PULL.search(bullet)
    if pull and ("airflow.apache.org" in link or "github.com/apache/airflow" in link):
        return f"https://github.com/apache/airflow/pull/{pull[1]}"
    return link


def _names_in(text: str) -> tuple[str, ...]:
    """Names that a bullet spells out: in backquotes, with dots, in CamelCase or with underscores."""
    found = [
        name for pattern in (_NAMED, _DOTTED, _CAMEL, _SNAKE) for name in pattern.findall(text)
    ]
    return tuple(dict.fromkeys(name.strip(".") for name in found))


def _axis_of(text: str, heading: str, axes: Mapping[str, Any]) -> Axis:
    """The axis whose word comes first in the bullet, else in its heading."""
    for where in (text, heading):
        for name, axis in axes.items():
            if _holds(where, tuple(axis["keywords"])):
                return Axis(name)
    return Axis.OTHER


def _kind_of(text: str, heading: str, kinds: Mapping[str, Sequence[str]]) -> Kind:
    if re.match(rf"(?:{'|'.join(map(re.escape, kinds['fix']))})\b", text, re.IGNORECASE):
        return Kind.FIX
    for where in (text, heading):
        if _holds(where, tuple(kinds["promised"])):
            return Kind.DEPRECATED
        if _holds(where, tuple(kinds["removed"])):
            return Kind.REMOVED
        if _holds(where, tuple(kinds["deprecated"])):
            return Kind.DEPRECATED
    return Kind.FIX if re.search(r"\bfix", heading, re.IGNORECASE) else Kind.NEW


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        "|".join(rf"(?<!\w){re.escape(word)}(?:s|es)?(?!\w)" for word in words), re.IGNORECASE
    )


def _holds(text: str, words: tuple[str, ...]) -> bool:
    """True where one of the words stands in the text as a word, singular or plural."""
    return bool(words and _pattern(words).search(text))


def lines_up_to(rulebook: Rulebook, target: str) -> tuple[str, ...]:
    """The release lines with curated notes up to a target version, oldest first."""
    limit = version(line_of(target))
    return tuple(line for line in rulebook.target_lines if version(line) <= limit)
