"""What may be asked of a unit, or of the run, now, and why not: the one place that requests, errors, `why` and views ask."""

from __future__ import annotations

from stratix_tasks.core.block import Block
from stratix_tasks.core.joins import scope_ended
from stratix_tasks.core.node import DISABLED, EACH, FLOW, LOOP, MAP, UNDO, UNTIL, Kind
from stratix_tasks.core.scope import bad_units, giver, state_of_scope
from stratix_tasks.core.state import IS_BAD, LOST, State
from stratix_tasks.core.states import BAD, RUN_TERMINAL, TERMINAL, UNPAUSABLE, RunState, S
from stratix_tasks.core.targets import Scope, label
from stratix_tasks.core.undo import undone_around, undone_before
from stratix_tasks.core.waits import ANSWERED, APPROVED, ends

Why = str | None
"""None where it may be asked, else the reason, as it goes on after «it is <state>»."""
COMPLETED_HINT = "Start a new run, fork() it, or rollback() it to a node."
VERBS = (
    "pause",
    "resume",
    "cancel",
    "retry",
    "skip",
    "give",
    "set",
    "approve",
    "reject",
    "answer",
    "send",
    "breakpoint",
    "rollback",
    "fork",
    "until",
    "pin",
)
"""`give` is a skip with a value, `send` a signal to a node that waits for it; `until` is another run that goes no further, `pin`
puts its value into the flow, in its place."""
ELSEWHERE = ("fork", "until", "pin")
"""What leads to another run, or to the flow, and asks nothing of this one."""
IN_THE_END = ("cancel", "approve", "reject", "answer", "send", *ELSEWHERE)
"""What may be asked in a run that is ending: what waits then belongs to its end, which may need somebody."""


def state_of(s: State, u: int) -> S:
    """What a unit is called: HELD where it is recorded as pending or retrying, and paused."""
    state = S(s.status[u])
    return S.HELD if s.marks and state in (S.PENDING, S.RETRYING) and s.held(u) else state


def allowed(s: State, u: int) -> dict[str, Why]:
    """Every verb, and why it may not be asked of this unit now."""
    if s.gone(u):
        return dict.fromkeys(VERBS, "and out of the run: a rollback took it out")
    state, group, item = S(s.status[u]), s.is_group(u), s.map_of(u) >= 0
    over = state in TERMINAL
    told: dict[str, Why] = {
        "pause": _pause(state),
        "resume": "" if over else None,
        "cancel": "" if over and state != S.CANCELLED else None,
        "retry": _retry(s, u, state),
        "skip": "" if state == S.COMPLETED else _last(s, u) if over else None,
        "give": _give(s, u, state, group),
        "set": _set(s, u, state, group),
        "approve": _answer(s, u, "approve", APPROVED),
        "reject": _answer(s, u, "approve", ""),
        "answer": _answer(s, u, "answer", ""),
        "send": _answer(s, u, "send", ""),
        "breakpoint": "an item: a breakpoint is for the whole node" if item else None,
        "rollback": "an item: go back to the whole node" if item else _rollback(s, state),
        "fork": "an item: a new run begins at a whole node" if item else _fork(s, u),
        "until": "an item: a run goes until a whole node" if item else _until(s, u),
        "pin": "an item: the value of a whole node is pinned" if item else _pin(s, u, state),
    }
    return _as_the_run_is(s, state, told)


def _as_the_run_is(s: State, state: S, told: dict[str, Why]) -> dict[str, Why]:
    if s.run is RunState.ENDING:
        told |= {verb: "and the run is ending" for verb in told if verb not in IN_THE_END}
    if s.run is RunState.COMPLETED:
        told |= {
            verb: f"and the run has completed. {COMPLETED_HINT}"
            for verb in ("retry", "skip", "give", "set")
            if told.get(verb, "") is None
        }
    if state == S.SKIPPED:
        told["skip"] = None  # as it is
    return told


