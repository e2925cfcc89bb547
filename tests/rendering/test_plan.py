"""A plan on paper, in a spreadsheet and in a calendar."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar

from planner.rendering.plan import (
    CSV_HEAD,
    plan_as_calendar,
    plan_as_csv,
    plan_as_markdown,
    plan_as_text,
)
from tests.rendering.plans import TODAY, example

STAMP = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)


def calendar_of(plan, slug="production"):
    return plan_as_calendar(plan, slug=slug, title="Production", stamp=STAMP)


@pytest.mark.parametrize("template", ["nine-weeks", "six-months"])
@pytest.mark.parametrize("form", ["txt", "md", "csv", "ics"])
def test_every_export_is_as_agreed(template, form, golden):
    plan = example(template)
    written = {
        "txt": lambda: plan_as_text(plan) + "\n",
        "md": lambda: plan_as_markdown(plan, title=f"{plan.name} for Production"),
        "csv": lambda: plan_as_csv(plan),
        "ics": lambda: calendar_of(plan).decode(),
    }[form]()
    assert written.encode() == (golden / f"plan-{template}.{form}").read_bytes()


def test_no_cell_of_the_csv_is_a_formula():
    rows = list(csv.reader(io.StringIO(plan_as_csv(example(owner="+1 Team")))))
    assert tuple(rows[0]) == CSV_HEAD
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert "'=cmd|' /C calc'!A0 1" in {row[CSV_HEAD.index("owners")] for row in rows}


def test_the_csv_has_a_row_for_each_activity_and_gate_with_its_numbers():
    plan = example()
    rows = list(csv.DictReader(io.StringIO(plan_as_csv(plan))))
    activities = [activity for phase in plan.phases for activity in phase.activities]
    gates = [gate for phase in plan.phases for gate in phase.gates]
    assert [row["kind"] for row in rows].count("activity") == len(activities)
    assert [row["kind"] for row in rows].count("gate") == len(gates)
    by_key = {row["key"]: row for row in rows}
    for activity in activities:
        row = by_key[activity.key]
        assert (int(row["total"]), int(row["done"])) == (activity.total, activity.done)
        assert date.fromisoformat(row["due"]) == activity.due
    assert {gate.key: by_key[gate.key]["state"] for gate in gates} == {
        gate.key: gate.state.value for gate in gates
    }


def test_what_people_typed_breaks_no_markdown_table():
    text = plan_as_markdown(example(), title="Plan | <script>")
    assert text.startswith("# Plan \\| \\<script\\>\n")
    assert "Priya \\| Nair 2" in text
    assert "Signed by Dana \\<b\\> on 21 Oct: =2+5 \\| all green" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    cells = [line.replace("\\|", "").count("|") for line in tables]
    assert set(cells) == {6, 5}


def test_calendar_programs_can_read_every_event():
    plan = example()
    events = list(Calendar.from_ical(calendar_of(plan)).walk("VEVENT"))
    assert len(events) == 2 * len(plan.phases)
    for event in events:
        start, end = event["DTSTART"].dt, event["DTEND"].dt
        assert isinstance(start, date) and not isinstance(start, datetime)
        assert end > start
    cutover = next(event for event in events if event["SUMMARY"].startswith("D Cutover"))
    assert cutover["DTSTART"].dt == plan.cutover[0]
    assert cutover["DTEND"].dt == plan.cutover[1] + timedelta(days=1)


def test_the_cutover_weekend_is_in_every_calendar():
    plan = example("six-months")
    events = list(Calendar.from_ical(calendar_of(plan)).walk("VEVENT"))
    weekend = next(event for event in events if event["SUMMARY"].startswith("Cutover weekend"))
    assert weekend["DTSTART"].dt == plan.cutover[0]
    assert weekend["DTEND"].dt == plan.cutover[1] + timedelta(days=1)


def test_uids_stay_when_dates_move_and_differ_between_deployments_and_templates():
    def uids(plan, slug="production"):
        read = Calendar.from_ical(calendar_of(plan, slug))
        return [str(event["UID"]) for event in read.walk("VEVENT")]

    assert uids(example()) == uids(example(today=TODAY + timedelta(days=40)))
    assert len(set(uids(example()))) == len(uids(example()))
    assert not set(uids(example())) & set(uids(example(), "staging"))
    assert not set(uids(example())) & set(uids(example("six-months")))
