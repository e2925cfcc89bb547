"""The environment that every test runs in. Importing it sets Django up."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import django
from django.conf import settings

FOLDER = Path(tempfile.mkdtemp(prefix="fp-"))
"""Short on purpose: the servers' sockets lie in it, and their paths are limited."""

VALUES = {
    "DJANGO_SETTINGS_MODULE": "planner.settings",
    "DATABASE_URL": f"postgresql://postgres:@/postgres?host={FOLDER}/pg",
    "DATA_DIR": str(FOLDER / "data"),
    "SECRET_KEY": "only-for-tests-and-long-enough-that-no-check-complains-about-it",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "BASE_URL": "http://testserver",
    "EMAIL_URL": "memorymail://",
    "ALLOW_PRIVATE_ADDRESSES": "true",
    "SOURCE_FOLDERS": "/",
    "DEBUG": "true",
    "LOG_LEVEL": "WARNING",
}

os.environ.pop("REDIS_URL", None)
os.environ.update(VALUES)

# The package that starts PostgreSQL holds a lock while it does, by default one for the whole machine:
# a start that hangs would hang every other test process.
os.environ["XDG_RUNTIME_DIR"] = str(FOLDER)
(FOLDER / "python_PostgresServer").mkdir()

django.setup()

# A hash that is safe to keep takes a third of a second, and people who guess passwords need many.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
