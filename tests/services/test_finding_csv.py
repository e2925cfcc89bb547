"""The CSV round trip: out, changed in a spreadsheet, previewed, in."""

from __future__ import annotations

import csv
import io
import time
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.domain.note import clean_note
from planner.models import Deployment, Event, Finding, Owner, Scan
from planner.rendering.csv_text import BYTE_ORDER_MARK, csv_file
from planner.rendering.finding_csv import COLUMNS
from planner.selectors.finding_export import finding_csv_rows
from planner.selectors.finding_filter import FindingFilter
from planner.services.finding_csv import import_apply, import_preview
from planner.services.finding_log import Outcome
from tests.factories import (
    NOW,
    TODAY,
    make_deployment,
    make_finding,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)

EVERYTHING = FindingFilter(state="all", category="all")


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"))


def export(deployment: Deployment) -> str:
    rows = finding_csv_rows(deployment, EVERYTHING, today=TODAY)
    return "".join(csv_file(COLUMNS, rows))


def apply(deployment: Deployment, content: str, user: User, create: bool = False) -> Outcome:
    return import_apply(
        deployment=deployment,
        content=content.encode(),
        create_owners=create,
        now=NOW,
        user=user,
    )


def test_what_was_exported_changes_nothing_when_it_comes_back(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    make_mixed_findings(scan, 40, [make_owner(deployment, "ana"), None])
    preview = import_preview(deployment=deployment, content=export(deployment).encode())
    assert (preview.changes, preview.problems, preview.unchanged) == ([], [], 40)


HOSTILE = st.text(
    st.sampled_from("=+-@'\t\r\n\",; aé") | st.characters(exclude_categories=["Cs"]), max_size=30
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(note=HOSTILE, message=HOSTILE, dag=HOSTILE)
def test_hostile_text_survives_the_round_trip(
    deployment: Deployment, note: str, message: str, dag: str
) -> None:
    Finding.objects.all().delete()
    scan = make_scan(make_source(deployment))
    clean = [text.replace("\0", "") for text in (message, dag)]
    make_finding(scan, note=clean_note(note), message=clean[0], dag_ids=clean[1])
    text = export(deployment)
    preview = import_preview(deployment=deployment, content=text.encode())
    assert (preview.changes, preview.problems) == ([], [])
    for row in csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_a_preview_tells_before_and_after_and_writes_nothing(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    make_owner(deployment, "ana")
    finding = make_finding(scan, due=TODAY)
    content = f"id,owner,due,note\n{finding.pk},ana,2026-11-01,see #4\n"
    (change,) = import_preview(deployment=deployment, content=content.encode()).changes
    assert change.owner == ("", "ana")
    assert change.due == (TODAY, date(2026, 11, 1))
    assert change.note == ("", "see #4")
    assert Event.objects.filter(finding=finding).count() == 1
    assert apply(deployment, content, alice) == Outcome(1, 0)
    finding.refresh_from_db()
    assert (finding.owner_picked, finding.due_picked, finding.note) == (True, True, "see #4")
    assert finding.events.count() == 4


def test_a_path_speaks_of_every_live_finding_in_the_file(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    make_owner(deployment, "ana")
    here = [make_finding(scan, path="dags/a.py") for _ in range(2)]
    make_finding(scan, path="dags/a.py", state="fixed")
    make_finding(scan, path="dags/b.py")
    assert apply(deployment, "path,owner\ndags/a.py,ana\n", alice) == Outcome(2, 0)
    assert set(Finding.objects.filter(owner__key="ana")) == set(here)


def test_an_unknown_owner_is_made_only_when_confirmed(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    content = f"id,owner,note\n{finding.pk},Zoë Ruiz,hers\n"
    preview = import_preview(deployment=deployment, content=content.encode())
    assert preview.new_owners == {"zoë ruiz": "Zoë Ruiz"}
    apply(deployment, content, alice)
    finding.refresh_from_db()
    assert (finding.owner, finding.note, Owner.objects.count()) == (None, "hers", 0)
    apply(deployment, content, alice, create=True)
    finding.refresh_from_db()
    assert finding.owner is not None
    assert finding.owner.name == "Zoë Ruiz"


def test_an_alias_names_its_owner(deployment: Deployment, alice: User, scan: Scan) -> None:
    ana = make_owner(deployment, "ana", aliases=["ana@example.com"])
    finding = make_finding(scan)
    apply(deployment, f"id,owner\n{finding.pk},ANA@example.com\n", alice)
    finding.refresh_from_db()
    assert finding.owner == ana


def test_lines_that_cannot_be_followed_are_told(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    make_owner(deployment, "gone", active=False, name="Gone")
    make_owner(deployment, "ana")
    theirs = make_finding(make_scan(make_source(make_deployment("elsewhere"))))
    finding = make_finding(scan)
    content = (
        "finding,owner\n"
        f"{theirs.pk},ana\n"
        "dags/none.py,ana\n"
        f"{finding.pk},gone\n"
        f"{finding.pk},ana\n"
        f"{finding.path},ana\n"
    )
    preview = import_preview(deployment=deployment, content=content.encode())
    assert [(problem.line, problem.sentence) for problem in preview.problems] == [
        (2, f"This deployment has no finding {theirs.pk}."),
        (3, "No live finding lies in dags/none.py."),
        (4, "Gone no longer takes findings."),
        (5, f"Finding {finding.pk} is in line 4 already; this line is left out."),
        (6, f"Finding {finding.pk} is in line 4 already; this line is left out."),
    ]
    assert preview.changes == []


def test_ten_thousand_rows_go_out_and_in(
    deployment: Deployment, alice: User, scan: Scan, django_assert_max_num_queries: object
) -> None:
    ana = make_owner(deployment, "ana")
    make_mixed_findings(scan, 10_000)
    began = time.process_time()
    text = export(deployment)
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        content = "id,owner,due,note\n" + "".join(
            f"{pk},ana,{TODAY + timedelta(days=400)},n{pk}\n"
            for pk in Finding.objects.values_list("pk", flat=True)
        )
        assert apply(deployment, content, alice) == Outcome(10_000, 0)
    assert text.count("\n") == 10_001
    assert ana.findings.count() == 10_000
    assert time.process_time() - began < 30
