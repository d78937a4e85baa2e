"""What is wrong with the executors that nodes use: one that is missing here, or says itself that it is not well.

A view knows what was answered last; it never waits for an answer. While it is open it is asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import Node
from stratix_tasks.core.ports import Executor
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import Found
from stratix_tasks.executors.health import TIMEOUT, Checkups
from stratix_tasks.look.poller import Poller

EVERY = 15.0
"""Seconds from one question to the next, while a view is open."""


@dataclass(frozen=True, slots=True)
class Question:
    """The executors of a view, asked all at once."""

    checkups: Checkups
    executors: frozenset[Executor]


def answers(asked: Question) -> dict[str, str]:
    """By name what those say that are not well."""
    told = asked.checkups.ask({one.name: one for one in asked.executors}, TIMEOUT)
    return {name: health.message for name, health in told.items() if not health.ok}


_POLLER: Poller[Question, dict[str, str]] = Poller(answers, every=EVERY, share=0, at_once=True)


class Ills:
    """Of a flow that is laid out, what is wrong with what its nodes use, as it was told last."""

    def __init__(self, root: Block, checkups: Checkups) -> None:
        self._nodes = root.outline.nodes
        used = (node.executor for node in self._nodes)
        self._asked = Question(checkups, frozenset(one for one in used if one is not None and one.health is not None))
        self._known: dict[str, str] = {}

    def of(self, node: Node) -> str:
        """A sentence; nothing where all is well, as far as is known."""
        return ill(node, self._known)

    def watch(self, tell: Callable[[set[int]], None]) -> Callable[[], None]:
        """Call back, in a thread of its own, with the nodes of which something else is to be said; the answer ends it."""
        if not self._asked.executors:
            return lambda: None

        def heard(known: dict[str, str]) -> None:
            before, self._known = self._known, known
            changed = {name for name in {*before, *known} if before.get(name) != known.get(name)}
            tell({unit for unit, node in enumerate(self._nodes) if node.spec.uses in changed})

        return _POLLER.watch(self._asked, self._known, heard)


def ill(node: Node, known: dict[str, str]) -> str:
    """What is wrong with what a node uses, as a sentence."""
    name = node.spec.uses
    if name is None:
        return ""
    if node.executor is None:
        return f"Its executor '{name}' is not registered here."
    return f"Its executor '{name}' is not well: {known[name].rstrip('.')}." if name in known else ""


def concerned(s: State, u: Found) -> Node | None:
    """The node of a unit that may still need its executor, or has failed with it; None for what is no unit."""
    return (
        None if not isinstance(u, int) or s.status[u] in (S.COMPLETED, S.SKIPPED, S.CANCELLED) else s.node(s.node_of(u))
    )


def asked_now(node: Node, checkups: Checkups) -> str:
    """The same, asked at this moment: it takes up to `TIMEOUT` seconds, so never in the engine's thread."""
    one: Any = node.executor
    asked = one is not None and one.health is not None
    return ill(node, answers(Question(checkups, frozenset((one,)))) if asked else {})
