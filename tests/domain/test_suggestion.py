"""Tools' edits as a person reads them."""

from __future__ import annotations

import json

import pytest

from planner.domain.suggestion import Sign, suggestion_from


def edits(*places: tuple[int, int, int, int, str]) -> str:
    return json.dumps(
        {
            "applicability": "unsafe",
            "message": "Use it",
            "edits": [
                {
                    "content": content,
                    "location": {"row": row, "column": column},
                    "end_location": {"row": end_row, "column": end_column},
                }
                for row, column, end_row, end_column, content in places
            ],
        }
    )


def test_a_diff_is_shown_line_by_line_with_its_place() -> None:
    diff = "--- a.py\n+++ a.py\n@@ -3,2 +3,2 @@\n import os\n-from a import b\n+from c import b\n"
    suggestion = suggestion_from(json.dumps({"applicability": "safe", "edits": [], "diff": diff}))
    assert suggestion is not None
    assert suggestion.safe
    assert [(line.sign, line.text) for line in suggestion.diff] == [
        (Sign.PLACE, "line 3"),
        (Sign.KEEP, "import os"),
        (Sign.REMOVE, "from a import b"),
        (Sign.ADD, "from c import b"),
    ]


@pytest.mark.parametrize(
    ("place", "does"),
    [
        ((3, 1, 3, 20), "Replace line 3, columns 1–19 with"),
        ((3, 1, 5, 1), "Replace lines 3–4 with"),
        ((3, 1, 4, 8), "Replace line 3, column 1, to line 4, column 7 with"),
        ((3, 1, 4, 1), "Replace line 3 with"),
        ((3, 5, 3, 5), "Insert before line 3, column 5"),
        ((14, 1, 14, 1), "Insert before line 14"),
    ],
)
def test_an_edit_without_the_old_text_names_its_place(
    place: tuple[int, int, int, int], does: str
) -> None:
    suggestion = suggestion_from(edits((*place, "new\n")))
    assert suggestion is not None
    assert not suggestion.safe
    assert [(edit.does, edit.content) for edit in suggestion.replacements] == [(does, "new")]
    assert suggestion.message == "Use it."


def test_an_edit_without_new_text_deletes() -> None:
    suggestion = suggestion_from(edits((3, 1, 4, 1, "")))
    assert suggestion is not None
    assert [(edit.does, edit.content) for edit in suggestion.replacements] == [
        ("Delete line 3", "")
    ]


@pytest.mark.parametrize("fix", ["", "{}", "nonsense", '{"edits": 1}', "[1]"])
def test_what_cannot_be_shown_is_no_suggestion(fix: str) -> None:
    assert suggestion_from(fix) is None
