"""A deployment: one Airflow to be moved, with its facts and settings."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from planner.domain.finding import Axis


class Deployment(models.Model):
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)
    """``DeploymentFacts.as_dict()`` as last stored."""
    fact_sources = models.JSONField(default=dict)
    """Where each fact came from: {'dag_count': 'file facts.toml', …}."""
    revision = models.PositiveIntegerField(default=1)
    """Grows with every change that a decision, plan or runbook could show; keys caches."""
    rated_for = models.CharField(max_length=120, blank=True)
    """Target line and rulebook hash that the stored severities were set with."""
    plan_template = models.CharField(max_length=40, default="nine-weeks")
    plan_start = models.DateField(null=True, blank=True)
    holiday_country = models.CharField(max_length=10, blank=True)
    """ISO country (and subdivision, like DE-BE) whose public holidays are not worked."""
    holidays = models.JSONField(default=list)
    """Extra days off as ISO dates."""
    blackouts = models.JSONField(default=list)
    """Days without a cutover, one text each: '2026-12-15 to 2027-01-05 Peak season'."""
    due_days = models.JSONField(default=dict)
    """Days from first sight to due, by severity; the rulebook's where empty."""
    digest_on = models.BooleanField(default=True)
    digest_weekday = models.PositiveSmallIntegerField(default=0)
    """Monday is 0; the hour is the deployment's own."""
    digest_hour = models.PositiveSmallIntegerField(default=12)
    digest_due_at = models.DateTimeField(null=True, blank=True)
    """The next slot; empty while digests are off."""
    runbook = models.JSONField(default=dict)
    """Runbook parameters as last saved: freeze, zone, roles, commands, rehearsed minutes."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AxisLead(models.Model):
    """The person who leads one axis of one deployment."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="axis_leads")
    axis = models.CharField(max_length=12, choices=[(axis.value, axis.value) for axis in Axis])
    owner = models.ForeignKey("planner.Owner", models.CASCADE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "axis"], name="one_lead_per_axis")
        ]


class DecisionRecord(models.Model):
    """A decision as it stood: inputs, answer, rulebook hash, author and date. Superseded, never edited."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="decisions")
    number = models.PositiveIntegerField()
    facts = models.JSONField()
    decision = models.JSONField()
    rulebook_hash = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    look_again_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="decision_number_once")
        ]


class GateSignature(models.Model):
    """A named person's word that a gate which no data can answer has passed."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="gate_signatures")
    gate = models.CharField(max_length=80)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    signed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class RunbookRevision(models.Model):
    """A runbook as printed: stored whole, so that it reprints identically."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="runbook_revisions")
    number = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)
    content = models.JSONField()
    rulebook_hash = models.CharField(max_length=64)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="runbook_number_once")
        ]


class PastedNotes(models.Model):
    """Release notes that someone pasted for triage."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="pasted_notes")
    title = models.CharField(max_length=200)
    url = models.URLField(max_length=500, blank=True)
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    pasted_at = models.DateTimeField()

    class Meta:
        ordering = ["-pasted_at"]
