"""The decision page: the answer first, facts to try, save and record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from planner.forms.decision import FactsForm
from planner.models import DecisionRecord, Deployment, Membership
from planner.services.decision import decision_record
from tests.factories import make_mixed_findings, make_scan, make_source

URL = "/d/production/decision/"
HTMX = {"HX-Request": "true"}
ClientFor = Callable[[User], Client]


def typed(deployment: Deployment, **changes: str) -> dict[str, str]:
    """What the form sends for the stored facts, with some typed over."""
    form = FactsForm(facts=deployment.facts)
    return {name: form.initial.get(name, "") for name in form.fields} | changes


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


class TestReading:
    def test_the_headline_is_the_verdict(self, client_for: ClientFor, alice: User) -> None:
        page = text(client_for(alice).get(URL))

        assert "<h1>Upgrade Production now</h1>" in page
        assert "Upgrade now: 4 points where 3 are enough" in page
        assert "First: put the check in CI" in page
        assert "snowflake does not need 3.x: from 6.7.0 on it needs 2.11." in page
        assert "file production.toml" in page.lower()

    def test_where_opinions_differ_the_page_says_so(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        Deployment.objects.update(facts={**deployment.facts, "bandwidth_quarters": 0.5})

        page = text(client_for(alice).get(URL))

        assert "<h1>Defer the upgrade of Production</h1>" in page
        assert "need 0.80 quarters but have 0.50" in page
        assert "Opinions differ: the second opinion (any 2 of 4) says upgrade now." in page

    def test_an_impossible_pair_is_shown_as_a_contradiction(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        Deployment.objects.update(facts={**deployment.facts, "python_target": "3.14"})

        page = text(client_for(alice).get(URL))

        assert "Airflow 3.1 does not run on Python 3.14" in page
        assert "4 of 11" in page

    def test_it_counts_the_findings(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        make_mixed_findings(make_scan(make_source(deployment, "dags")), 100)

        page = text(client_for(alice).get(URL))

        assert "80 findings to do" in page

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
        for _ in range(3):
            record(deployment, alice)
        client = client_for(alice)

        with django_assert_max_num_queries(15):
            assert client.get(URL).status_code == 200

    def test_strangers_do_not_learn_that_it_exists(
        self, client_for: ClientFor, charlie: User, deployment: Deployment
    ) -> None:
        assert client_for(charlie).get(URL).status_code == 404

    def test_the_signed_out_are_asked_to_sign_in(self, deployment: Deployment) -> None:
        assert Client().get(URL).headers["Location"].startswith("/sign-in/")

    def test_only_reading_and_posting_are_answered(
        self, client_for: ClientFor, alice: User
    ) -> None:
        assert client_for(alice).put(URL).status_code == 405

    def test_names_from_outside_are_escaped(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        hostile = "<script>alert(1)</script>"
        Deployment.objects.update(
            name=hostile,
            facts={**deployment.facts, "name": hostile, "provider_dependencies": [hostile]},
        )

        page = client_for(alice).get(URL).content.decode()

        assert hostile not in page
        assert "&lt;script&gt;" in page


class TestTrying:
    def test_a_viewer_may_try_other_facts_and_nothing_is_kept(
        self, client_for: ClientFor, erin: User, deployment: Deployment
    ) -> None:
        sent = typed(deployment, bandwidth_quarters="0.5", action="preview")

        page = text(client_for(erin).post(URL, sent))

        assert "<h1>Defer the upgrade of Production</h1>" in page
        assert "Not saved" in page
        deployment.refresh_from_db()
        assert deployment.facts["bandwidth_quarters"] == 1.0

    def test_htmx_gets_a_part_of_the_same_page(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        sent = typed(deployment, python_target="3.11", action="preview")

        response = client_for(alice).post(URL, sent, headers=HTMX)

        assert b"<html" not in response.content
        assert "<h1>Upgrade Production in 6 months</h1>" in text(response)
        assert "HX-Reswap" not in response.headers
        assert "HX-Request" in response.headers["Vary"]

    def test_facts_as_stored_are_not_called_unsaved(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        sent = typed(deployment, action="preview")

        assert "Not saved" not in text(client_for(alice).post(URL, sent))

    def test_bad_facts_get_a_sentence_and_the_last_good_answer_stays(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        sent = typed(deployment, dag_count="many", current_version="2.x", action="preview")

        response = client_for(alice).post(URL, sent)

        assert response.status_code == 422
        page = text(response)
        assert "DAGs: must be a whole number, not &#x27;many&#x27;." in page
        assert "“2.x”" in page or "&quot;2.x&quot; is not a version; write it like 2.9.3." in page
        assert "<h1>Upgrade Production now</h1>" in page

    def test_bad_facts_leave_the_answer_alone_under_htmx(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        sent = typed(deployment, dag_count="-1", action="preview")

        response = client_for(alice).post(URL, sent, headers=HTMX)

        assert response.headers["HX-Reswap"] == "none"
        assert 'id="error-dag_count" hx-swap-oob="innerHTML">DAGs: must lie between' in text(
            response
        )
        assert "<h1>" not in text(response)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("bandwidth_quarters", "nan"),
            ("bandwidth_quarters", "9" * 400),
            ("dag_count", "9" * 5000),
            ("time_zone", "Mars/Olympus"),
            ("executor", "NoExecutor"),
            ("mlops_roadmap", "perhaps"),
            ("name", ""),
            ("name", "a\x00b"),
            ("target_version", "2.11"),
        ],
    )
    def test_no_value_brings_the_page_down(
        self, client_for: ClientFor, alice: User, deployment: Deployment, field: str, value: str
    ) -> None:
        sent = typed(deployment, action="save", **{field: value})

        response = client_for(alice).post(URL, sent)

        assert response.status_code == 422
        form = response.context["form"]
        assert list(form.errors) == [field]


class TestSaving:
    def test_a_manager_saves_and_each_fact_says_where_it_came_from(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        sent = typed(deployment, dag_count="501", provider_dependencies="fab, git", action="save")

        response = client_for(alice).post(URL, sent, follow=True)

        assert "The facts are saved." in text(response)
        deployment.refresh_from_db()
        assert deployment.facts["dag_count"] == 501
        assert deployment.facts["provider_dependencies"] == ["fab", "git"]
        assert deployment.fact_sources["dag_count"].startswith("typed by Alice, ")
        assert deployment.fact_sources["executor"] == "file production.toml"
        assert deployment.revision == 2

    def test_a_form_opened_before_somebody_elses_change_does_not_undo_it(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        client = client_for(alice)
        page = text(client.get(URL))
        shown = {
            f"initial-{name}": value for name, value in typed(deployment).items() if value != ""
        }
        assert 'name="initial-dag_count" value="400"' in page
        assert 'name="initial-mlops_roadmap" value="no"' in page
        Deployment.objects.update(facts={**deployment.facts, "dag_count": 500})

        client.post(URL, typed(deployment, bandwidth_quarters="2") | shown | {"action": "save"})

        deployment.refresh_from_db()
        assert deployment.facts["bandwidth_quarters"] == 2.0
        assert deployment.facts["dag_count"] == 500

    def test_saving_what_is_stored_changes_nothing(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        response = client_for(alice).post(URL, typed(deployment, action="save"), follow=True)

        assert "nothing to save" in text(response)
        deployment.refresh_from_db()
        assert deployment.revision == 1

    @pytest.mark.parametrize("action", ["save", "record"])
    @pytest.mark.parametrize("who", ["erin", "bob"])
    def test_viewers_and_owners_may_not(
        self,
        client_for: ClientFor,
        request: pytest.FixtureRequest,
        deployment: Deployment,
        who: str,
        action: str,
    ) -> None:
        client = client_for(request.getfixturevalue(who))

        response = client.post(URL, typed(deployment, dag_count="5", action=action))

        assert response.status_code == 403
        assert "needs the role manager" in text(response)
        deployment.refresh_from_db()
        assert deployment.facts["dag_count"] == 400
        assert not DecisionRecord.objects.exists()

    def test_a_viewer_sees_no_button_that_would_be_refused(
        self, client_for: ClientFor, erin: User
    ) -> None:
        page = text(client_for(erin).get(URL))

        assert 'value="save"' not in page
        assert 'value="record"' not in page
        assert "needs the role manager; yours is viewer" in page

    def test_it_asks_for_the_csrf_token(self, alice: User, deployment: Deployment) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)

        assert client.post(URL, typed(deployment, action="save")).status_code == 403


def record(deployment: Deployment, author: User, **changes: Any) -> DecisionRecord:
    now = changes.pop("now", timezone.now())
    return decision_record(
        deployment=deployment,
        author=author,
        reason=changes.pop("reason", "Because the provider needs it"),
        look_again_on=changes.pop("look_again_on", now.date() + timedelta(days=30)),
        today=now.date(),
        now=now,
        **changes,
    )


class TestRecording:
    def test_a_manager_records_and_the_page_lists_it(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        sent = {
            "action": "record",
            "reason": "The base image moves",
            "look_again_on": "2027-01-31",
            "revision": str(deployment.revision),
        }

        page = text(client_for(alice).post(URL, sent, follow=True))

        stored = DecisionRecord.objects.get()
        assert (stored.number, stored.author, stored.look_again_on) == (1, alice, date(2027, 1, 31))
        assert stored.decision["verdict"] == "upgrade now"
        assert "Decision 1 is recorded: upgrade now." in page
        assert "The base image moves" in page
        assert "31 Jan 2027" in page

    def test_what_moved_meanwhile_is_not_recorded_unseen(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        sent = {"action": "record", "reason": "x", "look_again_on": "2027-01-31", "revision": "0"}

        page = text(client_for(alice).post(URL, sent, follow=True))

        assert "changed while you were reading" in page
        assert not DecisionRecord.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("reason", "", "Why: say in a sentence"),
            ("look_again_on", "soon", "Look again on: write a day like"),
            ("look_again_on", "", "Look again on: choose a day"),
            ("look_again_on", "2026-01-31", "Look again on: choose a day after today."),
        ],
    )
    def test_a_record_without_reason_or_date_is_refused_in_words(
        self,
        client_for: ClientFor,
        alice: User,
        deployment: Deployment,
        field: str,
        value: str,
        words: str,
    ) -> None:
        sent = {"action": "record", "reason": "x", "look_again_on": "2027-01-31", "revision": "1"}

        response = client_for(alice).post(URL, sent | {field: value})

        assert response.status_code == 422
        assert words in text(response)

    def test_records_are_compared_with_the_one_before(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        record(deployment, alice)
        Deployment.objects.update(facts={**deployment.facts, "bandwidth_quarters": 0.5})
        record(deployment, alice)

        page = text(client_for(alice).get(URL))

        assert "Verdict: upgrade now → defer" in page
        assert "Bandwidth quarters: 1 → 0.5" in page

    def test_a_passed_look_again_date_and_a_moved_verdict_are_told(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        record(deployment, alice, look_again_on=timezone.now().date() - timedelta(days=1))
        Deployment.objects.update(facts={**deployment.facts, "bandwidth_quarters": 0.5})

        page = text(client_for(alice).get(URL))

        assert "Time to look again." in page
        assert "said upgrade now; today it is defer." in page

    def test_a_fresh_record_raises_no_banner(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        record(deployment, alice)

        page = text(client_for(alice).get(URL))

        assert "Time to look again." not in page
        assert "The verdict has moved." not in page


class TestFromCi:
    def test_a_complete_scan_from_ci_meets_the_precondition(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        make_scan(
            make_source(deployment, "dags"),
            at=timezone.now() - timedelta(days=2),
            cause="api",
            coverage={"complete": True},
        )

        assert "put the check in CI" not in text(client_for(alice).get(URL))

    def test_a_partial_or_old_one_does_not(
        self, client_for: ClientFor, alice: User, deployment: Deployment
    ) -> None:
        source = make_source(deployment, "dags")
        now = timezone.now()
        make_scan(source, at=now, cause="api", coverage={"complete": False})
        make_scan(source, at=now - timedelta(days=10), cause="api", coverage={"complete": True})

        assert "put the check in CI" in text(client_for(alice).get(URL))


class TestNew:
    URL = "/d/new/"
    SENT = {
        "name": "Analytics",
        "slug": "analytics",
        "current_version": "2.10.5",
        "dag_count": "65",
        "bandwidth_quarters": "1",
        "mlops_roadmap": "no",
        "action": "save",
    }

    @pytest.fixture
    def root(self, db: None) -> User:
        return User.objects.create_superuser("root", "root@example.com")

    def test_an_admin_creates_one_and_becomes_its_admin(
        self, client_for: ClientFor, dana: User
    ) -> None:
        response = client_for(dana).post(self.URL, self.SENT, follow=True)

        created = Deployment.objects.get(slug="analytics")
        assert "Analytics is created." in text(response)
        assert Membership.objects.get(deployment=created, user=dana).role == "admin"
        assert created.facts["target_version"] == "3.3"
        assert created.sources.get().name == "uploads"
        assert created.fact_sources["dag_count"].startswith("typed by Dana")

    def test_a_list_that_nobody_opened_states_nothing(
        self, client_for: ClientFor, dana: User
    ) -> None:
        client = client_for(dana)
        page = text(client.get(self.URL))
        chosen = {"executor": "", "metadata_db": "", "hosting": "", "engineers": ""}

        client.post(self.URL, self.SENT | chosen)

        assert page.count('<option value="" selected>Not said</option>') == 3
        created = Deployment.objects.get(slug="analytics")
        assert created.facts["executor"] == "CeleryExecutor"
        assert created.fact_sources["executor"] == "not stated, the usual value"
        assert created.fact_sources["hybrid_workload"] == "not stated, the usual value"
        assert created.fact_sources["mlops_roadmap"].startswith("typed by Dana")

    def test_a_superuser_may_and_the_first_page_is_empty_but_says_what_to_do(
        self, client_for: ClientFor, root: User
    ) -> None:
        page = text(client_for(root).get(self.URL))

        assert "say what you know of it" in page
        assert "Create the deployment" in page

    def test_managers_may_not(self, client_for: ClientFor, alice: User) -> None:
        assert client_for(alice).get(self.URL).status_code == 403
        assert client_for(alice).post(self.URL, self.SENT).status_code == 403

    def test_the_answer_is_tried_before_anything_is_made(
        self, client_for: ClientFor, dana: User, deployment: Deployment
    ) -> None:
        response = client_for(dana).post(self.URL, self.SENT | {"action": "preview"}, headers=HTMX)

        assert "<h1>Upgrade Analytics in 6 months</h1>" in text(response)
        assert Deployment.objects.count() == 1

    @pytest.mark.parametrize(
        ("slug", "words"),
        [
            ("production", "is taken by another deployment"),
            ("new", "is the address of a page"),
            ("A B", "must be small letters"),
            ("", "Address: is missing."),
            ("a" * 81, "may have 80 characters, not 81"),
        ],
    )
    def test_an_address_that_cannot_be_is_refused_beside_its_field(
        self, client_for: ClientFor, dana: User, slug: str, words: str
    ) -> None:
        response = client_for(dana).post(self.URL, self.SENT | {"slug": slug})

        assert response.status_code == 422
        assert words in text(response)
        assert Deployment.objects.count() == 1

    def test_only_reading_and_posting_are_answered(self, client_for: ClientFor, dana: User) -> None:
        assert client_for(dana).delete(self.URL).status_code == 405
