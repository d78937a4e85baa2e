"""What tracing can't see: `x is None` and `isinstance(x, …)` on a reference never ask the reference.

The flow's source is read, and names that hold the result of a call of a task are followed.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from stratix_tasks.spec.problems import Problem

TESTS = frozenset(("isinstance", "type", "callable", "hasattr", "issubclass", "id"))


def lint(fn: Callable[..., Any]) -> list[Problem]:
    """Problems `python-test-on-reference` of a flow's body; none when its source can't be had."""
    return list(_lint(fn.__code__, frozenset(_composers(fn))))


@lru_cache(256)
def _lint(code: Any, composers: frozenset[str]) -> tuple[Problem, ...]:
    try:
        lines, first = inspect.getsourcelines(code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return ()
    ast.increment_lineno(tree, first - 1)
    held = {name for node in ast.walk(tree) for name in _bound(node, composers)}
    found = [_problem(node, held) for node in ast.walk(tree)]
    return tuple(problem for problem in found if problem is not None)


def _composers(fn: Callable[..., Any]) -> list[str]:
    """Names in reach of the body that stand for tasks or flows."""
    reach = {**fn.__globals__, **inspect.getclosurevars(fn).nonlocals} if fn.__closure__ else fn.__globals__
    names = fn.__code__.co_names + fn.__code__.co_freevars
    return [name for name in names if hasattr(reach.get(name), "template_name")]


def _bound(node: ast.AST, composers: frozenset[str]) -> list[str]:
    if not isinstance(node, ast.Assign) or not _composes(node.value, composers):
        return []
    names = []
    for target in node.targets:
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        names += [part.id for part in parts if isinstance(part, ast.Name)]
    return names


def _composes(node: ast.expr, composers: frozenset[str]) -> bool:
    """`task(…)`, `task.map(…)`, `task.options(…)(…)`, awaited or not."""
    if isinstance(node, ast.Await):
        return _composes(node.value, composers)
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in composers


def _problem(node: ast.AST, held: set[str]) -> Problem | None:
    name = None
    if isinstance(node, ast.Compare) and any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
        name = next((part.id for part in (node.left, *node.comparators) if isinstance(part, ast.Name) and part.id in held), None)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TESTS and node.args:
        first = node.args[0]
        name = first.id if isinstance(first, ast.Name) and first.id in held else None
    if name is None:
        return None
    return Problem(
        "python-test-on-reference",
        f"line {node.lineno} tests '{name}' while the flow is traced, when it is only a reference: the answer is always the same.",  # type: ignore[attr-defined]
        line=node.lineno,  # type: ignore[attr-defined]
        hint="Use `with when(…):` for a branch, or do the test inside a task.",
    )
