"""How dates, numbers and states look on every page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from planner.domain.access import Role
from planner.domain.dates import WEEKDAYS, short, with_weekday, with_year
from planner.domain.numbers import working_time as in_working_time
from planner.domain.ownership import InactiveCause, Standing
from planner.domain.person import Person, name_of
from planner.domain.web_link import link_words as in_link_words

register = template.Library()

_OPTION = re.compile(r"(?<!\S)(-[\w-]{1,50})")

_GLYPHS = {
    "ERROR": "error",
    "WARNING": "warning",
    "INFO": "info",
    "block": "error",
    "migrate": "warning",
    "adopt": "info",
    "open": "open",
    "claimed": "claimed",
    "fixed": "verified",
    "removed": "verified",
    "waived": "excepted",
    "regressed": "regressed",
    "pass": "pass",
    "fail": "fail",
    "waiting": "waiting",
    "unknown": "waiting",
    "upgrade now": "go",
    "upgrade in 6 months": "later",
    "wait": "later",
    "defer": "defer",
    "done": "pass",
    "duplicate": "pass",
    "queued": "waiting",
    "running": "waiting",
    "held": "defer",
    "rejected": "fail",
    "failed": "fail",
    "healthy": "pass",
    "alert": "fail",
    "too-quiet": "waiting",
    "sent": "pass",
    "refused": "fail",
    "unreachable": "fail",
}
_WORDS = {"regressed": "came back", "pass": "passed", "fail": "failed", "too-quiet": "too quiet"}


def _moment_of(value: object) -> datetime | None:
    if isinstance(value, str):
        value = parse_datetime(value)
    if not isinstance(value, datetime):
        return None
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _day_of(value: object) -> date | None:
    if isinstance(value, str) and len(value) == len("2026-10-28"):
        return parse_date(value)
    if moment := _moment_of(value):
        return moment.date()
    return value if isinstance(value, date) else None


@register.filter
def day(value: object, form: str = "") -> str:
    """28 Oct · ``day:"year"`` 28 Oct 2026 · ``day:"week"`` Wed 28 Oct. Nothing for nothing."""
    found = _day_of(value)
    if found is None:
        return ""
    form_of = {"year": with_year, "week": with_weekday}
    return form_of.get(form, short)(found)


@register.filter
def clock(value: object) -> str:
    """18:00, in the zone of the deployment."""
    found = _moment_of(value)
    return f"{found:%H:%M}" if found else ""


@register.filter
def moment(value: object) -> str:
    """Mon 19 Oct 2026, 12:00, in the zone of the deployment. The page names the zone once."""
    found = _moment_of(value)
    return f"{WEEKDAYS[found.weekday()]} {with_year(found)}, {found:%H:%M}" if found else ""


@register.filter
def who(value: Person) -> str:
    """What people call someone who signs in."""
    return name_of(value)


@register.filter
def gone(owner: Standing) -> str:
    """takes no findings since 22 Nov 2026: Alice said so"""
    since = f" since {day(owner.inactive_since, 'year')}" if owner.inactive_since else ""
    because = InactiveCause(owner.inactive_cause or "hand").because(owner.inactive_by)
    return f"takes no findings{since}: {because}"


@register.filter
def number(value: object, digits: int | None = None) -> str:
    """1,234 · 0.8 · with ``digits`` exactly that many after the point."""
    if not isinstance(value, int | float):
        return "" if value is None else str(value)
    if digits is not None:
        return f"{value:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


@register.filter
def link_words(link: str) -> str:
    """What a link is called: PR #2231, or its host and path."""
    return in_link_words(link)


@register.filter
def at(found: Mapping[Any, Any], key: object) -> Any:
    """What a mapping holds for a key, or nothing."""
    return found.get(key)


@register.filter
def working_time(minutes: int) -> str:
    """25 min · about 1.5 h · about 12 h."""
    return in_working_time(minutes)


@register.filter
def percent(value: object) -> str:
    """0.944 → 94 %."""
    return f"{value:.0%}".replace("%", " %") if isinstance(value, int | float) else ""


@register.filter
def glyph(value: object) -> str:
    """The class that draws the glyph of a severity, category, state, gate or verdict."""
    return _GLYPHS.get(str(value), "waiting")


@register.filter
def mark(value: object, words: str = "") -> SafeString:
    """A glyph with its word: a severity, category, state, gate or verdict, or ``words`` instead."""
    return format_html(
        '<span class="mark {}">{}</span>', glyph(value), words or _WORDS.get(str(value), str(value))
    )


_AXES = {"mlops": "MLOps", "ui": "UI"}


@register.filter
def axis_name(value: object) -> str:
    """Workers · Versioning · MLOps · UI · Other."""
    return _AXES.get(str(value), str(value).capitalize())


@register.filter
def reaches(role: Role, needed: str) -> bool:
    """True where the role allows what ``needed`` allows; only hides what the view refuses anyway."""
    return role.reaches(Role(needed))


@register.filter
def backquotes(value: object) -> SafeString:
    """Text whose `backquoted` parts are set as code; everything is escaped first."""
    parts = str(value or "").split("`")
    if len(parts) % 2 == 0:  # a backquote without its partner stays as it is
        return format_html("{}", value)
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<code>{}</code>", part) if at % 2 else part,)
            for at, part in enumerate(parts)
        ),
    )


@register.filter
def whole_options(command: str) -> SafeString:
    """A command whose options never break across lines: one that ended in "--" would be typed with a space."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="nowrap">{}</span>', part) if at % 2 else part,)
            for at, part in enumerate(_OPTION.split(command))
        ),
    )
