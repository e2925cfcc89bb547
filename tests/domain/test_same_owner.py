"""Owners that read alike: an e-mail, a handle, an Airflow owner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.same_owner import Called, Likely, bare, likely_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data-eng", "Data Eng"),
        ("data-eng", "data-eng@x.org"),
        ("org/data-eng", "data_eng"),
        ("ana.lima@example.com", "Ana Lima"),
        ("ana.lima+airflow@example.com", "analima"),
        ("Zoë Díaz", "zoe-diaz"),
        ("@ana-lima", "Ana Lima"),
    ],
)
def test_names_of_one_owner_read_alike(one: str, other: str) -> None:
    pair = [Called("one", (one,)), Called("other", (other,))]
    assert likely_same(pair) == [Likely("one", "other", (one, other))]


@pytest.mark.parametrize(
    ("one", "other"),
    [("ana", "anna"), ("bi", "b.i."), ("airflow", "Airflow"), ("", "!"), ("a@x.org", "b@x.org")],
)
def test_others_do_not(one: str, other: str) -> None:
    pair = [Called("one", (one,)), Called("other", (other,))]
    assert likely_same(pair, common=["airflow"]) == []


def test_two_accounts_are_two_people_and_what_a_person_said_counts() -> None:
    ana, too = (
        Called("ana", ("ana lima",), account=1),
        Called("too", ("Ana.Lima@x.org",), account=2),
    )
    assert likely_same([ana, too]) == []
    known = Called("known", ("analima",))
    assert [pair.other for pair in likely_same([ana, known])] == ["known"]
    assert likely_same([ana, known], apart=[frozenset(("known", "ana"))]) == []


@given(st.lists(st.text(max_size=12), max_size=12, unique=True))
def test_each_owner_is_offered_once_and_never_with_itself(names: list[str]) -> None:
    found = likely_same([Called(f"k{at}", (name,)) for at, name in enumerate(names)])
    assert len({pair.other for pair in found}) == len(found)
    for pair in found:
        assert pair.one != pair.other
        assert bare(pair.alike[0]) == bare(pair.alike[1])
