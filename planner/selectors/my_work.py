"""The page of one's own work: by deployment, fix, file and line, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.core import signing

from planner.domain.fix_time import in_short
from planner.domain.my_work import FixGroup, Place, Section, Sum
from planner.domain.suggestion import Suggestion
from planner.models import Deployment, Finding, HandOver, Source, WaiverRequest
from planner.selectors.checks import Check, checks_by_deployment
from planner.selectors.claim import claim_events
from planner.selectors.finding_page import live_waivers
from planner.selectors.finding_row import FindingRow, finding_rows
from planner.selectors.fix_pack import PatchCount, patch_counts
from planner.selectors.hand_over import (
    WaitingHandOver,
    hand_overs_by_finding,
    hand_overs_offered,
)
from planner.selectors.likely_owner import LikelyOwners, deployments_without, likely_owners
from planner.selectors.local_time import zone_of
from planner.selectors.my_findings import VIEWS, Asked, MyCounts, MyFindings, file_scope
from planner.selectors.retirement import RunningRetirement, retirements_running
from planner.selectors.waiver_request import requests_by_finding

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from django.contrib.auth.models import User

PAGE_SIZE = 100
"""Findings that one page shows; the next one follows."""
MOST_AT_A_GLANCE = 100
"""Fixes in the table that names them all; the rest is counted."""
_SECTIONS = {
    Section.SENT_BACK: "Sent back by a scan",
    Section.LATE: "Late",
    Section.WEEK: "Due this week",
    Section.LATER: "Later",
    Section.NO_DATE: "Without a date",
}
_SALT = "flightplan.my-work.page"
_LONGEST_CURSOR = 3000


@dataclass(frozen=True, slots=True)
class EditWork:
    """Lines of one file that one and the same edit closes, or one line with its own."""

    rows: list[FindingRow]
    message: str
    """What the tool says; empty where it says the same as of the lines before."""

    @property
    def suggestion(self) -> Suggestion | None:
        return self.rows[0].suggestion

    @property
    def path(self) -> str:
        return self.rows[0].finding.path


@dataclass(frozen=True, slots=True)
class FileWork:
    """The places of one fix in one file, as many as this page shows."""

    path: str
    source: Source
    sum: Sum
    """Of all of them, shown or not."""
    edits: list[EditWork]
    scope: str
    """What a form names them all by."""


@dataclass(frozen=True, slots=True)
class GroupWork:
    """One fix with the files in which it is to be made, as many as this page shows."""

    group: FixGroup
    files: list[FileWork]
    is_continued: bool
    """The page before ended in it."""

    @property
    def fixable(self) -> str:
        """When it can be made, in a few words: as its edits say, where they all say the same."""
        said = {row.fixable for file in self.files for edit in file.edits for row in edit.rows}
        return said.pop() if len(said) == 1 else in_short(self.group.fix.when, ())


@dataclass(frozen=True, slots=True)
class SectionWork:
    """Fixes that are equally urgent."""

    section: Section
    groups: list[GroupWork]

    @property
    def words(self) -> str:
        return _SECTIONS[self.section]


@dataclass(frozen=True, slots=True)
class DeploymentWork:
    """One deployment's part of a page."""

    deployment: Deployment
    zone: ZoneInfo
    may_claim: bool
    sections: list[SectionWork]
    glance: list[FixGroup]
    """Every fix of the view, where the page does not show them all."""
    more_fixes: int
    """Fixes that the table leaves out."""
    patches: list[PatchCount]
    not_mine: Mapping[int, HandOver]
    """What the person says is not theirs, by finding."""
    asked_for: Mapping[int, WaiverRequest]
    """What is to be waived if a manager agrees, by finding."""
    is_continued: bool


@dataclass(frozen=True, slots=True)
class MyWork:
    """The page of one's own work."""

    show: str
    fix: FixGroup | None
    """The one fix that the list is narrowed to."""
    parts: list[DeploymentWork]
    counts: MyCounts
    sum: Sum
    """Of everything in the view, shown or not."""
    files: int
    shown: int
    next: str
    is_first_page: bool
    bad_cursor: bool
    likely_owners: list[LikelyOwners]
    """Whom the person may be, where nothing is theirs and a deployment does not know."""
    deployments: int
    """Deployments the person may see."""
    offers: list[WaitingHandOver]
    """What others say is the person's."""
    retiring: list[RunningRetirement]
    """DAGs that the person said will be gone."""
    unchecked: list[tuple[Deployment, list[Check]]]
    """Of each of them, the kinds of check it has not had: a short list of work may only mean that."""

    @property
    def may_act(self) -> bool:
        """Whether anything that is shown is the person's to claim."""
        return any(part.may_claim for part in self.parts)

    @property
    def tabs(self) -> list[tuple[str, str, int]]:
        """(view, words, how many); those that are rarely of use only where there is something in them."""
        counted = ((view, words, self.counts.of(view)) for view, words in VIEWS.items())
        always = ("week", "all", "claimed", self.show)
        return [tab for tab in counted if tab[2] or tab[0] in always]


