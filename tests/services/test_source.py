"""Sources: what may be added, and when it runs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from planner.models import Deployment, Source
from planner.services.source import (
    SourceDraft,
    SourceError,
    source_change,
    source_pause,
    source_store,
)

WEDNESDAY = datetime(2026, 10, 21, 9, 0, tzinfo=UTC)
MONDAY_NOON_IN_BERLIN = datetime(2026, 10, 26, 11, 0, tzinfo=UTC)


@pytest.fixture
def tree(tmp_path: Path, settings: Settings) -> Path:
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    folder = tmp_path / "dags"
    folder.mkdir()
    return folder


def draft(**values: str) -> SourceDraft:
    return SourceDraft(**{"name": "dags", "kind": "folder", **values})


def test_a_new_source_is_due_at_its_next_slot_not_at_once(
    deployment: Deployment, tree: Path
) -> None:
    source = source_store(deployment=deployment, draft=draft(location=str(tree)), now=WEDNESDAY)
    assert source.schedule == "0 12 * * MON"
    assert source.next_due_at == MONDAY_NOON_IN_BERLIN


def test_storing_it_again_changes_it_and_keeps_its_slot(deployment: Deployment, tree: Path) -> None:
    first = source_store(deployment=deployment, draft=draft(location=str(tree)), now=WEDNESDAY)
    later = datetime(2026, 10, 27, tzinfo=UTC)
    again = source_store(
        deployment=deployment, draft=draft(location=str(tree), root="src"), now=later
    )
    assert (again.pk, again.root, again.next_due_at) == (first.pk, "src", MONDAY_NOON_IN_BERLIN)


def test_a_new_schedule_moves_the_slot(deployment: Deployment, tree: Path) -> None:
    source_store(deployment=deployment, draft=draft(location=str(tree)), now=WEDNESDAY)
    moved = source_store(
        deployment=deployment,
        draft=draft(location=str(tree), schedule="30 6 * * *"),
        now=WEDNESDAY,
    )
    assert moved.next_due_at == datetime(2026, 10, 22, 4, 30, tzinfo=UTC)


def test_a_paused_source_has_no_slot_until_it_is_resumed(
    deployment: Deployment, tree: Path
) -> None:
    source = source_store(deployment=deployment, draft=draft(location=str(tree)), now=WEDNESDAY)
    assert source_pause(source=source, paused=True, now=WEDNESDAY).next_due_at is None
    changed = source_change(source=source, draft=draft(location=str(tree)), now=WEDNESDAY)
    assert changed.next_due_at is None
    resumed = source_pause(source=source, paused=False, now=WEDNESDAY)
    assert resumed.next_due_at == MONDAY_NOON_IN_BERLIN


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"kind": "airflow"}, "kind", "not built yet"),
        ({"kind": "svn"}, "kind", '"svn" is not one of'),
        ({"name": ""}, "name", "a name is"),
        ({"location": ""}, "location", "name the folder"),
        ({"location": "/etc"}, "location", "SOURCE_FOLDERS"),
        ({"schedule": "weekly"}, "schedule", "five cron fields"),
        ({"root": "../secrets"}, "root", "inside the source"),
        ({"root": "/etc"}, "root", "inside the source"),
        ({"branch": "--upload-pack=x"}, "branch", "not a branch name"),
        ({"password_env": "s3cret!"}, "password_env", "its name, not its value"),
        ({"kind": "git", "location": "--upload-pack=x"}, "location", "name the repository"),
        ({"kind": "git", "location": "ext::sh -c id"}, "location", "name the repository"),
        ({"kind": "git", "location": "https://u:p@host/x.git"}, "location", "password"),
        ({"kind": "git", "location": "file:///etc"}, "location", "SOURCE_FOLDERS"),
        ({"kind": "git", "location": "dags"}, "location", "not the address"),
        ({"kind": "git", "location": "http://127.0.0.1/x.git"}, "location", "private address"),
        ({"kind": "git", "location": "git@127.0.0.1:x.git"}, "location", "private address"),
        ({"kind": "report-url", "location": "ftp://host/x"}, "location", "report's address"),
        ({"kind": "report-url", "location": "http://[::1]/x"}, "location", "private address ::1"),
        ({"kind": "report-url", "location": "http://169.254.169.254/"}, "location", "private"),
    ],
)
def test_a_wrong_source_is_refused_and_nothing_is_stored(
    deployment: Deployment,
    tree: Path,
    settings: Settings,
    values: dict[str, str],
    field: str,
    words: str,
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(SourceError, match=words) as refused:
        source_store(
            deployment=deployment, draft=draft(**{"location": str(tree), **values}), now=WEDNESDAY
        )
    assert refused.value.field == field
    assert not Source.objects.exists()


def test_a_link_out_of_the_allowed_folders_is_refused(deployment: Deployment, tree: Path) -> None:
    link = tree / "out"
    link.symlink_to("/etc")
    with pytest.raises(SourceError, match="SOURCE_FOLDERS"):
        source_store(deployment=deployment, draft=draft(location=str(link)), now=WEDNESDAY)


@pytest.mark.parametrize(
    "location",
    [
        "https://github.com/mozilla/telemetry-airflow",
        "git@github.com:mozilla/x.git",
        "ssh://git@h/x",
    ],
)
def test_addresses_of_repositories(deployment: Deployment, location: str) -> None:
    stored = source_store(
        deployment=deployment, draft=draft(kind="git", location=location), now=WEDNESDAY
    )
    assert stored.location == location


def test_a_name_is_taken_once(deployment: Deployment, tree: Path) -> None:
    source_store(deployment=deployment, draft=draft(location=str(tree)), now=WEDNESDAY)
    other = source_store(
        deployment=deployment, draft=draft(name="other", location=str(tree)), now=WEDNESDAY
    )
    with pytest.raises(SourceError, match="another source is called"):
        source_change(source=other, draft=draft(location=str(tree)), now=WEDNESDAY)
