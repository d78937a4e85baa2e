"""What runs in a worker process: one body at a time in its main thread, its words sent home while it runs.

A second thread listens: it takes stops, and when the kernel has gone it ends this process and all that it started. What
is written to the file descriptors 1 and 2, by Python, by C or by a child, goes to pipes that the kernel reads.
"""

from __future__ import annotations

import contextvars
import faulthandler
import logging
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from time import process_time
from typing import Any

from stratix_tasks.core.ports import Encoded
from stratix_tasks.runners import payload
from stratix_tasks.runners.attempt import CURRENT, Attempt, Stopped, describe
from stratix_tasks.runners.body import BodyHandler
from stratix_tasks.runners.wire import Frames, Kind, send

NOTES_EVERY = 0.05
"""Seconds between sending notes, so that a busy body sends few frames."""
NOTES_KEPT = 10_000
"""Notes an attempt sends; more are counted, not sent. Progress is not counted: the latest stands for all."""


@dataclass(slots=True)
class Job:
    """A body to run, as it comes over the wire.

    `function` is None when this worker has it already; `afresh` makes it forget those that it has.
    """

    run: str
    place: tuple[str, int | None, str | None, int]
    unit: int
    number: int
    digest: bytes
    function: bytes | None
    afresh: bool
    path: list[str] | None
    arguments: bytes


class Outbox:
    """Notes of the running body on their way home. Any thread may put one in."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._some = threading.Event()
        self._rows: list[tuple[str, Any]] = []
        self._progress: Any = None
        self._count = self._dropped = 0
        threading.Thread(target=self._serve, name="stratix-notes", daemon=True).start()

    def begin(self) -> None:
        with self._lock:
            self._rows, self._progress, self._count, self._dropped = [], None, 0, 0

    def put(self, kind: str, row: Any) -> None:
        with self._lock:
            if kind == "progress":
                self._progress = row
            elif self._count >= NOTES_KEPT:
                self._dropped += 1
            else:
                self._count += 1
                self._rows.append((kind, row))
        if not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Send what is there, in order."""
        with self._sending:
            with self._lock:
                rows, progress, dropped = self._rows, self._progress, self._dropped
                self._rows, self._progress, self._dropped = [], None, 0
                self._some.clear()
            if progress is not None:
                rows.append(("progress", progress))
            if rows or dropped:
                send(self._channel, Kind.NOTES, pickle.dumps((rows, dropped)))

    def done(self, kind: Kind, data: bytes) -> None:
        self.flush()
        with self._sending:
            send(self._channel, kind, data)

    def _serve(self) -> None:
        pause = threading.Event()
        while True:
            self._some.wait()
            pause.wait(NOTES_EVERY)
            try:
                self.flush()
            except OSError:
                return


class Home:
    """The run as a body in this process sees it."""

    def __init__(self, job: Job, outbox: Outbox) -> None:
        self.id = job.run
        self._job, self._outbox = job, outbox
        self.over = False
        """A thread that a body left behind speaks for no one."""

    def encode(self, value: Any) -> Encoded:
        return Encoded("pickle", payload.result(value))

    def answer(self, event: tuple[Any, ...]) -> None:
        raise AssertionError(f"a body in a process is answered for by its worker, not by {event}")

    def note(self, attempt: Attempt, kind: str, row: tuple[Any, ...]) -> None:
        if not self.over:
            self._outbox.put(kind, row)

    def spill(self, attempt: Attempt, count: int) -> bool:
        return False

    def place(self, unit: int) -> tuple[str, int | None, str | None, int]:
        return self._job.place


class Worker:
    """Takes jobs until the channel closes."""

    def __init__(self, channel: socket.socket) -> None:
        self._outbox = Outbox(channel)
        self._frames = Frames(channel)
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._functions: dict[bytes, Callable[..., Any]] = {}
        self._attempt: Attempt | None = None
        self._stop_of = 0
        self._started = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, name="stratix-listen", daemon=True).start()
        self._outbox.done(Kind.READY, b"")

    def serve(self) -> None:
        while True:
            job = self._jobs.get()
            kind, data = contextvars.Context().run(self._run, job)
            with self._lock:
                self._attempt = None
            flush_streams()
            self._outbox.done(kind, data)
            del job, data

    def _listen(self) -> None:
        """Frames from the kernel; at their end this process group ends too."""
        received = 0
        while self._frames.receive(wait=True):
            while (frame := self._frames.pop()) is not None:
                kind, data = frame
                if kind is Kind.RUN:
                    received += 1
                    self._jobs.put(pickle.loads(data))
                else:
                    self._stop(received)
        os.killpg(0, signal.SIGKILL)

    def _stop(self, number: int) -> None:
        """Stop the job that came as the `number`-th, which may not have begun."""
        with self._lock:
            self._stop_of = number
            if self._attempt is not None and self._started == number:
                self._attempt.ask_stop()

    def _run(self, job: Job) -> tuple[Kind, bytes]:
        self._outbox.begin()
        begun = process_time()
        home = Home(job, self._outbox)
        attempt = Attempt(home, job.unit, job.number, _nothing, (), {}, contextvars.copy_context())
        with self._lock:
            self._started += 1
            self._attempt = attempt
            attempt.stop = self._stop_of == self._started
        CURRENT.set(attempt)
        try:
            if attempt.stop:
                raise Stopped
            attempt.function = self._function(job)
            attempt.args, attempt.kwargs = payload.loads(job.arguments)
            value = attempt.function(*attempt.args, **attempt.kwargs)
            return Kind.OK, pickle.dumps((payload.result(value), process_time() - begun))
        except BaseException as error:
            return _failed(attempt, error)
        finally:
            home.over = True

    def _function(self, job: Job) -> Callable[..., Any]:
        if job.function is not None:
            if job.path is not None:
                sys.path[:] = job.path
            if job.afresh:
                self._functions.clear()
            self._functions[job.digest] = payload.loads(job.function)
        return self._functions[job.digest]


def _nothing() -> None:
    """Stands for a function that is not loaded yet."""


def _failed(attempt: Attempt, error: BaseException) -> tuple[Kind, bytes]:
    if isinstance(error, Stopped) or (attempt.stop and type(error).__name__ == "CancelledError"):
        return Kind.STOPPED, b""
    data = describe(error)
    try:
        pickled = payload.dumps(error)
        payload.loads(pickled)
    except BaseException:
        pickled = b""
    return Kind.FAIL, pickle.dumps((data, pickled))


def flush_streams() -> None:
    """What Python and C still hold back for the file descriptors 1 and 2."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    if _fflush is not None:
        _fflush(None)


_fflush: Callable[[Any], Any] | None = None


def _find_fflush() -> None:
    global _fflush  # noqa: PLW0603 - one C library a process
    with suppress(Exception):
        import ctypes

        _fflush = ctypes.CDLL(None).fflush


def _set_up() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):
            stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    logging.root.addHandler(BodyHandler())
    _find_fflush()


def main(descriptor: int) -> None:
    """Serve the kernel at the other end of a socket."""
    os.set_inheritable(descriptor, False)
    _set_up()
    Worker(socket.socket(fileno=descriptor)).serve()
