"""Performing: what the core decided is done, by runners and bindings, and answered through the inbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.node import Policy
from stratix_tasks.core.ports import Runner
from stratix_tasks.engine.live import LiveRun, Shell
from stratix_tasks.engine.prepare import Outcome
from stratix_tasks.engine.reading import Away
from stratix_tasks.engine.staging import prepare, refuse
from stratix_tasks.errors import StoreError
from stratix_tasks.runners.attempt import Attempt, describe, submit

Perform = Callable[[Shell, LiveRun, int, int], None]


class Runners(dict[str, Runner]):
    """Runners by name; those in `later` are made when they are first used, and what plugins bring by `brought`, then, too."""

    def __init__(self, here: Mapping[str, Runner], brought: Callable[[str], Runner]) -> None:
        super().__init__(here)
        self.later: dict[str, Callable[[], Runner]] = {}
        self._brought = brought

    def __missing__(self, name: str) -> Runner:
        self[name] = self.later[name]() if name in self.later else self._brought(name)
        return self[name]


def perform(engine: Shell, live: LiveRun, commands: list[tuple[int, int, int]]) -> None:
    """Attempts are handed to each runner together; the other commands are carried out one by one, in order.

    Within a runner attempts begin in the order of their commands, but for those whose arguments have to be prepared: these
    begin when they are, and hold up none.
    """
    starts: dict[str, list[Attempt]] = {}
    s, bodies = live.core.state, live.bodies
    for kind, unit, number in commands:
        if kind == 0:
            policy = s.policy(unit)
            attempt = _attempt(engine, live, unit, number, policy)
            if attempt is not None:
                bodies[unit] = attempt
                runner = policy.runner
                if runner in starts:
                    starts[runner].append(attempt)
                else:
                    starts[runner] = [attempt]
        else:
            _PERFORM[kind](engine, live, unit, number)
    for runner, attempts in starts.items():
        try:
            submit(engine.runners, runner, attempts)
        except BaseException:
            for attempt in attempts:
                del bodies[attempt.unit]
            raise


def _attempt(engine: Shell, live: LiveRun, unit: int, number: int, policy: Policy) -> Attempt | None:
    """One that can begin now; None for one that has to wait for its arguments, or has failed."""
    function = live.binding.functions.get(policy.call)
    if function is None and not policy.bodiless:
        call, node = policy.call, live.name(unit)
        what = "function" if live.core.state.node(unit).spec.uses is None else "executor"
        error = StoreError(f"the {what} '{call}' of node '{node}' is not known here", code=f"missing-{what}")
        refuse(engine, live, unit, number, Outcome(None, error, describe(error)))
        return None
    try:
        if function is None:
            raise Away
        args, kwargs, plain = live.binding.arguments(unit, function)
    except Exception:  # what is wrong is found again there, and told
        engine.staging.begin(live, unit, number, policy)
        return None
    return Attempt(live, unit, number, function.call, args, kwargs, live.context.copy(), plain)


def _tell(verb: str) -> Perform:
    """Who has a body that is still the live one is told."""

    def tell(engine: Shell, live: LiveRun, unit: int, number: int) -> None:
        attempt = live.bodies.get(unit)
        if attempt is not None and attempt.number == number:
            getattr(engine.staging.holder(live, attempt), verb)(attempt)

    return tell


def _evaluate(engine: Shell, live: LiveRun, unit: int, generation: int) -> None:
    def answer(outcome: Outcome) -> None:
        verdict = outcome.value if outcome.error is None else outcome.told
        engine.post(live, (int(Answer.VERDICT), unit, generation, engine.clock(), verdict))

    prepare(
        engine, live, f"the condition of node '{live.name(unit)}'", partial(live.binding.to_condition, unit), answer
    )


def _expand(engine: Shell, live: LiveRun, unit: int, generation: int) -> None:
    def answer(outcome: Outcome) -> None:
        told = outcome.value if outcome.error is None else (outcome.told, None, None, ())
        engine.post(live, (int(Answer.EXPANDED), unit, generation, engine.clock(), *told))

    prepare(engine, live, f"what goes into node '{live.name(unit)}'", partial(live.binding.to_expand, unit), answer)


def _resolve(engine: Shell, live: LiveRun, unit: int, question: int) -> None:
    def answer(outcome: Outcome) -> None:
        event = (int(Answer.OPTIONS), unit, question, engine.clock(), outcome.value)
        engine.post(live, (*event, None if outcome.error is None else outcome.told))

    prepare(engine, live, f"the options of node '{live.name(unit)}'", partial(live.binding.to_options, unit), answer)


def _give(engine: Shell, live: LiveRun, unit: int, question: int) -> None:
    def answer(outcome: Outcome) -> None:
        event = (int(Answer.PINNED), unit, question, engine.clock(), outcome.value)
        engine.post(live, (*event, None if outcome.error is None else outcome.told))

    prepare(
        engine, live, f"the value pinned to node '{live.name(unit)}'", partial(live.binding.to_pinned, unit), answer
    )


def _end(engine: Shell, live: LiveRun, _state: int, _number: int) -> None:
    engine.end(live)


_PERFORM: dict[int, Perform] = {
    Do.STOP: _tell("stop"),
    Do.KILL: _tell("kill"),
    Do.HOLD: _tell("hold"),
    Do.RELEASE: _tell("release"),
    Do.EVALUATE: _evaluate,
    Do.EXPAND: _expand,
    Do.RESOLVE: _resolve,
    Do.GIVE: _give,
    Do.ENDED: _end,
}
