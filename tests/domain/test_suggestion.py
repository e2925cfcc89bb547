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
    ("place", "where"),
    [
        ((3, 1, 3, 20), "line 3, columns 1–19"),
        ((3, 1, 4, 8), "lines 3–4"),
        ((3, 1, 4, 1), "line 3"),
        ((3, 5, 3, 5), "at line 3, column 5"),
    ],
)
def test_an_edit_without_the_old_text_names_its_place(
    place: tuple[int, int, int, int], where: str
) -> None:
    suggestion = suggestion_from(edits((*place, "new\n")))
    assert suggestion is not None
    assert not suggestion.safe
    assert [(edit.where, edit.content) for edit in suggestion.replacements] == [(where, "new")]


@pytest.mark.parametrize("fix", ["", "{}", "nonsense", '{"edits": 1}', "[1]"])
def test_what_cannot_be_shown_is_no_suggestion(fix: str) -> None:
    assert suggestion_from(fix) is None
