"""Digests as mail: one sheet of sections, written as text of 72 columns and as HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.template.loader import render_to_string

from planner.domain.dates import short, with_weekday
from planner.domain.digest import (
    MOST_OWNERS,
    Group,
    LateOwner,
    ManagerDigest,
    OwnerDigest,
    Part,
    Place,
    Section,
    WaiversTold,
    one_line,
)
from planner.domain.finding import State
from planner.domain.numbers import plural

WIDTH = 72
"""Columns of a mail's text; an address or a path that is longer stays whole."""

_OPEN: tuple[str, dict[str, str]] = ("All that is open", {})
_LISTS: dict[Part, tuple[str, dict[str, str]]] = {
    Part.CONTRADICTED: _OPEN,
    Part.OVERDUE: ("All that is late", {"due": "late"}),
    Part.DUE: ("All that is open, by date", {"sort": "due"}),
    Part.NEW: _OPEN,
    Part.BACK: _OPEN,
    Part.ARRIVED: _OPEN,
    Part.FIXED: ("All that is fixed", {"state": "fixed"}),
    Part.GONE: ("All that is gone", {"state": "removed"}),
}
"""The list of findings that holds what a section counts; no list shows what went to others."""


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses of one deployment's pages."""

    base: str
    slug: str

    @property
    def overview(self) -> str:
        return f"{self.base}/d/{self.slug}/"

    @property
    def mine(self) -> str:
        return f"{self.base}/me/"

    @property
    def owners(self) -> str:
        return f"{self.base}/d/{self.slug}/owners/"

    @property
    def waivers(self) -> str:
        return f"{self.base}/d/{self.slug}/waivers/"

    @property
    def settings(self) -> str:
        return f"{self.base}/d/{self.slug}/digest/"

    def finding(self, finding_id: int) -> str:
        return f"{self.base}/d/{self.slug}/findings/{finding_id}/"

    def findings(self, **filters: str) -> str:
        query = urlencode(filters)
        return f"{self.base}/d/{self.slug}/findings/" + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    detail: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What belongs together: one fix with its places, or one owner."""

    title: str
    text: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetSection:
    heading: str
    sentence: str
    blocks: tuple[Block, ...]
    all: str = ""
    """What the link to all of them says."""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A mail before it is written as text or HTML."""

    headline: str
    go: Line
    """Where to do it."""
    sections: tuple[SheetSection, ...]
    notes: tuple[str, ...]
    """Sources that no scan has looked at."""
    because: str
    """Why this mail comes."""
    stop: str
    """The address that ends it."""


def owner_sheet(digest: OwnerDigest, links: Links, *, stop: str) -> Sheet:
    """What one reader is told."""
    deployment = one_line(digest.deployment, 100)
    return Sheet(
        headline=digest.subject,
        go=Line("Your work, with the exact edits", href=links.mine),
        sections=tuple(_owner_sections(digest, links)),
        notes=digest.not_scanned,
        because=(
            f"You get this because findings of {deployment} belong to {digest.reader.name}. "
            "It comes once a week, after the scans, and only when something has changed."
        ),
        stop=stop,
    )


def _owner_sections(digest: OwnerDigest, links: Links) -> Iterator[SheetSection]:
    owner = digest.reader.owner_keys[0]
    explained: set[str] = set()
    for section in digest.sections:
        words, filters = _LISTS.get(section.part, ("", None))
        more = f"And {section.more:,} more. " if section.more and section.groups else ""
        href = "" if filters is None else links.findings(owner=owner, **filters)
        if section.part is Part.OFFERED:
            words, href = "Say whether they are", links.mine
        yield SheetSection(
            section.heading,
            section.sentence,
            tuple(
                _block(group, section, digest.today, links, explained) for group in section.groups
            ),
            all=f"{more}{words}",
            href=href,
        )


def _block(group: Group, section: Section, today: date, links: Links, explained: set[str]) -> Block:
    """One fix; what to do is said where it is to be done, and in full once in a mail."""
    title = f"{group.title} ({group.count:,})" if group.count > 1 else group.title
    is_done = section.part in (Part.FIXED, Part.GONE)
    fix = "" if is_done else group.fix
    if fix in explained:
        first, stop, _rest = fix.partition(". ")
        fix = first + stop.strip()
    explained.add(group.fix)
    lines = tuple(
        Line(_where(place), _detail(place, section.part, today), links.finding(place.id))
        for place in group.places
    )
    return Block(title, fix, lines)


def _where(place: Place) -> str:
    return place.path if place.line is None else f"{place.path}, line {place.line}"


def _detail(place: Place, part: Part, today: date) -> str:
    if part in (Part.FIXED, Part.GONE):
        return place.severity
    if place.due is None:
        said = "no date"
    else:
        said = f"{'was due' if place.due < today else 'due'} {short(place.due, today=today)}"
    claimed = ", claimed" if place.state == State.CLAIMED else ""
    return f"{place.severity}, {said}{claimed}"


