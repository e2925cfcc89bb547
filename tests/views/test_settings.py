"""The settings page of a deployment."""

import pytest

from planner.models import AxisLead, Deployment


def test_the_heading_says_who_can_see_it(client_for, dana, erin):
    assert "2 people can see Production." in client_for(dana).get("/d/production/settings/").text


def test_without_members_it_says_who_is_left(admin_client, deployment):
    text = admin_client.get("/d/production/settings/").text
    assert "<h1>Only superusers can see Production.</h1>" in text


def test_others_read_but_find_no_button(client_for, dana, erin):
    text = client_for(erin).get("/d/production/settings/").text
    assert "You are viewer: you can read this page, an admin changes it." in text
    assert "Save the calendar" not in text
    assert "Invite someone" not in text


def test_a_stranger_finds_nothing(client_for, deployment, charlie):
    assert client_for(charlie).get("/d/production/settings/").status_code == 404


def test_the_calendar_is_stored_and_counted_as_a_change(client_for, dana, deployment):
    answer = client_for(dana).post(
        "/d/production/settings/calendar/",
        {
            "time_zone": "America/Toronto",
            "plan_start": "2026-11-30",
            "holiday_country": "de-be",
            "days_off": "2026-12-24\n2026-12-31\n2026-12-24",
            "blackouts": "2026-12-31 Quarter end\n\n2026-11-16 to 2026-12-04 Peak",
        },
        follow=True,
    )
    assert "The working calendar is saved." in answer.text
    stored = Deployment.objects.get()
    assert stored.facts["time_zone"] == "America/Toronto"
    assert stored.fact_sources["time_zone"] == "settings page, dana"
    assert str(stored.plan_start) == "2026-11-30"
    assert stored.holiday_country == "DE-BE"
    assert stored.holidays == ["2026-12-24", "2026-12-31"]
    assert stored.blackouts == ["2026-11-16 to 2026-12-04 Peak", "2026-12-31 Quarter end"]
    assert stored.revision > deployment.revision


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("holiday_country", "XX", "No public holidays are known for &quot;XX&quot;"),
        ("days_off", "2026-12-24\nChristmas", "“Christmas” is not a date"),
        ("blackouts", "2026-12-31\nPeak", "“Peak” names no days"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("plan_start", "soon", "Enter a valid date."),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_stored(client_for, dana, field, value, says):
    typed = {"time_zone": "Europe/Berlin", field: value}
    answer = client_for(dana).post("/d/production/settings/calendar/", typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert Deployment.objects.get().revision == 1


def test_due_days_override_the_rulebook_one_by_one(client_for, dana):
    client_for(dana).post("/d/production/settings/due/", {"ERROR": "14", "WARNING": ""})
    assert Deployment.objects.get().due_days == {"ERROR": 14}


def test_axis_leads_are_owners_of_this_deployment(client_for, dana, deployment):
    lead = deployment.owners.create(key="bob", name="Bob")
    other = Deployment.objects.create(slug="other", name="Other", facts=deployment.facts)
    stranger = other.owners.create(key="eve", name="Eve")
    client = client_for(dana)
    client.post("/d/production/settings/leads/", {"workers": lead.pk})
    assert deployment.axis_leads.get().owner == lead
    assert client.post("/d/production/settings/leads/", {"ui": stranger.pk}).status_code == 422
    client.post("/d/production/settings/leads/", {"workers": ""})
    assert not AxisLead.objects.exists()


@pytest.mark.parametrize("path", ["calendar", "due", "leads"])
def test_only_admins_change_settings(client_for, alice, path):
    assert client_for(alice).post(f"/d/production/settings/{path}/").status_code == 403


def test_it_costs_few_queries(client_for, dana, deployment, person, django_assert_max_num_queries):
    for number in range(30):
        deployment.memberships.create(user=person(f"p{number}"), role="viewer")
    client = client_for(dana)
    with django_assert_max_num_queries(15):
        client.get("/d/production/settings/")
