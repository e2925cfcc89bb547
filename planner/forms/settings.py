"""The settings of a deployment, as its admins type them."""

from __future__ import annotations

import zoneinfo
from datetime import date
from typing import Any

from django import forms

from planner.domain.calendar import MOST_BLACKOUTS, CalendarError, blackout_from, working_calendar
from planner.domain.finding import Axis, Severity
from planner.domain.plan import PlanError, check_start

ZONES = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]
LONGEST_DUE_DAYS = 1000


class CalendarForm(forms.Form):
    """When people work: zone, start of the plan, public holidays, other days off."""

    time_zone = forms.ChoiceField(choices=ZONES)
    plan_start = forms.DateField(required=False)
    holiday_country = forms.CharField(max_length=10, required=False)
    days_off = forms.CharField(required=False)
    blackouts = forms.CharField(required=False)

    def clean_plan_start(self) -> date | None:
        start: date | None = self.cleaned_data["plan_start"]
        try:
            if start is not None:
                check_start(start)
        except PlanError as error:
            raise forms.ValidationError(str(error)) from None
        return start

    def clean_holiday_country(self) -> str:
        country = self.cleaned_data["holiday_country"].strip().upper()
        try:
            return working_calendar(country=country).country
        except CalendarError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_days_off(self) -> list[str]:
        """One ISO date a line, as sorted text."""
        days = set()
        for line in self.cleaned_data["days_off"].split():
            try:
                days.add(date.fromisoformat(line.strip(",;")).isoformat())
            except ValueError:
                raise forms.ValidationError(
                    f"“{line}” is not a date; write one a line, like 2026-12-24."
                ) from None
        return sorted(days)

    def clean_blackouts(self) -> list[str]:
        """One blackout a line, as it is stored, the earliest first."""
        lines = [line for line in self.cleaned_data["blackouts"].splitlines() if line.strip()]
        if len(lines) > MOST_BLACKOUTS:
            raise forms.ValidationError(
                f"{len(lines)} lines; name at most {MOST_BLACKOUTS}, and leave out what has passed."
            )
        try:
            return sorted({blackout_from(line).line for line in lines})
        except CalendarError as error:
            raise forms.ValidationError(str(error)) from None


class DueDaysForm(forms.Form):
    """Days from first sight to due, by severity; empty means the rulebook's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for severity in Severity:
            self.fields[severity.value] = forms.IntegerField(
                required=False, min_value=1, max_value=LONGEST_DUE_DAYS
            )

    def days(self) -> dict[str, int]:
        """Only what was filled in."""
        return {key: value for key, value in self.cleaned_data.items() if value is not None}


class AxisLeadsForm(forms.Form):
    """Who leads each axis, of the owners that the deployment has."""

    def __init__(self, owners: list[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Nobody yet"), *((str(pk), name) for pk, name in owners)]
        for axis in Axis:
            self.fields[axis.value] = forms.ChoiceField(choices=choices, required=False)

    def leads(self) -> dict[Axis, int | None]:
        """The owner's id by axis, None where nobody leads."""
        return {
            Axis(key): int(value) if value else None for key, value in self.cleaned_data.items()
        }
