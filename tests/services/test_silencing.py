"""What somebody silenced in the code is never fixed: it is said, stays open, and counts until it is waived."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from planner.domain.silencing import By, Silencing, silencing_from
from planner.models import Deployment, Event, Finding, Scan, Source
from planner.selectors.finding import event_sentence
from planner.services.rescan import rescan_request, scan_run
from planner.services.source import SourceDraft, source_store
from planner.services.waiver import finding_waive
from tests.repository import SALES, Repository, first_state
from tests.views.text import text_of

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 10, 26, 11, 0, tzinfo=UTC)
ClientFor = Callable[[User], Client]
IGNORE = """\
[[ignore]]
rule = "AIR301"
path = "dags/sales.py"
reason = "Goes with the old warehouse."
expires = 2026-11-10
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return first_state(tmp_path / "repository")


@pytest.fixture(params=["git", "folder"])
def source(
    deployment: Deployment, repository: Repository, request: pytest.FixtureRequest
) -> Source:
    return source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind=request.param, location=str(repository.folder)),
        now=MONDAY,
    )


def rescan(source: Source, week: int) -> Scan:
    now = MONDAY + timedelta(weeks=week)
    source.refresh_from_db()
    queued = rescan_request(source=source, user=None, cause="button", now=now)
    scan = scan_run(scan_id=queued.pk, now=now)
    assert scan is not None and scan.state == Scan.State.DONE, scan and scan.error
    return scan


def finding() -> Finding:
    return Finding.objects.get(path="dags/sales.py", rule_id="AIR301")


def silencing() -> Silencing | None:
    return silencing_from(finding().extra)


def ignore(repository: Repository, text: str = IGNORE) -> None:
    repository.write(".upgradecheck.toml", text)
    repository.commit()


def test_a_comment_silences_and_the_finding_stays_open_until_it_goes(
    source: Source, repository: Repository, client_for: ClientFor, bob: User
) -> None:
    rescan(source, 0)
    before = finding()
    line = SALES.splitlines()[3]
    repository.commit(dags__sales=SALES.replace(line, f"{line}  # noqa: AIR301"))
    counts = rescan(source, 1).counts
    assert (counts["new"], counts["fixed"], counts["removed"]) == (0, 0, 0)
    after = finding()
    assert (after.pk, after.state) == (before.pk, "open")
    told = silencing()
    assert told == Silencing(By.COMMENT, "dags/sales.py:4", "# noqa: AIR301")
    sentence = "Silenced in the code by # noqa: AIR301 at dags/sales.py:4."
    client = client_for(bob)
    page = html.unescape(text_of(client.get(f"/d/production/findings/{after.pk}/")))
    assert f"{sentence} It is in the code still, so it stays open" in page
    assert sentence in html.unescape(text_of(client.get("/d/production/findings/")))
    repository.commit(dags__sales=SALES)
    rescan(source, 2)
    assert (finding().pk, finding().state, silencing()) == (before.pk, "open", None)


def test_the_ignore_file_silences_unchanged_code_until_its_last_day(
    source: Source, repository: Repository, client_for: ClientFor, bob: User
) -> None:
    rescan(source, 0)
    before = finding()
    ignore(repository)
    counts = rescan(source, 1).counts
    assert (counts["new"], counts["fixed"], counts["unchanged"]) == (0, 0, 5)
    told = silencing()
    assert told is not None
    assert told.sentence == (
        "Silenced by the ignore file at .upgradecheck.toml:1 until the end of 10 Nov 2026: "
        "Goes with the old warehouse."
    )
    assert (finding().pk, finding().state) == (before.pk, "open")
    pack = html.unescape(text_of(client_for(bob).get("/d/production/fixes/?owner=all")))
    assert "1 because it is silenced in the code" in pack
    counts = rescan(source, 3).counts
    assert (counts["unchanged"], silencing(), finding().state) == (5, None, "open")


def test_the_ignore_file_goes_and_no_line_has_changed(
    source: Source, repository: Repository
) -> None:
    ignore(repository)
    rescan(source, 0)
    assert silencing() is not None
    ignore(repository, "# nothing any more\n")
    assert rescan(source, 1).counts["unchanged"] == 5
    assert silencing() is None


def test_an_ignore_file_that_makes_no_sense_silences_nothing(
    source: Source, repository: Repository
) -> None:
    ignore(repository, IGNORE.replace("reason", "why"))
    scan = rescan(source, 0)
    assert (scan.counts["new"], silencing()) == (5, None)


def test_what_a_manager_waived_stays_waived_while_it_is_silenced(
    source: Source, repository: Repository, alice: User
) -> None:
    rescan(source, 0)
    finding_waive(
        deployment=source.deployment,
        finding_ids=[finding().pk],
        reason="It goes in March",
        expires_on=MONDAY.date() + timedelta(days=100),
        today=MONDAY.date(),
        now=MONDAY,
        user=alice,
    )
    ignore(repository)
    rescan(source, 1)
    assert (finding().state, silencing() is not None) == ("waived", True)


def test_the_history_says_when_the_code_silenced_it_and_when_it_no_longer_did(
    source: Source, repository: Repository
) -> None:
    rescan(source, 0)
    line = SALES.splitlines()[3]
    repository.commit(dags__sales=SALES.replace(line, f"{line}  # noqa: AIR301"))
    rescan(source, 1)
    # The same comment a line further down silences as before.
    repository.commit(dags__sales="\n" + SALES.replace(line, f"{line}  # noqa: AIR301"))
    rescan(source, 2)
    repository.commit(dags__sales=SALES)
    rescan(source, 3)
    events = finding().events.order_by("pk")
    kinds = [kind for kind in events.values_list("kind", flat=True) if kind != "moved"]
    assert kinds == ["opened", "silenced", "unsilenced"]
    told = [event_sentence(event) for event in events.filter(kind__endswith="silenced")]
    assert told == [
        "The scan of 2 Nov found it silenced, which closes nothing: "
        "Silenced in the code by # noqa: AIR301 at dags/sales.py:4.",
        "The scan of 16 Nov found it no longer silenced.",
    ]


def test_what_is_silenced_from_the_first_scan_on_says_so_once(
    source: Source, repository: Repository
) -> None:
    ignore(repository)
    rescan(source, 0)
    events = Event.objects.count()
    repository.write("dags/empty.py", "")
    repository.commit()
    rescan(source, 1)
    assert Event.objects.count() == events
    assert finding().events.filter(kind="silenced").count() == 1
