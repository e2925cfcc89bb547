"""What changed between two decisions as they were recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it was."""

    what: str
    before: str
    after: str


def differences(
    *,
    facts_before: Mapping[str, Any],
    facts_after: Mapping[str, Any],
    decision_before: Mapping[str, Any],
    decision_after: Mapping[str, Any],
    rulebook_changed: bool,
) -> tuple[Difference, ...]:
    """Compare two recorded decisions: the answer first, then every fact, then the rulebook."""
    found = [
        _difference(what, read(decision_before), read(decision_after)) for what, read in _ANSWERS
    ]
    keys = [*facts_before, *(key for key in facts_after if key not in facts_before)]
    found += [
        _difference(key.replace("_", " "), facts_before.get(key), facts_after.get(key))
        for key in keys
    ]
    if rulebook_changed:
        found.append(Difference(what="rulebook", before="as it was", after="changed since"))
    return tuple(difference for difference in found if difference is not None)


_ANSWERS = (
    ("verdict", lambda decision: decision["verdict"]),
    ("points", lambda decision: decision["points"]),
    ("quarters needed", lambda decision: decision["gate"]["need"]),
    ("second opinion", lambda decision: decision["second_opinion"]["verdict"]),
    ("evidence", lambda decision: decision["evidence_opinion"]["verdict"]),
    ("effort", lambda decision: decision["effort"]["sentence"]),
)


def _difference(what: str, before: Any, after: Any) -> Difference | None:
    if before == after:
        return None
    return Difference(what=what, before=in_words(before), after=in_words(after))


def in_words(value: Any) -> str:
    """A stored value as a person would say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value) or "none"
    if value is None or value == "":
        return "not said"
    return f"{value:g}" if isinstance(value, float) else str(value)
