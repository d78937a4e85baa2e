"""What a value names is there: nodes, inputs, and what is mapped where it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from stratix_tasks.spec.foreign import named_here
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.names import AROUND
from stratix_tasks.spec.problems import Finding, Path, Problem, Remedy, did_you_mean, instead
from stratix_tasks.spec.scope import expression_problems
from stratix_tasks.spec.values import Expr, FirstOf, Ref, Template, leaves
from stratix_tasks.spec.vocabulary import SCOPES


def value_findings(
    graph: Graph, path: Path, name: str, value: object, variables: frozenset[str] = frozenset()
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
            yield unknown_ref(graph, path, name, leaf)
    elif kind is FirstOf or kind is Template:
        for part in (*leaf.refs, *leaves(leaf.otherwise)) if kind is FirstOf else leaf.parts:
            yield from _leaf(graph, path, name, part, variables)
    elif kind is Expr:
        for problem, word in expression_problems(leaf.text, graph.index, graph.spec.inputs, variables, name):
            yield Finding(path, problem, word)


_BRACES = re.compile(
    r"(?<!\$)\$?\{\{?\s*((?:inputs|tasks|run|secrets|error|scope|outputs|steps|params|vars|workflow)\.[\w.]+)\s*\}\}?"
    r"|\$\{\s*([A-Za-z_]\w*\.(?:output|outputs|result)\b[\w.]*)\s*\}"
)


def text_findings(path: Path, name: str, text: str) -> Iterator[Finding]:
    """A text that looks like an expression of another language, as a warning."""
    if (found := _BRACES.search(text)) is not None:
        message = f"`{found[0]}` is a text as it stands, and no expression"
        root, _, rest = (found[1] or found[2]).partition(".")
        hint = named_here(root) or f"Write ${{{{ {_worded(root, rest)} }}}} for the value."
        yield Finding(path, Problem("text", message, name, hint=hint, warning=True))


def _worded(root: str, rest: str) -> str:
    """As it is named here: others leave out that a task is one."""
    if root in SCOPES or root in AROUND:
        return f"{root}.{rest}"
    return f"tasks.{root}.output{''.join(rest.partition('.')[1:])}"


def unknown_ref(graph: Graph, path: Path, name: str, ref: Ref) -> Finding:
    if ref.scope == "each":
        message = f"there is no loop variable '{ref.name}' here"
        return Finding(path, Problem("unknown-loop-variable", message, name), ref.name)
    what = "task" if ref.scope == "tasks" else "input"
    known: Collection[str] = graph.index if ref.scope == "tasks" else graph.spec.inputs
    hint, remedy = did_you_mean(ref.name, known), instead(ref.name, known)
    if remedy is None and ref.scope == "inputs":
        remedy = Remedy("input", ref.name)
    message = f"there is no {what} '{ref.name}'"
    return Finding(path, Problem(f"unknown-{what}", message, name, hint=hint, remedy=remedy), ref.name)
