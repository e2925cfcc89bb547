"""Findings and their append-only event log."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from planner.domain.finding import Axis, Category, Severity, State


def _choices(enum: type) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in enum]  # type: ignore[attr-defined]


class Finding(models.Model):
    """One problem at one place in one source's code, tracked from scan to scan."""

    deployment = models.ForeignKey(
        "planner.Deployment", models.CASCADE, related_name="findings", db_index=False
    )
    source = models.ForeignKey(
        "planner.Source", models.CASCADE, related_name="findings", db_index=False
    )
    checker = models.CharField(max_length=20)
    rule_id = models.CharField(max_length=80)
    known = models.BooleanField(default=True)
    """False where the rulebook does not know the rule: shown as unclassified."""
    reported_severity = models.CharField(max_length=20, blank=True)
    severity = models.CharField(max_length=7, choices=_choices(Severity))
    severity_rank = models.PositiveSmallIntegerField()
    """0 ERROR, 1 WARNING, 2 INFO: what lists sort by."""
    category = models.CharField(max_length=7, choices=_choices(Category))
    axis = models.CharField(max_length=10, choices=_choices(Axis))
    minutes = models.PositiveIntegerField(default=0)
    path = models.CharField(max_length=1000)
    line = models.PositiveIntegerField(null=True)
    column = models.PositiveIntegerField(null=True)
    end_line = models.PositiveIntegerField(null=True)
    cell = models.PositiveIntegerField(null=True)
    symbol = models.CharField(max_length=300, blank=True)
    message = models.TextField(blank=True)
    content = models.CharField(max_length=300, blank=True)
    """The text of the line as last seen, white space folded."""
    dag_ids = models.TextField(blank=True)
    """DAG ids it blocks, one a line."""
    dag_count = models.PositiveIntegerField(default=0)
    """How many those are: what lists sort by."""
    fix = models.TextField(blank=True)
    """JSON of the tool's edit, as in ``Observation.fix``."""
    extra = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=_choices(State), default=State.OPEN)
    regressed = models.BooleanField(default=False)
    owner = models.ForeignKey(
        "planner.Owner",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="findings",
        db_index=False,
    )
    owner_because = models.CharField(max_length=200, blank=True)
    owner_picked = models.BooleanField(default=False)
    """A person's pick; no rule ever changes it."""
    due = models.DateField(null=True, blank=True)
    due_picked = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    retirement = models.ForeignKey(
        "planner.Retirement",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="findings",
        db_index=False,
    )
    """Of a claimed one: with which DAG it is to go."""
    first_scan = models.ForeignKey("planner.Scan", models.PROTECT, related_name="+", db_index=False)
    last_scan = models.ForeignKey(
        "planner.Scan", models.PROTECT, related_name="+", db_index=False, null=True
    )
    """The last scan that saw it, where the newest applied one of its checker and source did not.

    Empty while the newest one does see it, so that an unchanged finding is never written.
    """
    unseen_because = models.CharField(max_length=60, blank=True)
    """Why that newest one did not look for it, as in ``Absence``; empty while it does see it."""
    first_seen = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["source", "state"], name="finding_by_source"),
            models.Index(
                fields=["deployment", "state", "severity_rank", "id"], name="finding_by_severity"
            ),
            models.Index(fields=["owner", "state"], name="finding_by_owner"),
            models.Index(
                fields=["retirement"],
                name="finding_by_retirement",
                condition=models.Q(retirement__isnull=False),
            ),
            models.Index(
                fields=["deployment", "-dag_count", "severity_rank", "id"], name="finding_by_dags"
            ),
        ]


class Event(models.Model):
    """One change of one finding. A finding's state is the fold of its events."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16)
    """One of ``domain.lifecycle.Kind``."""
    at = models.DateTimeField()
    scan = models.ForeignKey("planner.Scan", models.SET_NULL, null=True, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    why = models.CharField(max_length=500, blank=True)
    change = models.TextField(blank=True)
    """JSON {"field": [before, after], …}."""
    link = models.CharField(max_length=500, blank=True, db_default="")
    """Of a claim: where it was fixed, like a pull request. http or https only."""

    class Meta:
        ordering = ["id"]
