"""What "same finding" means, by example and by property."""

from __future__ import annotations

import random
from collections import Counter
from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from planner.domain.identity import Trace, line_in_file
from planner.domain.matching import explain, match, told_twice
from tests.traces import TRACE


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


def test_another_spelling_of_the_same_letters_keeps_every_finding() -> None:
    old = [trace("dags/Umsätze.py", line) for line in (1, 5)]
    new = [trace(normalize("NFD", "dags/umsätze.py"), line) for line in (2, 6)]
    assert pairs(old, new) == {0: 0, 1: 1}


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


def test_a_function_put_in_between_is_new_and_the_others_keep_their_order() -> None:
    """Every function was edited a little, so no two moved by the same distance."""
    old = [trace("a.py", line, column=2) for line in (250, 278, 305, 339)]
    new = [trace("a.py", line, column=2) for line in (252, 281, 306, 380, 409)]
    assert pairs(old, new) == {0: 0, 1: 1, 2: 2, 3: 3}
    between = [trace("a.py", line, column=2) for line in (252, 281, 400, 520, 556)]
    assert pairs(old, between) == {0: 0, 1: 1, 2: 3, 3: 4}


def test_a_block_that_was_indented_keeps_its_findings_apart() -> None:
    """Columns that agree by chance do not outweigh a block that moved to the right as one."""
    columns = (25, 27, 29, 23, 29, 24)
    old = [trace("a.py", 44 + 3 * row, column=column) for row, column in enumerate(columns)]
    new = [
        trace("a.py", 48 + 3 * row, column=column + 2) for row, column in enumerate(columns[:-1])
    ]
    assert pairs(old, new) == {row: row for row in range(5)}


def test_findings_of_other_rules_show_how_far_the_lines_have_moved() -> None:
    old = [trace("a.py", 10), trace("a.py", 50, symbol="y"), trace("a.py", 55)]
    new = [trace("a.py", 90, symbol="y"), trace("a.py", 95)]
    assert pairs(old, new) == {1: 0, 2: 1}


def test_a_function_that_was_moved_down_keeps_its_findings() -> None:
    old = [trace("a.py", line) for line in (10, 13, 17, 40, 50, 60, 70)]
    new = [trace("a.py", line) for line in (30, 40, 50, 60, 80, 83, 87)]
    down = [
        trace("a.py", line, content=text)
        for line, text in ((10, "a()"), (13, "b()"), (40, "d()"), (50, "d()"), (60, "d()"))
    ]
    up = [
        trace("a.py", line, content=text)
        for line, text in ((30, "d()"), (40, "d()"), (50, "d()"), (70, "a()"), (73, "b()"))
    ]
    assert pairs(down, up) == {0: 3, 1: 4, 2: 0, 3: 1, 4: 2}
    assert len(pairs(old, new)) == 7


def test_two_blocks_that_changed_places_keep_their_findings() -> None:
    """No order of the file holds both: one of them is found beside it."""
    old = [trace("a.py", 10), trace("a.py", 12)]
    old += [trace("a.py", 50, symbol="y"), trace("a.py", 53, symbol="y")]
    new = [trace("a.py", 10, symbol="y"), trace("a.py", 14, symbol="y")]
    new += [trace("a.py", 50), trace("a.py", 52)]
    assert pairs(old, new) == {0: 2, 1: 3, 2: 0, 3: 1}


def test_no_pair_is_torn_apart_where_both_ends_of_a_long_file_are_alike() -> None:
    ends = [trace("a.py", line, symbol="y") for line in range(100, 140)]
    old = [trace("a.py", 10), trace("a.py", 20), *ends, trace("a.py", 150, symbol="z")]
    new = [trace("a.py", 20), trace("a.py", 30), *ends, trace("a.py", 141, symbol="y")]
    found = pairs(old, new)
    assert len(found) == len(set(found.values())) == 42
    assert (found[0], found[1]) == (0, 1)


def test_a_renamed_file_is_known_by_its_findings_and_a_name_of_the_same_words() -> None:
    old = [trace("dags/r2_7.py", line) for line in (75, 146, 196)]
    new = [trace("dags/r2_8.py", line) for line in (75, 146, 196)]
    other = [trace("dags/always_fail.py", line) for line in (16, 22)]
    assert match(old, [*new, *other], {}).renamed == {"dags/r2_7.py": "dags/r2_8.py"}
    elsewhere = [trace("lib/r2_8.py", line) for line in (75, 146, 196)]
    assert match(old, elsewhere, {}).renamed == {}


def test_a_file_that_was_split_goes_on_in_the_part_that_kept_its_findings() -> None:
    old = [trace("dags/nightly.py", line) for line in (70, 145, 193, 236)]
    kept = [trace("dags/nightly-tpu.py", line) for line in (70, 127, 175, 218)]
    part = [trace("dags/nightly-gpu.py", line) for line in (34, 55)]
    assert match(old, [*kept, *part], {}).renamed == {"dags/nightly.py": "dags/nightly-tpu.py"}
    both = [trace("dags/nightly-gpu.py", line) for line in (34, 55, 60, 70)]
    assert match(old, [*kept, *both], {}).renamed == {}


