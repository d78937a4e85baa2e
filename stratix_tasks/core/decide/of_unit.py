"""What is asked of a node or an item, but for what changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stratix_tasks.core.decide import again, spans
from stratix_tasks.core.decide.core import Act, Args, Core, nothing
from stratix_tasks.core.decide.ending import complete, end_unit, finish, unmark
from stratix_tasks.core.decide.follows import has_lost, never_begun, with_bad_before
from stratix_tasks.core.decide.redo import gone_on
from stratix_tasks.core.decide.streaming import begun_streams
from stratix_tasks.core.facts import GIVEN
from stratix_tasks.core.node import Kind
from stratix_tasks.core.refusals import check, refusal
from stratix_tasks.core.results import Data, stands_for
from stratix_tasks.core.state import State
from stratix_tasks.core.states import TERMINAL, Event, S
from stratix_tasks.core.targets import Found, label, only_unit
from stratix_tasks.core.units import Spans
from stratix_tasks.core.waits import ANSWERED_BY_HAND, APPROVED, approval, ends
from stratix_tasks.errors import InputError
from stratix_tasks.spec.answers import answered
from stratix_tasks.spec.problems import did_you_mean

Ask = Callable[[Core, Found, float, Args], Act]
"""A request of what was named, checked: what it does."""


def _on_unit(verb: str, act: Callable[[Core, int, float, Args], None]) -> Ask:
    def checked(core: Core, found: Found, at: float, args: Args) -> Act:
        u = only_unit(core.state, found)
        check(core.state, verb, u)
        return lambda: act(core, u, at, args)

    return checked


def hold(core: Core, u: int, at: float, args: Args, *, reason: str = "user") -> None:
    spans.hold(core, u, u + 1, _with_inside(core.state, u), at, reason=reason, drain=bool(args.get("drain")))


def _with_inside(s: State, u: int) -> Spans:
    """A unit, and all that lies in it."""
    return [(u, u + 1), *((a, b) for _, a, b in s.inside(u))] if s.is_group(u) else [(u, u + 1)]


def _release(core: Core, u: int, at: float, _args: Args) -> None:
    spans.release(core, u, u + 1, _with_inside(core.state, u), at)


def _cancel(core: Core, u: int, at: float, _args: Args) -> None:
    if core.state.status[u] == S.CANCELLED:
        return
    unmark(core, u, u + 1, at)
    finish(core, u, S.CANCELLED, "user", at)


def _try_again(core: Core, u: int, at: float) -> None:
    s = core.state
    if s.status[u] == S.RETRYING:
        core.move(u, Event.RETRY, at, "user", {"due": at})
        core.agenda.try_now(u)
        return
    again.retry(core, with_bad_before(core, (u,)), at)


def _retry(core: Core, found: Found, at: float, args: Args) -> Act:
    s = core.state
    u = only_unit(s, found)
    check(s, "retry", u)
    if s.status[u] != S.RETRYING:
        _check_readers(core, "retry", u, args)
    return lambda: _try_again(core, u, at)


def _check_readers(core: Core, verb: str, u: int, args: Args) -> None:
    """TransitionError that names what went on without it: that was made from less. Of a map that has not ended it is what streams
    from it."""
    if args.get("redo") or (verb == "skip" and has_lost(core, u)):
        return
    if gone := gone_on(core, _readers(core, verb, u)):
        why = gone.why(f"{verb}({label(core.state, u)!r}, redo=True)")
        raise refusal(core.state, verb, u, f"and {why}", gone.told())


def _readers(core: Core, verb: str, u: int) -> Iterable[int]:
    if verb == "retry":
        return again.readers_of_retry(core, with_bad_before(core, (u,)))
    return again.readers_of_end(core, u) if core.state.status[u] in TERMINAL else begun_streams(core.state, u)


def _skip(core: Core, found: Found, at: float, args: Args) -> Act:
    """With `value` in the arguments that stands for its result."""
    s = core.state
    u = only_unit(s, found)
    given: Data | None = args.get("value")
    state = s.status[u]
    if given is not None and state == S.COMPLETED and s.reason.get(u) == "given" and stands_for(s.values[u], given):
        return nothing
    if given is None and state == S.SKIPPED:
        return nothing
    check(s, "give" if given is not None else "skip", u)
    if state in TERMINAL or given is not None:
        _check_readers(core, "skip", u, args)
    return lambda: _end_as_asked(core, u, at, given)


def _end_as_asked(core: Core, u: int, at: float, given: Data | None) -> None:
    s = core.state
    unmark(core, u, u + 1, at)
    if s.status[u] not in TERMINAL:
        target = S.SKIPPED if given is None else S.COMPLETED
        return finish(core, u, target, "user" if given is None else "given", at, given)

    lost = has_lost(core, u)
    inner = never_begun(s, u) if lost else []

    def end() -> None:
        if given is None:
            core.move(u, Event.SKIP, at, "user")
        else:
            core.cache.pop(u, None)
            core.tell(GIVEN, at, u, "given", s.attempt[u], given["codec"], given["payload"], given["summary"])
        for x in inner:
            core.move(x, Event.SKIP, at, "upstream")

    if lost:
        return again.end_of_lost(core, (u, *inner), end)
    return again.end_otherwise(core, u, end, at)


def _approve(core: Core, found: Found, at: float, args: Args) -> Act:
    """waiting → completed; of a mapped node all items that wait. InputError for a node that is no approval."""
    asked = _asked(core.state, found, "approve")

    def approve() -> None:
        for one in asked:
            complete(core, one, at, APPROVED, approval(args.get("by", ""), at, args.get("note", "")))

    return approve


def _reject(core: Core, found: Found, at: float, args: Args) -> Act:
    """waiting → failed, in the same way; `failed` can catch it."""
    asked, by, note = _asked(core.state, found, "reject"), args.get("by", ""), args.get("note", "")
    message = " ".join(filter(None, ("rejected", f"by {by}" if by else ""))) + (f": {note}" if note else "")
    error: dict[str, Any] = {"type": "Rejected", "message": message, "code": "rejected", "bases": ["Exception"]}
    error["attributes"] = {"by": by, "note": note}

    def reject() -> None:
        for one in asked:
            if one in core.state.waits:  # else the end of another one has ended the run, and with it this one
                end_unit(core, one, Event.REJECT, at, "rejected", {"error": error})

    return reject


def _answer(core: Core, found: Found, at: float, args: Args) -> Act:
    """waiting → completed, with what was answered; one that does not fit is refused, and the node waits on."""
    s = core.state
    u = only_unit(s, found)
    check(s, "answer", u)
    asked = _waiting(s, u, "answer")
    told = {one: answered(label(s, one), s.waits[one]["fields"], args["fields"]) for one in asked}

    def answer() -> None:
        for one, data in told.items():
            complete(core, one, at, ANSWERED_BY_HAND, {"codec": "json", "payload": data, "summary": None})

    return answer


def _asked(s: State, found: Found, verb: str) -> list[int]:
    """What waits for somebody to say yes or no."""
    u = only_unit(s, found)
    _check_approval(s, u)
    check(s, verb, u)
    return _waiting(s, u, "approve")


def _waiting(s: State, u: int, verb: str) -> list[int]:
    """What waits for such a request: the unit, or items of it."""
    units = s.members(u) if s.kind(u) is Kind.MAP else (u,)
    return [one for one in units if ends(s.waits.get(one), verb)]


def _check_approval(s: State, u: int) -> None:
    node = s.node(s.node_of(u))
    if node.spec is None or node.is_ended_by("approve"):
        return
    outline = s.root.outline
    known = [name for name, one in zip(outline.names, outline.nodes, strict=True) if one.is_ended_by("approve")]
    hint = did_you_mean("", known) if known else "This run has none."
    raise InputError(f"node '{label(s, s.node_of(u))}' is no approval. {hint}", code="no-approval")


UNIT_VERBS: dict[str, Ask] = {
    "pause": _on_unit("pause", hold),
    "resume": _on_unit("resume", _release),
    "cancel": _on_unit("cancel", _cancel),
    "retry": _retry,
    "skip": _skip,
    "approve": _approve,
    "reject": _reject,
    "answer": _answer,
}
