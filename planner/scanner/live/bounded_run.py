"""Runs a program that is not trusted: in a session of its own, with limits on time, memory and output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LIMITED = 'ulimit -c 0; ulimit -v "$1" 2>/dev/null; ulimit -f "$2" 2>/dev/null; shift 2; exec "$@"'
"""Limits of each process, set before the program begins. Where the system has no such limit it goes without."""
_SHELL = "/bin/sh"
_KB = 1024
_FILE_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take."""

    seconds: float = 600.0
    """All commands together."""
    file_seconds: int = 60
    """The import of one file."""
    memory_mb: int = 4096
    """Address space of each process."""
    output_mb: int = 256
    """The largest file that a process may write, its own output included."""


USUAL_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    status: int | None
    """Its exit status, negative for a signal; None where its time was up."""
    output: Path
    """What it wrote to stdout."""
    messages: Path
    """What it wrote to stderr."""


def run_bounded(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    name: str,
    seconds: float,
    limits: Limits,
) -> Ended:
    """Runs a program in ``folder`` with nothing but the given environment, and ends all that it started.

    Its output goes to ``folder/name.out`` and ``folder/name.err``. Raises OSError where it cannot start.
    """
    output, messages = folder / f"{name}.out", folder / f"{name}.err"
    kilobytes = limits.memory_mb * _KB
    blocks = limits.output_mb * _KB * _KB // _FILE_BLOCK
    with output.open("wb") as out, messages.open("wb") as err:
        process = subprocess.Popen(
            [_SHELL, "-c", _LIMITED, "sh", str(kilobytes), str(blocks), *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            close_fds=True,
        )
        try:
            status: int | None = process.wait(timeout=max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end_group(process.pid)
            process.wait()
    return Ended(status, output, messages)


def _end_group(leader: int) -> None:
    """Ends every process of the group that the leader began; its number is free only once they are all gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_strays(mark: str, processes: Path = Path("/proc")) -> None:
    """Ends processes that left their session, known by a word in the environment that they were given.

    Where the system does not show environments there is nothing to see, and nothing is ended.
    """
    word = mark.encode()
    for place in processes.glob("[0-9]*"):
        try:
            if word in (place / "environ").read_bytes().split(b"\0"):
                os.kill(int(place.name), signal.SIGKILL)
        except OSError:
            continue


def tail_of(file: Path, size: int) -> bytes:
    """The last bytes of a file."""
    with file.open("rb") as stream:
        stream.seek(max(file.stat().st_size - size, 0))
        return stream.read(size)
