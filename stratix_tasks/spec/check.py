"""Everything that can be said against a document without running it, all at once.

The plain path (arguments that are literals and whole references) costs one look-up an argument; the rest is looked at
only where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.annotations import allowed, annotation, contradictions, worded
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.disabled import instead
from stratix_tasks.spec.executors import Executors, use_problems
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.fit import misfits, without_output
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import shown
from stratix_tasks.spec.model import NAME, Each, FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.names import mentions
from stratix_tasks.spec.policies import matches, patterns
from stratix_tasks.spec.problems import Problem, did_you_mean
from stratix_tasks.spec.scope import expression_problems
from stratix_tasks.spec.values import ATOMS, Expr, FirstOf, Ref, Template, leaves, needs_of
from stratix_tasks.spec.vocabulary import BODIES, RESERVED, SCOPES

Path = tuple[str | int, ...]
"""Where in the document: keys from the top, such as `("tasks", "fetch", "with", "url")`."""
_NAME = re.compile(NAME)
_NO_WORDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, its place in the document, and the wrong word there (to find its column)."""

    path: Path
    problem: Problem
    word: str = ""


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
    return [finding.problem for finding in findings(graph, executors, pools, functions)]


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
        yield from _input(("inputs", name), name, one)
    if spec.policies or patterns(spec):
        yield from _unused(graph)
    for name, node in zip(graph.names, graph.nodes, strict=True):
        if name in RESERVED or not _NAME.fullmatch(name):
            yield from _named(("tasks", name), name, "a node", name)
        for argument, value in node.args.items():
            kind = type(value)
            if kind is Ref and value.scope != "each":
                if value.name not in (index if value.scope == "tasks" else inputs):
                    yield _unknown_ref(graph, ("tasks", name, "with", argument), name, value)
            elif kind not in ATOMS:
                yield from _value(graph, ("tasks", name, "with", argument), name, value)
        if node.policy is not None and node.policy not in graph.policies:
            yield _unknown_policy(graph, name, node.policy)
        if node.when is not None or node.each is not None or node.needs or node.pool or node.flow or node.uses:
            yield from _rare(graph, executors, name, node, pools)
        elif node.call is None:
            yield from _body(graph, executors, ("tasks", name), name, node)
    if spec.output is not None:
        yield from _value(graph, ("output",), "", spec.output)
    cycles = graph.cycles() if graph.cycle() else []
    for cycle in cycles:
        message = f"these nodes need each other: {' → '.join(cycle)}"
        yield Finding(("tasks", cycle[0]), Problem("cycle", message, cycle[0], hint="Take one of the arrows away."))
    if graph.off:
        yield from _disabled(graph, executors, functions)
    if not cycles:
        for name, place, problem in misfits(graph, executors, functions or {}):
            yield Finding(("tasks", name, *place), problem)
    if outputless := without_output(graph):
        yield from _taken(graph, outputless)


def _named(path: Path, name: str, what: str, node: str) -> Iterator[Finding]:
    if name in RESERVED:
        message = f"'{name}' can't be the name of {what}: expressions keep this word for themselves"
        hint = f"Name it otherwise, such as '{name}_'." + (" In Python: .options(name=…)." if node else "")
        yield Finding(path, Problem("bad-name", message, node, hint=hint))
    elif not _NAME.fullmatch(name):
        message = f"'{name}' can't be the name of {what}"
        hint = "Write letters from a to z, in either case, digits and _, at most 64, not a digit first."
        yield Finding(path, Problem("bad-name", message, node, hint=hint))


def _rare(
    graph: Graph, executors: Executors, name: str, node: NodeSpec, pools: Collection[str] | None
) -> Iterator[Finding]:
    path: Path = ("tasks", name)
    if node.pool and pools is not None:
        yield from _pools(path, name, node, {*graph.spec.pools, *pools})
    for need in node.needs:
        if need not in graph.index:
            hint = did_you_mean(need, graph.names)
            yield Finding((*path, "needs"), Problem("unknown-task", f"needs '{need}', no task", name, hint=hint), need)
    if node.when is not None:
        yield from _value(graph, (*path, "when"), name, node.when)
        if _never(node.when):
            hint = "To leave it out, write enabled: false (in Python .options(enabled=False))."
            message = f"its condition `{node.when.text}` never holds, so that it can't be reached"
            yield Finding((*path, "when"), Problem("unreachable", message, name, hint=hint))
    if node.each is not None:
        yield from _each(graph, (*path, "each"), name, node, node.each)
    yield from _body(graph, executors, path, name, node)


