"""How old something is, in the words that a person uses."""

from __future__ import annotations

from datetime import date, timedelta

from planner.domain.numbers import plural

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_STEPS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)


def age_in_words(age: timedelta) -> str:
    """'two days', '14 hours', 'less than a minute'."""
    for span, word in _STEPS:
        count = age // span
        if count >= 1:
            number = _WORDS[count] if count < len(_WORDS) else f"{count:,}"
            return f"{number} {word}{'' if count == 1 else 's'}"
    return "less than a minute"


def aged(day: date, today: date) -> str:
    """How old something from ``day`` is, in words: 'today', 'yesterday', '9 days old'."""
    days = (today - day).days
    if days <= 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days old"


def age_in_days(day: date, today: date) -> str:
    """'today', '1 day', '16 days'."""
    days = (today - day).days
    return "today" if days <= 0 else plural(days, "day")
