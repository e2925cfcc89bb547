"""A plan for the rendering tests: nine weeks, in week 5, with findings, owners and a signature."""

from datetime import date

from planner.domain.calendar import working_calendar
from planner.domain.facts import facts_from
from planner.domain.finding import Category, Severity, State
from planner.domain.measure import Sight
from planner.domain.plan import Signature, build_plan
from planner.domain.tally import Counts, Tally
from planner.rulebook.load import rulebook

TODAY = date(2026, 10, 21)


def tally(number, family, state=State.OPEN, owner="", **more):
    return Tally(
        rule_id="AIR301",
        number=number,
        family=family,
        severity=Severity.ERROR,
        category=Category.BLOCK,
        state=state,
        owner=owner,
        owner_key=owner.lower(),
        dated=number if owner else 0,
        **more,
    )


def example(template="nine-weeks", *, today=TODAY, owner="Priya | Nair"):
    return build_plan(
        template,
        counts=Counts(
            (
                tally(2, "subdags", owner=owner),
                tally(3, "subdags", State.FIXED),
                tally(1, "removed-api", owner="=cmd|' /C calc'!A0"),
            )
        ),
        facts=facts_from(
            {
                "name": "Production",
                "current_version": "2.9.3",
                "target_version": "3.1",
                "dag_count": 400,
                "python_current": "3.11",
                "bandwidth_quarters": 1.0,
            }
        ),
        calendar=working_calendar(country="DE-BE"),
        start=date(2026, 9, 21),
        today=today,
        signatures={"C.parity": Signature(person="Dana <b>", on=TODAY, note="=2+5 | all green")},
        rulebook=rulebook(),
        sight=Sight(sources=1, complete_at=date(2026, 10, 19), scanned_at=date(2026, 10, 19)),
        subdag_dags=4,
    )
