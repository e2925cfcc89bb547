"""Signing gates and keeping a start."""

from datetime import date, timedelta

import pytest

from planner.domain.measure import GateState
from planner.domain.plan import PlanError
from planner.models import GateSignature
from planner.selectors.plan import plan_of
from planner.services.plan import GateRefused, gate_sign, gate_unsign, plan_set
from tests.factories import (
    NOW,
    TODAY,
    make_deployment,
    make_finding,
    make_scan,
    make_source,
    make_user,
)

pytestmark = pytest.mark.django_db


def sign(deployment, gate, person, **more):
    return gate_sign(deployment=deployment, gate=gate, person=person, now=NOW, **more)


def test_a_gate_that_no_data_can_answer_is_signed_in_a_persons_name():
    deployment, dana = make_deployment(plan_start=TODAY), make_user("dana", first_name="Dana")
    sign(deployment, "C.parity", dana, note="  48 h green  ")
    gate = plan_of(deployment, today=TODAY).gate("C.parity")
    assert gate.state is GateState.PASS
    assert (gate.signed_by, gate.signed_on) == ("Dana", TODAY)
    assert gate.evidence.endswith(": 48 h green")
    deployment.refresh_from_db()
    assert deployment.revision == 2


def test_signing_again_replaces_the_word_and_keeps_the_history():
    deployment, dana = make_deployment(), make_user("dana")
    sign(deployment, "C.parity", dana, note="first")
    sign(deployment, "C.parity", dana, note="second")
    assert plan_of(deployment, today=TODAY).gate("C.parity").evidence.endswith(": second")
    assert GateSignature.objects.count() == 2
    assert GateSignature.objects.filter(withdrawn_at=None).count() == 1


def test_a_signature_can_be_withdrawn_once():
    deployment, dana = make_deployment(), make_user("dana")
    sign(deployment, "C.parity", dana)
    gate_unsign(deployment=deployment, gate="C.parity", now=NOW + timedelta(hours=1))
    assert plan_of(deployment, today=TODAY).gate("C.parity").state is GateState.WAITING
    with pytest.raises(GateRefused, match=r"^Nobody has signed gate C\.parity\.$"):
        gate_unsign(deployment=deployment, gate="C.parity", now=NOW)


def test_what_data_can_tell_is_not_signed():
    deployment, dana = make_deployment(), make_user("dana")
    make_finding(make_scan(make_source(deployment)))
    with pytest.raises(GateRefused, match=r"^Gate B\.errors is not signed by hand: "):
        sign(deployment, "B.errors", dana)
    assert not GateSignature.objects.exists()


def test_nobody_signs_for_a_cutover_that_has_not_begun():
    deployment, dana = make_deployment(plan_start=TODAY), make_user("dana")
    with pytest.raises(GateRefused, match=r"^Gate D\.soak cannot be signed yet\. No cutover is"):
        sign(deployment, "D.soak", dana)
    assert not GateSignature.objects.exists()


def test_a_gate_of_the_other_template_is_signed_by_naming_it():
    deployment, dana = make_deployment(), make_user("dana")
    with pytest.raises(GateRefused, match=r'^The plan "Nine weeks" has no gate 1\.triage\.$'):
        sign(deployment, "1.triage", dana)
    sign(deployment, "1.triage", dana, template="six-months")
    built = plan_of(deployment, template="six-months", today=TODAY)
    assert built.gate("1.triage").state is GateState.PASS


def test_a_note_too_long_to_print_is_refused():
    deployment, dana = make_deployment(), make_user("dana")
    with pytest.raises(GateRefused, match="may have 500 characters, not 501"):
        sign(deployment, "C.parity", dana, note="x" * 501)


def test_a_template_and_a_start_are_kept():
    deployment = make_deployment()
    plan_set(
        deployment=deployment, template="six-months", start=date(2027, 1, 11), now=NOW, user=None
    )
    deployment.refresh_from_db()
    built = plan_of(deployment, today=TODAY)
    assert (built.template, built.start, built.proposed) == ("six-months", date(2027, 1, 11), False)


@pytest.mark.parametrize("wrong", [{"template": "one-day"}, {"start": date(1, 1, 1)}])
def test_a_plan_that_cannot_be_is_not_kept(wrong):
    deployment = make_deployment()
    with pytest.raises(PlanError):
        plan_set(deployment=deployment, now=NOW, user=None, **wrong)
    deployment.refresh_from_db()
    assert (deployment.plan_template, deployment.plan_start) == ("nine-weeks", None)
