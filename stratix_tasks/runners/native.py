"""The runtime as it was before any body ran: one may freeze the clocks or put greenlets in the place of threads, for all.

What the engine and its runners need to go on is taken here, at import; for the same reason the number of the process is
imported by its name (`getpid`) wherever it tells a child from its parent.
"""

from __future__ import annotations

import _socket
import _thread
import asyncio
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from os import pipe as pipe
from os import urandom as urandom
from pickle import Unpickler as Unpickler
from pickle import dumps as dumps
from pickle import loads as loads
from socket import socket as Socket  # noqa: N812 - a class
from subprocess import Popen as Popen

Lock = _thread.allocate_lock
RLock = _thread.RLock
get_ident = _thread.get_ident
_start, _ends = _thread.start_new_thread, _socket.socketpair


class Clock:
    """Held by a class: tools that freeze time look for these functions among the names of modules.

    `time` is Unix time that goes on steadily while runs go on: a retry, a time-out or a wait takes as long as it says when
    somebody sets the clock on the wall meanwhile. While none does it is that clock's.
    """

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)
    _counted = staticmethod(
        partial(
            time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        )  # sleep of the computer counts
    )
    _lock = Lock()
    _offset = time.time() - _counted()
    _followers = 0

    @classmethod
    def time(cls) -> float:
        return cls._counted() + cls._offset if cls._followers else cls.wall()

    @classmethod
    def begin(cls) -> None:
        """A run goes on from now on."""
        with cls._lock:
            if not cls._followers:
                cls._offset = cls.wall() - cls._counted()
            cls._followers += 1

    @classmethod
    def end(cls) -> None:
        """It does not any more."""
        with cls._lock:
            cls._followers -= 1


class BodiesLoop(asyncio.SelectorEventLoop):
    """A class of its own, so that who patches the class of the loop that runs him patches no other loop."""

    time = staticmethod(time.monotonic)


def socket_pair() -> tuple[Socket, Socket]:
    """Two ends that are connected."""
    one, other = (Socket(fileno=end.detach()) for end in _ends())
    return one, other


NO_ROOM = (RuntimeError, OSError, MemoryError)
"""What the system says that has no more of what was asked of it: threads, processes, open files, memory."""


class Thread:
    """A daemon thread of the system. What `work` raises is kept in `error`. One of `NO_ROOM` where there can't be one more.

    It is one of `threading`'s, which debuggers and profilers know. Where these do not begin (greenlets stand in for them, a
    hook for new threads raises, somebody replaced a part of them), the system's own call makes one.
    """

    _bare = False
    """A thread of `threading` has ended before it began."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self._work = work
        self._alive, self._begun = Lock(), Lock()
        self._alive.acquire()
        self._begun.acquire()
        self.ident: int | None = None
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None
        if _thread.allocate_lock is Lock and not self._bare:
            with suppress(Exception):
                thread = threading.Thread(target=self._live, name=name, daemon=True)
                thread.start()
                self._thread = thread if self._begins(thread) else None
        if self._thread is None:
            _start(self._live, ())

    def _begins(self, thread: threading.Thread) -> bool:
        """Whether it comes to its work: a tracer for new threads that raises ends it before, and so does who starts none."""
        for _ in range(100):
            if self._begun.acquire(timeout=0.01):
                return True
            if not thread.is_alive():
                return self.ident is not None
        return True

    @property
    def alive(self) -> bool:
        if not self._alive.locked():
            return False
        if self._thread is None or self._thread.is_alive():
            return True
        Thread._bare |= self.ident is None
        return False

    def join(self, seconds: float) -> None:
        if self._alive.acquire(timeout=seconds):
            self._alive.release()

    def _live(self) -> None:
        try:
            self.ident = get_ident()
            self._begun.release()
            self._work()
        except BaseException as error:
            self.error = error
        finally:
            self._alive.release()


def is_own() -> bool:
    """Whether nothing of a body's acts on this thread after it: no profiler or tracer, and nobody who may raise exceptions in
    other threads (who does by `ctypes`, as all do, has looked the function up there).
    """
    ctypes = sys.modules.get("ctypes")
    raises = ctypes is not None and "PyThreadState_SetAsyncExc" in vars(ctypes.pythonapi)
    return not raises and sys.getprofile() is None and sys.gettrace() is None
