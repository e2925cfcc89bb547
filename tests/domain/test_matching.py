"""What "same finding" means, by example and by property."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from planner.domain.identity import Trace
from planner.domain.matching import explain, match


def trace(
    path: str,
    line: int,
    *,
    rule: str = "AIR301",
    symbol: str = "x",
    column: int = 1,
    content: str = "",
) -> Trace:
    return Trace(path, rule, symbol, line, column, content)


def pairs(
    old: list[Trace], new: list[Trace], renames: dict[str, str] | None = None
) -> dict[int, int]:
    found = match(old, new, renames or {}).new_of
    return {i: j for i, j in enumerate(found) if j >= 0}


def test_shifted_lines_keep_their_order() -> None:
    old = [trace("a.py", line) for line in (10, 20, 30)]
    new = [trace("a.py", line) for line in (20, 30, 40)]
    assert pairs(old, new) == {0: 0, 1: 1, 2: 2}


def test_the_one_that_was_fixed_is_the_one_that_closes() -> None:
    old = [trace("a.py", line, symbol="x") for line in (10, 20, 30)] + [
        trace("a.py", 5, symbol="y")
    ]
    new = [trace("a.py", 8, symbol="y"), trace("a.py", 13), trace("a.py", 33)]
    assert pairs(old, new) == {0: 1, 2: 2, 3: 0}


def test_line_text_beats_order() -> None:
    old = [trace("a.py", 10, content="one()"), trace("a.py", 11, content="two()")]
    new = [trace("a.py", 10, content="two()"), trace("a.py", 11, content="one()")]
    assert pairs(old, new) == {0: 1, 1: 0}


def test_git_names_the_renamed_file() -> None:
    old = [trace("dags/a.py", 3)]
    new = [trace("dags/b.py", 4), trace("dags/c.py", 3)]
    assert pairs(old, new, {"dags/a.py": "dags/b.py"}) == {0: 0}


def test_two_possible_homes_mean_neither() -> None:
    old = [trace("dags/a.py", 3)]
    new = [trace("x/a.py", 3), trace("y/a.py", 3)]
    assert pairs(old, new) == {}


def test_a_file_of_the_same_name_with_other_findings_is_another_file() -> None:
    old = [trace("dags/load.py", line, symbol="one") for line in (3, 5, 7)]
    half = [trace("etl/load.py", 4, symbol="one"), trace("etl/load.py", 9, symbol="one")]
    assert match(old, half, {}).renamed == {"dags/load.py": "etl/load.py"}
    other = [trace("etl/load.py", line, symbol="two") for line in (3, 5, 7)]
    assert match(old, [half[0], *other], {}).renamed == {}


def test_a_letter_case_change_of_the_name_keeps_every_finding() -> None:
    old = [trace("dags/Report.py", line) for line in (1, 5, 9)]
    new = [trace("dags/report.py", line) for line in (1, 5, 9)]
    assert pairs(old, new) == {0: 0, 1: 1, 2: 2}


def test_a_renamed_folder_survives_whole() -> None:
    old = [trace(f"dags/{name}.py", line) for name in "abcd" for line in (3, 7)]
    new = [trace(f"src/dags/{name}.py", line + 1) for name in "abcd" for line in (3, 7)]
    assert pairs(old, new) == {i: i for i in range(8)}


def test_a_renumbered_rule_at_the_same_place_is_the_same_finding() -> None:
    old = [trace("a.py", 3, rule="AIR302", symbol="airflow.x")]
    new = [trace("a.py", 3, rule="AIR301", symbol="airflow.x")]
    assert pairs(old, new) == {0: 0}
    assert explain(old[0], new[0], by_git=False) == "rule AIR302 is now AIR301, same place"


def test_a_moved_finding_says_why() -> None:
    old = trace("dags/a.py", 42, content="x = 1")
    new = trace("dags/b.py", 57, content="x = 1")
    assert explain(old, new, by_git=True) == (
        "line 42 → 57, same text; file renamed from dags/a.py, as git says"
    )


def test_fifty_thousand_identical_findings_in_one_file() -> None:
    old = [trace("a.py", line) for line in range(50_000)]
    new = [trace("a.py", line + 3) for line in range(50_001)]
    assert len(pairs(old, new)) == 50_000


traces = st.lists(
    st.builds(
        Trace,
        st.sampled_from(["a.py", "b.py", "d/a.py"]),
        st.sampled_from(["AIR301", "AIR311"]),
        st.sampled_from(["x", "y"]),
        st.integers(1, 12),
        st.integers(1, 3),
        st.sampled_from(["", "p", "q"]),
    ),
    unique=True,
    max_size=25,
)


@given(traces)
def test_the_same_scan_again_changes_nothing(found: list[Trace]) -> None:
    assert [found[j] for j in match(found, found, {}).new_of] == found


@given(traces, st.randoms(use_true_random=False))
def test_the_order_of_the_report_does_not_matter(found: list[Trace], rng: random.Random) -> None:
    shuffled = found[:]
    rng.shuffle(shuffled)
    assert [shuffled[j] for j in match(found, shuffled, {}).new_of] == found


@given(traces, traces)
def test_no_finding_becomes_two_and_no_two_become_one(old: list[Trace], new: list[Trace]) -> None:
    hits = [j for j in match(old, new, {}).new_of if j >= 0]
    assert len(hits) == len(set(hits))


@given(traces, traces, st.randoms(use_true_random=False))
def test_pairs_depend_on_the_findings_and_not_on_their_order(
    old: list[Trace], new: list[Trace], rng: random.Random
) -> None:
    def as_traces(left: list[Trace], right: list[Trace]) -> set[tuple[Trace, Trace]]:
        return {(left[i], right[j]) for i, j in enumerate(match(left, right, {}).new_of) if j >= 0}

    old_shuffled, new_shuffled = old[:], new[:]
    rng.shuffle(old_shuffled)
    rng.shuffle(new_shuffled)
    assert as_traces(old, new) == as_traces(old_shuffled, new_shuffled)


@given(traces, traces)
def test_never_worse_than_the_exact_place(old: list[Trace], new: list[Trace]) -> None:
    """As many findings survive as by the naive identity of file, rule, symbol and place."""

    def key(found: Trace) -> tuple[str, str, str, int, int]:
        return (found.path, found.rule, found.symbol, found.line, found.column)

    naive = len({key(found) for found in old} & {key(found) for found in new})
    assert len(pairs(old, new)) >= naive
