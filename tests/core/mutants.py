"""Mutants of the tables, of the sets of states and of the machine's rules, made in process; and what is to catch them.

The judges are the explorer at a small bound and the core's tests of single pairs, but not the comparison of the tables
with the text of the design, which knows every pair by heart.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any
from unittest.mock import patch

import test_amend
import test_ends
import test_found
import test_joins
import test_moves
import test_order
import test_places
import test_steps
import test_stops
import test_streams
import test_tables
import test_waits
from explorer import explore
from histories import play
from small_flows import BLOCKS, FLOWS, PLACES

from stratix_tasks.core import apply, facts, fork, joins, timers
from stratix_tasks.core.agenda import Agenda
from stratix_tasks.core.decide import again, attempts, core, ending, follows, gathering, opening, steps, turn
from stratix_tasks.core.node import Join
from stratix_tasks.core.recovery import _orphan
from stratix_tasks.core.retry import retries
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import GROUP, NODE, RUN, Event, RunEvent, RunState, State

JUDGES = [
    ("when", 1, 1, 125),
    ("one", 1, 1, 300),
    ("condition after a node", 1, 1, 175),
    ("sub-flow", 1, 0, 225),
    ("map", 1, 0, 225),
    ("timed", 1, 0, 225),
    ("first of two", 1, 0, 150),
    ("node after sub-flow", 1, 1, 175),
    ("stop on failure", 1, 0, 120),
    ("run with a limit", 1, 1, 125),
    ("queued", 1, 0, 125),
    ("join", 1, 0, 175),
    ("sleep", 1, 1, 150),
    ("approval", 1, 1, 225),
    ("signal", 1, 0, 150),
    ("map of approvals", 1, 0, 125),
    ("conditional sub-flow", 1, 0, 120),
    ("map after map", 1, 0, 125),
    ("group that is tried again", 1, 0, 200),
    ("group with a limit", 1, 0, 200),
    ("one", 2, 1, 750),
    ("chain", 2, 0, 375),
]
"""Flow, requests, deaths, transitions; the ones that catch most come first."""
FORKS = [("chain of three", 80), ("sub-flow", 60), ("recursion", 120)]
"""Flow and transitions of those that are forked."""
HISTORIES = 40
"""Random histories that are played first."""
LIMIT = 20.0
"""Processor seconds for one judge: a mutant that loops is caught by this."""


@dataclass(frozen=True)
class Mutant:
    """One small fault; `patches` are `(owner, attribute, new value)`, or `(table, state, new row)`."""

    name: str
    patches: tuple[tuple[Any, Any, Any], ...]

    @contextmanager
    def alive(self) -> Iterator[None]:
        with ExitStack() as stack:
            for owner, part, new in self.patches:
                patching = patch.dict(owner, {part: new}) if isinstance(owner, dict) else patch.object(owner, part, new)
                stack.enter_context(patching)
            yield


class Stuck(Exception):
    """A judge that took too long."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises Stuck in the main thread after so many processor seconds."""

    def stop(_number: int, _frame: Any) -> None:
        raise Stuck(f"no end after {seconds:g} s")

    was = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, was)


def caught_by(mutant: Mutant) -> str | None:
    """What finds the mutant, or None when it survives."""
    with mutant.alive():
        try:
            with limited(LIMIT):
                _pairs()
        except (Exception, BaseExceptionGroup) as error:
            return f"a core test: {_short(error)}"
        except BaseException as error:
            if type(error).__name__ != "Failed":  # pytest.fail and pytest.raises raise it
                raise
            return f"a core test: {_short(error)}"
        for seed in range(HISTORIES):
            try:
                with limited(LIMIT):
                    play(seed)
            except (Exception, Stuck) as error:
                return f"history {seed}: {_short(error)}"
        for flow, asked, deaths, most in JUDGES:
            try:
                with limited(LIMIT):
                    broken = look(flow, asked, deaths, most)
            except Stuck as error:
                return f"the explorer on '{flow}': {error}"
            if broken:
                return f"the explorer on '{flow}': {broken[0][0][:150]}"
        for flow, most in FORKS:
            try:
                with limited(LIMIT):
                    broken = look(flow, 0, 0, most, forks=1)
            except Stuck as error:
                return f"the explorer on forks of '{flow}': {error}"
            if broken:
                return f"the explorer on forks of '{flow}': {broken[0][0][:150]}"
    return None


