"""The parameters of the runbook as a form, with each error beside its field."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from planner.domain.runbook_params import QUESTIONS
from planner.selectors.runbook import Blank, Shape, params_wrong

CELLS = ("name", "phone", "backup", "backup_phone")
CELL_LABELS = {"name": "Name", "phone": "Phone", "backup": "Backup", "backup_phone": "Their phone"}
_WAYS = [("", "As the facts say"), ("in-place", "In place"), ("side-by-side", "Side by side")]
_YES_NO = [("yes", "Yes"), ("no", "No")]
_ASKED = {
    "keep_history": "Must run history stay?",
    "keep_url": "Must the address stay?",
    "keep_users": "Must users and roles stay?",
}


class RunbookForm(forms.Form):
    """Window, questions, roles, rehearsed minutes and commands.

    ``params_from`` is what checks them, so that the page and the command say the same sentences.
    Fields beyond the window come from the rulebook.
    """

    freeze = forms.CharField(
        label="Freeze",
        required=False,
        help_text="Friday evening, local time.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "required": True}),
    )
    flip = forms.CharField(
        label="Flip",
        required=False,
        help_text="Empty: the day after, 08:00.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    end = forms.CharField(
        label="Decision",
        required=False,
        help_text="Empty: two days after the flip, 09:00.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    zone = forms.CharField(
        label="Time zone",
        required=False,
        widget=forms.Select(
            choices=[(name, name) for name in sorted(zoneinfo.available_timezones())]
        ),
    )
    way = forms.CharField(label="Way", required=False, widget=forms.Select(choices=_WAYS))

    def __init__(
        self,
        data: MultiValueDict[str, str] | None = None,
        *,
        values: Mapping[str, Any],
        shape: Shape,
    ) -> None:
        """``values`` are shown where nothing was typed; ``shape`` says which lines there are."""
        self.shape = shape
        self.kept = dict(values)
        super().__init__(data, initial=_initial(values))
        for key in QUESTIONS:
            self.fields[key] = forms.CharField(
                label=_ASKED[key], required=False, widget=forms.RadioSelect(choices=_YES_NO)
            )
        for role in shape.roles:
            for cell in CELLS:
                self.fields[f"roles.{role['key']}.{cell}"] = _line(
                    CELL_LABELS[cell], inputmode="tel" if cell.endswith("phone") else "text"
                )
        for rehearsal in shape.rehearsals:
            self.fields[f"rehearsed.{rehearsal['key']}"] = _line(
                rehearsal["label"], inputmode="numeric"
            )
        for blank in shape.blanks:
            self.fields[f"words.{blank.key}"] = _word(blank)
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"error-{name}"

    def clean(self) -> dict[str, Any]:
        """Every sentence of the domain beside the field it is about."""
        for name, sentence in params_wrong(self.values()):
            self.add_error(
                name if name in self.fields else None, f"{sentence[:1].upper()}{sentence[1:]}."
            )
        return self.cleaned_data

    def values(self) -> dict[str, Any]:
        """The parameters as typed; what this form does not show stays as it was kept."""
        typed = {name: str(self.data.get(name, "")).strip() for name in self.fields}
        values: dict[str, Any] = {
            key: typed[key] for key in ("freeze", "flip", "end", "zone", "way") if typed[key]
        }
        values |= {key: typed[key] != "no" for key in QUESTIONS}
        values["roles"] = {
            role["key"]: {cell: typed[f"roles.{role['key']}.{cell}"] for cell in CELLS}
            for role in self.shape.roles
        }
        values["rehearsed"] = {
            **self.kept.get("rehearsed", {}),
            **{r["key"]: typed[f"rehearsed.{r['key']}"] for r in self.shape.rehearsals},
        }
        shown = {blank.key for blank in self.shape.blanks}
        values["words"] = {
            key: text for key, text in self.kept.get("words", {}).items() if key not in shown
        } | {key: typed[f"words.{key}"] for key in shown if typed[f"words.{key}"]}
        return values

    @property
    def window_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("freeze", "zone", "flip", "end")]

    @property
    def question_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in QUESTIONS]

    @property
    def role_rows(self) -> list[dict[str, Any]]:
        return [
            {**role, "cells": [self[f"roles.{role['key']}.{cell}"] for cell in CELLS]}
            for role in self.shape.roles
        ]

    @property
    def rehearsal_fields(self) -> list[forms.BoundField]:
        return [self[f"rehearsed.{entry['key']}"] for entry in self.shape.rehearsals]

    @property
    def word_fields(self) -> list[forms.BoundField]:
        return [self[f"words.{blank.key}"] for blank in self.shape.blanks]


def _line(label: str, help_text: str = "", **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attributes}),
    )


def _word(blank: Blank) -> forms.CharField:
    """A path on one line; a command in a box that shows all of it."""
    attributes = {"autocomplete": "off", "spellcheck": "false", "placeholder": blank.proposed}
    widget: forms.Widget = forms.TextInput(attrs=attributes)
    if blank.long:
        widget = forms.Textarea(attrs={**attributes, "rows": 3})
    return forms.CharField(label=blank.label, help_text=blank.help, required=False, widget=widget)


def _initial(values: Mapping[str, Any]) -> dict[str, Any]:
    initial: dict[str, Any] = {
        key: values.get(key, "") for key in ("freeze", "flip", "end", "zone", "way")
    }
    initial |= {key: "yes" if values.get(key, True) else "no" for key in QUESTIONS}
    for group in ("rehearsed", "words"):
        for key, value in (values.get(group) or {}).items():
            initial[f"{group}.{key}"] = "" if value is None else value
    for role, cells in (values.get("roles") or {}).items():
        for cell, text in cells.items():
            initial[f"roles.{role}.{cell}"] = text
    return initial
