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

import test_found
import test_moves
import test_tables
import test_waits
from explorer import explore
from small_flows import FLOWS, PLACES
from stratix_tasks.core.machine import Machine

from stratix_tasks.core import again, attempts, node_requests, recovery, requests, retry, rollback, states, timers
from stratix_tasks.core.states import GROUP, NODE, RUN, Event, RunEvent, RunState, State

JUDGES = [
    ("when", 1, 1, 500),
    ("one", 1, 1, 1200),
    ("condition after a node", 1, 1, 700),
    ("sub-flow", 1, 0, 900),
    ("map", 1, 0, 900),
    ("timed", 1, 0, 900),
    ("first of two", 1, 0, 600),
    ("node after sub-flow", 1, 1, 700),
    ("stop on failure", 1, 0, 400),
    ("run with a limit", 1, 1, 500),
    ("queued", 1, 0, 500),
    ("join", 1, 0, 700),
    ("sleep", 1, 1, 600),
    ("approval", 1, 1, 900),
    ("signal", 1, 0, 600),
    ("map of approvals", 1, 0, 500),
    ("conditional sub-flow", 1, 0, 400),
    ("map after map", 1, 0, 500),
    ("one", 2, 1, 3000),
    ("chain", 2, 0, 1500),
]
"""Flow, requests, deaths, transitions; the ones that catch most come first."""
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
        for flow, asked, deaths, most in JUDGES:
            try:
                with limited(LIMIT):
                    broken = look(flow, asked, deaths, most)
            except Stuck as error:
                return f"the explorer on '{flow}': {error}"
            if broken:
                return f"the explorer on '{flow}': {broken[0][0][:150]}"
    return None


def look(flow: str, asked: int, deaths: int, most: int) -> list[Any]:
    return explore(FLOWS[flow], requests=asked, deaths=deaths, places=PLACES.get(flow, 2), most=most).broken


def _short(error: BaseException) -> str:
    return f"{type(error).__name__} {str(error).strip()[:120]}"


def _pairs() -> None:
    """The tests of single requests in single states."""
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


def of_sets() -> list[Mutant]:
    """A state missing from, or too much in, each set of states, wherever the core uses it."""
    made = []
    for name in ("TERMINAL", "UNPAUSABLE", "BAD", "LIVE", "OK_AFTER_STOP", "RUN_TERMINAL"):
        whole = getattr(states, name)
        kind = RunState if name == "RUN_TERMINAL" else State
        users = [
            module
            for path, module in sorted(sys.modules.items())
            if path.startswith("stratix_tasks.core.") and hasattr(module, name)
        ]
        for state in kind:
            other = whole ^ {state}
            text = f"{name} {'without' if state in whole else 'with'} {state.label}"
            made.append(Mutant(text, tuple((module, name, other) for module in users)))
    return made


# ---------------------------------------------------------------------- of the rules


def _nothing(*_args: Any, **_more: Any) -> None:
    return None


def _skip_is_not_spread(self: Machine, unit: int, at: float) -> None:
    if self.state[unit] == State.SKIPPED:
        self.todo -= 1
    else:
        _SPREAD_OTHER(self, unit, at)


_SPREAD_OTHER, _LET_GO = Machine._spread_other, Machine._let_go


def _slot_is_kept(self: Machine, unit: int) -> None:
    _LET_GO(self, unit)
    self.lane(unit).take()


def _fold_without(kind: int) -> dict[int, Any]:
    return {k: apply for k, apply in recovery._APPLY.items() if k != kind}


def _starts_while_paused(self: Machine, at: float) -> None:
    if self.run_state in (RunState.RUNNING, RunState.PAUSED):
        self._dispatch(at)
    if not self.todo or self.run_state in (RunState.PAUSING, RunState.ENDING):
        self._settle(at)


def _always(*_args: Any) -> bool:
    return True