def look(flow: str, asked: int, deaths: int, most: int, forks: int = 0) -> list[Any]:
    shape, places = {**FLOWS, **BLOCKS}[flow], PLACES.get(flow, 2)
    return explore(shape, requests=asked, deaths=deaths, places=places, most=most, forks=forks).broken


def _short(error: BaseException) -> str:
    return f"{type(error).__name__} {str(error).strip()[:120]}"


def _pairs() -> None:
    """The tests of single requests in single states."""
    test_joins.test_each_join_says_of_all_states_together_what_the_rules_say()
    test_joins.test_a_join_is_made_from_those_that_came_first()
    for name, test in vars(test_steps).items():
        if name.startswith("test_") and not hasattr(test, "pytestmark"):  # one that is parametrised is not called so
            test()
    test_tables.test_a_completed_run_is_not_revived()
    test_found.test_a_run_that_has_not_started_can_be_cancelled()
    test_found.test_a_set_while_the_expansion_is_on_its_way_asks_again()
    test_found.test_a_held_map_takes_arguments_and_a_value()
    test_found.test_a_map_that_failed_upstream_is_retried()
    test_found.test_a_new_owner_counts_from_when_a_run_went_on()
    test_found.test_a_new_owner_leaves_out_the_time_that_a_run_was_paused()
    test_found.test_a_new_owner_goes_on_with_the_limit_of_all_attempts()
    for verb in test_found.GROUP_ASKS:
        for state in (State.HELD, State.UPSTREAM_FAILED):
            test_found.test_requests_of_a_map_that_never_opened(state, verb)
    for end in test_moves.ENDS:
        test_moves.test_a_map_that_ended_unopened_takes_each_request(end)
        test_moves.test_a_map_that_ended_opened_takes_each_request(end)
    for state in (State.PENDING, State.RETRYING, State.HELD, State.FAILED):
        test_moves.test_a_set_leaves_a_node_where_it_is(state)
    test_moves.test_a_map_ends_as_what_it_waits_for_tells()
    test_moves.test_retries_lead_on()
    test_moves.test_a_retry_of_an_open_group_leaves_what_goes_on_in_it()
    test_moves.test_a_retry_of_an_open_group_reaches_what_failed_in_an_open_one_in_it()
    for asked in ("a", "b"):
        test_streams.test_a_retry_of_an_item_tries_its_reader_again_and_no_other(asked)
    test_moves.test_a_node_whose_condition_cant_be_told_fails_with_that_error()
    test_moves.test_a_body_that_fails_while_it_is_suspended_has_failed({"final": True}, State.FAILED)
    test_moves.test_a_body_that_fails_while_it_is_suspended_has_failed({}, State.HELD)
    for state in test_tables.GIVABLE:
        test_tables.test_a_value_is_given_in_each_state_but_completed(state)
    test_moves.test_a_retry_reaches_the_one_that_failed_through_all_that_failed_for_it()
    for outcome in test_moves.BEFORE:
        test_moves.test_a_map_in_which_nothing_has_ended_badly_takes_no_retry(outcome)
    for verb in test_moves.NEXT_TRY:
        test_moves.test_a_group_that_waits_for_its_next_try_takes_each_request(verb)
    test_moves.test_a_group_that_waits_for_its_next_try_fails_when_its_time_is_over()
    test_moves.test_a_group_whose_inputs_cant_be_told_when_it_is_tried_again_has_failed()
    test_moves.test_a_lost_body_is_tried_again_by_a_budget_of_its_own()
    test_moves.test_a_suspended_body_that_is_lost_is_held("a")
    test_moves.test_a_suspended_body_that_is_lost_is_held(None)
    test_moves.test_a_total_limit_fails_what_is_queued_and_what_waits_for_its_retry()
    test_moves.test_runs_move_as_asked()
    test_waits.test_a_sleep_ends_at_its_time()
    test_waits.test_a_pause_does_not_lengthen_a_sleep_and_it_fires_at_the_resume()
    test_waits.test_an_approval_that_nobody_gives_fails_in_time()
    test_waits.test_what_is_sent_too_early_is_kept_in_order()
    test_waits.test_a_pause_of_a_map_leaves_its_waiting_items()
    test_amend.test_a_request_that_comes_twice_is_taken_once()
    for end in (RunState.FAILED, RunState.CANCELLED):
        test_amend.test_a_retry_leaves_that_budget_as_it_is(end)
    for end in test_places.ENDS:
        test_places.test_a_run_that_has_ended_keeps_no_place_in_line(end)
    test_ends.test_what_a_loser_waited_for_is_cancelled_with_it()
    for join, k in ((Join.FIRST, 1), (Join.N_OF, 2)):
        test_ends.test_a_join_that_gets_too_few_fails(join, k)
    test_ends.test_a_late_answer_of_a_loser_changes_nothing()
    test_ends.test_a_gather_ends_with_as_many_as_it_asks_for()
    test_ends.test_a_loser_that_another_node_needs_goes_on()
    test_ends.test_the_output_is_a_consumer()
    test_ends.test_a_retry_behind_a_completed_group_names_it_and_rolls_it_back()
    test_ends.test_a_loop_whose_condition_cant_be_told_fails_with_that_error()
    test_ends.test_a_loop_rests_between_its_rounds()
    test_ends.test_a_loop_whose_time_is_over_fails_or_takes_what_it_has()
    test_ends.test_a_second_cancel_ends_what_runs_at_the_end()
    test_ends.test_what_ran_at_the_end_runs_again_when_its_scope_goes_on()
    test_order.test_a_member_of_a_paused_group_is_held_and_can_be_let_go_alone()
    test_order.test_what_waits_too_long_for_its_place_fails()
    test_order.test_a_held_unit_whose_needs_went_bad_ends_at_once()
    test_order.test_conditions_are_asked_while_the_run_goes_on_alone()
    for said in (True, False):
        test_order.test_an_answer_to_another_question_is_dropped(said)
    test_stops.test_a_map_in_it_whose_item_failed_has_failed_with_it()
    test_stops.test_an_item_of_a_mapped_flow_stops_alone()
    for table in (NODE, GROUP):
        test_tables.test_ends_change_only_by_request(table)
    for verb in test_tables.LEGAL:
        for state in test_tables.REACHED:
            test_tables.test_requests_are_taken_or_refused_with_what_is_allowed(verb, state)
    for verb in test_tables.RUN_LEGAL:
        for state in set(RunState) - {RunState.PENDING}:
            test_tables.test_requests_of_a_run_are_taken_or_refused(verb, state)


