"""Runs plain functions in worker processes: a time-out and a cancel really end a body, and a crash costs only its own.

Each worker has a thread here that talks to it over a channel of its own: it makes the payload, hands on what the body
says, and gives the one answer. The engine keeps as many bodies in flight as there are places (`places()`), so a worker
is there for each; they are started when needed, used again, and end after `IDLE` seconds without work.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import time
from typing import Any

from stratix_tasks.core.machine import Answer
from stratix_tasks.errors import RunnerLost, StratixError
from stratix_tasks.runners import payload
from stratix_tasks.runners.attempt import Attempt, describe, failed, succeeded
from stratix_tasks.runners.child import Child, Lines, cores, obituary
from stratix_tasks.runners.guard import Guard
from stratix_tasks.runners.wire import Kind
from stratix_tasks.runners.worker import Job

IDLE = 120.0
"""Seconds that a worker waits for work before it ends."""
FUNCTIONS_KEPT = 64
"""Functions that a worker keeps."""


def places() -> int:
    """Bodies that run in processes at a time."""
    return cores()


class ProcessRunner:
    """`submit`, `stop`, `hold`, `release` and `kill` in the engine's thread."""

    name = "process"

    def __init__(self) -> None:
        self.guard = Guard()
        self.functions = payload.Functions()
        self.closed = False
        self._warned: set[tuple[str, str]] = set()
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[Attempt | None] = SimpleQueue()
        self._free = 0
        self._seats: set[Seat] = set()
        self._busy: dict[Attempt, Seat] = {}

    def submit(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            with self._lock:
                if self._free > 0:
                    self._free -= 1
                    self._jobs.put(attempt)
                    continue
                seat = Seat(self, attempt)
                self._seats.add(seat)
            seat.start()

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_stop()
        self._tell(attempt, "stop")

    def hold(self, attempt: Attempt) -> None:
        attempt.ask_hold()
        self._tell(attempt, "suspend")

    def release(self, attempt: Attempt) -> None:
        attempt.release()
        self._tell(attempt, "go_on")

    def kill(self, attempt: Attempt) -> None:
        self._tell(attempt, "kill")

    def close(self) -> None:
        """End all workers at once; what still runs is not answered. In a forked child: nothing, they are not its own."""
        if os.getpid() != self._owner or self.closed:
            return
        self.closed = True
        with self._lock:
            seats = tuple(self._seats)
        for seat in seats:
            self._jobs.put(None)
            seat.kill()
        for seat in seats:
            seat.join(1.0)
        self.guard.close()

    # ------------------------------------------------------------------ for the seats

    def next(self) -> Attempt | None:
        """The next attempt for a seat that is free, or None: it is to go."""
        while not self.closed:
            try:
                return self._jobs.get(timeout=IDLE)
            except Empty:
                with self._lock:
                    if self._free > 0:
                        self._free -= 1
                        return None
        return None

    def take(self, attempt: Attempt, seat: Seat) -> None:
        self._busy[attempt] = seat

    def let(self, attempt: Attempt) -> None:
        """The seat that had this attempt is free."""
        self._busy.pop(attempt, None)
        with self._lock:
            self._free += 1

    def leave(self, seat: Seat) -> None:
        with self._lock:
            self._seats.discard(seat)

    def warn_once(self, attempt: Attempt, body: bytes) -> None:
        """Name what makes a payload big: on the node, and as a warning, once a function."""
        function: Any = attempt.function
        name = (str(getattr(function, "__module__", "")), str(getattr(function, "__qualname__", "")))
        if name in self._warned:
            return
        self._warned.add(name)
        text = payload.why_big(function, body, attempt.args, attempt.kwargs)
        attempt.host.note(attempt, "log", (time(), "warning", text))
        warnings.warn(text, stacklevel=2)

    def _tell(self, attempt: Attempt, what: str) -> None:
        seat = self._busy.get(attempt)
        if seat is not None:
            getattr(seat, what)(attempt)


class Seat(threading.Thread):
    """A thread and its worker process, which is started when there is something to run, and again after its death."""

    def __init__(self, runner: ProcessRunner, first: Attempt) -> None:
        super().__init__(name="stratix-process", daemon=True)
        self._runner, self._first = runner, first
        self._child: Child | None = None
        self._lock = threading.Lock()
        self._running: Attempt | None = None
        self._sending = self._stopped = False

    def run(self) -> None:
        attempt: Attempt | None = self._first
        del self._first
        while attempt is not None:
            self._runner.take(attempt, self)
            event = self._answer(attempt)
            self._runner.let(attempt)  # before the answer, on which the engine may submit the next
            if not self._runner.closed:
                attempt.host.answer(event)
            del event
            attempt = self._runner.next()
        self._bury()
        self._runner.leave(self)

    # ------------------------------------------------------------------ one attempt

    def _answer(self, attempt: Attempt) -> tuple[Any, ...]:
        try:
            job = self._job(attempt)
        except BaseException as error:
            data = {**describe(error), "final": True}
            return (int(Answer.FAIL), attempt.unit, attempt.number, time(), data, error)
        lines = Lines(attempt.write, lambda count: attempt.host.spill(attempt, count))
        try:
            return self._converse(attempt, job, lines)
        except OSError as error:
            return self._lost(attempt, f"no worker process can be started: {error}")

    def _job(self, attempt: Attempt) -> Job:
        digest, body = self._runner.functions.get(attempt.host.id, attempt.function)
        arguments = payload.dumps((attempt.args, attempt.kwargs))
        if len(body) + len(arguments) > payload.BIG:
            self._runner.warn_once(attempt, body)
        place = attempt.host.place(attempt.unit)
        return Job(attempt.host.id, place, attempt.unit, attempt.number, digest, body, False, list(sys.path), arguments)

    def _converse(self, attempt: Attempt, job: Job, lines: Lines) -> tuple[Any, ...]:
        while True:
            child = self._ready(lines)
            if child is None:
                return self._lost(attempt, self._died(attempt))
            if not self._begin(attempt):
                return (int(Answer.STOPPED), attempt.unit, attempt.number, time())
            if self._sent(child, job, attempt):
                break
            self._end()
            self._bury()  # it died before it had the whole job: nothing has run
            if attempt.stop or self._runner.closed:
                return (int(Answer.STOPPED), attempt.unit, attempt.number, time())
        while (frame := child.next(lines)) is not None and frame[0] is Kind.NOTES:
            self._notes(attempt, frame[1])
        self._end()
        child.drain(lines)
        if frame is None:
            died = self._died(attempt)
            attempt.flush()
            return self._lost(attempt, died)
        return self._read(attempt, job, *frame)

    def _ready(self, lines: Lines) -> Child | None:
        """The worker, started if there is none; None when it died on its way."""
        if self._child is not None and self._child.dead():
            self._bury()
        if self._child is None:
            with self._lock:
                self._child = Child(self._runner.guard, places())
            if self._runner.closed or self._child.next(lines) is None:
                return None
        return self._child

    def _begin(self, attempt: Attempt) -> bool:
        """Mark the body as running, once it is not held. False: it was asked to stop before."""
        while True:
            with self._lock:
                if attempt.stop:
                    return False
                if not attempt.hold:
                    self._running, self._sending, self._stopped = attempt, True, False
                    return True
                go = attempt.go
            attempt.suspended()
            assert go is not None
            go.wait()

    def _sent(self, child: Child, job: Job, attempt: Attempt) -> bool:
        known = child.known
        if job.digest in known:
            job.function = job.path = None
        elif len(known) >= FUNCTIONS_KEPT:
            known.clear()
            job.afresh = True
        try:
            child.send(Kind.RUN, pickle.dumps(job))
        except OSError:
            return False
        known.add(job.digest)
        with self._lock:
            self._sending = False
            if attempt.stop:
                child.stop()
        return True

    def _end(self) -> None:
        """The body is no longer running; a worker that was stopped as it ended goes on, for the next."""
        with self._lock:
            self._running, self._sending = None, False
            if self._stopped and self._child is not None:
                self._child.signal(signal.SIGCONT)

    # ------------------------------------------------------------------ what comes back

    @staticmethod
    def _notes(attempt: Attempt, data: bytes) -> None:
        rows, dropped = pickle.loads(data)
        for kind, row in rows:
            if kind == "artifact":
                at, name, encoded, kind_of = row
                try:
                    kept = attempt.host.encode(payload.loads(encoded.payload))
                except Exception as error:
                    text = f"artifact '{name}' is not kept: {error}"
                    attempt.host.note(attempt, "log", (at, "warning", text))
                    continue
                attempt.host.note(attempt, kind, (at, name, kept, kind_of))
            else:
                attempt.host.note(attempt, kind, row)
        if dropped:
            attempt.host.spill(attempt, dropped)

    def _read(self, attempt: Attempt, job: Job, kind: Kind, data: bytes) -> tuple[Any, ...]:
        if kind is Kind.OK:
            pickled, cpu = pickle.loads(data)
            try:
                value = payload.loads(pickled)
            except BaseException as error:
                return failed(attempt, error)
            return succeeded(attempt, value, cpu)
        attempt.flush()
        if kind is Kind.STOPPED:
            return (int(Answer.STOPPED), attempt.unit, attempt.number, time())
        if self._child is not None:
            self._child.known.discard(job.digest)  # it may be the function that could not be loaded
        described, pickled = pickle.loads(data)
        return (int(Answer.FAIL), attempt.unit, attempt.number, time(), described, _error(described, pickled))

    def _lost(self, attempt: Attempt, why: str) -> tuple[Any, ...]:
        if attempt.stop:
            return (int(Answer.STOPPED), attempt.unit, attempt.number, time())
        error = RunnerLost(why, code="lost")
        return (int(Answer.LOST), attempt.unit, attempt.number, time(), describe(error), error)

    def _died(self, attempt: Attempt) -> str:
        child = self._child
        assert child is not None
        code = self._bury()
        return obituary(code, child.last_words, attempt.host.place(attempt.unit)[0])

    def _bury(self) -> int:
        with self._lock:
            child, self._child = self._child, None
        return 0 if child is None else child.bury()

    # ------------------------------------------------------------------ from the engine's thread

    def stop(self, attempt: Attempt) -> None:
        with self._lock:
            child = self._child
            if self._running is not attempt or child is None:
                return
            if self._stopped:
                self._stopped = False
                child.signal(signal.SIGCONT)
            if not self._sending:
                child.stop()

    def suspend(self, attempt: Attempt) -> None:
        with self._lock:
            if self._running is not attempt or self._stopped or self._child is None:
                return
            self._stopped = True
            self._child.signal(signal.SIGSTOP)
        attempt.suspended()

    def go_on(self, attempt: Attempt) -> None:
        with self._lock:
            if self._running is attempt and self._stopped and self._child is not None:
                self._stopped = False
                self._child.signal(signal.SIGCONT)

    def kill(self, _attempt: Attempt | None = None) -> None:
        with self._lock:
            if self._child is not None:
                self._child.signal(signal.SIGKILL)


def _error(described: dict[str, Any], pickled: bytes) -> BaseException:
    """The body's own exception, with its traceback as a note; what stands for one that can't be sent."""
    trace = str(described.get("traceback", ""))
    if pickled:
        with suppress(Exception):
            error = payload.loads(pickled)
            if isinstance(error, BaseException):
                error.add_note(f"In a worker process:\n{trace}")
                return error
    return StratixError(f"{described.get('type')}: {described.get('message')}\n{trace}", code="not-portable")
