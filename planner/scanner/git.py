"""Fetches a branch of a git repository and lays out its files, trusting nothing in the repository.

git runs without the machine's own configuration, without hooks, filters, submodules, links or prompts.
A password reaches it through its environment only, for the repository's own host only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from planner.scanner.result import ScanFailed
from planner.scanner.suppression import IGNORE_FILE
from planner.scanner.tree import CODEOWNERS_PLACES, is_read

FETCH_SECONDS = 600.0
LOCAL_SECONDS = 120.0
_MOST_RENAMES = 5000
MOST_COMMITS = 5000
"""How far back the history goes that tells who changed a file last."""
_HISTORY_SECONDS = 180.0

_CONFIG = """\
[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tsshCommand = ssh -oBatchMode=yes -oConnectTimeout=20
[safe]
\tdirectory = *
[protocol "ext"]
\tallow = never
[http]
\tfollowRedirects = false
\tlowSpeedLimit = 1000
\tlowSpeedTime = 60
[submodule]
\trecurse = false
[fetch]
\trecurseSubmodules = false
[diff]
\tautoRefreshIndex = false
[gc]
\tautoDetach = false
[advice]
\tdetachedHead = false
"""

_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$FLIGHTPLAN_GIT_USERNAME" "$FLIGHTPLAN_GIT_PASSWORD"; }; f'
)
_BESIDES = (*CODEOWNERS_PLACES, IGNORE_FILE)
"""What a scan looks at besides code."""
_BRANCH = re.compile(r"[^\s~^:?*\[\\\x00-\x1f\x7f]+")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_IN_URL = re.compile(r"(\w+://)[^/@\s]+@")

_EXPLAINED = (
    ("authentication failed", "refused the user name or password; check the variables it is given"),
    (
        "could not read username",
        "asks for a user name and password; name the variables that hold them",
    ),
    ("permission denied", "refused access; check the key or the password"),
    ("couldn't find remote ref", "has no such branch"),
    ("could not resolve host", "cannot be reached: its host name is unknown"),
    ("connection refused", "cannot be reached: the connection was refused"),
    ("connection timed out", "cannot be reached: the connection timed out"),
    ("host key verification failed", "has an unknown SSH host key; add it to known_hosts"),
    ("redirect", "answers with a redirect; give its new address"),
    ("not found", "was not found; check the address"),
    ("does not appear to be a git repository", "is not a git repository"),
    ("not a git repository", "is not a git repository"),
    ("no space left", "does not fit: the disk is full"),
)


class Credentials(Protocol):
    """A user name and password, already read from the variables that the source names."""

    @property
    def username(self) -> str: ...

    @property
    def password(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare copy of one repository in the cache, and how to talk to where it came from."""

    location: str
    folder: Path
    """Holds ``mirror.git``, ``config`` and ``lock``."""
    credentials: Credentials | None = field(default=None, repr=False)

    @property
    def mirror(self) -> Path:
        return self.folder / "mirror.git"


def repository_at(
    location: str, *, cache_dir: Path, credentials: Credentials | None = None
) -> Repository:
    """The cached copy of a repository, made empty where there is none yet.

    Raises ScanFailed for an address that git must not be given.
    """
    if location.startswith("-") or "::" in location or "\n" in location or not location.strip():
        raise ScanFailed(f"{_shown(location)} is not the address of a git repository.")
    if credentials and re.search(r"[\r\n\x00]", credentials.username + credentials.password):
        raise ScanFailed("The user name or password holds a line break; check its variable.")
    key = hashlib.sha256(location.encode()).hexdigest()[:24]
    repository = Repository(location, cache_dir.expanduser().resolve() / key, credentials)
    try:
        repository.folder.mkdir(parents=True, exist_ok=True)
        (repository.folder / "config").write_text(_CONFIG)
    except OSError as error:
        raise ScanFailed(f"The cache folder {cache_dir} cannot be written: {error}.") from error
    if not (repository.mirror / "HEAD").exists():
        _git(repository, "init", "--bare", "--quiet", str(repository.mirror), bare=True)
    return repository


@contextlib.contextmanager
def locked(repository: Repository) -> Iterator[None]:
    """Only one process works on the copy at a time. What a killed one left behind is cleared away."""
    with (repository.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in repository.folder.glob("tree-*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in _left_locks(repository):
            left.unlink(missing_ok=True)
        yield


def _left_locks(repository: Repository) -> Iterator[Path]:
    for copy in (repository.mirror, history_at(repository)):
        yield from copy.glob("*.lock")
        yield from copy.glob("refs/**/*.lock")


def fetch(repository: Repository, branch: str) -> str:
    """Brings the branch (empty: the repository's own default) up to date; returns its newest commit.

    The first fetch brings one commit; later ones bring what came since, so that renames can be told.
    """
    source, ours = _refs(branch)
    first = not _succeeds(repository, "rev-parse", "--verify", "--quiet", f"{ours}^{{commit}}")
    depth = ["--depth=1"] if first else []
    _git(
        repository,
        *_credential_options(repository),
        "fetch",
        "--quiet",
        "--force",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        *depth,
        "--",
        repository.location,
        f"+{source}:{ours}",
        seconds=FETCH_SECONDS,
    )
    return head_commit(repository, ours)


def history_at(repository: Repository) -> Path:
    """Where :func:`fetch_history` keeps commits and folders, without what the files held."""
    return repository.folder / "history.git"


def fetch_history(repository: Repository, branch: str) -> None:
    """Brings the branch's history, as far back as it is kept, without what files held where the server can do so."""
    history = history_at(repository)
    if not (history / "HEAD").exists():
        _git(repository, "init", "--bare", "--quiet", str(history), bare=True)
    source, ours = _refs(branch)
    _git(
        repository,
        f"--git-dir={history}",
        *_credential_options(repository),
        "-c",
        f"remote.origin.url={repository.location}",
        "fetch",
        "--quiet",
        "--force",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--filter=blob:none",
        f"--depth={MOST_COMMITS}",
        "origin",
        f"+{source}:{ours}",
        bare=True,
        seconds=_HISTORY_SECONDS,
    )


def _refs(branch: str) -> tuple[str, str]:
    """What a branch (empty: the repository's own default) is called there, and in the copy."""
    source = f"refs/heads/{_checked_branch(branch)}" if branch else "HEAD"
    return source, f"refs/flightplan/{hashlib.sha256(source.encode()).hexdigest()[:16]}"


def is_commit(text: str) -> bool:
    """Whether a text is the name of a commit, so that it can be given to git."""
    return _COMMIT.fullmatch(text) is not None


def head_commit(repository: Repository, ref: str) -> str:
    """The full SHA of the commit a ref points at."""
    return _git(repository, "rev-parse", "--verify", f"{ref}^{{commit}}").strip()


@dataclass(frozen=True, slots=True)
class FilesGone:
    """What became of the files of an older commit that a newer one has no more, as git says."""

    renames: dict[str, str] = field(default_factory=dict)
    """Old path → new path."""
    deleted: frozenset[str] = frozenset()


def files_gone(repository: Repository, old: str, new: str) -> FilesGone:
    """Files that git sees as renamed or deleted between two commits.

    Nothing where the old commit cannot be had any more; what was renamed is then guessed.
    """
    if not is_commit(old) or not _has_commit(repository, old):
        return FilesGone()
    answer = _git(
        repository,
        "diff",
        "--name-status",
        "-z",
        "--find-renames",
        f"-l{_MOST_RENAMES}",
        "--diff-filter=RD",
        "--no-ext-diff",
        "--no-textconv",
        old,
        new,
        "--",
    )
    renames, deleted = {}, set()
    parts = iter(answer.split("\x00"))
    for status in filter(None, parts):
        path = next(parts)
        if status == "D":
            deleted.add(path)
        else:
            renames[path] = next(parts)
    return FilesGone(renames, frozenset(deleted))


def _has_commit(repository: Repository, commit: str) -> bool:
    """Whether the commit is in the copy, after asking the repository for it where it is not."""
    if _succeeds(repository, "cat-file", "-e", f"{commit}^{{commit}}"):
        return True
    options = _credential_options(repository)
    ask = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "--")
    return len(commit) >= 40 and _succeeds(
        repository, *options, *ask, repository.location, commit, seconds=FETCH_SECONDS
    )


def blob_at(repository: Repository, commit: str, path: str, *, largest: int) -> bytes:
    """The bytes of one regular file at a commit that the copy holds, as they are in the repository.

    Raises ScanFailed where there is no such commit or file, or where it is larger than ``largest``.
    """
    if not is_commit(commit) or not _succeeds(repository, "cat-file", "-e", f"{commit}^{{commit}}"):
        raise ScanFailed(
            f"The copy of the repository here does not hold {commit[:12] or 'it'} any more."
        )
    listing = _git(
        repository, "--literal-pathspecs", "ls-tree", "-l", "-z", "--full-tree", commit, "--", path
    )
    about, _, name = listing.rstrip("\x00").partition("\t")
    mode, _kind, blob, size = about.split() if about else ("", "", "", "0")
    if name != path or not mode.startswith("100"):
        raise ScanFailed(f"{path} is no file at commit {commit[:12]}.")
    if int(size) > largest:
        raise ScanFailed(f"{path} is larger than {largest // 1024**2} MB.")
    done = _run(repository, ("cat-file", "blob", blob), seconds=LOCAL_SECONDS)
    if done.returncode != 0:
        raise ScanFailed(_sentence(repository, done.stderr.decode("utf-8", "replace")))
    return done.stdout


@contextlib.contextmanager
def laid_out(repository: Repository, commit: str) -> Iterator[Path]:
    """A folder with the commit's regular files that a scan looks at, for as long as the repository is locked.

    It is called the same each time: what was kept of a tree hangs on the names of the folders that it lies in.
    """
    folder = repository.folder / "tree-laid-out"
    try:
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        tree = folder / "tree"
        tree.mkdir(parents=True)
        _git(repository, "read-tree", commit, environment=index)
        listing = _git(repository, "ls-files", "--stage", "-z", environment=index)
        _git(
            repository,
            f"--work-tree={tree}",
            "checkout-index",
            "--quiet",
            "--force",
            "-z",
            "--stdin",
            environment=index,
            given="".join(f"{path}\x00" for path in _wanted(listing)),
            cwd=tree,
        )
        yield tree
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wanted(listing: str) -> Iterator[str]:
    """Paths of regular files that a scan looks at; links and submodules have other modes."""
    for entry in listing.split("\x00"):
        about, _, path = entry.partition("\t")
        looked_at = is_read(path) or path.endswith("pyvenv.cfg") or path in _BESIDES
        if about.startswith("100") and looked_at:
            yield path


def _checked_branch(branch: str) -> str:
    if branch.startswith("-") or ".." in branch or not _BRANCH.fullmatch(branch):
        raise ScanFailed(f"{branch!r} is not the name of a branch.")
    return branch.removeprefix("refs/heads/")


def _credential_options(repository: Repository) -> list[str]:
    """Options that let git ask our environment for the password, for this host only."""
    parts = urlsplit(repository.location)
    if repository.credentials is None or parts.scheme not in ("http", "https"):
        return []
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return ["-c", f"credential.{host}.helper=", "-c", f"credential.{host}.helper={_HELPER}"]


def _environment(repository: Repository, more: Mapping[str, str]) -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GIT_", "SSH_ASKPASS"))
    }
    secret = repository.credentials
    if secret:
        kept["FLIGHTPLAN_GIT_USERNAME"] = secret.username or "git"
        kept["FLIGHTPLAN_GIT_PASSWORD"] = secret.password
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(repository.folder / "config"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C.UTF-8",
        **more,
    }


def read_lines(
    repository: Repository, *arguments: str, seconds: float, most_bytes: int
) -> Iterator[bytes]:
    """What git prints about the copy here, line by line, however much it is.

    Raises ScanFailed where it failed, took too long or printed more.
    """
    with subprocess.Popen(
        ["git", f"--git-dir={repository.mirror}", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=repository.folder,
        env=_environment(repository, {}),
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        timer = threading.Timer(seconds, _kill, (process,))
        timer.start()
        try:
            left = most_bytes
            while left > 0 and (line := process.stdout.readline(left)):
                left -= len(line)
                yield line
            if left <= 0 or process.wait(seconds) != 0:
                raise ScanFailed(f"git did not tell all of {_shown(repository.location)}.")
        finally:
            timer.cancel()
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _succeeds(repository: Repository, *arguments: str, seconds: float = LOCAL_SECONDS) -> bool:
    return _run(repository, arguments, seconds=seconds).returncode == 0


def _git(
    repository: Repository,
    *arguments: str,
    bare: bool = False,
    seconds: float = LOCAL_SECONDS,
    environment: Mapping[str, str] | None = None,
    given: str = "",
    cwd: Path | None = None,
) -> str:
    """What git printed. Raises ScanFailed with one sentence where it failed."""
    done = _run(
        repository,
        arguments,
        bare=bare,
        seconds=seconds,
        environment=environment or {},
        given=given,
        cwd=cwd,
    )
    if done.returncode != 0:
        raise ScanFailed(_sentence(repository, done.stderr.decode("utf-8", "replace")))
    return done.stdout.decode("utf-8", "replace")


def _run(
    repository: Repository,
    arguments: tuple[str, ...],
    *,
    bare: bool = False,
    seconds: float,
    environment: Mapping[str, str] | None = None,
    given: str = "",
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    where = [] if bare else [f"--git-dir={repository.mirror}"]
    command = ["git", *where, *arguments]
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or repository.folder,
            env=_environment(repository, environment or {}),
            start_new_session=True,
        ) as process:
            try:
                out, errors = process.communicate(
                    given.encode("utf-8", "surrogateescape"), timeout=seconds
                )
            except subprocess.TimeoutExpired as error:
                os.killpg(process.pid, signal.SIGKILL)
                raise ScanFailed(
                    f"{_shown(repository.location)} did not answer within {seconds:.0f} seconds."
                ) from error
    except OSError as error:
        raise ScanFailed(f"git could not be started: {error.strerror}.") from error
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def _sentence(repository: Repository, stderr: str) -> str:
    """git's complaint in one sentence, without any secret."""
    shown = _shown(repository.location)
    lowered = stderr.lower()
    for sign, sentence in _EXPLAINED:
        if sign in lowered:
            return f"{shown} {sentence}."
    said = [line for line in stderr.splitlines() if line.startswith(("fatal:", "error:"))]
    text = (said or stderr.strip().splitlines() or ["it said nothing"])[-1][:300]
    secret = repository.credentials.password if repository.credentials else ""
    text = _IN_URL.sub(r"\1", text.replace(secret, "…") if secret else text)
    return f"git failed on {shown}: {text.removeprefix('fatal: ')}"


def _shown(location: str) -> str:
    return _IN_URL.sub(r"\1", location)[:300]
