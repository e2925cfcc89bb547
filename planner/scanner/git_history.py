"""What the commits since the last scan did to which lines, as git tells it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from planner.domain.commits import Commit, CommitsSince, FileEdit, Hunk, looks_like_import
from planner.scanner.git import Repository, is_commit, read_lines
from planner.scanner.result import ScanFailed

SECONDS = 30.0
MOST_BYTES = 24 * 1024 * 1024
MOST_COMMITS = 400
_MOST_HUNKS = 300
"""Of one file in one commit; a file with more says only that it was changed."""
_MOST_IMPORTS = 60
_LONGEST_LINE = 200
_LONGEST_BODY = 4_000

_HEADER = "%x00%H%x00%P%x00%as%x00%an%x00%s%x00%b%x00"
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_MERGE = re.compile(r"Merge pull request (#\d+)\b")


def commits_since(repository: Repository, since: str, until: str) -> CommitsSince:
    """The commits on the branch's own line from one commit to another, a merge counting as one.

    Nothing where the line does not lead back to ``since``, or where there is too much to read.
    """
    if not is_commit(since) or since == until:
        return CommitsSince()
    commits: list[Commit] = []
    first_parent = ""
    with suppress(ScanFailed):
        lines = read_lines(
            repository,
            *(
                "-c",
                "core.quotePath=false",
                "log",
                "--reverse",
                "--first-parent",
                "-m",
                "-p",
                "-U0",
                "--find-renames",
            ),
            *("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/"),
            *(f"--max-count={MOST_COMMITS + 1}", f"--format={_HEADER}", f"{since}..{until}", "--"),
            seconds=SECONDS,
            most_bytes=MOST_BYTES,
        )
        for parent, commit in _commits(lines):
            first_parent = first_parent or parent
            commits.append(commit)
        if first_parent == since and len(commits) <= MOST_COMMITS:
            return CommitsSince(since, commits)
    return CommitsSince()


def _commits(lines: Iterator[bytes]) -> Iterator[tuple[str, Commit]]:
    """First parent and commit, one after the other."""
    header: list[bytes] = []
    edits = _Edits()
    for line in lines:
        if edits.is_inside_hunk or not line.startswith(b"\0"):
            edits.take(line)
            continue
        if header:
            yield _commit(header, edits)
        header, edits = _header(line, lines), _Edits()
    if header:
        yield _commit(header, edits)


def _header(line: bytes, lines: Iterator[bytes]) -> list[bytes]:
    """The fields of a header, whose last one may go over several lines."""
    while line.count(b"\0") < 7:
        line += next(lines)
    return line.split(b"\0")[1:7]


def _commit(header: list[bytes], edits: _Edits) -> tuple[str, Commit]:
    sha, parents, on, author, subject, body = (
        part.decode("utf-8", "replace")[:_LONGEST_BODY] for part in header
    )
    return parents.partition(" ")[0], Commit(
        sha=sha,
        author=author[:_LONGEST_LINE],
        on=date.fromisoformat(on),
        subject=_subject(subject, body)[:_LONGEST_LINE],
        edits=tuple(edits.finished()),
    )


def _subject(subject: str, body: str) -> str:
    """What a commit is about; of a merged pull request its title, which stands in the body."""
    merged = _MERGE.match(subject)
    title = next((line.strip() for line in body.splitlines() if line.strip()), "")
    return f"{title} ({merged[1]})" if merged and title else subject


class _Edits:
    """The edits of one commit, read line by line."""

    def __init__(self) -> None:
        self._done: list[FileEdit] = []
        self._open = False
        self._left = (0, 0)
        self._forget()

    def _forget(self) -> None:
        self._was: str | None = None
        self._now: str | None = None
        self._hunks: list[Hunk] = []
        self._count = 0
        self._gone: Counter[bytes] = Counter()
        self._come: Counter[bytes] = Counter()

    @property
    def is_inside_hunk(self) -> bool:
        return any(self._left)

    def take(self, line: bytes) -> None:
        if self.is_inside_hunk:
            self._take_of_hunk(line)
        elif line.startswith(b"diff --git "):
            self._finish()
            self._open = True
        elif line.startswith((b"--- ", b"rename from ")):
            self._was = _path(line, b"a/")
        elif line.startswith((b"+++ ", b"rename to ")):
            self._now = _path(line, b"b/")
        elif hunk := _HUNK.match(line):
            start, removed, _, added = (1 if n is None else int(n) for n in hunk.groups())
            self._left = (removed, added)
            self._count += 1
            if self._count <= _MOST_HUNKS:
                self._hunks.append(Hunk(start if removed else start + 1, removed, added))

    def _take_of_hunk(self, line: bytes) -> None:
        removed, added = self._left
        if line.startswith(b"-"):
            self._left = (removed - 1, added)
            self._gone[line[1:].strip()] += 1
        elif line.startswith(b"+"):
            self._left = (removed, added - 1)
            self._come[line[1:].strip()] += 1

    def finished(self) -> list[FileEdit]:
        self._finish()
        return self._done

    def _finish(self) -> None:
        if self._open and self._was is not None and self._now is not None:
            self._done.append(
                FileEdit(
                    was=self._was,
                    now=self._now,
                    hunks=tuple(self._hunks) if self._count <= _MOST_HUNKS else None,
                    imports=self._imports(),
                )
            )
        self._open = False
        self._forget()

    def _imports(self) -> tuple[str, ...]:
        # A line that only went elsewhere in the file is no change.
        texts = (line.decode("utf-8", "replace") for line in self._gone - self._come)
        return tuple(
            [text[:_LONGEST_LINE] for text in texts if looks_like_import(text)][:_MOST_IMPORTS]
        )


def _path(line: bytes, prefix: bytes) -> str | None:
    """The path of a header line, empty where there is no file; None for one that no report can name."""
    name = line.partition(b" ")[2] if line[:4] in (b"--- ", b"+++ ") else line.split(b" ", 2)[2]
    name = name.rstrip(b"\n").removesuffix(b"\t")
    if name == b"/dev/null":
        return ""
    if name.startswith(b'"'):
        return None  # quoted for its control characters
    try:
        return name.removeprefix(prefix).decode()
    except UnicodeDecodeError:
        return None
