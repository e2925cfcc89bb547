"""From the command line to the exit code."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import NoReturn, TextIO

from planner.domain.numbers import plural
from planner.domain.ownership import owner_key
from planner.domain.rating import Rater
from planner.domain.rules import Rulebook
from planner.rulebook.load import rulebook
from planner.scanner import baseline as baselines
from planner.scanner.baseline import BadBaseline, Baseline, Growth
from planner.scanner.cache import Cache, user_folder
from planner.scanner.cli import github, machine, sarif, text
from planner.scanner.cli.lines import Lines
from planner.scanner.cli.outcome import Exit, Outcome, blocking, found_in, gaps_in
from planner.scanner.cli.place import Ground, config_file, ground
from planner.scanner.cli.screen import ProgressBar, Screen, harmless
from planner.scanner.cli.usage import PROGRAM, Asked, UsageError, asked
from planner.scanner.fixes import patch_of
from planner.scanner.ignore_file import sifted
from planner.scanner.result import ScanFailed, ScanResult
from planner.scanner.scan import scan_tree
from planner.scanner.suppression import (
    IGNORE_FILE,
    BadIgnoreFile,
    Ignore,
    read_ignores,
)
from planner.scanner.tree import TreeFile

STOPPED = 130
_MADE_BEFORE_COLLECTING = 500_000
LARGEST_SETTINGS = 64 * 1024 * 1024
"""Bytes of a baseline or ignore file."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code. Nothing but --help and --version ends the program."""
    try:
        with _collecting_seldom():
            return _run(asked(sys.argv[1:] if argv is None else argv))
    except UsageError as error:
        _say(str(error))
        return Exit.USAGE
    except ScanFailed as error:
        _say(str(error))
        return Exit.GAPS
    except KeyboardInterrupt:
        _say("Stopped.")
        return STOPPED


def command() -> NoReturn:
    """``main`` as a program. What it made is left to the system, which is quicker than taking it apart."""
    status = main()
    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


