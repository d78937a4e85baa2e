"""A worker process: runs one body after the other in its main thread, and says live what they say.

One socket leads to the engine. A thread listens to it, so that a stop is heard while a body runs; when it ends, because
the engine's process has died, the worker kills its whole process group: itself and what its bodies have started.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections import deque
from contextvars import copy_context
from os import getpid
from queue import SimpleQueue
from time import process_time
from typing import Any

from stratix_tasks.errors import StoreError, StratixError
from stratix_tasks.runners.attempt import CURRENT, Attempt, Stopped, Where, told
from stratix_tasks.runners.body import Present, listen
from stratix_tasks.runners.ends import NAMES, Ends
from stratix_tasks.runners.forked import end_child
from stratix_tasks.runners.imported import Imports
from stratix_tasks.runners.leavings import Leavings
from stratix_tasks.runners.secrets import Masks, encode
from stratix_tasks.runners.streams import Streams
from stratix_tasks.runners.wire import Wire, readable

EVERY = 0.03
"""Seconds between sending what a body says."""
WATCH = 0.5
"""Seconds between looks at whether the engine's process is still the parent."""


class Host:
    """The run, as a body in a worker sees it."""

    def __init__(self, run: str, job: int, place: Where, masks: Masks, objects: Any, wire: Wire) -> None:
        self.id, self._job, self._place, self.objects, self._wire = run, job, place, objects, wire
        self.masks = masks
        self._notes: deque[tuple[str, tuple[Any, ...]]] = deque()
        self._progress: tuple[Any, ...] | None = None
        self._ends = {kind: Ends(kind) for kind in NAMES}
        self._home, self._told = getpid(), False
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def place(self, _unit: int) -> Where:
        return self._place

    def secret(self, name: str) -> str:
        """Arguments come here with their secrets."""
        raise AssertionError(name)

    def answer(self, event: tuple[Any, ...], *, free: bool = False) -> None:
        """What a body says while it goes on. By its job, for a thread that it left behind may still talk."""
        if getpid() != self._home:
            raise StratixError(
                "a process that this body forked can't spawn items: return them to the body, and spawn them there",
                code="not-here",
            )
        self._wire.send("says", self._job, event)

    def note(self, _attempt: Attempt, kind: str, row: tuple[Any, ...]) -> None:
        if getpid() != self._home:
            return self._note_of_child(kind, row)
        if kind == "progress":
            self._progress = row
        elif not self._ends[kind].take(row, (kind, row)):
            return
        else:
            self._notes.append((kind, row))
        if self._timer is None:
            with self._lock:
                if self._timer is None:
                    self._timer = threading.Timer(EVERY, self.flush)
                    self._timer.daemon = True
                    self._timer.start()

    def _note_of_child(self, kind: str, row: tuple[Any, ...]) -> None:
        """Of a child that the body forked: the socket is its parent's, what it writes to stderr is heard."""
        if kind == "log":
            print(row[2], file=sys.stderr, flush=True)
        elif not self._told:
            self._told = True
            print(
                f"a {kind} of a process that this body forked is not recorded: return it to the body, and record it there",
                file=sys.stderr,
                flush=True,
            )

    def end(self) -> None:
        """Send the rest, once the body has ended."""
        for kind, ends in self._ends.items():
            between, kept = ends.rest()
            if between:
                self._notes.append(("gap", (kept[0][1][0], kind, between)))
            self._notes += kept
        self.flush()

    def flush(self) -> None:
        """Send what was said so far."""
        with self._lock:
            self._timer = None
            notes = [self._notes.popleft() for _ in range(len(self._notes))]
            if self._progress is not None:
                notes.append(("progress", self._progress))
                self._progress = None
            if notes:
                self._wire.send("notes", notes)


