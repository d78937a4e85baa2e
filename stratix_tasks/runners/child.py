"""One worker process as the kernel holds it: its channel, what it prints, its group, its death."""

from __future__ import annotations

import codecs
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from stratix_tasks.runners.guard import Guard
from stratix_tasks.runners.wire import Frames, Kind, send

BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[2]); descriptor = int(sys.argv[1]); sys.argv[:] = ['']; "
    "from stratix_tasks.runners.worker import main; main(descriptor)"
)
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
"""Each worker's libraries would else start a thread a core: as many workers as cores then slow each other down."""
CHUNK = 1 << 16
DRAINED = 1 << 20
"""Bytes read at most of what was printed before a body's end: a pipe holds less; a child left behind may print for ever."""
LAST_WORDS = 2000
PATIENCE = 0.5
"""Seconds between looks at whether the process lives, where its death can't be waited for."""

Output = Callable[[str, bytes], None]


class Child:
    """Used by one thread, but for `signal` and `stop`, which any thread may call."""

    def __init__(self, guard: Guard, workers: int) -> None:
        self.known: set[bytes] = set()
        """Digests of the functions that it has."""
        self.last_words = b""
        self._guard = guard
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOT, str(theirs.fileno()), json.dumps(sys.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=environment(workers),
                bufsize=0,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid
        guard.add(self.pid)
        self._channel, self._frames = ours, Frames(ours)
        self._lock = threading.Lock()
        self._buried = False
        self._watch()

    def _watch(self) -> None:
        self._streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ, None)
        for name, stream in self._streams.items():
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, name)
        self._death: int | None = None
        with suppress(AttributeError, OSError):
            self._death = os.pidfd_open(self.pid)
            self._selector.register(self._death, selectors.EVENT_READ, None)

    # ------------------------------------------------------------------ talking

    def send(self, kind: Kind, data: bytes) -> None:
        """OSError when it has gone."""
        send(self._channel, kind, data)

    def next(self, output: Output) -> tuple[Kind, bytes] | None:
        """Wait for the next frame, handing on what is printed meanwhile. None: the process is dead."""
        while True:
            frame = self._frames.pop()
            if frame is not None:
                return frame
            if self._frames.ended or self.dead():
                while self._frames.receive(wait=False):
                    pass
                return self._frames.pop()
            for key, _ in self._selector.select(None if self._death is not None else PATIENCE):
                if key.fileobj is self._channel:
                    self._frames.receive(wait=False)
                elif key.data is not None:
                    self._read(key.data, output)

    def drain(self, output: Output) -> None:
        """What was printed up to now."""
        for name in self._streams:
            left = DRAINED
            while left > 0 and (got := self._read(name, output)):
                left -= got

    def _read(self, name: str, output: Output) -> int:
        stream = self._streams[name]
        assert stream is not None
        if stream.closed:
            return 0
        try:
            data = os.read(stream.fileno(), CHUNK)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(stream)
            stream.close()
            return 0
        if name == "stderr":
            self.last_words = (self.last_words + data)[-LAST_WORDS:]
        output(name, data)
        return len(data)

    # ------------------------------------------------------------------ any thread

    def signal(self, number: signal.Signals) -> None:
        """To the worker and all that it started. Nothing when it is dead and reaped."""
        with self._lock:
            if not self._buried:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, number)

    def stop(self) -> None:
        """Ask the running body to end."""
        with self._lock:
            if not self._buried:
                with suppress(OSError):
                    send(self._channel, Kind.STOP)

    def dead(self) -> bool:
        """Whether the process has ended; it is not reaped, so that its number stays its own."""
        if self._process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    # ------------------------------------------------------------------ the end

    def bury(self) -> int:
        """Kill what is left of its group, reap it, close everything. Returns its exit code, negative for a signal."""
        self.signal(signal.SIGKILL)
        while not self.dead():
            with suppress(OSError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self.signal(signal.SIGKILL)  # whoever it started while it died
        with self._lock:
            self._buried = True
            self._guard.drop(self.pid)
            code = self._process.wait()
        self._selector.close()
        self._channel.close()
        if self._death is not None:
            os.close(self._death)
        for stream in self._streams.values():
            if stream is not None:
                stream.close()
        return code


def environment(workers: int) -> dict[str, str]:
    """Ours, with the threads of numeric libraries shared out; what the user set stays."""
    cap = str(max(1, cores() // max(1, workers)))
    return {**dict.fromkeys(THREADS, cap), **os.environ, "PYTHONUNBUFFERED": ""}


def cores() -> int:
    """Those that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class Lines:
    """Text of the two streams out of bytes that may end in the middle of a character."""

    def __init__(self, write: Callable[[str, str], None], spill: Callable[[int], bool]) -> None:
        """`spill(lines)` counts lines as dropped and says True when there is no room for more."""
        self._write, self._spill = write, spill
        self._decoders: dict[str, Any] = {}

    def __call__(self, stream: str, data: bytes) -> None:
        if self._spill(data.count(b"\n")):
            return
        if stream not in self._decoders:
            self._decoders[stream] = codecs.getincrementaldecoder("utf-8")("replace")
        self._write(stream, self._decoders[stream].decode(data))


def obituary(code: int, last_words: bytes, name: str) -> str:
    """What happened to a worker, and what to do."""
    if code < 0:
        try:
            how = f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            how = f"was killed by signal {-code}"
    else:
        how = f"ended with exit code {code}"
    hint = _HINTS.get(code, "look at its log for what it did last, or run it in a thread to debug it")
    text = f"the worker process of '{name}' {how} while the body ran: {hint}."
    words = last_words.decode("utf-8", "replace").strip()
    return f"{text}\nIts last words:\n{words}" if words else text


_CRASHED = "native code crashed; update or replace the library that it came from"
_HINTS = {
    -signal.SIGKILL: "the system may be out of memory, so let it hold less or run fewer at a time (pool=); or someone killed it",
    -signal.SIGSEGV: _CRASHED,
    -signal.SIGBUS: _CRASHED,
    -signal.SIGILL: _CRASHED,
    -signal.SIGABRT: f"{_CRASHED}, or an assertion in it failed",
    -signal.SIGTERM: "someone ended it",
    0: "the body called os._exit; raise an exception or return instead",
}
