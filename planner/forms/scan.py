"""The form that takes a report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from planner.domain.report import Format

AUTO = "auto"
FORMATS = [
    (AUTO, "Find out"),
    (Format.UPGRADECHECK, "Upgrade check (interchange JSON)"),
    (Format.RUFF, "ruff JSON or JSON lines"),
    (Format.SARIF, "SARIF 2.1.0"),
    (Format.AIRFLOW_DAGS, "airflow dags list -o json"),
    (Format.AIRFLOW_IMPORT_ERRORS, "airflow dags list-import-errors -o json"),
    (Format.AIRFLOW_CONFIG_LINT, "airflow config lint"),
]


class UploadForm(forms.Form):
    """A report file and what the sender knows about it."""

    file = forms.FileField(error_messages={"required": "Choose a report file."})
    source = forms.CharField(max_length=80, required=False)
    root = forms.CharField(max_length=1000, required=False)
    format = forms.ChoiceField(choices=FORMATS, required=False)
    commit = forms.CharField(max_length=64, required=False)
    tool_version = forms.CharField(max_length=40, required=False)
    complete = forms.BooleanField(required=False)
    take_good = forms.BooleanField(required=False)

    def clean_file(self) -> UploadedFile:
        uploaded: UploadedFile = self.cleaned_data["file"]
        if uploaded.size is not None and uploaded.size > settings.MAX_REPORT_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {settings.MAX_REPORT_BYTES // 2**20} MB."
            )
        return uploaded

    def options(self) -> dict[str, Any]:
        """What the sender asked for, as ``receive_report`` takes it."""
        cleaned = self.cleaned_data
        return {
            "format": "" if cleaned["format"] == AUTO else cleaned["format"],
            "root": cleaned["root"],
            "complete": cleaned["complete"],
            "commit": cleaned["commit"],
            "tool_version": cleaned["tool_version"],
            "take_good": cleaned["take_good"],
        }
