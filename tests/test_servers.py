"""The suite's own servers are what they claim to be."""

import subprocess
import sys
from pathlib import Path

import redis
from django.contrib.auth.models import User
from django.db import connection

ROOT = Path(__file__).parent.parent


def test_the_database_is_postgresql(db):
    assert connection.vendor == "postgresql"


def test_redis_answers_where_celery_looks_for_it(redis_url):
    assert redis.Redis.from_url(redis_url.replace("redis+socket", "unix")).ping()


def test_a_process_of_its_own_sees_the_rows_of_a_test(process_environment):
    User.objects.create_user("somebody")
    shell = [sys.executable, "manage.py", "shell", "--no-imports", "--verbosity", "0", "--command"]
    listing = "from django.contrib.auth.models import User; print(User.objects.get().username)"
    told = subprocess.run(
        [*shell, listing],
        cwd=ROOT,
        env=process_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "somebody"