def allowed_scope(s: State, scope: Scope) -> dict[str, Why]:
    """The verbs that a scope takes as one, and why each may not be asked of it now."""
    state = state_of_scope(s, scope)
    over = state in TERMINAL
    block = s.stretches[scope.stretch].block
    last = _last(s, scope.start) if over and scope.units else _finished(s, block, scope.start) if s.finished else None
    told: dict[str, Why] = {
        "pause": _pause(state),
        "resume": "" if over else None,
        "cancel": "" if over and state != S.CANCELLED else None,
        "retry": last if (why := _retry_scope(s, scope, state)) is None else why,
        "skip": "" if state == S.COMPLETED else last,
        "give": "" if state == S.COMPLETED else _give_scope(s, scope) or last,
        "rollback": _rollback(s, state),
    }
    return _as_the_run_is(s, state, told)


def _retry_scope(s: State, scope: Scope, state: S) -> Why:
    if state in (S.COMPLETED, S.STOPPING):
        return ""
    return None if state in TERMINAL or bad_units(s, scope) else "and nothing in it has ended badly"


def _give_scope(s: State, scope: Scope) -> Why:
    u = giver(s, scope)
    if u is None:
        return "and its value is made of more than one node's: give them theirs"
    if s.status[u] == S.COMPLETED:
        return f"and its value is there: '{label(s, u)}' has completed"
    return f"and '{label(s, u)}' is expanded: a value can be given only before" if u in s.kids else None


def _pause(state: S) -> Why:
    if state == S.WAITING:
        return "and nothing of it runs: pause what comes after it, or the run"
    return "" if state in UNPAUSABLE else None


def _retry(s: State, u: int, state: S) -> Why:
    if state == S.RETRYING:
        return None
    if state == S.OPEN:
        bad = (
            (x for _, a, b in s.inside(u) for one in BAD for x, _ in s.runs(one, a, b)) if s.kind(u) is not LOOP else ()
        )
        return None if any(s.why_ended(x) != LOST for x in bad) else "and nothing in it has ended badly"
    if state not in TERMINAL or state == S.COMPLETED:
        return ""
    if state == S.SKIPPED and (off := s.node(s.node_of(u)).off):
        return _OFF[off]
    if s.kind(u) is EACH and s.finished and (why := _all_finished(s, u)):
        return why
    if s.kind(u) in (FLOW, LOOP) and u in s.kids:
        *_, (i, a, _) = s.scopes(u)
        if why := _finished(s, s.stretches[i].block, a):
            return why
    return _last(s, u)


_OFF = {DISABLED: "and disabled, so it would be again", UNTIL: "and the run does not go that far: start another one"}
"""Why what is off in a run stays so."""


def _fork(s: State, u: int) -> Why:
    off = s.node(u).off
    return f"skipped {_OFF[off]}" if off else None


def _until(s: State, u: int) -> Why:
    node, name = s.node(u), label(s, u)
    if "[" in name:
        return f"and one of several: run to '{s.path(u)}'"
    if node.phase:
        return "and runs at the end of every run"
    return "and disabled" if node.off == DISABLED else None


def _pin(s: State, u: int, state: S) -> Why:
    if s.node(u).phase == UNDO:
        return "and takes another node back"
    if state != S.COMPLETED:
        return "and has no result"
    return "and one of several: a flow has one value in place of a node" if "[" in label(s, u) else None


def _last(s: State, u: int) -> Why:
    """What lies in a round that another one came after does not change any more, nor what lies in a scope that was finished, or
    in a group of which, or of what that was made from, something was taken back."""
    undone = undone_around(s, u)
    if undone >= 0:
        return f"and what '{label(s, undone)}' did was taken back: it runs again as a whole when its flow goes on"
    if (behind := undone_before(s, u)) is not None:
        group, before = (label(s, one) for one in behind)
        return f"and what '{before}' did was taken back: '{group}' runs again as a whole, behind that, when its flow goes on"
    while u >= 0:
        r, _, b = s.place(u)
        if why := _finished(s, r.block, b):
            return why
        p = s.parent(u)
        if p >= 0 and s.kind(p) is LOOP and s.home[u] != s.kids[p][-1]:
            return f"and another round of '{label(s, p)}' was made from it: roll back to it"
        u = p
    return None


