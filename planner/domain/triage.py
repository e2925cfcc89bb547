"""Release-note triage: which line of the notes blocks this deployment, which can wait, which is worth having.

Notes are curated (they carry axis, kind and the rules they touch) or pasted (axis and kind are found by
keyword, names by their spelling). Every note meets what the deployment's own findings and facts say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from planner.domain.facts import version
from planner.domain.finding import Axis, Category
from planner.domain.numbers import plural
from planner.domain.release_notes import Kind, Note
from planner.domain.rules import Rulebook

CODE = "ruff"
"""The checker that reads DAG code."""


class Bucket(StrEnum):
    """What a note means for this deployment. ASIDE asks for nothing, and says why."""

    BLOCK = "block"
    MIGRATE = "migrate"
    ADOPT = "adopt"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Open findings of one rule about one name: what the deployment is known to use."""

    rule_id: str
    symbol: str
    category: Category
    axis: Axis
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """A note in its bucket, with the reason and the findings behind it."""

    note: Note
    bucket: Bucket
    because: str
    uses: tuple[Use, ...] = ()

    @property
    def findings(self) -> int:
        return sum(use.findings for use in self.uses)

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules whose findings stand behind it."""
        return tuple(dict.fromkeys(use.rule_id for use in self.uses))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """Open findings of one rule in one category."""

    rule_id: str
    title: str
    category: Category
    axis: Axis
    findings: int
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisTriage:
    """One axis: what 2.x cannot do, what 3.x answers, and what of ours that unblocks."""

    axis: Axis
    label: str
    meaning: str
    cannot: str
    answers: str
    unblocks: str
    notes: Mapping[Bucket, int]
    findings: Mapping[Category, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """The whole triage. Buckets hold notes in the order of their axes; ``rules`` the findings behind them."""

    axes: tuple[AxisTriage, ...]
    sorted: tuple[Sorted, ...]
    rules: tuple[RuleCount, ...]
    style: int
    """Style findings, counted apart."""
    left_out: int = 0
    """Bullets beyond the limit, not read."""

    def notes_in(self, bucket: Bucket) -> tuple[Sorted, ...]:
        return tuple(entry for entry in self.sorted if entry.bucket is bucket)

    def rules_in(self, category: Category) -> tuple[RuleCount, ...]:
        return tuple(row for row in self.rules if row.category is category)

    def findings_in(self, category: Category) -> int:
        return sum(row.findings for row in self.rules_in(category))


# --- Sorting


def triage(
    notes: Sequence[Note],
    *,
    uses: Sequence[Use],
    facts: Mapping[str, Any],
    target_line: str,
    unchecked: Mapping[str, str],
    rulebook: Rulebook,
    left_out: int = 0,
) -> Triage:
    """Put every note in its bucket, and count what stands behind each axis.

    ``uses`` are the open findings by rule and name; ``facts`` the deployment's. ``unchecked`` names, by
    checker, the checks that the deployment has not had: what only they could see is never called unused.
    """
    ground = _Ground(facts=facts, target_line=target_line, unchecked=unchecked, rulebook=rulebook)
    claimed = _claims(notes, uses, rulebook)
    entries = [_sort(note, behind, ground) for note, behind in zip(notes, claimed, strict=True)]
    order = {axis: at for at, axis in enumerate(Axis)}
    entries.sort(key=lambda entry: order[entry.note.axis])
    return Triage(
        axes=tuple(_axis(axis, entries, uses, ground) for axis in Axis),
        sorted=tuple(entries),
        rules=_rule_counts(uses, rulebook),
        style=sum(use.findings for use in uses if use.category is Category.STYLE),
        left_out=left_out,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What every note is judged on."""

    facts: Mapping[str, Any]
    target_line: str
    unchecked: Mapping[str, str]
    rulebook: Rulebook

    def missing(self, note: Note) -> tuple[set[str], int]:
        """The checks that could see the note's subject and were not had, in words; and how many could."""
        rules = [self.rulebook.rules[rule_id] for rule_id in note.rules]
        checkers = {rule.checker for rule in rules} or ({CODE} if note.symbols else set())
        return {self.unchecked[name] for name in checkers if name in self.unchecked}, len(checkers)

    def axis(self, axis: Axis) -> Mapping[str, Any]:
        chosen: Mapping[str, Any] = self.rulebook.triage["axes"][axis]
        return chosen

    def beyond(self, note: Note) -> bool:
        """True where the note belongs to a line newer than the target."""
        return bool(note.line) and version(note.line) > version(self.target_line)


