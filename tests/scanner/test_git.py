"""Real repositories, made in the test, fetched by the real git."""

from __future__ import annotations

import base64
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from planner.scanner import engine
from planner.scanner.cache import Cache
from planner.scanner.from_git import scan_git
from planner.scanner.result import ScanFailed, ScanResult
from tests.repository import Repository

OLD = "from airflow import DAG\nDAG('sales', schedule_interval=None)\n" + "# padding\n" * 20


@dataclass
class Secret:
    username: str = "robot"
    password: str = "s3cret-word"


class Repo(Repository):
    """A repository with one DAG."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.write("dags/sales.py", OLD)
        self.commit()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_branch_is_scanned_at_its_newest_commit(repo: Repo, cache: Path) -> None:
    repo.write("CODEOWNERS", "* @bi\n")
    first = repo.commit()
    repo.git("branch", "release")
    repo.write("dags/more.py", OLD)
    second = repo.commit()
    main = scan_git(str(repo.folder), branch="main", target="3.1", cache_dir=cache)
    release = scan_git(str(repo.folder), branch="release", cache_dir=cache)
    default = scan_git(str(repo.folder), cache_dir=cache)
    assert (main.commit, release.commit, default.commit) == (second, first, second)
    assert main.coverage.files == {"dags/sales.py", "dags/more.py"}
    assert release.coverage.files == {"dags/sales.py"}
    assert release.codeowners == "* @bi\n"
    assert {found.path for found in main.observations} == {"dags/sales.py", "dags/more.py"}


def test_renames_since_the_last_scan_are_gits_own(repo: Repo, cache: Path) -> None:
    location = f"file://{repo.folder}"
    repo.write("dags/gone.py", "y = 1\n")
    repo.commit()
    first = scan_git(location, cache_dir=cache)
    repo.git("rm", "-q", "dags/gone.py")
    repo.git("mv", "dags", "pipelines")
    repo.write("pipelines/new über.py", "x = 1\n")
    repo.commit()
    second = scan_git(location, since_commit=first.commit, cache_dir=cache)
    assert second.renames == {"dags/sales.py": "pipelines/sales.py"}
    assert second.deleted == {"dags/gone.py"}
    assert second.coverage.files == {"pipelines/sales.py", "pipelines/new über.py"}
    assert scan_git(location, since_commit=second.commit, cache_dir=cache).renames == {}


def test_a_lost_cache_or_history_costs_only_the_renames(repo: Repo, cache: Path) -> None:
    first = scan_git(str(repo.folder), cache_dir=cache).commit
    repo.git("mv", "dags", "pipelines")
    repo.commit()
    shutil.rmtree(cache)
    again = scan_git(str(repo.folder), since_commit=first, cache_dir=cache)
    assert again.renames in ({}, {"dags/sales.py": "pipelines/sales.py"})
    for unknown in ("f" * 40, "--output=/tmp/x", "main"):
        assert scan_git(str(repo.folder), since_commit=unknown, cache_dir=cache).renames == {}


def test_a_rewritten_branch_is_followed(repo: Repo, cache: Path) -> None:
    scan_git(str(repo.folder), branch="main", cache_dir=cache)
    repo.git("commit", "-q", "--amend", "-m", "Rewritten")
    amended = repo.git("rev-parse", "HEAD")
    assert scan_git(str(repo.folder), branch="main", cache_dir=cache).commit == amended


def test_nothing_of_the_repository_runs_or_leads_out(
    repo: Repo, cache: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        place = repo.folder / ".git/hooks" / hook
        place.write_text(f"#!/bin/sh\ntouch {mark}\n")
        place.chmod(0o755)
    repo.write(".gitattributes", "*.py filter=bad export-ignore\n")
    repo.git("config", "filter.bad.smudge", f"touch {mark}; cat")
    repo.git("config", "core.fsmonitor", f"touch {mark}")
    repo.write("ruff.toml", "exclude = ['*']\n")
    (repo.folder / "root").symlink_to("/")
    (repo.folder / "dags/passwd.py").symlink_to("/etc/passwd")
    repo.write(".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = {repo.folder}\n')
    repo.commit()
    mark.unlink(missing_ok=True)
    result = scan_git(str(repo.folder), cache_dir=cache)
    assert result.coverage.files == {"dags/sales.py"}
    assert len(result.observations) == 2
    assert not mark.exists()


def test_no_working_files_are_left_behind(repo: Repo, cache: Path) -> None:
    scan_git(str(repo.folder), cache_dir=cache)
    (folder,) = cache.iterdir()
    (folder / "tree-of-a-killed-worker").mkdir()
    scan_git(str(repo.folder), cache_dir=cache)
    assert {place.name for place in folder.iterdir()} == {
        "mirror.git",
        "history.git",
        "config",
        "lock",
    }


def test_a_commit_that_was_scanned_before_is_answered_at_once(
    repo: Repo, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(request: engine.ScanRequest) -> ScanResult:
        raise AssertionError("nothing has changed")

    with Cache(tmp_path / "kept") as kept:
        first = scan_git(str(repo.folder), cache_dir=cache, cache=kept)
    with Cache(tmp_path / "kept") as kept, monkeypatch.context() as patched:
        patched.setattr(engine, "checked", never)
        assert scan_git(str(repo.folder), cache_dir=cache, cache=kept) == first
    repo.write("dags/sales.py", "x = 1\n")
    repo.commit()
    with Cache(tmp_path / "kept") as kept:
        assert scan_git(str(repo.folder), cache_dir=cache, cache=kept).observations == []


def test_the_locks_of_a_killed_git_do_not_stay(repo: Repo, cache: Path) -> None:
    scan_git(str(repo.folder), cache_dir=cache)
    (mirror,) = cache.glob("*/mirror.git")
    (ref,) = mirror.glob("refs/flightplan/*")
    for lock in (mirror / "shallow.lock", mirror / "packed-refs.lock", ref.with_suffix(".lock")):
        lock.touch()
    commit = repo.commit()
    assert scan_git(str(repo.folder), cache_dir=cache).commit == commit


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("ext::sh -c 'touch /tmp/x'", "is not the address of a git repository"),
        ("--upload-pack=touch", "is not the address of a git repository"),
        ("", "is not the address of a git repository"),
        ("/nowhere/repo", "is not a git repository"),
        ("http://127.0.0.1:9/x.git", "127.0.0.1:9"),
        ("ftp://127.0.0.1/x.git", "ftp"),
    ],
)
def test_a_bad_address_is_one_sentence(cache: Path, location: str, said: str) -> None:
    with pytest.raises(ScanFailed) as failed:
        scan_git(location, cache_dir=cache)
    assert said in str(failed.value)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("branch", ["nope", "--all", "a b", "x..y", "a:b", "*"])
def test_a_bad_branch_is_one_sentence(repo: Repo, cache: Path, branch: str) -> None:
    with pytest.raises(ScanFailed, match="branch"):
        scan_git(str(repo.folder), branch=branch, cache_dir=cache)


@pytest.fixture
def web(repo: Repo) -> Iterator[str]:
    """The repository over HTTP by git's own server program, for robot with the password only."""
    wanted = "Basic " + base64.b64encode(b"robot:s3cret-word").decode()
    environment = os.environ | {
        "GIT_PROJECT_ROOT": str(repo.folder / ".git"),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_USER": "robot",
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") == wanted:
                self.answer_as_git()
                return
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def answer_as_git(self) -> None:
            path, _, query = self.path.partition("?")
            size = int(self.headers.get("Content-Length", 0))
            request = {
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(size),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            answer = subprocess.run(
                ["git", "http-backend"],
                input=self.rfile.read(size),
                env=environment | request,
                capture_output=True,
                check=True,
            ).stdout
            self.wfile.write(b"HTTP/1.0 200 OK\r\n" + answer)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_wrong_password_is_said_without_it(web: str, cache: Path) -> None:
    with pytest.raises(ScanFailed, match="refused the user name or password") as failed:
        scan_git(web, cache_dir=cache, credentials=Secret(password="wr0ng-word"))
    assert "wr0ng-word" not in str(failed.value)


def test_no_password_is_asked_of_nobody(web: str, cache: Path) -> None:
    with pytest.raises(ScanFailed, match="asks for a user name and password"):
        scan_git(web, cache_dir=cache)


def test_the_password_reaches_git_and_stays_out_of_its_files(
    web: str, cache: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trace = tmp_path / "commands"
    _spy_on_git(monkeypatch, tmp_path, trace)
    result = scan_git(web, branch="main", cache_dir=cache, credentials=Secret())
    assert result.coverage.files == {"dags/sales.py"}
    assert result.commit == repo.git("rev-parse", "main")
    assert "fetch" in trace.read_text()
    assert "s3cret-word" not in trace.read_text()
    left = [place.read_bytes() for place in cache.rglob("*") if place.is_file()]
    assert left and not any(b"s3cret-word" in content for content in left)


def _spy_on_git(monkeypatch: pytest.MonkeyPatch, folder: Path, trace: Path) -> None:
    """A git first on PATH that writes down its arguments and calls the real one."""
    real = shutil.which("git")
    spy = folder / "bin/git"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" >> {trace}\nexec {real} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
