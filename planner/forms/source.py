"""The form that adds or changes a source."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from planner.domain.schedule import DEFAULT_SCHEDULE

KINDS = [("git", "Git repository"), ("folder", "Folder"), ("report-url", "URL returning a report")]
FIELDS = ("name", "kind", "location", "branch", "root", "schedule", "username_env", "password_env")


class SourceForm(forms.Form):
    """A source as an admin types it. What the values mean is checked by ``services.source``."""

    name = forms.CharField(max_length=80)
    kind = forms.ChoiceField(choices=KINDS)
    location = forms.CharField(max_length=1000)
    branch = forms.CharField(max_length=200, required=False)
    root = forms.CharField(max_length=1000, required=False)
    schedule = forms.CharField(max_length=100, required=False, initial=DEFAULT_SCHEDULE)
    username_env = forms.CharField(max_length=100, required=False)
    password_env = forms.CharField(max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for field in ("username_env", "password_env"):
            name = cleaned.get(field, "")
            if name and name not in settings.SOURCE_SECRETS:
                self.add_error(
                    field,
                    f"{name} is not one of the variables that SOURCE_SECRETS lets pages use.",
                )
        return cleaned

    @property
    def secrets(self) -> list[str]:
        """Names of the variables that pages may use; what they hold is never shown."""
        return sorted(settings.SOURCE_SECRETS)

    def values(self) -> dict[str, str]:
        """The fields as ``SourceDraft`` takes them."""
        return {field: self.cleaned_data[field] for field in FIELDS}
