"""Held: the runs that someone in this process has in hand, each as one `LiveRun`."""

from __future__ import annotations

from weakref import WeakValueDictionary

from stratix_tasks.engine.live import LiveRun


class Held:
    """The runs that someone in this process holds. Whoever holds one sees it as it was read last."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, LiveRun] = WeakValueDictionary()

    def get(self, run_id: str) -> LiveRun | None:
        return self._known.get(run_id)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._known

    def add(self, live: LiveRun) -> None:
        """A run that begins here."""
        self._known[live.id] = live

    def take(self, live: LiveRun) -> LiveRun:
        """In the engine's thread: a run as it was read again; returns the one that is held, which is that now.

        One that this engine runs is not touched, nor one that has gone on since the other was read: a whole run may have been
        claimed, and have ended, in that time.
        """
        held = self._known.get(live.id)
        if held is None or held.broken is not None:
            self._known[live.id] = live
            return live
        if live.id not in live.engine.lives and (live.epoch, live.seq) >= (held.epoch, held.seq):
            held.become(live)
        return held
