"""The command ``rescan --dry-run``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from planner.models import Deployment, Finding, Scan
from planner.services.source import SourceDraft, source_store
from tests.repository import changed_state, first_state
from tests.worker import manage


def test_a_dry_run_scans_and_keeps_nothing(
    deployment: Deployment, process_environment: dict[str, str], tmp_path: Path
) -> None:
    repository = first_state(tmp_path / "repository")
    source = source_store(
        deployment=deployment,
        draft=SourceDraft(name="dags", kind="git", location=str(repository.folder)),
        now=datetime.now(UTC),
    )
    rescan = ("rescan", "--deployment", "production")
    assert manage(process_environment, *rescan).returncode == 0
    changed_state(repository)
    told = manage(process_environment, *rescan, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("dags: would be done\nIt would open ")
    assert "Would close as fixed: 1\n  dags/sales.py:4 AIR301 (" in told.stdout
    assert "fixed in" in told.stdout
    (answer,) = json.loads(manage(process_environment, *rescan, "--dry-run", "--json").stdout)
    assert answer["lists"]["fixed"]["count"] == 1
    assert Scan.objects.count() == 1
    assert Finding.objects.filter(state="open").count() == 5
    source.branch = "gone"
    source.save()
    refused = manage(process_environment, *rescan, "--dry-run")
    assert refused.returncode == 2 and "has no such branch" in refused.stderr
    nowhere = manage(process_environment, "rescan", "--dry-run")
    assert nowhere.returncode == 2 and "--dry-run needs --deployment" in nowhere.stderr
