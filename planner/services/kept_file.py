"""Keeps a file that somebody uploaded to see what it would change, until they say so."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from planner.models import Deployment

_FOLDER = "imports"
KEPT_FOR = timedelta(hours=24)
"""How long a previewed file waits to be applied."""


class ImportGone(ValueError):
    """A previewed file that is no longer there. The message is one sentence for a person."""


def file_keep(
    *, purpose: str, deployment: Deployment, content: bytes, user: User, now: datetime
) -> str:
    """Keep a file; the token that names it, for this person, deployment and purpose only."""
    _sweep(now)
    name = f"{now:%Y%m%d%H%M%S}-{uuid.uuid4().hex}.csv"
    default_storage.save(f"{_FOLDER}/{name}", ContentFile(content))
    return signing.dumps([deployment.pk, user.pk, name], salt=_salt(purpose))


@contextmanager
def file_kept(*, purpose: str, deployment: Deployment, token: str, user: User) -> Iterator[bytes]:
    """What was kept; it is dropped once it was used without an error.

    Raises:
        ImportGone: the token names no file of this person, deployment and purpose.
    """
    path = _path(purpose, deployment, token, user)
    with default_storage.open(path) as stored:
        content = stored.read()
    yield content
    default_storage.delete(path)


def _salt(purpose: str) -> str:
    return f"flightplan.{purpose}"


def _path(purpose: str, deployment: Deployment, token: str, user: User) -> str:
    gone = "That file is no longer kept. Upload it again."
    try:
        deployment_id, user_id, name = signing.loads(token, salt=_salt(purpose), max_age=KEPT_FOR)
    except signing.BadSignature as error:
        raise ImportGone(gone) from error
    path = f"{_FOLDER}/{name}"
    if (deployment_id, user_id) != (deployment.pk, user.pk) or not default_storage.exists(path):
        raise ImportGone(gone)
    return path


def _sweep(now: datetime) -> None:
    """Drop files that nobody applied in time; their names begin with when they came."""
    if not default_storage.exists(_FOLDER):
        return
    oldest = f"{now - KEPT_FOR:%Y%m%d%H%M%S}"
    for name in default_storage.listdir(_FOLDER)[1]:
        if name < oldest:
            default_storage.delete(f"{_FOLDER}/{name}")
