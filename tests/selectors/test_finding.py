"""Lists of findings: pages that add up, counts that agree, filters that mean what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Value
from django.db.models.functions import Replace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.models import Deployment, Finding, Scan
from planner.selectors.finding import finding_counts, finding_ids, standing
from planner.selectors.finding_export import finding_documents
from planner.selectors.finding_filter import SORTS, FindingFilter
from planner.selectors.finding_page import finding_page
from planner.selectors.finding_row import finding_rows
from planner.selectors.work import week_end
from tests.factories import (
    NOW,
    TODAY,
    build_finding,
    make_finding,
    make_findings,
    make_mixed_findings,
    make_owner,
    make_scan,
    make_source,
)

EVERYTHING = FindingFilter(state="all", category="all")


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    return make_scan(make_source(deployment, "uploads"))


def every(sort: str) -> FindingFilter:
    return FindingFilter(state="all", category="all", sort=sort)


row = st.fixed_dictionaries(
    {
        "severity": st.sampled_from(["ERROR", "WARNING", "INFO"]),
        "rule_id": st.sampled_from(["AIR301", "AIR302", "Ünknown", "a"]),
        "path": st.sampled_from(["a.py", "A.py", "é/b.py", "b b.py", "a/c.py"]),
        "line": st.sampled_from([None, 0, 1, 2]),
        "due": st.sampled_from([None, TODAY, TODAY + timedelta(days=3)]),
        "first_seen": st.sampled_from([NOW, NOW - timedelta(microseconds=1)]),
        "owner": st.sampled_from([0, 1, 2, 3]),
        "dag_ids": st.sampled_from(["", "a", "b", "a\nb", "a\nb\nc"]),
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(row, max_size=14),
    late_rows=st.lists(row, max_size=4),
    size=st.integers(1, 5),
    sort=st.sampled_from(list(SORTS)),
)
def test_walking_all_pages_meets_every_finding_once_and_in_order(
    deployment: Deployment,
    rows: list[dict[str, object]],
    late_rows: list[dict[str, object]],
    size: int,
    sort: str,
) -> None:
    Finding.objects.all().delete()
    scan = make_scan(make_source(deployment))
    owners = [
        None,
        *(
            make_owner(deployment, f"o{scan.pk}-{n}", name=name)
            for n, name in enumerate(["Zoë", "ana", ""])
        ),
    ]
    stored = store(scan, rows, owners)
    met: list[int] = []
    cursor, first = "", True
    while first or cursor:
        page = finding_page(deployment, every(sort), today=TODAY, cursor=cursor, size=size)
        met += [finding.pk for finding in page.rows]
        cursor = page.next
        if first:
            # Others add findings while someone reads.
            store(scan, late_rows, owners)
        first = False
    in_order = [
        finding.pk for finding in finding_page(deployment, every(sort), today=TODAY, size=1000).rows
    ]
    assert len(met) == len(set(met))
    assert set(stored) <= set(met)
    assert met == [pk for pk in in_order if pk in set(met)]


def store(scan: Scan, rows: list[dict[str, object]], owners: list[object]) -> list[int]:
    made = Finding.objects.bulk_create(
        build_finding(scan, **{**values, "owner": owners[values["owner"]]})  # type: ignore[index]
        for values in rows
    )
    return [finding.pk for finding in made]


def test_a_cursor_of_another_order_is_not_a_place(deployment: Deployment, scan: Scan) -> None:
    make_findings(scan, 3)
    cursor = finding_page(deployment, every("age"), today=TODAY, size=1).next
    assert finding_page(deployment, every("due"), today=TODAY, cursor=cursor).bad_cursor
    assert not finding_page(deployment, every("age"), today=TODAY, cursor=cursor).bad_cursor


def test_a_changed_cursor_is_not_a_place(deployment: Deployment, scan: Scan) -> None:
    make_findings(scan, 3)
    cursor = finding_page(deployment, EVERYTHING, today=TODAY, size=1).next
    for bad in (cursor[:-1], cursor + "x", "x" * 5000):
        assert finding_page(deployment, EVERYTHING, today=TODAY, cursor=bad).bad_cursor


def test_counts_agree_with_the_list_and_ignore_their_own_box(
    deployment: Deployment, scan: Scan
) -> None:
    make_mixed_findings(scan, 50)
    make_finding(scan, state="fixed")
    make_finding(scan, regressed=True)
    filters = FindingFilter(severities=("ERROR",), rule="AIR301")
    counts = finding_counts(deployment, filters, today=TODAY)
    assert counts.shown == len(finding_ids(deployment, filters, today=TODAY)) == 11
    assert counts.by_severity == {"ERROR": 11}
    assert counts.by_rule == {"AIR301": 11}
    without_rule = finding_counts(deployment, FindingFilter(), today=TODAY)
    assert without_rule.by_severity == {"ERROR": 11, "WARNING": 20, "INFO": 10}
    assert "AIR001" not in without_rule.by_rule


def test_style_is_counted_apart_until_it_is_asked_for(deployment: Deployment, scan: Scan) -> None:
    make_mixed_findings(scan, 50)
    numbers = standing(deployment, today=TODAY)
    assert (numbers.open, numbers.style, numbers.blocking) == (40, 10, 10)
    for filters, expected in [
        (FindingFilter(), 40),
        (FindingFilter(category="style"), 10),
        (FindingFilter(category="all"), 50),
        (FindingFilter(rule="AIR001"), 10),
    ]:
        assert finding_counts(deployment, filters, today=TODAY).shown == expected


def test_late_and_this_week_share_no_day(deployment: Deployment, scan: Scan) -> None:
    sunday = week_end(TODAY)
    assert sunday.weekday() == 6
    for due in (TODAY - timedelta(days=1), TODAY, sunday, sunday + timedelta(days=1), None):
        make_finding(scan, due=due)
    numbers = standing(deployment, today=TODAY)
    assert (numbers.late, numbers.this_week) == (1, 2)
    for due, expected in [("late", 1), ("week", 2), ("none", 1), ("", 5)]:
        assert len(finding_ids(deployment, FindingFilter(due=due), today=TODAY)) == expected


def test_when_it_can_be_fixed_is_what_the_page_of_each_says(
    deployment: Deployment, scan: Scan
) -> None:
    said = {"applicability": "safe", "edits": [], "diff": "@@ -1 +1 @@\n-a\n+b\n"}
    for symbol in ("", "airflow.datasets.Dataset", "airflow.datasets.manager.X", "airflow.DAG"):
        for rule in ("AIR301", "AIR302", "AIR311", "AIR312", "AF3-SUBDAG", "not a rule"):
            make_finding(scan, rule_id=rule, symbol=symbol)
    for when in ("now", "shim", "provider", "after", "nonsense"):
        make_finding(scan, rule_id="AIR311", fix=said | {"when": when})
    Finding.objects.exclude(fix="").update(fix=Replace("fix", Value('": '), Value('":')))
    rows = finding_rows(Finding.objects.all(), today=TODAY)
    assert {row.when for row in rows} >= {"now", "shim", "provider", "after"}
    for when in ("now", "shim", "provider", "after"):
        found = finding_ids(deployment, FindingFilter(when=when), today=TODAY)
        assert found == sorted(row.finding.pk for row in rows if row.when == when), when


def test_words_are_all_looked_for_and_wildcards_mean_themselves(
    deployment: Deployment, scan: Scan
) -> None:
    make_finding(scan, path="dags/100%_sure.py", message="x")
    make_finding(scan, path="dags/other.py", message="x")
    for text, expected in [("OTHER dags", 1), ("100%_", 1), ("%", 1), ("dags/ zzz", 0)]:
        assert len(finding_ids(deployment, FindingFilter(text=text), today=TODAY)) == expected


def test_documents_come_in_the_lists_order(deployment: Deployment, scan: Scan) -> None:
    make_mixed_findings(scan, 4_100)
    documents = list(finding_documents(deployment, every("path"), today=TODAY, history=False))
    assert len({document["id"] for document in documents}) == 4_100
    paths = [document["file"] for document in documents]
    assert paths == sorted(paths)
