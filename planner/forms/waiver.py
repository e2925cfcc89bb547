"""Waivers as people fill them in. What may be waived, the services decide."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from planner.domain.waiver import Scope
from planner.forms.finding import WaiveForm


class ScopeForm(WaiveForm):
    """A waiver of all that fits what is named here."""

    rule = forms.CharField(max_length=80, required=False)
    path = forms.CharField(max_length=500, required=False)
    dag = forms.CharField(max_length=300, required=False)
    source = forms.IntegerField(
        required=False, error_messages={"invalid": "Choose a source of this deployment."}
    )

    def scope(self) -> Scope:
        """What was named."""
        values = self.cleaned_data
        return Scope(
            rule_id=values.get("rule", ""),
            pattern=values.get("path", ""),
            dag_id=values.get("dag", ""),
            source_id=values.get("source"),
        )


class ApproveSilencedForm(WaiveForm):
    """A waiver of what one comment or entry silences, as many findings as the page showed."""

    expected = forms.IntegerField(required=False, min_value=0)


class DeclineForm(forms.Form):
    answer = forms.CharField(
        max_length=500,
        error_messages={"required": "Say why not, so that they know what to do instead."},
    )


def asked_scope(query: QueryDict) -> dict[str, str]:
    """What the add page begins with, as a link to it asks."""
    return {name: query.get(name, "")[:500] for name in ("rule", "path", "dag", "source")}
