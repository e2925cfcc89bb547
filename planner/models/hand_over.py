"""Findings of which their owner says that they are somebody else's."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class HandOver(models.Model):
    """That an owner says “not mine” of findings, which stay theirs until somebody has settled whose they are."""

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="hand_overs")
    findings = models.ManyToManyField("planner.Finding", related_name="hand_overs")
    owner = models.ForeignKey("planner.Owner", models.CASCADE, related_name="+")
    """Whose they were when it was said. A finding that has another owner by now needs no answer."""
    suggested = models.ForeignKey(
        "planner.Owner", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """Who is asked to take them; empty where only a manager can say."""
    reason = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
