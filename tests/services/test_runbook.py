"""Recording freezes the runbook whole; wrong parameters leave nothing behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from planner.domain.runbook_params import RunbookParamsError
from planner.models import Deployment, RunbookRevision
from planner.rendering.pdf import typeset
from planner.rulebook.load import rulebook
from planner.selectors.runbook import document_of_revision
from planner.services.runbook import runbook_params_save, runbook_record
from tests.factories import NOW

VALUES = {"freeze": "2027-03-05T18:00", "zone": "Europe/Berlin"}


def test_a_revision_reprints_identically_whatever_changes(
    deployment: Deployment, alice: User
) -> None:
    revision = runbook_record(deployment=deployment, author=alice, now=NOW, values=VALUES)
    first = typeset("runbook.typ", document_of_revision(revision), paper="a4")

    deployment.refresh_from_db()
    deployment.facts["dag_count"] = 999
    deployment.save()
    runbook_record(deployment=deployment, author=alice, now=NOW + timedelta(days=3))

    stored = RunbookRevision.objects.get(number=1)
    assert typeset("runbook.typ", document_of_revision(stored), paper="a4") == first
    assert stored.rulebook_hash == rulebook().hash
    assert stored.author == alice
    assert [row.number for row in deployment.runbook_revisions.all()] == [2, 1]


def test_recording_what_has_not_changed_gives_the_same_revision(
    deployment: Deployment, alice: User
) -> None:
    first = runbook_record(deployment=deployment, author=alice, now=NOW, values=VALUES)
    again = runbook_record(deployment=deployment, author=alice, now=NOW + timedelta(hours=1))

    assert again == first
    assert again.recorded_at == NOW


def test_wrong_parameters_are_not_kept(deployment: Deployment) -> None:
    with pytest.raises(RunbookParamsError, match="zone"):
        runbook_params_save(deployment=deployment, values={**VALUES, "zone": "Mars/Olympus"})
    with pytest.raises(RunbookParamsError, match="does not exist"):
        runbook_record(
            deployment=deployment, author=None, now=NOW, values={"freeze": "2027-03-28T02:30"}
        )

    deployment.refresh_from_db()
    assert deployment.runbook == {}
    assert deployment.revision == 1
    assert not RunbookRevision.objects.exists()


def test_saving_counts_as_a_change_of_the_deployment(deployment: Deployment) -> None:
    runbook_params_save(deployment=deployment, values=VALUES)

    deployment.refresh_from_db()
    assert deployment.runbook == VALUES
    assert deployment.revision == 2
