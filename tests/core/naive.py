"""How a run that nobody touches must end, worked out naively: by recursion over the document, without any machine.

A task ends by its script alone; a node by the ends of what it needs. Nothing here knows of events, tables or time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.values import FirstOf

BAD = {"failed", "upstream_failed", "cancelled"}
Script = Callable[[str, int], str]
"""How an attempt (from 1) of a node or item ends: ok, fail or final."""
Seen = Callable[[str], str]
"""What really became of a node: asked only where the first of two ends of its needs decides, which is a matter of time."""


class Naive:
    """`verdict(name)` is what a condition says, `items(name)` how many items a map has (an error's text: it has none),
    `spawns(name)` how many more each of these spawns.
    """

    def __init__(
        self,
        flow: FlowSpec,
        script: Script,
        verdict: Callable[[str], Any],
        items: Callable[[str], Any],
        seen: Seen,
        spawns: Callable[[str], int] = lambda _name: 0,
    ) -> None:
        self.flow, self.script, self.verdict, self.items, self.seen = flow, script, verdict, items, seen
        self.spawns = spawns

    def ends(self) -> dict[str, str]:
        """The end of every node and item, by name."""
        found: dict[str, str] = {}
        self._scope(self.flow, "", None, found)
        return found

    def run(self) -> str:
        """The end of the run: what its nodes came to, but those in a sub-flow that was skipped as a whole."""
        ends = self.ends()
        return "failed" if any(end in BAD for name, end in ends.items() if "[" not in name) else "completed"

    def _scope(self, flow: FlowSpec, prefix: str, above: str | None, found: dict[str, str]) -> None:
        """`above`: the end of the sub-flow when it never opened."""
        done: dict[str, str] = {}
        while len(done) < len(flow.tasks):
            for name, node in flow.tasks.items():
                hard, soft = sources(node)
                if name not in done and all(source in done for source in (*hard, *soft)):
                    told = [done[source] for source in hard], [done[source] for source in soft]
                    done[name] = found[prefix + name] = self._node(flow, prefix + name, node, *told, above, found)

    def _node(
        self,
        flow: FlowSpec,
        name: str,
        node: NodeSpec,
        hard: list[str],
        soft: list[str],
        above: str | None,
        found: dict[str, str],
    ) -> str:
        end = self._refused(name, node, hard, soft, above)
        if node.flow:
            inner: dict[str, str] = {}
            self._scope(flow.flows[node.flow], f"{name}.", end, inner)
            found |= inner
            members = [inner[f"{name}.{member}"] for member in flow.flows[node.flow].tasks]
            return end or gathered(members)
        if node.each and end is None:
            count = self.items(name)
            if isinstance(count, str):
                return "failed"
            count += 0 if node.uses else sum(self.spawns(f"{name}[{index}]") for index in range(count))
            items = {f"{name}[{index}]": self._task(f"{name}[{index}]", node) for index in range(count)}
            found |= items
            return gathered(list(items.values()))
        return end or self._task(name, node)

    def _refused(self, name: str, node: NodeSpec, hard: list[str], soft: list[str], above: str | None) -> str | None:
        """The end of a node that does not come to run."""
        if "skipped" in hard and BAD & {*hard, *soft}:
            return "skipped" if self.seen(name) == "skipped" else "upstream_failed"
        if above in BAD or BAD & {*hard, *soft}:
            return "upstream_failed"
        if above is not None or "skipped" in hard or (soft and set(soft) == {"skipped"}):
            return "skipped"
        if node.when is None:
            return None
        said = self.verdict(name)
        return None if said is True else "skipped" if said is False else "failed"

    def _task(self, name: str, node: NodeSpec) -> str:
        if node.uses:
            return "completed"  # without a limit somebody answers it, sooner or later
        tries = 1 + (node.retry.max if node.retry else 0)
        for attempt in range(1, tries + 1):
            how = self.script(name, attempt)
            if how == "ok":
                return "completed"
            if how == "final":
                return "failed"
        return "failed"


def gathered(ends: list[str]) -> str:
    return "failed" if any(end in BAD for end in ends) else "completed"


def sources(node: NodeSpec) -> tuple[set[str], set[str]]:
    """The names that a node needs: those that must complete, and those of which one is enough."""
    firsts = [value for value in node.args.values() if isinstance(value, FirstOf)]
    soft = {ref.name for first in firsts for ref in first.refs if ref.scope == "tasks"}
    return set(node.needs), soft - set(node.needs)