# ---------------------------------------------------------------------- of the tables

TABLES: dict[str, Any] = {"NODE": NODE, "GROUP": GROUP, "RUN": RUN}


def dropped() -> list[Mutant]:
    """Each pair of each table missing."""
    return [
        Mutant(
            f"{name}: {state.label} knows no {event.label}",
            ((table, state, {e: to for e, to in row.items() if e is not event}),),
        )
        for name, table in TABLES.items()
        for state, row in table.items()
        for event in row
    ]


def changed(seed: int) -> list[Mutant]:
    """Each pair of each table leading somewhere else."""
    random, made = Random(seed), []
    for name, table in TABLES.items():
        for state, row in table.items():
            for event, to in row.items():
                other = random.choice([s for s in table if s is not to])
                text = f"{name}: {event.label} leads from {state.label} to {other.label}"
                made.append(Mutant(text, ((table, state, {**row, event: other}),)))
    return made


def added(seed: int, count: int) -> list[Mutant]:
    """Pairs that no table has."""
    random, made = Random(seed), []
    for name, table in TABLES.items():
        events = list(RunEvent if table is RUN else Event)
        free = [(state, event) for state, row in table.items() for event in events if event not in row]
        for state, event in random.sample(free, min(count, len(free))):
            to = random.choice(list(table))
            text = f"{name}: {state.label} has {event.label}, to {to.label}"
            made.append(Mutant(text, ((table, state, {**table[state], event: to}),)))
    return made


# ---------------------------------------------------------------------- of the sets


SETS = {
    **dict.fromkeys(
        ("TERMINAL", "UNPAUSABLE", "BAD", "OK_AFTER_STOP", "NO_BODY", "WITH_BODY", "IS_OVER", "IS_BAD"), State
    ),
    **dict.fromkeys(("RUN_TERMINAL", "GOING", "STILL_RUN"), RunState),
}


