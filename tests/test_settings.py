"""Settings are read once, refused loudly, and documented."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from planner import settings

ROOT = Path(__file__).parent.parent
READ = (
    "import json; from planner import settings as s; "
    "print(json.dumps({k: v for k, v in vars(s).items() if k.isupper()}, default=str))"
)


def start(tmp_path, code="import planner.settings", **values):
    """Import the settings in a process of its own, with only these variables."""
    kept = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-c", code], env=kept | values, cwd=ROOT, capture_output=True, text=True
    )


def test_every_setting_has_its_heading_and_every_heading_its_setting():
    text = (ROOT / "docs" / "settings.md").read_text()
    headings = re.findall(r"^### `(\w+)`$", text, re.M)
    assert sorted(headings) == sorted(settings.environment.names)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "PORT must be a whole number between 1 and 65535."),
        ("PORT", "70000", "PORT must be a whole number between 1 and 65535."),
        ("DEBUG", "perhaps", "DEBUG must be true or false."),
        ("BASE_URL", "flightplan.example.com", "BASE_URL must start with http:// or https://."),
        ("BASE_URL", "https://", "BASE_URL must name a host"),
        ("DATABASE_URL", "mysql://a:b@c/d", "DATABASE_URL must start with postgresql://"),
        ("DATABASE_URL", "postgresql://a:hunter2@c:x/d", "DATABASE_URL has a host or port"),
        ("DATABASE_URL", "postgresql://a:hunter2@c", "DATABASE_URL must name a database"),
        ("DATABASE_URL", "sqlite:////nowhere/x.sqlite3", "DATABASE_URL names a file in a folder"),
        ("BASE_URL", "https://[::1", "BASE_URL has a host or port that cannot be"),
        ("BASE_URL", "http://x:abc", "BASE_URL has a host or port that cannot be"),
        ("BASE_URL", "https://x.example/flightplan", "BASE_URL must be scheme and host alone"),
        ("REDIS_URL", "http://redis", "REDIS_URL must start with redis://"),
        ("REDIS_URL", "redis://", "REDIS_URL must name a host"),
        ("REDIS_URL", "redis://:hunter2@h:6379/abc", "REDIS_URL must end with a database number"),
        ("REDIS_URL", "redis://:hunter2@h:x/0", "REDIS_URL has a host or port that cannot be"),
        ("HOST", "a b", "HOST must be an address or name to listen on"),
        ("ALLOWED_HOSTS", "http://x", "ALLOWED_HOSTS must be host names with commas"),
        ("SOURCE_FOLDERS", "dags", "SOURCE_FOLDERS must be folders from / on"),
        ("SOURCE_SECRETS", "A B", "SOURCE_SECRETS must be names of environment variables"),
        ("EMAIL_URL", "smtp+tls://", "EMAIL_URL must name a mail server"),
        ("EMAIL_FROM", "not an address", "EMAIL_FROM must be like flightplan@example.com"),
        ("EMAIL_URL", "pigeon://a:hunter2@loft", "EMAIL_URL must start with"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR."),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
        ("DATA_DIR", "/proc/nowhere", "DATA_DIR names /proc/nowhere, which cannot be made"),
    ],
)
def test_a_bad_value_stops_the_process_with_one_sentence(tmp_path, name, value, says):
    stopped = start(tmp_path, **{name: value})
    assert stopped.returncode == 2
    assert stopped.stderr.startswith(f"Flightplan cannot start: {says}")
    assert stopped.stderr.count("\n") == 1
    assert "hunter2" not in stopped.stderr


def test_postgresql_needs_a_secret_key(tmp_path):
    stopped = start(tmp_path, DATABASE_URL="postgresql://a:b@c/d")
    assert stopped.returncode == 2
    assert "SECRET_KEY must be set" in stopped.stderr


def test_embedded_the_secret_key_is_made_once_and_kept_private(tmp_path):
    code = "from planner import settings; print(settings.SECRET_KEY)"
    first, second = start(tmp_path, code), start(tmp_path, code)
    assert first.stdout == second.stdout
    assert len(first.stdout.strip()) >= 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_embedded_runs_on_sqlite_and_a_queue_of_files(tmp_path):
    values = json.loads(start(tmp_path, READ).stdout)
    assert values["EMBEDDED"] is True
    assert values["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert values["CELERY_BROKER_URL"] == "filesystem://"
    assert values["ALLOW_PRIVATE_ADDRESSES"] is True


def test_in_production_cookies_are_secure_and_private_addresses_closed(tmp_path):
    production = {
        "DATABASE_URL": "postgresql://a:b@c/d",
        "REDIS_URL": "redis://redis:6379/0",
        "SECRET_KEY": "x" * 50,
        "BASE_URL": "https://flightplan.example.com",
    }
    values = json.loads(start(tmp_path, READ, **production).stdout)
    assert values["SESSION_COOKIE_SECURE"] is True
    assert values["CSRF_COOKIE_SECURE"] is True
    assert values["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert values["ALLOW_PRIVATE_ADDRESSES"] is False
    assert values["SOURCE_FOLDERS"] == []
    assert values["CELERY_BROKER_URL"] == "redis://redis:6379/0"
    assert "flightplan.example.com" in values["ALLOWED_HOSTS"]
    assert values["DEBUG"] is False


def test_a_one_time_link_never_reaches_the_log(tmp_path):
    code = (
        "import django; django.setup(); import logging; "
        "logging.getLogger('django.request').error("
        "'Internal Server Error: %s', '/sign-in/s3cr3t-token/'); "
        "logging.getLogger('x').warning('GET /invite/s3cr3t-token/ and /sign-in/mail/')"
    )
    told = start(tmp_path, code, DJANGO_SETTINGS_MODULE="planner.settings").stderr
    assert "Internal Server Error: /sign-in/…/" in told
    assert "/invite/…/ and /sign-in/mail/" in told
    assert "s3cr3t" not in told
