"""When digests go out and which webhooks get them, as admins type it."""

from __future__ import annotations

from django import forms
from django.conf import settings

WEEKDAYS = [
    *((0, "Monday"), (1, "Tuesday"), (2, "Wednesday"), (3, "Thursday")),
    *((4, "Friday"), (5, "Saturday"), (6, "Sunday")),
]
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]
FORMATS = [
    ("slack", "Slack, or what reads Slack's messages"),
    ("teams", "Microsoft Teams workflow"),
    ("json", "Any service, as JSON"),
]


class DigestForm(forms.Form):
    """Whether, on which day and at which hour."""

    on = forms.BooleanField(required=False)
    weekday = forms.TypedChoiceField(choices=WEEKDAYS, coerce=int)
    hour = forms.TypedChoiceField(choices=HOURS, coerce=int)


class WebhookForm(forms.Form):
    """A webhook. What the values mean is checked by ``services.webhook``."""

    name = forms.CharField(max_length=80)
    format = forms.ChoiceField(choices=FORMATS)
    url = forms.CharField(max_length=1000)
    secret_env = forms.CharField(max_length=100, required=False)

    def clean_secret_env(self) -> str:
        name: str = self.cleaned_data["secret_env"].strip()
        if name and name not in settings.SOURCE_SECRETS:
            raise forms.ValidationError(
                f"{name} is not one of the variables that SOURCE_SECRETS lets pages use."
            )
        return name

    @property
    def secrets(self) -> list[str]:
        """Names of the variables that pages may use; what they hold is never shown."""
        return sorted(settings.SOURCE_SECRETS)
