"""Attempts: how a body can end other than well (it fails, is lost, stopped or too slow) and where its unit goes then."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.answers import Do
from stratix_tasks.core.moves import PENDING, READY, RUNNING
from stratix_tasks.core.retry import AFTER_LOSS, pause_before, retries
from stratix_tasks.core.states import Event, RunState, State
from stratix_tasks.core.timers import Timer
from stratix_tasks.core.waiting import Waiting


class Attempts(Waiting):
    """A run whose bodies end."""

    # ------------------------------------------------------------------ failing, losing

    def _failed(self, unit: int, at: float, error: dict[str, Any]) -> None:
        policy = self.policy(unit)
        self.error[unit] = error
        if retries(policy.retry, self.attempt[unit] - self.spent.get(unit, 0), error) and not error.get("final"):
            self._retry_later(unit, Event.FAIL_RETRY, at, error, self._pause_before(unit))
        else:
            self._let_go(unit)
            self.move(unit, Event.FAIL, at, None, {"error": error})

    def _lost(self, unit: int, at: float, error: dict[str, Any]) -> None:
        """The place where a body ran has gone: it is tried again by a budget of its own."""
        losses = self.lost[unit] = self.lost.get(unit, 0) + 1
        self.error[unit] = error
        self.live += self.state[unit] == State.SUSPENDED
        if losses > self.policy(unit).max_lost:
            self._let_go(unit)
            self.move(unit, Event.LOST, at, "lost", {"error": error})
            return
        self.spent[unit] = self.spent.get(unit, 0) + 1
        pause = pause_before(AFTER_LOSS, losses, self._random)
        self._retry_later(unit, Event.LOST_RETRY, at, error, pause, "lost")

    def _pause_before(self, unit: int) -> float:
        tried = self.attempt[unit] - self.spent.get(unit, 0)
        return pause_before(self.policy(unit).retry, tried, self._random)

    def _retry_later(
        self, unit: int, event: Event, at: float, error: dict[str, Any], pause: float, reason: str | None = None
    ) -> None:
        due = self.due[unit] = at + pause
        self._let_go(unit)
        self.timers.arm(Timer.DUE, unit, at, pause)
        self.move(unit, event, at, reason, {"error": error, "due": due})
        self.hold_if_asked(unit, at)

    # ------------------------------------------------------------------ stopping, holding

    def _stopped(self, unit: int, at: float, *, abandoned: bool = False) -> None:
        """A stop took effect: the body ended, or its grace is over."""
        target, reason, detail = self.target.pop(unit)
        if abandoned:
            self.abandoned[unit] = self.abandoned.get(unit, 0) + 1
            self._fenced.add((unit, self.attempt[unit]))
            self.live -= 1
            self.timers.drop_unit(unit)
            detail = {**(detail or {}), "abandoned": True}
        else:
            self._let_go(unit)
        if target is State.RETRYING:
            detail = self.back_off(unit, at, reason, detail)
        self.move(unit, Event.STOPPED, at, reason, detail, target)
        self.hold_if_asked(unit, at)
        if target is PENDING:
            self.judge(unit, at)

    def back_off(self, unit: int, at: float, reason: str, detail: dict[str, Any] | None) -> dict[str, Any]:
        """A body that was stopped is tried again: when, and the detail that tells it."""
        error = (detail or {}).get("error", {"type": "Stopped", "message": reason})
        self.due[unit] = at + self._pause_before(unit)
        self.timers.arm(Timer.DUE, unit, at, self.due[unit] - at)
        return {**(detail or {}), "error": error, "due": self.due[unit]}

    def _late(self, unit: int, attempt: int) -> None:
        """The answer of an attempt that is not the live one: dropped, counted; an abandoned body gives its slot back."""
        self.dropped_answers += 1
        if (unit, attempt) in self._fenced:
            self._fenced.discard((unit, attempt))
            self.abandoned[unit] -= 1
            lane = self.lane(unit)
            lane.give()
            if not self.abandoned[unit]:
                del self.abandoned[unit]
                if unit in self._parked and self.state[unit] == READY:
                    self._parked.pop(unit).push(unit, self.policy(unit).priority)

    def resume_body(self, unit: int, at: float) -> None:
        """suspended → running, same attempt; its time-out counts on."""
        self.live += 1
        self.move(unit, Event.RELEASE, at)
        self.commands.append((Do.RELEASE, unit, self.attempt[unit]))

    # ------------------------------------------------------------------ time limits

    def _fire(self, timer: Timer, unit: int, at: float) -> None:
        if timer is Timer.RUN:
            self.end(RunState.FAILED, "timeout", at)
        elif timer is Timer.DUE and self.state[unit] == State.RETRYING:
            self.due.pop(unit, None)
            self.move(unit, Event.DUE, at)
        elif timer is Timer.WAIT and self.state[unit] == State.WAITING:
            self._wait_is_over(unit, at)
        elif timer is Timer.ATTEMPT and self.state[unit] == RUNNING:
            self._time_out(unit, "attempt", at)
        elif timer is Timer.GRACE and self.state[unit] == State.STOPPING:
            if self.policy(unit).killable:
                self.commands.append((Do.KILL, unit, self.attempt[unit]))
            else:
                self._stopped(unit, at, abandoned=True)
        elif timer is Timer.QUEUED and self.state[unit] == READY:
            self._expire(unit, Event.QUEUED_TOO_LONG, "queued", at)
        elif timer is Timer.TOTAL:
            if self.state[unit] in (RUNNING, State.SUSPENDED):
                self._time_out(unit, "total", at)
            elif self.state[unit] in (READY, State.RETRYING):
                self._expire(unit, Event.TOTAL_TIMEOUT, "total", at)
            elif self.state[unit] == State.STOPPING and self.target[unit][0] is State.RETRYING:
                self._time_out(unit, "total", at)

    def _time_out(self, unit: int, which: str, at: float) -> None:
        error = self._timeout_error(unit, which)
        self.error[unit] = error
        policy = self.policy(unit)
        again = which == "attempt" and retries(policy.retry, self.attempt[unit] - self.spent.get(unit, 0), error)
        self.stop(unit, State.RETRYING if again else State.FAILED, "timeout", at, {"error": error})

    def _expire(self, unit: int, event: Event, which: str, at: float) -> None:
        self.error[unit] = self._timeout_error(unit, which)
        self.move(unit, event, at, "timeout", {"error": self.error[unit]})

    def _timeout_error(self, unit: int, which: str) -> dict[str, Any]:
        limit = getattr(self.policy(unit).timeout, which)
        message = f"timed out: its {which} limit of {limit:g} s is over"
        return {
            "type": "TimeoutError",
            "message": message,
            "code": "timeout",
            "bases": ["TimeoutError", "OSError", "Exception"],
        }
