"""Why a unit is in its state, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable

from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ends import first_failed, taken_up
from stratix_tasks.core.joins import WITH_SCOPE, is_replaced, states_of
from stratix_tasks.core.node import EACH, EARLY, LOOP
from stratix_tasks.core.scope import left_out_units, state_of_scope
from stratix_tasks.core.state import FAILURE, FINISHED, IS_BAD, IS_OVER, OF_STEPS, WITHIN, State
from stratix_tasks.core.states import TERMINAL, S
from stratix_tasks.core.steps import ender
from stratix_tasks.core.streams import is_left_out_with, is_open_ended, source, source_of
from stratix_tasks.core.targets import Scope, find, label, only_unit, scope_label, scope_of
from stratix_tasks.core.waits import kind_of, told
from stratix_tasks.errors import in_one_line
from stratix_tasks.spec.durations import about

_PINNED = " with the value that is pinned in its place"
_HOW = {
    "given": " with a given value",
    "approved": ": it was approved",
    "answered": ": it was answered",
    "signal": " by a signal",
    "due": ": its time came",
    "max": " with its last round: its rounds were used up",
    WITHIN: " with its last round: its time was over",
}
"""How a node completed that ran no body, or did not come to its end, by the reason."""


def why(core: Core, target: str, at: float, *, interrupted: bool = False) -> str:
    """A sentence for people about a node, item or scope; `at` is now, in Unix seconds. `interrupted`: nobody runs the run,
    though it has not ended. InputError for what there is not.
    """
    found = find(core.state, target)
    if isinstance(found, Scope):
        return why_scope(core, found, at, interrupted=interrupted)
    return why_unit(core, only_unit(core.state, found), at, interrupted=interrupted)


def why_unit(core: Core, u: int, at: float, *, interrupted: bool = False) -> str:
    s = core.state
    state, name = state_of(s, u), label(s, u)
    if s.gone(u):
        return f"'{name}' is out of the run: a rollback took it out."
    if interrupted and state not in TERMINAL:
        return f"'{name}' was {state.label} when the run was interrupted; recover() goes on with it."
    if state == S.PENDING:
        return _pending(core, u, name)
    said = _SAY[state](core, u, name, at) if state in _SAY else f"'{name}' is {state.label}."
    came = _came(s, u)
    return said if came and said.endswith(came) else said + came


def _came(s: State, u: int) -> str:
    """Options that came with the run."""
    options = s.late.get(s.node_of(u))
    if not options:
        return ""
    told = [
        f"{name} {' '.join(f'{part} {said}' for part, said in value.items()) if isinstance(value, dict) else value}"
        for name, value in options.items()
    ]
    return f" The run told its {', '.join(told)}."


def _pending(core: Core, u: int, name: str) -> str:
    if core.agenda.is_ready(u):
        return f"'{name}' is ready and waits for {_blocked_by(core, u)}.{_again(core, u)}"
    return f"'{name}' waits for {_waits_for(core, u)}.{_again(core, u)}"


def _running(core: Core, u: int, name: str, at: float) -> str:
    s = core.state
    when = "as soon as it is told" if s.policy(u).traits.suspendable else "at its next checkpoint, or when it ends"
    more = f" It is paused {when}." if s.held(u) else ""
    return f"'{name}' has been running for {at - s.started[u]:.1f} s, attempt {s.attempt[u]}.{more}"


def _suspended(core: Core, u: int, name: str, _at: float) -> str:
    if core.state.run_reason == "disk" and _paused(core):
        return f"'{name}' is done, but its result could not be recorded: it waits for {_paused(core)}."
    what = f"resume('{name}')" if core.state.held(u) else "resume()"
    return f"'{name}' is paused in the middle of its attempt {core.state.attempt[u]}; {what} goes on."


def _waiting(core: Core, u: int, name: str, at: float) -> str:
    """What it waits for, how long still, and what ends it."""
    wait = core.state.waits[u]
    left = "" if wait["due"] is None else f", {about(max(wait['due'] - at, 0.0))} more"
    if paused := _paused(core):
        left += f" (and for {paused})" if left else ""
    answer = kind_of(wait).answer.format_map({**wait, "node": name})
    return f"'{name}' waits for {told(wait)}{left}.{f' {answer} goes on.' if answer else ''}"


def _retrying(core: Core, u: int, name: str, at: float) -> str:
    s = core.state
    if s.due[u] <= at:
        return f"'{name}' is ready and waits for {_blocked_by(core, u)}."
    return f"'{name}' failed ({_shown(core, u)}) and is tried again in {s.due[u] - at:.1f} s."


def _held(core: Core, u: int, name: str, _at: float) -> str:
    s = core.state
    mark = s.mark(u)
    if mark == "breakpoint":
        return f"'{name}' stands at its breakpoint, before it starts; resume('{name}') lets it go."
    if mark is None:
        above = s.parent(u)
        while above >= 0 and not s.mark(above):
            above = s.parent(above)
        return f"'{name}' is paused with '{label(s, above)}'; resume('{name}') lets it go on alone."
    return f"'{name}' is paused by itself; resume('{name}') lets it go."


def _stopping(core: Core, u: int, name: str, _at: float) -> str:
    target = core.state.target[u][0].label
    return f"'{name}' was asked to stop and becomes {target} when its body ends or its grace is over."


def _failed(core: Core, u: int, name: str, at: float) -> str:
    told, more = _shown(core, u), f"{_went_on(core, u)}{_abandoned(core, u)}"
    inside = None if told else _first_inside(core.state, u)
    if inside is not None:
        said = why_unit(core, inside, at)
        return f"'{name}' failed. {said}{'' if said.endswith(more) else more}"
    return f"'{name}' failed: {told or 'its items failed'}.{more}"


def _first_inside(s: State, group: int) -> int | None:
    """What failed first of the nodes or items of a group; else an item that waited in vain for one of another map."""
    failed = first_failed(s, (u for _, a, b in s.scopes(group) for u in s.find(S.FAILED, a, b)))
    if failed is None and source_of(s, group) >= 0:
        return next((u for _, a, b in s.scopes(group) for u in s.find(S.UPSTREAM_FAILED, a, b)), None)
    return failed


def _upstream(core: Core, u: int, name: str, _at: float) -> str:
    s = core.state
    r, k, b = s.place(s.node_of(u))
    if r.block.nodes[k].join in EARLY:
        counted = [b + n for n in r.block.joined[k]]
        without = _names(core, [n for n in counted if IS_OVER[s.status[n]] and s.status[n] != S.COMPLETED])
        return f"'{name}' can't run: too few of the {len(counted)} that it needs completed, {without} did not."
    return f"'{name}' can't run: {_listed(core, u, bad=True)} did not complete.{_went_on(core, u)}"


def _skipped(core: Core, u: int, name: str, _at: float) -> str:
    return f"'{name}' was skipped: {_skip_reason(core, u)}."


def _cancelled(core: Core, u: int, name: str, _at: float) -> str:
    if core.state.why_ended(u) == "lost the join":
        return f"'{name}' was cancelled: what it was for went on without it.{_abandoned(core, u)}"
    if core.state.why_ended(u) in OF_STEPS:
        return f"'{name}' was cancelled: {ender(core.state, u)} ended it early.{_abandoned(core, u)}"
    if core.state.why_ended(u) == FAILURE:
        return f"'{name}' was cancelled: what it lies in stops at a failure (on_failure: stop).{_abandoned(core, u)}"
    return f"'{name}' was cancelled ({core.state.why_ended(u) or 'user'}).{_abandoned(core, u)}"


def _completed(core: Core, u: int, name: str, _at: float) -> str:
    reason = core.state.reason.get(u, "")
    if reason == FINISHED:
        return f"'{name}' completed early: {ender(core.state, u)} finished it."
    how = _PINNED if reason == "given" and core.state.node(u).pinned else _HOW.get(reason, "")
    return f"'{name}' completed{how}."


def _open(core: Core, u: int, name: str, _at: float) -> str:
    s, tally = core.state, core.agenda.tally.get(u)
    if tally is not None:
        more = f", and '{label(s, source_of(s, u))}' goes on" if is_open_ended(s, u) else ""
        if u in s.won:
            more = f"; what needs it went on with {sum(b - a for a, b in s.won[u])} of them"
        return f"'{name}' is under way: {tally.ended} of {tally.count} have ended{more}."
    members = s.members(u)
    ended = sum(s.status[one] in TERMINAL for one in members)
    return f"'{name}' is under way: {ended} of {len(members)} have ended."


def why_scope(core: Core, scope: Scope, at: float, *, interrupted: bool = False) -> str:
    """Of an item of a mapped flow, or a round of a loop, as one: what is to be told of its nodes."""
    s = core.state
    state, name = state_of_scope(s, scope), scope_label(s, scope)
    if interrupted and state not in TERMINAL:
        return f"'{name}' was {state.label} when the run was interrupted; recover() goes on with it."
    if state == S.HELD:
        return f"'{name}' is paused{_paused_with(s, scope)}; resume({name!r}) lets it go on."
    if state in (S.FAILED, S.CANCELLED):
        first = first_failed(s, scope.units)
        return f"'{name}' was cancelled." if first is None else f"'{name}' failed. {why_unit(core, first, at)}"
    if state == S.SKIPPED:
        first = left_out_units(s, scope)[0]
        return f"'{name}' was skipped: {_as_one(core, first)}."
    if state == S.COMPLETED:
        return f"'{name}' completed."
    left = [u for u in scope.units if s.status[u] not in TERMINAL]
    if state == S.STOPPING:
        return f"'{name}' was asked to stop, and has when this has ended: {_names(core, left)}."
    done = f"{len(scope.units) - len(left)} of {len(scope.units)} have ended"
    first = next((u for u in left if s.status[u] not in (S.PENDING, S.OPEN)), left[0])
    return f"'{name}' {_WORDS[state]}: {done}. {why_unit(core, first, at)}"


_WORDS = {S.PENDING: "has not begun", S.OPEN: "is under way", S.WAITING: "waits"}


def _paused_with(s: State, scope: Scope) -> str:
    """The group around it that is paused, where it is not itself."""
    marked = any(s.mark(u) for u in scope.units)
    above = scope.group
    while not marked and above >= 0 and not s.mark(above):
        above = s.parent(above)
    return "" if marked else f" with '{label(s, above)}'"


_SAY = {
    S.RUNNING: _running,
    S.SUSPENDED: _suspended,
    S.WAITING: _waiting,
    S.RETRYING: _retrying,
    S.HELD: _held,
    S.STOPPING: _stopping,
    S.FAILED: _failed,
    S.UPSTREAM_FAILED: _upstream,
    S.SKIPPED: _skipped,
    S.CANCELLED: _cancelled,
    S.COMPLETED: _completed,
    S.OPEN: _open,
}


def _shown(core: Core, u: int) -> str:
    error = core.state.error.get(u)
    return in_one_line(error) if error else ""


def _waits_for(core: Core, u: int) -> str:
    s = core.state
    parent = s.parent(u)
    if parent >= 0 and parent not in s.kids:
        return f"its group '{label(s, parent)}' to open"
    if s.node(u).phase and (left := _left_in_scope(core, u)):
        return f"the rest of its flow to end: {left}"
    return _listed(core, u, bad=False) or _paused(core) or "its condition"


def _left_in_scope(core: Core, u: int) -> str:
    s = core.state
    r, k, b = s.place(u)
    phase = r.block.nodes[k].phase
    return _names(
        core, [b + n for n, node in enumerate(r.block.nodes) if node.phase < phase and s.status[b + n] not in TERMINAL]
    )


def _again(core: Core, u: int) -> str:
    """What set a node back that has run before."""
    s = core.state
    if s.reason.get(u) == "rollback":
        return " Its flow is tried again." if _is_in_a_try(core, u) else " A rollback set it back."
    if s.attempt[u] and s.attempt[u] in s.orphaned.get(u, ()):
        return f" Its attempt {s.attempt[u]} was lost with the kernel that ran it."
    return ""


def _is_in_a_try(core: Core, u: int) -> bool:
    """Whether it lies in a sub-flow that was tried before."""
    s = core.state
    while (u := s.parent(u)) >= 0:
        if s.attempt[u] > (s.status[u] != S.RETRYING):
            return True
    return False


def _paused(core: Core) -> str:
    """What a run waits for that starts nothing, by the reason of its pause."""
    s = core.state
    if not core.is_paused:
        return ""
    if s.run_reason == "max-recoveries":
        return f"the run to be resumed: its kernel died {s.recoveries}× while bodies ran, and one of them may be why"
    return {
        "code-changed": "a word on how to go on: code has changed since; resume() keeps the results, "
        "recover(changed='rerun') runs it again",
        "disk": "room on the disk: free some, then resume()",
    }.get(s.run_reason or "", "the run to be resumed")


def _went_on(core: Core, u: int) -> str:
    """Why a bad end is not the run's."""
    if core.state.node(u).allow_failure:
        return " Its flow goes on without it: it may fail (allow_failure)."
    return " What needed it went on without it, so that it is not the run's." if taken_up(core.state, u) else ""


