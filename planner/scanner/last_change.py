"""Who changed each file last, as git's history tells: one walk from the newest commit back, for all files at once.

Bots and the commits that a repository's own ``.git-blame-ignore-revs`` lists do not count; names are those of its
``.mailmap``. A history that is cut off tells what it can, and a sentence says what it could not.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import msgspec

from planner.domain.numbers import plural
from planner.domain.ownership import is_bot
from planner.domain.report import LastChange
from planner.rulebook.load import rulebook
from planner.scanner.cache import Cache, key_of
from planner.scanner.git import (
    MOST_COMMITS,
    Repository,
    blob_at,
    fetch_history,
    history_at,
)
from planner.scanner.result import ScanFailed, ScanResult

SECONDS = 30.0
"""What a walk may take; a history longer than that is told in part."""
IGNORED_REVISIONS = ".git-blame-ignore-revs"
MAILMAP = ".mailmap"
_LARGEST = 1024 * 1024
"""Bytes of a mailmap or of a list of commits to pass over."""
_BLOCK = 64 * 1024
_LAYOUT = b"last changes 1"
_FORMAT = "%x01%H%x00%aN%x00%aE%x00%as"
_COMMIT = re.compile(rb"\x01([0-9a-f]{40,64})")
_REVISION = re.compile(r"[0-9a-f]{40,64}")

_HARDENED = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.sshCommand": "false",
    "gpg.program": "false",
    "log.showSignature": "false",
    "safe.directory": "*",
}
"""A repository's own settings must not start programs."""


class _Kept(msgspec.Struct):
    """What was told of one commit's history before."""

    asked: set[str]
    by_path: dict[str, LastChange]
    gap: str
    is_late: bool = False
    """It was not walked to its end, which may go better next time."""


@dataclass(frozen=True, slots=True)
class _History:
    """One repository's history, and how git is asked for it."""

    options: tuple[str, ...]
    cwd: Path
    commit: str
    prefix: str = ""
    """The folder inside the repository that paths are relative to."""
    cut_at: frozenset[str] = frozenset()
    """Commits whose parents are not here: they seem to have made every file."""
    remedy: str = ""
    """What would show the commits before those."""
    passed_over: frozenset[str] = frozenset()
    """Commits that changed how code looks, not what it does."""

    @property
    def key(self) -> bytes:
        """What tells it from every other: the same commit may be here with more history another time."""
        cut = " ".join(sorted(self.cut_at))
        return key_of(_LAYOUT, self.commit.encode(), self.prefix.encode(), cut.encode())


@dataclass(slots=True)
class _Walk:
    """What a walk has found so far."""

    missing: set[str]
    by_path: dict[str, LastChange] = field(default_factory=dict)
    is_late: bool = False


def with_last_changes(result: ScanResult, tree: Path, *, cache: Cache | None) -> ScanResult:
    """The result of a folder's scan with who changed each file with findings last, where git knows the folder."""
    try:
        history = _history_of(tree)
    except ScanFailed as error:
        return replace(result, history_gap=str(error))
    return result if history is None else _told(result, history, cache)


def with_last_changes_of(
    result: ScanResult, repository: Repository, *, branch: str, cache: Cache | None
) -> ScanResult:
    """The same of a git source, whose history is fetched without what its files held.

    The result names its commit. The repository must be locked.
    """
    wanted = _files_of(result)
    if not wanted:
        return result
    key = key_of(_LAYOUT, repository.location.encode(), result.commit.encode())
    kept = _kept(cache, key, wanted)
    if kept is None:
        try:
            fetch_history(repository, branch)
            kept = _walked(_history_in(repository, result.commit), wanted)
        except ScanFailed as error:
            return replace(result, history_gap=f"Who changed files last is not known. {error}")
        _keep(cache, key, kept)
    return _with(result, kept)


def _told(result: ScanResult, history: _History, cache: Cache | None) -> ScanResult:
    wanted = _files_of(result)
    kept = _kept(cache, history.key, wanted)
    if kept is None:
        kept = _walked(history, wanted)
        _keep(cache, history.key, kept)
    return _with(result, kept)


def _with(result: ScanResult, kept: _Kept) -> ScanResult:
    wanted = _files_of(result)
    return replace(
        result,
        last_changes={path: kept.by_path[path] for path in sorted(wanted & kept.by_path.keys())},
        history_gap=kept.gap,
    )


def _files_of(result: ScanResult) -> set[str]:
    """The files that have findings, counted or silenced."""
    seen = [*result.observations, *(one.observation for one in result.suppressed)]
    return {one.path for one in seen}


# ------------------------------------------------------------------ what was told before


def _kept(cache: Cache | None, key: bytes, wanted: set[str]) -> _Kept | None:
    value = cache.get(key) if cache else None
    if value is None:
        return None
    try:
        kept = msgspec.msgpack.decode(value, type=_Kept)
    except msgspec.DecodeError:
        return None
    return kept if wanted <= kept.asked else None


def _keep(cache: Cache | None, key: bytes, kept: _Kept) -> None:
    if cache and not kept.is_late:
        cache.put(key, msgspec.msgpack.encode(kept))


# ------------------------------------------------------------------ which history


