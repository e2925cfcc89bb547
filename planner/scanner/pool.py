"""Reads files on every core, each core's share in a process of its own.

The processes are copies of the caller where it has a single thread, and else are started as programs, so that it
does not matter which threads or which pool the caller runs in. A file that stops its process, by its depth or by taking too long, is named and the others are
read. Trees too small to be worth a second process are read where the caller is.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, NoReturn

import msgspec

import planner
from planner.scanner.facts import FileFacts, facts_of
from planner.scanner.readers import reader_of
from planner.scanner.result import SkipReason

BATCH = 128 * 1024
"""Bytes that a process gets at a time."""
SMALL = 512 * 1024
"""A tree with fewer bytes to read is read without other processes."""
MOST_PROCESSES = 4
SECONDS = 30
"""No real file takes a tenth of this; one that does is hostile."""
MEMORY = 1024 * 1024 * 1024
"""Bytes that one process may ask for."""
STOPPED = (
    f"A check crashed on this file or took more than {SECONDS} seconds, so it was not checked."
)

_LENGTH = struct.Struct(">Q")
_READY = b"ready"


class Unread(NamedTuple):
    """One file to read: its path in the tree and its bytes."""

    path: str
    content: bytes


_encode = msgspec.msgpack.Encoder().encode
_batch_decode = msgspec.msgpack.Decoder(list[Unread]).decode
_facts_decode = msgspec.msgpack.Decoder(list[FileFacts]).decode


class Pool:
    """Takes files and gives what they yield, in any order. Use as a context manager."""

    def __init__(self, processes: int | None = None) -> None:
        self._count = processes if processes is not None else min(cores(), MOST_PROCESSES)
        self._batch: list[Unread] = []
        self._size = 0
        self._held: list[list[Unread]] = []
        """Batches that wait until it is known whether there are enough for other processes."""
        self._held_size = 0
        self._room = threading.BoundedSemaphore(4 * max(self._count, 1))
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._every: list[_Process] = []
        self._threads: ThreadPoolExecutor | None = None
        self._answers: list[Future[list[tuple[str, FileFacts]]]] = []
        self._closing = False

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing = True
        for process in self._every:
            process.end(at_once=error is not None)
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def put(self, path: str, content: bytes) -> None:
        """Hands over a file. Waits while too many others wait."""
        self._batch.append(Unread(path, content))
        self._size += len(content)
        if self._size >= BATCH:
            self._send()

    def answers(self) -> Iterator[tuple[str, FileFacts]]:
        """What every file yielded, once all were put."""
        self._send()
        for batch in self._held:
            yield from _read(batch)
        for answer in as_completed(self._answers):
            yield from answer.result()

    def _send(self) -> None:
        if self._batch:
            self._held.append(self._batch)
            self._held_size += self._size
            self._batch, self._size = [], 0
        if self._count > 1 and (self._threads or self._held_size > SMALL):
            held, self._held = self._held, []
            for batch in held:
                self._submit(batch)

    def _submit(self, batch: list[Unread]) -> None:
        if self._threads is None:
            may_fork = threading.active_count() == 1 and hasattr(os, "fork")
            for _ in range(self._count):
                self._start(may_fork=may_fork)
            self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="upgradecheck")
        self._room.acquire()
        answer = self._threads.submit(self._ask, batch)
        answer.add_done_callback(lambda _: self._room.release())
        self._answers.append(answer)

    def _start(self, *, may_fork: bool = False) -> None:
        process = _Fork(self._every) if may_fork else _Program()
        self._every.append(process)
        self._idle.put(process)

    def _ask(self, batch: list[Unread]) -> list[tuple[str, FileFacts]]:
        process = self._idle.get()
        answer = process.ask(batch)
        if answer is not None:
            self._idle.put(process)
            return [(file.path, facts) for file, facts in zip(batch, answer, strict=True)]
        process.end(at_once=True)
        if not process.is_ready or self._closing:
            self._idle.put(process)
            return list(_read(batch))
        self._start()
        if len(batch) == 1:
            return [(batch[0].path, FileFacts(flaw=STOPPED, flaw_reason=SkipReason.CRASHED))]
        return [told for file in batch for told in self._ask([file])]


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(batch: list[Unread]) -> Iterator[tuple[str, FileFacts]]:
    for path, content in batch:
        reader = reader_of(path)
        yield path, facts_of(path, content, reader) if reader else FileFacts()


class _Process:
    """One process that reads files, and the pipes to it."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self.is_ready = False
        """It has said so: what breaks after that breaks at a file."""
        self.requests = requests
        self.answers = answers

    def ask(self, batch: list[Unread]) -> list[FileFacts] | None:
        """What each file of the batch yields; None where the process ended over it."""
        try:
            if not self.is_ready:
                self.is_ready = _receive(self.answers) == _READY
            _send(self.requests, _encode(batch))
            answer = _receive(self.answers)
        except (OSError, ValueError):  # the pipe broke, or was closed before
            return None
        return None if answer is None else _facts_decode(answer)

    def end(self, *, at_once: bool) -> None:
        """Lets the process end, or ends it; waits until it has."""
        if at_once:
            self.kill()
        for pipe in (self.requests, self.answers):
            with contextlib.suppress(OSError):  # it may have ended with a message half written
                pipe.close()
        self.wait()

    def kill(self) -> None:
        raise NotImplementedError

    def wait(self) -> None:
        raise NotImplementedError


