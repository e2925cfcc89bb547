"""Findings set aside until a day: by whose word, which they are, and who asked for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class WaivedFinding(models.Model):
    """That a waiver covers a finding, or covered it until the waiver ended."""

    waiver = models.ForeignKey("planner.Waiver", models.CASCADE, related_name="+", db_index=False)
    finding = models.ForeignKey("planner.Finding", models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["waiver", "finding"], name="waived_once_by_a_waiver")
        ]


class Waiver(models.Model):
    """Findings set aside until a day, with a reason and an approver. They come back by themselves.

    It covers the findings it was given for or, where a rule, a pattern or a DAG is named, all that fit every
    one of those, the ones that later scans find as well.
    """

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="waivers")
    rule_id = models.CharField(max_length=80, blank=True)
    pattern = models.CharField(max_length=500, blank=True)
    """Files, as CODEOWNERS would name them: ``dags/legacy/``."""
    dag_id = models.CharField(max_length=300, blank=True)
    source = models.ForeignKey(
        "planner.Source", models.CASCADE, null=True, blank=True, related_name="+"
    )
    """Of this source alone; of all where it is empty."""
    reason = models.TextField()
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_on = models.DateField()
    """The last day on which it holds."""
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """Who ended it early; nobody where its day was over."""
    findings = models.ManyToManyField(
        "planner.Finding", through=WaivedFinding, related_name="waivers"
    )

    class Meta:
        indexes = [
            models.Index(fields=["deployment", "ended_at", "expires_on"], name="waiver_by_end")
        ]


class WaiverRequest(models.Model):
    """That someone asks for a waiver of findings, which stay open until a manager has answered."""

    deployment = models.ForeignKey(
        "planner.Deployment", models.CASCADE, related_name="waiver_requests"
    )
    findings = models.ManyToManyField("planner.Finding", related_name="waiver_requests")
    reason = models.TextField()
    expires_on = models.DateField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answer = models.TextField(blank=True)
    """What the person who answered said."""
    waiver = models.ForeignKey(
        Waiver, models.SET_NULL, null=True, blank=True, related_name="requests"
    )
    """What was made of it; empty where it was declined or taken back."""
