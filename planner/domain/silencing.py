"""A finding that somebody silenced in the code: it is there still, so it stays open until a manager waives it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from planner.domain.dates import with_year

MARK = '"suppress'
"""Is in the unknown keys of every finding that is silenced: ``suppressed`` of the upgrade check's own report,
``suppressions`` of SARIF."""
_MARK = MARK.encode()


class By(StrEnum):
    """What silences a finding."""

    COMMENT = "noqa"
    IGNORE_FILE = "ignore-file"
    OTHER = "other"
    """Something that the report does not name."""


@dataclass(frozen=True, slots=True)
class Silencing:
    """Who silenced a finding, where, until when and why."""

    by: By
    where: str = ""
    reason: str = ""
    """The comment itself, or the entry's reason."""
    expires: dt.date | None = None

    @property
    def sentence(self) -> str:
        """All of it in one sentence; code stands between backquotes."""
        where = f" at {self.where}" if self.where else ""
        if self.by == By.COMMENT and self.reason:
            return f"Silenced in the code by `{self.reason}`{where}."
        until = f" until the end of {with_year(self.expires)}" if self.expires else ""
        reason = f": {self.reason.rstrip('.')}" if self.reason else ""
        return f"Silenced {_PLACES[self.by]}{where}{until}{reason}."

    @property
    def word(self) -> tuple[By, str, dt.date | None]:
        """What was said. The same word in another line silences as before."""
        return self.by, self.reason, self.expires


_PLACES = {
    By.COMMENT: "in the code",
    By.IGNORE_FILE: "by the ignore file",
    By.OTHER: "as its report says",
}


class _Suppressed(msgspec.Struct):
    kind: str = ""
    where: str | None = None
    reason: str | None = None
    expires: dt.date | None = None


class _Suppression(msgspec.Struct):
    kind: str = ""
    status: str = "accepted"
    justification: str | None = None


class _Keys(msgspec.Struct):
    suppressed: _Suppressed | None = None
    suppressions: list[_Suppression] = []


_decode = msgspec.json.Decoder(_Keys).decode
_KINDS = {"noqa": By.COMMENT, "ignore-file": By.IGNORE_FILE, "inSource": By.COMMENT}


def silencing_part(extra: bytes) -> bytes:
    """The unknown keys of a finding that is silenced, and nothing of any other."""
    return extra if _MARK in extra else b""


def silencing_from(extra: str | bytes) -> Silencing | None:
    """What a finding's unknown keys say of it; None where it is not silenced."""
    if not extra:
        return None
    try:
        keys = _decode(extra)
    except msgspec.DecodeError:
        # Badly said is said still, and nothing is silenced in secret.
        text = extra.decode("utf-8", "replace") if isinstance(extra, bytes) else extra
        return Silencing(By.OTHER) if MARK in text else None
    if keys.suppressed is not None:
        said = keys.suppressed
        by = _KINDS.get(said.kind, By.OTHER)
        return Silencing(by, said.where or "", said.reason or "", said.expires)
    for one in keys.suppressions:
        if one.status == "accepted":
            return Silencing(_KINDS.get(one.kind, By.OTHER), reason=one.justification or "")
    return None