def _claims(
    notes: Sequence[Note], uses: Sequence[Use], rulebook: Rulebook
) -> list[tuple[Use, ...]]:
    """The uses behind each note. A note that names names goes before one that names a whole rule."""
    named = [
        tuple(use for use in uses if note.symbols and _touches(note, use, rulebook))
        for note in notes
    ]
    taken = {use for behind in named for use in behind}
    return [
        behind
        if note.symbols
        else tuple(use for use in uses if use not in taken and use.rule_id in note.rules)
        for note, behind in zip(notes, named, strict=True)
    ]


def _touches(note: Note, use: Use, rulebook: Rulebook) -> bool:
    if use.category is Category.STYLE:
        return False
    if not note.rules:
        return any(_named(use, name) for name in note.symbols)
    if use.rule_id not in note.rules:
        return False
    rule = rulebook.rules.get(use.rule_id)
    whole = rule is None or not rule.cases
    return whole or any(_named(use, name) for name in note.symbols)


def _named(use: Use, name: str) -> bool:
    """True where a note's name is the use's name, its last part, something above it, or the rule's id."""
    symbol = use.symbol
    return name == use.rule_id or (
        bool(symbol)
        and (symbol == name or symbol.startswith(f"{name}.") or symbol.endswith(f".{name}"))
    )


def _sort(note: Note, uses: tuple[Use, ...], ground: _Ground) -> Sorted:
    decide = {
        Kind.REMOVED: _removed,
        Kind.DEPRECATED: _deprecated,
        Kind.NEW: _new,
        Kind.FIX: _fix,
    }[note.kind]
    bucket, because = decide(note, uses, ground)
    return Sorted(note=note, bucket=bucket, because=because, uses=uses)


def _removed(note: Note, uses: tuple[Use, ...], ground: _Ground) -> tuple[Bucket, str]:
    fact = _fact_said(note, ground.facts)
    if not uses and not fact:
        return Bucket.ASIDE, _not_seen(note, ground)
    said = fact or _count(uses)
    if ground.beyond(note):
        return (
            Bucket.MIGRATE,
            f"{said}. Still there on {ground.target_line}, gone from {note.line} on.",
        )
    if fact or any(use.category is Category.BLOCK for use in uses):
        return Bucket.BLOCK, f"{said}."
    return Bucket.MIGRATE, f"{said}; on {ground.target_line} no more than a warning."


def _deprecated(note: Note, uses: tuple[Use, ...], ground: _Ground) -> tuple[Bucket, str]:
    fact = _fact_said(note, ground.facts)
    if any(use.category is Category.BLOCK for use in uses):
        return Bucket.BLOCK, f"{_count(uses)}; it fails on {ground.target_line}."
    if note.facts and not fact and not uses:
        return Bucket.ASIDE, "Nothing of yours uses it."
    if uses or fact:
        return Bucket.MIGRATE, f"{fact or _count(uses)}."
    return Bucket.MIGRATE, _not_seen(note, ground)


def _new(note: Note, uses: tuple[Use, ...], ground: _Ground) -> tuple[Bucket, str]:
    axis = ground.axis(note.axis)
    if ground.beyond(note):
        return Bucket.ASIDE, f"Needs {note.line}; your target is {ground.target_line}."
    fact = axis["roadmap_fact"]
    if fact and not ground.facts.get(fact):
        return Bucket.ASIDE, f"Not on your roadmap: the facts do not name {axis['roadmap_label']}."
    reason = f"On {axis['roadmap_label']}" if fact else "Open to you once 3.x runs"
    return Bucket.ADOPT, f"{reason}; it touches {_count(uses)}." if uses else f"{reason}."


