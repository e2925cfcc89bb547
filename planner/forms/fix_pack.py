"""What a fix pack is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from planner.domain.fix_pack import SIDES

MINE, ALL = "me", "all"


@dataclass(frozen=True, slots=True)
class FixPackQuery:
    """Whose findings, which side of the flip, and whether edits may change what the code does."""

    owner: str = MINE
    """``me``, ``all``, or an owner's key."""
    side: str = "now"
    with_unsafe: bool = False

    def changed(self, **values: object) -> str:
        """The query string with some of it otherwise."""
        asked = {"owner": self.owner, "for": self.side, "unsafe": self.with_unsafe} | values
        return urlencode(
            {key: 1 if value is True else value for key, value in asked.items() if value}
        )


def fix_pack_query(query: Mapping[str, str]) -> FixPackQuery:
    """Reads a query string; what it does not know counts as not said."""
    side = query.get("for", "now")
    return FixPackQuery(
        owner=query.get("owner", MINE) or MINE,
        side=side if side in SIDES else "now",
        with_unsafe=query.get("unsafe") == "1",
    )