# --- The manager's ----------------------------------------------------------------------


def manager_sheet(digest: ManagerDigest, links: Links, *, stop: str) -> Sheet:
    """What those who run a deployment are told."""
    return Sheet(
        headline=digest.subject,
        go=Line("Owners and what is on their plate", href=links.owners),
        sections=tuple(_manager_sections(digest, links)),
        notes=digest.not_scanned,
        because=(
            f"You get this because you manage {one_line(digest.deployment, 100)}. It comes once a "
            "week, after the scans, and only when there is something that a manager can mend."
        ),
        stop=stop,
    )


def _manager_sections(digest: ManagerDigest, links: Links) -> Iterator[SheetSection]:
    if digest.late:
        count = digest.late_count
        is_are = "is" if count == 1 else "are"
        yield SheetSection(
            "Overdue by a week or more",
            f"{plural(count, 'finding')} {is_are} overdue by a week or more.",
            tuple(_late_block(owner, digest.today) for owner in digest.late[:MOST_OWNERS]),
            all=_all_owners(digest.late),
            href=links.findings(due="late", sort="owner"),
        )
    if digest.unowned_errors:
        have = "has" if digest.unowned_errors == 1 else "have"
        yield SheetSection(
            "Without an owner",
            f"{plural(digest.unowned_errors, 'ERROR')} {have} no owner, so nobody is told of them.",
            (),
            all="See them",
            href=links.findings(severity="ERROR", owner="nobody"),
        )
    if digest.unreachable:
        have = "has" if len(digest.unreachable) == 1 else "have"
        yield SheetSection(
            "Cannot be reached",
            f"{plural(len(digest.unreachable), 'owner')} with open findings {have} not been mailed.",
            tuple(
                Block(one_line(one.name, 100), f"{plural(one.open, 'open finding')}; {one.why}.")
                for one in digest.unreachable[:MOST_OWNERS]
            ),
            all=_all_owners(digest.unreachable),
            href=links.owners,
        )

    if said := " ".join(_of_waivers(digest.waivers, digest.today)):
        yield SheetSection("Waivers", said, (), all="See them", href=links.waivers)


def _of_waivers(waivers: WaiversTold, today: date) -> Iterator[str]:
    if waivers.ending and waivers.first_end:
        ends, first = ("ends", "on") if waivers.ending == 1 else ("end", "the first on")
        day = with_weekday(waivers.first_end, today=today)
        hidden = "what it hides" if waivers.ending == 1 else "what they hide"
        number = plural(waivers.ending, "waiver")
        yield f"{number} {ends} soon, {first} {day}; {hidden} comes back by itself."
    if waivers.asked:
        waits = "waits" if waivers.asked == 1 else "wait"
        yield f"{plural(waivers.asked, 'request')} for a waiver {waits} for an answer."


def _late_block(owner: LateOwner, today: date) -> Block:
    if owner.errors == owner.count:
        said = plural(owner.count, "ERROR")
    else:
        errors = f", {owner.errors:,} of them ERROR" if owner.errors else ""
        said = f"{plural(owner.count, 'finding')}{errors}"
    text = f"{said}; the oldest was due {short(owner.oldest, today=today)}."
    return Block(one_line(owner.name, 100), text)


def _all_owners(owners: Sequence[object]) -> str:
    rest = len(owners) - MOST_OWNERS
    return f"And {plural(rest, 'more owner', 'more owners')}" if rest > 0 else "See them"


# --- Text and HTML ----------------------------------------------------------------------


def sheet_as_text(sheet: Sheet) -> str:
    """The text part: 72 columns, every link on a line of its own."""
    blocks = [_fill(sheet.headline), f"{sheet.go.text}:\n{sheet.go.href}"]
    blocks += [_section_text(section) for section in sheet.sections]
    if sheet.notes:
        notes = "\n".join(_fill(note, "- ", "  ") for note in sheet.notes)
        blocks.append(f"NOT SCANNED\nWhat these sources hold is not known:\n{notes}")
    foot = f"{_fill(sheet.because)}\nTo stop it:\n{sheet.stop}"
    return "\n\n".join([*blocks, f"-- \n{foot}"]) + "\n"


def _section_text(section: SheetSection) -> str:
    head = f"{section.heading.upper()}\n{_fill(section.sentence)}"
    blocks = ["\n".join(_block_text(block)) for block in section.blocks]
    foot = [f"{section.all}:\n{section.href}"] if section.href else []
    return "\n\n".join([head, *blocks, *foot])


def _block_text(block: Block) -> Iterable[str]:
    yield _fill(block.title, "  ")
    if block.text:
        yield _fill(block.text, "  ")
    for line in block.lines:
        yield _fill(f"{line.text} ({line.detail})", "  - ", "    ")


def _fill(text: str, first: str = "", rest: str | None = None) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def sheet_as_html(sheet: Sheet) -> str:
    """The HTML part: styles inline, no pictures, readable on a dark ground."""
    return render_to_string("email/digest.html", {"sheet": sheet})
