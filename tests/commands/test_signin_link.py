"""manage.py signin-link"""

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command


def test_the_first_person_becomes_superuser_and_can_open_the_link(client, db, capsys):
    call_command("signin-link", "you@example.com")
    link = capsys.readouterr().out.strip()
    assert User.objects.get(email="you@example.com").is_superuser
    client.post(link.removeprefix("http://testserver"))
    assert "_auth_user_id" in client.session


def test_later_only_known_people_get_one(db, capsys):
    User.objects.create_superuser("boss", email="boss@example.com")
    with pytest.raises(CommandError, match="Nobody has the e-mail address or name eve@example"):
        call_command("signin-link", "eve@example.com")
    call_command("signin-link", "boss", "--json")
    assert json.loads(capsys.readouterr().out)["new"] is False
