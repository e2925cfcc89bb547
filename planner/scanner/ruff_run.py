"""Runs ruff's AIR rules over given files, so that nothing in the files or their settings can hide findings.

``--isolated`` and explicit file names: no ``pyproject.toml``, ``.gitignore`` or exclude of the repository
counts. The newest Python is assumed, so that newer syntax is no error. ``RUFF_*`` variables are not passed on.
"""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from planner.domain.report import Observation, Report
from planner.parsers import ruff as ruff_parser
from planner.parsers.items import DECODE_ERRORS, array_items
from planner.scanner.result import ScanFailed

FLAGS = ("isolated", "preview")
SECONDS = 600.0
"""All of ruff's runs together may take this long. 3,000 DAG files take about one second."""

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


class _RuleCard(msgspec.Struct):
    code: str | None = None


@dataclass(slots=True)
class RuffAnswer:
    """What ruff saw: observations with absolute paths, and the files that made it crash or took too long."""

    observations: list[Observation] = field(default_factory=list)
    crashed_on: list[str] = field(default_factory=list)


def ruff_program() -> str:
    """The ruff that was installed with Flightplan. Raises ScanFailed where it is missing."""
    try:
        return find_ruff_bin()
    except FileNotFoundError as error:
        raise ScanFailed(
            "ruff is not installed beside Flightplan; install its requirements."
        ) from error


@functools.cache
def version_of(program: str) -> str:
    """ruff's version: '0.17.6'."""
    return _output([program, "--version"]).decode().split()[-1]


@functools.cache
def rules_of(program: str) -> frozenset[str]:
    """Every rule that runs: all AIR codes this ruff knows, and the check that a file parses at all."""
    answer = _output([program, "rule", "--all", "--output-format", "json"])
    try:
        cards = msgspec.json.decode(answer, type=list[_RuleCard])
    except DECODE_ERRORS as error:
        raise ScanFailed("ruff's list of rules could not be read.") from error
    codes = {card.code for card in cards if card.code and card.code.startswith("AIR")}
    return frozenset(codes | {ruff_parser.SYNTAX})


def _output(command: list[str]) -> bytes:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=60, check=True, env=_environment()
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ScanFailed(f"ruff could not be started: {error}.") from error
    return done.stdout


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("RUFF_")}


def run_ruff(program: str, files: Sequence[str], *, seconds: float = SECONDS) -> RuffAnswer:
    """Checks the files. One that makes ruff crash, or holds it up, is found by halving and named; the others
    are checked."""
    answer = RuffAnswer()
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="flightplan-ruff-") as folder:
        waiting = [list(files)] if files else []
        while waiting:
            batch = waiting.pop()
            found = _run_once(program, batch, Path(folder), deadline, seconds)
            if found is not None:
                answer.observations += found
            elif len(batch) == 1:
                answer.crashed_on += batch
            else:
                middle = len(batch) // 2
                waiting += [batch[middle:], batch[:middle]]
    return answer


def _run_once(
    program: str, files: list[str], folder: Path, deadline: float, seconds: float
) -> list[Observation] | None:
    """The observations of one run, or None where ruff crashed or took too long over these files."""
    listing = folder / "files"
    listing.write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
    try:
        done = subprocess.run(
            [program, "check", *OPTIONS, f"@{listing}"],
            capture_output=True,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            timeout=min(_SLOW + len(files) / 100, max(deadline - time.monotonic(), 0.1)),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        if time.monotonic() < deadline:
            return None
        raise ScanFailed(
            f"ruff did not finish within {seconds:.0f} seconds; name a smaller folder as the root."
        ) from error
    except OSError as error:
        raise ScanFailed(f"ruff could not be started: {error}.") from error
    if done.returncode not in (0, 1, 2):
        return None
    return _observations(done)


def _observations(done: subprocess.CompletedProcess[bytes]) -> list[Observation]:
    buffer = memoryview(done.stdout)
    try:
        if done.returncode != 0:
            raise ScanFailed(f"ruff failed: {_first_line(done.stderr)}")
        report: Report = ruff_parser.parse(buffer, array_items(buffer), tool_version="")
        observations = list(report.observations)
    except (*DECODE_ERRORS, ValueError) as error:
        raise ScanFailed(f"ruff's answer could not be read: {_first_line(done.stderr)}") from error
    if report.problems:
        raise ScanFailed(f"ruff's answer could not be read: {report.problems[0]}")
    return observations


def _first_line(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[0][:300] if lines else "it said nothing"
