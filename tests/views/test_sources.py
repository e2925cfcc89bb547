"""Adding, changing, pausing and removing sources on pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from planner.models import Deployment, Finding, Scan, Source
from planner.services.rescan import rescan_request, scan_run
from planner.services.source import SourceDraft, source_store
from tests.repository import first_state

NOW = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)
ADD = "/d/production/sources/add/"


@pytest.fixture
def source(deployment: Deployment, tmp_path: Path) -> Source:
    repository = first_state(tmp_path / "repository")
    return source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="git", location=str(repository.folder)),
        now=NOW,
    )


def address(source: Source, step: str = "") -> str:
    return f"/d/production/sources/{source.pk}/{step}"


def fields(source: Source, **values: str) -> dict[str, str]:
    return {
        "name": source.name,
        "kind": source.kind,
        "location": source.location,
        "schedule": source.schedule,
        **values,
    }


@pytest.mark.parametrize("step", ["", "remove/"])
def test_only_admins_change_sources(
    source: Source, client_for: Callable[[User], Client], alice: User, charlie: User, step: str
) -> None:
    assert client_for(alice).get(address(source, step)).status_code == 403
    assert client_for(charlie).get(address(source, step)).status_code == 404
    assert client_for(alice).get(ADD).status_code == 403


def test_rescanning_needs_a_manager_and_a_post(
    source: Source, client_for: Callable[[User], Client], alice: User, bob: User
) -> None:
    assert client_for(bob).post(address(source, "rescan/")).status_code == 403
    assert client_for(alice).get(address(source, "rescan/")).status_code == 405


def test_an_admin_adds_a_source(
    deployment: Deployment, client_for: Callable[[User], Client], dana: User, tmp_path: Path
) -> None:
    client = client_for(dana)
    assert 'value="0 12 * * MON"' in client.get(ADD).content.decode()
    answer = client.post(
        ADD, {"name": "dags", "kind": "folder", "location": str(tmp_path)}, follow=True
    )
    source = Source.objects.get()
    assert (source.kind, source.schedule) == ("folder", "0 12 * * MON")
    assert "Added dags." in answer.content.decode()


def test_adding_a_name_that_is_taken_changes_nothing(
    source: Source, client_for: Callable[[User], Client], dana: User, tmp_path: Path
) -> None:
    page = client_for(dana).post(ADD, {"name": "dags", "kind": "folder", "location": str(tmp_path)})
    assert "another source is called" in page.content.decode()
    source.refresh_from_db()
    assert source.kind == "git"


def test_a_wrong_field_is_told_beside_it_and_keeps_what_was_typed(
    deployment: Deployment, client_for: Callable[[User], Client], dana: User, tmp_path: Path
) -> None:
    page = client_for(dana).post(
        ADD, {"name": "dags", "kind": "folder", "location": str(tmp_path), "schedule": "weekly"}
    )
    assert "five cron fields" in page.content.decode()
    assert 'id="schedule-error"' in page.content.decode()
    assert 'value="weekly"' in page.content.decode()
    assert not Source.objects.exists()


def test_pages_may_name_only_variables_that_the_setting_lists(
    source: Source, client_for: Callable[[User], Client], dana: User, settings: Settings
) -> None:
    client = client_for(dana)
    refused = client.post(address(source), fields(source, password_env="SECRET_KEY"))
    assert "SOURCE_SECRETS" in refused.content.decode()
    assert "it lists none yet" in refused.content.decode()
    settings.SOURCE_SECRETS = ["GIT_TOKEN"]
    assert "<code>GIT_TOKEN</code>" in client.get(address(source)).content.decode()
    assert client.post(address(source), fields(source, password_env="GIT_TOKEN")).status_code == 302
    source.refresh_from_db()
    assert source.password_env == "GIT_TOKEN"


def test_a_source_is_renamed_and_rescheduled(
    source: Source, client_for: Callable[[User], Client], dana: User
) -> None:
    client = client_for(dana)
    client.post(address(source), fields(source, name="code", schedule="30 6 * * *"))
    source.refresh_from_db()
    assert (source.name, source.schedule) == ("code", "30 6 * * *")


def test_pausing_and_resuming(
    source: Source, client_for: Callable[[User], Client], dana: User
) -> None:
    client = client_for(dana)
    page = client.post(address(source, "pause/"), {"paused": "yes"}, follow=True).content.decode()
    assert "Paused dags." in page
    assert "Resume" in page
    source.refresh_from_db()
    assert source.next_due_at is None
    client.post(address(source, "pause/"), {"paused": "no"})
    source.refresh_from_db()
    assert source.next_due_at is not None


def test_removing_asks_for_the_name_and_takes_findings_scans_and_files(
    source: Source,
    client_for: Callable[[User], Client],
    dana: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    queued = rescan_request(source=source, user=None, cause="button", now=NOW)
    scan = scan_run(scan_id=queued.pk, now=NOW)
    assert scan is not None
    raw = Path(scan.raw.path)
    assert raw.exists()
    client = client_for(dana)
    page = client.get(address(source, "remove/")).content.decode()
    assert "takes 5 findings and 1 scan with it" in page
    wrong = client.post(address(source, "remove/"), {"name": "other"}).content.decode()
    assert "Nothing was removed." in wrong
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address(source, "remove/"), {"name": "dags"})
    assert not Source.objects.exists()
    assert not Scan.objects.exists()
    assert not Finding.objects.exists()
    assert not raw.exists()


def test_another_deployments_source_does_not_exist_here(
    source: Source, client_for: Callable[[User], Client], dana: User
) -> None:
    other = Deployment.objects.create(slug="other", name="Other", facts=source.deployment.facts)
    theirs = Source.objects.create(deployment=other, name="x", kind="git", location="/x")
    assert client_for(dana).get(address(theirs)).status_code == 404
    assert client_for(dana).post(address(theirs, "rescan/")).status_code == 404