class _Program(_Process):
    """Started as a program of its own: safe wherever the caller runs."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": _search_path()},
        )
        assert self._program.stdin and self._program.stdout
        super().__init__(self._program.stdin, self._program.stdout)

    def kill(self) -> None:
        self._program.kill()

    def wait(self) -> None:
        self._program.wait()


class _Fork(_Process):
    """A copy of the caller: ready at once, but only safe where the caller has a single thread."""

    def __init__(self, siblings: Sequence[_Process]) -> None:
        """The siblings' pipes are closed in the copy, which would keep them from ever seeing their end."""
        request_end, requests = os.pipe()
        answers, answer_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            inherited = [end for one in siblings for end in (one.requests, one.answers)]
            _be_a_copy(request_end, answer_end, [requests, answers], inherited)
        os.close(request_end)
        os.close(answer_end)
        self._is_over = False
        super().__init__(os.fdopen(requests, "wb"), os.fdopen(answers, "rb"))

    def kill(self) -> None:
        if not self._is_over:
            os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> None:
        if not self._is_over:
            self._is_over = True
            with contextlib.suppress(ChildProcessError):  # somebody waited for all children
                os.waitpid(self._pid, 0)


def _be_a_copy(
    requests: int, answers: int, unused: Sequence[int], inherited: Sequence[IO[bytes]]
) -> NoReturn:
    """What a forked process does. It never returns to the code that it was copied from."""
    status = 1
    try:
        for descriptor in (*unused, *(pipe.fileno() for pipe in inherited if not pipe.closed)):
            os.close(descriptor)
        _prepare()
        with os.fdopen(requests, "rb") as incoming, os.fdopen(answers, "wb") as outgoing:
            serve(incoming, outgoing)
        status = 0
    finally:
        os._exit(status)


def _search_path() -> str:
    """Where this process finds its modules, without the folder that it happens to stand in."""
    home = str(Path(planner.__file__).parents[1])
    return os.pathsep.join(dict.fromkeys([home, *(entry for entry in sys.path if entry)]))


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """The next message; None at the end of the stream."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """The other side: reads batches until nobody sends any more."""
    gc.freeze()
    gc.disable()
    _send(answers, _READY)
    while (message := _receive(requests)) is not None:
        told = []
        for path, content in _batch_decode(message):
            signal.alarm(SECONDS)
            told += [facts for _, facts in _read([Unread(path, content)])]
        signal.alarm(0)
        _send(answers, _encode(told))
        gc.collect()


def main() -> None:
    """What a process of the pool runs as a program."""
    _prepare()
    serve(sys.stdin.buffer, sys.stdout.buffer)


def _prepare() -> None:
    """A file that takes too long ends the process, and so does one that takes too much memory."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller ends its processes itself
    with contextlib.suppress(OSError, ValueError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
