"""Fixes of many findings become one patch that git applies, from what the findings keep alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.patch import (
    CLASH,
    NO_EDIT,
    UNSEEN,
    Edit,
    applied,
    lines_of,
    merge,
    numbered,
    unified_diff,
)


def fix(source: str, *edits: Edit, path: str = "a.py", group: str = "", rank: int = 0) -> bytes:
    """What a finding keeps of its edits."""
    spelt = [
        {
            "location": {"row": edit.start[0], "column": edit.start[1]},
            "end_location": {"row": edit.end[0], "column": edit.end[1]},
            "content": edit.content,
        }
        for edit in edits
    ]
    diff = unified_diff(path, numbered(lines_of(source)), edits)
    return msgspec.json.encode({"edits": spelt, "diff": diff, "group": group, "rank": rank})


def git_applies(folder: Path, path: str, source: str, diff: str) -> str:
    """The file once real git applied the patch to it."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(source.encode())
    subprocess.run(["git", "apply", "-"], input=diff.encode(), cwd=folder, check=True)
    return place.read_bytes().decode()


SOURCE = "".join(f"line {number}\n" for number in range(1, 21))


def test_fixes_of_one_file_are_one_diff(tmp_path: Path) -> None:
    first = Edit((2, 1), (2, 5), "LINE")
    second = Edit((4, 1), (5, 1), "")
    merged = merge("a.py", [fix(SOURCE, first), fix(SOURCE, second), fix(SOURCE, first)])
    assert merged.left_out == {}
    assert merged.diff.count("--- a/a.py") == 1
    assert git_applies(tmp_path, "a.py", SOURCE, merged.diff) == applied(SOURCE, [first, second])


def test_of_two_that_change_the_same_the_later_is_left_out() -> None:
    one, other = Edit((2, 1), (2, 5), "LINE"), Edit((2, 3), (2, 6), "x")
    merged = merge("a.py", [fix(SOURCE, one), fix(SOURCE, other), b""])
    assert merged.left_out == {1: CLASH, 2: NO_EDIT}
    assert "+LINE 2" in merged.diff


def test_a_fix_counts_whole_or_not_at_all() -> None:
    one, other = Edit((2, 1), (2, 5), "LINE"), Edit((2, 3), (2, 6), "x")
    merged = merge("a.py", [fix(SOURCE, one), fix(SOURCE, other, Edit((19, 1), (19, 2), "y"))])
    assert list(merged.left_out) == [1]
    assert "line 19" not in merged.diff


def test_of_a_group_the_highest_rank_is_applied() -> None:
    part = Edit((2, 1), (2, 5), "part")
    whole = Edit((2, 1), (2, 7), "whole")
    fixes = [fix(SOURCE, part, group="g"), fix(SOURCE, whole, group="g", rank=1)]
    merged = merge("a.py", fixes)
    assert merged.left_out == {}
    assert "+whole\n" in merged.diff


@pytest.mark.parametrize(
    "path",
    ["a b.py", " a.py", 'a".py', "ä.py", "a\tb.py", "a\\b.py", "a\nb.py", "dags/日本.py", "a'.py"],
)
def test_odd_file_names(tmp_path: Path, path: str) -> None:
    edit = Edit((1, 1), (1, 2), "y")
    merged = merge(path, [fix("x = 1\n", edit, path=path)])
    assert git_applies(tmp_path, path, "x = 1\n", merged.diff) == "y = 1\n"


@pytest.mark.parametrize(
    ("source", "edit", "expected"),
    [
        ("x\r\ny\r\n", Edit((1, 1), (1, 2), "z"), "z\r\ny\r\n"),
        ("x\ny", Edit((2, 1), (2, 2), "z"), "x\nz"),
        ("x\ny", Edit((1, 1), (2, 1), ""), "y"),
        ("x\ny\n", Edit((2, 1), (3, 1), ""), "x\n"),
        ("x\n", Edit((2, 1), (2, 1), "y\n"), "x\ny\n"),
        ("x", Edit((1, 2), (1, 2), "\ny"), "x\ny"),
        ("\ufeffx\ny\n", Edit((1, 1), (1, 2), "z"), "\ufeffz\ny\n"),
    ],
)
def test_ends_of_lines_and_files(tmp_path: Path, source: str, edit: Edit, expected: str) -> None:
    merged = merge("a.py", [fix(source, edit)])
    assert git_applies(tmp_path, "a.py", source, merged.diff) == expected


TEXT = st.text(st.sampled_from("ab\n é"), max_size=60)


@given(TEXT, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4), TEXT), max_size=6))
def test_git_applies_what_the_findings_alone_tell(
    tmp_path_factory: pytest.TempPathFactory, text: str, cuts: list[tuple[int, int, str]]
) -> None:
    edits = []
    for begin, length, content in cuts:
        start, end = min(begin, len(text)), min(begin + length, len(text))
        before, upto = text[:start], text[:end]
        edits.append(
            Edit(
                (before.count("\n") + 1, len(before) - before.rfind("\n")),
                (upto.count("\n") + 1, len(upto) - upto.rfind("\n")),
                content,
            )
        )
    fixes = [fix(text, edit) for edit in edits]
    merged = merge("a.py", fixes)
    kept = [edit for index, edit in enumerate(edits) if index not in merged.left_out]
    expected = applied(text, list(dict.fromkeys(kept)))
    if merged.diff:
        folder = tmp_path_factory.mktemp("merged")
        assert git_applies(folder, "a.py", text, merged.diff) == expected
    else:
        assert expected == text


def test_an_edit_whose_lines_nobody_kept_is_left_out_and_named() -> None:
    edit = {"content": "x", "location": {"row": 3, "column": 1}}
    fix = json.dumps(
        {"applicability": "unsafe", "edits": [edit | {"end_location": {"row": 3, "column": 2}}]}
    )
    merged = merge("dags/a.py", [fix])
    assert merged.diff == "" and merged.left_out == {0: UNSEEN}
