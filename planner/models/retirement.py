"""DAGs that somebody says will be deleted."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Retirement(models.Model):
    """That a DAG is to be gone by a day. Until then no scan contradicts the claims that were made with it."""

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="retirements")
    dag_id = models.CharField(max_length=300)
    reason = models.CharField(max_length=500)
    link = models.CharField(max_length=500, blank=True)
    gone_by = models.DateField()
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    stated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    """When somebody said that the DAG stays after all."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "dag_id"],
                condition=models.Q(ended_at=None),
                name="one_retirement_of_a_dag",
            )
        ]