def of_rules() -> list[Mutant]:
    """A rule of the machine left out, or turned."""
    from stratix_tasks.core import changes
    from stratix_tasks.core.facts import CLAIMED, GIVEN, REQUESTED

    def of_machine(text: str, method: str, new: Any = _nothing) -> Mutant:
        return Mutant(text, ((Machine, method, new),))

    return [
        of_machine("a skip is not spread", "_spread_other", _skip_is_not_spread),
        of_machine("a slot is not given back", "_let_go", _slot_is_kept),
        of_machine("a rollback keeps the generation", "ask_anew"),
        of_machine("a rollback forgets nothing", "forget"),
        of_machine("late answers are not counted off", "_late"),
        of_machine("needs are not counted afresh", "recount"),
        of_machine("a hold does not outlast a stop or a retry", "hold_if_asked"),
        of_machine("an ended unit that goes on stays counted", "again"),
        of_machine("a reopened group does not end again", "gather_if_over"),
        of_machine("nobody is told of the end", "_settle"),
        of_machine("starts while paused", "advance", _starts_while_paused),
        of_machine("answers for what was rolled back count", "_is_asked", lambda self, unit, _n: self.state[unit] == 0),
        Mutant("the fold ignores requests", ((recovery, "_APPLY", _fold_without(REQUESTED)),)),
        Mutant("the fold ignores given values", ((recovery, "_APPLY", _fold_without(GIVEN)),)),
        Mutant("the fold ignores claims", ((recovery, "_APPLY", _fold_without(CLAIMED)),)),
        Mutant("the fold counts nothing", ((recovery, "_recount", _nothing),)),
        Mutant("a death costs an attempt", ((recovery, "_unspend", _nothing),)),
        Mutant("the time without an owner counts", ((timers.Timers, "skip", _nothing),)),
        Mutant("limits count while a node is held", ((Machine, "keep_time", _nothing),)),
        Mutant("bodies of the dead owner live on", ((recovery, "_orphan", _nothing),)),
        Mutant("each failure is retried", ((attempts, "retries", _always),)),
        Mutant("no failure is retried", ((attempts, "retries", lambda *_args: False),)),
        Mutant("a retry of the budget too many", ((attempts, "retries", lambda r, n, e: retry.retries(r, n - 1, e)),)),
        Mutant("a breakpoint is not set", ((changes, "break_at", _nothing), (recovery, "break_at", _nothing))),
        Mutant("what was set is lost", ((changes, "take", _nothing), (recovery, "take", _nothing))),
        Mutant("what was set is lost by the fold", ((recovery, "take", _nothing),)),
        Mutant("a retry leaves the group shut", ((again, "reopen_above", _nothing), (node_requests, "reopen_above", _nothing))),
        Mutant("a retry leaves what follows", ((again, "ended_after", lambda _m, _u: []), (node_requests, "ended_after", lambda _m, _u: []))),
        Mutant("a retry does not revive the run", ((requests, "revive", _nothing), (node_requests, "revive", _nothing))),
        Mutant("a rollback does not pause", ((rollback, "_pause", _nothing),)),
        Mutant("a rollback leaves groups shut", ((rollback, "reopen_to", _nothing),)),
        Mutant("a rollback leaves what follows", ((rollback, "after", lambda _p, _u: (set(), set())),)),
        Mutant("a rollback leaves items", ((rollback, "_end_item", _nothing),)),
        Mutant("a pause does not stop the clock", ((timers.Timers, "pause", _nothing),)),
        Mutant("a dropped timer fires", ((timers.Timers, "drop", _nothing),)),
        Mutant("a wait is never over", ((Machine, "keep_waiting", _nothing),)),
        Mutant("a signal that came early is lost", ((Machine, "hear", _nothing),)),
        Mutant("a resumed body is not told", ((Machine, "resume_body", _nothing),)),
    ]  # fmt: skip


def sample(count: int, seed: int) -> list[Mutant]:
    """Some of all kinds that make a difference, always the same for a seed."""
    all_ = [*dropped(), *changed(seed), *of_sets(), *of_rules()]
    return Random(seed).sample([mutant for mutant in all_ if equivalent(mutant) is None], count)


# ---------------------------------------------------------------------- those that change nothing

NOT_LOOKED_UP = ("deps_ok", "dispatch", "ok", "expanded", "close")
"""Pairs that the machine takes on its fast path, without the table; the tests of the tables hold them to the design."""
NOT_YET = ("cache_hit",)
"""Events that nothing brings about yet."""
NEVER_SEEN = ("open",)
"""States that no unit is in between two turns: groups close as they open."""
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
    "closed",
)


def equivalent(mutant: Mutant) -> str | None:
    """Why a mutant makes no difference, or None."""
    kind, words = mutant.name.split(" ", 1)[0].rstrip(":"), mutant.name.split()
    if kind in ("NODE", "GROUP"):
        event = words[-1] if "knows" in words else words[1] if "leads" in words else words[3].rstrip(",")
        state = words[4] if "leads" in words else words[1]
        if event in (*NOT_LOOKED_UP, *NOT_YET) and "has" not in words:
            return f"{event} is not looked up"
        if "has" in words:
            return "the machine looks at the state before it brings this event about, so that nobody looks the pair up"
        if (state, event) == ("skipped", "skip"):
            return "its effect holds already, so that nothing is looked up"
        if kind == "GROUP" and event == "stop" and "has" not in words:
            return "a stop of a group sets its target, and is read in the texts of errors alone"
        return "nothing is in that state" if state in NEVER_SEEN else None
    if kind == "RUN":
        if "has" in words:
            return "requests of a run look at its state first, so that nobody looks the pair up"
        return "a cancel of a pending run is a start and an end" if "cancel" in words and "pending" in words else None
    if kind == "OK_AFTER_STOP":
        return "no stop has that target" if words[1] == "with" and words[2] in NO_STOP_TARGET[1:] else None
    return (
        "nothing is in that state"
        if kind in ("TERMINAL", "UNPAUSABLE", "BAD", "LIVE") and words[2] in NEVER_SEEN
        else None
    )
