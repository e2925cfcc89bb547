"""What every change of a deployment holds on to, and leaves behind so that derived pages are made afresh."""

from __future__ import annotations

from django.db.models import F

from planner.models import Deployment


def deployment_hold(*, deployment_id: int) -> Deployment:
    """The deployment as it is now; other writers of its findings wait until the transaction ends.

    Whoever changes findings takes this first, so that two of them never wait for each other.
    """
    # Rows that refer to the deployment, like a new scan, can still be added meanwhile.
    return Deployment.objects.select_for_update(no_key=True).get(pk=deployment_id)


def revision_bump(*, deployment_id: int) -> None:
    """Count a change that a decision, plan or runbook could show. Runs inside the caller's transaction."""
    Deployment.objects.filter(pk=deployment_id).update(revision=F("revision") + 1)