def test_what_stands_between_the_words_of_a_name_does_not_count() -> None:
    old = [trace("dags/covid_19.py", line, symbol=f"{line}") for line in (30, 44, 79)]
    new = [
        trace("dags/covid19.py", line + 3, symbol=one.symbol) for one in old if (line := one.line)
    ]
    assert match(old, new, {}).renamed == {"dags/covid_19.py": "dags/covid19.py"}


def test_many_findings_at_the_very_same_places_need_no_name() -> None:
    places = (24, 30, 46, 51, 52)
    old = [trace("dags/archive.py", line) for line in places]
    new = [trace("etl/tables.py", line) for line in places]
    assert match(old, new, {}).renamed == {"dags/archive.py": "etl/tables.py"}
    assert match(old[:4], new[:4], {}).renamed == {}
    copies = [*new, *(one._replace(path="etl/copy.py") for one in new)]
    assert match(old, copies, {}).renamed == {}


def test_many_findings_that_only_two_files_of_a_folder_have_need_no_name_either() -> None:
    old = [trace("review.py", 10 * n, symbol=f"{n}") for n in range(5)]
    new = [one._replace(path="inspection.py", line=one.line + one.line // 20) for one in old]
    assert match(old, new, {}).renamed == {"review.py": "inspection.py"}
    elsewhere = [one._replace(path="lib/inspection.py") for one in new]
    assert match(old, elsewhere, {}).renamed == {}
    assert match(old[:4], new[:4], {}).renamed == {}
    two = [*new, *(one._replace(path="copy.py") for one in new)]
    assert match(old, two, {}).renamed == {}


def test_of_a_file_that_git_calls_deleted_nothing_is_guessed_but_the_letter_case() -> None:
    old = [trace("dags/audit.py", line) for line in (19, 40, 50)]
    again = [trace("dags/audit_2.py", line) for line in (19, 40, 50)]
    assert match(old, again, {}).renamed == {"dags/audit.py": "dags/audit_2.py"}
    assert match(old, again, {}, deleted={"dags/audit.py"}).renamed == {}
    upper = [one._replace(path="dags/Audit.py") for one in old]
    assert match(old, upper, {}, deleted={"dags/audit.py"}).renamed == {
        "dags/audit.py": "dags/Audit.py"
    }


def test_a_file_that_git_says_was_another_before_is_nobody_elses_heir() -> None:
    old = [trace("dags/audit.py", line) for line in (19, 40, 50)]
    new = [one._replace(path="dags/audit_2.py") for one in old]
    assert match(old, new, {"dags/clean.py": "dags/audit_2.py"}).renamed == {}


def test_lines_that_were_edited_are_known_by_the_words_that_stayed() -> None:
    old = [
        trace("a.py", line, content=f"@task() def {name}(snapshot, jsonl):")
        for line, name in ((10, "harvest"), (19, "distill"), (28, "publish"))
    ]
    new = [
        trace("a.py", line, content=f"@task() def {name}(snapshot):")
        for line, name in ((10, "setup"), (19, "harvest"), (28, "distill"), (37, "publish"))
    ]
    assert pairs(old, new) == {0: 1, 1: 2, 2: 3}


def test_one_finding_at_the_same_place_is_too_little_for_another_name() -> None:
    old = [trace("dags/load_orders.py", 27)]
    assert match(old, [trace("dags/load_users.py", 27)], {}).renamed == {}
    longer = [trace("dags/load_orders_daily.py", 27)]
    assert match(old, longer, {}).renamed == {"dags/load_orders.py": "dags/load_orders_daily.py"}


def test_a_renamed_folder_survives_whole_where_every_file_has_the_same_name() -> None:
    old = [trace(f"dags/{team}/dag.py", line) for team in "abcd" for line in (3, 7)]
    new = [trace(f"flows/{team}/dag.py", line + 1) for team in "abcd" for line in (3, 7)]
    assert pairs(old, new) == {i: i for i in range(8)}


def test_a_folder_put_in_between_everywhere_keeps_what_was_not_mended_on_the_way() -> None:
    """Two towns have a file of the same folder and name; what happened to the others tells of them."""
    places = ("bikes/stations", "waste/routes", "north/crime", "south/crime")
    old = [
        trace(f"datasets/{place}/{place.split('/')[1]}_dag.py", line, symbol=f"{line}")
        for place in places
        for line in (3, 7, 9, 12, 15)
    ]
    new = [
        one._replace(path="/".join((*parts[:2], "pipelines", *parts[2:])), line=one.line + 1)
        for one in old
        if (parts := one.path.split("/")) and one.line < 9
    ]
    assert pairs(old, new) == {
        5 * row + left: 2 * row + left for row in range(4) for left in (0, 1)
    }


def test_a_fuller_name_at_the_same_place_is_the_same_finding() -> None:
    old = [trace("a.py", 3, symbol="airflow.operators.bash")]
    new = [trace("a.py", 3, symbol="airflow.operators.bash.BashOperator")]
    assert pairs(old, new) == {0: 0}
    assert explain(old[0], new[0], by_git=False) == (
        "airflow.operators.bash is now told of as airflow.operators.bash.BashOperator, same place"
    )
    two = [*new, trace("a.py", 3, symbol="airflow.operators.bash.Other")]
    assert pairs(old, two) == {}


def test_a_renumbered_rule_is_the_same_finding_though_lines_moved_too() -> None:
    old = [trace("a.py", line, rule="AIR302") for line in (3, 9)]
    new = [trace("a.py", line, rule="AIR301") for line in (5, 14)]
    assert pairs(old, new) == {0: 0, 1: 1}
    assert explain(old[0], new[0], by_git=False) == (
        "line 3 → 5, same order in the file; rule AIR302 is now AIR301, same name"
    )
    assert pairs(old, new[:1]) == {}


def test_what_one_tool_tells_twice_of_one_place_is_one_finding() -> None:
    gone = trace("a.py", 3, rule="AIR301", symbol="airflow.x.Y")
    moved = gone._replace(rule="AIR312")
    assert told_twice([gone, moved]) == {0}
    assert told_twice([moved, gone]) == {1}
    other_tool = [gone._replace(rule="AF3-IMPORT-GONE"), gone._replace(rule="AF3-SUBDAG")]
    assert told_twice(other_tool) == set()
    assert told_twice([gone._replace(column=0), moved._replace(column=0)]) == set()
    assert told_twice([gone, gone, moved._replace(column=9), trace("a.py", 3, symbol="z")]) == set()


def test_a_cell_taken_out_of_a_notebook_keeps_the_findings_of_the_others() -> None:
    """Every cell counts its lines anew, and all of them read alike."""
    old = [trace("a.ipynb", line_in_file(2, cell)) for cell in (1, 2, 3, 4)]
    new = [trace("a.ipynb", line_in_file(2, cell)) for cell in (1, 2, 3)]
    names = [trace("a.ipynb", line_in_file(1, cell), symbol=f"{cell}") for cell in (1, 2, 4)]
    moved = [*names[:2], names[2]._replace(line=line_in_file(1, 3))]
    assert pairs([*old, *names], [*new, *moved]) == {0: 0, 1: 1, 3: 2, 4: 3, 5: 4, 6: 5}
    assert explain(old[3], new[2], by_git=False) == (
        "cell 4, line 2 → cell 3, line 2, same order in the file"
    )
    below = old[3]._replace(line=line_in_file(5, 4))
    assert explain(old[3], below, by_git=False) == "cell 4, line 2 → 5, same order in the file"


def test_two_cells_that_say_the_same_at_one_line_are_two_findings() -> None:
    gone = trace("a.ipynb", line_in_file(3, 1), symbol="airflow.x.Y")
    assert told_twice([gone, gone._replace(rule="AIR312", line=line_in_file(3, 2))]) == set()


def test_fifty_thousand_identical_findings_in_one_file() -> None:
    old = [trace("a.py", line) for line in range(50_000)]
    new = [trace("a.py", line + 3) for line in range(50_001)]
    assert len(pairs(old, new)) == 50_000


traces = st.lists(
    TRACE,
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
def test_never_worse_than_a_naive_identity(old: list[Trace], new: list[Trace]) -> None:
    """As many findings survive as by any identity of the file, the rule, the symbol and more."""

    def key(found: Trace, length: int) -> tuple[object, ...]:
        return found[:length]

    for length in (3, 4, 5, 6):
        before = Counter(key(found, length) for found in old)
        now = Counter(key(found, length) for found in new)
        assert len(pairs(old, new)) >= sum((before & now).values())


@given(
    st.lists(st.integers(1, 60), unique=True, min_size=1, max_size=25),
    st.integers(0, 9),
    st.randoms(use_true_random=False),
)
def test_as_many_identical_problems_stay_and_each_keeps_its_own_place(
    lines: list[int], shift: int, rng: random.Random
) -> None:
    """Whatever order the report has, and wherever the block of code went."""
    old = [trace("a.py", line) for line in sorted(lines)]
    new = [one._replace(line=one.line + shift) for one in old]
    shuffled = rng.sample(new, len(new))
    assert [shuffled[hit] for hit in match(old, shuffled, {}).new_of] == new


@given(traces, traces, st.sets(st.sampled_from(["a.py", "b.py", "d/a.py"])))
def test_nothing_is_guessed_of_what_git_calls_deleted(
    old: list[Trace], new: list[Trace], deleted: set[str]
) -> None:
    found = match(old, new, {}, deleted=deleted)
    assert not deleted & found.renamed.keys()
