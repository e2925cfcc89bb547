"""Inviting people, changing and removing them."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from planner.domain.access import Role
from planner.models import Deployment, Invite
from planner.services.member import invite_make

PASSWORD = "a long enough secret"


@pytest.fixture
def invited(deployment, dana):
    """Make an invite and hand over the path of its link."""

    def make(role=Role.OWNER, email="", now=None):
        _, link = invite_make(
            deployment=deployment, email=email, role=role, by=dana, now=now or timezone.now()
        )
        return link.removeprefix("http://testserver")

    return make


def role_of(deployment, user):
    return deployment.memberships.filter(user=user).values_list("role", flat=True).first()


def test_an_admin_invites_by_mail_and_sees_the_link_once(client_for, dana):
    client = client_for(dana)
    answer = client.post(
        "/d/production/settings/invites/", {"email": "new@example.com", "role": "manager"}
    )
    link = re.search(r"http://testserver/invite/\S+/", mail.outbox[0].body)[0]
    assert mail.outbox[0].to == ["new@example.com"]
    assert link in answer.text
    page = client.get("/d/production/settings/")
    assert "new@example.com, as manager" in page.text
    assert link not in page.text


def test_without_an_address_the_link_is_only_shown(client_for, dana):
    answer = client_for(dana).post("/d/production/settings/invites/", {"role": "viewer"})
    assert "Hand over this link:" in answer.text
    assert mail.outbox == []


def test_where_mail_is_not_set_up_the_page_says_so(client_for, dana, settings):
    settings.MAIL_IS_SET_UP = False
    answer = client_for(dana).post(
        "/d/production/settings/invites/", {"email": "new@example.com", "role": "viewer"}
    )
    assert "Mail did not go out to new@example.com." in answer.text


def test_a_wrong_address_comes_back_with_its_error(client_for, dana):
    answer = client_for(dana).post(
        "/d/production/settings/invites/", {"email": "nonsense", "role": "viewer"}
    )
    assert answer.status_code == 422
    assert "Enter a valid email address." in answer.text
    assert Invite.objects.count() == 0


@pytest.mark.parametrize("name", ["alice", "bob", "erin"])
def test_nobody_below_admin_invites(client_for, request, name):
    user = request.getfixturevalue(name)
    answer = client_for(user).post("/d/production/settings/invites/", {"role": "admin"})
    assert answer.status_code == 403
    assert "This needs the role admin in Production; yours is" in answer.text


def test_someone_new_accepts_with_a_password(client, deployment, invited):
    link = invited(email="new@example.com")
    assert "Dana invites you to Production." in client.get(link).text
    answer = client.post(
        link, {"email": "new@example.com", "full_name": "New Person", "password": PASSWORD}
    )
    assert answer.url == "/d/production/"
    user = User.objects.get(email="new@example.com")
    assert user.get_full_name() == "New Person"
    assert user.check_password(PASSWORD)
    assert role_of(deployment, user) == "owner"
    assert client.get("/d/production/settings/").status_code == 200


def test_someone_signed_in_accepts_with_one_button(client_for, deployment, charlie, invited):
    client_for(charlie).post(invited(Role.VIEWER))
    assert role_of(deployment, charlie) == "viewer"


def test_an_invite_works_once(client_for, deployment, charlie, person, invited):
    link = invited()
    client_for(charlie).post(link)
    other = person("other")
    answer = client_for(other).post(link)
    assert answer.status_code == 410
    assert role_of(deployment, other) is None


def test_an_invite_runs_out_after_a_week(client, invited):
    link = invited(now=timezone.now() - timedelta(days=8))
    assert client.get(link).status_code == 410


def test_a_withdrawn_invite_is_over(client_for, dana, invited):
    link = invited()
    client = client_for(dana)
    client.post(f"/d/production/settings/invites/{Invite.objects.get().pk}/withdraw/")
    assert client.get(link).status_code == 410


def test_an_invite_never_signs_in_as_someone_who_has_an_account(client, alice, invited):
    link = invited(Role.ADMIN, email="alice@example.com")
    answer = client.post(
        link, {"email": "Alice@example.com", "full_name": "Alice", "password": PASSWORD}
    )
    assert answer.status_code == 422
    assert "already has an account. Sign in, then open the invitation again." in answer.text
    assert "_auth_user_id" not in client.session


def test_a_weak_password_is_refused_and_the_invite_stays(client, invited):
    link = invited()
    answer = client.post(link, {"email": "n@example.com", "password": "short"})
    assert answer.status_code == 422
    assert "too short" in answer.text
    assert client.get(link).status_code == 200


def test_accepting_never_lowers_a_role(client_for, deployment, alice, invited):
    client_for(alice).post(invited(Role.VIEWER))
    assert role_of(deployment, alice) == "manager"


def test_an_admin_changes_and_removes_members(client_for, deployment, dana, bob):
    client = client_for(dana)
    member = deployment.memberships.get(user=bob)
    client.post(f"/d/production/settings/members/{member.pk}/role/", {"role": "manager"})
    assert role_of(deployment, bob) == "manager"
    client.post(f"/d/production/settings/members/{member.pk}/remove/")
    assert role_of(deployment, bob) is None
    assert client_for(bob).get("/d/production/settings/").status_code == 404


@pytest.mark.parametrize(("path", "data"), [("role", {"role": "viewer"}), ("remove", {})])
def test_the_last_admin_stays(client_for, deployment, dana, path, data):
    member = deployment.memberships.get(user=dana)
    answer = client_for(dana).post(
        f"/d/production/settings/members/{member.pk}/{path}/", data, follow=True
    )
    assert "A deployment needs an admin" in answer.text
    assert role_of(deployment, dana) == "admin"


def test_members_of_another_deployment_are_out_of_reach(client_for, deployment, dana, person):
    other = Deployment.objects.create(slug="other", name="Other", facts=deployment.facts)
    stranger = other.memberships.create(user=person("stranger"), role="viewer")
    client_for(dana).post(f"/d/production/settings/members/{stranger.pk}/remove/")
    assert other.memberships.filter(pk=stranger.pk).exists()
