"""What people ask of findings: which to list, and what to do with them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from planner.domain.finding import Axis, Severity
from planner.domain.ownership import owner_key
from planner.selectors.finding_filter import (
    CATEGORIES,
    DUES,
    NOBODY,
    SILENCED,
    SORTS,
    STATES,
    WHENS,
    FindingFilter,
)

LONGEST_TEXT = 200
MOST_PICKED = 2_000
"""Findings that one form may name one by one; more go by their filter."""

_CHOICES: dict[str, Any] = {
    "category": CATEGORIES,
    "axis": {"", *Axis},
    "state": STATES,
    "due": DUES,
    "sort": SORTS,
    "when": WHENS,
    "silenced": SILENCED,
}
_TEXTS = {
    "rule": 80,
    "dag": 300,
    "path": 1000,
    "text": LONGEST_TEXT,
    "source": 80,
    "family": 40,
    "waiver": 18,
}


def filter_from(query: QueryDict) -> tuple[FindingFilter, list[str]]:
    """The filter that a query string asks for, and what of it was not understood."""
    ignored: list[str] = []
    values: dict[str, Any] = {}
    for name, choices in _CHOICES.items():
        asked = query.get(name, "")
        if asked in choices:
            values[name] = asked
        elif asked:
            ignored.append(f"{name} “{asked[:40]}”")
    for name, longest in _TEXTS.items():
        values[name] = query.get(name, "").replace("\0", "").strip()[:longest]
    if values["waiver"] and not values["waiver"].isdecimal():
        ignored.append(f"waiver “{values['waiver']}”")
        values["waiver"] = ""
    owner = query.get("owner", "")
    values["owner"] = owner if owner == NOBODY else owner_key(owner)
    asked_severities = [name for name in query.getlist("severity") if name]
    values["severities"] = tuple(name for name in Severity if name in asked_severities)
    ignored += [f"severity “{name[:40]}”" for name in asked_severities if name not in set(Severity)]
    values["sort"] = values.get("sort") or "severity"
    return FindingFilter(**values), ignored


class PickForm(forms.Form):
    """Which findings: those picked one by one, or all that match a filter."""

    everything = forms.BooleanField(required=False)
    query = forms.CharField(required=False, max_length=5000)
    expected = forms.IntegerField(required=False, min_value=0)

    def picked(self) -> list[int]:
        """Keys of the findings picked one by one; what is no number is left out.

        A button that names ``only`` one finding speaks for that one, whatever else is picked.
        """
        data = self.data if isinstance(self.data, QueryDict) else QueryDict()
        asked = data.getlist("only") or data.getlist("finding")
        keys = [int(key) for key in asked if key.isdecimal() and len(key) <= 18]
        return keys[:MOST_PICKED]

    def filters(self) -> FindingFilter:
        """The filter whose every match is meant."""
        return filter_from(QueryDict(self.cleaned_data.get("query", "")))[0]


class AssignForm(forms.Form):
    """Who gets them; empty hands them back to the rules."""

    owner = forms.CharField(max_length=200, required=False)


class ClaimForm(forms.Form):
    """Where it was fixed: in words, and as a link that the service checks."""

    why = forms.CharField(max_length=500, required=False)
    link = forms.CharField(max_length=2_000, required=False)


class NothingForm(forms.Form):
    """An action that needs no words."""


class WaiveForm(forms.Form):
    reason = forms.CharField(max_length=500, error_messages={"required": "Say why it can wait."})
    expires_on = forms.DateField(
        error_messages={
            "required": "Say until when.",
            "invalid": "Write a date like 2026-10-28.",
        }
    )


class NoteForm(forms.Form):
    note = forms.CharField(max_length=10_000, required=False, strip=False)


class DueForm(forms.Form):
    due = forms.DateField(
        required=False, error_messages={"invalid": "Write a date like 2026-10-28."}
    )


class ImportForm(forms.Form):
    """A CSV of findings to read back."""

    file = forms.FileField(error_messages={"required": "Choose a CSV file."})


class ImportApplyForm(forms.Form):
    """Confirms a previewed CSV."""

    token = forms.CharField(max_length=500)
    create_owners = forms.BooleanField(required=False)
