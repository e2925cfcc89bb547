"""Cells that no spreadsheet runs."""

from hypothesis import given
from hypothesis import strategies as st

from planner.domain.csv_cells import guard, unguard

text = st.text(st.sampled_from("=+-@'\t\r\nab1 ,;\"") | st.characters(exclude_categories=["Cs"]))


@given(text)
def test_a_guarded_cell_comes_back_exactly(cell: str) -> None:
    assert unguard(guard(cell)) == cell


@given(text)
def test_no_guarded_cell_begins_like_a_formula(cell: str) -> None:
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_an_apostrophe_that_a_person_typed_stays() -> None:
    assert unguard("'tis") == "'tis"
