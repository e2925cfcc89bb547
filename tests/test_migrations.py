"""Migrations keep the rows that are there, and fill what is new from them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps

from tests.factories import make_deployment, make_finding, make_owner, make_scan, make_source

pytestmark = pytest.mark.django_db(transaction=True)


def migrated(name: str) -> StateApps:
    """The database as it is after the migration of this name; its models."""
    executor = MigrationExecutor(connection)
    executor.migrate([("planner", name)])
    return MigrationExecutor(connection).loader.project_state([("planner", name)]).apps


def test_blocked_dags_are_counted_and_the_inactive_keep_a_reason() -> None:
    deployment = make_deployment("kept")
    scan = make_scan(make_source(deployment, "uploads"))
    many = make_finding(scan, dag_ids=["a", "b", "c"])
    one, none = make_finding(scan, dag_ids=["a"]), make_finding(scan)
    gone = make_owner(deployment, "gone", active=False)
    here = make_owner(deployment, "here")
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("planner")[0][1]
    try:
        migrated("0003_helper_modules")
        apps = migrated("0004_ownership")
        counts = dict(apps.get_model("planner", "Finding").objects.values_list("pk", "dag_count"))
        assert counts == {many.pk: 3, one.pk: 1, none.pk: 0}
        causes = apps.get_model("planner", "Owner").objects.values_list("pk", "inactive_cause")
        assert dict(causes) == {gone.pk: "hand", here.pk: ""}
    finally:
        migrated(newest)
