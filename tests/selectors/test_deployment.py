"""What the bar above every page of a deployment says."""

from datetime import timedelta

import pytest

from planner.models import Scan, Source
from planner.selectors.deployment import header
from tests.factories import NOW


@pytest.fixture
def source(deployment):
    return Source.objects.create(
        deployment=deployment,
        name="dags",
        kind="folder",
        schedule="0 12 * * MON",
        next_due_at=NOW + timedelta(days=3),
    )


def rescan(source, state, *, cause="schedule", age=timedelta(hours=1), error=""):
    return Scan.objects.create(
        deployment=source.deployment,
        source=source,
        state=state,
        cause=cause,
        created_at=NOW - age,
        finished_at=NOW - age if state == "done" else None,
        error=error,
    )


def test_nothing_is_wrong_where_nothing_has_run(deployment, source):
    assert header(deployment, NOW).troubles == ()


def test_a_failed_rescan_is_named_with_its_reason(deployment, source):
    rescan(source, "failed", error="git could not reach the repository")
    (trouble,) = header(deployment, NOW).troubles
    assert (trouble.kind, trouble.source) == ("failed", "dags")
    assert trouble.why == "git could not reach the repository"


def test_a_later_good_one_ends_it(deployment, source):
    rescan(source, "failed", age=timedelta(days=7))
    rescan(source, "done")
    assert header(deployment, NOW).troubles == ()


def test_a_rejected_upload_is_no_trouble_of_rescans(deployment, source):
    rescan(source, "rejected", cause="upload")
    assert header(deployment, NOW).troubles == ()


def test_a_slot_that_nobody_took_is_missed(deployment, source):
    source.next_due_at = NOW - timedelta(minutes=20)
    source.save()
    (trouble,) = header(deployment, NOW).troubles
    assert (trouble.kind, trouble.at) == ("missed", source.next_due_at)


@pytest.mark.parametrize("calm", ["late by minutes", "paused", "running"])
def test_what_is_still_on_its_way_is_not_missed(deployment, source, calm):
    source.next_due_at = NOW - timedelta(minutes=5 if calm == "late by minutes" else 20)
    source.paused = calm == "paused"
    source.save()
    if calm == "running":
        rescan(source, "running")
    assert header(deployment, NOW).troubles == ()


def test_it_takes_three_queries(deployment, source, django_assert_num_queries):
    with django_assert_num_queries(3):
        header(deployment, NOW)
