"""Writes what a plan cannot derive: its template, its start, and signatures under gates."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.measure import SIGNED_MEASURES, GateState
from planner.domain.plan import Gate, PlanError, check_start, templates
from planner.models import Deployment, GateSignature
from planner.rulebook.load import rulebook
from planner.selectors.local_time import local_day
from planner.selectors.plan import plan_of
from planner.services.due import dues_follow_plan
from planner.services.revision import deployment_hold, revision_bump

NOTE_LENGTH = 500


class GateRefused(ValueError):
    """A gate that cannot be signed. The message is one sentence that says why."""


@transaction.atomic
def plan_set(
    *,
    deployment: Deployment,
    template: str | None = None,
    start: date | None = None,
    now: datetime,
    user: User | None,
) -> Deployment:
    """Store the template and the start of a plan; what is None stays. Due dates of ERRORs follow.

    Raises:
        PlanError: there is no such template, or no plan can start on that day.
    """
    deployment = deployment_hold(deployment_id=deployment.pk)
    if template is not None:
        known = templates(rulebook())
        if template not in known:
            raise PlanError(f'"{template}" is not a plan template; use one of {", ".join(known)}.')
        deployment.plan_template = template
    if start is not None:
        check_start(start)
        deployment.plan_start = start
    deployment.save(update_fields=["plan_template", "plan_start", "updated_at"])
    dues_follow_plan(deployment=deployment, now=now, user=user)
    revision_bump(deployment_id=deployment.pk)
    return deployment


@transaction.atomic
def gate_sign(
    *,
    deployment: Deployment,
    gate: str,
    person: User,
    note: str = "",
    now: datetime,
    template: str | None = None,
) -> GateSignature:
    """Put a person's name under a gate that no data can answer. Signing it again replaces the note.

    Raises:
        GateRefused: the plan has no such gate, or its data can tell.
    """
    found = _gate(deployment, gate, now, template)
    if not found.signable and found.measure in SIGNED_MEASURES:
        raise GateRefused(
            f"Gate {gate} cannot be signed yet. {found.evidence.removeprefix('Not yet. ')}"
        )
    if not found.signable:
        state = "has passed" if found.state is GateState.PASS else "is not signed by hand"
        raise GateRefused(f"Gate {gate} {state}: its state comes from the data. {found.evidence}")
    if len(note) > NOTE_LENGTH:
        raise GateRefused(f"The note may have {NOTE_LENGTH} characters, not {len(note)}.")
    _withdraw(deployment, gate, now)
    signature = GateSignature.objects.create(
        deployment=deployment, gate=gate, person=person, note=note.strip(), signed_at=now
    )
    revision_bump(deployment_id=deployment.pk)
    return signature


@transaction.atomic
def gate_unsign(*, deployment: Deployment, gate: str, now: datetime) -> None:
    """Take the signature under a gate away; the row stays as history.

    Raises:
        GateRefused: nobody has signed that gate.
    """
    if not _withdraw(deployment, gate, now):
        raise GateRefused(f"Nobody has signed gate {gate}.")
    revision_bump(deployment_id=deployment.pk)


def _withdraw(deployment: Deployment, gate: str, now: datetime) -> int:
    standing = GateSignature.objects.filter(
        deployment=deployment, gate=gate, withdrawn_at__isnull=True
    )
    return standing.update(withdrawn_at=now)


def _gate(deployment: Deployment, key: str, now: datetime, template: str | None) -> Gate:
    plan = plan_of(deployment, template=template, today=local_day(deployment, now))
    found = plan.gate(key)
    if found is None:
        raise GateRefused(f'The plan "{plan.name}" has no gate {key}.')
    return found
