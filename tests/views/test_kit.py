"""The page that brings the check into a team's CI: the command's own files, and how things stand."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from planner.models import Deployment
from tests.factories import make_scan, make_source
from tests.views.text import text_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User], Client]
PAGE = "/d/production/ci/"
FILES = {
    "upgradecheck.yml": ".github/workflows/upgradecheck.yml",
    "upgradecheck.gitlab-ci.yml": ".gitlab/upgradecheck.gitlab-ci.yml",
    ".upgradecheck-requirements.txt": ".upgradecheck-requirements.txt",
}


@pytest.fixture(autouse=True)
def built(settings: Settings, tmp_path: Path) -> Path:
    settings.DIST_DIR = tmp_path / "dist"
    settings.DIST_DIR.mkdir()
    settings.BASE_URL = "https://flightplan.example.com"
    wheel = settings.DIST_DIR / "flightplan_upgradecheck-9.9.9-py3-none-any.whl"
    wheel.write_bytes(b"the wheel")
    listed = settings.DIST_DIR / "dependencies.txt"
    listed.write_text("msgspec==0.22.0 \\\n    --hash=sha256:00\n")
    return listed


def words(client: Client, path: str = PAGE) -> str:
    return html.unescape(text_of(client.get(path)))


def test_the_files_are_those_that_the_command_writes(
    client_for: ClientFor, erin: User, deployment: Deployment, tmp_path: Path
) -> None:
    folder = str(tmp_path / "repository")
    call_command(
        "kit", "ci", "--deployment", "production", "--output", folder, stdout=io.StringIO()
    )
    client = client_for(erin)
    page = client.get(PAGE).content.decode()
    for name, path in FILES.items():
        written = (tmp_path / "repository" / path).read_text()
        answer = client.get(f"{PAGE}{name}")
        assert answer.content.decode() == written
        assert "attachment" in answer["Content-Disposition"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert html.escape(written.splitlines()[0]) in page and path in page
    assert client.get(f"{PAGE}passwd").status_code == 404


def test_it_says_where_the_token_and_the_package_come_from(
    client_for: ClientFor, dana: User, erin: User, deployment: Deployment
) -> None:
    page = words(client_for(dana))
    assert "First: put the check in CI." in page
    assert "python manage.py kit ci --deployment production --output DIR" in page
    assert "made under Settings" in page
    assert 'href="/dist/"' in client_for(dana).get(PAGE).content.decode()
    assert "which an admin of Production makes under Settings" in words(client_for(erin))


def test_it_says_how_things_stand(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    source = make_source(deployment, "ci")
    now = timezone.now()
    late = make_scan(
        source,
        at=now - timedelta(days=30),
        cause="api",
        tool="upgradecheck",
        coverage={"complete": True},
    )
    assert "has gone quiet" in words(client_for(erin))
    late.finished_at = now
    late.save()
    assert "The check runs in CI" in words(client_for(erin))


def test_a_source_that_is_scanned_already_is_named(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    assert "counts twice" not in words(client_for(erin))
    make_source(deployment, "warehouse", kind="git", location="https://git.example.com/dags.git")
    assert "Flightplan itself scans warehouse" in words(client_for(erin))


def test_without_the_package_it_says_what_to_do(
    client_for: ClientFor, erin: User, deployment: Deployment, built: Path
) -> None:
    built.unlink()
    assert "make install" in words(client_for(erin))
    assert client_for(erin).get(f"{PAGE}upgradecheck.yml").status_code == 404


def test_the_decision_the_plan_and_the_scans_lead_there(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    client = client_for(erin)
    for page in ("", "decision/", "plan/?template=nine-weeks", "scans/"):
        answer = client.get(f"/d/production/{page}")
        assert f'href="{PAGE}"' in answer.content.decode(), page


def test_it_costs_few_queries(
    client_for: ClientFor,
    erin: User,
    deployment: Deployment,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_for(erin)
    with django_assert_max_num_queries(12):
        client.get(PAGE)


def test_strangers_see_nothing(
    client_for: ClientFor, charlie: User, deployment: Deployment
) -> None:
    assert client_for(charlie).get(PAGE).status_code == 404
    assert client_for(charlie).get(f"{PAGE}upgradecheck.yml").status_code == 404
