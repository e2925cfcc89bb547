"""Findings counted in the database come out as the rulebook would count them one by one."""

from datetime import timedelta

import pytest

from planner.domain.finding import Category, Severity, State
from planner.domain.rating import family_of
from planner.models import Finding
from planner.rulebook.load import rulebook
from planner.selectors.tally import counts_by_deployment, in_family
from tests.factories import (
    TODAY,
    make_deployment,
    make_finding,
    make_findings,
    make_owner,
    make_scan,
    make_source,
)

pytestmark = pytest.mark.django_db
SYMBOLS = [
    ("AIR301", "airflow.operators.subdag.SubDagOperator"),
    ("AIR301", "airflow.operators.subdagnot.Other"),
    ("AIR301", "schedule_interval"),
    ("AIR301", "airflow.contrib.hooks.x"),
    ("AIR301", "airflow.api.common.trigger"),
    ("AIR301", ""),
    ("AIR311", "airflow.datasets.Dataset"),
    ("AIR312", "airflow.operators.bash.BashOperator"),
    ("AF3-SUBDAG", ""),
    ("AF3-XCOM-BACKEND", ""),
    ("NobodyKnowsThisRule", "airflow.datasets.Dataset"),
]


def counts_of(deployment):
    found = counts_by_deployment([deployment.pk], today=TODAY, rulebook=rulebook())
    return found[deployment.pk]


def test_families_are_those_of_the_rulebook():
    deployment = make_deployment()
    scan = make_scan(make_source(deployment))
    for rule_id, symbol in SYMBOLS:
        make_finding(scan, rule_id=rule_id, symbol=symbol)
    counts = counts_of(deployment)
    counted = {}
    for row in counts:
        key = (row.rule_id, row.family)
        counted[key] = counted.get(key, 0) + row.number
    expected = {}
    for rule_id, symbol in SYMBOLS:
        key = (rule_id, family_of(rule_id, symbol, rulebook()))
        expected[key] = expected.get(key, 0) + 1
    assert counted == expected
    for family in {family for _, family in expected} - {"other"}:
        found = in_family(family, rulebook()).filter(deployment=deployment)
        assert sorted(found.values_list("rule_id", "symbol")) == sorted(
            (rule_id, symbol)
            for rule_id, symbol in SYMBOLS
            if family_of(rule_id, symbol, rulebook()) == family
        )


def test_names_of_one_family_are_one_tally_and_few_queries_find_them(django_assert_num_queries):
    deployment = make_deployment()
    scan = make_scan(make_source(deployment))
    priya = make_owner(deployment, "priya", name="Priya Nair")
    for number in range(30):
        symbol = f"airflow.datasets.Name{number}"
        make_finding(scan, rule_id="AIR311", symbol=symbol, owner=priya, minutes=2)
    with django_assert_num_queries(2):
        (tally,) = counts_of(deployment)
    assert (tally.number, tally.minutes, tally.owner, tally.owner_key) == (
        30,
        60,
        "Priya Nair",
        "priya",
    )


def test_states_owners_dates_and_lateness_are_counted_apart():
    deployment = make_deployment()
    scan = make_scan(make_source(deployment))
    priya = make_owner(deployment, "priya", name="Priya Nair")
    make_findings(scan, 3, owner=priya, due=TODAY - timedelta(days=1))
    make_findings(scan, 2, owner=priya, due=TODAY + timedelta(days=7), regressed=True)
    make_findings(scan, 4)
    make_findings(scan, 5, state=State.WAIVED, due=TODAY - timedelta(days=1))
    make_findings(scan, 6, state=State.FIXED)
    make_findings(scan, 7, state=State.REMOVED)
    make_findings(scan, 8, severity=Severity.INFO, category=Category.STYLE)
    counts = counts_of(deployment)
    planned = counts.planned
    assert (counts.number, planned.number) == (35, 27)
    assert (planned.active.number, planned.closed, planned.waived) == (9, 13, 5)
    assert (planned.active.owned, planned.active.owned_and_dated) == (5, 5)
    assert (planned.late, planned.soon, planned.regressed) == (3, 2, 2)
    assert planned.owners() == (("Priya Nair", 5), ("", 4))
    assert planned.minutes == 9 * 15


def test_several_deployments_are_counted_in_one_query(django_assert_num_queries):
    sources = [make_source(make_deployment()) for _ in range(3)]
    for number, source in enumerate(sources, start=1):
        make_findings(make_scan(source), number)
    ids = [source.deployment_id for source in sources]
    with django_assert_num_queries(1):
        found = counts_by_deployment([*ids, 999], today=TODAY, rulebook=rulebook())
    assert [found[pk].number for pk in [*ids, 999]] == [1, 2, 3, 0]
    assert Finding.objects.count() == 6
