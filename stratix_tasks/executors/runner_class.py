"""A runner as plugins bring it: a class with `traits`, of which each engine makes one when it first needs it.

It is made with the engine's timer, `later(seconds, callback)`, and has what a `Runner` has (`core/ports.py`). What it is given are
attempts: `run_here(attempt)` of `runners/attempt.py` runs a plain function in this thread, with all that a body may ask of
`current()`, and returns the answer for `attempt.host.answer`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from stratix_tasks.core.ports import Runner, Traits
from stratix_tasks.errors import ExecutorError

Later = Callable[[float, Callable[[], None]], Any]
A_RUNNER = (
    "a runner is a class with `traits` (stratix_tasks.core.ports.Traits), made with `later(seconds, callback)`, that has "
    "`submit(attempts)`, `stop(attempt)`, `hold(attempt)`, `release(attempt)`, `close()`, and `kill(attempt)` where its traits say "
    "`killable`"
)


class RunnerClass(Protocol):
    traits: Traits

    def __call__(self, later: Later) -> Runner: ...


def runner_class(name: str, given: Any) -> RunnerClass:
    """That class, as it is. ExecutorError `bad-runner` tells all that it lacks."""
    if wrong := list(_wrong(name, given)):
        raise ExecutorError(f"runner '{name}' can't be brought: {'; '.join(wrong)}. {A_RUNNER}", code="bad-runner")
    found: RunnerClass = given
    return found


def _wrong(name: Any, given: Any) -> Iterator[str]:
    traits = getattr(given, "traits", None)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        yield "its name is none of letters, digits and _"
    if not isinstance(given, type):
        yield f"it is no class but {given!r}"
    if not isinstance(traits, Traits):
        yield "it has no `traits`"
        return
    if not traits.bodies or traits.bodies - {"def", "async def"} or traits.bodiless or traits.placeless:
        yield "its traits do not say which bodies it runs, 'def' or 'async def'"
    if not traits.where:
        yield "its traits do not say `where` bodies run, for people"
    verbs = ("submit", "stop", "hold", "release", "close", *(("kill",) if traits.killable else ()))
    yield from (f"it has no `{verb}`" for verb in verbs if not callable(getattr(given, verb, None)))
    if callable(getattr(given, "kill", None)) and not traits.killable:
        yield "it has `kill`, which its traits do not tell"
