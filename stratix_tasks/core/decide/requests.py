"""Requests: what people ask of a run, a node, an item or a scope. Each is recorded, idempotent, and legal or a TransitionError.

A request is data: a verb, a target and plain arguments, as the fact that records it holds them and as another process
sends it. One whose effect already holds is a recorded no-op. What may be asked when is told by `allowed` alone.

| verb | of | arguments |
|---|---|---|
| pause | the run, a node, an item, a scope | `drain`: whether bodies are left to finish instead of being suspended |
| resume, cancel | the run, a node, an item, a scope | |
| retry | the run, a node, an item, a scope | `redo`: whether what went on without it is rolled back |
| skip | a node, an item, a scope | `value`: a result as data, which stands for its own; `redo` |
| set | a node, an item, a path | `args`: name to result as data; `options`: name to plain data |
| breakpoint | a node, a path | `on`: whether it is to be there |
| approve | a node that waits for it, an item | `by`: who approves; `note`: why |
| answer | the same | `fields`: plain data by name |
| reject | the same | `by`: who rejects, `note`: why |
| send | the run | `name` of the signal, `value`: a result as data |
| rollback | the run | `to`: a node or scope, or `nodes`: names of those to run again |

A scope is an item of a mapped flow or a round of a loop, as one.
"""

from __future__ import annotations

from stratix_tasks.core.decide.changes import CHANGES
from stratix_tasks.core.decide.core import Act, Args, Core
from stratix_tasks.core.decide.of_run import RUN_VERBS
from stratix_tasks.core.decide.of_scope import SCOPE_VERBS
from stratix_tasks.core.decide.of_unit import UNIT_VERBS, Ask
from stratix_tasks.core.decide.turn import advance, ring
from stratix_tasks.core.facts import REQUESTED
from stratix_tasks.core.refusals import check_run
from stratix_tasks.core.targets import Scope, find
from stratix_tasks.core.well_formed import well_formed
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean

NODE_VERBS: dict[str, Ask] = {**UNIT_VERBS, **CHANGES}
NONE: Args = {}


def request(core: Core, verb: str, target: str | None, at: float, *, args: Args = NONE, by: str = "") -> None:
    """Apply one request; its facts and commands are in the core.

    `args["id"]`, where there is one, names the request: a second one of that name changes nothing. TransitionError when it
    is illegal, InputError for an unknown verb, target or argument; nothing has changed then.
    """
    verbs = RUN_VERBS if target is None else NODE_VERBS
    if verb not in verbs:
        what = "a run" if target is None else "a node"
        raise InputError(f"{what} can't be asked to '{verb}'. {did_you_mean(verb, verbs)}", code="unknown-request")
    well_formed(verb, target, args)
    if "id" in args and args["id"] in core.state.heard:
        return
    act = _asked(core, verb, target, at, args)
    core.tell(REQUESTED, at, verb, target, args, by)
    act()
    ring(core, at)
    advance(core, at)


def _asked(core: Core, verb: str, target: str | None, at: float, args: Args) -> Act:
    """What it does, if it may be asked."""
    if target is None:
        check_run(core.state, verb)
        return RUN_VERBS[verb](core, at, args)
    found = find(core.state, target)
    if isinstance(found, Scope) and verb in SCOPE_VERBS:
        return SCOPE_VERBS[verb](core, found, at, args)
    return NODE_VERBS[verb](core, found, at, args)
