"""Owners and folder rules as people fill them in. What may be stored, the services decide."""

from __future__ import annotations

import re

from django import forms

from planner.selectors.owner import OWNER_KINDS


class OwnerForm(forms.Form):
    """A person or team with its other names, one a line or separated by commas."""

    name = forms.CharField(max_length=200, error_messages={"required": "The owner needs a name."})
    email = forms.CharField(max_length=254, required=False)
    kind = forms.ChoiceField(choices=OWNER_KINDS, required=False)
    active = forms.BooleanField(required=False)
    aliases = forms.CharField(max_length=5000, required=False)

    def other_names(self) -> list[str]:
        """The aliases as typed."""
        return [name for name in re.split(r"[\n,;]", self.cleaned_data["aliases"]) if name.strip()]


class MergeForm(forms.Form):
    into = forms.IntegerField(
        error_messages={"required": "Choose who it is.", "invalid": "Choose who it is."}
    )


class HandOutForm(forms.Form):
    """Hands out what an inactive owner still has: to one owner, or by the rules where none is chosen."""

    to = forms.IntegerField(required=False, error_messages={"invalid": "Choose an owner."})
    expected = forms.IntegerField(required=False)


class FolderRuleForm(forms.Form):
    pattern = forms.CharField(
        max_length=500, error_messages={"required": "Write a folder, like dags/finance/."}
    )
    owner = forms.IntegerField(
        error_messages={"required": "Choose an owner.", "invalid": "Choose an owner."}
    )
