"""Owners who take no findings any more: how they become so, and what becomes of theirs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from planner.domain.ownership import InactiveCause
from planner.models import Deployment, Event, Finding, Owner, Scan
from planner.selectors.inactive_owner import leavers_page, waiting_for_owner
from planner.services.beat import beat_tick
from planner.services.finding_log import FindingError, Outcome
from planner.services.letter import mail_refused
from planner.services.ownership import OwnerError, owner_edit, rules_apply
from planner.services.reassignment import (
    ReassignmentMoved,
    findings_hand_out,
    findings_hand_over,
)
from tests.factories import (
    NOW,
    make_deployment,
    make_finding,
    make_findings,
    make_folder_rule,
    make_owner,
    make_scan,
    make_source,
    make_user,
)


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    source = make_source(deployment, "uploads", codeowners="dags/ @ana\n")
    return make_scan(source)


def stop(owner: Owner, user: User | None = None) -> None:
    edit(owner, active=False, user=user)


def edit(owner: Owner, *, active: bool, user: User | None = None) -> None:
    owner_edit(
        owner=owner,
        name=owner.name,
        email=owner.email,
        kind=owner.kind,
        active=active,
        aliases=[],
        now=NOW,
        user=user,
    )


def test_who_is_stopped_by_hand_keeps_who_said_so_and_since_when(
    deployment: Deployment, alice: User
) -> None:
    ana = make_owner(deployment, "ana")
    stop(ana, alice)
    stop(ana)
    ana.refresh_from_db()
    assert (ana.active, ana.inactive_cause, ana.inactive_since) == (False, "hand", NOW)
    assert InactiveCause(ana.inactive_cause).because(ana.inactive_by) == "Alice said so"
    edit(ana, active=True)
    ana.refresh_from_db()
    assert (ana.active, ana.inactive_cause, ana.inactive_since) == (True, "", None)


def test_a_disabled_sign_in_stops_its_owners_and_an_enabled_one_resumes_them(
    deployment: Deployment,
) -> None:
    user = make_user("ana")
    linked = make_owner(deployment, "ana", user=user)
    by_address = make_owner(deployment, "ana lima", email="ANA@example.com")
    other = make_owner(deployment, "bea", email="bea@example.com")
    by_hand = make_owner(
        deployment, "cora", email="ana@example.com", active=False, inactive_cause="hand"
    )
    user.is_active = False
    user.save()
    beat_tick(now=NOW)
    causes = dict(Owner.objects.values_list("key", "inactive_cause"))
    assert causes == {"ana": "sign-in", "ana lima": "sign-in", "bea": "", "cora": "hand"}
    with pytest.raises(OwnerError, match="the sign-in is disabled"):
        linked.refresh_from_db()
        edit(linked, active=True)
    user.is_active = True
    user.save()
    beat_tick(now=NOW)
    for owner in (linked, by_address, other, by_hand):
        owner.refresh_from_db()
    assert [one.active for one in (linked, by_address, other, by_hand)] == [True, True, True, False]


def test_an_address_with_which_somebody_else_signs_in_is_not_gone(deployment: Deployment) -> None:
    make_user("old", email="data@example.com", is_active=False)
    make_user("new", email="Data@example.com")
    team = make_owner(deployment, "data", email="data@example.com")
    beat_tick(now=NOW)
    team.refresh_from_db()
    assert team.active


def test_refused_mail_stops_an_owner_until_there_is_another_address(deployment: Deployment) -> None:
    ana = make_owner(deployment, "ana", email="ana@example.com")
    mail_refused(owner=ana, address="Ana@example.com", now=NOW)
    beat_tick(now=NOW)
    ana.refresh_from_db()
    assert (ana.active, ana.inactive_cause) == (False, "mail")
    ana.email = "lima@example.com"
    ana.save()
    beat_tick(now=NOW)
    ana.refresh_from_db()
    assert (ana.active, ana.inactive_cause) == (True, "")


def test_who_is_said_to_be_reachable_again_is_mailed_again(deployment: Deployment) -> None:
    ana = make_owner(deployment, "ana", email="ana@example.com")
    mail_refused(owner=ana, address="ana@example.com", now=NOW)
    beat_tick(now=NOW)
    ana.refresh_from_db()
    edit(ana, active=True)
    beat_tick(now=NOW)
    ana.refresh_from_db()
    assert (ana.active, ana.mail_refused_at) == (True, None)


def test_nothing_moves_until_somebody_hands_it_out(deployment: Deployment, scan: Scan) -> None:
    ana = make_owner(deployment, "ana")
    make_folder_rule(make_owner(deployment, "platform", name="Platform"), "dags/core/")
    make_finding(scan, path="dags/core/a.py", owner=ana, owner_because="x")
    picked = make_finding(
        scan, path="dags/core/b.py", owner=ana, owner_picked=True, severity="WARNING"
    )
    make_finding(scan, path="dags/c.py", owner=ana, state="waived")
    make_finding(scan, path="dags/d.py", owner=ana, state="fixed")
    stop(ana)
    assert waiting_for_owner(deployment) == (1, 3)
    (leaver,) = leavers_page(deployment).rows
    counts = (leaver.total, leaver.errors, leaver.warnings, leaver.infos, leaver.picked)
    assert counts == (3, 2, 1, 0, 1)
    assert [(one.name, one.count) for one in leaver.receivers] == [("Platform", 2), ("", 1)]
    rules_apply(deployment=deployment, now=NOW, user=None)
    picked.refresh_from_db()
    assert picked.owner == ana, "applying the rules leaves a pick, even of someone inactive"
    assert waiting_for_owner(deployment) == (1, 1)


def test_handing_out_follows_the_rules_and_takes_picks_of_the_inactive_along(
    deployment: Deployment, scan: Scan, alice: User
) -> None:
    ana = make_owner(deployment, "ana", active=False)
    platform = make_owner(deployment, "platform")
    make_folder_rule(platform, "dags/core/")
    by_rule = make_finding(scan, path="dags/core/a.py", owner=ana)
    picked = make_finding(scan, path="dags/core/b.py", owner=ana, owner_picked=True)
    alone = make_finding(scan, path="dags/c.py", owner=ana)
    others = make_finding(scan, path="dags/e.py", owner=platform, owner_picked=True)
    outcome = findings_hand_out(deployment=deployment, owner=ana, expected=3, now=NOW, user=alice)
    assert outcome == Outcome(3, 0)
    for finding in (by_rule, picked, alone, others):
        finding.refresh_from_db()
    assert [one.owner for one in (by_rule, picked, alone, others)] == [
        platform, platform, None, platform,
    ]  # fmt: skip
    assert (picked.owner_picked, others.owner_picked) == (False, True)
    assert by_rule.owner_because == "Folder rule dags/core/: platform"
    assert alone.owner_because == "Nobody yet: ana takes no findings any more"
    events = Event.objects.filter(kind="assigned", actor=alice)
    assert {event.finding_id for event in events} == {by_rule.pk, picked.pk, alone.pk}


def test_all_can_go_to_one_owner_as_a_pick(deployment: Deployment, scan: Scan, alice: User) -> None:
    ana, bea = make_owner(deployment, "ana", active=False), make_owner(deployment, "bea")
    make_findings(scan, 3, owner=ana)
    findings_hand_over(deployment=deployment, owner=ana, to=bea, expected=3, now=NOW, user=alice)
    picked = Finding.objects.filter(owner=bea, owner_picked=True)
    assert set(picked.values_list("owner_because", flat=True)) == {"Picked by Alice"}
    assert picked.count() == 3


def test_what_was_not_shown_is_not_handed_out(deployment: Deployment, scan: Scan) -> None:
    ana = make_owner(deployment, "ana", active=False)
    make_findings(scan, 2, owner=ana)
    asked = {"deployment": deployment, "owner": ana, "now": NOW, "user": None}
    with pytest.raises(ReassignmentMoved, match="there are 2 now"):
        findings_hand_out(**asked, expected=1)
    gone = make_owner(deployment, "gone", active=False)
    elsewhere = make_owner(make_deployment("elsewhere"), "zoe")
    for wrong in (gone, elsewhere):
        with pytest.raises(FindingError):
            findings_hand_over(**asked, to=wrong, expected=2)
    Owner.objects.filter(pk=ana.pk).update(active=True)
    with pytest.raises(FindingError, match="takes findings again"):
        findings_hand_out(**asked, expected=2)
    assert Finding.objects.filter(owner=ana).count() == 2
