"""Who a finding belongs to, and why.

The order: a person's pick (kept by the services, never asked for here) > CODEOWNERS > the DAG's own
``owner`` > folder rule > who changed the file last > nobody yet. Every answer comes with its reason as a
sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import NamedTuple, Protocol

from codeowners import CodeOwners

from planner.domain.dates import with_year

MAX_BECAUSE = 200
"""Longest reason that is kept; longer ones end in an ellipsis."""

MAX_KEY = 200

_LAST_CHANGED = "Last changed by"
_NO_REPLY = re.compile(r"(?:\d+\+)?(?P<handle>[^@+]+)@users\.noreply\.github\.com")

_SPACE = "\ue000"
# Stands for a blank inside a path while the pattern matcher, which would split there, works on it.


class Author(NamedTuple):
    """Who changed a file last."""

    key: str
    """As by :func:`author_key`."""
    name: str
    on: date


class InactiveCause(StrEnum):
    """Why an owner takes no findings any more."""

    HAND = "hand"
    FILE = "file"
    SIGN_IN = "sign-in"
    MAIL = "mail"

    def because(self, by: str) -> str:
        """The cause in words that go after "takes no findings: "; ``by`` is who said it, where somebody did."""
        match self:
            case InactiveCause.HAND:
                return f"{by or 'a person'} said so"
            case InactiveCause.FILE:
                return f"a file of {by or 'a person'} said so"
            case InactiveCause.SIGN_IN:
                return "the sign-in is disabled"
            case InactiveCause.MAIL:
                return "mail to the address was refused for good"


class Standing(Protocol):
    """An owner, by whether findings are taken and why not."""

    inactive_cause: str
    inactive_by: str
    inactive_since: datetime | None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A CODEOWNERS line that no path can match, because its pattern is broken."""

    number: int
    text: str


def owner_key(name: str) -> str:
    """What an owner is filed under: lower-case, white space folded, without a leading @."""
    folded = " ".join(name.replace("\0", "").lower().split())
    return folded.lstrip("@ ")[:MAX_KEY].rstrip()


def author_key(name: str, email: str) -> str:
    """What the author of a commit is filed under: the e-mail, or the handle that GitHub hides it behind."""
    address = owner_key(email)
    if hidden := _NO_REPLY.fullmatch(address):
        return owner_key(hidden["handle"])
    return address if "@" in address else owner_key(name)


def is_bot(name: str, email: str, bots: Iterable[str]) -> bool:
    """Whether a commit's author is a program: named in ``bots``, or marked as GitHub marks them."""
    local = email.partition("@")[0].rpartition("+")[2]
    for text in (name, local):
        said = "-".join(text.lower().split())
        if said.endswith("[bot]"):
            return True
        if any(said == bot or said.startswith(f"{bot}-") for bot in bots):
            return True
    return False


def split_owners(text: str) -> list[str]:
    """The single owners in an Airflow ``owner`` text, which joins several with commas."""
    return [name for name in (" ".join(part.split()) for part in text.split(",")) if name]


