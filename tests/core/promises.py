"""The promises of states.md of one move, as the facts tell it: one function each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from rules import GO, OVER, is_worth, joined, many_of, needs_say

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import ANY, N_OF, UNDO, Node
from stratix_tasks.core.states import LIVE, TERMINAL, Event, RunState, State
from stratix_tasks.spec.model import Retry


class Broken(AssertionError):
    """A promise of states.md that does not hold."""


def need(fine: bool, what: str) -> None:
    if not fine:
        raise Broken(what)


class Tale(Protocol):
    """States as the facts alone tell them."""

    places: list[tuple[Block, int, int, int]]
    state: list[State]
    run: RunState
    winners: dict[int, tuple[int, ...]]
    enabled: set[int]
    tries: dict[int, int]
    passed: set[int]
    breaks: set[str]
    waits_for: dict[int, int]

    def name(self, u: int) -> str: ...
    def node(self, u: int) -> Node: ...
    def parent(self, u: int) -> int: ...
    def is_item(self, u: int) -> bool: ...
    def path(self, u: int) -> str: ...
    def held(self, u: int) -> str: ...
    def was_done(self, u: int) -> bool: ...
    def scope(self, u: int) -> list[State]: ...


def of_an_end(tale: Tale, u: int) -> bool:
    """Whether a unit belongs to the end of a scope: itself, or a group that it lies in."""
    while u >= 0:
        if tale.node(u).phase:
            return True
        u = tale.parent(u)
    return False


def nothing_starts_while_paused(tale: Tale, u: int) -> None:
    ends = tale.run is RunState.ENDING and of_an_end(tale, u)
    need(tale.run is RunState.RUNNING or ends, f"'{tale.name(u)}' started while the run was {tale.run.label}")
    need(ends or not tale.held(u), f"'{tale.name(u)}' started while it was paused: {tale.held(u)}")


def no_node_starts_ahead_of_what_it_needs(tale: Tale, u: int) -> None:
    """A join that fired counts as it fired."""
    name, item = tale.name(u), tale.is_item(u)
    node = tale.node(u)
    if not item:
        states = tale.scope(u)
        block, k, _, _ = tale.places[u]
        if node.phase:
            left = [n for n, one in enumerate(block.nodes) if one.phase < node.phase and states[n] not in OVER]
            need(not left, f"'{name}' started, but the rest of its scope has not ended")
            undone = node.phase != UNDO or tale.was_done(u)
            need(undone, f"'{name}' takes back what has not been done")
        said = needs_say(block, k, states, bad=True)
        need(u in tale.winners or said is GO, f"'{name}' started, and its needs say {said.label}: {states}")
    source = tale.waits_for.get(tale.places[u][2])
    fed = source is None or tale.state[source] is State.COMPLETED
    need(fed, f"'{name}' started, and the item that it waits for has not completed")
    above = -1 if of_an_end(tale, u) else tale.parent(u)  # what lost goes on to its end, though its group has ended
    while above >= 0:
        need(tale.state[above] is State.OPEN, f"'{name}' started in a group that is {tale.state[above].label}")
        above = tale.parent(above)


def a_condition_is_true(tale: Tale, u: int) -> None:
    """Of a node that begins; it is not asked again for another attempt."""
    need(
        not tale.node(u).when or u in tale.enabled or tale.is_item(u), f"'{tale.name(u)}' started against its condition"
    )


def winners_are_those_that_came(tale: Tale, u: int, winners: Sequence[int]) -> None:
    """As many as were asked for, each ended as it should."""
    _, _, base, _ = tale.places[u]
    node = tale.node(u)
    wanted = many_of(node) if node.join is N_OF else 1
    need(len(set(winners)) == wanted, f"{winners} won for '{tale.name(u)}', not {wanted}")
    need(all(w - base in joined(node) for w in winners), f"{winners} won for '{tale.name(u)}', which needs others")
    fine = OVER if node.join is ANY else {State.COMPLETED}
    states = tale.scope(u)
    need(all(states[w - base] in fine for w in winners), f"{winners} won for '{tale.name(u)}', and have not come")


def a_gather_is_made_from_what_completed(tale: Tale, u: int, items: Sequence[int], *, late: bool) -> None:
    """At least as many as it asks for by a number, each completed; of items of any none may have. `late`: the run told how many."""
    node = tale.node(u)
    least = 0 if node.gather is ANY or node.share is not None or late else node.of if node.gather is N_OF else 1
    need(len(items) >= least, f"'{tale.name(u)}' gathers {len(items)}, and asks for {least}")
    fine = all(tale.state[item] is State.COMPLETED for item in items if tale.is_item(item))
    need(fine, f"'{tale.name(u)}' gathers what has not completed")


def what_lost_ends(tale: Tale, u: int, ending: Collection[int]) -> None:
    """What a join went without has ended, or is about to, unless it is to be kept or somebody else needs it."""
    block, _, base, _ = tale.places[u]
    node, states = tale.node(u), tale.scope(u)
    if node.keep_losers or u not in tale.winners:
        return
    alone = [n for n in joined(node) if block.outs[n] == (u - base,) and n not in block.output.hard]
    left = [n for n in alone if states[n] not in OVER and base + n not in ending]
    need(not left, f"{[tale.name(base + n) for n in left]} go on, though '{tale.name(u)}' went on without")


def attempts_never_exceed_the_budget(tale: Tale, u: int, most: int) -> None:
    """`most` retries; an attempt that died with its owner does not count."""
    need(tale.tries[u] <= 1 + most, f"'{tale.name(u)}' was tried {tale.tries[u]} times")


def no_attempt_is_given_up_early(tale: Tale, u: int, retry: Retry, error: dict[str, Any]) -> None:
    used = tale.tries.get(u, 0) > retry.max or bool(error.get("final"))
    need(used or not is_worth(retry, error), f"'{tale.name(u)}' failed, but has a retry left")


def only_what_is_worth_it_is_tried_again(tale: Tale, u: int, retry: Retry, error: dict[str, Any]) -> None:
    need(is_worth(retry, error), f"'{tale.name(u)}' is tried again after an error that is not worth it")


def ends_change_only_by_a_request(tale: Tale, u: int, event: Event, *, asked: bool) -> None:
    was = tale.state[u]
    need(asked or was not in TERMINAL, f"'{tale.name(u)}' left {was.label} unasked, by {event.label}")


def a_breakpoint_holds(tale: Tale, u: int) -> None:
    """A node with a breakpoint starts only once a person let it go on; what belongs to the end of a run does not wait."""
    free = u in tale.passed or tale.is_item(u) or tale.run is RunState.ENDING
    need(free or tale.path(u) not in tale.breaks, f"'{tale.name(u)}' started past its breakpoint")


def an_item_is_spawned_once(tale: Tale, group: int, told: Collection[Any], parent_and_name: Any) -> None:
    """A repeated spawn is the same item; and nothing comes into a group that has ended."""
    need(parent_and_name not in told, f"'{tale.name(group)}' was given the item {parent_and_name} twice")
    need(tale.state[group] is State.OPEN, f"'{tale.name(group)}' grew while it was {tale.state[group].label}")


def a_spawned_item_has_a_live_parent(tale: Tale, group: int, parent: int) -> None:
    state = tale.state[parent]
    need(state in LIVE, f"an item of '{tale.name(group)}' that is {state.label} spawned another one")