def _history_of(tree: Path) -> _History | None:
    """The history of the repository that a folder lies in; None where git knows of none."""
    if not any(os.path.lexists(each / ".git") for each in (tree, *tree.parents)):
        return None
    answer = _asked((), tree, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    commit = answer.decode("ascii", "replace").strip()
    if not commit:
        return None  # no commit yet, or no repository after all
    where = _asked((), tree, "rev-parse", "--show-prefix", "--git-path", "shallow")
    prefix, _, shallow = where.decode("utf-8", "surrogateescape").rstrip("\n").partition("\n")
    ignored = _asked((), tree, "cat-file", "blob", f"{commit}:{IGNORED_REVISIONS}")
    return _History(
        (),
        tree,
        commit,
        prefix,
        cut_at=_revisions(_text_of(tree / shallow)),
        remedy="A whole checkout (fetch-depth: 0) tells it.",
        passed_over=_revisions(ignored.decode("utf-8", "replace")),
    )


def _history_in(repository: Repository, commit: str) -> _History:
    """The history that was fetched, with what the files at its newest commit say of it."""
    git_dir = history_at(repository)
    mailmap = git_dir / "mailmap"
    mailmap.write_bytes(_blob(repository, commit, MAILMAP))
    ignored = _blob(repository, commit, IGNORED_REVISIONS).decode("utf-8", "replace")
    return _History(
        (f"--git-dir={git_dir}", "-c", f"mailmap.file={mailmap}"),
        repository.folder,
        commit,
        cut_at=_revisions(_text_of(git_dir / "shallow")),
        remedy=f"The newest {MOST_COMMITS:,} commits are looked at.",
        passed_over=_revisions(ignored),
    )


def _blob(repository: Repository, commit: str, path: str) -> bytes:
    try:
        return blob_at(repository, commit, path, largest=_LARGEST)
    except ScanFailed:
        return b""  # most repositories have no such file


def _text_of(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace") if file.is_file() else ""
    except OSError:
        return ""


def _revisions(text: str) -> frozenset[str]:
    """The commits that a file names, one a line, with comments."""
    lines = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return frozenset(line for line in lines if _REVISION.fullmatch(line))


# ------------------------------------------------------------------ the walk


def _walked(history: _History, wanted: set[str]) -> _Kept:
    walk = _Walk(set(wanted))
    if wanted:
        with _log(history, walk) as blocks:
            _walk(blocks, history, walk)
    return _Kept(wanted, walk.by_path, _gap(walk, history, len(wanted)), walk.is_late)


def _walk(blocks: Iterable[bytes], history: _History, walk: _Walk) -> None:
    """Follows the log until every file is found, or to its end."""
    bots = rulebook().ownership["bots"]
    change: LastChange | None = None
    tokens = _tokens(blocks)
    for token in tokens:
        begins = _COMMIT.fullmatch(token)
        if begins is None:
            path = token.removeprefix(b"\n").decode("utf-8", "surrogateescape")
            if change is not None and path in walk.missing:
                walk.missing.discard(path)
                walk.by_path[path] = change
            continue
        if not walk.missing:
            return
        commit = begins[1].decode()
        said = [next(tokens, b"").decode("utf-8", "replace") for _ in range(3)]
        counts = commit not in history.cut_at and commit not in history.passed_over
        change = _change(*said, bots=bots) if counts else None


def _change(name: str, email: str, day: str, *, bots: Sequence[str]) -> LastChange | None:
    """Who made a commit; None for a bot, or where the commit's date is none."""
    if is_bot(name, email, bots):
        return None
    try:
        return LastChange(name=" ".join(name.split()), email=email.strip(), on=_day(day))
    except ValueError:
        return None


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _tokens(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """What lies between the NULs of a log."""
    left = b""
    for block in blocks:
        *whole, left = (left + block).split(b"\x00")
        yield from whole
    yield left


def _gap(walk: _Walk, history: _History, asked: int) -> str:
    """Why not all is known, in a sentence; files that no commit has yet are nobody's gap."""
    if not walk.missing:
        return ""
    known = f"it is known for {len(walk.by_path):,} of {plural(asked, 'file')} with findings"
    if walk.is_late:
        return f"git was too slow to tell who changed each file last; {known}."
    if history.cut_at:
        return (
            "The history is cut off, so who changed files before that is not known;"
            f" {known}. {history.remedy}"
        )
    return ""


# ------------------------------------------------------------------ git


def _command(options: Sequence[str], *arguments: str) -> list[str]:
    hardened = [part for name, value in _HARDENED.items() for part in ("-c", f"{name}={value}")]
    return ["git", "--no-pager", "--no-replace-objects", *hardened, *options, *arguments]


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C.UTF-8",
    }


def _asked(options: Sequence[str], cwd: Path, *arguments: str) -> bytes:
    """What git answers, or nothing where it has no answer. Raises ScanFailed where there is no git."""
    try:
        done = subprocess.run(
            _command(options, *arguments),
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ScanFailed("git could not be asked who changed files last.") from error
    return done.stdout[:_LARGEST] if done.returncode == 0 else b""


@contextlib.contextmanager
def _log(history: _History, walk: _Walk) -> Iterator[Iterator[bytes]]:
    """git's log from the newest commit on, with the files that each commit changed, for as long as it may take."""
    arguments = [
        "log",
        "-z",
        f"--format={_FORMAT}",
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--encoding=UTF-8",
        "--relative" if history.prefix else "--no-relative",
        history.commit,
        "--",
        *(["."] if history.prefix else []),
    ]
    try:
        process = subprocess.Popen(
            _command(history.options, *arguments),
            cwd=history.cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ScanFailed(f"git could not be started: {error.strerror}.") from error
    timer = threading.Timer(SECONDS, _give_up, [process, walk])
    timer.start()
    try:
        assert process.stdout is not None
        yield iter(partial(os.read, process.stdout.fileno(), _BLOCK), b"")
    finally:
        timer.cancel()
        _kill(process)
        process.communicate()


def _give_up(process: subprocess.Popen[bytes], walk: _Walk) -> None:
    walk.is_late = True
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
