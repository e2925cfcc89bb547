"""Fix packs: what an owner downloads is a patch that git applies, with every left out finding named."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from planner.models import Deployment, Finding, Source
from planner.scanner.scan import scan_folder
from planner.scanner.write import write_report
from planner.services.finding import finding_assign
from planner.services.ingest import apply_scan, receive_report, source_for
from tests.factories import NOW, make_owner
from tests.views.text import text_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User], Client]
SALES = "from airflow import DAG\nwith DAG('sales', schedule_interval='@daily', catchup=False):\n    pass\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    tree = tmp_path / "repository"
    (tree / "dags").mkdir(parents=True)
    for name in ("sales", "orders"):
        (tree / f"dags/{name}.py").write_text(SALES.replace("sales", name))
    return tree


@pytest.fixture
def source(deployment: Deployment, repository: Path) -> Source:
    """A source whose two DAGs were scanned; the findings of sales.py are bob's."""
    report = io.BytesIO()
    write_report(scan_folder(repository), report)
    report.seek(0)
    source = source_for(deployment=deployment, name="dags")
    scan = receive_report(
        source=source,
        stream=report,
        file_name="report.json",
        options={},
        cause="command",
        user=None,
        now=NOW,
    )
    apply_scan(scan_id=scan.pk, now=NOW + timedelta(minutes=1))
    return source


@pytest.fixture
def bobs(source: Source, bob: User) -> list[int]:
    owner = make_owner(source.deployment, bob.email)
    keys = list(Finding.objects.filter(path="dags/sales.py").values_list("pk", flat=True))
    finding_assign(deployment=source.deployment, finding_ids=keys, owner=owner, now=NOW, user=bob)
    return keys


def apply(tree: Path, patch: bytes) -> None:
    command = ["git", "apply", "--verbose", "-"]
    subprocess.run(command, cwd=tree, input=patch, check=True, capture_output=True)


def test_the_patch_of_ones_own_findings_applies_and_touches_no_other_file(
    client_for: ClientFor,
    bob: User,
    deployment: Deployment,
    source: Source,
    bobs: list[int],
    repository: Path,
) -> None:
    client = client_for(bob)
    page = client.get(f"/d/{deployment.slug}/fixes/?unsafe=1")
    assert "findings of yours have an edit to apply now" in text_of(page)
    answer = client.get(f"/d/{deployment.slug}/fixes/{source.pk}.patch?unsafe=1")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    before = (repository / "dags/orders.py").read_text()
    apply(repository, answer.content)
    assert "schedule='@daily'" in (repository / "dags/sales.py").read_text()
    assert (repository / "dags/orders.py").read_text() == before


def test_everybodys_findings_are_one_patch(
    client_for: ClientFor, erin: User, deployment: Deployment, source: Source, repository: Path
) -> None:
    answer = client_for(erin).get(f"/d/{deployment.slug}/fixes/{source.pk}.patch?owner=all")
    apply(repository, answer.content)
    assert "schedule_interval" not in (repository / "dags/orders.py").read_text()


def test_what_is_left_out_is_counted_with_its_reason(
    client_for: ClientFor, bob: User, deployment: Deployment, bobs: list[int]
) -> None:
    Finding.objects.filter(pk=bobs[0]).update(fix="")
    text = text_of(client_for(bob).get(f"/d/{deployment.slug}/fixes/"))
    assert "1 because no edit is known for it" in text


def test_one_findings_patch_is_its_own_edit(
    client_for: ClientFor, bob: User, deployment: Deployment, source: Source, repository: Path
) -> None:
    finding = Finding.objects.get(path="dags/sales.py", rule_id="AIR301")
    client = client_for(bob)
    page = client.get(f"/d/{deployment.slug}/findings/{finding.pk}/")
    assert "Download this patch" in text_of(page) and "Check this file now" in text_of(page)
    answer = client.get(f"/d/{deployment.slug}/findings/{finding.pk}/fix.patch")
    apply(repository, answer.content)
    assert "schedule='@daily'" in (repository / "dags/sales.py").read_text()


def test_nobodys_pack_and_an_unknown_owner_are_said(
    client_for: ClientFor, erin: User, deployment: Deployment, source: Source
) -> None:
    client = client_for(erin)
    page = client.get(f"/d/{deployment.slug}/fixes/")
    assert "No open finding here is yours." in text_of(page)
    assert client.get(f"/d/{deployment.slug}/fixes/{source.pk}.patch").status_code == 404
    assert client.get(f"/d/{deployment.slug}/fixes/?owner=ghost").status_code == 404


def test_people_from_elsewhere_get_nothing(
    client_for: ClientFor, charlie: User, deployment: Deployment, source: Source
) -> None:
    client = client_for(charlie)
    for path in ("fixes/", f"fixes/{source.pk}.patch?owner=all"):
        assert client.get(f"/d/{deployment.slug}/{path}").status_code == 404


def test_the_page_takes_as_many_queries_whatever_the_number_of_findings(
    client_for: ClientFor,
    erin: User,
    deployment: Deployment,
    source: Source,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_for(erin)
    with django_assert_max_num_queries(15):
        client.get(f"/d/{deployment.slug}/fixes/?owner=all")
