"""The runbook's pages: ready or not, parameters, sheet, PDF, revisions, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pypdf import PdfReader

from planner.forms.runbook import RunbookForm
from planner.models import Deployment, RunbookRevision
from planner.selectors.runbook import draft_of, shape_of
from tests.factories import NOW, make_mixed_findings, make_scan, make_source

URL = "/d/production/runbook/"
ClientFor = Callable[[User], Client]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def typed(deployment: Deployment, **changes: str) -> dict[str, str]:
    """What the form sends for the stored parameters, with some typed over."""
    draft = draft_of(deployment, now=NOW)
    form = RunbookForm(values=draft.values, shape=shape_of(deployment, draft))
    sent = {name: str(form.initial.get(name, "")) for name in form.fields}
    return sent | {"action": "save"} | changes


class TestReading:
    def test_the_answer_comes_first(self, client_for: ClientFor, erin: User) -> None:
        page = text(client_for(erin).get(URL))

        assert "<h1>The runbook is not ready: 8 things stand in the way</h1>" in page
        assert "Not checked yet: a scan of the DAG code" in page
        assert "nothing is recorded yet" in page
        assert "Europe/Berlin, UTC+1" in page

    def test_open_block_findings_are_counted(
        self, client_for: ClientFor, erin: User, deployment: Deployment
    ) -> None:
        make_mixed_findings(make_scan(make_source(deployment, "dags")), 100)

        page = text(client_for(erin).get(URL))

        blocks = deployment.findings.filter(category="block", state__in=("open", "claimed")).count()
        assert blocks
        assert f"{blocks} block findings are open; 0 may be." in page

    def test_a_viewer_reads_but_has_no_form(self, client_for: ClientFor, erin: User) -> None:
        page = text(client_for(erin).get(URL))

        assert "Save the parameters" not in page
        assert "Record revision" not in page

    def test_the_rollback_stands_alone(self, client_for: ClientFor, erin: User) -> None:
        page = text(client_for(erin).get(f"{URL}rollback/"))

        assert "<h1>Rollback of Production</h1>" in page
        assert "Roll back to 2.x" in page
        assert "Seven days before" not in page

    def test_the_rollback_is_the_one_on_the_recorded_paper(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        client = client_for(alice)
        assert "Nothing is recorded yet" in text(client.get(f"{URL}rollback/"))
        client.post(URL, {"action": "record"})
        client.post(URL, typed(deployment, **{"words.bridge": "Another call"}))

        page = text(client.get(f"{URL}rollback/"))

        assert "As recorded: Revision 1" in page
        assert "Another call" not in page

    def test_the_gates_are_those_of_the_deployments_own_plan(
        self, client_for: ClientFor, erin: User, deployment: Deployment
    ) -> None:
        assert "C “100 % of DAGs green for 48 h”" in text(client_for(erin).get(URL))
        deployment.plan_template = "six-months"
        deployment.save()

        page = text(client_for(erin).get(URL))

        assert "3 “Parity of success rate and runtime, and no new errors”" in page
        assert "C “" not in page

    @pytest.mark.parametrize("count", [100, 10_000])
    def test_it_takes_few_queries_whatever_the_number_of_findings(
        self,
        client_for: ClientFor,
        alice: User,
        deployment: Deployment,
        django_assert_max_num_queries: Any,
        count: int,
    ) -> None:
        make_mixed_findings(make_scan(make_source(deployment, "dags")), count)
        client = client_for(alice)
        client.post(URL, {"action": "record"})
        client.get(URL)

        with django_assert_max_num_queries(15):
            assert client.get(URL + "?hash=abcdef").status_code == 200


class TestWho:
    @pytest.mark.parametrize(
        "path", ["", "rollback/", "print/", "pdf/", "revisions/1/", "revisions/1/pdf/"]
    )
    def test_strangers_get_404(self, client_for: ClientFor, charlie: User, path: str) -> None:
        Deployment.objects.create(
            slug="production", name="Production", facts={"name": "x"}
        ) if not Deployment.objects.exists() else None
        assert client_for(charlie).get(URL + path).status_code == 404

    def test_nobody_is_sent_to_sign_in(self, client: Client, deployment: Deployment) -> None:
        assert client.get(URL).headers["Location"].startswith("/sign-in/")

    @pytest.mark.parametrize("action", ["save", "record"])
    def test_an_owner_may_not_change_it(
        self, client_for: ClientFor, bob: User, deployment: Deployment, action: str
    ) -> None:
        response = client_for(bob).post(URL, {"action": action})

        assert response.status_code == 403
        assert not RunbookRevision.objects.exists()

    @pytest.mark.parametrize("path", ["rollback/", "print/", "pdf/"])
    def test_the_other_pages_only_read(self, client_for: ClientFor, alice: User, path: str) -> None:
        assert client_for(alice).post(URL + path).status_code == 405

    def test_the_page_takes_no_put(self, client_for: ClientFor, alice: User) -> None:
        assert client_for(alice).put(URL).status_code == 405


class TestParameters:
    def test_saving_changes_the_runbook(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        client = client_for(alice)
        response = client.post(
            URL,
            typed(
                deployment,
                freeze="2027-03-05T18:00",
                **{
                    "roles.lead.name": "Owen",
                    "roles.lead.phone": "+1 416 555 0134",
                    "rehearsed.migrate": "26",
                    "words.backup_dir": "/mnt/backup",
                    "way": "side-by-side",
                },
            ),
        )

        assert response.status_code == 302
        page = text(client.get(URL))
        assert "Freeze Friday 5 March 2027, 18:00" in page
        assert "/mnt/backup" in page
        assert "Side by side" in page
        deployment.refresh_from_db()
        assert deployment.runbook["roles"]["lead"]["name"] == "Owen"
        assert deployment.revision == 2

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("freeze", "", "Is missing"),
            ("freeze", "2027-03-28T02:30", "does not exist in Europe/Berlin"),
            ("zone", "Mars/Olympus", "is not a time zone"),
            ("flip", "2027-03-05T18:30", "at least 4 hours after the freeze"),
            ("rehearsed.migrate", "soon", "whole number of minutes"),
            ("words.backup_dir", "/mnt/`id`", "letters, digits"),
            ("words.backup_command", "pg_dump airflow", "ust name the file"),
            ("roles.lead.name", "x" * 200, "at most 80"),
        ],
    )
    def test_what_is_wrong_is_told_beside_its_field(
        self,
        client_for: ClientFor,
        alice: User,
        deployment: Deployment,
        field: str,
        value: str,
        sentence: str,
    ) -> None:
        sent = typed(deployment, **{"freeze": "2027-03-05T18:00", field: value})

        response = client_for(alice).post(URL, sent)

        assert response.status_code == 422
        beside = text(response).split(f'id="error-{field}"')[1].split("</p>")[0]
        assert sentence in beside
        deployment.refresh_from_db()
        assert deployment.runbook == {}

    def test_what_a_newer_rulebook_has_dropped_is_left_out(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        deployment.runbook = {"words": {"gone": "x"}, "roles": {"pilot": {"name": "y"}}}
        deployment.save()

        assert client_for(alice).get(URL).status_code == 200


class TestRevisions:
    def test_recording_numbers_it_and_it_reprints_the_same(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        client = client_for(alice)
        client.post(URL, {"action": "record"})
        first = text(client.get(f"{URL}revisions/1/"))
        client.post(URL, typed(deployment, freeze="2027-03-12T18:00"))
        client.post(URL, {"action": "record"})

        revisions = list(deployment.runbook_revisions.values_list("number", flat=True))
        assert revisions == [2, 1]
        again = text(client.get(f"{URL}revisions/1/"))
        assert _without_nonce(again) == _without_nonce(first)
        assert "12 March" in text(client.get(f"{URL}revisions/2/"))

    def test_the_same_runbook_is_not_numbered_twice(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        client = client_for(alice)
        client.post(URL, {"action": "record"})
        client.post(URL, {"action": "record"})

        assert deployment.runbook_revisions.count() == 1

    def test_a_hash_tells_whether_the_paper_is_current(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        client = client_for(alice)
        client.post(URL, {"action": "record"})
        first = deployment.runbook_revisions.get(number=1).hash
        assert "nothing has changed since" in text(client.get(f"{URL}?hash={first}"))

        client.post(URL, typed(deployment, freeze="2027-03-12T18:00"))
        assert "have changed since" in text(client.get(f"{URL}?hash={first[:6]}"))

        client.post(URL, {"action": "record"})
        assert "Revision 2 has replaced it" in text(client.get(f"{URL}?hash={first.upper()}"))
        assert "Do not work from that paper" in text(client.get(f"{URL}?hash=zzzzzz"))

    def test_an_unknown_revision_is_404(self, client_for: ClientFor, alice: User) -> None:
        assert client_for(alice).get(f"{URL}revisions/7/").status_code == 404
        assert client_for(alice).get(f"{URL}revisions/7/pdf/").status_code == 404


class TestPaper:
    def test_the_sheet_names_itself_in_every_margin(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        deployment.facts["name"] = 'Prod "\\ </style><script>alert(1)</script>'
        deployment.save()

        response = client_for(alice).get(f"{URL}print/")

        page = text(response)
        assert "<script>" not in page
        assert page.count("</style>") == 1
        assert "\\3c \\2f style\\3e " in page
        assert 'counter(page) " of " counter(pages)' in page
        assert "nonce-" in response.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(("paper", "width"), [("a4", 595), ("letter", 612)])
    def test_the_pdf_has_the_size_asked_for(
        self, client_for: ClientFor, alice: User, paper: str, width: int
    ) -> None:
        response = client_for(alice).get(f"{URL}pdf/?paper={paper}")

        assert response.headers["Content-Type"] == "application/pdf"
        assert round(PdfReader(BytesIO(response.content)).pages[0].mediabox.width) == width

    def test_another_paper_is_404(self, client_for: ClientFor, alice: User) -> None:
        assert client_for(alice).get(f"{URL}pdf/?paper=a3").status_code == 404


def _without_nonce(page: str) -> str:
    return page.split("<style", 1)[0] + page.split(">", 1)[1].split("</style>", 1)[1]
