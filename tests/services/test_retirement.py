"""A DAG that is retired: scans wait until its day, and close its findings when it is gone."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from planner.models import Deployment, Finding, Retirement, Scan
from planner.scanner.scan import scan_folder
from planner.scanner.write import write_report
from planner.selectors.finding import event_sentence
from planner.selectors.retirement import retirement_preview, retirements_running
from planner.services.finding import finding_claim, finding_unclaim
from planner.services.finding_log import FindingError, Outcome
from planner.services.ingest import apply_scan, receive_report, source_for
from planner.services.retirement import dag_keep, dag_retire
from tests.factories import NOW, TODAY

GONE_BY = TODAY + timedelta(days=28)
OLD = "from airflow import DAG\nDAG('old', schedule_interval='@daily', catchup=False)\n"
TWO = OLD.replace("'old'", "'one'") + "DAG('two', schedule_interval='@daily', catchup=False)\n"

ScanAt = Callable[[datetime], Scan]


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "old.py").write_text(OLD)
    (folder / "two.py").write_text(TWO)
    return folder


@pytest.fixture
def scan_at(deployment: Deployment, dags: Path) -> ScanAt:
    """Scan the folder as it is now, on a day; held scans are let through."""

    def send(now: datetime) -> Scan:
        (dags / "stamp.py").write_text(f"STAMP = '{now}'\n")
        stream = io.BytesIO()
        write_report(scan_folder(dags.parent), stream)
        stream.seek(0)
        scan = receive_report(
            source=source_for(deployment=deployment),
            stream=stream,
            file_name="report.json",
            options={"confirm": True},
            cause="command",
            user=None,
            now=now,
        )
        return apply_scan(scan_id=scan.pk, now=now)

    return send


def retire(
    deployment: Deployment, by: User, dag_id: str = "old", *, gone_by: date = GONE_BY
) -> Outcome:
    going = retirement_preview(deployment, dag_id, owner_ids=None).going
    return dag_retire(
        deployment=deployment,
        dag_id=dag_id,
        finding_ids=[finding.pk for finding in going],
        reason="nobody reads it",
        link="https://github.com/team/dags/pull/9",
        gone_by=gone_by,
        today=TODAY,
        now=NOW,
        user=by,
    )


def states(path: str) -> set[str]:
    return set(Finding.objects.filter(path=path).values_list("state", flat=True))


def test_scans_wait_until_its_day_and_then_say_that_it_was_to_be_gone(
    deployment: Deployment, bob: User, scan_at: ScanAt, dags: Path
) -> None:
    scan_at(NOW)
    assert retire(deployment, bob).changed == Finding.objects.filter(path="dags/old.py").count()
    (dags / "old.py").write_text(f"# moved a line down\n{OLD}")
    waiting = scan_at(NOW + timedelta(days=27))
    assert waiting.counts["contradicted"] == 0
    assert states("dags/old.py") == {"claimed"}
    assert states("dags/two.py") == {"open"}
    (running,) = retirements_running([deployment], today=GONE_BY)
    assert (running.retirement.dag_id, running.is_late) == ("old", False)
    scan_at(NOW + timedelta(days=29))
    assert states("dags/old.py") == {"open"}
    finding = Finding.objects.filter(path="dags/old.py").first()
    assert finding is not None
    told = [event_sentence(event) for event in finding.events.order_by("pk")]
    assert told[1] == (
        "Bob retires the DAG old, which is to be gone by 18 Nov 2026: nobody reads it."
    )
    assert "the DAG old was to be gone by 18 Nov 2026, but this scan still sees it" in told[-1]
    assert retirements_running([deployment], today=TODAY) == []


def test_a_scan_that_no_longer_sees_the_file_closes_them_as_removed(
    deployment: Deployment, bob: User, scan_at: ScanAt, dags: Path
) -> None:
    scan_at(NOW)
    retire(deployment, bob)
    (dags / "old.py").unlink()
    scan_at(NOW + timedelta(days=7))
    assert states("dags/old.py") == {"removed"}
    assert states("dags/two.py") == {"open"}
    assert retirements_running([deployment], today=TODAY) == []


def test_what_it_shares_with_others_stays_and_says_why(
    deployment: Deployment, bob: User, scan_at: ScanAt, dags: Path
) -> None:
    (dags / "helper.py").write_text(
        "from airflow.models import DAG as D\nX = D('x').get_run_dates\n"
    )
    (dags / "old.py").write_text(f"from dags.helper import X\n{OLD}")
    scan_at(NOW)
    shared = retirement_preview(deployment, "one", owner_ids=None)
    assert shared.going == []
    assert [(why, files) for why, _count, files in shared.stays] == [
        ("its file defines other DAGs too", ["dags/two.py"])
    ]
    nobodys = retirement_preview(deployment, "old", owner_ids=[])
    assert nobodys.going == []
    assert "it belongs to somebody else" in [why for why, *_ in nobodys.stays]


def test_a_helper_outlives_the_dag_that_imports_it(
    deployment: Deployment, bob: User, scan_at: ScanAt
) -> None:
    scan_at(NOW)
    source = source_for(deployment=deployment)
    source.helper_modules.create(path="dags/helper.py", used_by=["dags/old.py"])
    Finding.objects.filter(path="dags/two.py").update(path="dags/helper.py", dag_ids="old")
    preview = retirement_preview(deployment, "old", owner_ids=None)
    assert preview.files == ["dags/old.py"]
    assert preview.stays[0][0] == "its file is imported by the DAG and stays when the DAG goes"


def test_a_dag_that_stays_after_all_is_work_again(
    deployment: Deployment, bob: User, scan_at: ScanAt
) -> None:
    scan_at(NOW)
    claimed = retire(deployment, bob).changed
    retire(deployment, bob, gone_by=GONE_BY + timedelta(days=9))
    retirement = Retirement.objects.get()
    assert retirement.gone_by == GONE_BY + timedelta(days=9)
    assert dag_keep(retirement=retirement, now=NOW, user=bob) == Outcome(claimed, 0)
    assert states("dags/old.py") == {"open"}
    finding = Finding.objects.filter(path="dags/old.py").first()
    assert finding is not None
    last = finding.events.last()
    assert last is not None
    assert event_sentence(last) == "Bob took the claim back: the DAG old stays after all."
    retire(deployment, bob)
    assert Retirement.objects.filter(ended_at=None).count() == 1


def test_a_claim_of_its_own_is_judged_by_the_next_scan(
    deployment: Deployment, bob: User, scan_at: ScanAt
) -> None:
    scan_at(NOW)
    retire(deployment, bob)
    ids = list(Finding.objects.filter(path="dags/old.py").values_list("pk", flat=True))
    finding_unclaim(deployment=deployment, finding_ids=ids, now=NOW, user=bob)
    finding_claim(deployment=deployment, finding_ids=ids, now=NOW, user=bob)
    scan_at(NOW + timedelta(days=1))
    assert states("dags/old.py") == {"open"}


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"gone_by": TODAY}, "gone_by"),
        ({"gone_by": TODAY + timedelta(days=367)}, "gone_by"),
        ({"link": "javascript:x"}, "link"),
    ],
)
def test_a_retirement_needs_a_reason_and_a_day_within_a_year(
    deployment: Deployment, bob: User, words: dict[str, object], field: str
) -> None:
    values = {"reason": "r", "link": "", "gone_by": GONE_BY, **words}
    with pytest.raises(FindingError) as refusal:
        dag_retire(
            deployment=deployment,
            dag_id="old",
            finding_ids=[],
            today=TODAY,
            now=NOW,
            user=bob,
            **values,  # type: ignore[arg-type]
        )
    assert refusal.value.field == field
    assert Retirement.objects.count() == 0