def _fix(note: Note, uses: tuple[Use, ...], ground: _Ground) -> tuple[Bucket, str]:
    return Bucket.ASIDE, "A fix: it asks for no decision."


def _not_seen(note: Note, ground: _Ground) -> str:
    if not note.tells:
        return "No scan can tell whether you use it; its lead has to say."
    missing, able = ground.missing(note)
    if not missing:
        return "Nothing of yours uses it, as far as was checked."
    said = " and ".join(sorted(missing))
    if len(missing) == able:
        return f"Not checked yet: {said}."
    return f"Nothing found so far; not checked yet: {said}."


def _count(uses: Sequence[Use]) -> str:
    total = sum(use.findings for use in uses)
    return plural(total, "finding")


def _fact_said(note: Note, facts: Mapping[str, Any]) -> str:
    """The fact that says the deployment uses it, in words; empty where none does."""
    for key, values in note.facts.items():
        said = facts.get(key)
        if said is True and "true" in values:
            return f"Your facts say {key.replace('_', ' ')}"
        for part in str(said or "").split(","):
            if part.strip() in values:
                return f"Your facts name {part.strip()}"
    return ""


def _rule_counts(uses: Sequence[Use], rulebook: Rulebook) -> tuple[RuleCount, ...]:
    """Findings by rule and category, the most first; style apart."""
    totals: dict[tuple[str, Category, Axis], int] = {}
    for use in uses:
        if use.category is not Category.STYLE:
            key = (use.rule_id, use.category, use.axis)
            totals[key] = totals.get(key, 0) + use.findings
    rows = [
        RuleCount(
            rule_id=rule_id,
            title=rulebook.rules[rule_id].title if rule_id in rulebook.rules else rule_id,
            category=category,
            axis=axis,
            findings=count,
            known=rule_id in rulebook.rules,
        )
        for (rule_id, category, axis), count in totals.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.findings, row.rule_id, row.axis)))


def _axis(
    axis: Axis, entries: Sequence[Sorted], uses: Sequence[Use], ground: _Ground
) -> AxisTriage:
    words = ground.axis(axis)
    findings = {
        category: sum(use.findings for use in uses if use.axis is axis and use.category is category)
        for category in Category
    }
    mine = [entry for entry in entries if entry.note.axis is axis]
    return AxisTriage(
        axis=axis,
        label=words["label"],
        meaning=words["meaning"],
        cannot=words["cannot"],
        answers=words["answers"],
        unblocks=_unblocks(words, findings, mine, ground),
        notes={bucket: sum(1 for entry in mine if entry.bucket is bucket) for bucket in Bucket},
        findings=findings,
    )


def _unblocks(
    words: Mapping[str, Any],
    findings: Mapping[Category, int],
    entries: Sequence[Sorted],
    ground: _Ground,
) -> str:
    """What of this deployment's own gets moving once the axis is done, in a sentence."""
    parts = []
    if words["roadmap_fact"] and ground.facts.get(words["roadmap_fact"]):
        parts.append(words["roadmap_label"])
    blocking = findings[Category.BLOCK]
    if blocking:
        parts.append(f"the cutover ({blocking:,} finding{'s' * (blocking != 1)} in its way)")
    warning = findings[Category.MIGRATE]
    if warning:
        parts.append(f"{warning:,} warning{'s' * (warning != 1)}")
    adopted = sum(1 for entry in entries if entry.bucket is Bucket.ADOPT)
    if adopted:
        parts.append(f"{adopted} new feature{'s' * (adopted != 1)}")
    if not parts and CODE in ground.unchecked:
        return "Not known yet: your code was not checked."
    if not parts:
        return "Nothing of yours waits for it."
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{text[0].upper()}{text[1:]}."
