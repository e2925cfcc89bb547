"""The triage page: what blocks, what waits, what is worth having, and who leads it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from planner.domain.finding import Axis, Category, Severity, State
from planner.models import Deployment, PastedNotes
from planner.services.triage import notes_paste
from tests.factories import (
    NOW,
    make_findings,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)

URL = "/d/production/triage/"
HTMX = {"HX-Request": "true"}
ClientFor = Callable[[User], Client]
NOTES = {
    "title": "Airflow 3.1.8",
    "url": "https://airflow.apache.org/docs/apache-airflow/3.1.8/release_notes.html",
    "text": "- Removed SubDagOperator\n- A new grid in the UI\n",
}


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def scanned(deployment: Deployment) -> Deployment:
    """Eight SubDAGs, four datasets, two style findings; one more SubDAG that is fixed already."""
    scan = make_scan(make_source(deployment, "dags"))
    subdag = "airflow.operators.subdag.SubDagOperator"
    make_findings(scan, 8, rule_id="AIR301", symbol=subdag)
    make_findings(scan, 1, rule_id="AIR301", symbol=subdag, state=State.FIXED)
    make_findings(
        scan,
        4,
        rule_id="AIR311",
        symbol="airflow.datasets.Dataset",
        severity=Severity.WARNING,
        axis=Axis.MLOPS,
    )
    make_findings(scan, 2, rule_id="AIR001", severity=Severity.INFO, category=Category.STYLE)
    return deployment


def pasted(deployment: Deployment, alice: User, **changes: str) -> PastedNotes:
    return notes_paste(deployment=deployment, author=alice, now=NOW, **(NOTES | changes))


class TestReading:
    def test_the_headline_counts_what_blocks(
        self, client_for: ClientFor, erin: User, scanned: Deployment
    ) -> None:
        page = text(client_for(erin).get(URL))

        assert "8 findings block the move to 3.1." in page
        assert "4 more can wait until after it. 2 style findings are counted apart" in page
        assert "SubDAGs are removed" in page
        assert "8 findings." in page
        assert 'href="/d/production/findings/?rule=AIR301' in page
        assert 'href="/rules/AIR301/"' in page

    def test_every_axis_says_what_it_means_and_who_leads_it(
        self, client_for: ClientFor, erin: User, scanned: Deployment
    ) -> None:
        scanned.axis_leads.create(axis="mlops", owner=make_owner(scanned, "mara"))

        page = text(client_for(erin).get(URL))

        for label in (
            "Workers",
            "Versioning",
            "MLOps and data",
            "Interface and API",
            "Everything else",
        ):
            assert label in page
        assert "Lead: Mara" in page
        assert page.count("No lead yet") == 4
        assert "A worker of 2.x needs the broker" in page
        assert "The cutover (8 findings in its way)" in page

    def test_each_quote_links_to_where_it_stands(
        self, client_for: ClientFor, erin: User, scanned: Deployment
    ) -> None:
        page = text(client_for(erin).get(URL))

        assert (
            'href="https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html"'
            ' rel="noreferrer">SubDAGs are removed</a>'
        ) in page

    def test_without_a_scan_nothing_is_called_clean(
        self, client_for: ClientFor, erin: User
    ) -> None:
        page = text(client_for(erin).get(URL))

        assert "Nothing of your code was checked yet" in page
        assert "Not checked yet: DAG code" in page
        assert "No finding blocks" not in page
        assert "Nothing of yours waits for it." not in page
        assert "Not known yet: your code was not checked." in page
        assert "Not known yet: no code was checked, so what was removed is set aside below." in page
        assert '– <span class="muted">(' in page
        assert '>0 <span class="muted">(' not in page

    @pytest.mark.parametrize(
        ("notes", "there", "absent"),
        [
            ("3.2", "Asset partitions", "SubDAGs are removed"),
            ("all", "Asset partitions", "Release 9"),
            ("target", "SubDAGs are removed", "Asset partitions"),
        ],
    )
    def test_every_line_can_be_read_alone(
        self,
        client_for: ClientFor,
        erin: User,
        scanned: Deployment,
        notes: str,
        there: str,
        absent: str,
    ) -> None:
        page = text(client_for(erin).get(URL, {"notes": notes}))

        assert there in page
        assert absent not in page

    def test_htmx_gets_the_part_from_the_same_view(
        self, client_for: ClientFor, erin: User, scanned: Deployment
    ) -> None:
        part = text(client_for(erin).get(URL, {"notes": "3.2"}, headers=HTMX))

        assert "<html" not in part
        assert "Asset partitions" in part

    @pytest.mark.parametrize(
        "notes", ["3.4", "pasted-1", "pasted-x", "pasted-99999999999999999999", "../x"]
    )
    def test_notes_that_do_not_exist_are_not_found(
        self, client_for: ClientFor, erin: User, notes: str
    ) -> None:
        assert client_for(erin).get(URL, {"notes": notes}).status_code == 404

    def test_an_unknown_rule_is_shown_as_such_and_escaped(
        self, client_for: ClientFor, erin: User, scanned: Deployment
    ) -> None:
        make_findings(scanned.sources.get().last_scan, 1, rule_id="<b>House</b>&x=1", known=False)

        page = text(client_for(erin).get(URL))

        assert "&lt;b&gt;House&lt;/b&gt;" in page
        assert "<b>House" not in page
        assert "?rule=%3Cb%3EHouse%3C%2Fb%3E%26x%3D1&amp;category" in page

    @pytest.mark.parametrize("count", [100, 10_000])
    def test_the_number_of_findings_costs_no_queries(
        self, client_for: ClientFor, erin: User, deployment: Deployment, count: int
    ) -> None:
        make_mixed_findings(make_scan(make_source(deployment, "dags")), count)
        client = client_for(erin)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(URL)

        assert len(queries) <= 15


class TestTickets:
    def test_every_note_that_asks_for_something_is_a_row(
        self, client_for: ClientFor, erin: User, scanned: Deployment
    ) -> None:
        scanned.axis_leads.create(axis="other", owner=make_owner(scanned, "mara"))

        response = client_for(erin).get(f"{URL}tickets.csv")

        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        subdags = next(row for row in rows if row["title"] == "SubDAGs are removed")
        assert subdags == {
            "bucket": "block",
            "axis": "other",
            "lead": "Mara",
            "title": "SubDAGs are removed",
            "why": "8 findings.",
            "findings": "8",
            "rules": "AIR301",
            "release": "3.0",
            "link": "https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html",
        }
        assert {row["bucket"] for row in rows} == {"block", "migrate", "adopt"}
        assert "attachment" in response["Content-Disposition"]

    def test_a_note_cannot_be_a_formula(
        self, client_for: ClientFor, alice: User, scanned: Deployment
    ) -> None:
        notes = pasted(scanned, alice, text='- =HYPERLINK("https://evil.example") is deprecated')

        response = client_for(alice).get(f"{URL}tickets.csv", {"notes": f"pasted-{notes.pk}"})

        [row] = csv.DictReader(io.StringIO(response.content.decode()))
        assert row["title"].startswith("'=HYPERLINK")


class TestAccess:
    def test_strangers_see_nothing(
        self, client_for: ClientFor, charlie: User, alice: User, scanned: Deployment
    ) -> None:
        notes = pasted(scanned, alice)

        assert client_for(charlie).get(URL).status_code == 404
        assert client_for(charlie).get(f"{URL}tickets.csv").status_code == 404
        assert client_for(charlie).post(f"{URL}paste/", NOTES).status_code == 404
        assert client_for(charlie).post(f"{URL}{notes.pk}/remove/").status_code == 404
        assert Client().get(URL).status_code == 302

    def test_pasting_needs_a_manager(
        self, client_for: ClientFor, bob: User, alice: User, scanned: Deployment
    ) -> None:
        notes = pasted(scanned, alice)

        assert client_for(bob).post(f"{URL}paste/", NOTES).status_code == 403
        assert client_for(bob).post(f"{URL}{notes.pk}/remove/").status_code == 403
        assert "Triage these notes" not in text(client_for(bob).get(URL))

    def test_notes_of_another_deployment_are_not_found(
        self, client_for: ClientFor, alice: User, scanned: Deployment
    ) -> None:
        other = Deployment.objects.create(slug="other", name="Other", facts=scanned.facts)
        notes = pasted(other, alice)
        client = client_for(alice)

        assert client.get(URL, {"notes": f"pasted-{notes.pk}"}).status_code == 404
        assert client.post(f"{URL}{notes.pk}/remove/").status_code == 404
        assert PastedNotes.objects.filter(pk=notes.pk).exists()


class TestPasting:
    def test_pasted_notes_are_triaged_and_kept(
        self, client_for: ClientFor, alice: User, scanned: Deployment
    ) -> None:
        client = client_for(alice)

        page = text(client.post(f"{URL}paste/", NOTES, follow=True))

        notes = PastedNotes.objects.get()
        assert (notes.author, notes.title) == (alice, "Airflow 3.1.8")
        assert "Removed SubDagOperator" in page
        assert "8 findings." in page
        assert "Open to you once 3.x runs." in page
        assert f'href="{NOTES["url"]}"' in page
        assert f'href="?notes=pasted-{notes.pk}"' in text(client.get(URL))

    @pytest.mark.parametrize(
        ("field", "value", "says"),
        [
            ("title", "", "Name the notes"),
            ("url", "", "Say where the notes are from"),
            ("url", "javascript:alert(1)", "Write an address"),
            ("url", "ftp://example.org/notes", "starts with https://"),
            ("text", "", "Paste the notes"),
            ("text", "x" * 200_001, "too long"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_lost(
        self,
        client_for: ClientFor,
        alice: User,
        scanned: Deployment,
        field: str,
        value: str,
        says: str,
    ) -> None:
        response = client_for(alice).post(f"{URL}paste/", NOTES | {field: value})

        assert response.status_code == 422
        assert says in text(response)
        if field != "title":
            assert 'value="Airflow 3.1.8"' in text(response)
        assert not PastedNotes.objects.exists()

    def test_too_many_bullets_are_counted(
        self, client_for: ClientFor, alice: User, scanned: Deployment
    ) -> None:
        notes = pasted(scanned, alice, text="\n".join(f"- thing {number}" for number in range(812)))

        page = text(client_for(alice).get(URL, {"notes": f"pasted-{notes.pk}"}))

        assert "the first 300 bullets were read, 512 were left out" in page

    def test_notes_without_any_bullet_say_so(
        self, client_for: ClientFor, alice: User, scanned: Deployment
    ) -> None:
        notes = pasted(scanned, alice, text="# Only a heading\n")

        page = text(client_for(alice).get(URL, {"notes": f"pasted-{notes.pk}"}))

        assert "No bullet was found in these notes." in page

    def test_hostile_notes_are_shown_as_text(
        self, client_for: ClientFor, alice: User, scanned: Deployment
    ) -> None:
        notes = pasted(
            scanned,
            alice,
            text="- Removed `<script>x</script>` [a](javascript:alert(1)) <img src=x>",
        )

        page = text(client_for(alice).get(URL, {"notes": f"pasted-{notes.pk}"}))

        assert "<code>&lt;script&gt;x&lt;/script&gt;</code>" in page
        assert "<img src=x>" not in page
        assert 'href="javascript' not in page

    def test_notes_can_be_removed(
        self, client_for: ClientFor, alice: User, scanned: Deployment
    ) -> None:
        notes = pasted(scanned, alice)

        page = text(client_for(alice).post(f"{URL}{notes.pk}/remove/", follow=True))

        assert "Removed the notes Airflow 3.1.8." in page
        assert not PastedNotes.objects.exists()
