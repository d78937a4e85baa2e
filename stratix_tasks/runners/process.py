"""Runs bodies in worker processes: a body there can be stopped dead, suspended and killed, and its crash costs only itself.

Workers are started afresh (nothing is inherited by a fork) and used again. A thread of ours stands beside each worker
(`worker_process.py`): it sends it an attempt, hears what the body says, and answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from stratix_tasks.core.ports import Objects
from stratix_tasks.runners.attempt import Attempt, failed, not_begun
from stratix_tasks.runners.guardian import Guardian
from stratix_tasks.runners.native import NO_ROOM, Clock, Lock, Thread
from stratix_tasks.runners.payload import Functions, Packed, dumps
from stratix_tasks.runners.worker_process import Worker

IDLE = 60.0
"""Seconds after which a worker that has nothing to do is let go."""


class ProcessRunner:
    """`objects` make results ready to be recorded; workers have them, too, and do it themselves."""

    name = "process"

    def __init__(self, objects: Objects) -> None:
        self._objects = dumps(objects, "the store")
        self._functions = Functions()
        self._guardian: Guardian | None = None
        self._jobs: SimpleQueue[Attempt | None] = SimpleQueue()
        self._lock = Lock()
        self._free = 0
        self._workers: list[Worker] = []
        self._of: dict[Attempt, Worker] = {}
        self._closed = False

    def submit(self, attempts: Sequence[Attempt]) -> None:
        with self._lock:
            for attempt in attempts:
                if self._free > 0:
                    self._free -= 1
                else:
                    try:
                        Thread(self._serve, "stratix-process")
                    except NO_ROOM as error:
                        attempt.host.answer(not_begun(attempt, error))
                        continue
                self._jobs.put(attempt)

    def stop(self, attempt: Attempt) -> None:
        """Ask it to end: it does so at its next checkpoint."""
        attempt.ask_stop()
        self._about(attempt, Worker.ask_stop)

    def kill(self, attempt: Attempt) -> None:
        """End it, and all that it started, at once."""
        attempt.ask_stop()
        self._about(attempt, Worker.kill)

    def hold(self, attempt: Attempt) -> None:
        """Stop it where it is."""
        attempt.ask_hold()
        self._about(attempt, Worker.suspend)

    def release(self, attempt: Attempt) -> None:
        attempt.release()
        self._about(attempt, Worker.go_on)

    def close(self) -> None:
        """No worker outlives its engine."""
        self._closed = True
        with self._lock:
            for worker in self._workers:
                worker.end()
            self._workers.clear()
        if self._guardian is not None:
            self._guardian.close()
        for _ in range(self._free):
            self._jobs.put(None)

    def _about(self, attempt: Attempt, what: Callable[[Worker, Attempt], None]) -> None:
        worker = self._of.get(attempt)
        if worker is not None:
            what(worker, attempt)

    def _serve(self) -> None:
        """The life of a thread and of the worker beside it."""
        worker: Worker | None = None
        while (attempt := self._next()) is not None:
            try:
                if worker is not None and worker.stale:
                    self._let_go(worker)
                if worker is None or worker.dead:
                    worker = self._open()
            except Exception as error:
                worker, event = None, not_begun(attempt, error)
            else:
                event = self._run(worker, attempt)
            self._of.pop(attempt, None)
            with self._lock:
                self._free += 1
            if not self._closed:
                attempt.host.answer(event, free=True)
            del attempt, event
        if worker is not None:
            self._let_go(worker)

    def _run(self, worker: Worker, attempt: Attempt) -> tuple[Any, ...]:
        self._of[attempt] = worker
        try:
            return worker.run(attempt, *self._packed(attempt))
        except BaseException as error:
            return failed(attempt, error)

    def _let_go(self, worker: Worker) -> None:
        with self._lock:
            if worker in self._workers:
                self._workers.remove(worker)
        worker.end()
        worker.close()

    def _next(self) -> Attempt | None:
        """The next attempt; None when there was none for a while. A thread that was counted as free takes itself off."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE)
            except Empty:
                with self._lock:
                    if self._free > 0:
                        self._free -= 1
                        return None

    def _open(self) -> Worker:
        with self._lock:
            self._guardian = self._guardian or Guardian()
        worker = Worker(self._objects, self._guardian)
        with self._lock:
            if self._closed:
                worker.end()
            self._workers = [one for one in self._workers if not one.dead]
            self._workers.append(worker)
        return worker

    def _packed(self, attempt: Attempt) -> tuple[Packed, bytes]:
        def tell(text: str) -> None:
            attempt.host.note(attempt, "log", (Clock.time(), "warning", text))

        attempt.reveal()
        function = self._functions.packed(attempt.host.id, attempt.function, tell)
        return function, dumps(
            (attempt.args, attempt.kwargs), f"an argument of '{attempt.host.place(attempt.unit)[0]}'"
        )
