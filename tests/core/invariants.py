"""The promises of states.md, one function each: of a move that facts tell, and of a machine as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Protocol

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Plan

from stratix_tasks.core.states import BAD, LIVE, RUN_TERMINAL, TERMINAL, Event, RunState, State
from stratix_tasks.core.targets import label
from stratix_tasks.core.timers import PAUSABLE, WHOLE, Timer

Ask = tuple[int, int]
"""A unit and its generation: what the machine waits for an answer about (a condition, an expansion)."""


class Broken(AssertionError):
    """A promise of states.md that does not hold."""


def need(fine: bool, what: str) -> None:
    if not fine:
        raise Broken(what)


class Tale(Protocol):
    """States as the facts alone tell them."""

    plan: Plan
    state: list[State]
    node_of: list[int]
    run: RunState
    tries: dict[int, int]
    passed: set[int]
    breaks: set[int]
    generations: dict[int, int]

    def name(self, unit: int) -> str: ...


# ---------------------------------------------------------------------- of one move, as the facts tell it


def nothing_starts_while_paused(tale: Tale, unit: int) -> None:
    need(tale.run is RunState.RUNNING, f"'{tale.name(unit)}' started while the run was {tale.run.label}")


def no_node_starts_ahead_of_what_it_needs(tale: Tale, unit: int) -> None:
    name, node = tale.name(unit), tale.node_of[unit]
    soft = tale.plan.firsts.get(node, ())
    for source in tale.plan.needs[node]:
        state = tale.state[source]
        there = state is State.COMPLETED or (source in soft and state is State.SKIPPED)
        need(there, f"'{name}' started ahead of '{tale.name(source)}', which is {state.label}")
    need(
        not soft or any(tale.state[source] is State.COMPLETED for source in soft),
        f"'{name}' started, but all of its first_of were skipped",
    )
    above = node if node != unit else tale.plan.parents[unit]
    while above >= 0:
        need(tale.state[above] is State.CLOSED, f"'{name}' started in a group that is {tale.state[above].label}")
        above = tale.plan.parents[above]


def attempts_never_exceed_the_budget(tale: Tale, unit: int, most: int) -> None:
    """`most` retries; an attempt that died with its owner does not count."""
    need(tale.tries[unit] <= 1 + most, f"'{tale.name(unit)}' was tried {tale.tries[unit]} times")


def no_attempt_is_given_up_early(tale: Tale, unit: int, most: int, error: dict[str, Any]) -> None:
    used = tale.tries.get(unit, 0) > most
    need(used or bool(error.get("final")), f"'{tale.name(unit)}' failed, but has a retry left")


def generations_rise_at_rollbacks(tale: Tale, machine: Machine) -> None:
    """And when what a pending node was asked about has changed; at nothing else."""
    real = {unit: number for unit, number in machine.generation.items() if number}
    need(tale.generations == real, f"generations are {real}, and must be {tale.generations}")


def ends_change_only_by_a_request(tale: Tale, unit: int, event: Event, *, asked: bool) -> None:
    was = tale.state[unit]
    need(asked or was not in TERMINAL, f"'{tale.name(unit)}' left {was.label} unasked, by {event.label}")


def a_breakpoint_holds(tale: Tale, unit: int) -> None:
    """A node with a breakpoint starts only once a person let it go on."""
    need(unit not in tale.breaks or unit in tale.passed, f"'{tale.name(unit)}' started past its breakpoint")


def an_item_is_spawned_once(tale: Tale, group: int, told: Collection[Any], parent_and_name: Any) -> None:
    """A repeated spawn is the same item; and nothing comes into a group that has ended."""
    need(parent_and_name not in told, f"'{tale.name(group)}' was given the item {parent_and_name} twice")
    need(tale.state[group] is State.CLOSED, f"'{tale.name(group)}' grew while it was {tale.state[group].label}")


def a_spawned_item_has_a_live_parent(tale: Tale, group: int, parent: int) -> None:
    state = tale.state[parent]
    need(state in LIVE, f"an item of '{tale.name(group)}' that is {state.label} spawned another one")


# ---------------------------------------------------------------------- of a machine between two turns


def a_terminal_run_has_no_live_node(machine: Machine) -> None:
    if machine.run_state in RUN_TERMINAL:
        left = [label(machine, u) for u, s in enumerate(machine.state) if s not in TERMINAL]
        need(not left, f"the run is {machine.run_state.label}, but {left} have not ended")


def a_completed_run_has_no_bad_node(machine: Machine) -> None:
    if machine.run_state is RunState.COMPLETED:
        bad = [label(machine, u) for u, s in enumerate(machine.state) if s in BAD and not absorbed(machine, u)]
        need(not bad, f"the run is completed, but {bad} are bad")


def absorbed(machine: Machine, unit: int) -> bool:
    """Inside of a group that was skipped as a whole, or an item that a rollback took out."""
    if absorbed_item(machine, unit):
        return True
    above = machine.parent(unit)
    return above >= 0 and (machine.state[above] == State.SKIPPED or absorbed(machine, above))


def counts_are_right(machine: Machine) -> None:
    """What the machine keeps as counts is what its states say."""
    state = machine.state
    live = sum(s in (State.RUNNING, State.STOPPING) for s in state)
    need(machine.live == live, f"{live} bodies run, the machine counts {machine.live}")
    todo = sum(s not in TERMINAL for s in state)
    need(machine.todo == todo, f"{todo} units have not ended, the machine counts {machine.todo}")
    bad = sum(s in BAD for s in state[: len(machine.plan.names)])
    need(machine.bad == bad, f"{bad} nodes are bad, the machine counts {machine.bad}")
    for unit, group in machine.groups.items():
        states = [state[member] for member in group.members]
        told = (states.count(State.COMPLETED), states.count(State.SKIPPED), sum(s in BAD for s in states))
        need((group.done, group.skipped, group.failed) == told, f"'{label(machine, unit)}' counts its units wrongly")
        need(group.ended == sum(told), f"'{label(machine, unit)}' counts its ends wrongly")
        need(group.count == len(group.members), f"'{label(machine, unit)}' counts its units wrongly")


def what_is_left_is_counted(machine: Machine) -> None:
    """A pending node counts the needs that it still waits for, and its group until that is open."""
    for unit in range(len(machine.plan.names)):
        if machine.state[unit] == State.PENDING and machine.run_state is not RunState.PENDING:
            soft, parent = machine.plan.firsts.get(unit, ()), machine.plan.parents[unit]
            states = [(State(machine.state[n]), n in soft) for n in machine.plan.needs[unit]]
            waits = sum(s is not State.COMPLETED and not (gentle and s is State.SKIPPED) for s, gentle in states)
            waits += parent >= 0 and machine.state[parent] not in (State.OPEN, State.CLOSED)
            need(machine.left[unit] == waits, f"'{label(machine, unit)}' waits for {waits}, not {machine.left[unit]}")


def a_stop_has_its_target(machine: Machine) -> None:
    stopping = {u for u, s in enumerate(machine.state) if s == State.STOPPING}
    need(set(machine.target) == stopping, f"{stopping} are being stopped, targets are of {set(machine.target)}")
    if machine.run_state is RunState.ENDING:
        kept = [label(machine, u) for u in stopping if machine.target[u][0] is not State.CANCELLED]
        need(not kept, f"the run is ending, but {kept} become something else than cancelled")


def an_ending_run_has_only_bodies(machine: Machine) -> None:
    """Nothing can start any more: what has no body has ended, but groups that wait for one."""
    if machine.run_state is RunState.ENDING:
        allowed = {State.STOPPING, State.OPEN, State.CLOSED} | TERMINAL
        left = [label(machine, u) for u, s in enumerate(machine.state) if s not in allowed]
        need(not left, f"the run is ending, but {left} have not been stopped")


def a_drained_run_is_paused(machine: Machine) -> None:
    need(machine.run_state is not RunState.PAUSING or machine.live > 0, "nothing runs, but the run is still pausing")
    runs = State.RUNNING in machine.state
    need(machine.run_state is not RunState.PAUSED or not runs, "the run is paused, but a body runs")


def a_group_knows_its_units(machine: Machine) -> None:
    """By place and unit, and each spawned one by who spawned it; what was asked of the group holds for all of them."""
    for node, group in machine.groups.items():
        name = label(machine, node)
        need(
            [group.index(unit) for unit in group.members] == list(range(group.count)),
            f"'{name}' does not find its units",
        )
        children = sorted(unit for names in group.children.values() for unit in names.values())
        need(children == list(group.members[group.planned :]), f"'{name}' did not spawn {children}")
        fine = node not in machine.holds or all(
            u in machine.holds or machine.state[u] in TERMINAL | {State.WAITING} for u in children
        )
        need(fine or machine.state[node] in TERMINAL, f"'{name}' is held, but not what is spawned into it")


def no_group_waits_for_ended_units(machine: Machine) -> None:
    for unit, group in machine.groups.items():
        over = all(machine.state[member] in TERMINAL for member in group.members)
        need(not over or machine.state[unit] != State.CLOSED, f"'{label(machine, unit)}' is closed, its units ended")


def an_ended_sub_flow_has_no_open_unit(machine: Machine) -> None:
    """But one that is held by itself, to which it is applied at its release; and one whose body is being stopped."""
    for unit, members in machine.plan.members.items():
        if machine.state[unit] in TERMINAL:
            left = [
                label(machine, m) for m in members if machine.state[m] not in TERMINAL | {State.HELD, State.STOPPING}
            ]
            need(not left, f"'{label(machine, unit)}' has ended, but {left} have not")


def nothing_is_forgotten(machine: Machine, asks: Collection[Ask]) -> None:
    """A pending node whose needs decide what becomes of it has moved, or the machine waits for an answer about it.

    While the run is paused maps and sub-flows wait with their expansion.
    """
    paused = machine.run_state in (RunState.PAUSING, RunState.PAUSED)
    if machine.run_state in (RunState.PENDING, RunState.ENDING) or machine.run_state in RUN_TERMINAL:
        return
    for unit in range(len(machine.plan.names)):
        if machine.state[unit] != State.PENDING or (paused and machine.is_group(unit)):
            continue
        soft, parent = machine.plan.firsts.get(unit, ()), machine.plan.parents[unit]
        hard = [State(machine.state[n]) for n in machine.plan.needs[unit] if n not in soft]
        gentle = [State(machine.state[n]) for n in soft]
        name = label(machine, unit)
        need(not any(s in BAD for s in (*hard, *gentle)), f"'{name}' is pending, but a need is bad")
        need(State.SKIPPED not in hard, f"'{name}' is pending, but a need was skipped")
        open_ = parent < 0 or machine.state[parent] in (State.OPEN, State.CLOSED)
        if open_ and all(s in TERMINAL for s in (*hard, *gentle)):
            number = machine.generation.get(unit, 0)
            need((unit, number) in asks, f"'{name}' is pending with all that it needs, and nobody was asked about it")


def a_free_place_is_used(machine: Machine, free: int) -> None:
    """No unit of a running run stays ready while there is a place, but one that waits for its abandoned body."""
    if machine.run_state is not RunState.RUNNING or free <= 0:
        return
    for unit, state in enumerate(machine.state):
        if state == State.READY and unit not in machine.abandoned:
            need(machine.lane(unit).blocked() is not None, f"'{label(machine, unit)}' is ready, and a place is free")


def what_was_set_is_kept(machine: Machine, unit: int, options: dict[str, Any]) -> None:
    for name, value in options.items():
        need(getattr(machine.policy(unit), name) == value, f"{name} of '{label(machine, unit)}' is not what was set")


ASKED_FOR = {"cancel": State.CANCELLED, "skip": State.SKIPPED, "give": State.COMPLETED, "pause": State.HELD}


def a_request_that_was_taken_has_its_effect(machine: Machine, verb: str, unit: int) -> None:
    """At once, or when the body or the units that are still live have ended. `give` is a skip with a value."""
    if verb not in ASKED_FOR:
        return
    state, to = State(machine.state[unit]), ASKED_FOR[verb]
    group = machine.groups.get(unit)
    stopping = state is State.STOPPING and machine.target[unit][0] is to
    closing = group is not None and state is State.CLOSED and group.target is to
    marked = verb == "pause" and unit in machine.holds
    need(state is to or stopping or closing or marked, f"'{label(machine, unit)}' is {state.label} after a {verb}")


COUNTS_ALL_THE_SAME = frozenset((State.CANCELLED, State.FAILED, State.RETRYING, State.SKIPPED))
"""Stop targets that a result which came all the same takes precedence over."""


def a_result_of_a_stopped_body_counts_where_it_may(
    machine: Machine, unit: int, target: State, value: Any, attempt: int
) -> None:
    """It completes its node, unless it was fenced off: by a rollback, or by a value that a person gave."""
    took = machine.state[unit] == State.COMPLETED and machine.attempt[unit] == attempt and machine.values[unit] == value
    fine = took == (target in COUNTS_ALL_THE_SAME)
    need(
        fine, f"'{label(machine, unit)}' was stopped to be {target.label}; its result {'counts' if took else 'is lost'}"
    )


def what_it_says_is_not_heard(machine: Machine, unit: int, number: int) -> bool:
    """Of a body: its attempt is over, or its result would not count. Then nothing that it spawns is added."""
    target = machine.target[unit][0] if machine.state[unit] == State.STOPPING else State.CANCELLED
    retired = absorbed_item(machine, unit)
    over = machine.attempt[unit] != number or machine.state[unit] not in LIVE
    return retired or over or target not in COUNTS_ALL_THE_SAME


def absorbed_item(machine: Machine, unit: int) -> bool:
    """Whether it is an item that a rollback took out."""
    node = machine.node_of[unit]
    return node != unit and (node not in machine.groups or unit < machine.groups[node].first)


def what_was_rolled_back_runs_again(machine: Machine, unit: int) -> None:
    """Unless what it needs did not complete, or its sub-flow never opened."""
    parent = machine.parent(unit)
    ready = all(machine.state[n] == State.COMPLETED for n in machine.plan.needs[unit])
    if ready and (parent < 0 or parent in machine.groups):
        ended = machine.state[unit] in TERMINAL
        need(not ended, f"'{label(machine, unit)}' was rolled back, but is {State(machine.state[unit]).label}")


def what_failed_upstream_has_a_bad_need(machine: Machine) -> None:
    for unit in range(len(machine.plan.names)):
        if machine.state[unit] == State.UPSTREAM_FAILED:
            parent = machine.plan.parents[unit]
            above = [machine.state[n] for n in machine.plan.needs[unit]] + [machine.state[parent]] * (parent >= 0)
            need(any(s in BAD for s in above), f"'{label(machine, unit)}' failed upstream, where nothing is bad")


def nothing_counts_while_paused(machine: Machine) -> None:
    """Time limits but those of attempts stand still while the run is paused or their node is, and then alone."""
    timers, state = machine.timers, machine.state
    paused = machine.run_state in (RunState.PAUSING, RunState.PAUSED)
    for kind, unit in timers.deadline:
        still = kind is not Timer.RUN and state[unit] in (State.HELD, State.SUSPENDED)
        need(
            not still and not (paused and kind in PAUSABLE), f"the {kind.name} limit of unit {unit} counts while paused"
        )
        need(kind is Timer.RUN or state[unit] not in TERMINAL, f"the {kind.name} limit of unit {unit} outlives it")
    for kind, unit in timers.frozen:
        still = kind is not Timer.RUN and state[unit] in (State.HELD, State.SUSPENDED)
        need(still or (paused and kind in PAUSABLE), f"the {kind.name} limit of unit {unit} stands still")
    limited = machine.plan.spec.timeout is not None and machine.run_state is RunState.RUNNING
    need(not limited or (Timer.RUN, WHOLE) in timers.deadline, "the run is running, and its limit does not count")


def a_wait_is_watched(machine: Machine) -> None:
    """What waits is known by what it waits for; its time fires while the run runs, and never while it is paused."""
    waiting = {u for u, s in enumerate(machine.state) if s == State.WAITING}
    need(set(machine.waits) == waiting, f"{waiting} wait, it is told of {set(machine.waits)}")
    runs = machine.run_state is RunState.RUNNING
    for unit in waiting:
        due, armed = machine.waits[unit]["due"], machine.timers.deadline.get((Timer.WAIT, unit))
        right = armed is None if due is None or not runs else armed is not None and abs(armed - due) < 1e-6
        need(right, f"unit {unit} waits until {due}, and its limit is {armed}")


def what_was_sent_is_heard(machine: Machine) -> None:
    for unit, wait in machine.waits.items():
        sent = len(machine.signals.get(wait["name"], ())) if wait["for"] == "signal" else 0
        need(sent <= machine.taken.get(unit, 0), f"unit {unit} waits for a signal that was sent")


def no_retired_item_runs(machine: Machine) -> None:
    """Items that a rollback took out have ended, or their bodies are being stopped."""
    for group in machine.retired:
        left = [u for u in group.members if machine.state[u] not in TERMINAL | {State.STOPPING}]
        need(not left, f"{left} go on, though a rollback took them out")


OF_A_MACHINE: tuple[Callable[[Machine], None], ...] = (
    a_terminal_run_has_no_live_node,
    a_completed_run_has_no_bad_node,
    counts_are_right,
    what_is_left_is_counted,
    a_stop_has_its_target,
    an_ending_run_has_only_bodies,
    a_drained_run_is_paused,
    a_group_knows_its_units,
    no_group_waits_for_ended_units,
    an_ended_sub_flow_has_no_open_unit,
    what_failed_upstream_has_a_bad_need,
    nothing_counts_while_paused,
    no_retired_item_runs,
    a_wait_is_watched,
    what_was_sent_is_heard,
)


def hold_all(machine: Machine) -> None:
    for invariant in OF_A_MACHINE:
        invariant(machine)
