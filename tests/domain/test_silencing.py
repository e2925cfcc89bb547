"""What a report says of silenced findings, however it says it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from planner.domain.silencing import By, Silencing, silencing_from, silencing_part


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"suppressed": {"kind": "noqa", "reason": "# noqa", "where": "a.py:3"}},
            "Silenced in the code by `# noqa` at a.py:3.",
        ),
        (
            {"suppressed": {"kind": "ignore-file", "reason": "Old.", "expires": "2027-03-31"}},
            "Silenced by the ignore file until the end of 31 Mar 2027: Old.",
        ),
        ({"suppressed": {"kind": "something new"}}, "Silenced as its report says."),
        ({"suppressed": {"kind": "noqa", "expires": "soon"}}, "Silenced as its report says."),
        ({"suppressions": [{"kind": "inSource"}]}, "Silenced in the code."),
        (
            {"suppressions": [{"kind": "external", "justification": "Old"}]},
            "Silenced as its report says: Old.",
        ),
    ],
)
def test_it_is_said_in_one_sentence(keys: dict[str, object], sentence: str) -> None:
    told = silencing_from(json.dumps(keys, separators=(",", ":")))
    assert told is not None
    assert told.sentence == sentence


@pytest.mark.parametrize(
    "extra", ["", "{}", '{"bundle_name":"x"}', '{"suppressed":null}', "nonsense",
              '{"suppressions":[{"kind":"external","status":"rejected"}]}'],
)  # fmt: skip
def test_what_is_not_silenced_says_nothing(extra: str) -> None:
    assert silencing_from(extra) is None


def test_only_what_is_silenced_is_compared() -> None:
    assert silencing_part(b'{"note":"a"}') == b""
    extra = b'{"suppressed":{"kind":"noqa"}}'
    assert silencing_part(extra) == extra
    assert silencing_from(extra) == Silencing(By.COMMENT)
    assert Silencing(By.IGNORE_FILE, expires=date(2027, 1, 2)).sentence.endswith("2 Jan 2027.")
