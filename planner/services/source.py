"""Adds, changes, pauses and removes the sources of a deployment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from planner.domain.schedule import DEFAULT_SCHEDULE, ScheduleError, check_schedule, next_run
from planner.models import Deployment, Finding, Scan, Source
from planner.selectors.local_time import zone_name
from planner.services.address import AddressRefused, address_check, without_credentials
from planner.services.raw_report import RawReport, raw_drop_if_unused
from planner.services.revision import deployment_hold, revision_bump

SCANNED_KINDS = (Source.Kind.FOLDER, Source.Kind.GIT, Source.Kind.REPORT_URL)
"""Kinds that Flightplan fetches by itself, on a schedule."""

LATER_KINDS = ("airflow", "metadata-sql")

_GIT_OVER_SSH = re.compile(r"^(?:[\w.-]+@)?[\w.-]+:[^/].*|^[\w.-]+@[\w.-]+:.+")
_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
_ENVIRONMENT_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$")


class SourceError(ValueError):
    """A source that cannot be. ``field`` names what is wrong; the message is one sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDraft:
    """A source as somebody asks for it; nothing is checked yet. An empty schedule is the weekly one."""

    name: str
    kind: str
    location: str = ""
    branch: str = ""
    root: str = ""
    schedule: str = ""
    username_env: str = ""
    password_env: str = ""


def source_store(*, deployment: Deployment, draft: SourceDraft, now: datetime) -> Source:
    """Adds the source, or changes the one of that name. A new one is due at its next slot, not at once.

    Raises:
        SourceError: a field is wrong; nothing was stored.
    """
    checked = source_check(draft=draft)
    with transaction.atomic():
        source = (
            Source.objects.select_for_update()
            .filter(deployment=deployment, name=checked.name)
            .first()
        ) or Source(deployment=deployment, name=checked.name)
        _write(source, checked, now)
    return source


def source_add(*, deployment: Deployment, draft: SourceDraft, now: datetime) -> Source:
    """Adds a source under a name that is still free.

    Raises:
        SourceError: a field is wrong or the name is taken; nothing was stored.
    """
    if Source.objects.filter(deployment=deployment, name=draft.name.strip()).exists():
        raise SourceError("name", f'another source is called "{draft.name.strip()}"')
    return source_store(deployment=deployment, draft=draft, now=now)


def source_change(*, source: Source, draft: SourceDraft, now: datetime) -> Source:
    """Changes a source, its name too.

    Raises:
        SourceError: a field is wrong or another source has the name; nothing was stored.
    """
    checked = source_check(draft=draft)
    with transaction.atomic():
        taken = Source.objects.filter(deployment=source.deployment, name=checked.name)
        if taken.exclude(pk=source.pk).exists():
            raise SourceError("name", f'another source is called "{checked.name}"')
        source.name = checked.name
        _write(source, checked, now)
    return source


def _write(source: Source, draft: SourceDraft, now: datetime) -> None:
    rescheduled = source.pk is None or source.schedule != draft.schedule
    source.kind = draft.kind
    source.location = draft.location
    source.branch = draft.branch
    source.root = draft.root
    source.schedule = draft.schedule
    source.username_env = draft.username_env
    source.password_env = draft.password_env
    if source.paused:
        source.next_due_at = None
    elif rescheduled or source.next_due_at is None:
        source.next_due_at = next_run(source.schedule, now, zone_name(source.deployment))
    source.save()


def source_pause(*, source: Source, paused: bool, now: datetime) -> Source:
    """Pauses a source, or lets it run again from its next slot on."""
    source.paused = paused
    source.next_due_at = (
        None
        if paused or not source.schedule
        else next_run(source.schedule, now, zone_name(source.deployment))
    )
    source.save(update_fields=["paused", "next_due_at"])
    return source


@transaction.atomic
def source_remove(*, source: Source) -> None:
    """Removes a source with its findings, scans and raw files. Other sources keep theirs."""
    raw_reports = {
        RawReport(name=str(scan.raw.name), sha256=scan.sha256, size=scan.size)
        for scan in Scan.objects.filter(source=source).exclude(raw="")
    }
    deployment_hold(deployment_id=source.deployment_id)
    Source.objects.filter(pk=source.pk).update(last_scan=None)
    Finding.objects.filter(source=source).delete()
    revision_bump(deployment_id=source.deployment_id)
    source.delete()

    def drop_raw_reports() -> None:
        for raw in raw_reports:
            raw_drop_if_unused(raw=raw)

    transaction.on_commit(drop_raw_reports)