def of_sets() -> list[Mutant]:
    """A state missing from, or too much in, each set of states, wherever the core uses it."""
    made = []
    for name, kind in SETS.items():
        users = [module for module in core_modules() if hasattr(module, name)]
        whole = getattr(users[0], name)
        for state in kind:
            there = bool(whole[state]) if isinstance(whole, bytes) else state in whole
            text = f"{name} {'without' if there else 'with'} {state.label}"
            made.append(Mutant(text, tuple((module, name, _other(whole, state)) for module in users)))
    return made


def _other(whole: Any, state: Any) -> Any:
    if isinstance(whole, bytes):
        return bytes(flag ^ (number == state) for number, flag in enumerate(whole))
    kept = [one for one in whole if one is not state]
    return type(whole)(kept if len(kept) < len(whole) else [*kept, state])


def core_modules() -> list[Any]:
    return [module for path, module in sorted(sys.modules.items()) if path.startswith("stratix_tasks.core.")]


# ---------------------------------------------------------------------- of the rules


def _nothing(*_args: Any, **_more: Any) -> None:
    return None


def _always(*_args: Any) -> bool:
    return True


def _never(*_args: Any) -> bool:
    return False


def without(text: str, function: Any, new: Any = _nothing) -> Mutant:
    """A function of the core replaced in every module that knows it."""
    users = [
        (module, name, new) for module in core_modules() for name, part in vars(module).items() if part is function
    ]
    table = tuple(new if part is function else part for part in apply._APPLY)
    return Mutant(text, (*users, (apply, "_APPLY", table)))


def no_fact(kind: int) -> Mutant:
    """A kind of fact that changes nothing."""
    return without(f"a {facts.KIND_NAMES[kind]} is not applied", apply._APPLY[kind])


def of(owner: Any, text: str, method: str, new: Any = _nothing) -> Mutant:
    return Mutant(text, ((owner, method, new),))


_GIVE = Agenda.let_go


def _kept_place(self: Agenda, u: int) -> None:
    _GIVE(self, u)
    self.lane(u).take(1)


def of_rules() -> list[Mutant]:
    """A rule of the core left out, or turned."""
    unapplied = (facts.GIVEN, facts.SWEPT, facts.HELD, facts.RELEASED, facts.JOINED, facts.ENABLED, facts.AGAIN, facts.REOPENED,
                 facts.ROLLED, facts.SET, facts.BREAKPOINT, facts.SENT, facts.TAKEN, facts.CLAIMED, facts.REQUESTED, facts.FINISHED)  # fmt: skip
    return [
        *(no_fact(kind) for kind in unapplied),
        of(Agenda, "a place is not given back", "let_go", _kept_place),
        of(Agenda, "needs are not counted afresh", "_recount"),
        of(Agenda, "what moved is not reviewed", "review"),
        of(Agenda, "a reopened group is not counted", "reopened"),
        of(Agenda, "what was parked stays so", "unpark"),
        of(Agenda, "nobody is asked again", "look_again"),
        of(Agenda, "queue limits are not set", "_limit_queue"),
        of(Agenda, "limits of what waits count in a paused run", "run_moved",
           lambda self, _at: setattr(self, "going", self.state.run in (RunState.RUNNING, RunState.ENDING))),
        of(Agenda, "spawned items are not counted", "spawned"),
        of(Agenda, "phases open at once", "_open_phase"),
        of(core.Core, "nothing holds", "held", lambda _self, _u: ""),
        without("each failure is retried", retries, _always),
        without("no failure is retried", retries, _never),
        without("a retry of the budget too many", retries, lambda r, n, e, a: retries(r, n - 1, e, a)),
        without("bodies of the dead owner live on", _orphan),
        without("late answers are not counted off", attempts.late),
        without("a wait is never over", attempts._wait_is_over),
        without("a signal that came early is lost", attempts.hear),
        without("a resumed body is not told", attempts.resume_body),
        without("nothing suspends", attempts.suspended),
        without("losers go on", opening.lose),
        of(Recorded, "what a step cancelled is bad", "as_taken", lambda self, u: self.status[u]),
        without("a rollback of a step leaves what that ended", follows.with_ended, lambda _s, units: units),
        without("a step ends no scope", steps._finish_scope),
        without("breakpoints hold nothing", opening.stop_at_breakpoint),
        without("a failure stops nothing", ending.stop_at_failure),
        without("a failure stops no flow in a flow", ending._stop_scope),
        without("what runs at an end is cancelled with the rest", ending._is_spared, _never),
        without("all in a scope is taken up", joins.absorbed, lambda _s, block, _b: bytearray(b"\1" * block.n)),
        without("nothing in a scope is taken up", joins.absorbed, lambda _s, block, _b: bytearray(block.n)),
        without("a phase is always open", joins.phase_is_open, _always),
        without("a retry leaves what follows", follows.ended_after, lambda _c, _u: set()),
        without("a retry leaves the group shut", again.groups_around, lambda _c, _u: set()),
        without("a retry does not revive the run", again.revive),
        without("readers of a bad end keep what they made", again.roll_users, lambda *_: set()),
        without("what ran at an end stays", again.roll_ends, lambda *_: set()),
        without("a rollback keeps what was made from it", follows.made_from, lambda _c, _u: (set(), [], [])),
        without("an older round may change", again.readers, lambda _c, _u: {}),
        without("a paused node's mark outlives its end", ending.unmark),
        without("nothing is looked at when the run settles", turn._settle),
        without("what is due does not fire", turn.ring),
        without("a fork keeps what was made from less", fork._grounded, _always),
        without("a fork makes nothing again", fork.again, lambda _s, _roots: set()),
        without("a fork keeps nothing", fork.taken_over, lambda _s, _again: (set(), set())),
        without("a fork keeps flows that it opens", fork._is_laid_out, _always),
        of(timers.Timers, "the time without an owner counts", "skip"),
        of(timers.Timers, "limits count while a node is held", "settle"),
        of(timers.Timers, "a pause does not stop the clock", "pause"),
        of(timers.Timers, "a dropped timer fires", "drop"),
        of(timers.Timers, "a body that is suspended counts its time", "freeze"),
    ]  # fmt: skip


