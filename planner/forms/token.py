"""The form that makes an API token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

SCOPES = [("import", "Send reports"), ("read", "Read")]
LONGEST_DAYS = 3650


class TokenForm(forms.Form):
    """What a token may do, and for how many days."""

    scope = forms.ChoiceField(choices=SCOPES)
    days = forms.IntegerField(min_value=1, max_value=LONGEST_DAYS, initial=90)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["lasts"] = timedelta(days=cleaned.get("days") or 1)
        return cleaned
