"""A person's own account."""

import pytest

PASSWORD = "a long enough secret"


@pytest.fixture
def alice(alice):
    alice.set_unusable_password()
    alice.save()
    return alice


def test_whoever_came_by_link_can_choose_a_password(client_for, client, alice):
    signed_in = client_for(alice)
    assert "You have no password yet" in signed_in.get("/account/").text
    answer = signed_in.post("/account/", {"full_name": "Alice Moran", "new_password": PASSWORD})
    assert answer.status_code == 302
    assert "You are signed in as Alice Moran." in signed_in.get("/account/").text
    client.post("/sign-in/", {"name": "alice", "password": PASSWORD})
    assert "_auth_user_id" in client.session


def test_changing_a_password_takes_the_present_one(client_for, alice):
    alice.set_password(PASSWORD)
    alice.save()
    client = client_for(alice)
    answer = client.post(
        "/account/", {"current_password": "wrong", "new_password": "another long secret"}
    )
    assert answer.status_code == 422
    assert "That is not your present password." in answer.text
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_weak_password_is_refused(client_for, alice):
    answer = client_for(alice).post("/account/", {"new_password": "short"})
    assert answer.status_code == 422
    assert "too short" in answer.text


def test_a_new_password_ends_other_sessions(client_for, alice):
    here, elsewhere = client_for(alice), client_for(alice)
    here.post("/account/", {"new_password": PASSWORD})
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
