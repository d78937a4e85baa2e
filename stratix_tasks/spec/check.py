"""Everything that can be said against a document without running it, all at once.

The plain path (arguments that are literals and whole references) costs one look-up an argument; the rest is looked at
only where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.check_around import around_findings, around_output, retry_findings
from stratix_tasks.spec.check_conditions import condition_findings, conjuncts, nor
from stratix_tasks.spec.check_disabled import disabled_findings
from stratix_tasks.spec.check_endless import endless_findings
from stratix_tasks.spec.check_flows import (
    depth_findings,
    input_findings,
    of_runs_findings,
    outputless_findings,
    sub_flow_findings,
)
from stratix_tasks.spec.check_many import each_findings, loop_findings
from stratix_tasks.spec.check_options import option_findings
from stratix_tasks.spec.check_pinned import finishing_findings, pinned_findings
from stratix_tasks.spec.check_secrets import secret_findings
from stratix_tasks.spec.check_shared import policy_findings, shared_findings, unused_findings
from stratix_tasks.spec.check_skipped import skipped_findings
from stratix_tasks.spec.check_unused import unused_flows, unused_inputs, unused_values
from stratix_tasks.spec.check_values import text_findings, unknown_ref, value_findings
from stratix_tasks.spec.executors import Executors, use_problems
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.extent import extent_problem
from stratix_tasks.spec.fields import IN_NODE
from stratix_tasks.spec.fit import Types, misfits, without_output
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL, wanted
from stratix_tasks.spec.late import late_values, option_path
from stratix_tasks.spec.mapped import could_be_named
from stratix_tasks.spec.model import NAME, NodeSpec
from stratix_tasks.spec.names import as_name, mentions
from stratix_tasks.spec.problems import REMOVE, Finding, Path, Problem, did_you_mean, instead
from stratix_tasks.spec.regions import blocking, pool_findings
from stratix_tasks.spec.steps import step_problems
from stratix_tasks.spec.tolerated import untolerant
from stratix_tasks.spec.values import ATOMS, Expr, Ref
from stratix_tasks.spec.vocabulary import BODIES, RESERVED

_NAME = re.compile(NAME)
_OF_FLOWS_ALONE = tuple(option.name for option in IN_NODE if not option.of_tasks)
_NO_WORDS: frozenset[str] = frozenset()
_SAY = "Say what it does: call: module:function, flow: name, or uses: http.get."


def check(
    graph: Graph,
    executors: Executors,
    pools: Collection[str] | None = (),
    functions: Mapping[str, Any] | None = None,
) -> list[Problem]:
    """Problems of a flow and its sub-flows.

    `executors` are those that nodes can use. `pools` are those of the engine, known beside the flow's own; None when they
    are not known yet. With `functions` (a node's `call` to what it calls) the annotations of what feeds what are compared
    too.
    """
    return [finding.told for finding in findings(graph, executors, pools, functions)]


def findings(
    graph: Graph,
    executors: Executors,
    pools: Collection[str] | None = (),
    functions: Mapping[str, Any] | None = None,
    path: Path = (),
    prefix: str = "",
) -> Iterator[Finding]:
    """The same with places; names of nodes in sub-flows begin with the flow's."""
    for finding in _findings(graph, executors, pools, functions):
        yield _inside(finding, path, prefix) if path else finding
    known = {*pools, *graph.spec.pools} if pools is not None and graph.spec.pools else pools
    for name in graph.spec.flows:
        inside = *path, "flows", name
        yield from findings(graph.flow(name), executors, known, functions, inside, f"{prefix}{name}.")


def _inside(finding: Finding, path: Path, prefix: str) -> Finding:
    named = replace(finding.problem, node=f"{prefix}{finding.problem.node}".rstrip("."))
    return Finding((*path, *finding.path), named, finding.word)


def _findings(
    graph: Graph, executors: Executors, pools: Collection[str] | None, functions: Mapping[str, Any] | None
) -> Iterator[Finding]:
    spec, index, inputs = graph.spec, graph.index, graph.spec.inputs
    for name, one in inputs.items():
        yield from _named(("inputs", name), name, "an input", "")
        yield from input_findings(("inputs", name), name, one)
    if spec.policies or spec.defaults is not None:
        yield from unused_findings(graph, executors, functions or {})
        yield from shared_findings(graph)
    for name, node in zip(graph.names[: len(spec.tasks)], graph.nodes, strict=False):
        if name in RESERVED or not _NAME.fullmatch(name):
            yield from _named(("tasks", name), name, "a node", name)
        for argument, value in node.args.items():
            kind = type(value)
            if kind is Ref and value.scope in ("tasks", "inputs"):
                if value.name not in (index if value.scope == "tasks" else inputs):
                    yield unknown_ref(graph, ("tasks", name, "with", argument), name, value)
            elif kind is str:
                if "{" in value:
                    yield from text_findings(("tasks", name, "with", argument), name, value)
            elif kind not in ATOMS:
                over = could_be_named(node.each.over) if node.each is not None else _NO_WORDS
                yield from value_findings(graph, ("tasks", name, "with", argument), name, value, over)
        yield from _node(graph, executors, name, node, pools)
    if spec.output is not None:
        yield from value_findings(graph, ("output",), "", spec.output)
        yield from around_output(spec.output)
    cycles = graph.cycles() if graph.cycle() else []
    for cycle in cycles:
        message = f"these nodes need each other: {' → '.join(cycle)}"
        yield Finding(("tasks", cycle[0]), Problem("cycle", message, cycle[0], hint="Take one of the arrows away."))
    yield from secret_findings(graph, executors)
    types = Types(graph.spec, executors, functions or {})
    yield from pinned_findings(graph, types)
    yield from finishing_findings(graph, types)
    if graph.off:
        yield from disabled_findings(graph, executors, functions)
    if graph.above is None:
        yield from blocking(graph)
        yield from pool_findings(spec)
        yield from depth_findings(graph)
        if (problem := extent_problem(graph)) is not None:
            yield Finding(("tasks",), problem)
    else:
        yield from of_runs_findings(spec)
    yield from untolerant(graph, executors, functions or {})
    yield from skipped_findings(graph)
    yield from _of_bodies(graph, functions or {})
    yield from condition_findings(graph, types, not cycles)
    if not cycles:
        yield from misfits(graph, executors, functions or {})
    yield from endless_findings(graph, executors)
    yield from unused_flows(graph)
    yield from unused_inputs(graph)
    yield from unused_values(graph, types)
    if outputless := without_output(graph, executors):
        yield from outputless_findings(graph, outputless)


def _node(
    graph: Graph, executors: Executors, name: str, node: NodeSpec, pools: Collection[str] | None
) -> Iterator[Finding]:
    """Of one node, but for its name and its arguments."""
    path: Path = ("tasks", name)
    if node.undo is not None and (node.each is not None or node.loop is not None or node.always):
        message = "undo takes back what one task did: not a flow, a fan-out, a loop, or the end of a flow"
        hint = "Say it of the tasks inside."
        yield Finding((*path, "undo"), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    for option in _OF_FLOWS_ALONE if node.flow is None else ():
        if getattr(node, option) is not None:
            message = f"{option} is for a flow in a flow, and this is none"
            hint = "Of a fan-out the items that run at a time are each.max; or put what is to be limited into a flow."
            yield Finding((*path, option), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    own = graph.spec.tasks[name]  # of what it takes of others is told where they say it
    if own.retry is not None or own.timeout is not None:
        yield from option_findings(path, name, own)
    if own.retry is not None:
        yield from retry_findings((*path, "retry"), name, own.retry)
    if node.catch or graph.has_end:
        yield from _ends(graph, path, name, node)
    yield from around_findings(name, node, executors)
    if node.loop is not None:
        yield from loop_findings(graph, (*path, "loop"), name, node, node.loop)
    if (node.join != ALL or node.losers is not None) and node.pin is None and not node.always:
        yield from _join(graph, path, name, node)
    if late := late_values(own):
        yield from _of_values(graph, path, name, late)
    if node.policy is not None:
        yield from policy_findings(graph, name, node.policy)
    if node.when is not None or node.each is not None or node.needs or node.pool or node.flow or node.uses:
        yield from _rare(graph, executors, name, node, pools)
    elif node.call is None:
        yield from _body(graph, executors, path, name, node)


def _of_bodies(graph: Graph, functions: Mapping[str, Any]) -> Iterator[Finding]:
    """What is asked of functions that bodies of their kind can't have, or can't do without more."""
    defaults = graph.spec.defaults
    for name, own, node in zip(graph.spec.tasks, graph.spec.tasks.values(), graph.nodes, strict=False):
        task, undo = functions.get(own.call or ""), functions.get(own.undo or "")
        known = {*own.args, *(() if task is None else task.parameters), "value"}
        for needed in undo.needed if undo is not None and "*" not in own.args else ():
            if needed not in known:
                message = f"'{own.undo}', which takes it back, needs the argument '{needed}'"
                hint = f"It is given what '{name}' takes and, as value, what it gave: {', '.join(sorted(known))}."
                yield Finding(("tasks", name, "undo"), Problem("bad-arguments", message, name, hint=hint))
        runner = node.runner or (defaults.runner if defaults is not None else None)
        if task is None or runner is None:
            continue
        for field, why in task.unfit(node.but({"runner": runner})):
            yield Finding(("tasks", name, *field), Problem("bad-option", why, name))


def _named(path: Path, name: str, what: str, node: str) -> Iterator[Finding]:
    if name in RESERVED:
        message = f"'{name}' can't be the name of {what}: expressions keep this word for themselves"
        hint = f"Name it otherwise, such as '{name}_'." + (" In Python: .options(name=…)." if node else "")
        yield Finding(path, Problem("bad-name", message, node, hint=hint))
    elif not _NAME.fullmatch(name):
        message = f"'{name}' can't be the name of {what}"
        hint = "Write letters from a to z, in either case, digits and _, at most 64, not a digit first."
        yield Finding(path, Problem("bad-name", message, node, hint=f"{hint}{as_name(name)}"))


def _rare(
    graph: Graph, executors: Executors, name: str, node: NodeSpec, pools: Collection[str] | None
) -> Iterator[Finding]:
    path: Path = ("tasks", name)
    if node.pool and pools is not None:
        yield from _pools(path, name, node, {*graph.spec.pools, *pools})
    for need in node.needs:
        if need not in graph.index:
            yield Finding((*path, "needs"), _no_task(f"needs '{need}', no task", name, need, graph), need)
    if node.when is not None:
        yield from value_findings(graph, (*path, "when"), name, node.when)
        if _never(node.when):
            hint = "To leave it out, write enabled: false (in Python .options(enabled=False))."
            message = f"its condition `{node.when.text}` never holds, so that it can't be reached{nor(graph, name)}"
            yield Finding((*path, "when"), Problem("unreachable", message, name, hint=hint))
        elif not mentions(node.when.text) and _is(node.when.text, True):
            message = f"its condition `{node.when.text}` always holds"
            problem = Problem("no-effect", message, name, hint="Take it away.", warning=True, remedy=REMOVE)
            yield Finding((*path, "when"), problem)
    if node.each is not None:
        yield from each_findings(graph, (*path, "each"), name, node, node.each)
    yield from _body(graph, executors, path, name, node)


def _body(graph: Graph, executors: Executors, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    """A node has exactly one of call, flow and uses."""
    bodies = [body for body in BODIES if getattr(node, body) is not None]
    if not bodies:
        yield Finding(path, Problem("nothing-to-do", "has neither call, flow nor uses", name, hint=_SAY))
    elif len(bodies) > 1:
        message = f"has {' and '.join(bodies)}, and can do one thing"
        yield Finding(path, Problem("twice", message, name, hint="Take all but one away."))
    elif node.uses is not None:
        for field, problem in use_problems(node, name, executors):
            yield Finding((*path, *field), problem, node.uses if field == ("uses",) else "")
        if (executor := executors.get(node.uses)) is not None and executor.step:
            for field, problem in step_problems(graph, name, node):
                yield Finding((*path, *field), problem, str(node.args["node"]))
    if node.flow is not None:
        yield from sub_flow_findings(graph, path, name, node)


def _of_values(graph: Graph, path: Path, name: str, late: Mapping[tuple[str, ...], Any]) -> Iterator[Finding]:
    """Options whose values come with the run."""
    for place, value in late.items():
        yield from value_findings(graph, (*path, *option_path(place)), name, value)


def _pools(path: Path, name: str, node: NodeSpec, known: Collection[str]) -> Iterator[Finding]:
    for pool in node.pool or ():
        if pool not in known:
            declare = f"Declare it: @flow(pools={{'{pool}': 4}}), or configure(pools={{'{pool}': 4}})."
            hint = f"{did_you_mean(pool, known)} {declare}".strip()
            message, remedy = f"there is no pool '{pool}'", instead(pool, known)
            yield Finding((*path, "pool"), Problem("unknown-pool", message, name, hint=hint, remedy=remedy), pool)


def _no_task(message: str, node: str, word: str, graph: Graph) -> Problem:
    hint, remedy = did_you_mean(word, graph.names), instead(word, graph.names)
    return Problem("unknown-task", message, node, hint=hint, remedy=remedy)


def _ends(graph: Graph, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    """What catches, and what runs at the end."""
    for caught in node.catch:
        if caught not in graph.index:
            yield Finding((*path, "catch"), _no_task(f"catches '{caught}', no task", name, caught, graph), caught)
        elif caught in node.needs and caught not in graph.off:
            message = f"it waits for '{caught}' to complete, and runs only when that failed: it can never run"
            remedy = REMOVE if node.needs == (caught,) else None
            problem = Problem(
                "impossible", message, name, hint=f"Take '{caught}' out of needs, or of catch.", remedy=remedy
            )
            yield Finding((*path, "needs"), problem, caught)
        elif caught not in graph.off and graph.index[caught] not in graph.ended.get(graph.index[name], ()):
            message = f"it takes the value of '{caught}', and runs only when that failed: it can never run"
            yield Finding(
                (*path, "catch"), Problem("impossible", message, name, hint="Take the value, or catch it."), caught
            )
    if node.always:
        yield from _at_end(graph, path, name, node)
    for need in graph.needs[graph.index[name]]:
        if graph.nodes[need].always and not node.always:
            message = f"it needs '{graph.names[need]}', which runs when all else in the flow has ended"
            yield Finding(path, Problem("needs-finally", message, name, hint="Put it under finally, too."))


def _at_end(graph: Graph, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    """Of what runs when all else has ended, and however that was, what would wait for some of that."""
    if node.join != ALL:
        message = "join means nothing at the end of a flow: all else has ended, and this runs however that was"
        yield Finding((*path, "join"), Problem("no-effect", message, name, hint="Take join away.", remedy=REMOVE))
    for need in node.needs:
        if need in graph.index and not graph.nodes[graph.index[need]].always:
            message = (
                f"needs '{need}' means nothing at the end of a flow: that has ended, and this runs however that was"
            )
            hint = f"Take it away; to ask how it ended: when: \"tasks.{need}.status == 'completed'\"."
            yield Finding((*path, "needs"), Problem("no-effect", message, name, hint=hint, warning=True), need)


def _join(graph: Graph, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    i = graph.index[name]
    needs = len(graph.needs[i]) - len(graph.told.get(i, ()))
    if node.losers is not None and node.join in (ALL, "settled"):
        message = f"losers means nothing where join is {node.join}: nothing is gone without"
        hint = "Say join: any, first_success or n_of, or take losers away."
        yield Finding((*path, "losers"), Problem("no-effect", message, name, hint=hint))
    if node.join != ALL and not needs:
        message, hint = "it needs nothing, so that there is nothing to join", "Take join away."
        yield Finding((*path, "join"), Problem("no-effect", message, name, hint=hint))
    elif node.join != ALL and wanted(node.join, needs) > needs:
        message = f"the join wants {wanted(node.join, needs)} of what it needs, and that is {needs}"
        yield Finding((*path, "join"), Problem("impossible-join", message, name, hint=f"Write n_of: {needs} or less."))


def _never(when: Expr) -> bool:
    """Whether a condition, or one that has to hold with others, names nothing and is false."""
    return any(_is(part, False) for part in conjuncts(when.text) if not mentions(part))


def _is(text: str, value: bool) -> bool:
    try:
        return compile_expression(text).evaluate({}) is value
    except FlowError:
        return False
