"""What people say when findings are not theirs."""

from __future__ import annotations

from django import forms


class NotMineForm(forms.Form):
    """Whose they are, by deployment, and why. Owners come as fields named ``owner-ID`` of the deployment."""

    reason = forms.CharField(max_length=500, required=False)

    def owner_key(self, deployment_id: int) -> str:
        """The owner chosen in one deployment; empty where nobody is suggested."""
        return str(self.data.get(f"owner-{deployment_id}", ""))[:200]


class AnswerForm(forms.Form):
    """An answer to somebody else's "not mine"."""

    reason = forms.CharField(max_length=500, required=False)


class SettleForm(forms.Form):
    """A manager's answer: a new owner, or nobody for “it stays”, with a reason."""

    owner = forms.CharField(max_length=200, required=False)
    reason = forms.CharField(max_length=500, required=False)
