"""What tracing can't see: `x is None` and `isinstance(x, …)` on a reference never ask the reference.

The flow's source is read, and names that hold an input or the result of a task are followed.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from stratix_tasks.spec.problems import Problem

TESTS = frozenset(("isinstance", "type", "callable", "issubclass", "id", "isscalar", "is_scalar", "is_list_like"))
"""Functions that never ask the value, also as `np.isscalar`."""
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def lint(fn: Callable[..., Any], inputs: Iterable[str] = ()) -> list[Problem]:
    """Problems `python-test-on-reference` of a flow's body; none when its source can't be had."""
    return list(_lint(fn.__code__, frozenset(_composers(fn)), frozenset(inputs)))


@lru_cache(256)
def _lint(code: Any, composers: frozenset[str], inputs: frozenset[str]) -> tuple[Problem, ...]:
    try:
        lines, first = inspect.getsourcelines(code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ()
    ast.increment_lineno(tree, first - 1)
    own = {id(one) for one in ast.walk(tree.body[0].args)} if isinstance(tree.body[0], _FUNCTIONS) else set()
    inner = (node for node in ast.walk(tree) if id(node) not in own)
    bound = [(name, composes) for node in inner for name, composes in _bound(node, composers)]
    plain = {name for name, composes in bound if not composes}
    held = ({name for name, composes in bound if composes} | inputs) - plain
    found = [problem for node in ast.walk(tree) for problem in _problems(node, held)]
    return tuple(sorted(found, key=lambda problem: problem.line))


def _composers(fn: Callable[..., Any]) -> list[str]:
    """Names in reach of the body that stand for tasks or flows."""
    cells = zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True)
    inner = {name: value for name, cell in cells if (value := _content(cell)) is not None}
    reach = {**fn.__globals__, **inner} if inner else fn.__globals__
    names = fn.__code__.co_names + fn.__code__.co_freevars
    return [name for name in names if _is_composer(reach.get(name))]


def _is_composer(value: Any) -> bool:
    return "template_name" in getattr(value, "__dict__", ())


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _bound(node: ast.AST, composers: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Names that a statement binds, and whether to a reference."""
    if isinstance(node, ast.Assign):
        composes = _composes(node.value, composers)
        for target in node.targets:
            yield from ((name, composes) for name in _names(target))
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from ((name, _composes(node.value, composers)) for name in _names(node.target))
    elif isinstance(node, ast.For | ast.comprehension):
        yield from ((name, False) for name in _names(node.target))
    elif isinstance(node, ast.arg):
        yield node.arg, False


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _names(part)


def _composes(node: ast.expr, composers: frozenset[str]) -> bool:
    """`task(…)`, `task.map(…)`, `task.options(…)(…)`, awaited, indexed or not."""
    if isinstance(node, ast.Await | ast.Subscript):
        return _composes(node.value, composers)
    if not isinstance(node, ast.Call):
        return False
    inner: ast.expr = node
    while isinstance(inner, ast.Call | ast.Attribute):
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    return isinstance(inner, ast.Name) and inner.id in composers


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _problems(node: ast.AST, held: set[str]) -> Iterator[Problem]:
    tested: list[ast.expr] = []
    if isinstance(node, ast.Compare) and any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
        tested = [node.left, *node.comparators]
    elif isinstance(node, ast.Call) and _called(node.func) in TESTS:
        tested = node.args[:1]
    for part in tested:
        if isinstance(part, ast.Name) and part.id in held:
            yield Problem(
                "python-test-on-reference",
                f"line {part.lineno} tests '{part.id}' while the flow is traced, when it is only a reference: "
                "the answer is always the same.",
                line=part.lineno,
                hint="Use `with when(…):` for a branch, do the test inside a task, or make the input Static[…].",
            )
