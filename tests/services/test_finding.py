"""What people do with findings, and that all of it is in the log."""

from __future__ import annotations

import json
import threading
from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from planner.domain.finding import State
from planner.models import Deployment, Event, Finding, Scan, Waiver
from planner.services.beat import beat_tick
from planner.services.finding import (
    FindingEdit,
    finding_assign,
    finding_claim,
    finding_due_set,
    finding_note,
    finding_unclaim,
    finding_unpick,
    findings_edit,
)
from planner.services.finding_log import FindingError, Outcome
from planner.services.revision import deployment_hold
from planner.services.waiver import finding_waive, waiver_end, waivers_end
from tests.event_log import fold
from tests.factories import (
    NOW,
    TODAY,
    make_deployment,
    make_finding,
    make_findings,
    make_folder_rule,
    make_owner,
    make_scan,
    make_source,
)
from tests.worker import wait_until


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"))


def ids(*findings: Finding) -> list[int]:
    return [finding.pk for finding in findings]


def last_event(finding: Finding) -> Event:
    event = finding.events.last()
    assert event is not None
    return event


def test_an_assignment_is_a_pick_with_its_reason_in_the_log(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding, ana = make_finding(scan), make_owner(deployment, "ana")
    outcome = finding_assign(
        deployment=deployment, finding_ids=ids(finding), owner=ana, now=NOW, user=alice
    )
    finding.refresh_from_db()
    event = last_event(finding)
    assert outcome == Outcome(changed=1, left=0)
    assert (finding.owner, finding.owner_picked) == (ana, True)
    assert finding.owner_because == "Picked by Alice"
    assert (event.kind, event.actor, event.at) == ("assigned", alice, NOW)
    assert json.loads(event.change) == {"owner": ["", "ana"]}


def test_assigning_twice_writes_once(deployment: Deployment, alice: User, scan: Scan) -> None:
    finding, ana = make_finding(scan), make_owner(deployment, "ana")
    for _ in range(2):
        outcome = finding_assign(
            deployment=deployment, finding_ids=ids(finding), owner=ana, now=NOW, user=alice
        )
    assert outcome == Outcome(changed=0, left=1)
    assert finding.events.filter(kind="assigned").count() == 1


def test_nobody_can_be_given_findings_of_another_deployment(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    elsewhere = make_deployment("elsewhere")
    stranger = make_owner(elsewhere, "stranger")
    theirs = make_finding(make_scan(make_source(elsewhere)))
    with pytest.raises(FindingError):
        finding_assign(
            deployment=deployment,
            finding_ids=ids(make_finding(scan)),
            owner=stranger,
            now=NOW,
            user=alice,
        )
    outcome = finding_claim(deployment=deployment, finding_ids=ids(theirs), now=NOW, user=alice)
    assert outcome == Outcome(0, 0)


def test_someone_who_left_is_given_nothing(deployment: Deployment, alice: User, scan: Scan) -> None:
    gone = make_owner(deployment, "gone", active=False)
    with pytest.raises(FindingError, match="no longer takes findings"):
        finding_assign(
            deployment=deployment,
            finding_ids=ids(make_finding(scan)),
            owner=gone,
            now=NOW,
            user=alice,
        )


def test_the_rules_decide_again_when_a_pick_is_taken_back(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    ana, team = make_owner(deployment, "ana"), make_owner(deployment, "team")
    make_folder_rule(team, "dags/")
    finding = make_finding(scan, path="dags/a.py", owner=ana, owner_picked=True)
    finding_unpick(deployment=deployment, finding_ids=ids(finding), now=NOW, user=alice)
    finding.refresh_from_db()
    assert (finding.owner, finding.owner_picked) == (team, False)
    assert finding.owner_because == "Folder rule dags/: team"
    assert json.loads(last_event(finding).change) == {"owner": ["ana", "team"]}


def test_a_claim_waits_for_proof_and_can_be_taken_back(
    deployment: Deployment, bob: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    finding_claim(deployment=deployment, finding_ids=ids(finding), now=NOW, user=bob, why="in #12")
    finding.refresh_from_db()
    assert finding.state == State.CLAIMED
    assert last_event(finding).why == "in #12"
    finding_unclaim(deployment=deployment, finding_ids=ids(finding), now=NOW, user=bob)
    finding.refresh_from_db()
    assert finding.state == State.OPEN


def test_only_open_findings_can_be_claimed_and_the_rest_is_counted(
    deployment: Deployment, bob: User, scan: Scan
) -> None:
    findings = [make_finding(scan, state=state) for state in State]
    outcome = finding_claim(deployment=deployment, finding_ids=ids(*findings), now=NOW, user=bob)
    assert outcome == Outcome(changed=1, left=len(State) - 1)
    assert Event.objects.filter(kind="claimed").count() == 1


def test_a_waiver_ends_by_itself_the_day_after_its_last(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    last_day = TODAY + timedelta(days=3)
    waive(deployment, finding, alice, last_day)
    finding.refresh_from_db()
    assert finding.state == State.WAIVED
    assert finding.waivers.get().approver == alice
    # The deployment is in Berlin: its day ends at 22:00 UTC in summer.
    still_on = datetime.combine(last_day, NOW.time(), NOW.tzinfo).replace(hour=21, minute=59)
    assert waivers_end(now=still_on) == 0
    assert waivers_end(now=still_on + timedelta(minutes=1)) == 1
    assert waivers_end(now=still_on + timedelta(minutes=1)) == 0
    finding.refresh_from_db()
    assert finding.state == State.OPEN
    assert last_event(finding).kind == "waiver_ended"
    assert finding.waivers.get().ended_at is not None


def test_the_beat_ends_waivers(deployment: Deployment, alice: User, scan: Scan) -> None:
    finding = make_finding(scan)
    waive(deployment, finding, alice, TODAY + timedelta(days=1))
    beat_tick(now=NOW + timedelta(days=2))
    finding.refresh_from_db()
    assert finding.state == State.OPEN


def test_a_waiver_of_something_fixed_meanwhile_ends_without_reopening_it(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    waive(deployment, finding, alice, TODAY + timedelta(days=1))
    Finding.objects.update(state=State.FIXED)
    assert waivers_end(now=NOW + timedelta(days=5)) == 0
    finding.refresh_from_db()
    assert finding.state == State.FIXED
    assert not Waiver.objects.filter(ended_at=None).exists()


def test_an_older_waiver_that_runs_out_leaves_the_one_given_since(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    waive(deployment, finding, alice, TODAY + timedelta(days=1))
    # A scan closed it and another one saw it again; it was waived anew, for longer.
    Finding.objects.update(state=State.OPEN)
    waive(deployment, finding, alice, TODAY + timedelta(days=30))
    assert waivers_end(now=NOW + timedelta(days=5)) == 0
    finding.refresh_from_db()
    assert finding.state == State.WAIVED
    assert Waiver.objects.get(ended_at=None).expires_on == TODAY + timedelta(days=30)


@pytest.mark.parametrize(
    ("reason", "expires_on", "field"),
    [
        (" \n", TODAY + timedelta(days=1), "reason"),
        ("Later", TODAY, "expires_on"),
        ("Later", date(2020, 1, 1), "expires_on"),
    ],
)
def test_a_waiver_needs_a_reason_and_a_day_to_come(
    deployment: Deployment, alice: User, scan: Scan, reason: str, expires_on: date, field: str
) -> None:
    with pytest.raises(FindingError) as caught:
        finding_waive(
            deployment=deployment,
            finding_ids=ids(make_finding(scan)),
            reason=reason,
            expires_on=expires_on,
            today=TODAY,
            now=NOW,
            user=alice,
        )
    assert caught.value.field == field
    assert not Waiver.objects.exists()


def test_a_waiver_can_be_ended_early(deployment: Deployment, alice: User, scan: Scan) -> None:
    finding = make_finding(scan)
    waive(deployment, finding, alice, TODAY + timedelta(days=30))
    waiver_end(deployment=deployment, finding_ids=ids(finding), now=NOW, user=alice)
    finding.refresh_from_db()
    assert finding.state == State.OPEN
    assert not Waiver.objects.filter(ended_at=None).exists()


def test_a_note_is_kept_with_one_kind_of_line_end(
    deployment: Deployment, bob: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    for note in (" one\r\ntwo\0 ", "one\ntwo"):
        finding_note(deployment=deployment, finding_ids=ids(finding), note=note, now=NOW, user=bob)
    finding.refresh_from_db()
    assert finding.note == "one\ntwo"
    assert finding.events.filter(kind="noted").count() == 1


def test_a_due_date_set_by_hand_stays_set(deployment: Deployment, alice: User, scan: Scan) -> None:
    finding = make_finding(scan, due=TODAY)
    new = TODAY + timedelta(days=9)
    finding_due_set(deployment=deployment, finding_ids=ids(finding), due=new, now=NOW, user=alice)
    finding.refresh_from_db()
    assert (finding.due, finding.due_picked) == (new, True)
    assert json.loads(last_event(finding).change) == {"due": ["2026-10-21", "2026-10-30"]}


def test_many_edits_are_written_together_and_what_stays_is_not_logged(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    ana = make_owner(deployment, "ana")
    first, second, third = make_findings(scan, 3, due=TODAY)
    outcome = findings_edit(
        deployment=deployment,
        edits=[
            FindingEdit(finding_id=first.pk, owner=ana, due=TODAY, note="see #4"),
            FindingEdit(finding_id=second.pk, due=TODAY + timedelta(days=1)),
            FindingEdit(finding_id=third.pk),
        ],
        now=NOW,
        user=alice,
    )
    assert outcome == Outcome(changed=2, left=1)
    assert sorted(first.events.values_list("kind", flat=True)) == ["assigned", "noted", "opened"]
    assert list(third.events.values_list("kind", flat=True)) == ["opened"]


def test_every_change_moves_the_deployment_on_and_no_change_does_not(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    revision = deployment.revision
    finding_unclaim(deployment=deployment, finding_ids=ids(finding), now=NOW, user=alice)
    deployment.refresh_from_db()
    assert deployment.revision == revision
    finding_claim(deployment=deployment, finding_ids=ids(finding), now=NOW, user=alice)
    deployment.refresh_from_db()
    assert deployment.revision == revision + 1


def test_the_state_is_always_the_fold_of_the_log(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    one = {"deployment": deployment, "finding_ids": ids(finding), "now": NOW, "user": alice}
    finding_claim(**one)
    waive(deployment, finding, alice, TODAY + timedelta(days=2))
    waiver_end(**one)
    finding_note(**one, note="x")
    finding_claim(**one)
    finding_unclaim(**one)
    finding_unclaim(**one)
    finding.refresh_from_db()
    kinds = list(finding.events.values_list("kind", flat=True))
    assert fold(kinds) == (State(finding.state), finding.regressed)


def waive(deployment: Deployment, finding: Finding, user: User, until: date) -> None:
    finding_waive(
        deployment=deployment,
        finding_ids=[finding.pk],
        reason="The provider is not out yet",
        expires_on=until,
        today=TODAY,
        now=NOW,
        user=user,
    )


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_scan_holds_no_finding_that_the_scan_needs(scan: Scan) -> None:
    finding = make_finding(scan)

    def note() -> None:
        finding_note(
            deployment=scan.deployment, finding_ids=[finding.pk], note="Soon.", now=NOW, user=None
        )
        connection.close()

    other = threading.Thread(target=note)
    with transaction.atomic():
        deployment_hold(deployment_id=scan.deployment_id)
        other.start()
        wait_until(_somebody_waits, 30)
        # Raises where the finding is held already: the two would wait for each other.
        Finding.objects.select_for_update(nowait=True).get(pk=finding.pk)
    other.join(30)
    finding.refresh_from_db()
    assert finding.note == "Soon."


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        (waiting,) = cursor.fetchone()
    return bool(waiting)
