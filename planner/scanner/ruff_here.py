"""The ruff that was installed with Flightplan, and what it says of itself."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess

import msgspec
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from planner.domain.lifecycle import PARSE_ERROR
from planner.scanner.cache import Cache, key_of
from planner.scanner.result import ScanFailed
from planner.scanner.tree import TreeFile, mark_of

SECONDS = 600.0
"""All of ruff's runs together may take this long. 3,000 DAG files take about one second."""


class _RuleCard(msgspec.Struct):
    code: str | None = None


class Ruff(msgspec.Struct, frozen=True):
    """One ruff, and what it says of itself."""

    program: str
    version: str
    rules: frozenset[str]


def known_ruff(program: str, cache: Cache | None) -> Ruff:
    """Asks a ruff for its version and its rules, or finds kept what the very same file answered before."""
    place = os.path.realpath(program)
    mark = mark_of(TreeFile("", place))
    key = key_of(b"ruff", place.encode(), repr(mark).encode())
    kept = cache.get(key) if cache and mark else None
    if kept is not None:
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.msgpack.decode(kept, type=Ruff)
    ruff = Ruff(program, version_of(program), rules_of(program))
    if cache is not None:
        cache.put(key, msgspec.msgpack.encode(ruff))
    return ruff


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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ScanFailed("ruff's list of rules could not be read.") from error
    codes = {card.code for card in cards if card.code and card.code.startswith("AIR")}
    return frozenset(codes | {PARSE_ERROR})


def _output(command: list[str]) -> bytes:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=60, check=True, env=environment()
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ScanFailed(f"ruff could not be started: {error}.") from error
    return done.stdout


def environment() -> dict[str, str]:
    """The environment without what would change what ruff says."""
    return {key: value for key, value in os.environ.items() if not key.startswith("RUFF_")}
