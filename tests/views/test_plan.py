"""The plan page, its files, and the signatures under its gates."""

from datetime import date

import pytest
from icalendar import Calendar

from planner.domain.plan import Plan
from planner.models import GateSignature
from tests.factories import make_findings, make_mixed_findings, make_owner, make_scan, make_source

URL = "/d/production/plan/"
SIGN = f"{URL}sign/"
KEEP = f"{URL}keep/"


@pytest.fixture
def planned(deployment):
    deployment.plan_start = date(2026, 9, 21)
    deployment.save()
    return deployment


def shown(answer) -> Plan:
    return answer.context["plan"]


def test_it_answers_first(client_for, erin, planned):
    answer = client_for(erin).get(URL)
    assert answer.status_code == 200
    assert "<h1>Nine weeks to Airflow 3.1: " in answer.text
    for phase in shown(answer).phases:
        assert f'id="{phase.key}"' in answer.text


def test_without_any_scan_it_claims_nothing(client_for, erin, deployment):
    answer = client_for(erin).get(URL)
    assert "No start is set, so the dates are a proposal." in answer.text
    assert "Nothing has been scanned yet." in answer.text
    assert {row.now for row in shown(answer).before_after if row.key in ("errors", "warnings")} == {
        "not scanned yet"
    }


def test_a_number_links_to_exactly_its_findings(client_for, erin, planned):
    make_findings(make_scan(make_source(planned)), 3, rule_id="AIR002")
    answer = client_for(erin).get(URL)
    other = next(a for p in shown(answer).phases for a in p.activities if a.key == "B4")
    assert other.total == 3
    assert f"{other.evidence} <a" in answer.text and f">{other.evidence}</a>" not in answer.text
    assert 'data-label="Owner" class="opt"' in answer.text


def test_where_nobody_has_set_days_off_the_page_says_so(client_for, erin, planned):
    words = "No public holidays or days off are set, so every weekday counts as worked."
    assert words in client_for(erin).get(URL).text
    planned.holiday_country = "DE-BE"
    planned.save()
    assert words not in client_for(erin).get(URL).text
    assert words not in client_for(erin).get(f"{URL}plan.md").text


def test_who_signs_while_looking_at_another_template_goes_on_looking_at_it(
    client_for, alice, planned
):
    sent = {"gate": "1.triage", "template": "six-months"}
    assert client_for(alice).post(SIGN, sent).url == f"{URL}?template=six-months#gate-1.triage"
    sent = {"gate": "C.parity", "template": "nine-weeks"}
    assert client_for(alice).post(SIGN, sent).url == f"{URL}#gate-C.parity"
    assert client_for(alice).post(SIGN, {"gate": "<x>", "template": "<y>"}).url == URL


def test_another_template_and_start_are_only_looked_at(client_for, erin, planned):
    answer = client_for(erin).get(f"{URL}?template=six-months&start=2027-01-11")
    assert (shown(answer).template, shown(answer).start) == ("six-months", date(2027, 1, 11))
    planned.refresh_from_db()
    assert (planned.plan_template, planned.plan_start) == ("nine-weeks", date(2026, 9, 21))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("template=one-day", "&quot;one-day&quot; is not a plan template"),
        ("start=soon", "&quot;soon&quot; is not a date; write one like 2027-01-11."),
        ("start=0001-01-01", "A plan cannot start on 0001-01-01"),
        ("template=%3Cscript%3E", "&quot;&lt;script&gt;&quot; is not a plan template"),
    ],
)
def test_what_cannot_be_planned_is_said_above_the_stored_plan(
    client_for, erin, planned, query, sentence
):
    answer = client_for(erin).get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert sentence in answer.text
    assert shown(answer).start == date(2026, 9, 21)


def test_nobody_else_sees_it(client, client_for, charlie, planned):
    assert client.get(URL).url.startswith("/sign-in/")
    assert client_for(charlie).get(URL).status_code == 404
    assert client_for(charlie).get(f"{URL}plan.csv").status_code == 404
    assert client_for(charlie).post(SIGN, {"gate": "C.parity"}).status_code == 404


@pytest.mark.parametrize("address", [SIGN, KEEP])
def test_reading_verbs_change_nothing(client_for, alice, planned, address):
    assert client_for(alice).get(address).status_code == 405


def test_posting_to_the_page_is_the_wrong_verb(client_for, alice, planned):
    assert client_for(alice).post(URL).status_code == 405


# --- Signing ---------------------------------------------------------------------------------------------


