"""The page /d/SLUG/scans/, uploads, and one scan's receipt."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from planner.domain.report import ReportRejected
from planner.models import Deployment, Finding, Scan, Source
from planner.services.beat import beat_tick
from planner.services.rescan import rescan_request, scan_run
from planner.services.scan import scan_receive
from planner.services.source import SourceDraft, source_store
from tests.repository import first_state

PAGE = "/d/production/scans/"
UPLOAD = f"{PAGE}upload/"
ITEM = {
    "rule_id": "SubDagOperatorRule",
    "severity": "ERROR",
    "dag_id": "sales",
    "file": "dags/sales.py",
    "line": 3,
    "message": "SubDagOperator is removed in Airflow 3",
}
NOW = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_queue(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Scans that were offered to a worker; there is none here. The worker's own tests have one."""
    offered: list[int] = []
    for module in ("scan", "source"):
        monkeypatch.setattr(f"planner.views.{module}.enqueue_scan", offered.append)
    return offered


def report(*items: object) -> SimpleUploadedFile:
    return SimpleUploadedFile("findings.json", json.dumps(items).encode())


def applied(deployment: Deployment, *items: object, **values: object) -> Scan:
    """A scan of an uploaded report, worked to its end."""
    scan = scan_receive(
        deployment=deployment,
        source_name="",
        stream=report(*items),
        file_name="findings.json",
        options=values,
        cause="upload",
        user=None,
        now=NOW,
    )
    finished = scan_run(scan_id=scan.pk, now=NOW)
    assert finished is not None
    return finished


# ------------------------------------------------------------------------------- who may what


@pytest.mark.parametrize("path", ["", "1/", "1/raw/"])
def test_reading_needs_membership(
    deployment: Deployment, client_for: Callable[[User], Client], charlie: User, path: str
) -> None:
    assert client_for(charlie).get(PAGE + path).status_code == 404
    assert Client().get(PAGE + path).status_code == 302


@pytest.mark.parametrize("path", ["upload/", "1/confirm/", "1/discard/", "1/take-good/"])
def test_changing_needs_a_manager_and_a_post(
    client_for: Callable[[User], Client], bob: User, alice: User, path: str
) -> None:
    assert client_for(bob).post(PAGE + path).status_code == 403
    assert client_for(alice).get(PAGE + path).status_code == 405


def test_a_viewer_reads_and_is_told_what_they_may_not(
    deployment: Deployment, client_for: Callable[[User], Client], erin: User
) -> None:
    page = client_for(erin).get(PAGE).content.decode()
    assert "need the role manager" in page
    assert 'type="file"' not in page
    assert "Rescan now" not in page


# ---------------------------------------------------------------------------------- the page


def test_an_empty_page_says_what_to_do(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    page = client_for(alice).get(PAGE).content.decode()
    assert "Nothing has been scanned yet." in page
    assert "No next one is planned." in page
    assert "ingest - --deployment production" in page


def test_the_sentence_tells_age_and_next_run(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User, tmp_path: Path
) -> None:
    scan = applied(deployment, ITEM)
    now = datetime.now(UTC)
    Scan.objects.filter(pk=scan.pk).update(created_at=now - timedelta(days=2, hours=1))
    source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="folder", location=str(tmp_path)),
        now=now,
    )
    page = client_for(alice).get(PAGE).content.decode()
    assert "The last scan is two days old." in page
    assert "The next one runs on Mon" in page
    assert "at 12:00." in page


