"""Weekly digests: one per deployment and slot, and the outbox of their letters."""

from __future__ import annotations

import uuid

from django.db import models


class Webhook(models.Model):
    """Where a deployment's digest is posted: a chat's incoming webhook, or any service that reads JSON."""

    class Format(models.TextChoices):
        SLACK = "slack", "Slack, or what reads Slack's messages"
        TEAMS = "teams", "Microsoft Teams workflow"
        JSON = "json", "JSON, signed"

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=80)
    format = models.CharField(max_length=5, choices=Format.choices)
    url = models.CharField(max_length=1000)
    """A secret: whoever has it can post. Shown by its host and last letters only."""
    secret_env = models.CharField(max_length=100, blank=True)
    """Name of the environment variable with the secret that signs; never the secret itself."""
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "name"], name="webhook_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Digest(models.Model):
    """One deployment's digest of one slot. Its letters are written once, when its scans have finished."""

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="digests")
    slot_at = models.DateTimeField()
    created_at = models.DateTimeField()
    decide_by = models.DateTimeField()
    """From then on it waits for no scan any longer."""
    decided_at = models.DateTimeField(null=True, blank=True)
    told_on = models.DateField(null=True, blank=True)
    """The deployment's day on which it was decided."""
    last_event = models.BigIntegerField(null=True, blank=True)
    """The newest event that it tells of; the next one begins after it."""
    not_scanned = models.JSONField(default=list)
    """Sentences on sources that no scan has looked at."""
    headline = models.CharField(max_length=300, blank=True)
    changed = models.BooleanField(default=False)

    class Meta:
        ordering = ["-slot_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "slot_at"], name="digest_slot_once")
        ]


class Letter(models.Model):
    """One message of a digest to one recipient: written with the digest, sent by a worker at most once."""

    class Kind(models.TextChoices):
        OWNER = "owner"
        MANAGER = "manager"
        WEBHOOK = "webhook"

    class State(models.TextChoices):
        WAITING = "waiting"
        TAKEN = "taken"
        """A worker has it and has handed nothing over yet."""
        HANDED = "handed"
        """It is being handed over: from here on it is not tried again by itself."""
        SENT = "sent"
        REFUSED = "refused"
        FAILED = "failed"
        UNKNOWN = "unknown"
        """It may have arrived: the connection or the worker broke while it was handed over."""
        UNREACHABLE = "unreachable"
        SILENT = "silent"
        """The recipient has turned their mail off."""

    digest = models.ForeignKey(Digest, models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    recipient = models.CharField(max_length=400)
    """The address, or the webhook by its number; with the kind once per digest."""
    name = models.CharField(max_length=300)
    webhook = models.ForeignKey(Webhook, models.SET_NULL, null=True, related_name="letters")
    owners = models.ManyToManyField("planner.Owner", related_name="letters")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """What receivers tell a repetition by."""
    subject = models.CharField(max_length=400, blank=True)
    text = models.TextField(blank=True)
    """The text part of a mail, or the body that is posted."""
    html = models.TextField(blank=True)
    state = models.CharField(max_length=11, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["kind", "name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest", "kind", "recipient"], name="letter_once_per_digest"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="letter_to_send",
                condition=models.Q(state__in=("waiting", "taken", "handed")),
            )
        ]


class MailStop(models.Model):
    """An address that wants no weekly mail, whoever it belongs to."""

    address = models.CharField(max_length=254, unique=True)
    """Lower-case."""
    stopped_at = models.DateTimeField()
