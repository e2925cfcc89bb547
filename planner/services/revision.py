"""What every change of a deployment leaves behind, so that derived pages are made afresh."""

from __future__ import annotations

from django.db.models import F

from planner.models import Deployment


def revision_bump(*, deployment_id: int) -> None:
    """Count a change that a decision, plan or runbook could show. Runs inside the caller's transaction."""
    Deployment.objects.filter(pk=deployment_id).update(revision=F("revision") + 1)
