"""Some of the findings that somebody is about to act on, by deployment, for the page that asks first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from planner.models import Deployment, Owner
from planner.selectors.finding import findings_by_ids
from planner.selectors.finding_row import FindingRow, finding_rows
from planner.selectors.my_findings import MyPicks
from planner.selectors.owner import owner_options

SAMPLE = 8
"""Findings of a deployment that the page names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class PickedPart:
    """What is picked in one deployment."""

    deployment: Deployment
    rows: list[FindingRow]
    count: int
    owners: list[Owner]
    """Who can be given findings there."""

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def picked_parts(picks: MyPicks, *, today: date) -> list[PickedPart]:
    """The picks as the page shows them. Three queries a deployment."""
    return [
        PickedPart(
            deployment=deployment,
            rows=finding_rows(findings_by_ids(deployment, ids[:SAMPLE]), today=today),
            count=len(ids),
            owners=owner_options(deployment),
        )
        for deployment, ids in picks.items()
    ]
