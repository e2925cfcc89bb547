"""What people say when a DAG will be deleted."""

from __future__ import annotations

from django import forms


class RetireForm(forms.Form):
    """Why a DAG goes, by when, and where that can be seen."""

    reason = forms.CharField(max_length=500, error_messages={"required": "Say why the DAG goes."})
    gone_by = forms.DateField(
        error_messages={
            "required": "Say by when it is gone.",
            "invalid": "Write a date like 2026-10-28.",
        }
    )
    link = forms.CharField(max_length=2_000, required=False)
