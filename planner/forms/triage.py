"""The form of the triage page: pasted release notes."""

from __future__ import annotations

from django import forms


class PasteNotesForm(forms.Form):
    """Release notes as someone pastes them."""

    title = forms.CharField(
        max_length=200, error_messages={"required": "Name the notes, like Airflow 3.1.8."}
    )
    url = forms.URLField(
        max_length=500,
        assume_scheme="https",
        error_messages={
            "required": "Say where the notes are from; every quote keeps that link.",
            "invalid": "Write an address like https://airflow.apache.org/docs/.",
        },
    )
    text = forms.CharField(
        max_length=200_000,
        error_messages={
            "required": "Paste the notes.",
            "max_length": "These notes are too long; paste one release at a time.",
        },
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if not url.lower().startswith(("https://", "http://")):
            raise forms.ValidationError("Write an address that starts with https://.")
        return url
