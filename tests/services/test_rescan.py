"""Rescans: when they are due, what they find after a change, and how they fail."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from planner.models import Beat, Deployment, Event, Finding, LastChange, Owner, Scan, Source
from planner.selectors.deployment import header
from planner.services.beat import beat_tick
from planner.services.ingest import scan_confirm
from planner.services.lease import LeaseLost, lease_take
from planner.services.ownership import rules_apply
from planner.services.rescan import (
    FilesTold,
    RescanRefused,
    rescan_preview,
    rescan_request,
    rescans_due,
    scan_run,
    slots_refresh,
)
from planner.services.source import SourceDraft, source_pause, source_store
from tests.repository import BILLING, SALES, Repository, changed_state, first_state

WEDNESDAY = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)
SLOT = datetime(2026, 10, 26, 11, 0, tzinfo=UTC)
"""Monday 12:00 in Berlin."""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return first_state(tmp_path / "repository")


@pytest.fixture
def source(deployment: Deployment, repository: Repository) -> Source:
    return source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="git", location=str(repository.folder)),
        now=WEDNESDAY,
    )


def rescan(source: Source, now: datetime = SLOT) -> Scan:
    queued = rescan_request(source=source, user=None, cause="button", now=now)
    scan = scan_run(scan_id=queued.pk, now=now)
    assert scan is not None
    return scan


def places(state: str) -> set[tuple[str, int | None]]:
    return set(Finding.objects.filter(state=state).values_list("path", "line"))


# ------------------------------------------------------------------------------- whose it is


def owners() -> dict[str, tuple[str, str]]:
    rows = Finding.objects.select_related("owner").filter(state="open")
    return {row.path: (row.owner.key if row.owner else "", row.owner_because) for row in rows}


def test_who_changed_a_file_last_is_asked_where_nothing_else_says_whose_it_is(
    source: Source, repository: Repository
) -> None:
    rescan(source)
    assert owners()["dags/sales.py"] == ("bob", "The DAG in this file names bob as its owner")
    key, because = owners()["dags/billing.py"]
    assert key == "test@example.com"
    assert because.startswith("Last changed by Test on ")
    owner = Owner.objects.get(key="test@example.com")
    assert (owner.name, owner.email) == ("Test", "test@example.com")


def test_whoever_mends_a_part_of_a_file_is_not_handed_the_rest(
    source: Source, repository: Repository, alice: User
) -> None:
    rescan(source)
    before = owners()["dags/billing.py"]
    repository.write("dags/billing.py", BILLING + "# mended\n")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--author", "Mo <mo@example.com>", "--message", "x")
    source.refresh_from_db()
    rescan(source, SLOT + timedelta(days=7))
    assert LastChange.objects.get(path="dags/billing.py").key == "mo@example.com"
    assert owners()["dags/billing.py"] == before
    rules_apply(deployment=source.deployment, now=SLOT, user=alice)
    assert owners()["dags/billing.py"][0] == "mo@example.com"


def test_a_committer_who_left_is_not_asked_again_but_the_next_one_is(
    source: Source, repository: Repository
) -> None:
    rescan(source)
    Owner.objects.filter(key="test@example.com").update(active=False)
    repository.write("dags/billing.py", BILLING + "# mended\n")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--author", "Mo <mo@example.com>", "--message", "x")
    source.refresh_from_db()
    rescan(source, SLOT + timedelta(days=7))
    assert owners()["dags/billing.py"][0] == "mo@example.com"


# ------------------------------------------------------------------------------- what it finds


def test_a_changed_repository_tells_fixed_new_moved_and_renamed_apart(
    source: Source, repository: Repository
) -> None:
    first = rescan(source)
    assert (first.state, first.counts["new"]) == (Scan.State.DONE, 5)
    before = {finding.path: finding.pk for finding in Finding.objects.filter(rule_id="AIR301")}
    changed_state(repository)
    source.refresh_from_db()
    second = rescan(source, SLOT + timedelta(days=7))
    counts = second.counts
    assert (counts["fixed"], counts["removed"], counts["regressed"]) == (1, 0, 0)
    fixed = Finding.objects.get(state="fixed")
    assert (fixed.pk, fixed.path, fixed.line) == (before["dags/sales.py"], "dags/sales.py", 4)
    renamed = Finding.objects.get(pk=before["dags/billing.py"])
    assert (renamed.path, renamed.state) == ("dags/invoices.py", "open")
    assert not Finding.objects.filter(path="dags/billing.py").exists()
    bash = Finding.objects.get(rule_id="AIR302")
    assert (bash.path, bash.first_scan_id) == ("dags/sales.py", first.pk)
    assert bash.events.filter(kind="moved").exists()
    new = Finding.objects.filter(first_scan=second)
    assert new.count() == counts["new"] > 0
    assert all("Dataset" in finding.message + finding.content for finding in new)
    assert second.commit != first.commit
    assert second.raw
    assert second.sha256


def test_what_is_fixed_names_the_commit_that_did_it(source: Source, repository: Repository) -> None:
    """Four findings are mended by one import edit and one line; other commits touch the file as well."""
    first = rescan(source)
    repository.commit(dags__sales=SALES.replace("bash_operator", "bash"))
    imported = repository.git("rev-parse", "--short=7", "HEAD")
    repository.commit(dags__other="x = 1\n")
    both = SALES.replace("bash_operator", "bash").replace("schedule_interval", "schedule")
    repository.commit(dags__sales=both)
    line = repository.git("rev-parse", "--short=7", "HEAD")
    repository.remove("dags/billing.py")
    repository.git("commit", "--quiet", "--message", "Retire billing\x1b[31m")
    gone = repository.git("rev-parse", "--short=7", "HEAD")
    source.refresh_from_db()
    rescan(source, SLOT + timedelta(days=7))
    why = {
        (event.finding.path, event.finding.line): event.why
        for event in Event.objects.filter(kind__in=("fixed", "removed")).select_related("finding")
    }
    assert f"fixed in {line} by Test on" in why["dags/sales.py", 4]
    assert why["dags/sales.py", 4].endswith("“change” (line 4 was changed)")
    assert f"deleted in {gone} by Test on" in why["dags/billing.py", 5]
    assert why["dags/billing.py", 5].endswith("“Retire billing [31m”")
    assert why.get(("dags/sales.py", 5), imported).find(imported) >= 0
    assert first.commit


def test_a_finding_that_the_last_scan_did_not_see_is_not_told_by_its_commits(
    source: Source, repository: Repository
) -> None:
    rescan(source)
    Finding.objects.update(last_scan=Scan.objects.get())
    changed_state(repository)
    source.refresh_from_db()
    rescan(source, SLOT + timedelta(days=7))
    assert "fixed in" not in Event.objects.get(kind="fixed").why


def test_a_preview_of_a_rescan_keeps_nothing(source: Source, repository: Repository) -> None:
    rescan(source)
    changed_state(repository)
    source.refresh_from_db()
    told: list[tuple[int, int]] = []
    before = (Event.objects.count(), Scan.objects.count(), set(Finding.objects.values_list()))
    preview = rescan_preview(
        source=source,
        now=SLOT + timedelta(days=7),
        told=lambda done, total: told.append((done, total)),
    )
    assert (preview.scan.state, preview.scan.counts["fixed"]) == (Scan.State.DONE, 1)
    assert told[-1] == (2, 2)
    by_kind = {one.kind: [line.path for line in one.lines] for one in preview.changes.lists}
    assert by_kind["fixed"] == ["dags/sales.py"]
    assert "dags/billing.py" in by_kind["moved"]
    after = (Event.objects.count(), Scan.objects.count(), set(Finding.objects.values_list()))
    assert after == before
    done = rescan(source, SLOT + timedelta(days=7))
    kept = ("new", "fixed", "removed", "moved", "unchanged", "regressed", "handed_over")
    assert [done.counts[key] for key in kept] == [preview.scan.counts[key] for key in kept]


def test_a_preview_of_what_cannot_be_read_says_why(source: Source) -> None:
    source.branch = "nowhere"
    with pytest.raises(RescanRefused, match="has no such branch"):
        rescan_preview(source=source, now=SLOT, told=lambda done, total: None)


def test_an_unchanged_repository_is_a_duplicate_and_stays_fresh(source: Source) -> None:
    first = rescan(source)
    again = rescan(source, SLOT + timedelta(days=7))
    assert again.state == Scan.State.DUPLICATE
    first.refresh_from_db()
    assert first.confirmed_at is not None
    assert Finding.objects.filter(state="open").count() == 5


def test_a_repository_that_did_not_change_again_is_a_duplicate(
    source: Source, repository: Repository
) -> None:
    """The scan before told of commits and a renamed file; this one has none to tell of."""
    rescan(source)
    changed_state(repository)
    source.refresh_from_db()
    assert rescan(source, SLOT + timedelta(days=7)).state == Scan.State.DONE
    source.refresh_from_db()
    assert rescan(source, SLOT + timedelta(days=14)).state == Scan.State.DUPLICATE
    repository.commit(dags__more="from airflow import Dataset\n")
    assert rescan(source, SLOT + timedelta(days=21)).state == Scan.State.DONE


def test_a_folder_is_scanned_below_its_root(deployment: Deployment, repository: Repository) -> None:
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(
            name="folder", kind="folder", location=str(repository.folder), root="dags"
        ),
        now=WEDNESDAY,
    )
    scan = rescan(source)
    assert scan.state == Scan.State.DONE
    assert {path for path, _ in places("open")} == {"dags/sales.py", "dags/billing.py"}
    assert set(deployment.dags.values_list("dag_id", flat=True)) == {"sales", "billing"}


def test_running_it_twice_changes_nothing(source: Source) -> None:
    scan = rescan(source)
    finished = scan.finished_at
    again = scan_run(scan_id=scan.pk, now=SLOT + timedelta(hours=1))
    assert again is not None
    assert again.finished_at == finished
    assert Finding.objects.count() == 5


def test_a_held_rescan_that_is_confirmed_is_applied_as_it_was_read(
    source: Source, repository: Repository, alice: User
) -> None:
    many = "from airflow import Dataset\n" + "".join(
        f"d{n} = Dataset('s3://{n}')\n" for n in range(60)
    )
    repository.commit(dags__many=many)
    rescan(source)
    repository.commit(dags__many="x = 1\n")
    source.refresh_from_db()
    held = rescan(source, SLOT + timedelta(days=7))
    assert held.state == Scan.State.HELD
    read = held.sha256
    repository.commit(dags__many="y = 2\n", dags__other="from airflow import Dataset\n")
    scan_confirm(scan=held, user=alice, now=SLOT + timedelta(days=8))
    done = scan_run(scan_id=held.pk, now=SLOT + timedelta(days=8))
    assert done is not None
    assert (done.state, done.sha256) == (Scan.State.DONE, read)
    assert not Finding.objects.filter(path="dags/other.py").exists()


def test_what_unchanged_files_yielded_is_kept_and_not_looked_for_again(
    source: Source, repository: Repository, settings: Settings, tmp_path: Path
) -> None:
    """The kept answers are changed to see that they are what the next rescan goes by."""
    settings.DATA_DIR = tmp_path / "data"
    rescan(source)
    with closing(sqlite3.connect(tmp_path / "data/cache/upgradecheck.sqlite3")) as cache:
        cache.execute("UPDATE kept SET value = ?", (msgspec.msgpack.encode({}),))
        cache.commit()
    repository.commit(dags__other="from airflow import Dataset\nDataset('a')\n")
    source.refresh_from_db()
    counts = rescan(source, SLOT + timedelta(days=7)).counts
    assert (counts["fixed"], counts["new"]) == (5, 1)


def test_a_cache_that_cannot_be_used_does_no_harm(
    source: Source, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    (settings.DATA_DIR / "cache").write_text("a file where the folder should be")
    assert rescan(source).counts["new"] == 5


def test_the_page_is_told_how_many_files_are_checked_once_a_second(source: Source) -> None:
    scan = rescan_request(source=source, user=None, cause="button", now=SLOT)
    lease = lease_take(scan_id=scan.pk, now=SLOT)
    assert lease is not None
    passed = [0.0]
    told = FilesTold(lease, lambda: SLOT + timedelta(seconds=passed[0]))
    progress = []
    for done in range(1, 3401):
        passed[0] = done / 1000
        told(done, 3400)
        scan.refresh_from_db()
        if not progress or progress[-1] != scan.progress:
            progress.append(scan.progress)
    assert progress == [
        "Checked 1 of 3,400 files",
        "Checked 1,001 of 3,400 files",
        "Checked 2,001 of 3,400 files",
        "Checked 3,001 of 3,400 files",
    ]
    assert scan.percent == 54
    Scan.objects.filter(pk=scan.pk).update(attempts=2)
    passed[0] = 10
    with pytest.raises(LeaseLost):
        told(3400, 3400)


# --------------------------------------------------------------------------------- when it runs


def test_nothing_is_due_before_the_slot(source: Source) -> None:
    assert rescans_due(now=SLOT - timedelta(seconds=1)) == []


def test_at_its_slot_a_source_is_queued_once_and_gets_its_next_slot(source: Source) -> None:
    (scan,) = rescans_due(now=SLOT + timedelta(seconds=20))
    assert (scan.state, scan.cause) == (Scan.State.QUEUED, "schedule")
    assert rescans_due(now=SLOT + timedelta(seconds=80)) == []
    source.refresh_from_db()
    assert source.next_due_at == SLOT + timedelta(days=7)


def test_three_missed_weeks_are_caught_up_once(source: Source) -> None:
    now = SLOT + timedelta(days=16, hours=3)
    (scan,) = rescans_due(now=now)
    assert scan.cause == "catch-up"
    assert rescans_due(now=now) == []
    source.refresh_from_db()
    assert source.next_due_at == SLOT + timedelta(days=21)


def test_a_paused_source_is_not_due_and_misses_nothing(source: Source) -> None:
    source_pause(source=source, paused=True, now=WEDNESDAY)
    assert rescans_due(now=SLOT + timedelta(days=30)) == []
    source_pause(source=source, paused=False, now=SLOT + timedelta(days=30))
    assert rescans_due(now=SLOT + timedelta(days=30)) == []


def test_a_slot_finds_the_scan_that_waits_already(source: Source) -> None:
    asked = rescan_request(source=source, user=None, cause="button", now=SLOT)
    (due,) = rescans_due(now=SLOT + timedelta(seconds=5))
    assert due.pk == asked.pk
    assert Scan.objects.count() == 1


def test_a_new_time_zone_moves_the_slot(source: Source) -> None:
    deployment = source.deployment
    deployment.facts = {**deployment.facts, "time_zone": "America/Toronto"}
    deployment.save()
    slots_refresh(now=WEDNESDAY)
    source.refresh_from_db()
    assert source.next_due_at == datetime(2026, 10, 26, 16, 0, tzinfo=UTC)


def test_a_tick_says_that_it_lives_and_offers_what_is_due(source: Source) -> None:
    ids = beat_tick(now=SLOT)
    assert ids == [Scan.objects.get().pk]
    assert Beat.objects.get().at == SLOT
    assert beat_tick(now=SLOT + timedelta(minutes=1)) == []
    assert beat_tick(now=SLOT + timedelta(minutes=5)) == ids


def test_uploads_cannot_be_rescanned(deployment: Deployment) -> None:
    uploads = Source.objects.create(deployment=deployment, name="uploads")
    with pytest.raises(RescanRefused, match="nothing to fetch"):
        rescan_request(source=uploads, user=None, cause="button", now=SLOT)


# ---------------------------------------------------------------------------------- how it fails


def test_a_failed_rescan_says_why_on_every_page(source: Source, repository: Repository) -> None:
    source.branch = "no-such-branch"
    source.save()
    scan = rescan(source)
    assert scan.state == Scan.State.FAILED
    assert scan.error.endswith("has no such branch.")
    assert scan.finished_at is not None
    (trouble,) = header(source.deployment, SLOT).troubles
    assert (trouble.source, trouble.kind, trouble.why) == ("dags", "failed", scan.error)


def test_a_folder_that_is_gone_or_forbidden_fails_with_a_sentence(
    deployment: Deployment, tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="folder", kind="folder", location=str(folder)),
        now=WEDNESDAY,
    )
    folder.rmdir()
    assert "is not a folder on this machine" in rescan(source).error
    folder.mkdir()
    settings.SOURCE_FOLDERS = ["/srv/dags"]
    assert "SOURCE_FOLDERS" in rescan(source).error


def test_a_report_at_a_private_address_is_refused(
    deployment: Deployment, settings: Settings
) -> None:
    source = Source.objects.create(
        deployment=deployment, name="url", kind="report-url", location="http://localhost:1/r.json"
    )
    settings.ALLOW_PRIVATE_ADDRESSES = False
    scan = rescan(source)
    assert scan.state == Scan.State.FAILED
    assert "localhost is the private address" in scan.error
    assert "ALLOW_PRIVATE_ADDRESSES" in scan.error


def test_a_repository_at_a_private_address_is_refused(
    deployment: Deployment, settings: Settings
) -> None:
    source = Source.objects.create(
        deployment=deployment, name="git", kind="git", location="https://localhost/dags.git"
    )
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert "private address" in rescan(source).error


def test_a_secret_that_the_worker_does_not_have_is_named(source: Source) -> None:
    source.password_env = "NO_SUCH_VARIABLE"
    source.save()
    assert rescan(source).error == "The worker has no environment variable NO_SUCH_VARIABLE."


def test_a_crash_is_tried_again_and_then_told(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(**_: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr("planner.services.rescan.apply_scan", crash)
    queued = rescan_request(source=source, user=None, cause="button", now=SLOT)
    now = SLOT
    for _ in range(3):
        with pytest.raises(RuntimeError):
            scan_run(scan_id=queued.pk, now=now)
        now += timedelta(minutes=5)
        offered = beat_tick(now=now)
    assert offered == []
    queued.refresh_from_db()
    assert queued.state == Scan.State.FAILED
    assert "stopped 3 times" in queued.error
    assert "disk on fire" in queued.error