# ---------------------------------------------------------------------- of the joins

GO, WAIT, BAD, SKIPPED = State.RUNNING, State.PENDING, State.UPSTREAM_FAILED, State.SKIPPED
ANSWERS: dict[Join, tuple[tuple[State, State], ...]] = {
    Join.ALL: (
        (GO, WAIT),
        (WAIT, GO),
        (BAD, GO),
        (BAD, SKIPPED),
        (BAD, WAIT),
        (SKIPPED, GO),
        (SKIPPED, BAD),
        (SKIPPED, WAIT),
    ),
    Join.ANY: ((GO, WAIT), (WAIT, GO), (GO, BAD)),
    Join.FIRST: ((GO, WAIT), (WAIT, GO), (GO, BAD), (BAD, GO), (BAD, WAIT)),
    Join.N_OF: ((GO, WAIT), (WAIT, GO), (GO, BAD), (BAD, GO), (BAD, WAIT)),
    Join.SETTLED: ((GO, WAIT), (WAIT, GO), (GO, BAD)),
}
"""By join what it can say, and what it might say by mistake."""
COUNTS_AS = ((State.FAILED, State.COMPLETED), (State.UPSTREAM_FAILED, State.COMPLETED), (State.CANCELLED, State.COMPLETED),
             (State.SKIPPED, State.COMPLETED), (State.CANCELLED, State.SKIPPED), (State.SKIPPED, State.FAILED))  # fmt: skip


def of_joins() -> list[Mutant]:
    """What a join says turned into something else it might say; and how a need ended taken for another end."""
    made = [_said(join, told, other) for join, pairs in ANSWERS.items() for told, other in pairs]
    for was, other in COUNTS_AS:
        made.append(of(joins, f"all takes {was.label} for {other.label}", "_all", _taken_for(joins._all, was, other)))
    one = joins.first_of
    for told, other in ((GO, WAIT), (WAIT, GO), (BAD, SKIPPED), (SKIPPED, BAD), (SKIPPED, GO), (BAD, GO)):
        made.append(without(f"first_of says {other.label} for {told.label}", one, _instead(one, told, other)))
    return [
        *made,
        without("a join is made from the last that came", joins.winners, _reversed(joins.winners)),
        without("a gather wants one more", gathering._wanted, _one_more(gathering._wanted)),
        without("a gather wants one less", gathering._wanted, _one_more(gathering._wanted, -1)),
        without("what was refused counts", joins.is_left_out, _never),
    ]


