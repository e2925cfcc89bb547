"""A finding in a file that DAGs import holds up those DAGs, and is found by any of them."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from planner.models import Deployment, Finding, Scan
from planner.services.rescan import rescan_request, scan_run
from planner.services.source import SourceDraft, source_store
from tests.factories import NOW, make_finding
from tests.views.text import text_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User], Client]
HELPER = "from airflow.utils.dates import days_ago\n\nSTART = days_ago(1)\n"
DAG = """\
from common.dates import START
from airflow import DAG

with DAG("d{number:02}", schedule="@daily", catchup=False, start_date=START):
    pass
"""


@pytest.fixture
def helper(deployment: Deployment, tmp_path: Path) -> Finding:
    """The finding in a module that 91 DAGs import, after a rescan."""
    (tmp_path / "dags/common").mkdir(parents=True)
    (tmp_path / "dags/common/__init__.py").touch()
    (tmp_path / "dags/common/dates.py").write_text(HELPER)
    for number in range(91):
        (tmp_path / f"dags/d{number:02}.py").write_text(DAG.format(number=number))
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="folder", location=str(tmp_path)),
        now=NOW,
    )
    queued = rescan_request(source=source, user=None, cause="button", now=NOW)
    scan = scan_run(scan_id=queued.pk, now=NOW)
    assert scan is not None and scan.state == Scan.State.DONE, scan and scan.error
    return Finding.objects.get(path="dags/common/dates.py", rule_id="AIR301")


def words(client: Client, path: str) -> str:
    return html.unescape(text_of(client.get(f"/d/production/findings/{path}")))


def test_its_page_counts_the_dags_and_names_the_first(
    client_for: ClientFor, erin: User, helper: Finding
) -> None:
    page = words(client_for(erin), f"{helper.pk}/")
    assert "It holds up 91 DAGs: d00 d01" in page
    assert "d19 and 71 more" in page
    assert "d20" not in page


def test_the_list_counts_them_and_each_of_them_finds_it(
    client_for: ClientFor, erin: User, helper: Finding
) -> None:
    client = client_for(erin)
    assert "blocks 91 DAGs d00 and 90 more" in words(client, "?path=dags/common/")
    for dag in ("d00", "d45", "d90"):
        assert "dags/common/dates.py:3" in words(client, f"?dag={dag}")
    assert "dags/common/dates.py" not in words(client, "?dag=d9")


def test_what_blocks_most_dags_comes_first_where_that_is_asked(
    client_for: ClientFor, erin: User, helper: Finding
) -> None:
    assert helper.dag_count == 91
    other = make_finding(helper.first_scan, severity="ERROR", dag_ids=["d00", "d01"])
    listed = words(client_for(erin), "?sort=dags")
    assert listed.index("dags/common/dates.py:3") < listed.index(other.path)


def test_the_count_follows_what_imports_the_file(helper: Finding) -> None:
    folder = Path(helper.source.location)
    for number in range(1, 11):
        (folder / f"dags/d{number:02}.py").unlink()
    queued = rescan_request(source=helper.source, user=None, cause="button", now=NOW)
    scan_run(scan_id=queued.pk, now=NOW)
    helper.refresh_from_db()
    left = [f"d{number:02}" for number in (0, *range(11, 91))]
    assert (helper.dag_ids, helper.dag_count) == ("\n".join(left), 81)
