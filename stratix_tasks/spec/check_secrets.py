"""Where a document can name a secret: as an argument of what runs a body, alone, in a text, or in a list or mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.late import late_values
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec, Shared
from stratix_tasks.spec.names import mentions
from stratix_tasks.spec.policies import shared
from stratix_tasks.spec.problems import Finding, Path, Problem
from stratix_tasks.spec.secrets import TYPE, Secret, is_secret
from stratix_tasks.spec.types import names_in_type
from stratix_tasks.spec.values import ATOMS, Expr, FirstOf, Ref, Template, leaves

HINT = "Write it as an argument: with: {token: ${{ secrets.NAME }}}, in Python token=secret('NAME')."
_PLACES = {
    "condition": "a condition",
    "key": "a key",
    "option": "an option",
    "map": "what is mapped over",
    "output": "the output of a flow",
}
"""What no secret can stand in, by the end of the problem's code."""


def secret_findings(graph: Graph, executors: Executors) -> Iterator[Finding]:
    """Each secret that stands where it can't, or would be recorded or shown there."""
    inputs = graph.spec.inputs
    for name, one in inputs.items():
        if TYPE in one.type and TYPE in names_in_type(one.type) and not is_secret(one.type):
            hint = "Write type: Secret, or Secret | None; for several secrets have several inputs."
            message = f"input '{name}' is of type {one.type}: a secret is an input for itself"
            yield Finding(("inputs", name, "type"), Problem("secret-type", message, hint=hint))
    hidden = frozenset(name for name, one in inputs.items() if is_secret(one.type))
    for name, node in graph.spec.tasks.items():
        for place, path, value in _unfit_places(node):
            for word, _ in _named(value, hidden):
                yield Finding(("tasks", name, *path), _refused(place, name, word), word)
        for argument, value in node.args.items():
            path = ("tasks", name, "with", argument)
            yield from (
                Finding(path, problem, word) for problem, word in _argument(node, name, value, hidden, executors)
            )
        if node.flow is not None and (inner := graph.find(node.flow)) is not None:
            yield from _inputs(name, node, inner.spec.inputs, hidden)
    for path, said in shared(graph.spec).items():
        for place, where, value in _unfit_options(said):
            for word, _ in _named(value, hidden):
                yield Finding((*path, *where), _refused(place, "", word), word)
    for word, _ in _named(graph.spec.output, hidden):
        yield Finding(("output",), _refused("output", "", word), word)


def _unfit_places(node: NodeSpec) -> Iterator[tuple[str, Path, Any]]:
    """What of a node can't name a secret: the kind of place, where it is, and what stands there."""
    yield "condition", ("when",), node.when
    if node.loop is not None:
        yield "condition", ("loop", "until"), node.loop.until
    if node.each is not None:
        yield "condition", ("each", "where"), node.each.where
        yield "key", ("each", "key"), node.each.key
    yield from _unfit_options(node)
    if node.each is not None:
        for name, over in node.each.over.items():
            yield "map", ("each", "over", name), over


def _unfit_options(said: NodeSpec | Shared) -> Iterator[tuple[str, Path, Any]]:
    if said.retry is not None:
        yield "condition", ("retry", "when"), said.retry.when
    for place, value in late_values(said).items():
        yield "option", place, value


def _refused(place: str, node: str, word: str) -> Problem:
    message = f"`{word}` can't stand in {_PLACES[place]}, which is recorded and shown"
    return Problem(f"secret-in-{place}", message, node, hint=HINT)


def _argument(
    node: NodeSpec, name: str, value: Any, hidden: frozenset[str], executors: Executors
) -> Iterator[tuple[Problem, str]]:
    executor = executors.get(node.uses) if node.uses is not None else None
    waits, ends = (executor.waits is not None, executor.step) if executor is not None else (False, "")
    for word, alone in _named(value, hidden):
        if ends:
            yield _refused("output", name, word), word
        elif waits:
            message = f"`{word}` can't be given to '{node.uses}': it waits, and shows what it waits for"
            yield Problem("secret-in-wait", message, name, hint="Give it to a task."), word
        elif not alone:
            message = f"`{word}` can't stand in an expression"
            hint = f"Write it alone, or in a text around it: 'Bearer ${{{{ {word} }}}}'."
            yield Problem("secret-in-expression", message, name, hint=hint), word


def _inputs(name: str, node: NodeSpec, inputs: Mapping[str, InputSpec], hidden: frozenset[str]) -> Iterator[Finding]:
    """What a flow in the flow is given: a secret where it wants one, and nowhere else."""
    for argument, value in node.args.items():
        wants = argument in inputs and is_secret(inputs[argument].type)
        word = next((word for word, _ in _named(value, hidden)), "")
        path = ("tasks", name, "with", argument)
        if word and not wants:
            message = f"input '{argument}' of flow '{node.flow}' is given `{word}`, and is no Secret"
            hint = f"Declare it: {argument}: {{type: Secret}}, in Python {argument}: Secret."
            yield Finding(path, Problem("secret-in-input", message, name, hint=hint), word)
        elif wants and not _is_one(value, hidden):
            message = f"input '{argument}' of flow '{node.flow}' is a Secret, and is given something else"
            hint = "Give it ${{ secrets.NAME }}, in Python secret('NAME'), or an input that is a Secret."
            yield Finding(path, Problem("secret-in-input", message, name, hint=hint))


def _is_one(value: Any, hidden: frozenset[str]) -> bool:
    if type(value) is Ref:
        return value.scope == "secrets" or (value.scope == "inputs" and value.name in hidden and not value.path)
    return value is None or type(value) is Secret


def _named(value: Any, hidden: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The secrets that a value names, as it names them, and whether one stands alone or in a text, not in an expression."""
    for leaf in leaves(value) if type(value) not in ATOMS else ():
        if type(leaf) is Ref:
            if leaf.scope == "secrets" or (leaf.scope == "inputs" and leaf.name in hidden):
                yield f"{leaf.scope}.{leaf.name}", not leaf.path
        elif type(leaf) is Expr:
            for mention in mentions(leaf.text):
                if mention.root == "secrets" or (mention.root == "inputs" and not hidden.isdisjoint(mention.steps[:1])):
                    yield ".".join(map(str, (mention.root, *mention.steps[:1]))), False
        elif type(leaf) is Template:
            yield from _named(list(leaf.parts), hidden)
        elif type(leaf) is FirstOf:
            yield from ((word, False) for word, _ in _named([*leaf.refs, *leaf.otherwise], hidden))


def missing(spec: FlowSpec, has: Callable[[str], bool], prefix: str = "") -> Iterator[Problem]:
    """A problem for each secret that a flow names and nobody has."""
    named = [(prefix + name, leaf.name) for name, node in spec.tasks.items() for leaf in _refs(node.args)]
    named += [(prefix.rstrip("."), one.default.name) for one in spec.inputs.values() if type(one.default) is Secret]
    for node, name in dict.fromkeys(named):
        if not has(name):
            hint = f"Set STRATIX_SECRET_{name} where the engine runs, or give it to the engine: Engine(secrets=…)."
            yield Problem("missing-secret", f"there is no secret '{name}' here", node, hint=hint)
    for flow, inner in spec.flows.items():
        yield from missing(inner, has, f"{prefix}{flow}.")


def _refs(value: Any) -> Iterator[Ref]:
    for leaf in leaves(value):
        if type(leaf) is Template:
            yield from _refs(list(leaf.parts))
        elif type(leaf) is Ref and leaf.scope == "secrets":
            yield leaf
