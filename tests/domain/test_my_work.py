"""One person's findings by the fix that closes them, most urgent first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.my_work import Fix, FixGroup, Place, Section, fix_groups

TODAY = date(2026, 10, 21)
SUNDAY = date(2026, 10, 25)


def place(pk: int = 1, **values: Any) -> Place:
    defaults: dict[str, Any] = {
        "pk": pk,
        "deployment_id": 1,
        "source_id": 1,
        "path": "dags/a.py",
        "line": pk,
        "rule_id": "AIR311",
        "symbol": "airflow.models.param.Param",
        "own_when": "",
        "state": "open",
        "due": None,
        "minutes": 3,
        "severity_rank": 1,
        "category": "migrate",
        "regressed": False,
        "dag_count": 0,
    }
    return Place(**{**defaults, **values})


def fix_of(rule_id: str, symbol: str, own_when: str) -> Fix:
    return Fix(rule_id, "A name that moved", f"Use airflow.sdk.{symbol.rpartition('.')[2]}.", "now")


def groups(*places: Place, sent_back: frozenset[int] = frozenset()) -> list[FixGroup]:
    return fix_groups(places, fix_of=fix_of, sent_back=sent_back, today=TODAY, week_end=SUNDAY)


def test_two_names_with_one_instruction_are_one_fix() -> None:
    (one,) = groups(
        place(1, symbol="airflow.DAG", path="dags/b.py"),
        place(2, symbol="airflow.models.DAG"),
        place(3, symbol="airflow.models.dag.DAG", state="claimed"),
    )
    assert one.fix.heading == "Import `DAG` from `airflow.sdk`"
    assert (one.sum.count, one.sum.open, one.sum.claimed, one.sum.minutes) == (3, 2, 1, 6)
    assert [(path, its.count) for (path, _source), its in one.files.items()] == [
        ("dags/b.py", 1),
        ("dags/a.py", 2),
    ]
    assert [one.pk for one in one.places] == [2, 3, 1]


@pytest.mark.parametrize(
    ("instead", "heading"),
    [
        ("Use airflow.sdk.", "Import `sdk` from `airflow`"),
        ("Use airflow.models.DAG.clear.", "Use airflow.models.DAG.clear."),
        ("Rename the argument to `schedule`.", "Rename the argument to `schedule`."),
        ("", "A name that moved"),
    ],
)
def test_only_names_in_modules_are_told_as_imports(instead: str, heading: str) -> None:
    assert Fix("AIR301", "A name that moved", instead, "now").heading == heading


def test_a_fix_is_as_urgent_as_its_first_place_and_what_came_back_is_before_all() -> None:
    found = groups(
        place(1, symbol="a.Later", due=SUNDAY + timedelta(days=1)),
        place(2, symbol="a.Late", due=TODAY - timedelta(days=1)),
        place(3, symbol="a.Late", due=SUNDAY + timedelta(days=9)),
        place(4, symbol="a.Never"),
        place(5, symbol="a.Week", due=TODAY),
        place(6, symbol="a.Never"),
        sent_back=frozenset({6}),
    )
    assert [(one.section, [place.pk for place in one.places]) for one in found] == [
        (Section.SENT_BACK, [6]),
        (Section.LATE, [2, 3]),
        (Section.WEEK, [5]),
        (Section.LATER, [1]),
        (Section.NO_DATE, [4]),
    ]


def test_what_is_claimed_is_neither_late_nor_minutes() -> None:
    (one,) = groups(place(1, state="claimed", due=TODAY - timedelta(days=9)))
    assert (one.section, one.sum.late, one.sum.minutes) == (Section.WEEK, 0, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.One", "a.Two", "b.One"]),
            st.sampled_from(["dags/a.py", "dags/b.py"]),
            st.one_of(st.none(), st.dates(date(2026, 9, 1), date(2026, 12, 1))),
            st.sampled_from(["open", "claimed"]),
            st.integers(1, 3),
        ),
        max_size=30,
    ),
    st.randoms(),
)
def test_every_place_is_in_one_group_whatever_their_order(rows: list[Any], random: Any) -> None:
    places = [
        place(at, symbol=symbol, path=path, due=due, state=state, deployment_id=deployment)
        for at, (symbol, path, due, state, deployment) in enumerate(rows)
    ]
    found = groups(*places)
    assert sorted(one.pk for group in found for one in group.places) == list(range(len(rows)))
    assert sum(group.sum.minutes for group in found) == 3 * sum(
        one.state == "open" for one in places
    )
    random.shuffle(places)
    again = groups(*places)
    assert [(group.key, [one.pk for one in group.places]) for group in again] == [
        (group.key, [one.pk for one in group.places]) for group in found
    ]
