"""The types of inputs as annotations."""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, Union

from stratix_tasks.spec.code import quoted
from stratix_tasks.spec.types import NAMED, type_text

_MODULES = {
    "date": "datetime",
    "datetime": "datetime",
    "time": "datetime",
    "timedelta": "datetime",
    "Decimal": "decimal",
    "Path": "pathlib",
    "UUID": "uuid",
    "Literal": "typing",
    "Secret": "stratix_tasks",
}
_HARMLESS = (
    ast.Expression,
    ast.Name,
    ast.Load,
    ast.Attribute,
    ast.Subscript,
    ast.BinOp,
    ast.BitOr,
    ast.Tuple,
    ast.List,
)
"""What an annotation may be made of beside constants, for Python evaluates it."""


def foreign_names(text: str) -> set[str]:
    """The names in a type's text that are not known here, so that nothing else may bear them."""
    tree = _tree(text)
    return _names(tree) - _MODULES.keys() if tree is not None else set()


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def annotation(text: str, imported: Callable[[str, str], str]) -> str:
    """The annotation that a type's text stands for; empty where it says nothing, a text where its names are not known.

    ValueError for a text that would do more than name types.
    """
    if text == "any":
        return ""
    tree = _tree(text)
    if tree is None:
        return quoted(text)
    if not all(isinstance(node, (*_HARMLESS, ast.Constant)) for node in ast.walk(tree)):
        raise ValueError(f"the type {text!r} is no annotation")
    names = _names(tree)
    if not names <= NAMED.keys() | _MODULES.keys() or "any" in names:
        return quoted(text)
    if not _means(text, tree):
        raise ValueError(f"the type {text!r} is none, or is written otherwise in Python")
    bound = {name: imported(_MODULES[name], name) for name in sorted(names & _MODULES.keys())}
    if all(name == new for name, new in bound.items()):
        return text
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = bound.get(node.id, node.id)
    return ast.unparse(tree)


def _tree(text: str) -> ast.Expression | None:
    try:
        return ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _means(text: str, tree: ast.Expression) -> bool:
    """Whether the annotation has this text again."""
    try:
        return type_text(_meant(tree.body)) == text
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def _meant(node: ast.expr) -> Any:
    """The annotation of a tree of known names. KeyError, TypeError for what is none."""
    if isinstance(node, ast.Name):
        return NAMED[node.id] if node.id in NAMED else getattr(import_module(_MODULES[node.id]), node.id)
    if isinstance(node, ast.Constant) and (node.value is None or node.value is Ellipsis):
        return node.value
    if isinstance(node, ast.BinOp):
        return Union[_meant(node.left), _meant(node.right)]  # noqa: UP007 - built from values
    if not isinstance(node, ast.Subscript):
        raise TypeError(ast.dump(node))
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    base = _meant(node.value)
    return base[tuple(map(ast.literal_eval if base is Literal else _meant, parts))]
