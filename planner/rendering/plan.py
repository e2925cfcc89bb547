"""A plan as text, Markdown, CSV and calendar."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from planner.domain.csv_cells import guard
from planner.domain.dates import short, with_weekday
from planner.domain.numbers import plural
from planner.domain.plan import (
    Activity,
    Comparison,
    Gate,
    Phase,
    PhaseState,
    Plan,
    days_off_sentence,
    sentence,
)

WIDTH = 100

CSV_HEAD = (
    "kind",
    "phase",
    "phase_name",
    "key",
    "text",
    "axis",
    "start",
    "due",
    "total",
    "done",
    "waived",
    "unit",
    "minutes",
    "owners",
    "state",
    "evidence",
)


# --- Plain text ------------------------------------------------------------------------------------------


def plan_as_text(plan: Plan) -> str:
    """What ``plan`` prints for people."""
    blocks = [textwrap.fill(sentence(plan), WIDTH)]
    blocks += [_phase_text(phase, plan) for phase in plan.phases]
    blocks.append(_comparison_text(plan.before_after))
    blocks.append(textwrap.fill(days_off_sentence(plan), WIDTH))
    return "\n\n".join(blocks)


def _phase_text(phase: Phase, plan: Plan) -> str:
    late = phase.state is PhaseState.LATE
    state = plural(phase.slip_days, "day") + " late" if late else phase.state.value
    moved = f", slips {plural(phase.slip_days, 'day')}" if phase.slip_days and not late else ""
    head = f"{phase.key}  {phase.name}: {phase_dates(phase, plan)} ({state}{moved})"
    lines = [head]
    for activity in phase.activities:
        lines += _wrapped(
            f"{_tick(activity)} {activity.key} {activity.text}", f"{progress(activity)}."
        )
    for gate in phase.gates:
        lines += _wrapped(f"    gate: {gate.text}", f"{gate.state.value}. {gate.evidence}")
    lines += _wrapped(f"    risk: {phase.risk}", "")
    return "\n".join(lines)


def _tick(activity: Activity) -> str:
    if not activity.total:
        return "[-]"
    return "[x]" if activity.is_done else "[ ]"


def _state(activity: Activity) -> str:
    """Done or open; empty where there is nothing to count."""
    if not activity.total:
        return ""
    return "done" if activity.is_done else "open"


def _wrapped(first: str, rest: str) -> list[str]:
    text = f"{first}: {rest}" if rest else first
    indent = " " * (len(first) - len(first.lstrip()) or 4)
    lead = " " * (len(first) - len(first.lstrip()))
    return textwrap.wrap(
        text.strip(), WIDTH, initial_indent=lead, subsequent_indent=indent + "    "
    )


def _comparison_text(rows: Sequence[Comparison]) -> str:
    cells = [("", "Before", "Today", "After")]
    cells += [(row.label, row.before, row.now, row.after) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in cells
    )


def phase_dates(phase: Phase, plan: Plan) -> str:
    """'Weeks 1 to 2, Mon 21 Sep to Fri 2 Oct'."""
    start = with_weekday(phase.start, today=plan.today)
    if phase.open_end:
        return f"{phase.when}, {start}, looked at on {short(phase.end, today=plan.today)}"
    return f"{phase.when}, {start} to {with_weekday(phase.end, today=plan.today)}"


def progress(activity: Activity) -> str:
    """How far an activity is, in words."""
    waived = f", {activity.waived:,} waived" if activity.waived else ""
    counted = f"{activity.done:,} of {plural(activity.total, activity.unit)} done{waived}"
    told = activity.total > 1 or (activity.total and activity.families)
    return counted if told else activity.evidence.rstrip(".")


# --- Markdown --------------------------------------------------------------------------------------------


def plan_as_markdown(plan: Plan, *, title: str) -> str:
    """For a wiki or a pull request."""
    lines = [f"# {_md(title)}", "", _md(sentence(plan)), "", _md(days_off_sentence(plan)), ""]
    for phase in plan.phases:
        lines += _phase_markdown(phase, plan)
    lines += ["## Before and after", "", *_md_table(("", "Before", "Today", "After"), _rows(plan))]
    return "\n".join(lines).rstrip() + "\n"


def _phase_markdown(phase: Phase, plan: Plan) -> list[str]:
    rows = [
        (
            f"{activity.key} {activity.text}",
            f"{activity.done:,} of {activity.total:,}" if activity.total else activity.evidence,
            activity.axis.value,
            owners_words(activity.owners),
            activity.due.isoformat(),
        )
        for activity in phase.activities
    ]
    gates = [
        f"- [{'x' if gate.state.value == 'pass' else ' '}] **{gate.state.value}** {_md(gate.text)}: "
        f"{_md(gate.evidence)}"
        for gate in phase.gates
    ]
    return [
        f"## {_md(phase.key)} {_md(phase.name)}",
        "",
        f"{_md(phase_dates(phase, plan))}.{_slip(phase)} Risk: {_md(phase.risk)}.",
        "",
        *_md_table(("Activity", "Done", "Axis", "Owners", "Due"), rows),
        "",
        "Exit gate:",
        "",
        *gates,
        "",
    ]


def _slip(phase: Phase) -> str:
    if not phase.slip_days:
        return ""
    days = plural(phase.slip_days, "day")
    return f" **{days} late.**" if phase.state is PhaseState.LATE else f" **Slips {days}.**"


def _rows(plan: Plan) -> list[tuple[str, str, str, str]]:
    return [(row.label, row.before, row.now, row.after) for row in plan.before_after]


def _md_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
        *(f"| {' | '.join(map(_md, row))} |" for row in rows),
    ]


def _md(text: str) -> str:
    """Text that cannot break a table, open HTML or become a link."""
    text = " ".join(text.split())
    for sign in ("\\", "|", "<", ">", "`", "[", "]", "*", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text


def owners_words(owners: Sequence[tuple[str, int]]) -> str:
    """'Priya 3, Owen 1, nobody 2'."""
    return ", ".join(f"{name or 'nobody'} {number:,}" for name, number in owners)


# --- CSV -------------------------------------------------------------------------------------------------


def plan_as_csv(plan: Plan) -> str:
    """One row per activity and per gate, safe to open in a spreadsheet."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(CSV_HEAD)
    for phase in plan.phases:
        for activity in phase.activities:
            writer.writerow(map(_cell, _activity_cells(phase, activity)))
        for gate in phase.gates:
            writer.writerow(map(_cell, _gate_cells(phase, gate)))
    return target.getvalue()


