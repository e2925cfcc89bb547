"""Where findings come from, and every scan of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Source(models.Model):
    """One tree of code with its root, branch, CODEOWNERS and schedule. A scan closes only its own source's findings."""

    class Kind(models.TextChoices):
        UPLOAD = "upload", "Uploaded reports"
        FOLDER = "folder", "Folder"
        GIT = "git", "Git repository"
        REPORT_URL = "report-url", "URL returning a report"

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="sources")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.UPLOAD)
    location = models.CharField(max_length=1000, blank=True)
    branch = models.CharField(max_length=200, blank=True)
    root = models.CharField(max_length=1000, blank=True)
    """Folder inside the tree that is scanned; for uploads the root taken off absolute paths."""
    schedule = models.CharField(max_length=100, blank=True)
    """Cron text in the deployment's zone; empty for uploads."""
    paused = models.BooleanField(default=False)
    username_env = models.CharField(max_length=100, blank=True)
    password_env = models.CharField(max_length=100, blank=True)
    """Names of environment variables that hold the secret; never the secret itself."""
    codeowners = models.TextField(blank=True)
    last_scan = models.ForeignKey(
        "planner.Scan", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The newest applied scan of findings."""
    next_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "name"], name="source_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Scan(models.Model):
    """One report received or one rescan run: what came in, what it covered, what it changed."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        HELD = "held"
        REJECTED = "rejected"
        DUPLICATE = "duplicate"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="scans")
    source = models.ForeignKey(Source, models.CASCADE, related_name="scans")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    cause = models.CharField(max_length=12, default="upload")
    """upload, command, api; and of rescans: schedule, catch-up, button, asked (by command)."""
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    """When the newest identical report came in, or a person let a held one through."""
    lease_until = models.DateTimeField(null=True, blank=True)
    """A running scan renews this; a sweep re-enqueues it once it has passed."""
    attempts = models.PositiveSmallIntegerField(default=0)
    progress = models.CharField(max_length=200, blank=True)
    percent = models.PositiveSmallIntegerField(default=0)

    file_name = models.CharField(max_length=300, blank=True)
    raw = models.FileField(max_length=300, blank=True)
    """The bytes exactly as received."""
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    options = models.JSONField(default=dict)
    """What the sender asked for: format, root, complete, commit, tool_version, take_good."""

    format = models.CharField(max_length=30, blank=True)
    tool = models.CharField(max_length=60, blank=True)
    tool_version = models.CharField(max_length=40, blank=True)
    root = models.CharField(max_length=1000, blank=True)
    root_because = models.CharField(max_length=200, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    coverage = models.JSONField(default=dict)
    """checker, status, flags, file_count, rules, complete: what the receipt shows."""
    counts = models.JSONField(default=dict)
    """received, new, unchanged, moved, fixed, removed, regressed, not_covered, reopened."""
    totals = models.JSONField(default=dict)
    """After this scan, for the whole deployment: by_severity, by_category, by_rule, by_axis, dags."""
    problems = models.JSONField(default=list)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["deployment", "-created_at"], name="scan_by_deployment")]


class ForeseenChange(models.Model):
    """What a held scan would do to one finding; kept until somebody has decided about the scan."""

    scan = models.ForeignKey(Scan, models.CASCADE, related_name="foreseen_changes", db_index=False)
    kind = models.CharField(max_length=16)
    """The kind of the event that would be written, or ``not_covered``."""
    finding = models.ForeignKey("planner.Finding", models.CASCADE, null=True, related_name="+")
    """None where the scan would open it."""
    rule_id = models.CharField(max_length=80)
    path = models.CharField(max_length=1000)
    line = models.PositiveIntegerField(null=True)
    why = models.CharField(max_length=500, blank=True)
    owner_before = models.CharField(max_length=200, blank=True)
    owner_after = models.CharField(max_length=200, blank=True)
    """Keys of owners; empty is nobody. Filled where the finding would change hands or be closed."""

    class Meta:
        indexes = [models.Index(fields=["scan", "kind", "id"], name="foreseen_by_scan")]


class HelperModule(models.Model):
    """A file of a source that DAG files import, directly or not."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="helper_modules")
    path = models.CharField(max_length=1000)
    used_by = models.JSONField(default=list)
    """The paths of those DAG files."""


class LastChange(models.Model):
    """Who changed a file with findings last, as git tells of it."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="last_changes")
    path = models.CharField(max_length=1000)
    key = models.CharField(max_length=200)
    """What an owner is filed under: the author's e-mail or handle. It is kept nowhere else."""
    name = models.CharField(max_length=200)
    on = models.DateField()


class Dag(models.Model):
    """A DAG as the newest code scan or Airflow inventory of a source names it."""

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="dags")
    source = models.ForeignKey(Source, models.CASCADE, related_name="dags")
    dag_id = models.CharField(max_length=300)
    path = models.CharField(max_length=1000)
    owners = models.JSONField(default=list)
    paused = models.BooleanField(null=True)
    resolved = models.BooleanField(default=True)
    seen_by = models.CharField(max_length=12, default="scan")
    """scan or airflow."""

    class Meta:
        ordering = ["dag_id"]
        indexes = [
            models.Index(fields=["deployment", "dag_id"], name="dag_by_id"),
            models.Index(fields=["source", "path"], name="dag_by_path"),
        ]
