"""A receipt says plainly what the scan could not check, what it passed over, and what ran."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from planner.models import Deployment, Scan
from planner.selectors.scan_coverage import scan_coverage
from planner.services.rescan import rescan_request, scan_run
from planner.services.scan import scan_receive
from planner.services.source import SourceDraft, source_store
from tests.factories import NOW
from tests.repository import SALES, Repository
from tests.views.text import text_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User], Client]


def rescanned(deployment: Deployment, folder: Path) -> Scan:
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="folder", location=str(folder)),
        now=NOW,
    )
    queued = rescan_request(source=source, user=None, cause="button", now=NOW)
    scan = scan_run(scan_id=queued.pk, now=NOW)
    assert scan is not None and scan.state == Scan.State.DONE, scan and scan.error
    return scan


def page_of(client: Client, scan: Scan) -> str:
    return html.unescape(text_of(client.get(f"/d/production/scans/{scan.pk}/")))


def test_what_could_not_be_checked_is_said_first_with_its_reasons(
    client_for: ClientFor, erin: User, deployment: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "dags/node_modules").mkdir(parents=True)
    (tmp_path / "dags/broken.py").write_text("def broken(:\n")
    (tmp_path / "dags/old.py").write_text("print 'airflow'\n")
    (tmp_path / "dags/latin.py").write_bytes("# airflow é\n".encode("latin-1"))
    (tmp_path / "dags/sales.py").write_text(SALES)
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.8.0\n")
    (tmp_path / "dags/link.py").symlink_to(tmp_path / "dags/sales.py")
    scan = rescanned(deployment, tmp_path)
    assert scan.coverage["gaps"] == {"syntax error": 1, "Python 2": 1, "not UTF-8": 1}
    assert scan.coverage["passed_over"] == {
        "a folder of tools": 1,
        "a symbolic link, not followed": 1,
    }
    page = page_of(client_for(erin), scan)
    said = page.index("This scan could not check everything.")
    assert said < page.index("What changed")
    assert "3 places were not checked (Python 2: 1; not UTF-8: 1; syntax error: 1)." in page
    assert "dags/old.py Python 2" in page
    assert "Passed over: 2 A folder of tools: 1. A symbolic link, not followed: 1." in page
    assert "dags/link.py a symbolic link, not followed: leads to dags/sales.py" in page
    assert "upgradecheck 0.1.0 with ruff 0.17.6" in page
    assert "rated for Airflow 3.1, coming from 2.9.3" in page, "the deployment's own facts count"
    assert "requirements.txt:1 says" not in page
    assert "AF3-IMPORT-GONE" in page[page.index("Rules that were run") :]
    listed = html.unescape(text_of(client_for(erin).get("/d/production/scans/")))
    assert "could not check everything" in listed


def test_a_clean_scan_says_nothing_of_gaps(
    client_for: ClientFor, erin: User, deployment: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "sales.py").write_text(SALES)
    page = page_of(client_for(erin), rescanned(deployment, tmp_path))
    assert "could not check everything" not in page
    assert "Silenced in the code" not in page


def test_what_is_silenced_is_counted_and_one_click_away(
    client_for: ClientFor, erin: User, deployment: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "sales.py").write_text(SALES.replace("\n\nwith", "  # noqa\n\nwith"))
    scan = rescanned(deployment, tmp_path)
    assert scan.counts["silenced"] == 0
    (tmp_path / "sales.py").write_text(SALES.replace("}):\n", "}):  # noqa: AIR301\n"))
    queued = rescan_request(source=scan.source, user=None, cause="button", now=NOW)
    again = scan_run(scan_id=queued.pk, now=NOW)
    assert again is not None and again.counts["silenced"] == 1
    client = client_for(erin)
    assert "Silenced in the code 1 by comments and the ignore file" in page_of(client, again)
    listed = html.unescape(text_of(client.get("/d/production/findings/?silenced=yes")))
    assert "Showing 1 that match" in listed


def test_many_are_cut_with_a_count_and_hostile_words_only_shown(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    skipped = [
        {"path": f"<b>dags/{number}.py", "reason": "too large", "detail": "", "gap": True}
        for number in range(1000)
    ]
    document = {
        "coverage": {
            "files": ["dags/read.py"],
            "rules": ["AIR301", "../x", "<i>"],
            "complete": True,
            "skipped": skipped,
        },
        "findings": [],
    }
    scan = scan_receive(
        deployment=deployment,
        source_name="",
        stream=SimpleUploadedFile("report.json", json.dumps(document).encode()),
        file_name="report.json",
        options={},
        cause="api",
        user=None,
        now=NOW,
    )
    done = scan_run(scan_id=scan.pk, now=NOW)
    assert done is not None and done.state == Scan.State.DONE, done and done.error
    assert len(done.coverage["not_checked"]) == 200
    answer = client_for(erin).get(f"/d/production/scans/{done.pk}/")
    assert b"<b>dags" not in answer.content and b"<i>" not in answer.content
    page = text_of(answer)
    assert "1,000 places were not checked (too large: 1,000)." in page
    assert "and 950 more" in page


def test_a_receipt_names_the_pin_that_told_the_version_of_today() -> None:
    flags = ["target=3.3", "current=2.9.3", "current-from=requirements.txt:3"]
    scan = Scan(tool="upgradecheck", tool_version="0.1.0", coverage={"flags": flags})
    asked = scan_coverage(scan).asked
    assert asked == "rated for Airflow 3.3, coming from 2.9.3, as requirements.txt:3 says"


def test_a_shallow_checkout_says_that_it_does_not_know_who_changed_files_last(
    client_for: ClientFor, erin: User, deployment: Deployment, tmp_path: Path
) -> None:
    whole = Repository(tmp_path / "whole")
    whole.commit(dags__a=SALES)
    whole.commit(dags__b=SALES)
    shallow = tmp_path / "shallow"
    whole.git("clone", "--quiet", "--depth=1", f"file://{whole.folder}", str(shallow))
    page = page_of(client_for(erin), rescanned(deployment, shallow))
    assert "Last changes not all known The history is cut off" in page
    assert "known for 0 of 2 files with findings. A whole checkout (fetch-depth: 0)" in page
