"""Owners of findings, and people's access to deployments."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from planner.domain.access import Role
from planner.domain.ownership import InactiveCause


class Owner(models.Model):
    """A person or team that findings belong to. Not necessarily someone who can sign in."""

    class Kind(models.TextChoices):
        PERSON = "person"
        TEAM = "team"

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="owners")
    key = models.CharField(max_length=200)
    """What commands and CSV name it by: lower-case, without a leading @."""
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.PERSON)
    email = models.EmailField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owner_records",
    )
    active = models.BooleanField(default=True)
    inactive_cause = models.CharField(
        max_length=7, choices=[(cause.value, cause.value) for cause in InactiveCause], blank=True
    )
    """Why it takes no findings; empty while it does."""
    inactive_by = models.CharField(max_length=200, blank=True)
    """Who said so, by name, where a person did."""
    inactive_since = models.DateTimeField(null=True, blank=True)
    mail_refused_at = models.DateTimeField(null=True, blank=True)
    mail_refused_address = models.EmailField(blank=True)
    """The address that a mail server refused for good; another address is tried again."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["deployment", "key"], name="owner_key_once")]

    def __str__(self) -> str:
        return self.name


class OwnerAlias(models.Model):
    """Another name of an owner: an e-mail, a CODEOWNERS handle, an Airflow ``owner``."""

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="+")
    owner = models.ForeignKey(Owner, models.CASCADE, related_name="aliases")
    alias = models.CharField(max_length=200)
    """Lower-case, without a leading @."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "alias"], name="owner_alias_once")
        ]


class NotTheSame(models.Model):
    """Two owners that read alike, of whom a person said that they are two."""

    one = models.ForeignKey(Owner, models.CASCADE, related_name="+")
    other = models.ForeignKey(Owner, models.CASCADE, related_name="+")


class FolderRule(models.Model):
    """Findings below a folder belong to an owner, unless something stronger says otherwise."""

    deployment = models.ForeignKey(
        "planner.Deployment", models.CASCADE, related_name="folder_rules"
    )
    pattern = models.CharField(max_length=500)
    """A CODEOWNERS-style pattern, like ``dags/finance/``."""
    owner = models.ForeignKey(Owner, models.CASCADE, related_name="folder_rules")

    class Meta:
        ordering = ["id"]


ROLES = [(role.value, role.label) for role in Role]


class Membership(models.Model):
    """What a signed-in person may do in one deployment. Superusers may do everything everywhere."""

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=ROLES)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "user"], name="one_role_per_person")
        ]


class Invite(models.Model):
    """A one-time link that gives a person a role in a deployment."""

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="invites")
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=8, choices=ROLES)
    token_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )


class SignInLink(models.Model):
    """A one-time link that signs one person in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class ApiToken(models.Model):
    """A bearer token of one deployment and one scope. Only its hash is kept."""

    class Scope(models.TextChoices):
        IMPORT = "import"
        READ = "read"

    deployment = models.ForeignKey("planner.Deployment", models.CASCADE, related_name="tokens")
    scope = models.CharField(max_length=6, choices=Scope.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)


class Beat(models.Model):
    """The last time the beat ticked; one row. What ``/health/ready`` and the stale banner read."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
