"""The form that takes one file to check."""

from __future__ import annotations

from django import forms


class FileCheckForm(forms.Form):
    """A pasted text or an uploaded file, and what it is called in the repository."""

    path = forms.CharField(max_length=300, required=False)
    text = forms.CharField(required=False, strip=False)
    file = forms.FileField(required=False, allow_empty_file=True)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not str(cleaned.get("text") or "").strip():
            self.add_error("text", "Paste the file's text, or choose a file.")
        return cleaned

    def content(self) -> bytes:
        """The file's bytes; an uploaded file wins over pasted text."""
        uploaded = self.cleaned_data["file"]
        if uploaded:
            content: bytes = uploaded.read()
            return content
        text: str = self.cleaned_data["text"]
        # Browsers send CRLF for every line of a text area.
        return text.replace("\r\n", "\n").encode()

    def path_named(self) -> str:
        """The path as typed, else one made from the uploaded file's own name."""
        uploaded = self.cleaned_data["file"]
        typed: str = self.cleaned_data["path"].strip()
        return typed or f"dags/{uploaded.name if uploaded else 'pasted.py'}"
