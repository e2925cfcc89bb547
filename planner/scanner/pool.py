"""Works on files on every core, each core's share in a process of its own.

The processes are copies of the caller where it has a single thread, and else are started as programs, so that it
does not matter which threads or which pool the caller runs in. A file that stops its process, by its depth or by
taking too long, is named and the work on the others is done. Little work is done where the caller is.
"""

from __future__ import annotations

import abc
import contextlib
import gc
import importlib
import os
import queue
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, NoReturn

import msgspec

import planner

BATCH = 64 * 1024
"""Bytes that a process gets at a time."""
SMALL = 512 * 1024
"""Less than this is done without other processes."""
SMALL_TO_COPY = 128 * 1024
"""The same where the processes are copies of the caller, which are there at once."""
MOST_PROCESSES = 4
SECONDS = 30
"""No real file takes a tenth of this; one that does is hostile."""
MEMORY = 1024 * 1024 * 1024
"""Bytes that one process may ask for."""
_MOST_WAITING = 32
"""Batches for each process: enough that whoever puts them can do something else while they are worked on."""
_COLLECTED_AFTER = 64
"""Batches between two looks for what nothing refers to any more."""

_LENGTH = struct.Struct(">Q")
_READY = b"ready"

Work = Callable[[bytes], bytes]
"""A function of a module: its argument and its answer are messages."""


class _Task(NamedTuple):
    """One message for one function."""

    module: str
    function: str
    message: bytes


_encode = msgspec.msgpack.Encoder().encode
_tasks_decode = msgspec.msgpack.Decoder(list[_Task]).decode
_answers_decode = msgspec.msgpack.Decoder(list[bytes]).decode

Told = tuple[str, bytes | None]
"""The key of a task with its answer; None where it stopped its process."""


class Pool:
    """Takes tasks and gives their answers, in any order. Use as a context manager."""

    def __init__(self, processes: int | None = None, *, expected: int = 0) -> None:
        """``expected``: how many bytes there will be to work on, as far as the caller knows."""
        self._expected = expected
        self._count = processes if processes is not None else min(cores(), MOST_PROCESSES)
        self._batch: list[tuple[str, _Task]] = []
        self._size = 0
        self._held: list[list[tuple[str, _Task]]] = []
        """Batches that wait until it is known whether there are enough for other processes."""
        self._held_size = 0
        self._room = threading.BoundedSemaphore(_MOST_WAITING * max(self._count, 1))
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._every: list[_Process] = []
        self._threads: ThreadPoolExecutor | None = None
        self._answers: deque[Future[list[Told]]] = deque()
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

    def put(self, key: str, work: Work, message: bytes, *, size: int = 0) -> None:
        """Hands over a task. Waits while too many others wait.

        ``size``: how many bytes there are to work on beside the message.
        """
        self._batch.append((key, _Task(work.__module__, work.__name__, message)))
        self._size += len(message) + size
        if self._size >= BATCH:
            self._send()

    def ready(self) -> Iterator[Told]:
        """The answers that are there by now, so that they need not pile up while more is put."""
        while self._answers and self._answers[0].done():
            yield from self._answers.popleft().result()

    def answers(self) -> Iterator[Told]:
        """The answer to every task that was put and not told yet; then more may be put."""
        self._send()
        held, self._held, self._held_size = self._held, [], 0
        for batch in held:
            yield from _done_here(batch)
        waiting, self._answers = self._answers, deque()
        for answer in as_completed(waiting):
            yield from answer.result()

    def _send(self) -> None:
        if self._batch:
            self._held.append(self._batch)
            self._held_size += self._size
            self._batch, self._size = [], 0
        if self._count > 1 and (self._threads or self._is_much()):
            held, self._held = self._held, []
            for batch in held:
                self._submit(batch)

    def _is_much(self) -> bool:
        """Whether other processes are worth starting."""
        small = SMALL_TO_COPY if _may_fork() else SMALL
        return max(self._held_size, self._expected) > small

    def _submit(self, batch: list[tuple[str, _Task]]) -> None:
        if self._threads is None:
            may_fork = _may_fork()
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

    def _ask(self, batch: list[tuple[str, _Task]]) -> list[Told]:
        process = self._idle.get()
        answer = process.ask([task for _, task in batch])
        if answer is not None:
            self._idle.put(process)
            return [(key, told) for (key, _), told in zip(batch, answer, strict=True)]
        process.end(at_once=True)
        if not process.is_ready or self._closing:
            self._idle.put(process)
            return list(_done_here(batch))
        self._start()
        if len(batch) == 1:
            return [(batch[0][0], None)]
        return [told for one in batch for told in self._ask([one])]


def _may_fork() -> bool:
    return threading.active_count() == 1 and hasattr(os, "fork")


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _done_here(batch: Sequence[tuple[str, _Task]]) -> Iterator[Told]:
    for key, task in batch:
        yield key, _done(task)


def _done(task: _Task) -> bytes:
    work: Work = getattr(importlib.import_module(task.module), task.function)
    return work(task.message)


class _Process(abc.ABC):
    """One process that reads files, and the pipes to it."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self.is_ready = False
        """It has said so: what breaks after that breaks at a file."""
        self.requests = requests
        self.answers = answers

    def ask(self, batch: list[_Task]) -> list[bytes] | None:
        """The answer to each task; None where the process ended over one."""
        try:
            if not self.is_ready:
                self.is_ready = _receive(self.answers) == _READY
            _send(self.requests, _encode(batch))
            answer = _receive(self.answers)
        except (OSError, ValueError):  # the pipe broke, or was closed before
            return None
        return None if answer is None else _answers_decode(answer)

    def end(self, *, at_once: bool) -> None:
        """Lets the process end, or ends it; waits until it has."""
        if at_once:
            self.kill()
        for pipe in (self.requests, self.answers):
            with contextlib.suppress(OSError):  # it may have ended with a message half written
                pipe.close()
        self.wait()

    @abc.abstractmethod
    def kill(self) -> None:
        """Ends it at once."""

    @abc.abstractmethod
    def wait(self) -> None:
        """Waits until it has ended."""


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
    """The other side: works on batches until nobody sends any more."""
    gc.freeze()
    gc.disable()
    _send(answers, _READY)
    done = 0
    while (message := _receive(requests)) is not None:
        told = []
        for task in _tasks_decode(message):
            signal.alarm(SECONDS)
            told.append(_done(task))
        signal.alarm(0)
        _send(answers, _encode(told))
        done += 1
        if done % _COLLECTED_AFTER == 0:
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
