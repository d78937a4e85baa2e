"""Forking: a new run that takes over results of another one, and makes the rest again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from stratix_tasks.core import fork as core
from stratix_tasks.core.allowed import allowed
from stratix_tasks.core.node import Node
from stratix_tasks.core.state import State
from stratix_tasks.dsl.bind import fed_hints
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError
from stratix_tasks.runners.native import Clock
from stratix_tasks.runs.functions import changed_of, lacking, lacks_runner, nodes_of
from stratix_tasks.runs.recorded import Recorded, recorded
from stratix_tasks.runs.reused import Reused
from stratix_tasks.runs.start import launch
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.spec.canonical import is_same
from stratix_tasks.spec.inputs import check_inputs
from stratix_tasks.spec.names import inputs_named
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.until import named


def fork(
    engine: Workshop, run_id: str, from_: str | None, inputs: dict[str, Any], *, key: str | None = None
) -> LiveRun:
    """See `Run.fork`."""
    known = recorded(engine, run_id)
    old = known.folded()
    made = {**known.inputs, **_new_inputs(known, inputs)}
    keep, open_ = core.taken_over(old, _again(known, old, from_))
    _refuse_fed(known, {name for name in inputs if not is_same(made[name], known.inputs[name])}, keep | open_)
    _refuse_unknown(known, keep)
    facts, places = core.facts(old, keep, open_, Clock.time())
    return launch(
        engine,
        known.block,
        known.functions,
        made,
        key=key,
        priority=known.about["priority"],
        tags=tuple(known.about["tags"]),
        forked_from={"run": run_id, "node": from_},
        reused=Reused(facts, places, known),
    )


def again(
    engine: Workshop, run_id: str, inputs: dict[str, Any], until: str | None = None, unsaid: Collection[str] = ()
) -> LiveRun:
    """See `Run.again`. `until`: a node beyond which the new run does not go, in place of where this one went. `unsaid`: the inputs that
    get their defaults, not what this one was given.
    """
    known = recorded(engine, run_id)
    block = known.block if until is None else known.until(engine, named(known.graph, until))
    made = {**known.inputs, **_new_inputs(known, inputs, unsaid)}
    _refuse_unknown(known, set())
    tags, priority = tuple(known.about["tags"]), known.about["priority"]
    return launch(engine, block, known.functions, made, key=None, priority=priority, tags=tags)


def _new_inputs(known: Recorded, inputs: dict[str, Any], unsaid: Collection[str] = ()) -> dict[str, Any]:
    """Those that are given anew, or left to their defaults, checked; the others were when the old run began."""
    spec = known.graph.spec
    new = spec.but({"inputs": {name: one for name, one in spec.inputs.items() if name in inputs or name in unsaid}})
    return check_inputs(new, inputs, fed_hints(spec, lambda: known.functions), static=spec.inputs)


def _again(known: Recorded, old: State, from_: str | None) -> set[int]:
    """The nodes that run again, with those in sub-flows. InputError `unknown-node`."""
    outline = known.block.outline
    if from_ is None:
        roots = nodes_of(known.block, changed_of(known.functions, known.about["code"]))
    elif from_ in outline.index:
        roots = {outline.index[from_]}
        if why := allowed(old, outline.index[from_])["fork"]:
            raise InputError(f"run {known.run} can't be forked from '{from_}': it is {why}", code="not-run")
    else:
        raise InputError(
            f"run {known.run} has no node '{from_}'. {did_you_mean(from_, outline.names)}", code="unknown-node"
        )
    return core.again(old, roots)


def _refuse_unknown(known: Recorded, kept: set[int]) -> None:
    """InputError when a function that has to run again is not defined here: the new run is run by this process."""
    nodes = enumerate(known.block.outline.nodes)
    again = [node.policy for unit, node in nodes if unit not in kept and _runs(node)]
    calls = {policy.call for policy in again}
    unknown = calls - known.functions.keys() - known.block.executors.keys()
    unknown.update(lack for one in again for lack in lacks_runner(one))
    if unknown:
        code, told = lacking(known.block.spec, sorted(unknown))
        raise InputError(f"a fork of run {known.run} is run here, and needs {told}, then fork again", code=code)


def _runs(node: Node) -> bool:
    return bool(node.policy.call) and not (node.policy.bodiless or node.pinned or node.off)


def _refuse_fed(known: Recorded, names: set[str], kept: set[int]) -> None:
    """InputError when an input that is new feeds a node whose result is taken over."""
    outline = known.block.outline
    for unit in sorted(kept) if names else ():
        node = outline.nodes[unit].spec
        over = [*node.each.over.values(), node.each.key] if node.each is not None else []
        taken = [] if outline.nodes[unit].pinned else [*node.args.values(), *over]
        outermost = outline.parents[unit] < 0
        fed = set(inputs_named([*taken, node.when])) & names if outermost else set()
        if fed:
            raise InputError(
                f"input '{min(fed)}' feeds node '{outline.names[unit]}', whose result is taken over; "
                f"fork from '{outline.names[unit]}' or a node before it, or start a new run",
                code="feeds-reused",
            )
