"""What the command line says, and every way in which it can be wrong."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from packaging.version import InvalidVersion, Version

from planner.domain.rules import Rulebook
from planner.rulebook.load import rulebook
from planner.scanner.live.bounded_run import USUAL_LIMITS, Limits
from planner.scanner.version import VERSION

PROGRAM = "upgradecheck"
FORMATS = ("text", "json", "report", "ruff", "sarif", "github")
FAIL_ON = ("new-errors", "errors", "never")
HALVES = ("now", "after")
_SECONDS = range(10, 24 * 60 * 60 + 1)
_MEGABYTES = range(512, 1024 * 1024 + 1)
"""Airflow itself does not start in less."""


class UsageError(Exception):
    """What the caller asked for cannot be. The message is one sentence that names the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofAsked:
    """How the DAG files are to be imported. Folders are relative to the root."""

    python: Path
    dag_folders: tuple[str, ...]
    """Empty: where the DAGs lie."""
    plugins: str
    """Empty: ``plugins`` beside the DAG folder, or at the top."""
    import_paths: tuple[str, ...]
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line, read and checked as far as it can be by itself."""

    paths: tuple[str, ...]
    root: str | None
    target: str
    """A release line: 3.3."""
    current: str
    """The release that runs today, or nothing."""
    config: str | None
    format: str
    output: Path | None
    ignore_file: Path | None
    baseline: Path | None
    update_baseline: bool
    allow_growth: str
    fail_on: str
    patch: Path | None
    half: str
    unsafe_fixes: bool
    owner: str
    proof: ProofAsked | None
    metadata_db: str
    no_cache: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `{PROGRAM} --help` lists the options.")


def asked(argv: Sequence[str]) -> Asked:
    """The command line. Raises UsageError; ends the program for --help and --version."""
    found = _parser().parse_args(argv)
    _fit_together(found)
    book = rulebook()
    return Asked(
        paths=tuple(found.paths),
        root=found.root,
        target=_target(found.target, book),
        current=_current(found.current),
        config=found.config,
        format=found.format,
        output=_path(found.output),
        ignore_file=_path(found.ignore_file),
        baseline=_path(found.baseline),
        update_baseline=found.update_baseline,
        allow_growth=" ".join((found.allow_growth or "").split()),
        fail_on=found.fail_on,
        patch=_path(found.patch),
        half=found.half or "now",
        unsafe_fixes=found.unsafe_fixes,
        owner=found.owner or "",
        proof=_proof(found),
        metadata_db=found.metadata_db or "",
        no_cache=found.no_cache,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        allow_abbrev=False,
        description="Says what code and configuration for Apache Airflow 2 must change for Airflow 3.",
        epilog="Exit 0: clean. 1: new errors. 2: wrong usage. 3: not everything could be checked.",
    )
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="folder or file to check")
    add("--target", metavar="3.x", help="release to rate for; the newest supported one by default")
    add(
        "--current",
        metavar="2.x",
        help="the Airflow version that runs today; by default what the tree pins",
    )
    add("--config", metavar="FILE", help="an airflow.cfg that lies outside of the paths")
    add("--root", metavar="DIR", help="folder that paths are shown from; the git root by default")
    what = parser.add_argument_group("what comes out")
    add = what.add_argument
    add("--format", choices=FORMATS, default="text", help="text by default")
    add("--output", metavar="FILE", help="write there instead of to standard output")
    add("--patch", metavar="FILE", help="also write one patch of the safe edits")
    add("--for", dest="half", choices=HALVES, help="edits for now (the default) or after the flip")
    add("--unsafe-fixes", action="store_true", help="all edits in the patch, not only safe ones")
    add("--owner", metavar="NAME", help="only this owner's edits in the patch")
    ratchet = parser.add_argument_group("what fails")
    add = ratchet.add_argument
    add("--fail-on", choices=FAIL_ON, default="new-errors", help="new-errors by default")
    add("--baseline", metavar="FILE", help="errors listed there do not fail")
    add("--update-baseline", action="store_true", help="take out of it what is mended")
    add("--allow-growth", metavar="REASON", help="put in what is new; the reason is kept")
    add("--ignore-file", metavar="FILE", help=".upgradecheck.toml at the root by default")
    more = parser.add_argument_group("looking further")
    add = more.add_argument
    add(
        "--import-with", metavar="PYTHON", help="import every DAG file with this Python's Airflow 3"
    )
    add("--dag-folder", metavar="DIR", action="append", help="the DAG folder, for --import-with")
    add("--plugins", metavar="DIR", help="the folder of plugins, for --import-with")
    add(
        "--import-path",
        metavar="DIR",
        action="append",
        help="a folder that modules are imported from besides, for --import-with",
    )
    add(
        "--import-timeout",
        metavar="SECONDS",
        help=f"all imports together; {USUAL_LIMITS.seconds:.0f} by default",
    )
    add(
        "--import-memory",
        metavar="MB",
        help=f"of each importing process; {USUAL_LIMITS.memory_mb} by default",
    )
    add(
        "--metadata-db",
        metavar="URL",
        help="look into the metadata database, reading only; env:NAME",
    )
    add("--no-cache", action="store_true", help="check unchanged files again")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION}")
    return parser


def _fit_together(found: argparse.Namespace) -> None:
    """Options that only mean something beside another one."""
    if found.update_baseline and not found.baseline:
        raise UsageError("--update-baseline needs --baseline FILE, the file to update.")
    if found.allow_growth is not None and not found.update_baseline:
        raise UsageError("--allow-growth only goes with --update-baseline.")
    if found.allow_growth is not None and not found.allow_growth.strip():
        raise UsageError('--allow-growth needs a reason, like --allow-growth "before the scan".')
    for given, name in (
        (found.half, "--for"),
        (found.unsafe_fixes, "--unsafe-fixes"),
        (found.owner, "--owner"),
    ):
        if given and not found.patch:
            raise UsageError(f"{name} only goes with --patch FILE.")
    for given, name in (
        (found.dag_folder, "--dag-folder"),
        (found.plugins, "--plugins"),
        (found.import_path, "--import-path"),
        (found.import_timeout, "--import-timeout"),
        (found.import_memory, "--import-memory"),
    ):
        if given is not None and found.import_with is None:
            raise UsageError(f"{name} only goes with --import-with PYTHON.")
    if found.output and found.output == found.patch:
        raise UsageError("--output and --patch name the same file.")


def _target(text: str | None, book: Rulebook) -> str:
    if text is None:
        return book.default_target
    lines = book.target_lines
    version = _version(text, "--target")
    line = f"{version.major}.{version.minor}"
    if line not in lines or len(version.release) == 1:
        raise UsageError(f"--target: {text!r} is not known here; take one of {', '.join(lines)}.")
    return line


def _current(text: str | None) -> str:
    return str(_version(text, "--current")) if text is not None else ""


def _proof(found: argparse.Namespace) -> ProofAsked | None:
    python = _path(found.import_with)
    if python is None:
        return None
    folders = (found.plugins, *(found.dag_folder or ()), *(found.import_path or ()))
    if "" in folders:
        raise UsageError("A folder's name must not be empty; write . for the whole tree.")
    seconds = _whole(found.import_timeout, "--import-timeout", _SECONDS, int(USUAL_LIMITS.seconds))
    return ProofAsked(
        python=python,
        dag_folders=tuple(found.dag_folder or ()),
        plugins=found.plugins or "",
        import_paths=tuple(found.import_path or ()),
        limits=Limits(
            seconds=seconds,
            file_seconds=min(USUAL_LIMITS.file_seconds, seconds),
            memory_mb=_whole(
                found.import_memory, "--import-memory", _MEGABYTES, USUAL_LIMITS.memory_mb
            ),
        ),
    )


def _whole(text: str | None, option: str, admitted: range, usual: int) -> int:
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) not in admitted:
        raise UsageError(
            f"{option}: {text!r} is no whole number from {admitted[0]:,} to {admitted[-1]:,}."
        )
    return int(text)


def _version(text: str, option: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        raise UsageError(
            f"{option}: {text!r} is not an Airflow version; write one like 3.1 or 2.9.3."
        ) from None


def _path(text: str | None) -> Path | None:
    if text is None:
        return None
    if not text or "\x00" in text:
        raise UsageError("A file's name must not be empty and must hold no NUL character.")
    return Path(text)