def _body(graph: Graph, executors: Executors, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    """A node has exactly one of call, flow and uses."""
    bodies = [body for body in BODIES if getattr(node, body) is not None]
    if not bodies:
        yield Finding(path, Problem("nothing-to-do", "has neither call, flow nor uses", name))
    elif len(bodies) > 1:
        message = f"has {' and '.join(bodies)}, and can do one thing"
        yield Finding(path, Problem("twice", message, name, hint="Take all but one away."))
    elif node.uses is not None:
        for field, problem in use_problems(node, name, executors):
            yield Finding((*path, *field), problem, node.uses if field == ("uses",) else "")
    if node.flow is not None:
        yield from _sub_flow(graph, path, name, node)


def _pools(path: Path, name: str, node: NodeSpec, known: Collection[str]) -> Iterator[Finding]:
    for pool in node.pool or ():
        if pool not in known:
            declare = f"Declare it: @flow(pools={{'{pool}': 4}}), or configure(pools={{'{pool}': 4}})."
            hint = f"{did_you_mean(pool, known)} {declare}".strip()
            yield Finding((*path, "pool"), Problem("unknown-pool", f"there is no pool '{pool}'", name, hint=hint), pool)


def _each(graph: Graph, path: Path, name: str, node: NodeSpec, each: Each) -> Iterator[Finding]:
    for variable, value in each.over.items():
        if variable in SCOPES or not _NAME.fullmatch(variable) or variable in RESERVED:
            message = f"'{variable}' can't be the name of a loop variable"
            hint = "It is the name of the parameter that takes one element of each."
            yield Finding((*path, "over"), Problem("bad-name", message, name, hint=hint), variable)
        if variable in node.args:
            message = f"'{variable}' stands in `each` and in `with`: an argument is either mapped or the same for all"
            yield Finding((*path, "over"), Problem("twice", message, name, hint="Take one of them away."), variable)
        yield from _value(graph, (*path, "over", variable), name, value)
    if not each.over:
        hint = "Name the arguments and what they run over: each: {as: x, in: …}."
        yield Finding(path, Problem("nothing-to-map", "each maps over nothing", name, hint=hint))
    if each.key is not None:
        yield from _key(graph, (*path, "key"), name, each)


def _key(graph: Graph, path: Path, name: str, each: Each) -> Iterator[Finding]:
    variables = frozenset(each.over)
    yield from _value(graph, path, name, each.key, variables)
    if not any(_varies(leaf, variables) for leaf in leaves(each.key)):
        example = next(iter(variables), "x")
        hint = f"Name one, such as '${{{{ {example} }}}}'."
        yield Finding(
            path, Problem("bad-key", "the key names no mapped argument, so that all are alike", name, hint=hint)
        )


def _varies(leaf: Any, variables: frozenset[str]) -> bool:
    if type(leaf) is Template:
        return any(_varies(part, variables) for part in leaf.parts)
    if type(leaf) is Expr:
        return any(re.search(rf"(?<![\w.]){variable}\b", leaf.text) for variable in variables)
    return type(leaf) is Ref and leaf.scope == "each"


def _sub_flow(graph: Graph, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    inner = graph.spec.flows.get(node.flow or "")
    if node.each is not None:
        message = "mapping a flow is not available in this version"
        yield Finding((*path, "each"), Problem("not-available", message, name, hint="Map a task."))
    if inner is None:
        hint = did_you_mean(node.flow or "", graph.spec.flows)
        message = f"there is no flow '{node.flow}'"
        yield Finding((*path, "flow"), Problem("unknown-flow", message, name, hint=hint), node.flow or "")
        return
    for given, value in node.args.items():
        if given in inner.inputs:
            yield from _literal((*path, "with", given), name, given, value, inner.inputs[given])
        else:
            hint = did_you_mean(given, inner.inputs)
            message = f"flow '{node.flow}' has no input '{given}'"
            yield Finding((*path, "with", given), Problem("unknown-input", message, name, hint=hint))
    absent = graph.absent.get(graph.index[name], ())  # of which more is said elsewhere
    for wanted, one in inner.inputs.items():
        if one.required and wanted not in node.args and wanted not in absent:
            message = f"flow '{node.flow}' needs the input '{wanted}'"
            yield Finding((*path, "with"), Problem("missing-input", message, name, hint=f"Add it: {wanted}: …."))


def _literal(path: Path, node: str, name: str, value: Any, one: InputSpec) -> Iterator[Finding]:
    """Whether a literal can be an input."""
    if next(leaves(value), None) is not None:
        return
    try:
        convert(worded(value), annotation(one))
    except ValueError as error:
        message = f"input '{name}' must be {allowed(one)}, not {shown(value)}{'' if one.choices else f': {error}'}"
        yield Finding(path, Problem("type-mismatch", message, node))


def _input(path: Path, name: str, one: InputSpec) -> Iterator[Finding]:
    for place, why in contradictions(one):
        yield Finding((*path, *place), Problem("bad-input", f"input '{name}': {why}"))
        return
    if one.default is not None:
        for finding in _literal((*path, "default"), "", name, one.default, one):
            message = f"the default of {finding.problem.message}"
            yield replace(finding, problem=replace(finding.problem, code="bad-input", message=message))


def _never(when: Expr) -> bool:
    """Whether a condition that names nothing is false."""
    if mentions(when.text):
        return False
    try:
        return compile_expression(when.text).evaluate({}) is False
    except FlowError:
        return False


def _unknown_policy(graph: Graph, name: str, policy: str) -> Finding:
    declare = f"Declare it: policies: {{{policy}: {{retry: 3}}}}, or @flow(policies={{'{policy}': {{'retry': 3}}}})."
    hint = f"{did_you_mean(policy, graph.policies)} {declare}".strip()
    problem = Problem("unknown-policy", f"there is no policy '{policy}'", name, hint=hint)
    return Finding(("tasks", name, "policy"), problem, policy)


def _unused(graph: Graph) -> Iterator[Finding]:
    """Options for several nodes that none takes, as warnings."""
    spec = graph.spec
    for pattern in patterns(spec):
        if not any(matches(pattern, node) for node in graph.nodes):
            message = f"defaults for '{pattern}' mean no task: none calls or uses anything of that name"
            hint = "Write a pattern such as http.* or mylib.ingest:*."
            yield Finding(("defaults", "for", pattern), Problem("unused", message, hint=hint, warning=True))
    for policy in spec.policies.keys() - _policies_named(spec):
        message = f"no task takes the policy '{policy}'"
        hint = f"Say so at a task: policy: {policy}."
        yield Finding(("policies", policy), Problem("unused", message, hint=hint, warning=True))


def _policies_named(spec: FlowSpec) -> set[str]:
    inside = (name for inner in spec.flows.values() for name in _policies_named(inner))
    return {node.policy for node in spec.tasks.values() if node.policy is not None}.union(inside)


def _taken(graph: Graph, outputless: Collection[str]) -> Iterator[Finding]:
    """Values that are taken of sub-flows which have none."""
    places: list[tuple[Path, str, Any]] = [(("output",), "", graph.spec.output)]
    for name, node in zip(graph.names, graph.nodes, strict=True):
        places += [(("tasks", name, "with", argument), name, value) for argument, value in node.args.items()]
        over = node.each.over if node.each is not None else {}
        places += [(("tasks", name, "each", "over", argument), name, value) for argument, value in over.items()]
    for path, name, value in places:
        for need, _ in needs_of(value):
            if need in outputless:
                flow = graph.spec.tasks[need].flow
                hint = f"Give '{flow}' an output; for order alone there is needs: [{need}], in Python after=[…]."
                message = f"the value of '{need}' is taken, and the flow '{flow}' has no output"
                yield Finding(path, Problem("no-output", message, name, hint=hint), need)


def _disabled(graph: Graph, executors: Executors, functions: Mapping[str, Any] | None) -> Iterator[Finding]:
    """What can't go without the value of a node that is disabled."""
    for i, absent in graph.absent.items():
        name, node, path = graph.names[i], graph.nodes[i], ("tasks", graph.names[i])
        function = (functions or {}).get(node.call or "")
        for argument in absent if node.call is None or function is not None else ():
            if not instead(node, argument, graph.spec, function, executors):
                hint = "Give it a default, or an annotation with None; or disable this node, too."
                message = f"'{argument}' takes the value of a node that is disabled, and has no default"
                yield Finding((*path, "with", argument), Problem("disabled-value", message, name, hint=hint))
        over = node.each.over if node.each is not None else {}
        asked = {("when",): node.when, ("each", "key"): node.each.key if node.each is not None else None}
        asked |= {("with", argument): value for argument, value in node.args.items()}
        asked |= {("each", "over", argument): value for argument, value in over.items()}
        for place, value in asked.items():
            for need in {need for need, _ in needs_of(value)} & graph.off:
                message = f"asks for '{need}', which is disabled"
                hint = f"Take it out, or disable '{name}', too."
                yield Finding((*path, *place), Problem("disabled-value", message, name, hint=hint), need)


def _value(
    graph: Graph, path: Path, name: str, value: object, variables: frozenset[str] = _NO_WORDS
) -> Iterator[Finding]:
    for leaf in leaves(value):
        yield from _leaf(graph, path, name, leaf, variables)


def _leaf(graph: Graph, path: Path, name: str, leaf: Any, variables: frozenset[str]) -> Iterator[Finding]:
    kind = type(leaf)
    if kind is Ref:
        known: Collection[str] = variables
        if leaf.scope != "each":
            known = graph.index if leaf.scope == "tasks" else graph.spec.inputs
        if leaf.name not in known:
            yield _unknown_ref(graph, path, name, leaf)
    elif kind is FirstOf or kind is Template:
        for part in leaf.refs if kind is FirstOf else leaf.parts:
            yield from _leaf(graph, path, name, part, variables)
    elif kind is Expr:
        for problem, word in expression_problems(leaf.text, graph.index, graph.spec.inputs, variables, name):
            yield Finding(path, problem, word)


def _unknown_ref(graph: Graph, path: Path, name: str, ref: Ref) -> Finding:
    if ref.scope == "each":
        message = f"the loop variable '{ref.name}' can stand in `key` only"
        return Finding(path, Problem("unknown-loop-variable", message, name), ref.name)
    what = "task" if ref.scope == "tasks" else "input"
    known: Collection[str] = graph.index if ref.scope == "tasks" else graph.spec.inputs
    hint = did_you_mean(ref.name, known)
    return Finding(path, Problem(f"unknown-{what}", f"there is no {what} '{ref.name}'", name, hint=hint), ref.name)
