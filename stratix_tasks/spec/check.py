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
from stratix_tasks.spec.check_around import around_findings, around_output
from stratix_tasks.spec.check_conditions import condition_findings, conjuncts
from stratix_tasks.spec.check_secrets import secret_findings
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.disabled import instead
from stratix_tasks.spec.executors import Executors, use_problems
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.fields import IN_NODE
from stratix_tasks.spec.fit import Types, misfits, without_output
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import shown
from stratix_tasks.spec.joins import ALL, N_OF, wanted
from stratix_tasks.spec.late import GATHER, late_values
from stratix_tasks.spec.mapped import could_be_named, passed, variables
from stratix_tasks.spec.model import NAME, Each, FlowSpec, InputSpec, Loop, NodeSpec
from stratix_tasks.spec.names import AROUND, mentions, needs_of
from stratix_tasks.spec.policies import matches, patterns
from stratix_tasks.spec.problems import Problem, did_you_mean
from stratix_tasks.spec.regions import blocking
from stratix_tasks.spec.scope import expression_problems
from stratix_tasks.spec.steps import step_problems
from stratix_tasks.spec.tolerated import untolerant
from stratix_tasks.spec.values import ATOMS, LATE, Expr, FirstOf, Ref, Template, leaves
from stratix_tasks.spec.vocabulary import BODIES, RESERVED, SCOPES

Path = tuple[str | int, ...]
"""Where in the document: keys from the top, such as `("tasks", "fetch", "with", "url")`."""
_NAME = re.compile(NAME)
_OF_FLOWS_ALONE = tuple(option.name for option in IN_NODE if not option.of_tasks)
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
    if spec.policies or spec.defaults is not None:
        yield from _unused(graph)
        yield from _plain_alone(graph)
    for name, node in zip(graph.names[: len(spec.tasks)], graph.nodes, strict=False):
        if name in RESERVED or not _NAME.fullmatch(name):
            yield from _named(("tasks", name), name, "a node", name)
        for argument, value in node.args.items():
            kind = type(value)
            if kind is Ref and value.scope in ("tasks", "inputs"):
                if value.name not in (index if value.scope == "tasks" else inputs):
                    yield _unknown_ref(graph, ("tasks", name, "with", argument), name, value)
            elif kind not in ATOMS:
                over = could_be_named(node.each.over) if node.each is not None else _NO_WORDS
                yield from _value(graph, ("tasks", name, "with", argument), name, value, over)
        if node.undo is not None and (
            node.flow is not None or node.each is not None or node.loop is not None or node.always
        ):
            message = "undo takes back what one task did: not a flow, a fan-out, a loop, or the end of a flow"
            hint = "Say it of the tasks inside."
            yield Finding(("tasks", name, "undo"), Problem("no-effect", message, name, hint=hint))
        for option in _OF_FLOWS_ALONE if node.flow is None else ():
            if getattr(node, option) is not None:
                message = f"{option} is for a flow in a flow, and this is none"
                hint = (
                    "Of a fan-out the items that run at a time are each.max; or put what is to be limited into a flow."
                )
                yield Finding(("tasks", name, option), Problem("no-effect", message, name, hint=hint))
        if node.catch or graph.has_end:
            yield from _ends(graph, ("tasks", name), name, node)
        yield from (Finding(*found) for found in around_findings(name, node, executors))
        if node.loop is not None:
            yield from _loop(graph, ("tasks", name, "loop"), name, node, node.loop)
        if node.join != ALL or node.losers is not None:
            yield from _join(graph, ("tasks", name), name, node)
        if late := late_values(node):
            yield from _of_values(graph, ("tasks", name), name, node, late)
        if node.policy is not None and node.policy not in graph.policies:
            yield _unknown_policy(graph, name, node.policy)
        if node.when is not None or node.each is not None or node.needs or node.pool or node.flow or node.uses:
            yield from _rare(graph, executors, name, node, pools)
        elif node.call is None:
            yield from _body(graph, executors, ("tasks", name), name, node)
    if spec.output is not None:
        yield from _value(graph, ("output",), "", spec.output)
        yield from (Finding(*found) for found in around_output(spec.output))
    cycles = graph.cycles() if graph.cycle() else []
    for cycle in cycles:
        message = f"these nodes need each other: {' → '.join(cycle)}"
        yield Finding(("tasks", cycle[0]), Problem("cycle", message, cycle[0], hint="Take one of the arrows away."))
    yield from (Finding(*found) for found in secret_findings(graph, executors))
    if graph.off:
        yield from _disabled(graph, executors, functions)
    if graph.above is None:
        for where, problem in blocking(graph):
            yield Finding(where, problem)
    for where, problem in untolerant(graph, executors, functions or {}):
        yield Finding(where, problem)
    types = Types(graph, executors, functions or {})
    yield from (Finding(*found) for found in condition_findings(graph, types, not cycles))
    if not cycles:
        for name, place, problem in misfits(graph, executors, functions or {}):
            yield Finding(("tasks", name, *place), problem)
    if outputless := without_output(graph, executors):
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
        if (executor := executors.get(node.uses)) is not None and executor.step:
            for field, problem in step_problems(graph, name, node):
                yield Finding((*path, *field), problem, str(node.args["node"]))
    if node.flow is not None:
        yield from _sub_flow(graph, path, name, node)


