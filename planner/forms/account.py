"""What people type about themselves."""

from __future__ import annotations

from django import forms


class AccountForm(forms.Form):
    """A name that others read, and optionally a new password."""

    full_name = forms.CharField(max_length=150, required=False)
    current_password = forms.CharField(widget=forms.PasswordInput, required=False)
    new_password = forms.CharField(widget=forms.PasswordInput, required=False)
