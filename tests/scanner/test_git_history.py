"""What git tells of the commits since the last scan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planner.domain.commits import FileEdit, Hunk
from planner.scanner import git_history
from planner.scanner.from_git import scan_git
from planner.scanner.git import fetch, repository_at
from planner.scanner.git_history import commits_since
from planner.scanner.write import write_report
from tests.parsers.reading import read_file
from tests.repository import SALES, Repository, first_state


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    return first_state(tmp_path / "upstream")


def since(upstream: Repository, start: str, tmp_path: Path) -> git_history.CommitsSince:
    copy = repository_at(str(upstream.folder), cache_dir=tmp_path / "clones")
    return commits_since(copy, start, fetch(copy, "main"))


def fetched(upstream: Repository, tmp_path: Path) -> str:
    return fetch(repository_at(str(upstream.folder), cache_dir=tmp_path / "clones"), "main")


def test_commits_tell_who_when_and_which_lines(upstream: Repository, tmp_path: Path) -> None:
    start = fetched(upstream, tmp_path)
    fixed = SALES.replace("bash_operator", "bash").replace("schedule_interval", "schedule")
    upstream.commit(dags__sales=fixed)
    upstream.rename("dags/billing.py", "dags/bills.py")
    last = upstream.commit()
    found = since(upstream, start, tmp_path)
    assert found.since == start
    first, second = found.commits
    assert (first.author, first.subject, second.sha) == ("Test", "change", last)
    assert first.edits == (
        FileEdit(
            "dags/sales.py",
            "dags/sales.py",
            (Hunk(2, 1, 1), Hunk(4, 1, 1)),
            ("from airflow.operators.bash_operator import BashOperator",),
        ),
    )
    assert second.edits == (FileEdit("dags/billing.py", "dags/bills.py", ()),)


def test_a_deleted_and_a_new_file(upstream: Repository, tmp_path: Path) -> None:
    start = fetched(upstream, tmp_path)
    upstream.remove("dags/billing.py")
    upstream.commit(dags__new="x = 1\n--- a/no header\n")
    (only,) = since(upstream, start, tmp_path).commits
    assert {(edit.was, edit.now) for edit in only.edits} == {
        ("dags/billing.py", ""),
        ("", "dags/new.py"),
    }


def test_a_merge_counts_as_one_and_says_what_was_merged(
    upstream: Repository, tmp_path: Path
) -> None:
    start = fetched(upstream, tmp_path)
    upstream.git("checkout", "--quiet", "-b", "side")
    upstream.commit(dags__sales=SALES + "# one\n")
    upstream.commit(dags__sales=SALES + "# two\n")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit(dags__other="x = 1\n")
    message = ("-m", "Merge pull request #12 from ada/side", "-m", "Move to TaskGroup")
    upstream.git("merge", "--quiet", "--no-ff", *message, "side")
    found = since(upstream, start, tmp_path).commits
    assert [commit.subject for commit in found] == ["change", "Move to TaskGroup (#12)"]
    assert [edit.was for edit in found[1].edits] == ["dags/sales.py"]


def test_a_rewritten_branch_tells_nothing(upstream: Repository, tmp_path: Path) -> None:
    start = fetched(upstream, tmp_path)
    upstream.git("commit", "--quiet", "--amend", "--allow-empty", "--message", "again")
    upstream.commit(dags__sales="x = 1\n")
    assert not since(upstream, start, tmp_path).commits
    assert not since(upstream, "--output=/tmp/x", tmp_path).commits


@pytest.mark.parametrize(("name", "most"), [("MOST_COMMITS", 1), ("MOST_BYTES", 300)])
def test_too_much_tells_nothing(
    upstream: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    start = fetched(upstream, tmp_path)
    upstream.commit(dags__sales="x = 1\n")
    upstream.commit(dags__sales="x = 2\n")
    assert len(since(upstream, start, tmp_path).commits) == 2
    monkeypatch.setattr(git_history, name, most)
    assert not since(upstream, start, tmp_path).commits


def test_hostile_names_and_messages(upstream: Repository, tmp_path: Path) -> None:
    start = fetched(upstream, tmp_path)
    upstream.write("dags/ta\tb.py", "x = 1\n")
    upstream.write("dags/with space ä.py", "x = 1\n")
    (upstream.folder / os.fsdecode(b"dags/\xff.py")).write_text("x = 1\n")
    upstream.git("add", "--all")
    message = "one\n\ndiff --git a/x b/x\n@@ -1 +1 @@\n\x02"
    upstream.git("commit", "--quiet", "--message", message)
    upstream.commit(dags__sales="x = 2\n")
    first, second = since(upstream, start, tmp_path).commits
    assert [edit.now for edit in first.edits] == ["dags/with space ä.py"]
    assert (first.subject, len(second.edits)) == ("one", 1)


def test_a_scan_writes_it_and_it_is_read_back(upstream: Repository, tmp_path: Path) -> None:
    start = fetched(upstream, tmp_path)
    upstream.commit(dags__sales=SALES.replace("bash_operator", "bash"))
    result = scan_git(
        str(upstream.folder), branch="main", since_commit=start, cache_dir=tmp_path / "clones"
    )
    file = tmp_path / "report.json"
    with file.open("wb") as stream:
        write_report(result, stream)
    report, _ = read_file(file)
    assert report.commits == result.commits
    assert report.commits.since == start
