"""A finding's history, one sentence an event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from planner.domain.dates import with_year

Change = Mapping[str, list[Any]]


def change_from(text: str) -> Change:
    """Read ``Event.change``."""
    return json.loads(text) if text else {}


def sentence(*, kind: str, why: str, change: Change, actor: str, scan: str) -> str:
    """What happened, as a person would say it.

    ``actor`` is who did it, or empty where a scan or the rules did; ``scan`` names the scan, like
    "the scan of 12 Oct", or is empty.
    """
    write = _SENTENCES.get(kind)
    if write is None:
        return _with(kind.replace("_", " ").capitalize(), why)
    return write(why, change, actor or "Someone", scan or "a scan")


def _with(text: str, why: str) -> str:
    if not why:
        return f"{text}."
    return f"{text}: {why}" + ("" if why.endswith((".", "!", "?")) else ".")


def _day(value: Any) -> str:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return with_year(day)


def _pair(change: Change, key: str) -> tuple[Any, Any]:
    before, after = change.get(key, ["", ""])
    return before, after


def _opened(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"First found in {scan}", why)


def _moved(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{_first_upper(scan)} found it in another place", why)


def _fixed(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{_first_upper(scan)} no longer found it. Fixed", why)


def _removed(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{_first_upper(scan)} no longer found it. Removed", why)


def _reopened(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{_first_upper(scan)} found it again", why)


def _contradicted(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(_first_upper(scan), why or "it is still there, so the claim did not hold")


def _claimed(why: str, change: Change, actor: str, scan: str) -> str:
    _, dag_id = _pair(change, "retiring")
    if not dag_id:
        return _with(f"{actor} claimed it fixed", why)
    _, gone_by = _pair(change, "gone_by")
    return _with(f"{actor} retires the DAG {dag_id}, which is to be gone by {_day(gone_by)}", why)


def _unclaimed(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{actor} took the claim back", why)


def _assigned(why: str, change: Change, actor: str, scan: str) -> str:
    before, after = _pair(change, "owner")
    to = f"Assigned to {after}" if after else "Went back to nobody"
    return _with(f"{to}, before {before}" if before else to, why)


def _waived(why: str, change: Change, actor: str, scan: str) -> str:
    _, until = _pair(change, "waived_until")
    _, covers = _pair(change, "waiver")
    _, approver = _pair(change, "approver")
    if approver:
        found = f"{_first_upper(scan)} found it under the waiver of {covers}"
        return _with(f"{found}, which {approver} approved until {_day(until)}", why)
    under = f" with {covers}" if covers else ""
    day = f" until {_day(until)}" if until else ""
    return _with(f"{actor} waived it{under}{day}", why)


def _waiver_ended(why: str, change: Change, actor: str, scan: str) -> str:
    return _with("The waiver ended and it is open again", why)


def _waiver_extended(why: str, change: Change, actor: str, scan: str) -> str:
    before, after = _pair(change, "waived_until")
    return _with(f"{actor} moved the end of the waiver from {_day(before)} to {_day(after)}", why)


def _waiver_asked(why: str, change: Change, actor: str, scan: str) -> str:
    _, until = _pair(change, "asked_until")
    return _with(f"{actor} asked for a waiver until {_day(until)}", why)


def _waiver_unasked(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{actor} took the request for a waiver back", why)


def _waiver_declined(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{actor} declined the waiver", why)


def _silenced(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{_first_upper(scan)} found it silenced, which closes nothing", why)


def _unsilenced(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{_first_upper(scan)} found it no longer silenced", why)


def _handover_asked(why: str, change: Change, actor: str, scan: str) -> str:
    _, suggested = _pair(change, "suggested")
    whose = f" but {suggested}'s" if suggested else ""
    return _with(f"{actor} said it is not theirs{whose}", why)


def _handover_refused(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{actor} said it is not theirs either", why)


def _handover_settled(why: str, change: Change, actor: str, scan: str) -> str:
    _, owner = _pair(change, "owner")
    settled = f"that it is {owner}'s" if owner else "that it stays with its owner"
    return _with(f"{actor} settled {settled}", why)


def _handover_unasked(why: str, change: Change, actor: str, scan: str) -> str:
    return _with(f"{actor} took back that it is not theirs", why)


def _due_set(why: str, change: Change, actor: str, scan: str) -> str:
    before, after = _pair(change, "due")
    was = f", before {_day(before)}" if before else ""
    if why:  # a rule did it, not a person
        return _with(f"Due {_day(after)}{was}" if after else "No longer due", why)
    return _with(
        f"{actor} set it due {_day(after)}{was}" if after else f"{actor} took its date away", why
    )


def _noted(why: str, change: Change, actor: str, scan: str) -> str:
    _, after = _pair(change, "note")
    return f"{actor} noted: {after}" if after else f"{actor} removed the note."


def _rerated(why: str, change: Change, actor: str, scan: str) -> str:
    return _with("Rated again", why)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


_SENTENCES: dict[str, Callable[[str, Change, str, str], str]] = {
    "opened": _opened,
    "moved": _moved,
    "fixed": _fixed,
    "removed": _removed,
    "reopened": _reopened,
    "contradicted": _contradicted,
    "claimed": _claimed,
    "unclaimed": _unclaimed,
    "assigned": _assigned,
    "waived": _waived,
    "waiver_ended": _waiver_ended,
    "waiver_extended": _waiver_extended,
    "waiver_asked": _waiver_asked,
    "waiver_unasked": _waiver_unasked,
    "waiver_declined": _waiver_declined,
    "silenced": _silenced,
    "unsilenced": _unsilenced,
    "handover_asked": _handover_asked,
    "handover_refused": _handover_refused,
    "handover_settled": _handover_settled,
    "handover_unasked": _handover_unasked,
    "due_set": _due_set,
    "noted": _noted,
    "rerated": _rerated,
}
