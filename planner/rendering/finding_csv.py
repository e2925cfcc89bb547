"""The columns of the CSV of findings, which can be changed in a spreadsheet and read back."""

from __future__ import annotations

COLUMNS = (
    "id",
    "source",
    "rule",
    "severity",
    "path",
    "line",
    "dag_ids",
    "dag_count",
    "owner",
    "owner_because",
    "due",
    "state",
    "waived_until",
    "waived_because",
    "note",
    "message",
)
