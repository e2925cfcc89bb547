"""Who works on a scan, and what happens when nobody does any more."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from planner.models import Deployment, Scan, Source
from planner.services.lease import (
    LEASE,
    LeaseKeeper,
    LeaseLost,
    lease_fail,
    lease_progress,
    lease_renew,
    lease_take,
    leases_sweep,
)

NOW = datetime(2026, 10, 26, 11, 0, tzinfo=UTC)
LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def source(deployment: Deployment) -> Source:
    return Source.objects.create(deployment=deployment, name="dags", kind="git", location="/x")


def queued(source: Source, cause: str = "schedule", at: datetime = NOW) -> Scan:
    return Scan.objects.create(
        deployment=source.deployment, source=source, cause=cause, created_at=at
    )


def test_one_worker_gets_a_scan_and_the_next_one_nothing(source: Source) -> None:
    scan = queued(source)
    assert lease_take(scan_id=scan.pk, now=NOW) is not None
    assert lease_take(scan_id=scan.pk, now=NOW) is None
    scan.refresh_from_db()
    assert (scan.state, scan.attempts, scan.started_at) == (Scan.State.RUNNING, 1, NOW)


def test_two_rescans_of_one_deployment_never_run_at_once(source: Source) -> None:
    other = Source.objects.create(deployment=source.deployment, name="b", kind="git", location="/y")
    first, second = queued(source), queued(other)
    assert lease_take(scan_id=first.pk, now=NOW)
    assert lease_take(scan_id=second.pk, now=NOW) is None
    second.refresh_from_db()
    assert second.state == Scan.State.QUEUED
    assert "Waiting for another scan" in second.progress
    Scan.objects.filter(pk=first.pk).update(state=Scan.State.DONE)
    assert lease_take(scan_id=second.pk, now=NOW)


def test_a_rescan_whose_worker_died_keeps_no_other_waiting(source: Source) -> None:
    other = Source.objects.create(deployment=source.deployment, name="b", kind="git", location="/y")
    first, second = queued(source), queued(other)
    assert lease_take(scan_id=first.pk, now=NOW)
    assert lease_take(scan_id=second.pk, now=LATER)


def test_an_upload_does_not_wait_for_a_rescan(source: Source) -> None:
    assert lease_take(scan_id=queued(source).pk, now=NOW)
    assert lease_take(scan_id=queued(source, cause="upload").pk, now=NOW)


def test_rescans_of_two_deployments_run_side_by_side(source: Source) -> None:
    other = Deployment.objects.create(slug="other", name="Other", facts=source.deployment.facts)
    theirs = Source.objects.create(deployment=other, name="dags", kind="git", location="/z")
    assert lease_take(scan_id=queued(source).pk, now=NOW)
    assert lease_take(scan_id=queued(theirs).pk, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_the_same_moment_one_gets_in(source: Source) -> None:
    scans = [
        queued(
            Source.objects.create(
                deployment=source.deployment, name=f"s{number}", kind="git", location="/x"
            )
        )
        for number in range(4)
    ]
    taken: list[int] = []
    start = threading.Barrier(8)

    def work(scan_id: int) -> None:
        start.wait()
        if lease_take(scan_id=scan_id, now=NOW):
            taken.append(scan_id)
        connection.close()

    threads = [threading.Thread(target=work, args=(scan.pk,)) for scan in scans * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert Scan.objects.filter(state=Scan.State.RUNNING).count() == 1


def test_a_renewed_lease_is_kept_and_a_lapsed_one_is_taken_over(source: Source) -> None:
    scan = queued(source)
    first = lease_take(scan_id=scan.pk, now=NOW)
    assert first
    lease_renew(lease=first, now=NOW + timedelta(minutes=1))
    assert lease_take(scan_id=scan.pk, now=LATER) is None
    second = lease_take(scan_id=scan.pk, now=LATER + timedelta(minutes=1))
    assert second
    assert second.attempt == 2
    with pytest.raises(LeaseLost):
        lease_progress(lease=first, text="still here", percent=50, now=LATER)
    with pytest.raises(LeaseLost):
        lease_fail(lease=first, reason="late", now=LATER)
    scan.refresh_from_db()
    assert (scan.state, scan.error) == (Scan.State.RUNNING, "")


@pytest.mark.django_db(transaction=True)
def test_a_long_step_keeps_its_lease_until_another_worker_has_it(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.services.lease.RENEW_SECONDS", 0.01)
    asked = threading.Semaphore(0)

    def clock() -> datetime:
        asked.release()
        return LATER

    scan = queued(source)
    lease = lease_take(scan_id=scan.pk, now=NOW)
    assert lease is not None
    with LeaseKeeper(lease, clock):
        # The third time that it asks for the time, it has renewed twice.
        assert all(asked.acquire(timeout=30) for _ in range(3))
        scan.refresh_from_db()
        assert scan.lease_until == LATER + LEASE
        Scan.objects.filter(pk=scan.pk).update(attempts=lease.attempt + 1, lease_until=NOW)
        for keeper in [thread for thread in threading.enumerate() if thread.name == "lease"]:
            keeper.join(30)
            assert not keeper.is_alive()
    scan.refresh_from_db()
    assert scan.lease_until == NOW


def test_the_sweep_offers_lost_scans_again_but_not_at_every_tick(source: Source) -> None:
    lost = queued(source)
    fresh = queued(source, at=LATER)
    assert leases_sweep(now=NOW) == []
    assert leases_sweep(now=LATER) == [lost.pk]
    assert leases_sweep(now=LATER + timedelta(seconds=30)) == []
    assert leases_sweep(now=LATER + LEASE + timedelta(seconds=1)) == [lost.pk, fresh.pk]


def test_the_sweep_offers_a_scan_whose_worker_died(source: Source) -> None:
    scan = queued(source)
    lease_take(scan_id=scan.pk, now=NOW)
    assert leases_sweep(now=NOW + timedelta(minutes=1)) == []
    assert leases_sweep(now=LATER) == [scan.pk]


def test_after_three_attempts_the_sweep_gives_up_and_says_why(source: Source) -> None:
    scan = queued(source)
    moment = NOW
    for _ in range(3):
        assert lease_take(scan_id=scan.pk, now=moment)
        moment += LEASE + timedelta(seconds=1)
    assert leases_sweep(now=moment) == []
    scan.refresh_from_db()
    assert scan.state == Scan.State.FAILED
    assert "stopped 3 times" in scan.error
    assert lease_take(scan_id=scan.pk, now=moment) is None


def test_a_scan_that_is_gone_or_finished_is_left_alone(source: Source) -> None:
    scan = queued(source)
    Scan.objects.filter(pk=scan.pk).update(state=Scan.State.DONE)
    assert lease_take(scan_id=scan.pk, now=NOW) is None
    assert lease_take(scan_id=scan.pk + 1000, now=NOW) is None
