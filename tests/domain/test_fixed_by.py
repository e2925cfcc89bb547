"""Which commit is named as the one that mended a finding, and when none is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.commits import Commit, FileEdit, Hunk, looks_like_import
from planner.domain.fixed_by import Mending
from planner.domain.identity import Trace

DAY = date(2026, 11, 12)


def edit(
    *hunks: tuple[int, int, int],
    imports: tuple[str, ...] = (),
    was: str = "a.py",
    now: str = "a.py",
) -> FileEdit:
    return FileEdit(was, now, tuple(Hunk(*one) for one in hunks), imports)


def commit(sha: str, *edits: FileEdit, author: str = "Ada", subject: str = "Change it") -> Commit:
    return Commit(sha * 40, author, DAY, subject, edits)


def told(*commits: Commit, line: int = 12, symbol: str = "airflow.DAG", same: bool = True) -> str:
    finding = Trace("a.py", "AIR301", symbol, line, 1)
    return Mending(commits, same_check=same).of(finding)


def test_the_commit_that_changed_its_line() -> None:
    before, after = commit("a", edit((3, 0, 4))), commit("c", edit((30, 2, 2)))
    mender = commit("b", edit((16, 1, 1)), subject="Move to TaskGroup")
    assert told(before, mender, after) == (
        "fixed in bbbbbbb by Ada on 12 Nov 2026: “Move to TaskGroup” (line 12 was changed)"
    )


def test_one_import_mends_uses_on_lines_that_nobody_touched() -> None:
    mender = commit("b", edit((1, 1, 1), imports=("from airflow import DAG",)))
    other = commit("c", edit((2, 1, 1), imports=("import os",)))
    assert told(mender, other).endswith("(the import of its name was changed)")
    assert told(mender, other).startswith("fixed in bbbbbbb")


def test_the_only_commit_to_the_file() -> None:
    assert told(commit("b", edit((90, 1, 1)))).endswith("(the one commit to this file since)")
    # Another version of the tool may be why it is not seen any more.
    assert told(commit("b", edit((90, 1, 1))), same=False) == ""
    assert "line 12" in told(commit("b", edit((12, 1, 0))), same=False)


def test_several_that_can_have_done_it_are_named_together() -> None:
    neither = (commit("b", edit((90, 1, 1))), commit("c", edit((80, 1, 1))))
    assert told(*neither) == "fixed in one of 2 commits to this file since: bbbbbbb, ccccccc"
    both = (commit("b", edit((12, 1, 2))), commit("c", edit((13, 1, 1))))
    assert told(*both).startswith("fixed in one of 2 commits")
    many = [commit(str(number), edit((90, 1, 1))) for number in range(7)]
    assert told(*many).endswith("and 3 more")


def test_a_commit_that_changed_too_much_to_say_where_may_have_done_it() -> None:
    huge = Commit("d" * 40, "Ada", DAY, "", (FileEdit("a.py", "a.py", None),))
    assert told(huge).endswith("(much of its file was changed)")
    assert told(huge, commit("b", edit((12, 1, 1)))).startswith("fixed in one of 2 commits")
    assert told(commit("b", edit((12, 1, 1))), huge).startswith("fixed in one of 2 commits")


def test_commits_to_other_files_are_not_named() -> None:
    assert told(commit("b", edit((12, 1, 1), was="b.py", now="b.py"))) == ""


def test_a_renamed_file_is_followed() -> None:
    moved = commit("b", edit(was="a.py", now="new.py"))
    mender = commit("c", edit((12, 1, 1), was="new.py", now="new.py"))
    assert told(moved, mender).startswith("fixed in ccccccc")


def test_a_deleted_file() -> None:
    mending = Mending([commit("b", edit(now=""))], same_check=True)
    assert mending.of_removed("a.py").startswith("deleted in bbbbbbb by Ada")
    assert mending.of_removed("b.py") == ""


def test_what_strangers_write_is_one_short_line() -> None:
    hostile = commit(
        "b", edit((12, 1, 1)), author="Ada\r\nBcc: x@y\u202e" + "a" * 500, subject="\x1b[31m" * 90
    )
    sentence = told(hostile)
    assert len(sentence) < 300
    assert not set(sentence) & set("\r\n\x1b\u202e")


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("from airflow import DAG", True),
        ("    BashOperator,", True),
        ("import airflow as af  # noqa", True),
        ("x = DAG()", False),
        ("# from here on", False),
    ],
)
def test_what_an_import_looks_like(line: str, is_one: bool) -> None:
    assert looks_like_import(line) is is_one


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Commit], int, str | None]:
    """Commits to a file of numbered lines, one line of it, and the commit that really took it out."""
    lines = list(range(1, 21))
    wanted = draw(st.sampled_from(lines))
    commits, guilty = [], None
    for number in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(0, len(lines) - 1)))
        removed = draw(st.integers(0, min(3, len(lines) - start)))
        added = draw(st.integers(0 if removed else 1, 3))
        sha = chr(ord("a") + number)
        if wanted in lines[start : start + removed]:
            guilty = sha * 7
        lines[start : start + removed] = [0] * added
        commits.append(commit(sha, edit((start + 1, removed, added))))
    return commits, wanted, guilty


@given(histories())
def test_the_commit_that_took_the_line_out_is_never_acquitted(
    history: tuple[list[Commit], int, str | None],
) -> None:
    commits, line, guilty = history
    sentence = told(*commits, line=line)
    if guilty and "was changed" in sentence and "one of" not in sentence:
        assert sentence.startswith(f"fixed in {guilty}")
    if guilty is None:
        assert "was changed" not in sentence