def _activity_cells(phase: Phase, activity: Activity) -> tuple[object, ...]:
    return (
        "activity",
        phase.key,
        phase.name,
        activity.key,
        activity.text,
        activity.axis.value,
        phase.start,
        activity.due,
        activity.total,
        activity.done,
        activity.waived,
        activity.unit,
        activity.minutes,
        owners_words(activity.owners),
        _state(activity),
        activity.evidence,
    )


def _gate_cells(phase: Phase, gate: Gate) -> tuple[object, ...]:
    return (
        "gate",
        phase.key,
        phase.name,
        gate.key,
        gate.text,
        "",
        phase.start,
        phase.end,
        "",
        "",
        "",
        "",
        "",
        gate.signed_by,
        gate.state.value,
        gate.evidence,
    )


def _cell(value: object) -> str:
    return guard(str(value))


# --- Calendar --------------------------------------------------------------------------------------------


def plan_as_calendar(plan: Plan, *, slug: str, title: str, stamp: datetime) -> bytes:
    """Phases, gates and the cutover weekend as all-day events. UIDs stay, so a second import moves events."""
    calendar = Calendar()
    calendar.add("prodid", "-//Flightplan//Plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    for phase in plan.phases:
        calendar.add_component(_phase_event(phase, plan, slug, title, stamp))
        calendar.add_component(_gate_event(phase, plan, slug, title, stamp))
    if all((phase.start, phase.end) != plan.cutover for phase in plan.phases):
        calendar.add_component(_cutover_event(plan, slug, title, stamp))
    return bytes(calendar.to_ical())


def _phase_event(phase: Phase, plan: Plan, slug: str, title: str, stamp: datetime) -> Event:
    event = _event(f"{slug}-{plan.template}-{phase.key}", stamp)
    event.add("summary", f"{phase.key} {phase.name} · {title}")
    event.add("dtstart", phase.start)
    event.add("dtend", phase.end + timedelta(days=1))
    work = "\n".join(f"{activity.key} {activity.text}" for activity in phase.activities)
    event.add("description", f"{work}\n\nRisk: {phase.risk}")
    event.add("transp", "TRANSPARENT")
    return event


def _gate_event(phase: Phase, plan: Plan, slug: str, title: str, stamp: datetime) -> Event:
    event = _event(f"{slug}-{plan.template}-{phase.key}-gate", stamp)
    event.add("summary", f"Gate {phase.key} due · {title}")
    event.add("dtstart", phase.end)
    event.add("dtend", phase.end + timedelta(days=1))
    gates = "\n".join(f"{gate.text}: {gate.state.value}. {gate.evidence}" for gate in phase.gates)
    event.add("description", gates)
    event.add("transp", "TRANSPARENT")
    return event


def _cutover_event(plan: Plan, slug: str, title: str, stamp: datetime) -> Event:
    """The weekend itself, where it is only a part of its phase."""
    event = _event(f"{slug}-{plan.template}-cutover", stamp)
    event.add("summary", f"Cutover weekend · {title}")
    event.add("dtstart", plan.cutover[0])
    event.add("dtend", plan.cutover[1] + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    return event


def _event(uid: str, stamp: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@flightplan")
    event.add("dtstamp", stamp)
    return event