def _abandoned(core: Core, u: int) -> str:
    """A body that did not listen: it holds its place until it ends by itself."""
    return " Its body did not stop in its grace, and still runs." if u in core.agenda.abandoned else ""


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _listed(core: Core, u: int, *, bad: bool) -> str:
    s = core.state
    one = source(s, u)
    if one >= 0 and s.status[one] != S.COMPLETED:
        return _names(core, [one])
    r, k, b = s.place(s.node_of(u))
    states = zip(r.block.needs[k], states_of(s, r.block, k, b, r.block.needs[k]), strict=True)
    needs = [b + n for n, state in states if state not in (S.COMPLETED, S.SKIPPED)]
    if bad:
        needs = [n for n in needs if IS_BAD[s.status[n]] and not is_replaced(s, r.block, b, n - b, k)] or needs
    parent = s.parent(u)
    return _names(core, needs if needs or not bad or parent < 0 else [parent])


def _names(core: Core, units: list[int]) -> str:
    names = [label(core.state, unit) for unit in units]
    return ", ".join(f"'{name}'" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _blocked_by(core: Core, u: int) -> str:
    if paused := _paused(core):
        return paused
    if core.agenda.awaits_body(u):
        return "its abandoned body to end"
    p = core.agenda.doors.closed(core.state, u) if core.agenda.gated else None
    full = core.agenda.lane(u if p is None else p).full()
    if full is None:
        return "its turn"
    who = "" if p is None else f"'{label(core.state, p)}' to begin as a whole, and that for "
    return f"{who}a free place: {full.said} ({full.size}) is full"


def _refused_by(s: State, u: int) -> str:
    """The text of what the items of a map, or a mapped flow around it, were chosen by."""
    while u >= 0:
        spec = s.node(u).spec
        if spec is not None and spec.each is not None and spec.each.where is not None:
            return str(spec.each.where.text)
        u = s.parent(u)
    return "where"


def _scope_around(s: State, u: int) -> str:
    """The item of a mapped flow, or the round of a loop, that a unit lies in."""
    while s.kind(s.parent(u)) not in (EACH, LOOP):
        u = s.parent(u)
    return scope_label(s, scope_of(s, s.parent(u), s.index(u)))


def _skip_reason(core: Core, u: int) -> str:
    s = core.state
    reason, spec = s.why_ended(u), s.node(s.node_of(u)).spec
    if reason == "when" and spec is not None and spec.when is not None:
        return f"its condition `{spec.when.text}` is false"
    if reason == "no-error":
        return f"nothing failed of what it catches, {_quoted(spec.catch)}"
    if reason == "where":
        return f"`{_refused_by(s, u)}` is false of it"
    if reason == WITH_SCOPE and is_left_out_with(s, u):
        return f"'{label(s, source(s, u))}', which it waited for, was skipped"
    if reason == WITH_SCOPE:
        return f"'{_scope_around(s, u)}' was skipped as one"
    if reason == "disabled":
        return "it is disabled"
    if reason == "until":
        return f"the run goes until {_quoted(s.root.until)}, and that does not need it"
    if reason == "upstream":
        return f"what it needs was {'cancelled by a step' if _lost_a_need(core, u) else 'skipped'}"
    return f"by {reason or 'user'}"


def _as_one(core: Core, u: int) -> str:
    s = core.state
    own = s.why_ended(u) == WITH_SCOPE and not is_left_out_with(s, u)
    return "as one" if own else _skip_reason(core, u)


def _lost_a_need(core: Core, u: int) -> bool:
    s = core.state
    r, k, b = s.place(s.node_of(u))
    return any(s.status[b + n] == S.CANCELLED and s.as_taken(b + n) == S.SKIPPED for n in r.block.needs[k])