@contextlib.contextmanager
def _collecting_seldom() -> Iterator[None]:
    """A scan makes many objects and hardly any garbage that hangs on itself: looking for it takes a fifth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(_MADE_BEFORE_COLLECTING, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _run(wanted: Asked) -> int:
    today = dt.date.today()
    book = rulebook()
    place = ground(wanted.paths, wanted.root)
    also = config_file(wanted.config, place)
    ignores = _ignores(wanted, place, book)
    baseline = _baseline(wanted)
    _check_outputs(wanted)
    result, further = _scanned(wanted, place, also, book)
    result, sieve = sifted(result, ignores, today=today)
    known, ratchet = _compared(wanted, place, result, baseline, book, today)
    findings = found_in(result, target=wanted.target, rulebook=book, known=known)
    outcome = Outcome(
        result=result,
        target=wanted.target,
        findings=findings,
        blocking=blocking(findings, wanted.fail_on),
        gaps=gaps_in(result, findings),
        has_baseline=baseline is not None,
        fail_on=wanted.fail_on,
        unused=[entry for entry in sieve.unused if _was_looked_at(entry, place)],
        expired=sieve.expired,
        patch=str(wanted.patch or ""),
        notes=[*_assumed(result), *further, *ratchet],
    )
    if wanted.patch is not None:
        outcome.notes.append(_patch(wanted.patch, wanted, outcome))
    _answer(wanted, place, outcome, book, {file.path: Path(file.place) for file in also})
    return outcome.exit


# ------------------------------------------------------------------ what comes in


def _ignores(wanted: Asked, place: Ground, book: Rulebook) -> list[Ignore]:
    file = wanted.ignore_file or place.root / IGNORE_FILE
    if wanted.ignore_file is None and not os.path.lexists(file):
        return []
    name = str(wanted.ignore_file or IGNORE_FILE)
    try:
        return read_ignores(_text_of(file, name), name=name, rulebook=book)
    except BadIgnoreFile as error:
        raise UsageError(str(error)) from error


def _baseline(wanted: Asked) -> Baseline | None:
    file = wanted.baseline
    if file is None:
        return None
    if wanted.update_baseline and not file.exists():
        if not wanted.allow_growth:
            raise UsageError(
                f"{file} does not exist yet; to begin it, say why the errors of today may stay:"
                f' --update-baseline --allow-growth "reason".'
            )
        return Baseline(wanted.target)
    try:
        return baselines.read(_text_of(file, str(file)), name=str(file))
    except BadBaseline as error:
        raise UsageError(str(error)) from error


def _text_of(file: Path, name: str) -> str:
    try:
        if file.stat().st_size > LARGEST_SETTINGS or not file.is_file():
            raise UsageError(f"{name}: this is no file of settings.")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is not UTF-8 text.") from error


def _check_outputs(wanted: Asked) -> None:
    """Says so before a long scan where its answer could not be written."""
    for option, file in (("--output", wanted.output), ("--patch", wanted.patch)):
        if file is None:
            continue
        if file.is_dir():
            raise UsageError(f"{option}: {file} is a folder; name a file.")
        if not file.absolute().parent.is_dir():
            raise UsageError(f"{option}: the folder of {file} does not exist.")


def _scanned(
    wanted: Asked, place: Ground, also: Sequence[TreeFile], book: Rulebook
) -> tuple[ScanResult, list[str]]:
    """The scan, with all that was asked for besides, and sentences about that."""
    with contextlib.ExitStack() as stack:
        cache = None if wanted.no_cache else stack.enter_context(Cache(user_folder()))
        progress = stack.enter_context(ProgressBar())
        result = scan_tree(
            place.root,
            target=wanted.target,
            current=wanted.current,
            paths=place.paths,
            also=also,
            cache=cache,
            progress=progress,
        )
        if wanted.format == "report":
            result = _last_change().with_last_changes(result, place.root, cache=cache)
    coverage = replace(result.coverage, complete=result.coverage.complete and place.only_folders)
    result, notes = replace(result, coverage=coverage), []
    if wanted.proof is not None:
        result, said = _further().with_import_proof(
            result, place.root, wanted.proof, target=wanted.target, rulebook=book
        )
        notes += said
    if wanted.metadata_db:
        result, said = _further().with_metadata(
            result, wanted.metadata_db, target=wanted.target, rulebook=book
        )
        notes += said
    return result, notes


def _further() -> ModuleType:
    """What few ask for, loaded for them alone."""
    return importlib.import_module("planner.scanner.cli.further")


def _last_change() -> ModuleType:
    """What git tells of the files, loaded for the format that carries it."""
    return importlib.import_module("planner.scanner.last_change")


def _assumed(result: ScanResult) -> Iterator[str]:
    """What was taken for granted that nobody said."""
    if result.current.told_by:
        yield (
            f"Taken to run on Airflow {result.current.version} today, as {result.current.told_by} says;"
            " --current says otherwise."
        )


def _was_looked_at(entry: Ignore, place: Ground) -> bool:
    """Whether an entry that met nothing could have met something: the whole tree was looked at."""
    return place.paths == (".",) or bool(entry.path and place.covers(entry.path))


# ------------------------------------------------------------------ the ratchet


def _compared(
    wanted: Asked,
    place: Ground,
    result: ScanResult,
    baseline: Baseline | None,
    book: Rulebook,
    today: dt.date,
) -> tuple[frozenset[int], list[str]]:
    """Indices of the errors that the baseline lists, after it was updated, and what to say of it."""
    if baseline is None or wanted.baseline is None:
        return frozenset(), []
    rater = Rater(book, target_line=wanted.target, tool_version=result.coverage.tool_version)
    errors = [index for index, one in enumerate(result.observations) if one.severity == "ERROR"]
    present = [
        baselines.trace_of(result.observations[index], rater(result.observations[index]).rule_id)
        for index in errors
    ]
    seen = result.coverage.files or frozenset()
    compared = baselines.compare(baseline, present, seen)
    known, notes = compared.known, []
    if baseline.target != wanted.target:
        notes.append(
            f"The baseline was made for Airflow {baseline.target}, and this run is for"
            f" {wanted.target}: what only fails there counts as new."
        )
    if wanted.update_baseline:
        growth = _growth(wanted, place, today) if wanted.allow_growth else None
        now = baselines.updated(
            baseline,
            compared,
            present,
            is_gone=_is_gone(place, seen, frozenset(result.unscanned)),
            growth=growth,
            target=wanted.target,
        )
        _write(wanted.baseline, [baselines.written(now).encode()])
        notes.append(_difference(wanted.baseline, baseline, now))
        known = frozenset(range(len(present))) if growth else known
    return frozenset(errors[index] for index in known), notes


def _growth(wanted: Asked, place: Ground, today: dt.date) -> Growth:
    return Growth(date=today, author=_author(place.root), reason=wanted.allow_growth, added=0)


def _author(root: Path) -> str:
    """Who git says is at work here, or nothing."""
    if name := os.environ.get("GIT_AUTHOR_NAME"):
        return name
    try:
        done = subprocess.run(
            ["git", "config", "--get", "user.name"],
            cwd=root,
            capture_output=True,
            timeout=10,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return " ".join(done.stdout.decode("utf-8", "replace").split())


def _is_gone(
    place: Ground, seen: frozenset[str], unscanned: frozenset[str]
) -> Callable[[str], bool]:
    """An error that is absent is mended only where its file was read, or is not there any more."""

    def is_gone(path: str) -> bool:
        if path in seen:
            return path not in unscanned
        return place.covers(path) and not os.path.lexists(place.root / path)

    return is_gone


def _difference(file: Path, before: Baseline, after: Baseline) -> str:
    added = sum(growth.added for growth in after.growth[len(before.growth) :])
    gone = len(before.traces) + added - len(after.traces)
    words = f"{file}: {plural(gone, 'error')} taken out"
    if added:
        words += f", {added:,} put in"
    return f"{words}; it lists {len(after.traces):,}."


# ------------------------------------------------------------------ what goes out


def _answer(
    wanted: Asked,
    place: Ground,
    outcome: Outcome,
    book: Rulebook,
    elsewhere: Mapping[str, Path],
) -> None:
    lines = Lines(place.root, elsewhere)
    if wanted.output is not None:
        _write(wanted.output, _written(wanted, place, outcome, book, lines, None))
        _say(f"Wrote {wanted.output}: {_in_short(outcome)}")
        return
    stream = sys.stdout.buffer
    try:
        for part in _written(wanted, place, outcome, book, lines, sys.stdout):
            stream.write(part)
        stream.flush()
    except OSError as error:
        # The interpreter must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return  # whoever read has seen enough
        raise UsageError(f"Standard output: {error.strerror or error}.") from error
    if wanted.format != "text":
        for note in _told_aside(outcome):
            _say(note)


def _written(
    wanted: Asked,
    place: Ground,
    outcome: Outcome,
    book: Rulebook,
    lines: Lines,
    stream: TextIO | None,
) -> Iterator[bytes]:
    match wanted.format:
        case "json":
            return machine.interchange(outcome)
        case "report":
            return machine.report(outcome)
        case "ruff":
            return machine.ruff(outcome, place.root)
        case "sarif":
            return iter([sarif.sarif(outcome, root=place.root, rulebook=book)])
        case "github":
            return (f"{line}\n".encode() for line in github.github(outcome))
    screen = Screen(stream or sys.stdout, is_file=stream is None)
    answer = text.text(outcome, lines, screen)
    return (f"{line}\n".encode(screen.encoding, "backslashreplace") for line in answer)


def _patch(file: Path, wanted: Asked, outcome: Outcome) -> str:
    """Writes the patch; says what is in it."""
    owner = owner_key(wanted.owner)
    mine = [
        found.seen for found in outcome.findings if not owner or owner_key(found.owner) == owner
    ]
    made = patch_of(
        replace(outcome.result, observations=mine), side=wanted.half, unsafe=wanted.unsafe_fixes
    )
    _write(file, [made.text.encode()])
    if not mine and owner:
        names = sorted({found.owner for found in outcome.findings if found.owner})
        there = f"; owners here are {', '.join(names)}" if names else "; no finding has an owner"
        return f"{file}: {wanted.owner} has no findings{there}."
    left = f" and leaves {len(made.left_out):,}" if made.left_out else ""
    needs = f" It needs {', '.join(made.needs)} first." if made.needs else ""
    how = " Apply it at the root with `git apply`." if made.text else ""
    return f"{file} mends {plural(len(made.included), 'finding')}{left}.{needs}{how}"


def _told_aside(outcome: Outcome) -> Iterator[str]:
    """What a format for programs has no room for."""
    yield from outcome.notes
    if silenced := len(outcome.result.suppressed):
        yield f"{plural(silenced, 'finding')} silenced; --format text lists them."
    for entry in outcome.expired:
        yield f"{entry.place}: expired on {entry.expires}, so {entry.rule} counts again."
    for entry in outcome.unused:
        yield f"{entry.place}: {entry.rule} is not found there any more; delete the entry."


def _in_short(outcome: Outcome) -> str:
    words = plural(len(outcome.findings), "finding")
    blocked = plural(len(outcome.blocking), "error")
    return (
        f"{words}, {blocked} that fail the run, {plural(len(outcome.gaps), 'place')} not checked."
    )


def _write(file: Path, parts: Iterator[bytes] | Sequence[bytes]) -> None:
    try:
        with file.open("wb") as stream:
            stream.writelines(parts)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror or error}.") from error


def _say(sentence: str) -> None:
    """A sentence for the person at the terminal, beside the answer."""
    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
        encoding = sys.stderr.encoding or "utf-8"
        line = f"{PROGRAM}: {harmless(sentence)}\n"
        sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()
