"""A one-time link used by several people in the same instant still works once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from planner.domain.access import Role
from planner.models import Membership
from planner.services.member import (
    MemberRefused,
    invite_accept,
    invite_make,
    member_remove,
    member_set_role,
)
from planner.services.sign_in import SignInRefused, link_make, link_use

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*actions: Callable[[], object]) -> list[object]:
    """What each action gives, or its exception, when all start together."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        barrier.wait(10)
        try:
            return action()
        except (MemberRefused, SignInRefused) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_a_sign_in_link(alice):
    token = link_make(user=alice, now=timezone.now())
    ends = at_once(*[lambda: link_use(token=token, now=timezone.now())] * 4)
    assert ends.count(alice) == 1
    assert sum(isinstance(end, SignInRefused) for end in ends) == 3


def test_an_invite(deployment, dana, person):
    people = [person(f"guest{number}") for number in range(4)]
    _, link = invite_make(
        deployment=deployment, email="", role=Role.OWNER, by=dana, now=timezone.now()
    )
    token = link.split("/")[-2]
    at_once(
        *(
            lambda user=user: invite_accept(token=token, user=user, now=timezone.now())
            for user in people
        )
    )
    assert Membership.objects.filter(user__in=people).count() == 1


def test_two_admins_who_demote_each_other_leave_one(deployment, dana, person):
    other = person("other")
    mine = deployment.memberships.get(user=dana).pk
    theirs = deployment.memberships.create(user=other, role="admin").pk
    at_once(
        lambda: member_set_role(deployment=deployment, member_id=mine, role=Role.VIEWER),
        lambda: member_remove(deployment=deployment, member_id=theirs),
    )
    assert deployment.memberships.filter(role="admin").count() == 1
