"""Pasted release notes."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from planner.models import Deployment, PastedNotes


@transaction.atomic
def notes_paste(
    *, deployment: Deployment, title: str, url: str, text: str, author: User, now: datetime
) -> PastedNotes:
    """Keep pasted release notes. ``url`` is where they came from; every quote links there or further."""
    return PastedNotes.objects.create(
        deployment=deployment, title=title, url=url, text=text, author=author, pasted_at=now
    )


@transaction.atomic
def notes_remove(*, notes: PastedNotes) -> None:
    """Forget pasted notes. Nothing else rests on them."""
    notes.delete()
