"""What is mapped, where other arguments name it: it is a variable there, and no argument itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.names import AROUND, mentions
from stratix_tasks.spec.values import Expr, Ref, Template, leaves

NONE: frozenset[str] = frozenset()
MOST_ITEMS = 5_000_000
"""Of a fan-out. Each takes some 150 bytes for as long as the run is held."""


def names_any(value: Any, variables: Collection[str]) -> bool:
    """Whether a value of a document names one of the variables."""
    return bool(named_in(value) & frozenset(variables))


def named_in(value: Any) -> frozenset[str]:
    """What a value names that is no task and no input."""
    found: set[str] = set()
    for leaf in leaves(value):
        if type(leaf) is Ref and leaf.scope == "each":
            found.add(leaf.name)
        elif type(leaf) is Expr:
            found.update(mention.root for mention in mentions(leaf.text))
        elif type(leaf) is Template:
            found |= named_in(list(leaf.parts))
    return frozenset(found)


def could_be_named(over: Collection[str]) -> frozenset[str]:
    """Of what is mapped that which arguments can name: what is around an item keeps its word."""
    return frozenset(over) - AROUND


def variables(node: NodeSpec) -> frozenset[str]:
    """Of what is mapped that which other arguments name."""
    if node.each is None or not node.args:
        return NONE
    return could_be_named(node.each.over) & named_in(node.args)


def shown(node: NodeSpec) -> frozenset[str]:
    """Of what is mapped that of which an argument holds an element, or a part of one, otherwise than in a text or an expression."""
    return frozenset(leaf.name for leaf in leaves([*node.args.values()]) if type(leaf) is Ref and leaf.scope == "each")


def passed(node: NodeSpec) -> list[str]:
    """The arguments that a node passes on."""
    if node.each is None:
        return [*node.args]
    named = variables(node)
    return [*node.args, *(name for name in node.each.over if name not in named)]
