"""What an agenda says, to compare one that was kept up by steps with one that was made anew."""

from __future__ import annotations

from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.state import IS_OVER, S


def view(core: Core, at: float) -> dict[str, object]:
    """What an agenda says, without order or leftovers: the same for one that was kept up by steps and one made anew."""
    s, g = core.state, core.agenda
    told: list[int] = []
    lanes = {id(lane): lane for book in g.books for lane in book.lanes} | {
        id(lane): lane for lane in g._shared.values()
    }
    entries = [e for lane in lanes.values() for e in lane.entries()] + [e for _, e in g.parked]
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


def core_taken(core: Core) -> set[int]:
    """How many of the engine's places are taken; a lane is there once something has stood in it, in an agenda made anew or not."""
    lanes = core.agenda._shared.values()
    return {slots.size - slots.free for lane in lanes for slots in lane.claim if slots.name == "engine"} - {0}
