"""What is to be seen of a snapshot as it is first shown: some of it lies in stacks and closed sub-flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stratix_tasks.core.states import LIVE, TERMINAL, State

NEVER = (State.SKIPPED, State.UPSTREAM_FAILED)
ENDS = (State.FAILED, State.UPSTREAM_FAILED, State.CANCELLED, State.COMPLETED, State.SKIPPED)
"""How a stack has ended: as the first of these that one of its members has."""


class Seen:
    """Numbers from that of the nodes on are stacks."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        self.snapshot = snapshot
        nodes, folds = snapshot["nodes"], snapshot["folds"]
        self.cards: list[dict[str, Any]] = [*nodes, *(_card(fold, nodes) for fold in folds)]
        self._holders = [card["parent"] for card in self.cards]
        for number, fold in enumerate(folds, len(nodes)):
            for member in fold["members"]:
                self._holders[member] = number
        self._closed = set(snapshot["closed"])
        self.shown = [i for i in range(len(self.cards)) if not self._is_hidden(i)]

    def _is_hidden(self, index: int) -> bool:
        while (index := self._holders[index]) >= 0:
            if index in self._closed:
                return True
        return False

    def is_open(self, index: int) -> bool:
        """Whether it is a frame with others in it."""
        return str(index) in self.snapshot["rooms"] and index not in self._closed

    def count(self, index: int) -> str:
        """How many nodes lie in it, where that is known before it runs."""
        found = self._holders.count(index)
        return f"×{found:,}" if found else "×n"

    def look(self, index: int) -> Mapping[str, str] | None:
        """How what it uses looks."""
        found: Mapping[str, str] | None = self.snapshot["flow"]["cards"].get(self.cards[index]["uses"])
        return found if found is not None and found["icon"] else None

    def status(self, index: int) -> Sequence[Any]:
        """Of a stack as if its members were the items of a mapped node."""
        known: list[Sequence[Any]] = self.snapshot["status"]
        if index < len(known):
            return known[index]
        members = [known[i] for i, holder in enumerate(self._holders) if holder == index]
        states = [State(status[0]) for status in members]
        over = all(state in TERMINAL for state in states)
        failed = sum(state in (State.FAILED, State.UPSTREAM_FAILED) for state in states)
        running = sum(state in LIVE for state in states)
        counts = (states.count(State.COMPLETED), len(states), failed, running, states.count(State.SKIPPED))
        started = min((status[9] for status in members if status[9] is not None), default=None)
        ended = max((status[10] for status in members if status[10] is not None), default=None) if over else None
        return int(_state_of(states, over)), 0, 0, *counts, None, started, ended, None

    def lines(self) -> Iterator[tuple[int, int, int, str]]:
        """(number of the first edge, from, to, kind): one line for all edges between the same two."""
        found = set[tuple[int, int, bool]]()
        for number, (a, b, kind) in enumerate(self.snapshot["edges"]):
            source, target = self._end(a), self._end(b)
            line = (source, target, kind == "ends")
            if source != target and line not in found and not self._is_hidden(source) and not self._is_hidden(target):
                found.add(line)
                yield number, source, target, kind

    def _end(self, node: int) -> int:
        holder = self._holders[node]
        return holder if holder >= len(self.snapshot["nodes"]) else node

    def edge_look(self, a: int, b: int, kind: str) -> str:
        """`plain` while nothing came along an edge, `taken` once something did, `idle` where nothing will."""
        if not self.snapshot["run"]:
            return "plain"
        source, target = (State(self.status(node)[0]) for node in (a, b))
        if source in NEVER or target in NEVER:
            return "idle"
        if source not in TERMINAL:
            return "plain"
        return "idle" if (source is State.COMPLETED) is (kind == "catch") else "taken"


def _state_of(states: list[State], over: bool) -> State:
    if over:
        return next(state for state in ENDS if state in states)
    return State.PENDING if set(states) == {State.PENDING} else State.OPEN


def _card(fold: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A stack as a card shows it."""
    one, count = nodes[fold["members"][0]], len(fold["members"])
    line = f"{count:,} alike" + (f" · {one['line']}" if one["line"] else "")
    return {**one, **fold, "kind": "stack", "line": line, "foot": ""}