class Assigner:
    """Answers who owns a path. Made once per source and scan; answers are remembered by path.

    ``people`` maps every known alias (as by :func:`owner_key`) to the owner it stands for; a name it does
    not know stands for itself. ``not_people`` are names that DAGs carry but no one answers to, like
    ``airflow``; ``inactive`` are keys of owners who take no findings any more. ``last_changes`` tells of
    files who changed them last. ``prefix`` is the folder, inside the tree that CODEOWNERS speaks of, which
    the paths start from.
    """

    def __init__(
        self,
        codeowners_text: str,
        dag_owners_by_path: Mapping[str, Iterable[str]],
        folder_rules: Sequence[tuple[str, str]],
        people: Mapping[str, str],
        *,
        not_people: Collection[str] = (),
        inactive: Collection[str] = (),
        last_changes: Mapping[str, Author] | None = None,
        prefix: str = "",
    ) -> None:
        text, self.bad_lines = _readable(codeowners_text)
        self._codeowners = CodeOwners(text)
        self._dag_owners = dag_owners_by_path
        self._folder_rules = list(folder_rules)
        self._folders = CodeOwners(_folder_lines(pattern for pattern, _ in self._folder_rules))
        self._people = people
        self._not_people = frozenset(owner_key(name) for name in not_people)
        self._inactive = frozenset(inactive)
        self._last_changes = last_changes or {}
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/.") else ""
        self._known: dict[str, tuple[str | None, str]] = {}
        self.spellings: dict[str, str] = {}
        """How each assigned owner was written where it was first met: {'data-eng': 'Data-Eng'}."""

    def assign(self, path: str) -> tuple[str | None, str]:
        """The key of the owner of ``path``, or None, and why."""
        answer = self._known.get(path)
        if answer is None:
            answer = self._known[path] = self._assign(path.removeprefix("./"))
        return answer

    def _assign(self, path: str) -> tuple[str | None, str]:
        return (
            self._by_codeowners(path)
            or self._by_dag(path)
            or self._by_folder(path)
            or self._by_last_change(path)
            or (None, self._nobody(path))
        )

    def _by_codeowners(self, path: str) -> tuple[str, str] | None:
        owners, number, pattern, _ = self._codeowners.matching_line(_masked(self._prefix + path))
        for _, written in owners:
            if key := self._person(written):
                line = f"CODEOWNERS line {number}: {_unmasked(pattern or '')} {written}"
                return key, _short(line)
        return None

    def _by_dag(self, path: str) -> tuple[str, str] | None:
        for written in self._dag_names(path):
            if key := self._person(written):
                return key, _short(f"The DAG in this file names {written} as its owner")
        return None

    def _by_folder(self, path: str) -> tuple[str, str] | None:
        _, number, _, _ = self._folders.matching_line(_masked(path))
        if number is None:
            return None
        pattern, key = self._folder_rules[number - 1]
        if key in self._inactive:
            return None
        return key, _short(f"Folder rule {pattern}: {key}")

    def _by_last_change(self, path: str) -> tuple[str, str] | None:
        author = self._last_changes.get(path)
        key = self._person(author.key, author.name) if author else None
        if author is None or key is None:
            return None
        return key, _short(f"{_LAST_CHANGED} {author.name or key} on {with_year(author.on)}")

    def _nobody(self, path: str) -> str:
        if gone := self._gone(path):
            return _short(f"Nobody yet: {gone} takes no findings any more")
        names = self._dag_names(path)
        if names:
            return _short(f'Nobody yet: the DAG\'s owner "{names[0]}" is not someone to ask')
        return "Nobody yet: no CODEOWNERS line, DAG owner or folder rule matches"

    def _gone(self, path: str) -> str:
        """Whom the rules would name if they still took findings; the first of them."""
        owners, _, _, _ = self._codeowners.matching_line(_masked(self._prefix + path))
        _, folder, _, _ = self._folders.matching_line(_masked(path))
        author = self._last_changes.get(path)
        names = [
            *(written for _, written in owners),
            *self._dag_names(path),
            *([self._folder_rules[folder - 1][1]] if folder is not None else []),
            *([author.key] if author else []),
        ]
        keys = ((self._people.get(owner_key(name), owner_key(name)), name) for name in names)
        return next((name.lstrip("@") for key, name in keys if key in self._inactive), "")

    def _dag_names(self, path: str) -> list[str]:
        written = self._dag_owners.get(path, ())
        texts = [written] if isinstance(written, str) else written
        return [name for text in texts for name in split_owners(text)]

    def _person(self, written: str, called: str = "") -> str | None:
        alias = owner_key(written)
        if not alias:
            return None
        known = alias in self._people
        key = self._people.get(alias, alias)
        if key in self._inactive or (alias in self._not_people and not known):
            return None
        self.spellings.setdefault(key, called or " ".join(written.split()).lstrip("@"))
        return key

    def is_gone(self, key: str) -> bool:
        """Whether the owner takes no findings any more."""
        return key in self._inactive


def is_by_last_change(because: str) -> bool:
    """Whether a reason names who changed the file last."""
    return because.startswith(f"{_LAST_CHANGED} ")


def codeowners_problems(text: str) -> tuple[BadLine, ...]:
    """Lines of a CODEOWNERS text that no path can match."""
    return _readable(text)[1]


def pattern_is_valid(pattern: str) -> bool:
    """Whether ``pattern`` can be used as a folder rule."""
    if not pattern.strip() or pattern.lstrip().startswith("#"):
        return False
    return _compiles(_folder_lines([pattern]))


def path_matcher(pattern: str) -> Callable[[str], bool]:
    """Answers whether a path is one of those that ``pattern`` names; answers are remembered by path."""
    owners = CodeOwners(_folder_lines([pattern]))

    @cache
    def matches(path: str) -> bool:
        return owners.matching_line(_masked(path))[1] is not None

    return matches


def fixed_start(pattern: str) -> str:
    """What every path begins with that ``pattern`` names; nothing where that cannot be told."""
    pattern = " ".join(pattern.split())
    if "/" not in pattern.rstrip("/"):
        return ""  # it names files in any folder
    return re.split(r"[*?\\\[]", pattern.lstrip("/"), maxsplit=1)[0]


def _readable(text: str) -> tuple[str, tuple[BadLine, ...]]:
    """``text`` with comments at line ends and broken lines blanked, so that line numbers stay true."""
    lines: list[str] = []
    bad: list[BadLine] = []
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = re.sub(r"\s#.*", "", raw.replace("\\ ", _SPACE)).strip()
        if line and not line.startswith("#") and not _compiles(line):
            bad.append(BadLine(number, raw))
            line = ""
        lines.append(line)
    return "\n".join(lines), tuple(bad)


def _compiles(line: str) -> bool:
    try:
        CodeOwners(line)
    except (ValueError, re.error):
        return False
    return True


def _folder_lines(patterns: Iterable[str]) -> str:
    # The owner column is not used: the line's number leads back to the rule.
    return "\n".join(f"{_masked(' '.join(pattern.split()))} @owner" for pattern in patterns)


def _masked(path: str) -> str:
    return path.replace(" ", _SPACE)


def _unmasked(path: str) -> str:
    return path.replace(_SPACE, " ")


def _short(sentence: str) -> str:
    sentence = sentence.replace("\0", "")
    return sentence if len(sentence) <= MAX_BECAUSE else sentence[: MAX_BECAUSE - 1] + "…"
