"""Which change is named as the one that mended a finding, and when none is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planner.domain.fixed_by import MOST_LINES, changes_between, fixed_by
from planner.domain.identity import Trace

BEFORE = """\
from airflow.models import DAG, Variable
from airflow.operators.bash import (
    BashOperator,
)

with DAG("a", schedule_interval="@daily"):
    BashOperator(task_id="one")
    BashOperator(task_id="two")
""".splitlines()


def finding(symbol: str, line: int) -> Trace:
    return Trace("dags/a.py", "AIR311", symbol, line, 1)


def told(symbol: str, line: int, edits: dict[str, str | None]) -> str:
    """What is said of a finding once lines were replaced, or taken out where there is nothing instead."""
    after = [edits.get(text, text) for text in BEFORE]
    kept = [text for text in after if text is not None]
    return fixed_by(finding(symbol, line), changes_between(BEFORE, kept))


def test_one_import_mends_uses_on_lines_that_nobody_touched() -> None:
    edit = {BEFORE[0]: "from airflow.sdk import DAG, Variable"}
    assert told("airflow.models.DAG", 6, edit) == (
        "line 6 is as it was; the import on line 1, `from airflow.models import DAG, Variable`, "
        "was changed to `from airflow.sdk import DAG, Variable`"
    )


def test_an_import_over_several_lines_is_one_too() -> None:
    edit = {BEFORE[2]: None}
    assert told("airflow.operators.bash.BashOperator", 8, edit) == (
        "line 8 is as it was; the import on line 3, `BashOperator,`, was taken out"
    )


def test_the_line_itself_comes_first() -> None:
    edit = {
        BEFORE[5]: 'with DAG("a", schedule="@daily"):',
        BEFORE[0]: "from airflow.sdk import DAG",
    }
    assert told("schedule_interval", 6, edit) == (
        'line 6 was changed from `with DAG("a", schedule_interval="@daily"):` '
        'to `with DAG("a", schedule="@daily"):`'
    )
    assert told("airflow.operators.bash.BashOperator", 8, {BEFORE[7]: None}) == (
        'line 8 was taken out: `BashOperator(task_id="two")`'
    )


def test_a_change_that_has_nothing_to_do_with_it_is_not_named() -> None:
    assert told("airflow.models.DAG", 6, {BEFORE[7]: "    pass"}) == ""
    assert told("airflow.operators.bash.BashOperator", 7, {BEFORE[0]: "import airflow"}) == ""


def test_two_imports_of_one_name_leave_it_open() -> None:
    before = ["import DAG", "x = 1", "from a import DAG", "DAG()"]
    after = ["import OTHER", "x = 1", "from b import DAG", "DAG()"]
    assert fixed_by(finding("a.DAG", 4), changes_between(before, after)) == ""


def test_too_much_between_two_changes_is_not_compared() -> None:
    before = [str(number) for number in range(MOST_LINES + 1)]
    assert changes_between(before, [*before[:5], "x", *before[6:]]) != []
    assert changes_between(before, ["a", *before[1:-1], "b"]) == []


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_changes_make_the_one_file_of_the_other(before: list[str], after: list[str]) -> None:
    made, position = [], 0
    for change in changes_between(before, after):
        made += before[position : change.line - 1]
        assert before[change.line - 1 : change.line - 1 + len(change.before)] == list(change.before)
        made += change.after
        position = change.line - 1 + len(change.before)
    assert [*made, *before[position:]] == after