def _of_values(
    graph: Graph, path: Path, name: str, node: NodeSpec, late: Mapping[tuple[str, ...], Any]
) -> Iterator[Finding]:
    """Options whose values come with the run."""
    for place, value in late.items():
        where = (*path, *(("each", *place) if place[0] == GATHER else place))
        if node.flow is not None or node.loop is not None:
            what = "a flow in a flow" if node.flow is not None else "what is repeated"
            message, hint = f"{place[0]} takes a plain value on {what}", "Say it of a task in there, or as a number."
            yield Finding(where, Problem("bad-option", message, name, hint=hint))
        yield from _value(graph, where, name, value)


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
        if variable in node.args and variable not in variables(node):
            message = f"'{variable}' stands in `each` and in `with`: an argument is either mapped or the same for all"
            yield Finding((*path, "over"), Problem("twice", message, name, hint="Take one of them away."), variable)
        yield from _value(graph, (*path, "over", variable), name, value)
    if not each.over:
        hint = "Name the arguments and what they run over: each: {as: x, in: …}."
        yield Finding(path, Problem("nothing-to-map", "each maps over nothing", name, hint=hint))
    if each.losers == "keep":
        message = "what a gather went on without is cancelled: losers can't be keep there"
        yield Finding((*path, "losers"), Problem("bad-option", message, name, hint="Take losers away."))
    if each.losers is not None and each.gather in (ALL, "settled"):
        message = f"losers means nothing where gather is {each.gather}: nothing is gone without"
        hint = "Say gather: any, first_success or n_of, or take losers away."
        yield Finding((*path, "losers"), Problem("no-effect", message, name, hint=hint))
    if each.where is not None:
        yield from _value(graph, (*path, "where"), name, each.where, frozenset(each.over))
        if not _varies(each.where, frozenset((*each.over, "each"))):
            hint = f"Name one, such as {next(iter(each.over), 'x')} > 0, or use when for all of them."
            message = "where names no mapped argument, so that it is the same for all"
            yield Finding((*path, "where"), Problem("no-effect", message, name, hint=hint))
    if each.key is not None:
        yield from _key(graph, (*path, "key"), name, each)


