"""The facts of a deployment as a form, and the form that records a decision."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils.datastructures import MultiValueDict

from planner.domain.facts import (
    DATABASES,
    EXECUTORS,
    FACT_KEYS,
    HOSTINGS,
    DeploymentFacts,
    FactErrors,
    facts_from,
)

MAIN_FIELDS = (
    "current_version",
    "target_version",
    "dag_count",
    "python_target",
    "mlops_roadmap",
    "hybrid_workload",
    "provider_dependencies",
    "bandwidth_quarters",
)
"""What the verdict rests on, in the order of the form. The other facts serve plan and runbook."""

WIDE_FIELDS = ("name", "slug", "provider_dependencies", "bandwidth_quarters")
"""Fields that take the whole width of the form."""

_YES_NO = [("yes", "Yes"), ("no", "No")]
_DATABASE_NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}
_HOSTING_NAMES = {
    "open-source": "Open source, run by you",
    "astronomer": "Astronomer",
    "mwaa": "Amazon MWAA",
    "composer": "Google Cloud Composer",
}


def _line(label: str, help_text: str = "", **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attributes}),
    )


def _number(label: str, help_text: str = "", **attributes: str) -> forms.CharField:
    """Read as text, so that a wrong number gets the same sentence as in a facts file."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attributes}),
    )


def _choice(label: str, choices: list[tuple[str, str]]) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=forms.Select(choices=choices))


def _yes_no(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=forms.RadioSelect(choices=_YES_NO))