def _said(join: Join, told: State, other: State) -> Mutant:
    real = joins.verdict

    def verdict(s: Any, u: int) -> Any:
        r, k, _ = s.place(u)
        said = real(s, u)
        mine = r.block.needs[k] and r.block.joins[k] == join and not r.block.nodes[k].phase and u not in s.winners
        return other if mine and said == told else said

    return without(f"{join.name.lower()} says {other.label} for {told.label}", real, verdict)


def _taken_for(real: Any, was: State, other: State) -> Any:
    return lambda states: real([other if state == was else state for state in states])


def _instead(real: Any, told: State, other: State) -> Any:
    return lambda s, b, first: other if (said := real(s, b, first)) == told else said


def _reversed(real: Any) -> Any:
    def winners(s: Any, u: int) -> Any:
        r, k, b = s.place(u)
        node = r.block.nodes[k]
        came = sorted(
            (b + n for n in node.needs if n not in node.ended and s.status[b + n] == State.COMPLETED), reverse=True
        )
        return tuple(came[: len(real(s, u))]) or real(s, u)

    return winners


def _one_more(real: Any, more: int = 1) -> Any:
    return lambda core, p, node: real(core, p, node) + more


def sample(count: int, seed: int) -> list[Mutant]:
    """Some of all kinds that make a difference, always the same for a seed."""
    all_ = [*dropped(), *changed(seed), *of_sets(), *of_rules(), *of_joins()]
    return Random(seed).sample([mutant for mutant in all_ if equivalent(mutant) is None], count)


# ---------------------------------------------------------------------- those that change nothing

NO_STOP_TARGET = (
    "pending",
    "ready",
    "running",
    "suspended",
    "waiting",
    "held",
    "stopping",
    "upstream_failed",
    "open",
    "retired",
)
NOT_RECORDED = ("ready", "held")
"""States that nothing is recorded as."""
OUT_OF_THE_RUN = ("TERMINAL with retired", "UNPAUSABLE with retired", "BAD with retired", "IS_BAD with retired")
SAME = {
    "NODE running stopped": "a body that ends as if it had been stopped has failed",
    "NODE skipped skip": "its effect holds already, so that nothing is looked up",
    "GROUP skipped skip": "its effect holds already, so that nothing is looked up",
    "RUN pending cancel": "a cancel of a pending run is a start and an end",
}
"""Pairs that are not looked up, and why."""
OF_RUNS = {
    "GOING with pending": "nothing of a run that has not begun stands in a lane, or is looked at",
    "STILL_RUN with pending": "no fact says of a run that it is pending, and one that begins has used up no budget",
    "STILL_RUN with completed": "one that has completed goes on by a rollback alone, which pauses it, and has no limits before",
}
"""States of a run of which it is not asked whether they are among these, or where it is all one, and why."""


def equivalent(mutant: Mutant) -> str | None:
    """Why a mutant makes no difference, or None."""
    if mutant.name == "a reopened group is not counted":
        return "the review that follows counts it afresh"
    if mutant.name == "UNPAUSABLE without waiting":
        return "of what waits `allowed` tells before, in words of its own"
    if mutant.name in OF_RUNS:
        return OF_RUNS[mutant.name]
    if mutant.name in OUT_OF_THE_RUN:
        return "what is out of the run is answered before its state is looked at"
    if mutant.name == "IS_OVER without retired":
        return "a scope is out of the run as a whole, so that nothing in the run needs what is out of it"
    words = mutant.name.replace(":", "").replace(",", "").split()
    kind = words[0]
    if kind in ("NODE", "GROUP", "RUN"):
        if "has" in words:
            return "the state is looked at before this event is brought about, so that nobody looks the pair up"
        state, event = (words[4], words[1]) if "leads" in words else (words[1], words[-1])
        return SAME.get(f"{kind} {state} {event}")
    if kind in SETS and words[2] in NOT_RECORDED:
        return "nothing is recorded as that"
    if kind == "OK_AFTER_STOP":
        return "no stop has that target" if words[1] == "with" and words[2] in NO_STOP_TARGET[1:] else None
    return None
