"""Runs ruff's AIR rules over given files, so that nothing in the files or their settings can hide findings.

``--isolated`` and explicit file names: no ``pyproject.toml``, ``.gitignore`` or exclude of the repository
counts. The newest Python is assumed, so that newer syntax is no error. ``RUFF_*`` variables are not passed on.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from planner.domain.report import Observation, Report
from planner.parsers import ruff as ruff_parser
from planner.parsers.items import DECODE_ERRORS, array_items
from planner.scanner.result import ScanFailed
from planner.scanner.ruff_here import SECONDS, environment

FLAGS = ("isolated", "preview")
READ = (".py", ".pyi", ".pyw", ".ipynb")
"""How the names of files end that ruff reads."""
_SLOW = 30.0
"""A run that takes longer than this, and a second more for a hundred files, has met a hostile file."""

OPTIONS = [
    "--isolated",
    "--no-fix",
    "--no-cache",
    "--quiet",
    "--exit-zero",
    "--ignore-noqa",  # comments are applied by suppression.py, which keeps what they silence
    "--select",
    "AIR",
    "--preview",
    "--target-version",
    "py314",
    "--no-respect-gitignore",
    "--output-format",
    "json",
]


class RuffAnswer(msgspec.Struct):
    """What ruff saw: observations with absolute paths, and the files that made it crash or took too long."""

    observations: list[Observation] = []
    crashed_on: list[str] = []


class _Begun(NamedTuple):
    """One run of ruff, and where its answer will be."""

    files: list[str]
    process: subprocess.Popen[bytes]
    until: float
    """A run that takes longer has met a hostile file."""
    answer: Path
    complaint: Path

    def end(self) -> None:
        """Ends it where nobody has waited for it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class _Runs(msgspec.Struct):
    """The runs of one scan, one after the other."""

    program: str
    folder: Path
    seconds: float
    deadline: float

    def begin(self, files: list[str]) -> _Begun:
        listing, answer, complaint = (
            self.folder / name for name in ("files", "answer", "complaint")
        )
        listing.write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
        now = time.monotonic()
        most = min(_SLOW + len(files) / 100, max(self.deadline - now, 0.1))
        try:
            with answer.open("wb") as output, complaint.open("wb") as errors:
                process = subprocess.Popen(
                    [self.program, "check", *OPTIONS, f"@{listing}"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    cwd=self.folder,
                    env=environment(),
                )
        except OSError as error:
            raise ScanFailed(f"ruff could not be started: {error}.") from error
        return _Begun(files, process, now + most, answer, complaint)

    def answer(self, first: _Begun) -> RuffAnswer:
        """What ruff says of the files of a run, and of their halves where it did not get through."""
        answer = RuffAnswer()
        waiting = [first.files]
        while waiting:
            files = waiting.pop()
            found = self._found(first if files is first.files else self.begin(files))
            if found is not None:
                answer.observations += found
            elif len(files) == 1:
                answer.crashed_on += files
            else:
                middle = len(files) // 2
                waiting += [files[middle:], files[:middle]]
        return answer

    def _found(self, begun: _Begun) -> list[Observation] | None:
        """The observations of one run, or None where ruff crashed or took too long over these files."""
        try:
            status = begun.process.wait(max(begun.until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired as error:
            if time.monotonic() < self.deadline:
                return None
            raise ScanFailed(
                f"ruff did not finish within {self.seconds:.0f} seconds; name a smaller folder as the root."
            ) from error
        finally:
            begun.end()
        if status not in (0, 1, 2):
            return None
        return _observations(status, begun.answer.read_bytes(), begun.complaint.read_bytes())


@contextlib.contextmanager
def ruff_over(
    program: str, files: Sequence[str], *, seconds: float = SECONDS
) -> Iterator[Callable[[], RuffAnswer]]:
    """Begins to check the files, and gives what waits for the answer: other things are done while ruff runs.

    A file that makes ruff crash, or holds it up, is found by halving and named; the others are checked.
    """
    if not files:
        yield RuffAnswer
        return
    with tempfile.TemporaryDirectory(prefix="flightplan-ruff-") as folder:
        runs = _Runs(program, Path(folder), seconds, time.monotonic() + seconds)
        first = runs.begin(list(files))
        try:
            yield functools.partial(runs.answer, first)
        finally:
            first.end()


def _observations(status: int, answer: bytes, complaint: bytes) -> list[Observation]:
    buffer = memoryview(answer)
    try:
        if status != 0:
            raise ScanFailed(f"ruff failed: {_first_line(complaint)}")
        report: Report = ruff_parser.parse(buffer, array_items(buffer), tool_version="")
        observations = list(report.observations)
    except (*DECODE_ERRORS, ValueError) as error:
        raise ScanFailed(f"ruff's answer could not be read: {_first_line(complaint)}") from error
    if report.problems:
        raise ScanFailed(f"ruff's answer could not be read: {report.problems[0]}")
    return observations


def _first_line(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[0][:300] if lines else "it said nothing"
