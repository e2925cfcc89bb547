"""Takes the CSV of owners: first what it would change, then the change itself, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.ownership import InactiveCause
from planner.models import Deployment, Owner, OwnerAlias
from planner.parsers.csv_file import CsvProblem, CsvRejected
from planner.parsers.owner_csv import OwnerLine, read_owner_csv
from planner.selectors.inactive_owner import unable_owners
from planner.services.kept_file import ImportGone, file_keep, file_kept
from planner.services.ownership import email_is_valid, owner_add, owner_edit

__all__ = [
    "CsvRejected",
    "ImportGone",
    "OwnersBad",
    "owners_apply_stored",
    "owners_preview",
    "owners_store",
]

_PURPOSE = "owner.import"


class OwnersBad(ValueError):
    """A file with lines that cannot be followed, so that none was. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class OwnerState:
    """An owner as it is, or as a file wants it."""

    name: str
    kind: str
    email: str
    aliases: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """One owner that the file would add or change."""

    line: int
    key: str
    before: OwnerState | None
    """None where nobody knows the owner yet."""
    after: OwnerState

    @property
    def fields(self) -> Iterator[tuple[str, str, str]]:
        """What changes: its name, and how it reads before and after."""
        before = _words(self.before) if self.before else {}
        for name, after in _words(self.after).items():
            if before.get(name, "") != after:
                yield name, before.get(name, ""), after


@dataclass(frozen=True, slots=True)
class OwnersPreview:
    """What a file would change."""

    changes: list[OwnerChange]
    unchanged: int
    problems: list[CsvProblem]

    @property
    def added(self) -> int:
        return sum(change.before is None for change in self.changes)

    @property
    def stopped(self) -> int:
        """Owners who would take no findings from then on."""
        return sum(
            bool(change.before and change.before.active) and not change.after.active
            for change in self.changes
        )


def owners_preview(*, deployment: Deployment, content: bytes) -> OwnersPreview:
    """What the file would change, line by line. Writes nothing.

    Raises:
        CsvRejected: it is not such a CSV.
    """
    csv = read_owner_csv(content)
    known = _known(deployment)
    unable = {pk for pk, cause in unable_owners() if cause is InactiveCause.SIGN_IN}
    problems = list(csv.problems)
    wanted: dict[str, OwnerChange] = {}
    unchanged = 0
    for line in csv.lines:
        if line.key in wanted:
            earlier = wanted[line.key].line
            problems.append(
                CsvProblem(line.line, f"“{line.written}” is in line {earlier} already.")
            )
            continue
        pk, before = known.get(line.key, (0, None))
        after = _after(line, before)
        wanted[line.key] = OwnerChange(line.line, line.key, before, after)
        unchanged += before == after
        if after.email and not email_is_valid(after.email):
            problems.append(
                CsvProblem(line.line, f"“{after.email[:80]}” is not an e-mail address.")
            )
        if pk in unable and before and after.active and not before.active:
            sentence = f"{after.name} cannot take findings while the sign-in is disabled."
            problems.append(CsvProblem(line.line, sentence))
    states = {key: state for key, (_pk, state) in known.items()}
    problems += _names_twice(states, wanted)
    changes = [change for change in wanted.values() if change.before != change.after]
    return OwnersPreview(changes, unchanged, sorted(problems, key=lambda one: one.line))


def owners_store(*, deployment: Deployment, content: bytes, user: User, now: datetime) -> str:
    """Keep a previewed file until it is applied; the token that names it."""
    return file_keep(purpose=_PURPOSE, deployment=deployment, content=content, user=user, now=now)


def owners_apply_stored(
    *, deployment: Deployment, token: str, now: datetime, user: User
) -> OwnersPreview:
    """Apply a kept file, once and whole; what it changed.

    Raises:
        ImportGone: the token names no file of this person and deployment.
        CsvRejected: the file is not such a CSV.
        OwnersBad: a line cannot be followed any more; nothing was changed.
    """
    with file_kept(purpose=_PURPOSE, deployment=deployment, token=token, user=user) as content:
        return _apply(deployment, content, now, user)


@transaction.atomic
def _apply(deployment: Deployment, content: bytes, now: datetime, user: User) -> OwnersPreview:
    Deployment.objects.select_for_update().get(pk=deployment.pk)
    preview = owners_preview(deployment=deployment, content=content)
    if preview.problems:
        first = preview.problems[0]
        raise OwnersBad(f"Nothing was changed. Line {first.line:,}: {first.sentence}")
    owners = {owner.key: owner for owner in Owner.objects.filter(deployment=deployment)}
    for change in preview.changes:
        if change.before:  # a name that one owner gives up may be another's in the same file
            given_up = change.before.aliases - change.after.aliases
            OwnerAlias.objects.filter(owner=owners[change.key], alias__in=given_up).delete()
    for change in preview.changes:
        after = change.after
        owner = owners.get(change.key) or owner_add(deployment=deployment, name=change.key)
        owner_edit(
            owner=owner,
            name=after.name,
            email=after.email,
            kind=after.kind,
            active=after.active,
            aliases=after.aliases,
            now=now,
            user=user,
            cause=InactiveCause.FILE,
        )
    return preview


def _known(deployment: Deployment) -> dict[str, tuple[int, OwnerState]]:
    owners = Owner.objects.filter(deployment=deployment).prefetch_related("aliases")
    return {
        owner.key: (
            owner.pk,
            OwnerState(
                owner.name,
                owner.kind,
                owner.email,
                frozenset(alias.alias for alias in owner.aliases.all()),
                owner.active,
            ),
        )
        for owner in owners
    }


def _after(line: OwnerLine, before: OwnerState | None) -> OwnerState:
    is_email = email_is_valid(line.key)
    state = before or OwnerState(
        name=line.written,
        kind="team" if "/" in line.key and not is_email else "person",
        email=line.key if is_email else "",
        aliases=frozenset(),
        active=True,
    )
    return replace(
        state,
        name=line.name or state.name,
        kind=line.kind or state.kind,
        email=state.email if line.email is None else line.email,
        aliases=state.aliases if line.aliases is None else line.aliases,
        active=state.active if line.active is None else line.active,
    )


def _names_twice(
    known: dict[str, OwnerState], wanted: dict[str, OwnerChange]
) -> Iterator[CsvProblem]:
    """Keys and aliases that two owners would share; the line that brings the second is named."""
    states = known | {key: change.after for key, change in wanted.items()}
    # What the file does not speak of comes first, so that a line of the file is what is wrong.
    order = sorted(states, key=lambda key: wanted[key].line if key in wanted else 0)
    owner_of = {key: key for key in states}
    for key in order:
        for alias in sorted(states[key].aliases):
            other = owner_of.setdefault(alias, key)
            lines = [wanted[one].line for one in (key, other) if one in wanted]
            if other == key or not lines:
                continue
            line = max(lines)
            yield CsvProblem(
                line, f"“{alias}” would be a name of both {key} and {other}. Merge the two instead."
            )


def _words(state: OwnerState) -> dict[str, str]:
    return {
        "name": state.name,
        "kind": state.kind,
        "email": state.email,
        "aliases": ", ".join(sorted(state.aliases)),
        "active": "yes" if state.active else "no",
    }
