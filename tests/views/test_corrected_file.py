"""One corrected file: as it was scanned, under its findings' edits, where the code is to be had."""

from __future__ import annotations

import html
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from planner.models import Deployment, Finding, Scan, Source
from planner.services.rescan import rescan_request, scan_run
from planner.services.source import SourceDraft, source_store
from tests.factories import NOW, make_finding, make_scan, make_source
from tests.repository import SALES, Repository, first_state
from tests.views.text import text_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User], Client]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return first_state(tmp_path / "repository")


def scanned(deployment: Deployment, repository: Repository, kind: str) -> Source:
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind=kind, location=str(repository.folder)),
        now=NOW,
    )
    rescan(source)
    return source


def rescan(source: Source) -> None:
    queued = rescan_request(source=source, user=None, cause="button", now=NOW)
    scan = scan_run(scan_id=queued.pk, now=NOW + timedelta(minutes=1))
    assert scan is not None and scan.state == Scan.State.DONE, scan and scan.error


def sales() -> Finding:
    return Finding.objects.get(path="dags/sales.py", rule_id="AIR301")


def corrected(client: Client, finding: Finding, query: str = "") -> HttpResponse:
    return client.get(f"/d/production/findings/{finding.pk}/corrected/{query}")


def words(response: HttpResponse) -> str:
    return html.unescape(text_of(response))


@pytest.mark.parametrize("kind", ["folder", "git"])
def test_it_is_the_scanned_file_as_the_patch_would_leave_it(
    client_for: ClientFor,
    bob: User,
    deployment: Deployment,
    repository: Repository,
    tmp_path: Path,
    kind: str,
) -> None:
    source = scanned(deployment, repository, kind)
    client = client_for(bob)
    page = client.get(f"/d/production/findings/{sales().pk}/")
    assert "Download the corrected file" in words(page)
    assert "dags/sales.py" in words(client.get("/d/production/fixes/?owner=all"))
    answer = corrected(client, sales())
    assert answer.status_code == 200, words(answer)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="sales.py"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    patch = client.get(f"/d/production/fixes/{source.pk}.patch?owner=all").content
    subprocess.run(["git", "apply", "-"], cwd=repository.folder, input=patch, check=True)
    assert answer.content.decode() == (repository.folder / "dags/sales.py").read_text()
    assert 'schedule="@daily"' in answer.content.decode() != SALES


def test_of_a_repository_it_is_the_scanned_commit_whatever_came_since(
    client_for: ClientFor, bob: User, deployment: Deployment, repository: Repository
) -> None:
    scanned(deployment, repository, "git")
    before = corrected(client_for(bob), sales()).content
    repository.commit(dags__sales="x = 1\n")
    assert corrected(client_for(bob), sales()).content == before


def test_a_folder_that_has_changed_is_refused_in_one_sentence(
    client_for: ClientFor, bob: User, deployment: Deployment, repository: Repository
) -> None:
    scanned(deployment, repository, "folder")
    repository.write("dags/sales.py", "# new\n" + SALES)
    answer = corrected(client_for(bob), sales())
    assert answer.status_code == 409
    assert "The file has changed since it was scanned" in words(answer)
    (repository.folder / "dags/sales.py").unlink()
    answer = corrected(client_for(bob), sales())
    assert (answer.status_code, "is not in the folder any more" in words(answer)) == (409, True)


def test_unsafe_edits_are_in_it_when_asked_for(
    client_for: ClientFor, bob: User, deployment: Deployment, repository: Repository
) -> None:
    scanned(deployment, repository, "folder")
    finding = sales()
    Finding.objects.filter(pk=finding.pk).update(
        fix=finding.fix.replace('"applicability":"safe"', '"applicability":"unsafe"')
    )
    assert b"schedule_interval" in corrected(client_for(bob), finding).content
    assert b"schedule_interval" not in corrected(client_for(bob), finding, "?unsafe=1").content
    page = words(client_for(bob).get(f"/d/production/findings/{finding.pk}/"))
    assert "unsafe ones too" in page


def test_of_uploads_there_is_none_and_the_page_says_why(
    client_for: ClientFor, bob: User, deployment: Deployment, repository: Repository
) -> None:
    scanned(deployment, repository, "folder")
    finding = sales()
    Source.objects.update(kind="upload")
    page = words(client_for(bob).get(f"/d/production/findings/{finding.pk}/"))
    assert "has reports and not the code" in page and "Download the corrected file" not in page
    answer = corrected(client_for(bob), finding)
    assert answer.status_code == 409
    assert "take the patch" in words(answer)


@pytest.mark.parametrize(
    ("path", "is_given"),
    [
        ("dags/own.py", True),
        ("../outside.py", False),
        ("/etc/passwd.py", False),
        ("dags/linked/a.py", False),
        ("dags/link.py", False),
        ("dags/a.cfg", False),
    ],
)
def test_nothing_is_read_from_elsewhere(
    client_for: ClientFor,
    bob: User,
    deployment: Deployment,
    tmp_path: Path,
    path: str,
    is_given: bool,
) -> None:
    for name in ("outside.py", "elsewhere/a.py", "source/dags/a.cfg", "source/dags/own.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("secret\n")
    (tmp_path / "source/dags/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "source/dags/link.py").symlink_to(tmp_path / "outside.py")
    edit = {"location": {"row": 1, "column": 1}, "end_location": {"row": 1, "column": 2}}
    source = make_source(deployment, "folder", kind="folder", location=str(tmp_path / "source"))
    finding = make_finding(
        make_scan(source),
        path=path,
        fix={"applicability": "safe", "edits": [{**edit, "content": "S"}], "diff": ""},
    )
    answer = corrected(client_for(bob), finding)
    assert answer.status_code == (200 if is_given else 409)
    assert (b"Secret" in answer.content) == is_given


def test_a_viewer_and_people_from_elsewhere_get_none(
    client_for: ClientFor,
    erin: User,
    charlie: User,
    deployment: Deployment,
    repository: Repository,
) -> None:
    scanned(deployment, repository, "folder")
    assert corrected(client_for(erin), sales()).status_code == 403
    assert corrected(client_for(charlie), sales()).status_code == 404
    page = words(client_for(erin).get(f"/d/production/findings/{sales().pk}/"))
    assert "Download the corrected file" not in page


def test_a_file_without_such_an_edit_has_none(
    client_for: ClientFor, bob: User, deployment: Deployment, repository: Repository
) -> None:
    scanned(deployment, repository, "folder")
    Finding.objects.update(fix="")
    answer = corrected(client_for(bob), sales())
    assert (answer.status_code, "has such an edit" in words(answer)) == (409, True)
