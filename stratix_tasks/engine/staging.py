"""Staging: between what the core decided and who performs it. What is wanted of a run's values is done on the loop where
that is harmless, else in the threads of `prepare`; attempts wait here for their arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.node import Policy
from stratix_tasks.engine.binding import AGAIN
from stratix_tasks.engine.breaking import or_break_off
from stratix_tasks.engine.calls import NOTHING
from stratix_tasks.engine.live import LiveRun, Shell
from stratix_tasks.engine.prepare import TIMEOUT, Job, Outcome, done
from stratix_tasks.engine.reading import LOOP, Away
from stratix_tasks.engine.work import Work
from stratix_tasks.runners.attempt import Attempt, submit

Then = Callable[[Outcome], None]


def prepare(engine: Shell, live: LiveRun, what: str, take: Callable[[], Work], then: Then) -> Job | None:
    """Take some work from a run's binding and do it; `then` has the outcome, in the engine's thread.

    It is done when this returns, or else the job that a thread has with it is returned. `what` names it in errors.
    """
    work: list[Work] = []

    def here(reader: Any) -> Any:
        work.append(take())
        return work[0](reader)

    outcome = done(here, LOOP)
    if type(outcome.error) is Away:
        job = engine.prepare.hand(what, work[0], partial(_prepared, engine, live, then))
        live.jobs.add(job)
        return job
    then(outcome)
    return None


@or_break_off
def _prepared(engine: Shell, live: LiveRun, then: Then, outcome: Outcome) -> None:
    """What was read on the way is kept; what was given up is not waited for by others."""
    live.jobs = {job for job in live.jobs if not job.over}
    live.binding.take_read()
    if outcome.told is not None and outcome.told.get("code") == TIMEOUT:
        live.binding.give_up()
    then(outcome)


def refuse(engine: Shell, live: LiveRun, unit: int, number: int, outcome: Outcome) -> None:
    """An attempt fails before its body begins; it is not tried again."""
    told = {**(outcome.told or {}), "final": True}
    engine.post(live, (int(Answer.FAIL), unit, number, engine.clock(), told, outcome.error))


class Staging:
    """Attempts that wait for their arguments: they are stopped, held and released here, as they are by a runner later."""

    def __init__(self, engine: Shell) -> None:
        self._engine = engine
        self._waiting: dict[Attempt, tuple[LiveRun, Job | None]] = {}
        """The job is None where all is there, but the attempt is held."""

    def __contains__(self, attempt: Attempt) -> bool:
        return attempt in self._waiting

    def holder(self, live: LiveRun, attempt: Attempt) -> Any:
        """Who has an attempt: its runner, or this while it waits here."""
        return self if attempt in self else self._engine.runners[live.core.state.policy(attempt.unit).runner]

    def drop(self, live: LiveRun) -> None:
        """The run has ended, or is let go: what is still being prepared for it holds up no other."""
        for job in live.jobs:
            self._engine.prepare.drop(job)
        live.jobs.clear()

    def begin(self, live: LiveRun, unit: int, number: int, policy: Policy) -> None:
        """Prepare what an attempt needs, then hand it to its runner; of a node that only waits, tell what for."""
        attempt = Attempt(
            live, unit, number, live.binding.functions.get(policy.call, NOTHING).call, (), {}, live.context.copy()
        )
        live.bodies[unit] = attempt
        self._prepare(live, attempt, self._engine.clock())

    def _prepare(self, live: LiveRun, attempt: Attempt, at: float) -> None:
        unit, binding = attempt.unit, live.binding
        s = live.core.state
        if s.node(unit).step is not None:
            take = partial(binding.to_step, unit)
        else:
            take = (
                partial(binding.to_wait, unit, at) if s.policy(unit).bodiless else partial(binding.to_arguments, unit)
            )
        self._waiting[attempt] = live, None
        then = partial(self._arrived, live, attempt, at)
        job = prepare(self._engine, live, f"an argument of node '{live.name(unit)}'", take, then)
        if job is not None:
            self._waiting[attempt] = live, job

    def _arrived(self, live: LiveRun, attempt: Attempt, at: float, outcome: Outcome) -> None:
        if outcome.error is not None:
            del self._waiting[attempt]
            refuse(self._engine, live, attempt.unit, attempt.number, outcome)
        elif outcome.value is AGAIN:
            self._prepare(live, attempt, at)
        else:
            attempt.args, attempt.kwargs = outcome.value
            self._waiting[attempt] = live, None
            if not attempt.hold:
                self._go(live, attempt)

    def _go(self, live: LiveRun, attempt: Attempt) -> None:
        del self._waiting[attempt]
        policy = live.core.state.policy(attempt.unit)
        if policy.bodiless:
            del live.bodies[attempt.unit]
            kind = Answer.WAIT if live.core.state.node(attempt.unit).step is None else Answer.STEP
            told = attempt.args if kind is Answer.WAIT else (self._engine.clock(), *attempt.args)
            self._engine.post(live, (int(kind), attempt.unit, attempt.number, *told))
        else:
            submit(self._engine.runners, policy.runner, [attempt])

    # ------------------------------------------------------------------ as a runner

    def stop(self, attempt: Attempt) -> None:
        """It ends at once: its body has not begun."""
        live, job = self._waiting.pop(attempt)
        if job is not None:
            self._engine.prepare.drop(job)
        attempt.ask_stop()
        self._answer(live, attempt, Answer.STOPPED)

    kill = stop

    def hold(self, attempt: Attempt) -> None:
        """It is parked before its body begins."""
        if not attempt.hold:
            attempt.ask_hold()
            self._answer(self._waiting[attempt][0], attempt, Answer.SUSPENDED)

    def release(self, attempt: Attempt) -> None:
        attempt.release()
        live, job = self._waiting[attempt]
        if job is None:
            self._go(live, attempt)

    def _answer(self, live: LiveRun, attempt: Attempt, kind: Answer) -> None:
        self._engine.post(live, (int(kind), attempt.unit, attempt.number, self._engine.clock()))