def test_rejected_reports_are_rows_and_names_are_escaped(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    scan = applied(deployment, {**ITEM, "severity": "<b>Eror</b>"})
    assert scan.state == Scan.State.REJECTED
    page = client_for(alice).get(PAGE).content.decode()
    assert "rejected and changed nothing" in page
    assert "<b>Eror</b>" not in page


def test_history_is_paged_and_costs_the_same_whatever_its_length(
    deployment: Deployment,
    client_for: Callable[[User], Client],
    alice: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    source = Source.objects.create(deployment=deployment, name="uploads")
    Scan.objects.bulk_create(
        Scan(
            deployment=deployment,
            source=source,
            state=Scan.State.DONE,
            created_at=NOW + timedelta(hours=number),
            finished_at=NOW + timedelta(hours=number),
            counts={"fixed": number, "new": 0, "regressed": 0},
            totals={"by_severity": {"ERROR": 1}},
        )
        for number in range(60)
    )
    client = client_for(alice)
    with django_assert_max_num_queries(15):
        first = client.get(PAGE)
    seen = [scan.pk for scan in first.context["history"].scans]
    while cursor := first.context["history"].cursor:
        first = client.get(PAGE, {"before": cursor})
        seen += [scan.pk for scan in first.context["history"].scans]
    assert seen == list(Scan.objects.order_by("-created_at").values_list("pk", flat=True))
    assert client.get(PAGE, {"before": "x"}).status_code == 404


# --------------------------------------------------------------------------------- uploading


def test_an_upload_is_queued_and_its_task_follows_the_commit(
    deployment: Deployment,
    client_for: Callable[[User], Client],
    alice: User,
    no_queue: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = client_for(alice).post(UPLOAD, {"file": report(ITEM), "complete": "on"})
        assert no_queue == []
    scan = Scan.objects.get()
    assert no_queue == [scan.pk]
    assert answer.headers["Location"] == f"{PAGE}{scan.pk}/"
    assert (scan.state, scan.requested_by, scan.file_name) == ("queued", alice, "findings.json")
    assert scan.options == {"complete": True}
    page = client_for(alice).get(f"{PAGE}{scan.pk}/").content.decode()
    assert "This scan waits for a worker." in page
    assert 'hx-trigger="every 2s"' in page


@pytest.mark.parametrize(
    ("data", "words"),
    [({}, "Choose a report file."), ({"file": SimpleUploadedFile("a.json", b"")}, "empty")],
)
def test_an_upload_without_content_is_told_beside_the_field(
    deployment: Deployment,
    client_for: Callable[[User], Client],
    alice: User,
    data: dict[str, object],
    words: str,
) -> None:
    page = client_for(alice).post(UPLOAD, data).content.decode()
    assert words in page
    assert 'aria-describedby="file-error"' in page
    assert not Scan.objects.exists()


def test_too_large_a_file_is_refused(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User, settings: Settings
) -> None:
    settings.MAX_REPORT_BYTES = 10
    assert "larger than" in client_for(alice).post(UPLOAD, {"file": report(ITEM)}).content.decode()
    assert not Scan.objects.exists()


def test_a_preview_says_what_would_change_and_saves_nothing(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    answer = client_for(alice).post(UPLOAD, {"file": report(ITEM), "preview": "yes"})
    assert "would open 1, close 0, reopen 0, leave 0." in answer.content.decode()
    assert not Scan.objects.exists()
    assert not Finding.objects.exists()
    assert not Source.objects.exists()


def test_htmx_gets_fragments_from_the_same_views(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    client = client_for(alice)
    htmx = {"HX-Request": "true"}
    polled = client.get(PAGE, headers=htmx).content.decode()
    assert '<header id="answer" class="answer" hx-swap-oob="true">' in polled
    assert "<html" not in polled
    assert 'id="scans"' in polled
    assert 'id="sources"' in polled and 'hx-swap-oob="true"' in polled
    sent = client.post(UPLOAD, {"file": report(ITEM)}, headers=htmx)
    assert sent.headers["HX-Redirect"] == f"{PAGE}{Scan.objects.get().pk}/"
    wrong = client.post(UPLOAD, {}, headers=htmx).content.decode()
    assert "<html" not in wrong and 'id="upload"' in wrong
    preview = client.post(UPLOAD, {"file": report(ITEM), "preview": "yes"}, headers=htmx)
    assert "<h1" not in preview.content.decode()


def test_polling_stops_when_nothing_runs_any_more(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    scan = applied(deployment, ITEM)
    client = client_for(alice)
    for path in (PAGE, f"{PAGE}{scan.pk}/"):
        assert "every 2s" not in client.get(path).content.decode()
    Scan.objects.filter(pk=scan.pk).update(state=Scan.State.RUNNING, progress="Reading", percent=40)
    for path in (PAGE, f"{PAGE}{scan.pk}/"):
        page = client.get(path, headers={"HX-Request": "true"}).content.decode()
        assert "every 2s" in page
        assert "Reading" in page and 'value="40"' in page


def test_a_silent_worker_is_told_while_something_waits(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    scan = applied(deployment, ITEM)
    client, words = client_for(alice), "No worker has answered"
    assert words not in client.get(PAGE).content.decode()
    Scan.objects.filter(pk=scan.pk).update(state=Scan.State.QUEUED)
    assert words in client.get(PAGE).content.decode()
    beat_tick(now=datetime.now(UTC))
    assert words not in client.get(PAGE).content.decode()


# ------------------------------------------------------------------------------- one receipt


def test_a_held_scan_lists_what_it_would_close(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    applied(deployment, *({**ITEM, "file": f"dags/{number}.py"} for number in range(30)))
    scan = applied(deployment, ITEM, complete=True)
    assert scan.state == Scan.State.HELD
    client = client_for(alice)
    page = client.get(f"{PAGE}{scan.pk}/").content.decode()
    assert "Would close as fixed: 30" in page
    listed = page + client.get(f"{PAGE}{scan.pk}/changes/fixed/").content.decode()
    for finding in Finding.objects.all():
        assert f"/d/production/findings/{finding.pk}/" in listed
    for wrong in ("eaten/", "fixed/?after=x"):
        assert client.get(f"{PAGE}{scan.pk}/changes/{wrong}").status_code == 404


def test_a_long_list_comes_in_pages_and_costs_the_same(
    deployment: Deployment,
    client_for: Callable[[User], Client],
    erin: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    applied(deployment, *({**ITEM, "file": f"dags/{number:03}.py"} for number in range(250)))
    held = applied(deployment, ITEM, complete=True)
    client, address, seen = client_for(erin), f"{PAGE}{held.pk}/changes/fixed/", []
    after = 0
    while after is not None:
        with django_assert_max_num_queries(14):
            page = client.get(address, {"after": after})
        seen += [line.path for line in page.context["list"].lines]
        after = page.context["list"].cursor
    assert seen == [f"dags/{number:03}.py" for number in range(250)]
    with django_assert_max_num_queries(30):
        assert "All 250" in client.get(f"{PAGE}{held.pk}/").content.decode()


def test_a_receipt_names_what_the_scan_changed(
    deployment: Deployment, client_for: Callable[[User], Client], erin: User
) -> None:
    applied(deployment, ITEM, {**ITEM, "file": "dags/gone.py"})
    scan = applied(deployment, {**ITEM, "line": 9}, {**ITEM, "line": 40}, complete=True)
    page = " ".join(client_for(erin).get(f"{PAGE}{scan.pk}/").content.decode().split())
    for words in ("New: 1", "Closed as fixed: 1", "Followed to another place: 1", "line 3 → 9"):
        assert words in page


def test_letting_an_old_scan_through_is_warned_of(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    held = _held(deployment)
    client, words = client_for(alice), "A newer scan of uploads was applied since"
    assert words not in client.get(f"{PAGE}{held.pk}/").content.decode()
    newer = [{**ITEM, "file": f"dags/d{number}.py"} for number in range(61)]
    Scan.objects.filter(pk=applied(deployment, *newer).pk).update(
        created_at=NOW + timedelta(hours=1)
    )
    assert words in client.get(f"{PAGE}{held.pk}/").content.decode()


def test_a_refused_preview_takes_the_place_of_the_form(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    answer = client_for(alice).post(
        UPLOAD,
        {"file": SimpleUploadedFile("empty.json", b""), "preview": "yes"},
        headers={"HX-Request": "true", "HX-Target": "preview"},
    )
    assert "The submitted file is empty." in answer.content.decode()
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#upload", "outerHTML")


def test_a_report_without_good_items_offers_none(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    scan = applied(deployment, {**ITEM, "severity": "Eror"})
    client = client_for(alice)
    assert "Take the good ones" not in client.get(f"{PAGE}{scan.pk}/").content.decode()
    client.post(f"{PAGE}{scan.pk}/take-good/")
    assert Scan.objects.count() == 1


def test_a_receipt_tells_what_came_in_and_what_changed(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    scan = applied(deployment, ITEM, tool_version="1.2.3")
    page = client_for(alice).get(f"{PAGE}{scan.pk}/").content.decode()
    for words in ("0 fixed, 1 new, 0 unchanged", scan.sha256, "upgradecheck", "relative already"):
        assert words in page


def test_problems_are_listed_and_the_good_items_can_be_taken(
    deployment: Deployment,
    client_for: Callable[[User], Client],
    alice: User,
    no_queue: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    scan = applied(deployment, ITEM, {**ITEM, "severity": "Eror"}, complete=True)
    client = client_for(alice)
    page = client.get(f"{PAGE}{scan.pk}/").content.decode()
    assert "rejected and changed nothing" in page
    assert "<code>severity</code>" in page
    assert "Take the good ones" in page
    assert 'class="bad">  &quot;severity&quot;: &quot;Eror&quot;' in page
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{PAGE}{scan.pk}/take-good/")
    again = Scan.objects.exclude(pk=scan.pk).get()
    assert no_queue == [again.pk]
    assert again.options == {"complete": True, "take_good": True}
    scan_run(scan_id=again.pk, now=NOW)
    page = client.get(f"{PAGE}{again.pk}/").content.decode()
    assert "0 fixed, 1 new" in page
    assert "left out" in page
    client.post(f"{PAGE}{again.pk}/take-good/")
    assert Scan.objects.count() == 2


def _held(deployment: Deployment) -> Scan:
    many = [{**ITEM, "file": f"dags/d{number}.py"} for number in range(60)]
    applied(deployment, *many, complete=True)
    held = applied(deployment, ITEM, complete=True)
    assert held.state == Scan.State.HELD
    return held


def test_a_held_scan_is_let_through_by_a_manager(
    deployment: Deployment,
    client_for: Callable[[User], Client],
    alice: User,
    bob: User,
    no_queue: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    held = _held(deployment)
    address = f"{PAGE}{held.pk}/"
    assert "Let it through" not in client_for(bob).get(address).content.decode()
    client = client_for(alice)
    page = client.get(address).content.decode()
    assert "would close 60 of 60" in page
    assert "Let it through" in page
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{address}confirm/")
    assert no_queue == [held.pk]
    done = scan_run(scan_id=held.pk, now=NOW)
    assert done is not None
    assert done.state == Scan.State.DONE
    assert (
        Finding.objects.filter(state="fixed").count()
        + Finding.objects.filter(state="removed").count()
        == 60
    )
    again = client.post(f"{address}confirm/", follow=True).content.decode()
    assert "this one is not held" in again


def test_a_held_scan_is_discarded(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    held = _held(deployment)
    client_for(alice).post(f"{PAGE}{held.pk}/discard/")
    held.refresh_from_db()
    assert held.state == Scan.State.REJECTED
    assert held.error == "Discarded by Alice. Nothing was changed."
    assert Finding.objects.filter(state="open").count() == 60


def test_the_raw_file_is_an_attachment_with_the_exact_bytes(
    deployment: Deployment, client_for: Callable[[User], Client], erin: User
) -> None:
    scan = applied(deployment, ITEM)
    answer = client_for(erin).get(f"{PAGE}{scan.pk}/raw/")
    assert b"".join(answer.streaming_content) == json.dumps([ITEM]).encode()  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="findings.json"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_another_deployments_scan_does_not_exist_here(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    other = Deployment.objects.create(slug="other", name="Other", facts=deployment.facts)
    theirs = applied(other, ITEM)
    for path in ("", "raw/"):
        assert client_for(alice).get(f"{PAGE}{theirs.pk}/{path}").status_code == 404
    assert client_for(alice).post(f"{PAGE}{theirs.pk}/confirm/").status_code == 404


# ----------------------------------------------------------------------------------- rescans


def test_rescan_now_queues_and_shows_it_live(
    deployment: Deployment,
    client_for: Callable[[User], Client],
    alice: User,
    no_queue: list[int],
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    repository = first_state(tmp_path / "repository")
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="git", location=str(repository.folder)),
        now=NOW,
    )
    client = client_for(alice)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/d/production/sources/{source.pk}/rescan/", follow=True)
    scan = Scan.objects.get()
    assert no_queue == [scan.pk]
    assert (scan.cause, scan.requested_by) == ("button", alice)
    page = answer.content.decode()
    assert "A scan is at work now." in page
    assert "Scanning now" in page
    assert "every 2s" in page
    scan_run(scan_id=scan.pk, now=NOW)
    page = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "Rescan now" in page
    assert "every 2s" not in page


def test_a_failed_rescan_is_told_with_its_reason(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User, tmp_path: Path
) -> None:
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="git", location=str(tmp_path)),
        now=NOW,
    )
    queued = rescan_request(source=source, user=None, cause="schedule", now=NOW)
    scan_run(scan_id=queued.pk, now=NOW)
    page = client_for(alice).get(PAGE).content.decode()
    assert "The rescan of dags failed" in page
    assert "is not a git repository" in page


def test_a_report_that_is_not_kept_leaves_no_source(deployment: Deployment) -> None:
    with pytest.raises(ReportRejected):
        scan_receive(
            deployment=deployment,
            source_name="fresh",
            stream=SimpleUploadedFile("empty.json", b""),
            file_name="empty.json",
            options={},
            cause="command",
            user=None,
            now=NOW,
        )
    assert not Source.objects.exists()


def test_a_preview_counts_all_that_it_would_close(
    deployment: Deployment, client_for: Callable[[User], Client], alice: User
) -> None:
    applied(deployment, ITEM, {**ITEM, "file": "dags/gone.py"})
    moved = {**ITEM, "line": 7}
    around = {"coverage": {"files": ["dags/sales.py"], "complete": True}, "findings": [moved]}
    file = SimpleUploadedFile("report.json", json.dumps(around).encode())
    page = client_for(alice).post(UPLOAD, {"file": file, "preview": "yes"}).content.decode()
    assert "would open 0, close 1, reopen 0, move 1, leave 0." in page
    assert "dags/gone.py:3" in page
