"""Runs ruff's AIR rules over given files, so that nothing in the files or their settings can hide findings.

``--isolated`` and explicit file names: no ``pyproject.toml``, ``.gitignore`` or exclude of the repository
counts. The newest Python is assumed, so that newer syntax is no error. ``RUFF_*`` variables are not passed on.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from planner.domain.report import Observation, Report
from planner.parsers import ruff as ruff_parser
from planner.parsers.items import DECODE_ERRORS, array_items
from planner.scanner.result import ScanFailed
from planner.scanner.ruff_here import SECONDS, environment

FLAGS = ("isolated", "preview")
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


def _nothing() -> None:
    """There is nothing else to do."""


def run_ruff(
    program: str,
    files: Sequence[str],
    *,
    seconds: float = SECONDS,
    meanwhile: Callable[[], object] = _nothing,
) -> RuffAnswer:
    """Checks the files. One that makes ruff crash, or holds it up, is found by halving and named; the others
    are checked. ``meanwhile`` is done once, while ruff runs."""
    answer = RuffAnswer()
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="flightplan-ruff-") as folder:
        waiting = [list(files)] if files else []
        while waiting:
            batch = waiting.pop()
            found = _run_once(program, batch, Path(folder), deadline, seconds, meanwhile)
            meanwhile = _nothing
            if found is not None:
                answer.observations += found
            elif len(batch) == 1:
                answer.crashed_on += batch
            else:
                middle = len(batch) // 2
                waiting += [batch[middle:], batch[:middle]]
    return answer


def _run_once(
    program: str,
    files: list[str],
    folder: Path,
    deadline: float,
    seconds: float,
    meanwhile: Callable[[], object],
) -> list[Observation] | None:
    """The observations of one run, or None where ruff crashed or took too long over these files."""
    listing, answer, complaint = folder / "files", folder / "answer", folder / "complaint"
    listing.write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
    begun = time.monotonic()
    most = min(_SLOW + len(files) / 100, max(deadline - begun, 0.1))
    try:
        with answer.open("wb") as output, complaint.open("wb") as errors:
            status = _waited_for(
                subprocess.Popen(
                    [program, "check", *OPTIONS, f"@{listing}"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    cwd=folder,
                    env=environment(),
                ),
                meanwhile,
                begun + most,
            )
    except subprocess.TimeoutExpired as error:
        if time.monotonic() < deadline:
            return None
        raise ScanFailed(
            f"ruff did not finish within {seconds:.0f} seconds; name a smaller folder as the root."
        ) from error
    except OSError as error:
        raise ScanFailed(f"ruff could not be started: {error}.") from error
    if status not in (0, 1, 2):
        return None
    return _observations(status, answer.read_bytes(), complaint.read_bytes())


def _waited_for(
    process: subprocess.Popen[bytes], meanwhile: Callable[[], object], until: float
) -> int:
    """How a process ended, after something else was done. It is ended where that takes too long, or fails."""
    try:
        meanwhile()
        return process.wait(max(until - time.monotonic(), 0.1))
    except BaseException:
        process.kill()
        process.wait()
        raise


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
