"""“Not mine”: said by an owner, answered by whom it is put to, settled by a manager; all of it in the log."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from planner.models import Deployment, Finding, HandOver, Owner, Scan
from planner.selectors.finding import event_sentence
from planner.selectors.hand_over import (
    hand_overs_by_finding,
    hand_overs_offered,
    hand_overs_waiting,
)
from planner.services.finding import finding_assign
from planner.services.finding_log import FindingError, Outcome
from planner.services.hand_over import (
    hand_over_ask,
    hand_over_give,
    hand_over_keep,
    hand_over_refuse,
    hand_over_withdraw,
)
from planner.services.ownership import owner_merge
from tests.factories import (
    NOW,
    make_deployment,
    make_finding,
    make_findings,
    make_owner,
    make_scan,
    make_source,
)


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"))


@pytest.fixture
def bobs(deployment: Deployment, bob: User) -> Owner:
    return make_owner(deployment, "bob", user=bob)


@pytest.fixture
def ana(deployment: Deployment) -> Owner:
    return make_owner(deployment, "ana")


def ask(
    deployment: Deployment, by: User, *findings: Finding, to: Owner | None = None, why: str = ""
) -> Outcome:
    return hand_over_ask(
        deployment=deployment,
        finding_ids=[finding.pk for finding in findings],
        suggested=to,
        reason=why,
        now=NOW,
        user=by,
    )


def sentences(finding: Finding) -> list[str]:
    return [event_sentence(event) for event in finding.events.order_by("pk")[1:]]


def test_it_stays_with_its_owner_until_the_suggested_one_takes_it(
    deployment: Deployment, bob: User, alice: User, bobs: Owner, ana: Owner, scan: Scan
) -> None:
    findings = make_findings(scan, 3, owner=bobs)
    assert ask(deployment, bob, *findings, to=ana, why="moved to search") == Outcome(3, 0)
    (offer,) = hand_overs_offered([deployment], [ana.pk])
    assert (offer.count, len(offer.sample), offer.hand_over.owner) == (3, 3, bobs)
    assert Finding.objects.filter(owner=bobs).count() == 3
    hand_over_give(hand_over=offer.hand_over, owner=ana, now=NOW, user=alice)
    assert Finding.objects.filter(owner=ana, owner_picked=True).count() == 3
    assert hand_overs_waiting(deployment) == []
    assert sentences(findings[0]) == [
        "Bob said it is not theirs but Ana's: moved to search.",
        "Alice settled that it is Ana's.",
        "Assigned to ana, before bob: Picked by Alice.",
    ]


def test_one_finding_is_said_not_to_be_mine_once(
    deployment: Deployment, bob: User, bobs: Owner, ana: Owner, scan: Scan
) -> None:
    first, second = make_findings(scan, 2, owner=bobs)
    nobodys, closed = make_finding(scan), make_finding(scan, owner=bobs, state="fixed")
    ask(deployment, bob, first, to=ana)
    assert ask(deployment, bob, first, second, nobodys, closed, why="no") == Outcome(1, 3)
    assert HandOver.objects.count() == 2
    said = hand_overs_by_finding([first.pk, second.pk, nobodys.pk])
    assert {key: one.suggested for key, one in said.items()} == {first.pk: ana, second.pk: None}


def test_who_refuses_leaves_it_to_the_managers(
    deployment: Deployment, bob: User, alice: User, bobs: Owner, ana: Owner, scan: Scan
) -> None:
    finding = make_finding(scan, owner=bobs)
    ask(deployment, bob, finding, to=ana)
    (offer,) = hand_overs_waiting(deployment)
    hand_over_refuse(hand_over=offer.hand_over, reason="nor ours", now=NOW, user=alice)
    assert hand_overs_offered([deployment], [ana.pk]) == []
    with pytest.raises(FindingError, match="answered this already"):
        hand_over_refuse(hand_over=offer.hand_over, reason="", now=NOW, user=alice)
    (offer,) = hand_overs_waiting(deployment)
    with pytest.raises(FindingError, match="Say why they stay"):
        hand_over_keep(hand_over=offer.hand_over, reason=" ", now=NOW, user=alice)
    hand_over_keep(hand_over=offer.hand_over, reason="your DAG", now=NOW, user=alice)
    finding.refresh_from_db()
    assert (finding.owner, finding.owner_picked) == (bobs, False)
    assert sentences(finding)[1:] == [
        "Alice said it is not theirs either: nor ours.",
        "Alice settled that it stays with its owner: your DAG.",
    ]
    with pytest.raises(FindingError, match="settled this already"):
        hand_over_give(hand_over=offer.hand_over, owner=ana, now=NOW, user=alice)
    assert ask(deployment, bob, finding, why="still not") == Outcome(1, 0)


def test_what_went_to_someone_else_meanwhile_waits_for_nobody(
    deployment: Deployment, bob: User, alice: User, bobs: Owner, ana: Owner, scan: Scan
) -> None:
    gone, stays = make_findings(scan, 2, owner=bobs)
    ask(deployment, bob, gone, stays, why="not mine")
    finding_assign(deployment=deployment, finding_ids=[gone.pk], owner=ana, now=NOW, user=alice)
    (waiting,) = hand_overs_waiting(deployment)
    assert (waiting.count, waiting.sample) == (1, [stays])
    eva = make_owner(deployment, "eva")
    hand_over_give(hand_over=waiting.hand_over, owner=eva, now=NOW, user=alice)
    gone.refresh_from_db()
    assert gone.owner == ana
    assert ask(deployment, alice, gone, to=bobs) == Outcome(1, 0)


def test_it_can_be_taken_back(deployment: Deployment, bob: User, bobs: Owner, scan: Scan) -> None:
    finding = make_finding(scan, owner=bobs)
    ask(deployment, bob, finding, why="not mine")
    (waiting,) = hand_overs_waiting(deployment)
    hand_over_withdraw(hand_over=waiting.hand_over, now=NOW, user=bob)
    assert hand_overs_by_finding([finding.pk]) == {}
    assert sentences(finding)[-1] == "Bob took back that it is not theirs."


def test_nobody_is_suggested_who_cannot_have_it(
    deployment: Deployment, bob: User, bobs: Owner, scan: Scan
) -> None:
    finding = make_finding(scan, owner=bobs)
    with pytest.raises(FindingError, match="at least why"):
        ask(deployment, bob, finding)
    with pytest.raises(FindingError, match="of this deployment"):
        ask(deployment, bob, finding, to=make_owner(make_deployment("elsewhere"), "eve"))
    with pytest.raises(FindingError, match="no longer takes"):
        ask(deployment, bob, finding, to=make_owner(deployment, "gone", active=False))
    assert ask(deployment, bob, finding, to=bobs) == Outcome(0, 1)
    assert HandOver.objects.count() == 0


def test_it_goes_along_when_two_owners_turn_out_to_be_one(
    deployment: Deployment, bob: User, alice: User, bobs: Owner, ana: Owner, scan: Scan
) -> None:
    finding = make_finding(scan, owner=bobs)
    ask(deployment, bob, finding, to=ana)
    owner_merge(owner=ana, into=make_owner(deployment, "anna"), now=NOW, user=alice)
    owner_merge(owner=bobs, into=make_owner(deployment, "robert"), now=NOW, user=alice)
    (waiting,) = hand_overs_waiting(deployment)
    suggested = waiting.hand_over.suggested
    assert suggested is not None
    assert (waiting.count, suggested.key, waiting.hand_over.owner.key) == (1, "anna", "robert")