def test_a_manager_signs_what_no_data_can_answer_and_takes_it_back(client_for, alice, planned):
    client = client_for(alice)
    answer = client.post(SIGN, {"gate": "C.parity", "note": "<b>green</b>"}, follow=True)
    assert "Gate C.parity is signed in your name." in answer.text
    assert "Signed by Alice on " in answer.text and "&lt;b&gt;green" in answer.text
    answer = client.post(SIGN, {"gate": "C.parity", "action": "withdraw"}, follow=True)
    assert "The signature under gate C.parity is withdrawn." in answer.text
    assert not GateSignature.objects.filter(withdrawn_at=None).exists()


@pytest.mark.parametrize("gate", ["B.errors", "Z.nothing", "", "x" * 500])
def test_no_other_gate_can_be_signed(client_for, alice, planned, gate):
    answer = client_for(alice).post(SIGN, {"gate": gate}, follow=True)
    assert 'class="notice bad"' in answer.text
    assert not GateSignature.objects.exists()


def test_owners_and_viewers_sign_and_keep_nothing(client_for, bob, erin, planned):
    for person in (bob, erin):
        client = client_for(person)
        assert client.post(SIGN, {"gate": "C.parity"}).status_code == 403
        assert client.post(KEEP, {"start": "2027-01-11"}).status_code == 403
        assert "Sign this gate" not in client.get(URL).text
    assert not GateSignature.objects.exists()


def test_a_manager_keeps_a_template_and_a_start(client_for, alice, planned):
    form = {"template": "six-months", "start": "2027-01-11"}
    answer = client_for(alice).post(KEEP, form, follow=True)
    assert (shown(answer).template, shown(answer).start) == ("six-months", date(2027, 1, 11))
    answer = client_for(alice).post(KEEP, {"start": "never"}, follow=True)
    assert "&quot;never&quot; is not a date" in answer.text
    assert shown(answer).start == date(2027, 1, 11)


def test_a_start_on_a_day_off_is_kept_as_the_next_working_day(client_for, alice, planned):
    answer = client_for(alice).post(KEEP, {"start": "2027-01-09"}, follow=True)
    assert shown(answer).start == date(2027, 1, 11)
    assert not answer.context["is_look"]
    assert (
        "You are looking at another plan" in client_for(alice).get(f"{URL}?start=2027-01-12").text
    )


# --- Files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("md", "text/markdown; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("ics", "text/calendar; charset=utf-8"),
        ("json", "application/json"),
    ],
)
def test_every_export_is_a_file_with_its_name(client_for, erin, planned, form, kind):
    client = client_for(erin)
    assert f"{URL}plan.{form}?template=nine-weeks&amp;start=2026-09-21" in client.get(URL).text
    answer = client.get(f"{URL}plan.{form}?template=six-months")
    assert answer.status_code == 200
    assert answer["Content-Type"] == kind
    assert answer["Content-Disposition"] == f'attachment; filename="production-six-months.{form}"'
    if form == "ics":
        assert len(list(Calendar.from_ical(answer.content).walk("VEVENT"))) == 13


def test_an_export_of_what_cannot_be_planned_says_so(client_for, erin, planned):
    answer = client_for(erin).get(f"{URL}plan.csv?start=soon")
    assert answer.status_code == 400
    assert answer.text == '"soon" is not a date; write one like 2027-01-11.'


# --- Size ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [100, 10_000])
def test_the_number_of_queries_does_not_grow(
    client_for, erin, planned, number, django_assert_max_num_queries
):
    scan = make_scan(make_source(planned), coverage={"complete": True})
    owners = [make_owner(planned, f"owner{at}") for at in range(5)]
    make_mixed_findings(scan, number, owners)
    make_findings(scan, 3, symbol="airflow.operators.subdag.SubDagOperator", dag_ids=["a", "b"])
    client = client_for(erin)
    with django_assert_max_num_queries(15):
        answer = client.get(URL)
    assert answer.status_code == 200
    assert "(2 DAGs)" in answer.text


def test_a_number_opens_the_findings_that_it_counts(client_for, erin, planned):
    scan = make_scan(make_source(planned), coverage={"complete": True})
    make_findings(scan, 3, symbol="airflow.operators.subdag.SubDagOperator")
    make_findings(scan, 2, symbol="schedule_interval")
    client = client_for(erin)
    address = "/d/production/findings/?family=subdags"
    assert f'href="{address}">0 of 3 done</a>' in client.get(URL).text
    listed = client.get(address)
    assert listed.context["list"].counts.shown == 3
