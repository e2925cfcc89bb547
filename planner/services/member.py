"""Who belongs to a deployment: invites by one-time link, roles, removal."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from planner.domain.access import Role
from planner.models import Deployment, Invite, Membership
from planner.services.sign_in import token_hash

INVITE_LASTS = timedelta(days=7)
INVITE_IS_OVER = "That invitation has been used, withdrawn, or is too old. Ask for a new one."
log = logging.getLogger(__name__)


class MemberRefused(ValueError):
    """What was asked of the members cannot be. The message is one sentence."""


@transaction.atomic
def invite_make(
    *, deployment: Deployment, email: str, role: Role, by: User, now: datetime
) -> tuple[Invite, str]:
    """A new invite and its link, which is told this once; only a hash of it is stored."""
    token = secrets.token_urlsafe(32)
    invite = Invite.objects.create(
        deployment=deployment,
        email=email.strip(),
        role=role,
        token_hash=token_hash(token),
        created_by=by,
        created_at=now,
        expires_at=now + INVITE_LASTS,
    )
    return invite, f"{settings.BASE_URL}/invite/{token}/"


def invite_mail(*, invite: Invite, link: str) -> bool:
    """Mails the link to whom it is for. False where mail is not set up or does not get through."""
    if not settings.MAIL_IS_SET_UP or not invite.email:
        return False
    text = render_to_string("email/invite.txt", {"invite": invite, "link": link})
    try:
        send_mail(f"{invite.deployment.name} in Flightplan", text, None, [invite.email])
    except (SMTPException, OSError) as error:
        log.error("The invite of deployment %s was not mailed: %s", invite.deployment.slug, error)
        return False
    return True


def invite_withdraw(*, invite: Invite, now: datetime) -> None:
    """Ends an invite that nobody has used."""
    Invite.objects.filter(pk=invite.pk, used_at=None).update(expires_at=now)


def invite_find(*, token: str, now: datetime) -> Invite:
    """The invite behind a link. Uses nothing up, so that previews of a link do no harm.

    Raises:
        MemberRefused: it was used, withdrawn, is too old or never was.
    """
    invite = (
        Invite.objects.filter(token_hash=token_hash(token), used_at=None, expires_at__gt=now)
        .select_related("deployment", "created_by")
        .first()
    )
    if invite is None:
        raise MemberRefused(INVITE_IS_OVER)
    return invite


@transaction.atomic
def invite_accept(*, token: str, user: User, now: datetime) -> Deployment:
    """Uses the invite up and makes the person a member. Never lowers a role they already have.

    Raises:
        MemberRefused: it was used, withdrawn, is too old or never was.
    """
    invite = invite_find(token=token, now=now)
    if not Invite.objects.filter(pk=invite.pk, used_at=None).update(used_at=now, used_by=user):
        raise MemberRefused(INVITE_IS_OVER)
    membership, new = Membership.objects.get_or_create(
        deployment=invite.deployment, user=user, defaults={"role": invite.role}
    )
    if not new and Role(invite.role).reaches(Role(membership.role)):
        membership.role = invite.role
        membership.save(update_fields=["role"])
    return invite.deployment


@transaction.atomic
def invite_accept_as_new(
    *, token: str, email: str, full_name: str, password: str, now: datetime
) -> User:
    """Uses the invite up for someone who has no account yet, and makes the account.

    An address that already has an account must sign in first: otherwise whoever holds the link
    could become that person.

    Raises:
        MemberRefused: the invite is over, the address has an account, or the password is weak.
    """
    invite_find(token=token, now=now)
    taken = User.objects.filter(username__iexact=email) | User.objects.filter(email__iexact=email)
    if taken.exists():
        raise MemberRefused(
            f"{email} already has an account. Sign in, then open the invitation again."
        )
    first, _, last = full_name.strip().partition(" ")
    user = User(username=email, email=email, first_name=first[:150], last_name=last[:150])
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise MemberRefused(" ".join(error.messages)) from None
    user.set_password(password)
    user.save()
    invite_accept(token=token, user=user, now=now)
    return user


@transaction.atomic
def member_set_role(*, deployment: Deployment, member_id: int, role: Role) -> Membership:
    """Gives a member another role.

    Raises:
        MemberRefused: they are no member, or nobody would be left who administers.
    """
    membership = _member(deployment, member_id)
    if role is not Role.ADMIN:
        _keep_an_admin(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def member_remove(*, deployment: Deployment, member_id: int) -> User:
    """Takes a person's access away. What they did stays in the log under their name.

    Raises:
        MemberRefused: they are no member, or nobody would be left who administers.
    """
    membership = _member(deployment, member_id)
    _keep_an_admin(membership)
    membership.delete()
    return membership.user


def _member(deployment: Deployment, member_id: int) -> Membership:
    # The row lock on the deployment lets two admins not demote each other at the same moment.
    Deployment.objects.select_for_update().get(pk=deployment.pk)
    membership = deployment.memberships.select_related("user").filter(pk=member_id).first()
    if membership is None:
        raise MemberRefused("That person is no member any more.")
    return membership


def _keep_an_admin(membership: Membership) -> None:
    if membership.role != Role.ADMIN:
        return
    others = Membership.objects.filter(deployment_id=membership.deployment_id, role=Role.ADMIN)
    if not others.exclude(pk=membership.pk).exists():
        raise MemberRefused(
            "A deployment needs an admin: make someone else admin first, then change this one."
        )
