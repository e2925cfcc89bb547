"""Edits become diffs that git applies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.parsers.fix import Edit, Place
from planner.scanner.diff import EditsRefused, lines_of, unified_diff


def edit(start: tuple[int, int], end: tuple[int, int], content: str) -> Edit:
    return Edit(content, Place(*start), Place(*end))


def test_a_renamed_argument() -> None:
    lines = lines_of("a\nDAG('x', schedule_interval=None)\nb\n")
    assert unified_diff("dags/x.py", lines, [edit((2, 10), (2, 27), "schedule")]) == (
        "--- a/dags/x.py\n+++ b/dags/x.py\n@@ -1,3 +1,3 @@\n a\n"
        "-DAG('x', schedule_interval=None)\n+DAG('x', schedule=None)\n b\n"
    )


def test_changes_far_apart_are_two_hunks_with_counted_lines() -> None:
    lines = lines_of("".join(f"line {n}\n" for n in range(1, 31)))
    diff = unified_diff("a.py", lines, [edit((2, 1), (3, 1), ""), edit((20, 1), (20, 1), "new\n")])
    assert "@@ -1,5 +1,4 @@\n" in diff
    assert "@@ -17,6 +16,7 @@\n" in diff


def test_edits_that_change_nothing_have_no_diff() -> None:
    assert unified_diff("a.py", ["x\n"], [edit((1, 1), (1, 2), "x")]) == ""


@pytest.mark.parametrize(
    "edits",
    [
        [edit((9, 1), (9, 2), "")],
        [edit((0, 1), (1, 1), "")],
        [edit((1, 0), (1, 1), "")],
        [edit((2, 1), (1, 1), "")],
        [edit((1, 1), (1, 3), ""), edit((1, 2), (1, 4), "")],
        [edit((1, 1), (1, 900), "")],
    ],
)
def test_edits_that_do_not_fit_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(EditsRefused):
        unified_diff("a.py", lines_of("abcde\nf\n"), edits)


TEXT = st.text(st.sampled_from("ab\n é"), max_size=30)


@given(TEXT, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), TEXT), max_size=3))
def test_git_applies_every_diff(
    tmp_path_factory: pytest.TempPathFactory, text: str, cuts: object
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    wanted, edits = _edited(text, cuts)  # type: ignore[arg-type]
    diff = unified_diff("a.txt", lines_of(text), edits)
    assert _applied(folder, text, diff) == wanted


def _edited(text: str, cuts: list[tuple[int, int, str]]) -> tuple[str, list[Edit]]:
    """The text with some slices replaced, and the same as edits by row and column."""
    edits, pieces, done = [], [], 0
    for start, length, content in sorted(cuts, key=lambda cut: cut[0]):
        begin = min(start, len(text))
        end = min(begin + length, len(text))
        if begin < done:
            continue
        pieces += [text[done:begin], content]
        edits.append(Edit(content, _place(text, begin), _place(text, end)))
        done = end
    return "".join([*pieces, text[done:]]), edits


def _place(text: str, offset: int) -> Place:
    before = text[:offset]
    return Place(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def _applied(folder: Path, text: str, diff: str) -> str:
    file = folder / "a.txt"
    file.write_bytes(text.encode())
    if diff:
        subprocess.run(
            ["git", "apply", "--unidiff-zero", "-"], input=diff.encode(), cwd=folder, check=True
        )
    return file.read_bytes().decode() if file.exists() else ""
