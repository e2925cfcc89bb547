"""One shape for a tool's edits, whatever report they came in."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, gc=False):
    """A 1-based row and column, counted in characters, as ruff does."""

    row: int
    column: int


class Edit(msgspec.Struct, gc=False):
    """Replace what lies between two places by ``content``."""

    content: str | None
    location: Place
    end_location: Place


class Fix(msgspec.Struct, gc=False, omit_defaults=True):
    """A tool's edits of one file. ``diff`` is the unified diff where the source was seen."""

    applicability: str
    message: str | None
    edits: list[Edit]
    diff: str = ""
    side: str = "now"
    """``now``: the result runs on the deployment's current version and on the target; ``after``: on the
    target alone, so it waits for the flip."""
    when: str = ""
    """``now``, ``shim``, ``provider`` or ``after``: as ``Rule.when``, for this one finding."""
    needs: list[str] = []
    """Packages that the target must have first: ``apache-airflow-providers-smtp>=1.0.0``."""
    group: str = ""
    rank: int = 0
    """Fixes of one file with the same group write the same place: only those of the highest rank are
    applied, for they hold the others."""


_APPLICABILITY = frozenset({"safe", "unsafe", "display-only"})
_encode = msgspec.json.Encoder().encode


def fix_bytes(fix: Fix) -> bytes:
    """The fix as the compact JSON of ``Observation.fix``."""
    if fix.applicability not in _APPLICABILITY:
        fix.applicability = "display-only"
    if fix.message is None:
        fix.message = ""
    for edit in fix.edits:
        if edit.content is None:
            edit.content = ""
    return _encode(fix)
