"""Whether the parts of this Flightplan answer, and numbers for a monitoring system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error, connection
from django.db.models import Count, Max
from kombu.exceptions import OperationalError

from planner.celery import app
from planner.domain.finding import ACTIVE_STATES, Severity
from planner.models import Beat, Deployment, Finding, Scan

BEAT_IS_LATE_AFTER = timedelta(minutes=5)
TICK = "tick"
BROKER_TIMEOUT = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part: whether it is well, and a sentence."""

    name: str
    ok: bool
    says: str


def parts(now: datetime) -> list[Part]:
    """Database, broker and beat."""
    database = _database()
    beat = _beat(now) if database.ok else Part("beat", False, "unknown: the database is out")
    return [database, _broker(), beat]


def _database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return Part("database", False, "does not answer")
    return Part("database", True, "answers")


def _broker() -> Part:
    try:
        timeouts = {"socket_timeout": BROKER_TIMEOUT, "socket_connect_timeout": BROKER_TIMEOUT}
        with app.connection_for_write(transport_options=timeouts) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT)
    except (OperationalError, OSError):
        return Part("broker", False, "does not answer")
    return Part("broker", True, "answers")


def _beat(now: datetime) -> Part:
    """The worker writes the beat's row, so that it speaks for beat, broker and worker together."""
    try:
        last = Beat.objects.filter(name=TICK).values_list("at", flat=True).first()
    except Error:
        return Part("beat", False, "unknown: the database has no tables yet; run manage.py migrate")
    if last is None:
        return Part("beat", False, "has never ticked")
    age = int((now - last).total_seconds())
    return Part("beat", now - last <= BEAT_IS_LATE_AFTER, f"ticked {age} seconds ago")


@dataclass(frozen=True, slots=True)
class Sample:
    """One line for Prometheus."""

    name: str
    labels: dict[str, str]
    value: float


def samples(now: datetime) -> list[Sample]:
    """Deployments, open findings by severity, and the age of each deployment's newest scan."""
    active = Finding.objects.filter(state__in=ACTIVE_STATES).order_by()
    counts = dict(active.values_list("severity").annotate(Count("pk")))
    newest = (
        Scan.objects.filter(state__in=(Scan.State.DONE, Scan.State.DUPLICATE))
        .order_by()
        .values_list("deployment__slug")
        .annotate(Max("created_at"))
    )
    beat = Beat.objects.filter(name=TICK).values_list("at", flat=True).first()
    found = [Sample("flightplan_deployments", {}, Deployment.objects.count())]
    found += [
        Sample("flightplan_open_findings", {"severity": severity}, counts.get(severity, 0))
        for severity in Severity
    ]
    found += [
        Sample("flightplan_last_scan_age_seconds", {"deployment": slug}, _age(now, at))
        for slug, at in newest
    ]
    if beat:
        found.append(Sample("flightplan_beat_age_seconds", {}, _age(now, beat)))
    return found


def _age(now: datetime, then: datetime) -> float:
    return round((now - then).total_seconds(), 1)
