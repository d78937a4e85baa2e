"""Performing: what the machine decided is done, by runners and bindings, and answered through the inbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.plan import Policy
from stratix_tasks.core.waits import wait_for
from stratix_tasks.engine.live import LiveRun, Shell
from stratix_tasks.errors import StoreError
from stratix_tasks.runners.attempt import Attempt, describe

Perform = Callable[[Shell, LiveRun, int, int], None]


class Runners(dict[str, Any]):
    """Runners by name; those in `later` are made when they are first used."""

    def __init__(self, here: Mapping[str, Any]) -> None:
        super().__init__(here)
        self.later: dict[str, Callable[[], Any]] = {}

    def __missing__(self, name: str) -> Any:
        self[name] = self.later[name]()
        return self[name]


def perform(engine: Shell, live: LiveRun, commands: list[tuple[int, int, int]]) -> None:
    """Attempts are handed to each runner together; the other commands are carried out one by one, in order."""
    starts: dict[str, list[Attempt]] = {}
    machine = live.machine
    for kind, unit, number in commands:
        if kind == 0:
            policy = machine.policy(unit)
            attempt = _attempt(engine, live, unit, number, policy)
            if attempt is not None:
                starts.setdefault(policy.runner, []).append(attempt)
        else:
            _PERFORM[kind](engine, live, unit, number)
    for runner, attempts in starts.items():
        try:
            engine.runners[runner].submit(attempts)
        except BaseException:
            for attempt in attempts:
                del live.bodies[attempt.unit]
            raise


def _attempt(engine: Shell, live: LiveRun, unit: int, number: int, policy: Policy) -> Attempt | None:
    try:
        if policy.function is None:
            if policy.waits:
                _wait(engine, live, unit, number, policy)
                return None
            raise StoreError(
                f"the function '{policy.call}' of node '{live.name(unit)}' is not known here",
                code="missing-function",
            )
        args, kwargs = live.binding.arguments(unit)
    except BaseException as error:
        engine.post(live, (int(Answer.FAIL), unit, number, engine.clock(), {**describe(error), "final": True}, error))
        return None
    attempt = Attempt(live, unit, number, policy.function, args, kwargs, live.context.copy())
    live.bodies[unit] = attempt
    return attempt


def _wait(engine: Shell, live: LiveRun, unit: int, number: int, policy: Policy) -> None:
    """There is no body: the machine is told what to wait for."""
    at, (_, args) = engine.clock(), live.binding.arguments(unit)
    wait = wait_for(policy.call, args, policy.timeout.attempt, at)
    engine.post(live, (int(Answer.WAIT), unit, number, at, wait))


def _tell(verb: str) -> Perform:
    """Its runner is told of a body that is still the live one."""

    def tell(engine: Shell, live: LiveRun, unit: int, number: int) -> None:
        attempt = live.bodies.get(unit)
        if attempt is not None and attempt.number == number:
            getattr(engine.runners[live.machine.policy(unit).runner], verb)(attempt)

    return tell


def _evaluate(engine: Shell, live: LiveRun, unit: int, generation: int) -> None:
    try:
        verdict: Any = live.binding.condition(unit)
    except Exception as error:
        verdict = describe(error)
    engine.post(live, (int(Answer.VERDICT), unit, generation, engine.clock(), verdict))


def _expand(engine: Shell, live: LiveRun, unit: int, generation: int) -> None:
    try:
        live.binding.forget(unit)
        count, keys = live.binding.expand(unit)
        event: tuple[Any, ...] = (int(Answer.EXPANDED), unit, generation, engine.clock(), count, keys, "", None)
    except Exception as error:
        event = (int(Answer.EXPANDED), unit, generation, engine.clock(), describe(error), None, "", None)
    engine.post(live, event)


def _end(engine: Shell, live: LiveRun, _state: int, _number: int) -> None:
    engine.end(live)


_PERFORM: dict[int, Perform] = {
    Do.STOP: _tell("stop"),
    Do.KILL: _tell("kill"),
    Do.HOLD: _tell("hold"),
    Do.RELEASE: _tell("release"),
    Do.EVALUATE: _evaluate,
    Do.EXPAND: _expand,
    Do.ENDED: _end,
}
