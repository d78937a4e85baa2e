"""Waiting nodes in a run: they begin to wait, and are answered by the clock, an approval or a signal."""

from __future__ import annotations

from stratix_tasks.core.facts import GIVEN
from stratix_tasks.core.moves import Moves
from stratix_tasks.core.results import Data, stand_in
from stratix_tasks.core.states import Event
from stratix_tasks.core.waits import NOTHING, Wait, signal_of, told
from stratix_tasks.spec.durations import about


class Waiting(Moves):
    """A run in which nodes wait for something."""

    def _wait(self, unit: int, at: float, wait: Wait) -> None:
        """running → waiting; what was sent before it began counts, but for what this node has had already."""
        self._let_go(unit)
        self.waits[unit] = wait
        self.move(unit, Event.WAIT, at, None, {"wait": wait})
        self.keep_waiting(unit, at)
        self.hear(unit, at)

    def hear(self, unit: int, at: float) -> None:
        """Take the next value of the signal that a unit waits for, if it waits for one and the value is there."""
        name = signal_of(self.waits[unit])
        if name is None:
            return
        sent, taken = self.signals.get(name, ()), self.taken.get(unit, 0)
        if len(sent) > taken:
            self.taken[unit] = taken + 1
            self.answer_wait(unit, at, sent[taken], "signal")

    def answer_wait(self, unit: int, at: float, given: Data, reason: str) -> None:
        """waiting → completed, with a value for its result."""
        self.values[unit] = stand_in(given["codec"], given["payload"], unit, self.attempt[unit])
        if given["summary"] is not None:
            self.summary[unit] = given["summary"]
        self.facts.append((GIVEN, at, unit, given["codec"], given["payload"], given["summary"]))
        self.move(unit, Event.SIGNAL, at, reason)

    def _wait_is_over(self, unit: int, at: float) -> None:
        """Its time has come: a sleep has slept, anything else has waited in vain."""
        wait = self.waits[unit]
        if wait["for"] == "sleep":
            return self.answer_wait(unit, at, NOTHING, "due")
        message = f"waited {about(at - self.started[unit])} in vain for {told(wait)}"
        bases = ["TimeoutError", "OSError", "Exception"]
        error = {"type": "TimeoutError", "message": message, "code": "timeout", "bases": bases}
        self.error[unit] = error
        self.move(unit, Event.WAIT_TIMEOUT, at, "timeout", {"error": error})
