"""The runbook of a deployment as it stands, and the revisions that were recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planner.domain.dates import with_year
from planner.domain.finding import Category
from planner.domain.person import name_of
from planner.domain.plan import Plan
from planner.domain.report import DagEntry
from planner.domain.runbook import Readiness, Runbook, build_runbook, document_of
from planner.domain.runbook_params import RunbookParamsError, fields_for, params_from
from planner.models import Dag, Deployment, RunbookRevision
from planner.rulebook.load import rulebook
from planner.selectors.deployment import facts_of
from planner.selectors.local_time import local_day, zone_name
from planner.selectors.plan import PlanGround, calendar_of, ground_of, plan_from

NO_CODE_SCAN = "a scan of the DAG code; upload a ruff report or add a source"
NO_IMPORT_CHECK = (
    "imports on a real 3.x environment; upload its airflow dags list-import-errors -o json"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The runbook that today's parameters, facts and findings give."""

    runbook: Runbook
    values: Mapping[str, Any]
    """The parameters it was made from, the proposed ones included."""

    @property
    def document(self) -> dict[str, Any]:
        return document_of(self.runbook.content, hash=self.runbook.hash, revision=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashAnswer:
    """What a hash on someone's paper is."""

    sentence: str
    current: bool
    revision: RunbookRevision | None


def readiness_of(
    deployment: Deployment, plan: Plan, ground: PlanGround, *, now: datetime
) -> Readiness:
    """What is known today about going ahead. No query."""
    blocks = ground.counts.active.where(lambda row: row.category is Category.BLOCK)
    return Readiness(
        today=now,
        open_blocks=blocks.number,
        unchecked=tuple(
            sentence
            for at, sentence in (
                (ground.sight.scanned_at, NO_CODE_SCAN),
                (ground.sight.imports_at, NO_IMPORT_CHECK),
            )
            if at is None
        ),
        gates_open=tuple(
            f"{phase.key} “{gate.text}”"
            for phase in plan.before_cutover()
            for gate in phase.blocking
        ),
        blackouts=calendar_of(deployment).blackouts,
    )


def values_of(deployment: Deployment, plan: Plan) -> dict[str, Any]:
    """The stored parameters; freeze and zone are proposed where nobody has set them."""
    clock = rulebook().runbook["settings"]["window"]["freeze_clock"]
    proposed = {
        "freeze": f"{plan.cutover[0].isoformat()}T{clock}",
        "zone": zone_name(deployment),
    }
    stored = {key: value for key, value in deployment.runbook.items() if value not in ("", None)}
    return {**proposed, **stored, **_still_known(stored)}


def _still_known(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Roles, rehearsals and blanks that this rulebook has; a newer one may have dropped some."""
    settings = rulebook().runbook["settings"]
    known = {"roles": "role", "rehearsed": "rehearsal", "words": "field"}
    return {
        name: {
            key: value
            for key, value in stored[name].items()
            if key in {entry["key"] for entry in settings[table]}
        }
        for name, table in known.items()
        if name in stored
    }


def draft_of(
    deployment: Deployment, *, now: datetime, values: Mapping[str, Any] | None = None
) -> Draft:
    """The runbook as it would be printed now; ``values`` replace stored parameters. Six queries.

    Raises:
        RunbookParamsError: a parameter cannot be.
    """
    today = local_day(deployment, now)
    ground = ground_of(deployment, today=today)
    plan = plan_from(deployment, ground, today=today)
    chosen = {**values_of(deployment, plan), **(values or {})}
    runbook = build_runbook(
        params_from(chosen, rulebook()),
        facts_of(deployment),
        rulebook(),
        slug=deployment.slug,
        readiness=readiness_of(deployment, plan, ground, now=now),
        dags=_dags(deployment),
    )
    return Draft(runbook=runbook, values=chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """One line of the form that a team may fill; ``proposed`` is printed where it stays empty."""

    key: str
    label: str
    help: str
    proposed: str
    long: bool
    """A command or a sentence, not a path or a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the form of the parameters has: roles, rehearsals and blanks of this way and hosting."""

    roles: Sequence[Mapping[str, Any]]
    rehearsals: Sequence[Mapping[str, Any]]
    blanks: Sequence[Blank]


def shape_of(deployment: Deployment, draft: Draft) -> Shape:
    """The form's lines for the way that the draft goes."""
    settings = rulebook().runbook["settings"]
    way = draft.runbook.content["way"]
    managed = facts_of(deployment).hosting != "open-source"
    return Shape(
        roles=settings["role"],
        rehearsals=[]
        if managed
        else [r for r in settings["rehearsal"] if r.get("way", way) == way],
        blanks=[
            Blank(
                key=entry["key"],
                label=entry["label"],
                help=entry.get("help", ""),
                proposed=draft.runbook.proposed.get(entry["key"], ""),
                long=entry.get("long", False),
            )
            for entry in fields_for(rulebook(), way, managed)
        ],
    )


def params_wrong(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs of parameter and sentence for everything that cannot be; empty where all can."""
    try:
        params_from(values, rulebook())
    except RunbookParamsError as error:
        return error.errors
    return []


def revisions_of(deployment: Deployment) -> list[RunbookRevision]:
    """Recorded revisions, newest first, without their content. One query."""
    rows = RunbookRevision.objects.filter(deployment=deployment).select_related("author")
    return list(rows.defer("content"))


def revision_numbered(deployment: Deployment, number: int) -> RunbookRevision | None:
    """One recorded revision with its content."""
    rows = RunbookRevision.objects.filter(deployment=deployment, number=number)
    return rows.select_related("author").first()


def revision_newest(deployment: Deployment) -> RunbookRevision | None:
    """The revision that everyone should hold, with its content. One query."""
    rows = RunbookRevision.objects.filter(deployment=deployment).select_related("author")
    return rows.order_by("-number").first()


def document_of_revision(revision: RunbookRevision) -> dict[str, Any]:
    """A recorded revision as it was printed."""
    day = local_day(revision.deployment, revision.recorded_at)
    who = f" by {name_of(revision.author)}" if revision.author else ""
    return document_of(
        revision.content,
        hash=revision.hash,
        revision=revision.number,
        recorded=f"{with_year(day)}{who}",
    )


def whose_hash(revisions: Sequence[RunbookRevision], text: str, *, draft_hash: str) -> HashAnswer:
    """Which paper carries that hash, and whether it is the one to work from. Newest revision first."""
    asked = text.strip().lower()
    if len(asked) < 4:
        return HashAnswer(
            sentence="Type at least the first 4 letters of the hash.", current=False, revision=None
        )
    found = next((row for row in revisions if row.hash.startswith(asked)), None)
    if found is None:
        if draft_hash.startswith(asked):
            sentence = "That is today's draft. It is not recorded: nobody should work from it."
        else:
            sentence = f"No recorded revision has the hash {asked}. Do not work from that paper."
        return HashAnswer(sentence=sentence, current=False, revision=None)
    newest = revisions[0]
    if found.pk != newest.pk:
        sentence = (
            f"That is revision {found.number}. Revision {newest.number} has replaced it: "
            "print that one."
        )
        return HashAnswer(sentence=sentence, current=False, revision=found)
    if found.hash != draft_hash:
        sentence = (
            f"That is revision {found.number}, the newest one recorded, but parameters, facts or "
            "findings have changed since: record a new revision, or work from this one knowingly."
        )
        return HashAnswer(sentence=sentence, current=False, revision=found)
    return HashAnswer(
        sentence=f"That is revision {found.number}, the newest one, and nothing has changed since.",
        current=True,
        revision=found,
    )


def _dags(deployment: Deployment) -> list[DagEntry]:
    rows = Dag.objects.filter(deployment=deployment, resolved=True).order_by("dag_id", "pk")
    return [
        DagEntry(dag_id=dag_id, path=path, owners=tuple(owners or ()), paused=paused)
        for dag_id, path, owners, paused in rows.values_list("dag_id", "path", "owners", "paused")
    ]
