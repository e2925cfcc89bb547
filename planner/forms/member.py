"""What people type about people."""

from __future__ import annotations

from django import forms

from planner.domain.access import Role

ROLES = [(role.value, role.label) for role in Role]


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(required=False)
    role = forms.ChoiceField(choices=ROLES, initial=Role.OWNER.value)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=ROLES)


class NewAccountForm(forms.Form):
    """Someone who accepts an invite and has no account yet."""

    email = forms.EmailField()
    full_name = forms.CharField(max_length=150, required=False)
    password = forms.CharField(widget=forms.PasswordInput)
