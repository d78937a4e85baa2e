"""What an agenda says, to compare one that was kept up by steps with one that was made anew."""

from __future__ import annotations

from stratix_tasks.core.agenda import Agenda
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.limits import Lane
from stratix_tasks.core.state import IS_OVER, S


def view(core: Core, at: float) -> dict[str, object]:
    """What an agenda says, without order or leftovers: the same for one that was kept up by steps and one made anew."""
    s, g = core.state, core.agenda
    told: list[int] = []
    entries = [e for lane in _lanes(g) for e in lane.entries()] + [e for _, e in g.parked]
    for entry in [*entries, *(u for waiting in g.doors.waiting.values() for _, u in waiting)]:
        told += entry if type(entry) is range else (entry,)
    alive = [(i, b) for i, b in enumerate(g.books) if i not in s.retired]
    waiting = [
        u for i, b in alive if not b.flat for u in s.find(S.PENDING, b.base, s.stretches[i].stop)
        if u not in s.winners and (s.parent(u) < 0 or not IS_OVER[s.status[s.parent(u)]])
    ]  # fmt: skip
    open_books = [(i, b) for i, b in alive if b.parent < 0 or b.step or s.status[b.parent] == S.OPEN]
    return {
        "ready": {u for u in told if g.startable(u, at) and not s.gone(u)},
        "opening": {u for u in g.opening if s.status[u] in (S.PENDING, S.OPEN)},
        "left": {u: max(g.left[u], 0) for u in waiting},
        "slack": {u: g.slack[u] for u in waiting if u in g.slack},
        "todo": [(i, b.todo.tolist(), bytes(b.bad)) for i, b in open_books if not b.flat],
        "tally": {
            p: (t.count, t.ended, t.done, t.bad) for p, t in g.tally.items() if s.status[p] == S.OPEN and s.kids.get(p)
        },
        "live": g.live,
        "inside": set(g.doors.holding),
        "taken": core_taken(core),
    }


def core_taken(core: Core) -> int:
    """How many of the engine's places are taken."""
    engine = {id(slots): slots for lane in _lanes(core.agenda) for slots in lane.claim if slots.name == "engine"}
    return sum(slots.size - slots.free for slots in engine.values())


def _lanes(g: Agenda) -> list[Lane]:
    """Those that stretches have, and those that were made for a priority of its own: in an agenda made anew these are there once
    something stands in them."""
    return list(
        {id(lane): lane for lane in (*(lane for book in g.books for lane in book.lanes), *g._shared.values())}.values()
    )
