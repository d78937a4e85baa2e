"""What is asked of a scope as one: an item of a mapped flow, or a round of a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stratix_tasks.core.decide import again, spans
from stratix_tasks.core.decide.core import Act, Args, Core, nothing
from stratix_tasks.core.decide.ending import finish, finish_spans, unmark
from stratix_tasks.core.decide.follows import has_lost, never_begun
from stratix_tasks.core.decide.redo import gone_on
from stratix_tasks.core.facts import GIVEN
from stratix_tasks.core.joins import WITH_SCOPE
from stratix_tasks.core.refusals import check_scope, refusal_of_scope
from stratix_tasks.core.results import Data, stands_for
from stratix_tasks.core.scope import bad_units, giver, inside, left_out_units, state_of_scope
from stratix_tasks.core.state import IS_BAD, State
from stratix_tasks.core.states import TERMINAL, Event, S
from stratix_tasks.core.targets import Scope, scope_label
from stratix_tasks.core.units import Spans


def _parts(s: State, scope: Scope) -> Spans:
    return [(a, b) for _, a, b in inside(s, scope)]


def _pause(core: Core, scope: Scope, at: float, args: Args) -> Act:
    """One mark on its units, which all that lies in it inherits."""
    s, drain = core.state, bool(args.get("drain"))
    check_scope(s, "pause", scope)
    return lambda: spans.hold(core, scope.start, scope.stop, _parts(s, scope), at, drain=drain)


def _resume(core: Core, scope: Scope, at: float, _args: Args) -> Act:
    s = core.state
    check_scope(s, "resume", scope)
    return lambda: spans.release(core, scope.start, scope.stop, _parts(s, scope), at)


def _cancel(core: Core, scope: Scope, at: float, _args: Args) -> Act:
    """What has not ended in it is cancelled; what belongs to its end runs, if that has not come yet."""
    s = core.state
    if state_of_scope(s, scope) == S.CANCELLED:
        return nothing
    check_scope(s, "cancel", scope)

    def cancel() -> None:
        unmark(core, scope.start, scope.stop, at)
        finish_spans(core, inside(s, scope), S.CANCELLED, "user", at)

    return cancel


def _retry(core: Core, scope: Scope, at: float, args: Args) -> Act:
    """What is bad in it goes again, with what depends on it; of one that was skipped all that was."""
    check_scope(core.state, "retry", scope)
    _check_readers(core, "retry", scope, args)
    units = _again(core.state, scope)
    return lambda: again.retry(core, units, at)


def _again(s: State, scope: Scope) -> list[int]:
    return bad_units(s, scope) or left_out_units(s, scope)


def _skip(core: Core, scope: Scope, at: float, args: Args) -> Act:
    """What has not completed in it is skipped. With `value` in the arguments that stands for the value of the scope."""
    s = core.state
    given: Data | None = args.get("value")
    if given is None and state_of_scope(s, scope) == S.SKIPPED:
        return nothing
    if given is not None and _is_given(s, scope, given):
        return nothing
    check_scope(s, "skip" if given is None else "give", scope)
    _check_readers(core, "skip", scope, args)
    return lambda: _end_as_asked(core, scope, at, given)


def _is_given(s: State, scope: Scope, given: Data) -> bool:
    u = giver(s, scope)
    return (
        u is not None
        and s.status[u] == S.COMPLETED
        and s.reason.get(u) == "given"
        and stands_for(s.values[u], given)
        and state_of_scope(s, scope) == S.COMPLETED
    )


def _end_as_asked(core: Core, scope: Scope, at: float, given: Data | None) -> None:
    s = core.state
    u = None if given is None else giver(s, scope)
    ended = [x for x in scope.units if x == u and s.status[x] in TERMINAL]
    ended += [x for x in scope.units if x != u and IS_BAD[s.status[x]]]
    ended += [y for x in ended for y in never_begun(s, x)]

    def end() -> None:
        for x in ended:
            if x == u and given is not None:
                core.cache.pop(x, None)
                core.tell(GIVEN, at, x, "given", s.attempt[x], given["codec"], given["payload"], given["summary"])
            else:
                core.move(x, Event.SKIP, at, WITH_SCOPE)

    unmark(core, scope.start, scope.stop, at)
    if ended and all(has_lost(core, x) for x in ended):
        again.end_of_lost(core, sorted(ended), end)
    elif ended:
        again.end_inside(core, ended, end, at)
    if u is not None and s.status[u] not in TERMINAL:
        finish(core, u, S.COMPLETED, "given", at, given)
    rest = [(scope.start, scope.stop)] if u is None else [(scope.start, u), (u + 1, scope.stop)]
    finish_spans(core, s.below((scope.stretch, a, b) for a, b in rest if a < b), S.SKIPPED, WITH_SCOPE, at)


# ---------------------------------------------------------------------- who read it


def _check_readers(core: Core, verb: str, scope: Scope, args: Args) -> None:
    """TransitionError that names what went on without it: that was made from less."""
    if args.get("redo"):
        return
    if gone := gone_on(core, _readers(core, verb, scope)):
        why = gone.why(f"{verb}({scope_label(core.state, scope)!r}, redo=True)")
        raise refusal_of_scope(core.state, verb, scope, f"and {why}", gone.told())


def _readers(core: Core, verb: str, scope: Scope) -> Iterable[int]:
    """Of a skip what lies around it alone: in the scope nothing goes on."""
    s = core.state
    if verb == "retry":
        return again.readers_of_retry(core, _again(s, scope))
    bad = [u for u in scope.units if IS_BAD[s.status[u]]]
    changes = any(not has_lost(core, u) for u in bad) or left_out_units(s, scope)
    return again.readers_of_scope(core, scope.start) if changes else ()


SCOPE_VERBS: dict[str, Callable[[Core, Scope, float, Args], Act]] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "retry": _retry,
    "skip": _skip,
}
