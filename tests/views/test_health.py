"""What load balancers and monitoring systems ask."""

import socket
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from planner.celery import app
from planner.models import Beat


@pytest.fixture
def ticked(db):
    def at(age):
        Beat.objects.update_or_create(name="tick", defaults={"at": timezone.now() - age})

    return at


def test_alive_needs_no_database(client):
    assert client.get("/health/live").status_code == 200


def test_ready_where_everything_answers(client, ticked):
    ticked(timedelta(seconds=30))
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert {name: part["ok"] for name, part in answer.json().items()} == {
        "database": True,
        "broker": True,
        "beat": True,
    }


def test_not_ready_where_the_beat_has_stopped(client, ticked):
    ticked(timedelta(minutes=6))
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["beat"]["ok"] is False


def test_not_ready_before_the_first_tick(client, db):
    assert client.get("/health/ready").json()["beat"]["says"] == "has never ticked"


def test_a_database_without_tables_is_said(client, db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE planner_beat RENAME TO planner_beat_gone")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["beat"]["says"]


def test_a_broker_that_is_down_is_named(client, ticked, monkeypatch):
    ticked(timedelta(0))
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["broker"] == {"ok": False, "says": "does not answer"}


def test_a_broker_that_took_the_connection_and_went_silent_is_named_in_time(
    client, ticked, monkeypatch
):
    ticked(timedelta(0))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setattr(app.conf, "broker_write_url", address)
        began = time.monotonic()
        answer = client.get("/health/ready")
    assert answer.json()["broker"] == {"ok": False, "says": "does not answer"}
    assert time.monotonic() - began < 10


def test_metrics_are_closed_without_a_token(client, db):
    assert client.get("/metrics").status_code == 404


def test_metrics_need_the_right_token(client, deployment, settings):
    settings.METRICS_TOKEN = "let-me-see"
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 401
    answer = client.get("/metrics", headers={"Authorization": "Bearer let-me-see"})
    assert "flightplan_deployments 1\n" in answer.text
    assert 'flightplan_open_findings{severity="ERROR"} 0\n' in answer.text