def source_check(*, draft: SourceDraft) -> SourceDraft:
    """The draft with its values cleaned.

    Raises:
        SourceError: the first wrong field.
    """
    name = draft.name.strip()
    if not _NAME.match(name):
        raise SourceError(
            "name",
            "a name is up to 80 letters, digits, spaces, dots, dashes and underscores",
        )
    kind = _kind(draft.kind)
    return SourceDraft(
        name=name,
        kind=kind,
        location=_LOCATION_CHECKS[kind](draft.location.strip()),
        branch=_branch(draft.branch.strip()),
        root=_root(draft.root.strip()),
        schedule=_schedule(draft.schedule.strip()),
        username_env=_environment_name("username_env", draft.username_env.strip()),
        password_env=_environment_name("password_env", draft.password_env.strip()),
    )


def folder_check(location: str) -> Path:
    """The folder with links resolved, as it may be scanned.

    Raises:
        SourceError: it is no folder, or lies outside the folders that SOURCE_FOLDERS allows.
    """
    if not location:
        raise SourceError("location", "name the folder to scan")
    folder = Path(location).expanduser().resolve()
    allowed = [Path(base).resolve() for base in settings.SOURCE_FOLDERS]
    if not any(folder.is_relative_to(base) for base in allowed):
        places = ", ".join(str(base) for base in allowed) or "none"
        raise SourceError(
            "location",
            f"{location} lies outside the folders that may be scanned ({places}); "
            "the setting SOURCE_FOLDERS names them",
        )
    if not folder.is_dir():
        raise SourceError("location", f"{location} is not a folder on this machine")
    return folder


def git_check(location: str, *, resolve: bool = False) -> str:
    """The address of a repository, as git may be given it; with ``resolve`` its host is looked up.

    Raises:
        SourceError: it is no repository address, holds a password, or lies where it must not.
    """
    parts = urlsplit(location)
    if not location or location.startswith("-") or "::" in location:
        raise SourceError("location", "name the repository, like https://host/team/dags.git")
    if parts.scheme in _PORTS:
        _no_password(location)
        _public_host(location, _PORTS[parts.scheme], resolve)
        return location
    if parts.scheme == "file":
        folder_check(parts.path)
        return location
    if not parts.scheme and location.startswith(("/", "~", ".")):
        return str(folder_check(location))
    if _GIT_OVER_SSH.match(location):
        _public_host(f"ssh://{location.replace(':', '/', 1)}", 22, resolve)
        return location
    raise SourceError(
        "location",
        f"{without_credentials(location)} is not the address of a git repository; "
        "use https, ssh or a folder on this machine",
    )


def url_check(location: str) -> str:
    """The address of a report.

    Raises:
        SourceError: it is not an http or https address, holds a password, or lies where it must not.
    """
    parts = urlsplit(location)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SourceError("location", "name the report's address, like https://host/report.json")
    _no_password(location)
    _public_host(location, _PORTS[parts.scheme], resolve=False)
    return location


_LOCATION_CHECKS = {
    Source.Kind.FOLDER: lambda location: str(folder_check(location)),
    Source.Kind.GIT: git_check,
    Source.Kind.REPORT_URL: url_check,
}


def _kind(text: str) -> Source.Kind:
    if text in LATER_KINDS:
        raise SourceError(
            "kind",
            f"sources of the kind {text} are not built yet; use {', '.join(SCANNED_KINDS)}",
        )
    if text not in SCANNED_KINDS:
        raise SourceError("kind", f'"{text}" is not one of {", ".join(SCANNED_KINDS)}')
    return Source.Kind(text)


def _no_password(location: str) -> None:
    if urlsplit(location).password:
        raise SourceError(
            "location",
            "an address must not hold a password; name environment variables that hold it "
            "(--username-env, --password-env)",
        )


def _public_host(location: str, port: int, resolve: bool) -> None:
    """Refuses what is private; a name is only looked up with ``resolve``, when it is about to be used."""
    host = urlsplit(location).hostname or ""
    spelled_out = host == "localhost" or ":" in host or host.replace(".", "").isdigit()
    if not spelled_out and not resolve:
        return
    try:
        address_check(host=host, port=port, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    except AddressRefused as error:
        raise SourceError("location", str(error)) from error


def _branch(text: str) -> str:
    if text.startswith("-") or ".." in text or any(char in text for char in " ~^:?*[\\"):
        raise SourceError("branch", f'"{text}" is not a branch name')
    return text


def _root(text: str) -> str:
    parts = PurePosixPath(text).parts
    if text.startswith(("/", "~")) or ".." in parts or "\\" in text:
        raise SourceError("root", "the root is a folder inside the source, like dags or src/dags")
    return "/".join(part for part in parts if part != ".")


def _schedule(text: str) -> str:
    try:
        return check_schedule(text or DEFAULT_SCHEDULE)
    except ScheduleError as error:
        raise SourceError("schedule", str(error)) from None


def _environment_name(field: str, text: str) -> str:
    if text and not _ENVIRONMENT_NAME.match(text):
        raise SourceError(
            field,
            f'"{text}" is not the name of an environment variable; give its name, not its value',
        )
    return text
