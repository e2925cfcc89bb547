"""Who changed files last, told by real histories that the tests make."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from planner.parsers.report import open_report
from planner.scanner import last_change
from planner.scanner.cache import Cache
from planner.scanner.from_git import scan_git
from planner.scanner.last_change import with_last_changes
from planner.scanner.result import ScanResult
from planner.scanner.scan import scan_folder
from planner.scanner.write import write_report
from tests.repository import SALES, Repository

ANA = "Ana Lima <ana@example.com>"
BEA = "Bea Roth <bea@example.com>"


class Team(Repository):
    """A repository to which several people commit."""

    def by(self, author: str, *paths: str, day: str = "2026-03-01", more: str = "") -> str:
        """One commit that writes these files anew, under this author."""
        for path in paths:
            self.write(path, f"{SALES}# {author} {day} {more}\n")
        self.git("add", "--all")
        when = f"{day}T12:00:00+00:00"
        self.git("commit", "--quiet", "--author", author, "--date", when, "--message", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path / "repository")


def told(folder: Path, cache: Cache | None = None) -> ScanResult:
    return with_last_changes(scan_folder(folder), folder.resolve(), cache=cache)


def people(result: ScanResult) -> dict[str, str]:
    return {path: change.email for path, change in (result.last_changes or {}).items()}


def test_the_newest_author_of_each_file_is_named_with_the_day(team: Team) -> None:
    team.by(ANA, "dags/a.py", "dags/b.py", day="2026-01-05")
    team.by(BEA, "dags/b.py", "dags/with blank ü.py", day="2026-02-07")
    result = told(team.folder)
    assert people(result) == {
        "dags/a.py": "ana@example.com",
        "dags/b.py": "bea@example.com",
        "dags/with blank ü.py": "bea@example.com",
    }
    assert result.last_changes is not None
    assert (result.last_changes["dags/b.py"].name, str(result.last_changes["dags/b.py"].on)) == (
        "Bea Roth",
        "2026-02-07",
    )
    assert result.history_gap == ""


def test_files_without_findings_are_not_told_of(team: Team) -> None:
    team.write("dags/clean.py", "x = 1\n")
    team.by(ANA, "dags/a.py")
    assert set(people(told(team.folder))) == {"dags/a.py"}


def test_the_mailmap_tells_who_an_address_is(team: Team) -> None:
    team.by("ana <ana@laptop.local>", "dags/a.py")
    team.write(".mailmap", "Ana Lima <ana@example.com> <ana@laptop.local>\n")
    team.commit()
    changes = told(team.folder).last_changes or {}
    assert (changes["dags/a.py"].name, changes["dags/a.py"].email) == (
        "Ana Lima",
        "ana@example.com",
    )


@pytest.mark.parametrize(
    "bot",
    [
        "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>",
        "Renovate Bot <renovate-bot@example.com>",
        "pre-commit-ci <bot@example.com>",
        "CI <41898282+github-actions[bot]@users.noreply.github.com>",
    ],
)
def test_bots_are_passed_over(team: Team, bot: str) -> None:
    team.by(ANA, "dags/a.py")
    team.by(bot, "dags/a.py", day="2026-04-01")
    assert people(told(team.folder)) == {"dags/a.py": "ana@example.com"}


def test_a_person_whose_name_only_looks_like_a_bots_counts(team: Team) -> None:
    team.by("Bo Bottini <bottini@example.com>", "dags/a.py")
    assert people(told(team.folder)) == {"dags/a.py": "bottini@example.com"}


def test_listed_mass_reformats_are_passed_over(team: Team) -> None:
    team.by(ANA, "dags/a.py")
    reformat = team.by(BEA, "dags/a.py", day="2026-04-01")
    assert people(told(team.folder)) == {"dags/a.py": "bea@example.com"}
    team.write(".git-blame-ignore-revs", f"# black\n{reformat}  # all files\nnonsense\n")
    team.commit()
    assert people(told(team.folder)) == {"dags/a.py": "ana@example.com"}


def test_a_shallow_clone_tells_what_it_has_and_says_so(team: Team, tmp_path: Path) -> None:
    team.by(ANA, "dags/a.py", "dags/b.py")
    team.by(BEA, "dags/b.py", day="2026-04-01")
    team.by(BEA, "dags/b.py", day="2026-05-01")
    shallow = tmp_path / "shallow"
    _clone(team, shallow, "--depth=2")
    result = told(shallow)
    assert people(result) == {"dags/b.py": "bea@example.com"}
    assert "known for 1 of 2 files with findings. A whole checkout (fetch-depth: 0)" in (
        result.history_gap
    )
    newest = tmp_path / "newest"
    _clone(team, newest, "--depth=1")
    assert people(told(newest)) == {}


def test_a_folder_of_a_repository_names_its_files_from_itself(team: Team) -> None:
    team.by(ANA, "services/dags/a.py", "other.py")
    assert people(told(team.folder / "services")) == {"dags/a.py": "ana@example.com"}


def test_a_folder_without_git_is_told_nothing_of_and_that_is_no_gap(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SALES)
    result = told(tmp_path)
    assert (result.last_changes, result.history_gap) == (None, "")
    (tmp_path / ".git").mkdir()
    assert told(tmp_path).last_changes is None


def test_a_repositorys_own_settings_start_no_program(team: Team, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "program.sh"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    team.by(ANA, "dags/a.py")
    for name in (
        "gpg.program",
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.py.textconv",
    ):
        team.git("config", name, str(program))
    team.git("config", "log.showSignature", "true")
    team.write(".gitattributes", "*.py diff=py\n")
    team.commit()
    mark.unlink(missing_ok=True)
    assert people(told(team.folder)) == {"dags/a.py": "ana@example.com"}
    assert not mark.exists()


def test_an_unchanged_commit_is_not_walked_twice(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.by(ANA, "dags/a.py")
    calls = _watched_git(tmp_path, monkeypatch)
    walks = []
    for _ in range(2):
        with Cache(tmp_path / "cache") as cache:
            assert people(told(team.folder, cache)) == {"dags/a.py": "ana@example.com"}
        walks.append(calls.read_text().count("--name-only"))
    assert walks == [1, 1]
    team.by(BEA, "dags/a.py", day="2026-04-01")
    with Cache(tmp_path / "cache") as cache:
        assert people(told(team.folder, cache)) == {"dags/a.py": "bea@example.com"}


def test_a_walk_that_takes_too_long_ends_and_says_so(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.by(ANA, "dags/a.py")
    _watched_git(tmp_path, monkeypatch, slow="--name-only")
    monkeypatch.setattr(last_change, "SECONDS", 0.5)
    result = told(team.folder)
    assert people(result) == {}
    assert result.history_gap == (
        "git was too slow to tell who changed each file last;"
        " it is known for 0 of 1 file with findings."
    )


def test_a_git_source_tells_it_from_a_history_without_contents(team: Team, tmp_path: Path) -> None:
    team.by("ana <ana@laptop.local>", "dags/a.py", "dags/b.py")
    reformat = team.by(BEA, "dags/a.py", "dags/b.py", day="2026-04-01")
    team.write(".mailmap", "Ana Lima <ana@example.com> <ana@laptop.local>\n")
    team.write(".git-blame-ignore-revs", reformat)
    team.commit()
    team.by(BEA, "dags/b.py", day="2026-05-01", more="again")
    team.git("config", "uploadpack.allowFilter", "true")
    clones = tmp_path / "clones"
    with Cache(tmp_path / "cache") as cache:
        result = scan_git(f"file://{team.folder}", cache_dir=clones, cache=cache)
    assert people(result) == {"dags/a.py": "ana@example.com", "dags/b.py": "bea@example.com"}
    (history,) = clones.glob("*/history.git")
    kinds = subprocess.run(
        ["git", f"--git-dir={history}", "cat-file", "--batch-all-objects", "--batch-check"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert " blob " not in kinds
    shutil.rmtree(history)
    with Cache(tmp_path / "cache") as cache:
        again = scan_git(f"file://{team.folder}", cache_dir=clones, cache=cache)
    assert people(again) == people(result)
    assert not history.exists(), "an unchanged commit is not asked about twice"


def test_a_history_that_cannot_be_had_fails_no_scan(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.by(ANA, "dags/a.py")
    blocked = tmp_path / "clones"
    first = scan_git(str(team.folder), cache_dir=blocked)
    assert first.observations
    (history,) = blocked.glob("*/history.git")
    shutil.rmtree(history)
    history.write_text("in the way")
    result = scan_git(str(team.folder), cache_dir=blocked)
    assert result.observations == first.observations
    assert result.last_changes is None
    assert result.history_gap.startswith("Who changed files last is not known. git failed on")


def test_a_report_carries_it_and_is_read_back(team: Team) -> None:
    team.by(ANA, "dags/a.py")
    result = told(team.folder)
    stream = io.BytesIO()
    write_report(result, stream)
    report = open_report(stream.getvalue(), format=None)
    assert report.last_changes == result.last_changes
    assert report.last_changes


def _clone(team: Team, folder: Path, *options: str) -> None:
    team.git("clone", "--quiet", *options, f"file://{team.folder}", str(folder))


def _watched_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: str = "never") -> Path:
    """Puts a git into the way that writes down how it is called, and waits where ``slow`` is asked for."""
    calls, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\n'
        f'case "$*" in *{slow}*) sleep 60;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return calls