class FactsForm(forms.Form):
    """Every fact. ``facts_from`` is what checks them, so a page and a file get the same sentences."""

    main_names: ClassVar[tuple[str, ...]] = MAIN_FIELDS

    name = _line("Name")
    current_version = _line("Airflow today", placeholder="2.9.3")
    target_version = _line("Airflow you want", "Empty: the newest line.")
    dag_count = _number("DAGs", inputmode="numeric")
    executor = _choice("Executor", [(name, name.removesuffix("Executor")) for name in EXECUTORS])
    python_current = _line("Python today", placeholder="3.11")
    python_target = _line("Python you want", placeholder="3.12")
    mlops_roadmap = _yes_no("Is there an MLOps roadmap in the next year?")
    hybrid_workload = _yes_no("Does any work run on-prem or at the edge?")
    provider_dependencies = _line(
        "Providers you depend on that need 3.x",
        "Names with commas between. Empty: none. What is known of each is told beside its points.",
    )
    bandwidth_quarters = _number(
        "Senior engineer time you can give, in quarters",
        "1.00 is one senior engineer for 13 weeks. Count only time that is agreed.",
        inputmode="decimal",
    )
    metadata_db = _choice("Metadata database", [(key, _DATABASE_NAMES[key]) for key in DATABASES])
    metadata_db_gb = _number("Its size in GB", "Empty: not known.", inputmode="decimal")
    custom_xcom_backend = _yes_no("Is there a custom XCom backend?")
    hosting = _choice("Hosted by", [(key, _HOSTING_NAMES[key]) for key in HOSTINGS])
    time_zone = _line("Time zone", placeholder="Europe/Berlin")
    engineers = _number("Engineers on it", inputmode="numeric")

    def __init__(
        self,
        data: MultiValueDict[str, str] | None = None,
        *,
        facts: Mapping[str, Any] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """``facts`` are the stored ones, shown where nothing was typed; ``sources`` where they came from."""
        self.facts: DeploymentFacts | None = None
        self.stored = dict(facts or {})
        self.sources = dict(sources or {})
        super().__init__(data, initial={key: _typed(value) for key, value in self.stored.items()})
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"about-{name} error-{name}"
            # What was shown goes along, so that a form opened before somebody else's change
            # cannot undo it.
            field.show_hidden_initial = True
        executor = str(self.stored.get("executor", ""))
        if executor and executor not in EXECUTORS:
            self._select("executor").choices = [
                *self._select("executor").choices,
                (executor, executor),
            ]

    def _select(self, name: str) -> forms.Select:
        widget = self.fields[name].widget
        assert isinstance(widget, forms.Select)
        return widget

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        values = {name: _value(name, text) for name, text in cleaned.items() if name in FACT_KEYS}
        try:
            self.facts = facts_from(values)
        except FactErrors as errors:
            for error in errors.errors:
                label = self.fields[error.field].label
                self.add_error(error.field, f"{label}: {error.sentence}.")
        return cleaned

    def changed_values(self) -> dict[str, Any]:
        """The facts that are not as stored: what a person has stated here and now."""
        stated = self.facts.as_dict() if self.facts else {}
        return {key: value for key, value in stated.items() if self._is_change(key, value)}

    def _is_change(self, key: str, value: Any) -> bool:
        """What was never stored changes only where something was typed; else it keeps its usual value."""
        if key in self.stored:
            return bool(value != self.stored[key]) and key in self.changed_data
        return bool(self.cleaned_data.get(key))

    @property
    def main_fields(self) -> list[FactField]:
        return [self._described(name) for name in self.main_names]

    @property
    def other_fields(self) -> list[FactField]:
        return [self._described(name) for name in FACT_KEYS if name not in self.main_names]

    @property
    def all_fields(self) -> list[FactField]:
        return [*self.main_fields, *self.other_fields]

    @property
    def usual_source(self) -> str:
        """Where most of the stored facts came from: said once instead of beside each of them."""
        counted = Counter(self.sources.values()).most_common(1)
        return counted[0][0] if counted else ""

    @property
    def others_are_wrong(self) -> bool:
        return any(described.field.errors for described in self.other_fields)

    def _described(self, name: str) -> FactField:
        source = self.sources.get(name, "")
        return FactField(self[name], "" if source == self.usual_source else source)


class FactField:
    """A field with where its stored value came from, if not from where most did."""

    def __init__(self, field: forms.BoundField, source: str) -> None:
        self.field = field
        self.source = source
        self.is_group = isinstance(field.field.widget, forms.RadioSelect)
        self.shown = field.as_hidden(only_initial=True)
        """What a group of choices showed at first; other fields bring it along themselves."""
        self.wide = field.name in WIDE_FIELDS


class NewDeploymentForm(FactsForm):
    """The facts of a deployment that does not exist yet, with its address."""

    main_names = ("name", "slug", *MAIN_FIELDS)
    slug = _line("Address", "Small letters, digits and hyphens; it becomes part of every link.")

    def __init__(self, data: MultiValueDict[str, str] | None = None) -> None:
        """A list that nobody has opened states nothing, so each begins with that."""
        super().__init__(data)
        for name in ("executor", "metadata_db", "hosting"):
            select = self._select(name)
            select.choices = [("", "Not said"), *select.choices]

    def refuse(self, errors: FactErrors) -> None:
        """Show what the service refused beside the field it belongs to."""
        for error in errors.errors:
            self.add_error(error.field, f"{self.fields[error.field].label}: {error.sentence}.")


class RecordForm(forms.Form):
    """Why it was decided so, and when to look again."""

    reason = forms.CharField(
        label="Why, in your own words",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Why: say in a sentence why you decide so."},
    )
    look_again_on = forms.DateField(
        label="Look again on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Look again on: choose a day.",
            "invalid": "Look again on: write a day like 2027-01-31.",
        },
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def clean_look_again_on(self) -> date:
        day: date = self.cleaned_data["look_again_on"]
        if day <= self.today:
            raise forms.ValidationError("Look again on: choose a day after today.")
        return day


def _typed(value: Any) -> str:
    """A stored value as a person would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(value)
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _value(name: str, text: str) -> Any:
    """What was typed, in the type that a facts file would have; what has no such type stays text."""
    return _READERS.get(name, str)(text)


def _flag(text: str) -> Any:
    return {"yes": True, "no": False, "": False}.get(text, text)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


_WHOLE = re.compile(r"-?[0-9]{1,15}")


def _whole(text: str) -> Any:
    plain = text.replace(" ", "").replace(",", "")
    return int(plain) if _WHOLE.fullmatch(plain) else text or None


def _decimal(text: str) -> Any:
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError:
        return text


def _or_nothing(text: str) -> Any:
    return text or None


_READERS = {
    "dag_count": _whole,
    "engineers": _whole,
    "bandwidth_quarters": _decimal,
    "metadata_db_gb": _decimal,
    "mlops_roadmap": _flag,
    "hybrid_workload": _flag,
    "custom_xcom_backend": _flag,
    "provider_dependencies": _names,
    "executor": _or_nothing,
    "metadata_db": _or_nothing,
    "hosting": _or_nothing,
    "time_zone": _or_nothing,
}
