"""Who may see a page, and what others are told."""

import re

from django.urls import reverse


def without_token(text):
    return re.sub(r"[A-Za-z0-9]{64}", "", text)


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(client, deployment):
    answer = client.get("/d/production/settings/")
    assert answer.url == "/sign-in/?next=/d/production/settings/"


def test_a_part_asked_for_by_htmx_sends_the_whole_page_to_sign_in(client, deployment):
    answer = client.get("/d/production/settings/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/sign-in/")


def test_a_deployment_of_others_looks_like_one_that_is_not_there(client_for, deployment, charlie):
    client = client_for(charlie)
    hidden = client.get("/d/production/settings/")
    missing = client.get("/d/nowhere/settings/")
    assert hidden.status_code == missing.status_code == 404
    assert "There is nothing here that you can see." in hidden.text
    assert without_token(hidden.text) == without_token(missing.text)


def test_too_low_a_role_is_told_which_one_it_takes(client_for, bob):
    answer = client_for(bob).post("/d/production/settings/calendar/")
    assert answer.status_code == 403
    assert "This needs the role admin in Production; yours is owner." in answer.text


def test_a_superuser_sees_everything(client_for, deployment, charlie):
    charlie.is_superuser = True
    charlie.save()
    assert client_for(charlie).get("/d/production/settings/").status_code == 200


def test_times_are_in_the_zone_of_the_deployment(client_for, dana, deployment):
    text = client_for(dana).get(reverse("settings", args=["production"])).text
    assert "Times are Europe/Berlin unless marked UTC." in text
    deployment.facts = {**deployment.facts, "time_zone": "UTC"}
    deployment.save()
    text = client_for(dana).get(reverse("settings", args=["production"])).text
    assert "<p>Times are UTC.</p>" in text
