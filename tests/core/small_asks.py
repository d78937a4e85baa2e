"""All that may be asked of a small run, as it is: every request, with every argument that makes a difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from invariants import (
    a_request_of_a_scope_has_its_effect,
    a_request_that_was_taken_has_its_effect,
    what_was_rolled_back_runs_again,
    what_was_set_is_kept,
)
from promises import need
from small_flows import SIGNAL

from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import EACH, FLOW, LOOP
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.targets import Scope, find, label, scope_label, scope_of, unit_of, units_at

Ask = tuple[Any, ...]
"""A verb and its target; then the name and the value of an argument, where it takes one."""
PLAIN = ("pause", "resume", "cancel", "retry", "skip")
PRIORITY = {"priority": 1}


def asks(s: Recorded) -> Iterator[Ask]:
    yield from _of_the_run(s)
    for u in range(len(s.status)):
        if not s.gone(u):
            yield from _of_a_unit(s, u)
    yield from _of_scopes(s)
    for path in _paths(s.root):
        yield ("breakpoint", path, "on", path not in s.breaks)
        yield ("set", path, "options", PRIORITY)


def _of_the_run(s: Recorded) -> Iterator[Ask]:
    for verb in ("pause", "resume", "cancel", "retry"):
        yield (verb, None)
    yield ("pause", None, "drain", True)
    if any(policy.call == "wait.signal" for policy in s.root.policies):
        yield ("send", None, "name", SIGNAL)


def _of_a_unit(s: Recorded, u: int) -> Iterator[Ask]:
    target = label(s, u)
    for verb in PLAIN:
        yield (verb, target)
    yield ("pause", target, "drain", True)
    yield ("retry", target, "redo", True)
    yield ("skip", target, "value", 7)
    yield ("set", target, "options", PRIORITY)
    yield ("set", target, "args", {"x": 7})
    call = s.policy(u).call
    if call == "wait.approval":
        yield ("approve", target)
        yield ("reject", target)
    if call == "wait.input":
        yield ("answer", target, "fields", {"n": 7})
        yield ("answer", target, "fields", {"n": "no number"})
    if s.map_of(u) < 0:
        yield ("breakpoint", target, "on", s.path(u) not in s.breaks)
        yield ("rollback", None, "to", target)
        yield ("rollback", None, "nodes", [target])


def _of_scopes(s: Recorded) -> Iterator[Ask]:
    """Of items of mapped flows, and of rounds."""
    groups = [p for p in s.kids if s.kind(p) in (EACH, LOOP) and not s.gone(p)]
    for target in (scope_label(s, scope_of(s, p, index)) for p in groups for index in range(s.count(p))):
        for verb in PLAIN:
            yield (verb, target)
        yield ("pause", target, "drain", True)
        yield ("retry", target, "redo", True)
        yield ("skip", target, "redo", True)
        yield ("skip", target, "value", 7)
        yield ("rollback", None, "to", target)
        yield ("rollback", None, "nodes", [target])


def _paths(block: Block, above: str = "") -> Iterator[str]:
    """Of nodes in scopes that are still to come, one level deep."""
    for k, node in enumerate(block.nodes):
        if node.kind in (EACH, LOOP) or (node.kind is FLOW and k not in block.fixed):
            yield from (f"{above}{node.name}.{name}" for name in block.inner[k].names)
        elif node.kind is FLOW:
            yield from _paths(block.inner[k], f"{above}{node.name}.")


def has_its_effect(core: Core, verb: str, target: str | None, args: dict[str, Any]) -> None:
    """A request that was taken just now, before anybody has answered."""
    s = core.state
    found = None if target is None else find(s, target)
    word = "give" if verb == "skip" and "value" in args else verb
    if isinstance(found, Scope):
        a_request_of_a_scope_has_its_effect(core, word, found)
    elif isinstance(found, int):
        a_request_that_was_taken_has_its_effect(core, word, found)
    elif verb == "breakpoint":
        need((found in s.breaks) == args["on"], f"the breakpoint of '{found}' is not as it was asked")
    if "options" in args:
        for unit in units_at(s, found) if isinstance(found, str) else (unit_of(s, str(target)),):
            what_was_set_is_kept(core, unit, args["options"])
    for name in args.get("nodes", ()):
        again = find(s, name)
        for unit in again.units if isinstance(again, Scope) else (unit_of(s, name),):
            what_was_rolled_back_runs_again(core, unit)
