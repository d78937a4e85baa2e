"""How a run that nobody touches must end, worked out naively: by recursion over blocks, without any core.

A task ends by its script alone; a node by the ends of what it needs. Nothing here knows of events, tables, units or time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil
from typing import Any

from driver import ERROR
from rules import GO, is_worth, needs_say, taken_up

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import ALL, ANY, EACH, EARLY, FIRST, FLOW, LOOP, MAP, N_OF, SETTLED, TASK, Node
from stratix_tasks.core.states import BAD, State
from stratix_tasks.spec.model import MAX_DEPTH

Script = Callable[[str, int], str]
"""How an attempt (from 1) of a node or item ends: ok, fail or final."""
Seen = Callable[[str], str]
"""What really became of a node: asked only where the order of ends decides, which is a matter of time."""
DONE, FAILED, SKIPPED, UPSTREAM = State.COMPLETED, State.FAILED, State.SKIPPED, State.UPSTREAM_FAILED
Ends = dict[str, State]


class Untold(Exception):
    """How it ends hangs on an order of ends that nobody knows."""


class Naive:
    """`verdict(name)` is what a condition says, `items(name)` how many items a map has (an error's text: it has none),
    `spawns(name)` how many more each of these spawns, `left_out(name, index)` whether `where` refuses one.
    """

    def __init__(
        self,
        root: Block,
        script: Script,
        verdict: Callable[[str], Any],
        items: Callable[[str], Any],
        seen: Seen,
        spawns: Callable[[str], int] = lambda _name: 0,
        left_out: Callable[[str, int], bool] = lambda _name, _index: False,
        early: Callable[[str], State | None] = lambda _name: None,
        asked: Callable[[str], State | None] = lambda _name: None,
        given: Callable[[str], bool] = lambda _name: False,
    ) -> None:
        self.early = early
        """How a step ended a node, which is a matter of time, too; None where none did."""
        self.asked = asked
        """How a person ended a node or item, or another run that this one was forked from; None where nobody did."""
        self.given = given
        """Whether a person, or a step before it began, gave a value in place of what it would have made."""
        self.root, self.script, self.verdict, self.items, self.seen = root, script, verdict, items, seen
        self.spawns, self.left_out = spawns, left_out
        self.saw = 0
        """How often it was asked what really became of a node."""
        self.otherwise = 0
        """How often something failed otherwise than by an error of a body: whether a flow around it is tried again hangs on that."""
        self.opened: dict[str, int] = {}
        """How many items each map has that has opened."""
        self.scopes: dict[str, int] = {}
        """How many scopes each mapped flow or loop has that has opened."""
        self.raced: set[str] = set()
        """Prefixes of what lies in mapped flows that go on without all: how it ended hangs on who came first."""
        self.stands_for: dict[str, str] = {}
        """Of a scope that takes back what another one did: that one, as prefixes."""
        self.stops = False
        """Whether a flow around what is worked out stops at a failure."""
        self.stopped: set[str] = set()
        """What was cut off by that, which is a matter of time; it has to have had one."""
        self.tried: dict[str, int] = {}
        """Attempts of each node, over all tries of the sub-flows around it."""

    def ends(self) -> dict[str, str]:
        """The end of every node and item, by name."""
        found: Ends = {}
        self._scope(self.root, "", None, found, [])
        return {name: end.label for name, end in found.items()}

    def run(self) -> str:
        self.tried.clear()
        return self._scope(self.root, "", None, {}, []).label

    def _scope(self, block: Block, prefix: str, above: State | None, found: Ends, around: list[Block]) -> State:
        """The end of a scope, which may stop at a failure. `above`: the end of the sub-flow when it never opened."""
        around_stops, own = self.stops, block.spec is not None and block.spec.on_failure == "stop"
        self.stops |= own
        end = self._phases(block, prefix, above, found, around)
        self.stops = around_stops
        if own and end is DONE and any(name.startswith(prefix) for name in self.stopped):
            raise AssertionError(f"{prefix} was stopped, and nothing in it failed")
        return end

    def _phases(self, block: Block, prefix: str, above: State | None, found: Ends, around: list[Block]) -> State:
        takes_back = block.takes_back is not None
        states = [State.PENDING] * block.n
        for phase in sorted({node.phase for node in block.nodes}):
            bad = takes_back or self._is_bad(block, states, prefix)
            left = {k for k, node in enumerate(block.nodes) if node.phase == phase}
            while left:
                ready = [k for k in left if not left & set(block.nodes[k].needs)]
                for k in ready:
                    name = prefix + block.names[k]
                    early, asked = self.early(name), self.asked(name)
                    if (early or asked) is not None and any(node.source == k for node in block.nodes):
                        raise Untold(name)
                    end = early or asked or self._node(block, k, prefix, states, above, found, around, bad=bad)
                    if early is None and asked is None and self._was_stopped(name, end):
                        end = self._cut_off(block, k, name, found)
                    found[name] = end
                    states[k] = SKIPPED if early is State.CANCELLED else end
                left -= set(ready)
        return FAILED if self._is_bad(block, states, prefix) else DONE

    def _was_stopped(self, name: str, end: State) -> bool:
        """Whether a flow around it stopped at a failure before it came to its end; of what may have lost nobody asks."""
        if not self.stops or end is State.CANCELLED or name.startswith(tuple(self.raced)):
            return False
        return self._saw(name) == "cancelled"

    def _cut_off(self, block: Block, k: int, name: str, found: Ends) -> State:
        """How far what lies in it had come nobody can tell."""
        if block.nodes[k].kind is not TASK and any(k in (one.undoes, one.source) for one in block.nodes):
            raise Untold(name)
        for inside in [one for one in found if one.startswith((f"{name}.", f"{name}["))]:
            del found[inside]
        self.stopped.add(name)
        return State.CANCELLED

    def _is_bad(self, block: Block, states: list[State], prefix: str) -> bool:
        names = [prefix + name for name in block.names]
        given = frozenset(k for k, name in enumerate(names) if self.given(name))
        taken = taken_up(block, states, given)
        done = [
            node.step.to
            for k, (node, state) in enumerate(zip(block.nodes, states, strict=True))
            if _finishes(node, state) and k not in given and self.early(names[k]) is None
        ]
        first = 1 if done else 0
        return FAILED in done or any(
            state in BAD and k not in taken and block.nodes[k].phase >= first for k, state in enumerate(states)
        )

    def _node(
        self, block: Block, k: int, prefix: str, states: list[State], above: State | None, found: Ends, around: list[Block],
        *, bad: bool,
    ) -> State:  # fmt: skip
        node, name = block.nodes[k], prefix + block.names[k]
        if self._may_lose(block, k) and self._saw(name) == "cancelled":
            if node.kind is not TASK and any(k in (one.undoes, one.source) for one in block.nodes):
                raise Untold(name)  # what had completed in it is taken back, what had opened streams
            return State.CANCELLED
        end = self._refused(block, k, name, states, above, found, bad=bad) or (DONE if node.pinned else None)
        if node.kind is TASK:
            return end or self._task(name, node)
        if node.kind is FLOW and end is not None and k in block.fixed:
            self._scope(block.inner[k], f"{name}.", end, found, around)
        return end or self._group(block, k, node, name, found, around)

    def _may_lose(self, block: Block, k: int) -> bool:
        """Whether a join behind it may fire before it has ended."""
        return any(block.nodes[o].join in EARLY or self._may_lose(block, o) for o in block.outs[k])

    def _refused(
        self, block: Block, k: int, name: str, states: list[State], above: State | None, found: Ends, *, bad: bool
    ) -> State | None:
        """The end of a node that does not come to run."""
        node = block.nodes[k]
        if node.source >= 0 and name.removesuffix(node.name) + block.names[node.source] in self.opened:
            states = [DONE if n == node.source else state for n, state in enumerate(states)]
        if above is not None:
            return UPSTREAM if above in BAD else SKIPPED
        if node.off:
            return SKIPPED
        said = needs_say(block, k, states, bad=bad and (node.undoes is None or self._was_done(block, k, name, found)))
        if node.join is ALL and not node.phase and said is UPSTREAM and SKIPPED in [states[n] for n in node.needs]:
            said = SKIPPED if self._saw(name) == "skipped" else UPSTREAM  # whichever came first
        if said is not GO:
            return said
        if not node.when:
            return None
        told = self.verdict(name)
        return None if told is True else SKIPPED if told is False else self._failed()

    def _task(self, name: str, node: Node) -> State:
        if node.step is not None and node.step.around:
            return DONE if node.step.around in re.findall(r"(\w+)(?:\[\d+\])?\.", name) else self._failed()
        if node.policy.bodiless:
            return DONE  # without a limit somebody answers it, sooner or later
        for _ in range(1 + node.policy.retry.max):
            self.tried[name] = self.tried.get(name, 0) + 1
            how = self.script(name, self.tried[name])
            if how == "ok":
                return DONE
            if how == "final":
                return self._failed()
            if not is_worth(node.policy.retry, ERROR):
                break
        return FAILED

    def _failed(self) -> State:
        self.otherwise += 1
        return FAILED

    # ------------------------------------------------------------------ groups

    def _group(self, block: Block, k: int, node: Node, name: str, found: Ends, around: list[Block]) -> State:
        inner = block.inner[k]
        deepest = MAX_DEPTH if self.root.spec is None else self.root.spec.max_depth
        if [*around, block].count(inner) >= deepest:
            return self._failed()
        deeper = [*around, block]
        if node.undoes is not None:
            return self._undo(block, k, name, found, deeper)
        if node.kind is FLOW:
            return self._tries(inner, node, name, found, deeper, fixed=k in block.fixed)
        if node.kind is LOOP:
            return self._loop(inner, node, name, found, deeper)
        count = self.items(name)
        if isinstance(count, str):
            return self._failed()
        source = name.removesuffix(node.name) + block.names[node.source] if node.source >= 0 else ""
        if node.kind is MAP and source in self.opened:
            self.opened[name] = self.opened[source]
            ends = [self._fed(f"{name}[{i}]", found[f"{source}[{i}]"], node) for i in range(self.opened[source])]
            found |= {f"{name}[{i}]": end for i, end in enumerate(ends)}
            return self._gathered(node, ends, 0)
        if node.kind is MAP:
            planned = [i for i in range(count) if not self.left_out(name, i)]
            count += 0 if node.policy.bodiless else sum(self.spawns(f"{name}[{i}]") for i in planned)
            self.opened[name] = count
            out = [f"{name}[{i}]" for i in range(count) if self.left_out(name, i)]
            items = {
                one: SKIPPED if one in out else self._item(one, node) for one in (f"{name}[{i}]" for i in range(count))
            }
            found |= items
            return self._gathered(node, list(items.values()), len(out))
        if source in self.opened:
            return self._streamed(inner, node, name, source, found, deeper)
        self.scopes[name] = count
        self.raced |= {f"{name}["} if node.gather in EARLY else set()
        kept = [i for i in range(count) if not self.left_out(name, i)]
        for i in set(range(count)) - {*kept}:
            self._never(inner, f"{name}[{i}].", found)
        scopes = [self._scope(inner, f"{name}[{i}].", None, found, deeper) for i in kept]
        return self._gathered(node, [*scopes, *[SKIPPED] * (count - len(kept))], count - len(kept))

    def _streamed(self, inner: Block, node: Node, name: str, source: str, found: Ends, around: list[Block]) -> State:
        """A mapped flow each scope of which waits for an item: where that did not complete it is as a sub-flow that never opened."""
        self.scopes[name] = self.opened[source]
        ends = []
        for i in range(self.opened[source]):
            prefix, there = f"{name}[{i}].", found[f"{source}[{i}]"]
            if there is DONE:
                ends.append(self._scope(inner, prefix, None, found, around))
                continue
            if any(self.asked(prefix + one) is not None for one in inner.names):
                raise Untold(prefix)
            end = self._scope(inner, prefix, there, found, around)
            ends.append(end if there in BAD else SKIPPED)  # what may fail in it may do so for this
        return self._gathered(node, ends, 0)

    def _taken(self, block: Block, k: int, name: str) -> tuple[str, str]:
        """The scope in which a node takes something back, as a prefix, and what."""
        prefix, takes = name.removesuffix(block.names[k]), block.nodes[k].undoes
        around = block.takes_back or block
        assert takes is not None
        return self.stands_for.get(prefix, prefix), around.names[takes]

    def _was_done(self, block: Block, k: int, name: str, found: Ends) -> bool:
        """Whether there is something to take back that its own scope has not taken back."""
        scope, taken = self._taken(block, k, name)
        if scope + taken not in found or self.early(scope + taken) is not None:
            raise Untold(name)
        node = (block.takes_back or block).nodes[block.nodes[k].undoes or 0]
        single = node.kind in (TASK, FLOW)
        end = found[scope + taken]
        if end is DONE and scope.startswith(tuple(self.raced)) and self._saw(scope + taken) != "completed":
            end = State.CANCELLED
        done = end is DONE if single else bool(self.scopes.get(scope + taken))
        return done and (block.takes_back is None or found[scope + block.names[k]] is SKIPPED)

    def _undo(self, block: Block, k: int, name: str, found: Ends, around: list[Block]) -> State:
        """A scope for each that the group has opened; of a loop all of them, the last one first."""
        scope, taken = self._taken(block, k, name)
        if block.nodes[k].kind is FLOW:
            ways = [(f"{name}.", f"{scope}{taken}.")]
        else:
            count = self.scopes[scope + taken]
            there = range(count)[::-1] if block.nodes[k].kind is LOOP else range(count)
            ways = [(f"{name}[{i}].", f"{scope}{taken}[{j}].") for i, j in enumerate(there)]
        self.stands_for |= dict(ways)
        ends = [self._scope(block.inner[k], prefix, None, found, around) for prefix, _ in ways]
        return FAILED if FAILED in ends else DONE

    def _never(self, block: Block, prefix: str, found: Ends) -> None:
        """A scope that was left out: all that is laid out with it is skipped, what would run at its end, too."""
        for k, name in enumerate(block.names):
            found[prefix + name] = SKIPPED
            if k in block.fixed:
                self._never(block.inner[k], f"{prefix}{name}.", found)

    def _tries(self, inner: Block, node: Node, name: str, found: Ends, around: list[Block], *, fixed: bool) -> State:
        """A sub-flow that failed is run again, as often as it says. Of a try that another one followed nobody can see the order
        of ends any more, nor whether it failed by what is worth that."""
        for left in reversed(range(1 + node.policy.retry.max)):
            before = self.saw + self.otherwise
            for one in [
                one for one in self.tried if one.startswith(f"{name}.") and (not fixed or "[" in one[len(name) :])
            ]:
                del self.tried[one]  # it opens anew
            if (end := self._scope(inner, f"{name}.", None, found, around)) is DONE:
                break
            if left and self.saw + self.otherwise > before:
                raise Untold(name)
            if not is_worth(node.policy.retry, ERROR):
                break
        return end

    def _saw(self, name: str) -> str:
        self.saw += 1
        return self.seen(name)

    def _item(self, name: str, node: Node) -> State:
        asked = self.asked(name)
        if asked is not None:
            return asked
        if node.gather in EARLY and self._saw(name) == "cancelled":
            return State.CANCELLED
        end = self._task(name, node)
        if self._was_stopped(name, end):
            self.stopped.add(name)
            return State.CANCELLED
        return end

    def _fed(self, name: str, source: State, node: Node) -> State:
        """Of an item that waits for another one."""
        if source is DONE or self.asked(name) is not None:
            return self._item(name, node)
        return SKIPPED if source is SKIPPED else UPSTREAM

    def _gathered(self, node: Node, ends: list[State], out: int) -> State:
        """`out` of these were refused."""
        if node.gather is SETTLED or (node.gather is ANY and len(ends) > out):
            return DONE
        if node.gather in (ANY, FIRST, N_OF):
            wanted = node.of if node.gather is N_OF else 1
            if node.share is not None:
                wanted = ceil(node.share * (len(ends) - out))
            return DONE if ends.count(DONE) >= wanted else self._failed()
        return FAILED if any(end in BAD for end in ends) else DONE

    def _loop(self, inner: Block, node: Node, name: str, found: Ends, around: list[Block]) -> State:
        """`verdict` says of each round whether it was the last one."""
        for i in range(node.rounds):
            self.scopes[name] = i + 1
            if self._scope(inner, f"{name}[{i}].", None, found, around) is FAILED:
                return FAILED
            told = self.verdict(name) if node.until else False
            if told is True:
                return DONE
            if told is not False:
                return self._failed()
        return DONE if node.take_last else self._failed()


def _finishes(node: Node, state: State) -> bool:
    return node.step is not None and node.step.own and state is DONE and not node.pinned


__all__ = ["EACH", "Naive"]
