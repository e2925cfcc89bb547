"""Stores the runbook's parameters, and freezes revisions of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from planner.domain.runbook_params import params_from
from planner.models import Deployment, RunbookRevision
from planner.rulebook.load import rulebook
from planner.selectors.runbook import draft_of
from planner.services.revision import revision_bump


@transaction.atomic
def runbook_params_save(*, deployment: Deployment, values: Mapping[str, Any]) -> Deployment:
    """Keep the parameters of the runbook; nothing is kept where one of them cannot be.

    Raises:
        RunbookParamsError: which fields are wrong, and why.
    """
    params_from(values, rulebook())
    deployment.runbook = dict(values)
    deployment.save(update_fields=["runbook", "updated_at"])
    revision_bump(deployment_id=deployment.pk)
    return deployment


@transaction.atomic
def runbook_record(
    *,
    deployment: Deployment,
    author: User | None,
    now: datetime,
    values: Mapping[str, Any] | None = None,
) -> RunbookRevision:
    """Freeze the runbook whole under the next number, so that it reprints as it is.

    ``values`` replace stored parameters, and are kept, so that the next draft is made from them too.
    Where nothing has changed since the newest revision, that one is returned: two numbers on the
    same paper would only raise the question which is right.

    Raises:
        RunbookParamsError: a parameter cannot be; nothing was recorded.
    """
    locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
    draft = draft_of(locked, now=now, values=values)
    if values:
        runbook_params_save(deployment=locked, values=draft.values)
    newest = RunbookRevision.objects.filter(deployment=locked).order_by("-number").first()
    if newest is not None and newest.hash == draft.runbook.hash:
        return newest
    return RunbookRevision.objects.create(
        deployment=locked,
        number=newest.number + 1 if newest else 1,
        hash=draft.runbook.hash,
        content=draft.runbook.content,
        rulebook_hash=rulebook().hash,
        author=author,
        recorded_at=now,
    )
