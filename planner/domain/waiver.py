"""Which findings a waiver covers, and which of them are set aside or come back: the only place that says so.

A finding that is open or claimed fixed is set aside as soon as a waiver covers it, and comes back when none
does any more. Where several cover it, it stays aside until the last of them has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from planner.domain.finding import ACTIVE_STATES, State
from planner.domain.ownership import path_matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a waiver covers: what fits all that is named; where nothing is, the findings it was given for."""

    rule_id: str = ""
    pattern: str = ""
    """Files, as CODEOWNERS would name them."""
    dag_id: str = ""
    source_id: int | None = None

    @property
    def names_findings(self) -> bool:
        """True where it covers only the findings that it was given for."""
        return not (self.rule_id or self.pattern or self.dag_id)

    @property
    def words(self) -> str:
        """What it covers, like “AIR301 in dags/legacy/”."""
        if self.names_findings:
            return "single findings"
        places = [f"in {self.pattern}"] if self.pattern else []
        places += [f"of the DAG {self.dag_id}"] if self.dag_id else []
        return " ".join([self.rule_id or "every finding", *places])


class Spot(NamedTuple):
    """A finding, with what a waiver needs to know of it."""

    pk: int
    state: State
    source_id: int
    rule_id: str
    path: str
    dag_ids: str
    """The DAGs it blocks, one a line."""


class Term(NamedTuple):
    """A waiver that holds today."""

    pk: int
    scope: Scope


@dataclass(slots=True)
class Settlement:
    """What has to be written so that states agree with the waivers that hold."""

    set_aside: list[tuple[Spot, tuple[int, ...]]] = field(default_factory=list)
    """Findings to be waived, with the keys of the waivers that cover them."""
    back: list[Spot] = field(default_factory=list)
    """Waived findings that no waiver covers any more."""
    joined: list[tuple[int, int]] = field(default_factory=list)
    """(waiver, finding) that are covered and were not known to be."""
    left: list[tuple[int, int]] = field(default_factory=list)
    """(waiver, finding) that were known to be covered and are not any more."""


def settle(
    terms: Sequence[Term], spots: Iterable[Spot], links: Mapping[int, Collection[int]]
) -> Settlement:
    """What follows from the waivers that hold.

    Args:
        terms: the waivers that hold.
        spots: findings that are still in the code.
        links: by finding, the waivers that are known to cover it, or did until they ended. A waived finding
            without any is left alone.
    """
    settled = Settlement()
    named = {term.pk for term in terms if term.scope.names_findings}
    wide = [(term.pk, fitter(term.scope)) for term in terms if not term.scope.names_findings]
    holding = {term.pk for term in terms}
    for spot in spots:
        known = links.get(spot.pk, ())
        fitting = [pk for pk, fits in wide if fits(spot)]
        covering = (*sorted(named.intersection(known)), *fitting)
        settled.joined += [(pk, spot.pk) for pk in fitting if pk not in known]
        settled.left += [(pk, spot.pk) for pk in holding.intersection(known) - set(covering)]
        if covering and spot.state in ACTIVE_STATES:
            settled.set_aside.append((spot, covering))
        elif known and not covering and spot.state is State.WAIVED:
            settled.back.append(spot)
    return settled


def fitter(scope: Scope) -> Callable[[Spot], bool]:
    """Answers whether a finding fits all that ``scope`` names."""
    in_files = path_matcher(scope.pattern) if scope.pattern else None

    def fits(spot: Spot) -> bool:
        return (
            scope.source_id in (None, spot.source_id)
            and scope.rule_id in ("", spot.rule_id)
            and (not scope.dag_id or scope.dag_id in spot.dag_ids.split("\n"))
            and (in_files is None or in_files(spot.path))
        )

    return fits
