"""What executors say of the cards of their nodes, as views are told it."""

from __future__ import annotations

from collections.abc import Iterable

from stratix_tasks.core.node import Node
from stratix_tasks.spec.executors import Described
from stratix_tasks.view.messages import CardLook


def cards(nodes: Iterable[Node]) -> dict[str, CardLook]:
    """By the name that nodes use; what is not known here has none."""
    return {one.name: card_look(one) for node in nodes if (one := node.executor) is not None and one.field == "uses"}


def card_look(executor: Described) -> CardLook:
    card = executor.card
    return {"title": card.title, "icon": card.icon, "accent": card.accent}


def subtitle(node: Node) -> str:
    """The second line of the card of a node that uses something: what is said of it there, else what it says of its arguments (of a
    secret the name, which is all that a document holds), else what it uses."""
    executor, spec = node.executor, node.spec
    if executor is None or executor.field != "uses":
        return ""
    if spec.description:
        return str(spec.description).split("\n", 1)[0]
    card = executor.card
    return card.subtitle(spec.args, spec.each.over if spec.each is not None else {}, executor.usual) or card.title