def _ends(graph: Graph, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    """What catches, and what runs at the end."""
    for caught in node.catch:
        if caught not in graph.index:
            hint = did_you_mean(caught, graph.names)
            yield Finding(
                (*path, "catch"), Problem("unknown-task", f"catches '{caught}', no task", name, hint=hint), caught
            )
        elif graph.index[caught] not in graph.ended.get(graph.index[name], ()):
            message = f"it takes the value of '{caught}', and runs only when that failed: it can never run"
            yield Finding(
                (*path, "catch"), Problem("impossible", message, name, hint="Take the value, or catch it."), caught
            )
    for need in graph.needs[graph.index[name]]:
        if graph.nodes[need].always and not node.always:
            message = f"it needs '{graph.names[need]}', which runs when all else in the flow has ended"
            yield Finding(path, Problem("needs-finally", message, name, hint="Put it under finally, too."))


def _loop(graph: Graph, path: Path, name: str, node: NodeSpec, loop: Loop) -> Iterator[Finding]:
    if node.each is not None:
        hint = "Put the loop into a flow, and map that."
        yield Finding(path, Problem("twice", "a node is either mapped or repeated", name, hint=hint))
    if loop.until is not None:
        yield from _value(graph, (*path, "until"), name, loop.until, frozenset(("output",)))
        if not _varies(loop.until, frozenset(("output",))):
            message, hint = "until asks nothing of the round", "Ask its output, as in output.loss < 0.1."
            yield Finding((*path, "until"), Problem("no-effect", message, name, hint=hint))
    elif loop.on_max != "fail" or loop.within is not None:
        message = "without until it runs max rounds and is done"
        yield Finding(path, Problem("no-effect", message, name, hint="Say until, or take on_max and within away."))
    if loop.carry is not None and loop.carry not in node.args:
        hint = did_you_mean(loop.carry, node.args)
        message = f"carry names '{loop.carry}', which is no argument of the first round"
        yield Finding((*path, "carry"), Problem("bad-arguments", message, name, hint=hint), loop.carry)


def _join(graph: Graph, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    if isinstance(node.join, dict) and type(node.join[N_OF]) in LATE:
        message = "how many a join waits for is a plain number: it is asked before the node has any value"
        yield Finding((*path, "join"), Problem("bad-option", message, name, hint="Gather a fan-out by n_of instead."))
    needs = len(graph.needs[graph.index[name]])
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


def _key(graph: Graph, path: Path, name: str, each: Each) -> Iterator[Finding]:
    variables = frozenset(each.over)
    yield from _value(graph, path, name, each.key, variables)
    if not any(_varies(leaf, variables | {"each"}) for leaf in leaves(each.key)):
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
    for option in IN_NODE:
        if not option.of_flows and getattr(node, option.name) != option.default:
            message = f"{option.name} means nothing on a sub-flow, which runs no body of its own"
            hint = "Say it of the tasks in that flow, or in its defaults."
            yield Finding((*path, option.name), Problem("no-effect", message, name, hint=hint))
    found = graph.find(node.flow or "")
    inner = None if found is None else found.spec
    given_by = {**(node.each.over if node.each is not None else {}), **node.args}
    if inner is None:
        hint = did_you_mean(node.flow or "", graph.known())
        message = f"there is no flow '{node.flow}'"
        yield Finding((*path, "flow"), Problem("unknown-flow", message, name, hint=hint), node.flow or "")
        return
    for given in passed(node):
        value = given_by[given]
        place: Path = ("with", given) if given in node.args else ("each", "over", given)
        if given not in inner.inputs:
            hint = did_you_mean(given, inner.inputs)
            message = f"flow '{node.flow}' has no input '{given}'"
            yield Finding((*path, *place), Problem("unknown-input", message, name, hint=hint))
        elif given in node.args:
            yield from _literal((*path, *place), name, given, value, inner.inputs[given])
    absent = graph.absent.get(graph.index[name], ())  # of which more is said elsewhere
    for needed, one in inner.inputs.items():
        if one.required and needed not in given_by and needed not in absent:
            message = f"flow '{node.flow}' needs the input '{needed}'"
            yield Finding((*path, "with"), Problem("missing-input", message, name, hint=f"Add it: {needed}: …."))


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
    """Whether a condition, or one that has to hold with others, names nothing and is false."""
    return any(_is_false(part) for part in conjuncts(when.text) if not mentions(part))


def _is_false(text: str) -> bool:
    try:
        return compile_expression(text).evaluate({}) is False
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


def _plain_alone(graph: Graph) -> Iterator[Finding]:
    """What is said for several nodes names nothing of a run."""
    spec = graph.spec
    shared: dict[Path, Any] = {("defaults",): spec.defaults}
    shared |= {("policies", name): said for name, said in spec.policies.items()}
    shared |= {("defaults", "for", pattern): said for pattern, said in patterns(spec).items()}
    for path, said in shared.items():
        for place in late_values(said) if said is not None else ():
            message, hint = f"{'.'.join(place)} of several nodes is a plain value", "Say it of the tasks themselves."
            yield Finding((*path, *place), Problem("bad-option", message, hint=hint))


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
        known: Collection[str] = variables if leaf.scope == "each" else AROUND
        if leaf.scope == "secrets":
            return
        if leaf.scope in ("tasks", "inputs"):
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
        message = f"there is no loop variable '{ref.name}' here"
        return Finding(path, Problem("unknown-loop-variable", message, name), ref.name)
    what = "task" if ref.scope == "tasks" else "input"
    known: Collection[str] = graph.index if ref.scope == "tasks" else graph.spec.inputs
    hint = did_you_mean(ref.name, known)
    return Finding(path, Problem(f"unknown-{what}", f"there is no {what} '{ref.name}'", name, hint=hint), ref.name)
