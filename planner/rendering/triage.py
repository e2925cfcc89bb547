"""A triage as rows that a tracker takes in as tickets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from planner.domain.csv_cells import guard
from planner.domain.triage import Bucket, Triage

HEAD = ("bucket", "axis", "lead", "title", "why", "findings", "rules", "release", "link")


def triage_as_csv(triage: Triage, leads: Mapping[str, str]) -> str:
    """One row per note that asks for something; ``leads`` are names by axis."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    for entry in triage.sorted:
        if entry.bucket is Bucket.ASIDE:
            continue
        note = entry.note
        cells = (
            entry.bucket.value,
            note.axis.value,
            leads.get(note.axis, ""),
            note.quote,
            entry.because,
            str(entry.findings),
            " ".join(entry.rules),
            note.line,
            note.link,
        )
        writer.writerow([guard(cell) for cell in cells])
    return out.getvalue()