def my_work(user: User, asked: Asked, *, today: date) -> MyWork:
    """What belongs to the person, by deployment, fix and file; one page of it."""
    mine = MyFindings(user, today)
    every = mine.groups(asked.show)
    chosen = next((group for group in every if group.key == asked.fix), None)
    groups = [chosen] if chosen else every
    place = _place_from(asked) if asked.cursor else None
    listed = [
        (group, one)
        for group in groups
        for one in group.places
        if place is None or [*mine.order(group), *_order(one)] > place
    ]
    shown, more = listed[:PAGE_SIZE], len(listed) > PAGE_SIZE
    total = Sum()
    for one in (one for group in groups for one in group.places):
        total.add(one, today)
    return MyWork(
        show=asked.show,
        fix=chosen,
        parts=_parts(mine, shown, groups, is_whole=place is None and not more),
        counts=mine.counts(),
        sum=total,
        files=len({(file, group.deployment_id) for group in groups for file in group.files}),
        shown=len(shown),
        next=_cursor(asked, mine, *shown[-1]) if more else "",
        is_first_page=place is None,
        bad_cursor=bool(asked.cursor) and place is None,
        likely_owners=_likely_owners(user, mine) if not groups else [],
        deployments=len(mine.deployments),
        offers=_offers(mine),
        retiring=retirements_running(mine.deployments, today=today, user=user),
        unchecked=_unchecked(mine.deployments),
    )


def _likely_owners(user: User, mine: MyFindings) -> list[LikelyOwners]:
    if mine.active:
        return []
    return likely_owners(user, deployments_without(mine.owner_ids, mine.deployments))


def _offers(mine: MyFindings) -> list[WaitingHandOver]:
    found = hand_overs_offered(mine.deployments, mine.owner_ids)
    return [one for one in found if one.hand_over.deployment_id in mine.claimable]


def _unchecked(deployments: list[Deployment]) -> list[tuple[Deployment, list[Check]]]:
    checks = checks_by_deployment(deployments)
    missing = (
        (deployment, [check for check in checks[deployment.pk] if not check.done])
        for deployment in deployments
    )
    return [(deployment, kinds) for deployment, kinds in missing if kinds]


def _order(place: Place) -> list[Any]:
    return [place.path, place.source_id, place.line or 0, place.pk]


def _cursor(asked: Asked, mine: MyFindings, group: FixGroup, place: Place) -> str:
    values = [asked.show, asked.fix, *mine.order(group), *_order(place)]
    return signing.dumps(values, salt=_SALT)


def _place_from(asked: Asked) -> list[Any] | None:
    """The place that a cursor names; None where we never wrote it, or for another list."""
    if len(asked.cursor) > _LONGEST_CURSOR:
        return None
    try:
        show, fix, *values = signing.loads(asked.cursor, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return values if (show, fix) == (asked.show, asked.fix) else None


_Shown = Sequence[tuple[FixGroup, Place]]


def _parts(
    mine: MyFindings, shown: _Shown, groups: Sequence[FixGroup], *, is_whole: bool
) -> list[DeploymentWork]:
    keys = [place.pk for _group, place in shown]
    rows = _rows(keys, mine.today)
    not_mine, asked_for = hand_overs_by_finding(keys), requests_by_finding(keys)
    patches = patch_counts(mine.deployments, mine.owner_ids) if shown else {}
    parts = []
    for deployment_id, part in groupby(shown, key=lambda pair: pair[0].deployment_id):
        pairs = list(part)
        deployment = mine.by_id[deployment_id]
        here = [group for group in groups if group.deployment_id == deployment_id]
        starts = pairs[0][1] is here[0].places[0]
        parts.append(
            DeploymentWork(
                deployment=deployment,
                zone=zone_of(deployment),
                may_claim=deployment_id in mine.claimable,
                sections=_sections(pairs, rows),
                glance=[] if is_whole or not starts else here[:MOST_AT_A_GLANCE],
                more_fixes=max(0, len(here) - MOST_AT_A_GLANCE),
                patches=patches.get(deployment_id, []) if starts else [],
                not_mine=not_mine,
                asked_for=asked_for,
                is_continued=not starts,
            )
        )
    return parts


def _rows(keys: Sequence[int], today: date) -> Mapping[int, FindingRow]:
    found = Finding.objects.filter(pk__in=keys).select_related("owner", "source", "retirement")
    rows = finding_rows(found.prefetch_related(live_waivers(), claim_events()), today=today)
    return {row.finding.pk: row for row in rows}


def _sections(pairs: _Shown, rows: Mapping[int, FindingRow]) -> list[SectionWork]:
    groups: dict[Section, list[GroupWork]] = {}
    for _key, part in groupby(pairs, key=lambda pair: pair[0].key):
        places = list(part)
        group = places[0][0]
        found = [rows[place.pk] for _group, place in places if place.pk in rows]
        is_continued = places[0][1] is not group.places[0]
        groups.setdefault(group.section, []).append(
            GroupWork(group, _files(group, found), is_continued)
        )
    return [SectionWork(section, found) for section, found in groups.items()]


def _files(group: FixGroup, rows: Iterable[FindingRow]) -> list[FileWork]:
    files = []
    for (path, source_id), part in groupby(
        rows, key=lambda row: (row.finding.path, row.finding.source_id)
    ):
        found = list(part)
        files.append(
            FileWork(
                path=path,
                source=found[0].finding.source,
                sum=group.files[path, source_id],
                edits=_edits(found),
                scope=file_scope(group, path, source_id),
            )
        )
    return files


def _edits(rows: Iterable[FindingRow]) -> list[EditWork]:
    """Rows whose edits are the same, like the one import that many lines use, together."""
    by_edit: dict[str, list[FindingRow]] = {}
    for row in rows:
        name = row.finding.fix if row.suggestion else f"{row.finding.pk}"
        by_edit.setdefault(name, []).append(row)
    edits: list[EditWork] = []
    said = ""
    for found in by_edit.values():
        message = found[0].finding.message
        edits.append(EditWork(found, "" if message == said else message))
        said = message
    return edits
