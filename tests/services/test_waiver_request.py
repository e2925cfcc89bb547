"""Asking for a waiver: the findings stay open until a manager says yes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from planner.models import Deployment, Finding, Scan, Waiver, WaiverRequest
from planner.selectors.finding import event_sentence
from planner.selectors.waiver_request import pending_requests, requests_by_finding
from planner.services.finding_log import FindingError, Outcome
from planner.services.waiver import waivers_end
from planner.services.waiver_request import (
    waiver_ask,
    waiver_request_approve,
    waiver_request_decline,
    waiver_request_withdraw,
)
from tests.factories import NOW, TODAY, make_finding, make_findings, make_scan, make_source

pytestmark = pytest.mark.django_db
LATER = TODAY + timedelta(days=60)


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"))


def ask(deployment: Deployment, user: User, *findings: Finding) -> Outcome:
    return waiver_ask(
        deployment=deployment,
        finding_ids=[finding.pk for finding in findings],
        reason="The vendor ships in spring",
        expires_on=LATER,
        user=user,
        now=NOW,
        today=TODAY,
    )


def last_sentence(finding: Finding) -> str:
    event = finding.events.order_by("pk").last()
    assert event is not None
    return event_sentence(event)


def test_what_is_asked_for_stays_open_and_says_who_asks(
    deployment: Deployment, bob: User, scan: Scan
) -> None:
    first, second = make_findings(scan, 2)
    fixed = make_finding(scan, state="fixed")
    assert ask(deployment, bob, first, second, fixed) == Outcome(changed=2, left=1)
    first.refresh_from_db()
    assert first.state == "open"
    assert last_sentence(first) == (
        "Bob asked for a waiver until 20 Dec 2026: The vendor ships in spring."
    )
    assert requests_by_finding([first.pk, fixed.pk])[first.pk].asked_by == bob
    # Whoever asks again is told that it waits already.
    assert ask(deployment, bob, first) == Outcome(changed=0, left=1)
    assert pending_requests(deployment).count() == 1


def test_a_manager_approves_in_their_own_words_and_it_ends_by_itself(
    deployment: Deployment, alice: User, bob: User, scan: Scan
) -> None:
    first, second = make_findings(scan, 2)
    ask(deployment, bob, first, second)
    Finding.objects.filter(pk=second.pk).update(state="fixed")
    request = pending_requests(deployment).get()
    outcome = waiver_request_approve(
        request=request,
        reason="Until the vendor ships",
        expires_on=TODAY + timedelta(days=30),
        today=TODAY,
        now=NOW,
        user=alice,
    )
    assert outcome == Outcome(changed=1, left=1)
    request.refresh_from_db()
    assert request.waiver is not None
    assert (request.waiver.approver, list(request.waiver.findings.all())) == (alice, [first])
    assert not pending_requests(deployment).exists()
    first.refresh_from_db()
    assert first.state == "waived"
    waivers_end(now=NOW + timedelta(days=31))
    first.refresh_from_db()
    assert first.state == "open"


def test_a_manager_declines_with_a_sentence(
    deployment: Deployment, alice: User, bob: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    ask(deployment, bob, finding)
    request = pending_requests(deployment).get()
    with pytest.raises(FindingError, match="Say why not"):
        waiver_request_decline(request=request, answer=" \n", now=NOW, user=alice)
    waiver_request_decline(request=request, answer="It takes an hour. Fix it.", now=NOW, user=alice)
    finding.refresh_from_db()
    assert finding.state == "open"
    assert last_sentence(finding) == "Alice declined the waiver: It takes an hour. Fix it."
    assert not Waiver.objects.exists()
    # They may ask again, with a better reason.
    assert ask(deployment, bob, finding).changed == 1


def test_whoever_answers_second_is_told(
    deployment: Deployment, alice: User, bob: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    ask(deployment, bob, finding)
    request = pending_requests(deployment).get()
    stale = WaiverRequest.objects.get(pk=request.pk)
    waiver_request_withdraw(request=request, now=NOW, user=bob)
    assert last_sentence(finding) == "Bob took the request for a waiver back."
    with pytest.raises(FindingError, match="answered this request already"):
        waiver_request_decline(request=stale, answer="No.", now=NOW, user=alice)
    with pytest.raises(FindingError, match="answered this request already"):
        waiver_request_approve(
            request=stale, reason="Yes", expires_on=LATER, today=TODAY, now=NOW, user=alice
        )
    assert not Waiver.objects.exists()


def test_an_approval_that_cannot_be_leaves_the_request_waiting(
    deployment: Deployment, alice: User, bob: User, scan: Scan
) -> None:
    ask(deployment, bob, make_finding(scan))
    request = pending_requests(deployment).get()
    with pytest.raises(FindingError):
        waiver_request_approve(
            request=request, reason="Yes", expires_on=TODAY, today=TODAY, now=NOW, user=alice
        )
    assert pending_requests(deployment).get().answered_at is None