def _all_finished(s: State, u: int) -> Why:
    """Of a mapped flow: whether what is bad in it are scopes alone that steps finished as failed, which stay so."""
    why: Why = None
    for i, a, b in s.scopes(u):
        block = s.stretches[i].block
        for start in range(a, b, block.n or 1):
            step = s.finisher(block, start)
            if step is not None and s.finished[step] == S.FAILED:
                why = why or _finished(s, block, start)
            elif IS_BAD[scope_ended(s, block, start)]:
                return None
    return why


def _finished(s: State, block: Block, b: int) -> Why:
    step = s.finisher(block, b)
    if step is None:
        return None
    name = label(s, step)
    return f"and '{name}' has finished what it lies in: roll back to what stands before that"


def _give(s: State, u: int, state: S, group: bool) -> Why:
    if state == S.COMPLETED:
        return ""
    if group and u in s.kids and state != S.OPEN:
        return "and a value can be given only before it has ended"
    return _last(s, u) if state in TERMINAL else None


def _set(s: State, u: int, state: S, group: bool) -> Why:
    if s.node(s.node_of(u)).pinned:
        return "and a value is pinned in its place: nothing of it runs"
    if state in (S.PENDING, S.RETRYING):
        return None
    if state == S.FAILED and not group:  # for a retry
        return _last(s, u)
    if group and u in s.kids:
        return "and expanded: a map is set per item" if s.kind(u) is MAP else "and it has begun"
    return "and only what has not started can be set" if s.attempt[u] else ""


def _answer(s: State, u: int, verb: str, done: str) -> Why:
    units = s.members(u) if s.kind(u) is Kind.MAP else (u,)
    waits = [wait for one in units if (wait := s.waits.get(one)) and ends(wait, verb)] if s.waits else []
    if len({wait.get("name") for wait in waits}) > 1:
        return "and its items wait for different signals: send one to an item"
    if waits:
        return None
    if done and units and all(s.reason.get(one) == done for one in units):
        return None
    return f"and nothing of it waits for {ANSWERED[verb].thing}"


def _rollback(s: State, state: S) -> Why:
    if s.run is RunState.PENDING:
        return "and the run has not begun"
    return None if state in (S.COMPLETED, S.SKIPPED) else "and a rollback goes to after a node that has completed"


def _of_run(s: State) -> Why:
    step = s.finisher(s.root, 0)
    if step is None:
        return None
    name = label(s, step)
    return f"'{name}' has finished it: roll back to what stands before that."


def allowed_run(s: State) -> dict[str, Why]:
    """The same of the whole run: what stands behind «the run is <state>. »."""
    run, over = s.run, s.run in RUN_TERMINAL
    again = "retry() goes on with what failed." if over else "It can't be kept from ending."
    return {
        "pause": None
        if run in (RunState.RUNNING, RunState.PAUSING, RunState.PAUSED)
        else "Only a running run can be paused.",
        "resume": COMPLETED_HINT
        if run is RunState.COMPLETED
        else None
        if run in (RunState.RUNNING, RunState.PAUSING, RunState.PAUSED)
        else again,
        "cancel": "It has ended already." if over and run is not RunState.CANCELLED else None,
        "retry": COMPLETED_HINT
        if run is RunState.COMPLETED
        else "Wait until it has ended."
        if run is RunState.ENDING
        else _of_run(s),
        "rollback": "Wait until it runs or has ended." if run in (RunState.PENDING, RunState.ENDING) else None,
        "send": "Nothing waits for it any more." if over or (run is RunState.ENDING and not s.waits) else None,
    }
