"""Both plans: dates, numbers, gates and slip."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.calendar import Blackout, blackout_from, working_calendar
from planner.domain.facts import facts_from
from planner.domain.finding import Axis, Category, Severity, State
from planner.domain.measure import GateState, Sight
from planner.domain.plan import (
    BLANKS,
    PlanError,
    Signature,
    build_plan,
    check_template,
    days_off_sentence,
    proposed_start,
    sentence,
)
from planner.domain.tally import Counts, Tally
from planner.rulebook.load import rulebook

START = date(2026, 9, 21)
TODAY = date(2026, 10, 21)
BOTH = ("nine-weeks", "six-months")
FACTS = facts_from(
    {
        "name": "Production",
        "current_version": "2.11.2",
        "target_version": "3.1",
        "dag_count": 400,
        "executor": "CeleryExecutor",
        "python_current": "3.11",
        "bandwidth_quarters": 1.0,
    }
)
OLD = replace(
    FACTS, current_version="2.9.3", python_current="3.8", provider_dependencies=("snowflake",)
)
SEEN = Sight(
    sources=1,
    complete_at=date(2026, 10, 19),
    scanned_at=date(2026, 10, 19),
    ci_at=date(2026, 10, 19),
    imports_at=date(2026, 10, 20),
)


def tally(number=1, family="other", severity=Severity.ERROR, state=State.OPEN, **more):
    category = {"ERROR": Category.BLOCK, "WARNING": Category.MIGRATE, "INFO": Category.ADOPT}
    more.setdefault("category", category[severity.value])
    more.setdefault("rule_id", "AIR301")
    return Tally(number=number, family=family, severity=severity, state=state, **more)


COUNTS = Counts(
    (
        tally(
            2, "subdags", owner="Priya Nair", owner_key="priya", dated=2, minutes=480, regressed=1
        ),
        tally(3, "subdags", state=State.FIXED),
        tally(1, "removed-api", owner="Owen Clarke", owner_key="owen", dated=0, minutes=60),
        tally(2, "removed-api", state=State.REMOVED),
        tally(1, "removed-api", state=State.WAIVED),
        tally(33, "assets", severity=Severity.WARNING, axis=Axis.MLOPS, minutes=330),
        tally(35, "assets", severity=Severity.WARNING, state=State.FIXED, axis=Axis.MLOPS),
        tally(4, "schedule", minutes=20),
        tally(9, "style", severity=Severity.INFO, category=Category.STYLE),
    )
)


def plan(template="nine-weeks", **more):
    arguments = {
        "counts": COUNTS,
        "facts": FACTS,
        "calendar": working_calendar(),
        "start": START,
        "today": TODAY,
        "signatures": {},
        "rulebook": rulebook(),
        "sight": SEEN,
    }
    return build_plan(template, **(arguments | more))


def phase(built, key):
    return next(phase for phase in built.phases if phase.key == key)


def activity(built, key):
    return next(
        activity for phase in built.phases for activity in phase.activities if activity.key == key
    )


def signed(*gates):
    return {gate: Signature(person="Dana Okafor", on=date(2026, 10, 20)) for gate in gates}


# --- The templates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", BOTH)
def test_every_measure_and_condition_of_a_template_is_known(template):
    check_template(rulebook().plans[template])


@pytest.mark.parametrize(
    ("gate", "sentence"),
    [
        ({"measure": "luck"}, 'A.x: "luck" is not a measure of gates.'),
        ({"only": "full-moon"}, 'A.x: "full-moon" is not a condition.'),
        ({"axis": "sideways"}, 'A.x: "sideways" is not an axis.'),
        ({"text": "{secret}"}, "A.x: {secret} is not a blank that can be filled."),
    ],
)
def test_a_mistake_in_a_template_is_refused_by_name(gate, sentence):
    row = {"key": "A.x", "measure": "errors", "text": "0 ERROR on {target}"}
    raw = {"phases": [{"activities": [], "gates": [row | gate]}], "before_after": []}
    with pytest.raises(PlanError) as refused:
        check_template(raw)
    assert str(refused.value) == sentence


def test_every_blank_that_a_template_may_leave_is_filled():
    rows = [
        {"key": blank, "label": blank, **dict.fromkeys(("before", "now", "after"), f"{{{blank}}}")}
        for blank in sorted(BLANKS)
    ]
    book = rulebook()
    raw = {**book.plans["nine-weeks"], "before_after": rows}
    filled = plan(rulebook=replace(book, plans={"nine-weeks": raw})).before_after
    assert all(row.now and "{" not in row.now for row in filled)
    assert {row.key: row.now for row in filled}["release"] == "3.1.8"


def test_an_unknown_template_is_refused_with_those_that_exist():
    with pytest.raises(PlanError) as refused:
        plan("one-day")
    assert str(refused.value) == (
        '"one-day" is not a plan template; use one of nine-weeks, six-months.'
    )


@pytest.mark.parametrize("template", BOTH)
@pytest.mark.parametrize("facts", [FACTS, OLD], ids=["2.11", "2.9"])
def test_the_whole_plan_is_as_agreed(template, facts, golden):
    """The golden files are read by people: a change in them is a change of the product."""
    built = plan(template, facts=facts, calendar=working_calendar(country="DE-BE"))
    expected = golden / f"plan-{template}-{facts.current_version}.json"
    assert json.loads(json.dumps(built.as_dict())) == json.loads(expected.read_text())


# --- Dates -----------------------------------------------------------------------------------------------


def test_nine_weeks_without_holidays():
    built = plan()
    dates = {phase.key: (phase.start, phase.end) for phase in built.phases}
    assert dates == {
        "A": (date(2026, 9, 21), date(2026, 10, 2)),
        "B": (date(2026, 10, 5), date(2026, 10, 30)),
        "C": (date(2026, 11, 2), date(2026, 11, 13)),
        "D": (date(2026, 11, 20), date(2026, 11, 23)),
        "E": (date(2026, 11, 23), date(2026, 12, 18)),
    }
    assert built.cutover == (date(2026, 11, 20), date(2026, 11, 23))
    assert [phase.when for phase in built.phases] == [
        "Weeks 1 to 2",
        "Weeks 3 to 6",
        "Weeks 7 to 8",
        "Week 9",
        "From week 10",
    ]


def test_six_months_are_calendar_months():
    built = plan("six-months", start=date(2026, 10, 1))
    assert [(phase.start, phase.end) for phase in built.phases] == [
        (date(2026, 10, 1), date(2026, 10, 30)),
        (date(2026, 11, 2), date(2026, 11, 30)),
        (date(2026, 12, 1), date(2026, 12, 31)),
        (date(2027, 1, 1), date(2027, 1, 29)),
        (date(2027, 2, 1), date(2027, 2, 26)),
        (date(2027, 3, 1), date(2027, 3, 31)),
    ]
    assert built.cutover == (date(2027, 3, 5), date(2027, 3, 8))


def test_a_plan_says_what_it_takes_for_days_off():
    assert days_off_sentence(plan()) == (
        "No public holidays or days off are set, so every weekday counts as worked."
    )
    off = working_calendar(extra={date(2026, 9, 30)})
    assert days_off_sentence(plan(calendar=off)) == "Days off stepped over: 30 Sep day off."
    elsewhere = working_calendar(extra={date(2030, 1, 2)})
    assert days_off_sentence(plan(calendar=elsewhere)) == (
        "No public holiday or day off lies within the plan."
    )


def test_a_holiday_moves_what_comes_after_it():
    off = {date(2026, 9, 30), date(2026, 11, 23)}
    built = plan(calendar=working_calendar(extra=off))
    assert phase(built, "A").end == date(2026, 10, 5)
    # The Monday of the first weekend is off, so the cutover takes the next one.
    assert built.cutover == (date(2026, 11, 27), date(2026, 11, 30))
    assert built.days_off == ((date(2026, 9, 30), "day off"), (date(2026, 11, 23), "day off"))


def test_quarter_end_and_peak_move_the_cutover_and_what_follows():
    peak = blackout_from("2026-11-16 to 2026-12-04 Peak season")
    quarter = blackout_from("2026-12-07 Quarter end")
    built = plan(calendar=working_calendar(blackouts=[quarter, peak]))
    assert built.cutover_wished == (date(2026, 11, 20), date(2026, 11, 23))
    assert built.cutover == (date(2026, 12, 11), date(2026, 12, 14))
    assert phase(built, "C").end == date(2026, 11, 13)
    assert phase(built, "E").start == date(2026, 12, 14)
    assert phase(built, "E").end == date(2027, 1, 8)
    assert days_off_sentence(built).endswith(
        " The cutover moved from Fri 20 Nov to Fri 11 Dec, because nothing is cut over on: "
        "Peak season (16 Nov 2026 to 4 Dec 2026) and Quarter end (7 Dec 2026)."
    )
    assert built.as_dict()["cutover_moved_by"] == [peak.line, quarter.line]


def test_a_blackout_elsewhere_moves_nothing():
    calendar = working_calendar(blackouts=[blackout_from("2026-12-24 to 2027-01-03 Year end")])
    assert plan(calendar=calendar).cutover == plan().cutover
    assert "moved" not in days_off_sentence(plan(calendar=calendar))


def test_a_slip_into_a_blackout_expects_the_next_free_weekend():
    peak = blackout_from("2026-12-22 to 2027-01-10 Peak season")
    built = plan(calendar=working_calendar(blackouts=[peak]), today=date(2026, 11, 6))
    assert phase(built, "D").slip_days == 35
    assert phase(built, "D").expected_end == date(2027, 1, 18)


@given(
    st.sampled_from(BOTH),
    st.dates(date(2026, 1, 1), date(2029, 12, 31)),
    st.sampled_from(["", "DE-BE", "US", "JP"]),
    st.frozensets(st.dates(date(2026, 1, 1), date(2030, 12, 31)), max_size=20),
    st.lists(st.tuples(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.integers(0, 60))),
    st.integers(-40, 300),
)
def test_dates_follow_each_other_and_avoid_days_off(
    template, start, country, extra, blocked, later
):
    blackouts = [Blackout(day, day + timedelta(days=length)) for day, length in blocked]
    calendar = working_calendar(country=country, extra=extra, blackouts=blackouts)
    built = plan(template, start=start, calendar=calendar, today=start + timedelta(days=later))
    ends = [day for phase in built.phases for day in (phase.start, phase.end)]
    assert ends == sorted(ends)
    assert all(calendar.is_working(day) for day in ends)
    assert all(calendar.is_working(phase.expected_end) for phase in built.phases)
    assert all(phase.expected_end >= phase.end for phase in built.phases)
    assert [day.weekday() for day in built.cutover] == [4, 0]
    assert not any(blackout.touches(*built.cutover) for blackout in blackouts)
    assert all(activity.due <= phase.end for phase in built.phases for activity in phase.activities)


def test_without_a_start_the_next_monday_is_proposed():
    assert proposed_start(working_calendar(), date(2026, 10, 21)) == date(2026, 10, 26)
    assert proposed_start(working_calendar(), date(2026, 10, 26)) == date(2026, 10, 26)
    built = plan(start=None)
    assert built.proposed and built.start == date(2026, 10, 26)
    assert sentence(built) == (
        "Nine weeks to Airflow 3.1: a start on Mon 26 Oct puts the cutover on "
        "Fri 25 Dec to Mon 28 Dec."
    )


@pytest.mark.parametrize("start", [date(1, 1, 1), date(9999, 12, 31)])
def test_a_start_that_is_a_typing_mistake_is_refused(start):
    with pytest.raises(PlanError, match=r"^A plan cannot start on \d{4}-\d\d-\d\d; use a date"):
        plan(start=start)


# --- Numbers ---------------------------------------------------------------------------------------------


def test_activities_count_findings_ever_seen_and_those_proved_closed():
    built = plan(subdag_dags=4)
    assert (activity(built, "B1").total, activity(built, "B1").done) == (5, 3)
    assert activity(built, "B1").text == "SubDAGs → TaskGroups (4 DAGs)"
    assert activity(built, "B1").evidence == "3 of 5 done, 1 came back"
    assert activity(built, "B1").owners == (("Priya Nair", 2),)
    waived = activity(built, "B2")
    assert (waived.total, waived.done, waived.waived) == (4, 2, 1)
    assert waived.evidence == "2 of 4 done, 1 waived"
    assert (activity(built, "B3").total, activity(built, "B3").done) == (68, 35)
    assert activity(built, "B3").minutes == 330
    assert (activity(built, "B4").total, activity(built, "B4").done) == (4, 0)


def test_an_activity_without_findings_says_whether_anyone_looked():
    for sight, words in (
        (SEEN, "None found"),
        (replace(SEEN, missing=("git",)), "None found so far; the scan is not complete"),
        (Sight(sources=1, missing=("git",)), "Not scanned yet"),
    ):
        assert activity(plan(counts=Counts(), sight=sight), "B1").evidence == words


def test_style_stays_out():
    only_style = Counts(tuple(row for row in COUNTS if row.category is Category.STYLE))
    built = plan(counts=only_style)
    assert built.gate("B.errors").state is GateState.PASS
    assert not any(
        activity.families and activity.total for activity in phase(built, "B").activities
    )


def test_below_2_11_the_plan_goes_through_python_and_2_11_with_gates_of_their_own():
    built = plan(facts=OLD)
    assert activity(built, "A5").text == "Move Python to 3.12 while still on 2.x"
    assert built.gate("A.python").state is GateState.FAIL
    assert built.gate("A.python").evidence == (
        "Production runs Python 3.8; the way goes through 3.12."
    )
    assert built.gate("B.stop").evidence == "The facts say that production runs 2.9.3."
    assert activity(built, "B6").evidence == "snowflake 6.7.0 is the first that needs 2.11"
    assert plan().gate("A.python") is None and plan().gate("B.stop") is None


def test_every_provider_of_the_facts_is_told_apart():
    named = ("apache-airflow-providers-cncf-kubernetes", "Edge", "acme")
    built = plan(facts=replace(OLD, provider_dependencies=named))
    assert activity(built, "B6").evidence == (
        "cncf-kubernetes 10.11.0 is the first that needs 2.11; "
        "edge3 needs 3.x and comes with the cutover; acme was not looked up"
    )


def test_edge_and_mlops_work_of_the_six_months_is_optional():
    assert plan("six-months").gate("5.edge") is None
    asked = replace(FACTS, hybrid_workload=True, mlops_roadmap=True)
    built = plan("six-months", facts=asked)
    assert built.gate("5.edge").signable
    assert {activity.key for activity in phase(built, "5").activities} >= {"5.3", "5.4"}


# --- Gates -----------------------------------------------------------------------------------------------


def test_gates_read_live_data():
    built = plan()
    assert {gate.key: (gate.state.value, gate.evidence) for gate in phase(built, "A").gates} == {
        "A.inventory": ("pass", "1 source scanned completely; that scan is of 19 Oct, 2 days old."),
        "A.owned": ("fail", "Of 7 open ERRORs, 4 have no owner, 1 has an owner but no date."),
        "A.ci": ("pass", "Complete scan from CI of 19 Oct, 2 days old."),
    }
    errors = built.gate("B.errors")
    assert errors.evidence == "7 ERROR open in the scan of 19 Oct, 2 days old; 1 came back."
    assert errors.state is GateState.FAIL and not errors.signable


def clean():
    return Counts(tuple(row for row in COUNTS if row.state in (State.FIXED, State.REMOVED)))


@pytest.mark.parametrize(
    ("sight", "state", "evidence"),
    [
        (SEEN, "pass", "0 ERROR in the complete scan of 19 Oct, 2 days old."),
        (Sight(sources=1), "unknown", "Nothing has been scanned yet."),
        (
            replace(SEEN, missing=("airflow-dags",)),
            "unknown",
            "No complete scan of airflow-dags, so 0 ERROR is not proved.",
        ),
        (
            replace(SEEN, complete_at=date(2026, 10, 12)),
            "unknown",
            "The newest complete scan is 9 days old; after 8 days it no longer proves 0 ERROR.",
        ),
    ],
    ids=["complete", "never", "partial", "stale"],
)
def test_no_finding_is_no_proof_unless_a_fresh_complete_scan_looked(sight, state, evidence):
    gate = plan(counts=clean(), sight=sight).gate("B.errors")
    assert (gate.state.value, gate.evidence) == (state, evidence)


def test_waived_errors_are_told_beside_the_zero_that_they_are_not():
    waived = Counts((*clean(), *(replace(row, state=State.WAIVED) for row in list(COUNTS)[:1])))
    evidence = plan(counts=waived, sight=SEEN).gate("B.errors").evidence
    assert evidence.startswith("0 ERROR in the complete scan of 19 Oct, 2 days old; ")
    assert evidence.endswith(f"{waived.of(Severity.ERROR).waived} waived.")


def test_a_gate_of_a_phase_that_has_not_begun_waits_with_todays_numbers():
    built = plan(today=date(2026, 9, 23))
    assert built.gate("B.errors").state is GateState.WAITING
    assert built.gate("B.errors").evidence.startswith("Not started. 7 ERROR open")


def test_a_gate_may_pass_early_once_all_before_it_have():
    early = {"counts": clean(), "today": date(2026, 9, 23)}
    fresh = Sight(
        sources=1, **dict.fromkeys(("complete_at", "scanned_at", "ci_at"), date(2026, 9, 22))
    )
    assert plan(sight=fresh, **early).gate("B.errors").state is GateState.PASS
    without_ci = replace(fresh, ci_at=None)
    assert plan(sight=without_ci, **early).gate("B.errors").state is GateState.WAITING


def test_what_no_data_can_tell_waits_for_a_named_person():
    parity = plan().gate("C.parity")
    assert parity.state is GateState.WAITING and parity.signable
    note = Signature(person="Dana Okafor", on=date(2026, 10, 20), note="all green since Sunday")
    passed = plan(signatures={"C.parity": note}).gate("C.parity")
    assert passed.state is GateState.PASS
    assert passed.evidence == "Signed by Dana Okafor on 20 Oct: all green since Sunday"


@pytest.mark.parametrize(
    ("template", "keys", "friday"),
    [
        ("nine-weeks", ("D.soak", "E.adopted"), date(2026, 11, 20)),
        ("six-months", ("6.traffic",), date(2027, 2, 26)),
    ],
)
def test_nobody_signs_for_the_cutover_before_it_has_begun(template, keys, friday):
    for key in keys:
        before = plan(template, today=friday - timedelta(days=1)).gate(key)
        assert before.state is GateState.WAITING and not before.signable
        assert before.evidence.startswith("Not yet. ")
        assert plan(template, today=friday).gate(key).signable


def test_no_signature_passes_a_gate_that_data_can_answer():
    gate = plan(signatures=signed("B.errors")).gate("B.errors")
    assert gate.state is GateState.FAIL and not gate.signed_by


def test_waived_errors_need_a_signature_and_an_empty_list_does_not():
    gate = plan().gate("B.waived")
    assert gate.state is GateState.WAITING and gate.signable
    assert gate.evidence.startswith("1 ERROR is waived. ")
    assert plan(signatures=signed("B.waived")).gate("B.waived").state is GateState.PASS
    assert plan(counts=clean()).gate("B.waived").state is GateState.PASS


def test_import_errors_fail_their_gate_and_a_missing_check_waits():
    late = {"today": date(2026, 11, 4)}
    checks = [rule.id for rule in rulebook().rules.values() if rule.checker == "import-check"]
    broken = Counts((tally(2, "import-errors", rule_id=checks[0]),))
    fresh = replace(SEEN, imports_at=date(2026, 11, 3))
    assert plan(counts=broken, sight=fresh, **late).gate("C.imports").state is GateState.FAIL
    assert plan(counts=clean(), sight=fresh, **late).gate("C.imports").state is GateState.PASS
    assert plan(counts=clean(), **late).gate("C.imports").state is GateState.UNKNOWN
    never = replace(SEEN, imports_at=None)
    assert plan(counts=clean(), sight=never, **late).gate("C.imports").state is GateState.WAITING


def test_others_ask_for_gates_by_what_they_measure():
    for template, key in (("nine-weeks", "C.parity"), ("six-months", "3.parity")):
        built = plan(template)
        assert [gate.key for gate in built.gates_measuring("parity")] == [key]
    assert [phase.key for phase in plan().before_cutover()] == ["A", "B", "C"]


def test_a_plan_without_a_gate_on_errors_proves_nothing_about_them():
    proved = plan(counts=clean())
    assert proved.proves_no_errors
    assert not plan().proves_no_errors
    assert not replace(proved, phases=()).proves_no_errors


# --- Slip ------------------------------------------------------------------------------------------------


def test_a_late_gate_moves_everything_after_it():
    built = plan()
    assert {phase.key: (phase.state.value, phase.slip_days) for phase in built.phases} == {
        "A": ("late", 19),
        "B": ("running", 19),
        "C": ("not started", 19),
        "D": ("not started", 19),
        "E": ("not started", 19),
    }
    assert phase(built, "B").expected_end == date(2026, 11, 18)
    assert sentence(built) == (
        "Nine weeks to Airflow 3.1: no gate has passed yet, and gate A is 19 days late."
    )


def test_a_passed_gate_does_not_slip_and_one_in_time_is_not_late():
    built = plan(counts=clean(), today=date(2026, 10, 21), signatures={})
    assert phase(built, "A").passed and phase(built, "B").passed
    assert built.slip_days == 0
    assert built.current.key == "C"
    assert sentence(built) == (
        "Nine weeks to Airflow 3.1: gates A, B passed, and gate C is due in 23 days."
    )


def test_the_last_sentence_of_a_plan():
    every = signed("B.waived", "C.parity", "D.soak", "E.adopted")
    fresh = replace(
        SEEN,
        **dict.fromkeys(("complete_at", "scanned_at", "ci_at", "imports_at"), date(2026, 12, 20)),
    )
    built = plan(counts=clean(), today=date(2026, 12, 21), sight=fresh, signatures=every)
    assert built.current is None
    assert sentence(built) == "Nine weeks to Airflow 3.1: every gate has passed."


def test_a_phase_that_has_passed_is_not_moved_by_one_before_it():
    built = plan(counts=clean(), sight=replace(SEEN, ci_at=None))
    slips = {phase.key: phase.slip_days for phase in built.phases}
    assert phase(built, "B").passed
    assert slips == {"A": 19, "B": 0, "C": 19, "D": 19, "E": 19}
