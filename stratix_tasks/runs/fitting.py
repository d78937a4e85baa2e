"""What somebody gives a run, inputs and arguments, held against what its flow and functions say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratix_tasks.core.settings import at_path
from stratix_tasks.core.targets import Scope, find, only_unit
from stratix_tasks.dsl.bind import fed_hints, wanted
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError
from stratix_tasks.spec.annotations import annotation, has_classes
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.fit import Types
from stratix_tasks.spec.given import NOTHING_SAID, Gives, gives
from stratix_tasks.spec.inputs import shown
from stratix_tasks.spec.types import type_text


def hints_of_inputs(live: LiveRun) -> dict[str, Any]:
    """By name the annotations of the inputs of a run. In the engine's thread."""
    spec = live.core.state.root.spec
    said = {name: annotation(one) for name, one in spec.inputs.items()}
    return {**said, **fed_hints(spec, lambda: live.functions)}


def hints_at(live: LiveRun, target: str) -> dict[str, Any]:
    """By argument the annotations of what a target is given; none where its function is not known here. In the engine's
    thread.
    """
    s, functions = live.core.state, live.functions
    found = find(s, target)
    if isinstance(found, str):
        block, k = at_path(s.root, found)
        return wanted(block.nodes[k].spec, block.spec, functions)
    if isinstance(found, Scope):
        return {}
    unit = only_unit(s, found)
    node = s.node_of(unit)
    r, k, _ = s.place(node)
    return wanted(r.block.nodes[k].spec, r.block.spec, functions, item=node != unit)


def gives_at(live: LiveRun, target: str) -> Gives:
    """What a target gives, as far as its function is known here. In the engine's thread."""
    s = live.core.state
    found = find(s, target)
    if isinstance(found, str):
        return NOTHING_SAID
    unit = found.group if isinstance(found, Scope) else found
    node = s.node_of(unit)
    r, k, _ = s.place(node)
    types = Types(r.block.spec, s.root.used, live.functions)
    return gives(types, r.block.names[k], item=node != unit or isinstance(found, Scope))


def fitted(target: str, args: Mapping[str, Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as their annotations want them. InputError `type-mismatch` with all that do not fit."""
    made, wrong = dict(args), list[str]()
    for name, value in args.items():
        if name not in hints:
            continue
        try:
            made[name] = convert(value, hints[name])
        except ValueError as error:
            wrong.append(f"'{name}' must be {type_text(hints[name])}, not {shown(value)}: {error}")
    if wrong:
        raise InputError(f"'{target}' can't be set so: {'; '.join(wrong)}", code="type-mismatch")
    return made


def fitted_by_hand(target: str, args: Mapping[str, Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """The same of what was typed, without code of the user's: it is called in the engine's thread. What classes of the user
    make can't be typed.
    """
    for name in args:
        if name in hints and has_classes(hints[name]):
            kind = type_text(hints[name])
            raise InputError(
                f"'{name}' must be {kind}, which can't be typed; use run.set({target!r}, args=…) in a cell",
                code="type-mismatch",
            )
    return fitted(target, args, hints)
