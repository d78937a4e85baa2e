"""One worker process as its engine sees it: a socket and a process group of its own, what it says, and its end.

There is no channel that several workers share, so one may be stopped or killed at any moment without holding up the others.
What runs in it is `worker.py`.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import chain
from os import getpid
from typing import Any

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.results import stand_in
from stratix_tasks.runners import native
from stratix_tasks.runners.attempt import Attempt, succeeded
from stratix_tasks.runners.body import wait_while_held
from stratix_tasks.runners.guardian import Guardian
from stratix_tasks.runners.imported import ENVIRON, Known, places
from stratix_tasks.runners.native import Clock, Lock
from stratix_tasks.runners.output import WORDS, Stream
from stratix_tasks.runners.payload import Packed
from stratix_tasks.runners.wire import Wire

STREAMS = ("stdout", "stderr")
WATCH = 0.5
"""Seconds between looks at whether a silent worker lives."""
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""What numerical libraries ask how many threads they may have: with all cores for each worker they trip over each other."""
BEGIN = (
    "import sys; sys.path[:], sys.dont_write_bytecode = {path!r}, {lean}; "
    "from stratix_tasks.runners.worker import main; main({fd}, {parent})"
)


class Worker:
    """One worker process, as its engine sees it. One thread runs attempts in it; any may stop, suspend or kill it."""

    def __init__(self, objects: bytes, guardian: Guardian) -> None:
        self._imported, self._spoilt = Known(), False
        ours, theirs = native.socket_pair()
        pipes = [native.pipe() for _ in STREAMS]
        with theirs:
            code = BEGIN.format(
                path=places(),
                lean=sys.dont_write_bytecode,
                fd=theirs.fileno(),
                parent=getpid(),
            )
            try:
                self._process = native.Popen(
                    [sys.executable, "-P", "-c", code],  # no folder of its own is looked in, which may be gone
                    stdin=subprocess.DEVNULL,
                    stdout=pipes[0][1],
                    stderr=pipes[1][1],
                    pass_fds=(theirs.fileno(),),
                    process_group=0,
                    env=_environment(),
                )
            except BaseException:
                ours.close()
                for fd in chain(*pipes):
                    os.close(fd)
                raise
        mark = b"\0stratix-" + native.urandom(8).hex().encode() + b"\0"
        self._streams = [Stream(read, name, mark) for name, (read, _) in zip(STREAMS, pipes, strict=True)]
        for _, write in pipes:
            os.close(write)
        self._news = selectors.DefaultSelector()
        self._news.register(ours, selectors.EVENT_READ)
        for stream in self._streams:
            self._news.register(stream.fd, selectors.EVENT_READ, stream)
        self._guardian = guardian
        guardian.watch(self._process.pid)
        self._wire = Wire(ours, self._await_news)
        self._lock = Lock()
        self._given: Attempt | None = None
        self._attempt: Attempt | None = None
        self._hearing: Attempt | None = None
        self._job = 0
        self._suspended = False
        self._known: set[int] = set()
        self.dead = False
        with suppress(OSError):
            self._wire.send(objects, mark)

    # ------------------------------------------------------------------ the thread beside it

    @property
    def stale(self) -> bool:
        """Whether a new one would run bodies otherwise."""
        return self._spoilt or self._imported.stale

    def run(self, attempt: Attempt, function: Packed, arguments: bytes) -> tuple[Any, ...]:
        """Run an attempt to its end; returns the answer."""
        wait_while_held(attempt)
        with self._lock:  # from here on a kill finds it, also while it is sent to a worker that does not read yet
            self._given = attempt
        if attempt.stop:
            self._over()
            return int(Answer.STOPPED), attempt.unit, attempt.number, Clock.time()
        self._job += 1
        for stream in self._streams:
            stream.begin()
        number, module, name, data = function
        fresh = number not in self._known
        self._known.add(number)
        host = attempt.host
        about = (host.id, attempt.unit, attempt.number, host.place(attempt.unit), host.masks.values)
        with suppress(OSError):  # a worker that is gone is found out below
            self._wire.send("run", self._job, (number, module, name, data if fresh else b""), arguments, about)
        self._hearing = attempt
        self._begun(attempt)
        try:
            return self._hear(attempt)
        finally:
            self._over()

    def _hear(self, attempt: Attempt) -> tuple[Any, ...]:
        while (message := self._wire.receive()) is not None:
            if message[0] == "notes":
                for kind, row in message[1]:
                    attempt.host.note(attempt, kind, row)
            elif message[0] == "imported":
                self._imported.add(message[1])
            elif message[0] == "spoilt":
                self._spoilt = True
            elif message[:2] == ("says", self._job):
                attempt.host.answer((*message[2][:3], Clock.time(), *message[2][4:]))  # by our clock, not its own
            elif message[0] not in ("ready", "says"):
                self._end_output(attempt)
                return _answer(attempt, *message)
        return self._lost(attempt)

    def _await_news(self) -> bool:
        """Take output until there is a message to read. False when the worker has died and left none: the socket does not
        tell, for a child that its body forked may keep it open, also one that has left its group.
        """
        look = Clock.monotonic() + WATCH
        while True:
            events = self._news.select(WATCH)
            for key, _ in events:
                stream: Stream | None = key.data
                if stream is not None and self._hearing is not None and not stream.take(self._hearing) and stream.ended:
                    self._news.unregister(stream.fd)
            if any(key.data is None for key, _ in events):
                return True
            if Clock.monotonic() > look and self._ended():
                return any(key.data is None for key, _ in self._news.select(0))

    def _end_output(self, attempt: Attempt) -> None:
        for stream in self._streams:
            stream.rest(attempt)
        if attempt.lines:
            attempt.flush()

    def _ended(self) -> bool:
        """It is not reaped by this, so that its number stays its own."""
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _begun(self, attempt: Attempt) -> None:
        """From here on it can be stopped and suspended; what was asked before is done now."""
        with self._lock:
            self._attempt = attempt
        if attempt.stop:
            self.ask_stop(attempt)
        elif attempt.hold:
            self.suspend(attempt)

    def _over(self) -> None:
        with self._lock:
            self._given = self._attempt = self._hearing = None
            self._resume()

    def _lost(self, attempt: Attempt) -> tuple[Any, ...]:
        """The worker has gone in the middle of a body."""
        self.dead = True
        self._signal(signal.SIGKILL)  # what it started
        with self._lock:  # nobody is about to send by it: its file descriptor may soon be another's
            self._wire.close()
        code = self._process.wait()
        self._guardian.forget(self._process.pid)
        self._end_output(attempt)
        last = attempt.host.masks.text(self._streams[1].tail)[-WORDS:]
        self.close()
        if attempt.stop:
            return int(Answer.STOPPED), attempt.unit, attempt.number, Clock.time()
        return int(Answer.LOST), attempt.unit, attempt.number, Clock.time(), _loss(code, last)

    def close(self) -> None:
        """Let go of what leads to it. Only the thread beside it may."""
        self._news.close()
        self._wire.close()
        for stream in self._streams:
            stream.close()

    # ------------------------------------------------------------------ any thread

    def ask_stop(self, attempt: Attempt) -> None:
        with self._lock:
            if self._attempt is attempt:
                self._resume()
                with suppress(OSError):
                    self._wire.send("stop", self._job)

    def kill(self, attempt: Attempt) -> None:
        with self._lock:
            if self._given is attempt:
                self._signal(signal.SIGKILL)

    def suspend(self, attempt: Attempt) -> None:
        with self._lock:
            if self._attempt is not attempt or self._suspended or not attempt.hold:
                return
            self._signal(signal.SIGSTOP)
            self._suspended = True
        attempt.suspended()

    def go_on(self, attempt: Attempt) -> None:
        with self._lock:
            if self._attempt is attempt:
                self._resume()

    def end(self) -> None:
        """Kill it and all that it started."""
        self.dead = True
        self._signal(signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
            self._guardian.forget(self._process.pid)

    def _resume(self) -> None:
        if self._suspended:
            self._suspended = False
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """To its whole process group, which outlives it as long as something that it started is there."""
        if self._process.returncode is not None:
            return  # its number may be another's by now
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _answer(attempt: Attempt, kind: str, *rest: Any) -> tuple[Any, ...]:
    unit, number = attempt.unit, attempt.number
    if kind == "done":
        codec, payload, summary, frame, cpu = rest
        value = stand_in(codec, payload, unit, number)
        return 0, unit, number, Clock.time(), value, codec, payload, summary, cpu, frame
    if kind == "failed":
        error, sent = rest
        return int(Answer.FAIL), unit, number, Clock.time(), error, _loaded(sent)
    if kind == "unstored":
        data, cpu = rest
        return succeeded(attempt, _loaded(data), cpu)
    assert kind == "stopped"
    return int(Answer.STOPPED), unit, number, Clock.time()


def _loaded(data: bytes) -> Any:
    """A value or exception of a worker; None where its class can't be had here."""

    try:
        return native.loads(data) if data else None
    except BaseException:
        return None


def _loss(code: int, last: str) -> dict[str, Any]:
    """What became of a worker; `last` is what it wrote to stderr at the end."""
    if code < 0:
        by = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        hint = "; the system may have run out of memory" if by == "SIGKILL" else ""
        how = f"was killed by {by}{hint}"
    else:
        how = f"ended with exit code {code}"
    return {
        "type": "RunnerLost",
        "message": f"its worker process {how}; the other tasks were not touched. retry() tries it again",
        "code": "lost",
        "bases": ["StratixError", "Exception"],
        "traceback": last,
    }


def _environment() -> dict[str, str]:
    """The engine's own, with its share of the cores for each worker where nothing else is said."""
    return {**dict.fromkeys(THREADS, "1"), **ENVIRON}
