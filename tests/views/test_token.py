"""API tokens on the settings page."""

import re

from django.test import Client

from planner.models import ApiToken

SETTINGS = "/d/production/settings/"
TOKENS = f"{SETTINGS}tokens/"


def test_a_token_is_shown_once_works_and_is_revoked(client_for, dana, deployment):
    client = client_for(dana)
    made = client.post(TOKENS, {"scope": "read", "days": "30"}).text
    (text,) = re.findall(r"fp_read_[\w-]+", made)
    assert text not in client.get(SETTINGS).text
    token = ApiToken.objects.get()
    assert (token.expires_at - token.created_at).days == 30

    def call() -> int:
        headers = {"Authorization": f"Bearer {text}"}
        return Client().get("/api/deployments/production/findings", headers=headers).status_code

    assert call() == 200
    said = client.post(f"{TOKENS}{token.pk}/revoke/", follow=True).text
    assert "The token is revoked" in said
    assert f"{token.pk}/revoke/" not in said
    assert call() == 401
    assert client.post(f"{TOKENS}{token.pk}/revoke/").status_code == 404


def test_wrong_values_make_no_token(client_for, dana):
    client = client_for(dana)
    for scope, days in (("admin", "30"), ("read", "0"), ("read", "many"), ("read", "")):
        answer = client.post(TOKENS, {"scope": scope, "days": days})
        assert answer.status_code == 422
        assert "token-error" in answer.text
    assert not ApiToken.objects.exists()


def test_only_admins_see_and_make_tokens(client_for, alice, dana, charlie):
    assert "API tokens</h2>" in client_for(dana).get(SETTINGS).text
    assert "API tokens</h2>" not in client_for(alice).get(SETTINGS).text
    values = {"scope": "read", "days": "30"}
    assert client_for(alice).post(TOKENS, values).status_code == 403
    assert client_for(charlie).post(TOKENS, values).status_code == 404
    assert not ApiToken.objects.exists()
