"""Days as sentences write them, the same in every place and whatever the machine's language."""

from __future__ import annotations

from datetime import date

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def short(day: date, *, today: date | None = None) -> str:
    """'28 Oct'; with the year where it is not that of ``today``."""
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return text if today is None or day.year == today.year else with_year(day)


def with_year(day: date) -> str:
    """'28 Oct 2026'."""
    return f"{short(day)} {day.year}"


def with_weekday(day: date, *, today: date | None = None) -> str:
    """'Fri 20 Nov'."""
    return f"{WEEKDAYS[day.weekday()]} {short(day, today=today)}"
