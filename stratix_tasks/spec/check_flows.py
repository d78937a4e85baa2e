"""What flows give each other: inputs, and what is given for them; outputs, and who takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from stratix_tasks.spec.annotations import allowed, annotation, contradictions, worded
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.fields import IN_FLOW, IN_NODE
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.inputs import shown
from stratix_tasks.spec.mapped import passed
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.problems import REMOVE, Finding, Path, Problem, Remedy, did_you_mean, instead, name_instead
from stratix_tasks.spec.values import leaves


def sub_flow_findings(graph: Graph, path: Path, name: str, node: NodeSpec) -> Iterator[Finding]:
    for option in IN_NODE:
        if not option.of_flows and getattr(node, option.name) != option.default:
            message = f"{option.name} means nothing on a sub-flow, which runs no body of its own"
            hint = "Say it of the tasks in that flow, or in its defaults."
            yield Finding((*path, option.name), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    found = graph.find(node.flow or "")
    inner = None if found is None else found.spec
    over = node.each.over if node.each is not None else {}
    given_by, arguments = {**over, **node.args}, passed(node)
    if inner is None:
        word, known = node.flow or "", list(graph.known())
        hint, remedy = did_you_mean(word, known), instead(word, known)
        message = f"there is no flow '{node.flow}'"
        yield Finding((*path, "flow"), Problem("unknown-flow", message, name, hint=hint, remedy=remedy), word)
        return
    for given in arguments:
        value = given_by[given]
        place: Path = ("with", given) if given in node.args else ("each", "over", given)
        if given not in inner.inputs:
            hint, remedy = did_you_mean(given, inner.inputs), name_instead(given, inner.inputs)
            message = f"flow '{node.flow}' has no input '{given}'"
            yield Finding((*path, *place), Problem("unknown-input", message, name, hint=hint, remedy=remedy))
        elif given in node.args:
            yield from _literal((*path, *place), name, given, value, inner.inputs[given])
        elif type(value) is list and node.each is not None and not node.each.flatten:
            where, item = (*path, *place), inner.inputs[given]
            yield from islice((wrong for one in value for wrong in _literal(where, name, given, one, item)), 1)
    absent = graph.absent.get(graph.index[name], ())  # of which more is said elsewhere
    for needed, one in inner.inputs.items():
        if one.required and needed not in arguments and needed not in absent:
            message = f"flow '{node.flow}' needs the input '{needed}'"
            value = f'"${{{{ {needed} }}}}"' if needed in over else "…"  # where an argument names it, it is none itself
            hint, remedy = f"Add it: {needed}: {value}.", Remedy("fill", needed)
            yield Finding((*path, "with"), Problem("missing-input", message, name, hint=hint, remedy=remedy))


def _literal(path: Path, node: str, name: str, value: Any, one: InputSpec) -> Iterator[Finding]:
    """Whether a literal can be an input."""
    if next(leaves(value), None) is not None:
        return
    try:
        convert(worded(value), annotation(one))
    except ValueError as error:
        message = f"input '{name}' must be {allowed(one)}, not {shown(value)}{'' if one.choices else f': {error}'}"
        yield Finding(path, Problem("type-mismatch", message, node))


def input_findings(path: Path, name: str, one: InputSpec) -> Iterator[Finding]:
    for place, why in contradictions(one):
        yield Finding((*path, *place), Problem("bad-input", f"input '{name}': {why}"))
        return
    if one.default is not None:
        for finding in _literal((*path, "default"), "", name, one.default, one):
            message = f"the default of {finding.problem.message}"
            yield replace(finding, problem=replace(finding.problem, code="bad-input", message=message))


def of_runs_findings(spec: FlowSpec) -> Iterator[Finding]:
    """What a flow in a flow says of its runs, which it has none of, as warnings."""
    for option in IN_FLOW:
        if option.of_runs and getattr(spec, option.name) != option.default:
            message = f"{option.name} is of a run: of a flow that is called in another one it does nothing"
            hint = "Say it of the outermost flow."
            problem = Problem("no-effect", message, hint=hint, warning=True, remedy=REMOVE)
            yield Finding((option.name,), problem)


def depth_findings(graph: Graph) -> Iterator[Finding]:
    """Of the outermost flow: how deep a flow may lie in itself, where none does."""
    default = FlowSpec.model_fields["max_depth"].default
    if graph.spec.max_depth != default and not _recurs(graph):
        message = "max_depth means nothing here: no flow lies in itself"
        problem = Problem("no-effect", message, hint="Take it away.", warning=True, remedy=REMOVE)
        yield Finding(("max_depth",), problem)


def _recurs(graph: Graph) -> bool:
    """Whether something in a flow, or in one of those in it, calls one that lies around it."""
    around, above = [graph], graph.above
    while above is not None:
        around.append(above)
        above = above.above
    called = (graph.find(node.flow) for node in graph.nodes if node.flow is not None)
    return any(one in around for one in called) or any(_recurs(graph.flow(name)) for name in graph.spec.flows)


def outputless_findings(graph: Graph, outputless: Collection[str]) -> Iterator[Finding]:
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