class Worker:
    def __init__(self, link: socket.socket, parent: int) -> None:
        self.wire, self.parent, self.home = Wire(link), parent, getpid()
        self.jobs: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self.functions: dict[int, Any] = {}
        self.objects: Any = None
        self.imports, self.leavings, self.present = Imports(), Leavings(), Present()
        self.attempt: Attempt | None = None
        self.job = 0

    def serve(self) -> None:
        objects, mark = self.wire.receive()
        self.objects, self.streams = _load(objects), Streams(mark)
        threading.Thread(target=self._listen, name="stratix-listen", daemon=True).start()
        self.wire.send("ready")
        while True:
            self._run(*self.jobs.get())

    def _listen(self) -> None:
        """Whatever ends this ends the process: nobody would hear what it is told."""
        try:
            while self._parent_lives():
                message = self.wire.receive()
                if message is None:
                    break
                if message[0] == "run":
                    self.jobs.put(message[1:])
                elif self.attempt is not None and self.job == message[1]:
                    self.attempt.ask_stop()
        finally:
            die()

    def _parent_lives(self) -> bool:
        """Wait for something to read. The socket alone does not tell: a fork of the parent may hold its other end."""
        while not readable(self.wire.socket, WATCH):
            if os.getppid() != self.parent:
                return False
        return True

    def _run(self, job: int, function: tuple[int, str, str, bytes], arguments: bytes, about: tuple[Any, ...]) -> None:
        run, unit, number, place, secrets = about
        host = Host(run, job, place, Masks(secrets), self.objects, self.wire)
        attempt = Attempt(host, unit, number, _nothing, (), {}, copy_context())
        self.job, self.attempt = job, attempt
        self._attend()
        try:
            attempt.function, (attempt.args, attempt.kwargs) = self._function(*function), _load(arguments)
            message = attempt.enter().run(self._perform, attempt, host)
        except BaseException as error:
            message = failure(error, host.masks)
        self.streams.end()
        host.end()
        if modules := self.imports.news():
            self.wire.send("imported", modules)
        self.attempt = None
        self.wire.send(*message)

    def _attend(self) -> None:
        """What a body says is heard, whatever the one before it did to that."""
        self.streams.renew()
        listen()
        if self.present not in logging.root.handlers:
            logging.root.addHandler(self.present)

    def _function(self, key: int, module: str, name: str, data: bytes) -> Any:
        """The bytes of one that goes by value come with its first job."""
        if key not in self.functions:
            self.functions[key] = _load(data) if data else _imported(module, name)
        return self.functions[key]

    def _perform(self, attempt: Attempt, host: Host) -> tuple[Any, ...]:
        CURRENT.set(attempt)
        begun = process_time()
        self.leavings.begin()
        try:
            value = attempt.function(*attempt.args, **attempt.kwargs)
        except BaseException as error:
            end_child(self.home, error)
            raise
        finally:
            if getpid() == self.home and not self.leavings.end():
                self.wire.send("spoilt")
        end_child(self.home)
        cpu = process_time() - begun
        try:
            _, encoded = encode(host.objects, host.masks, value)
        except StoreError as error:
            if error.code == "disk-full":
                return "unstored", _dump(value), cpu
            raise
        return "done", encoded.codec, encoded.payload, encoded.summary, encoded.frame, cpu


def _imported(module: str, name: str) -> Any:
    from importlib import import_module

    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return getattr(found, "fn", found)


def failure(error: BaseException, masks: Masks) -> tuple[Any, ...]:
    """What the engine is told of a body that ended by an exception."""
    if issubclass(type(error), Stopped):
        return ("stopped",)
    data, kept = told(error, masks)
    try:
        sent = _dump(kept)
    except BaseException:
        sent = b""
    return "failed", data, sent


def _load(data: bytes) -> Any:
    import pickle

    return pickle.loads(data)


def _dump(value: Any) -> bytes:
    from stratix_tasks.runners import pickles

    return pickles.dumps(value)


def _nothing() -> None: ...


def die() -> None:
    """End this process and all that it started, at once."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main(fd: int, parent: int) -> None:
    """The whole life of a worker; `fd` is its end of the socket, `parent` the engine's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import faulthandler

    faulthandler.enable()
    Worker(socket.socket(fileno=fd), parent).serve()
