"""What must hold after every turn, and what must hold once nothing happens any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from case import Case
from invariants import a_completed_run_has_no_bad_node
from owner import Owner
from promises import Broken

from stratix_tasks.core.apply import apply
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import AGAIN, CLAIMED, COMPLETED, EXPANDED, ROLLED, SPAWNED, Fact
from stratix_tasks.core.node import MAP
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import LIVE, RUN_TERMINAL, State
from stratix_tasks.core.targets import label
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import Reader
from stratix_tasks.store import ids

if TYPE_CHECKING:
    from world import World


def bodies_and_places(owner: Owner) -> None:
    """Each live unit has a body, each body a place, and no place is taken by nobody."""
    slots: dict[int, Any] = {id(owner.engine.places.engine): owner.engine.places.engine}
    told: Counter[int] = Counter()
    for live in owner.lives.values():
        if live.broken is not None:
            raise live.broken.__cause__ or live.broken
        _has_bodies(owner, live)
        agenda = live.core.agenda
        slots.update((id(slot), slot) for book in agenda.books for lane in book.lanes for slot in lane.claim)
        for unit, state in enumerate(live.core.state.status):
            if bodies := (state in LIVE) + agenda.abandoned.get(unit, 0):
                told.update({id(slot): bodies for slot in agenda.lane(unit).claim})
    there = Counter(id(slot) for run, unit, _ in owner.bodies for slot in owner.lives[run].core.agenda.lane(unit).claim)
    for key, slot in slots.items():
        taken = slot.size - slot.free
        if taken < there[key]:
            raise Broken(f"{there[key]} bodies are there, {taken} places of '{slot.name}' are taken")
        if taken != told[key]:
            raise Broken(f"{taken} places of '{slot.name}' are taken, by {told[key]} bodies")


def _has_bodies(owner: Owner, live: LiveRun) -> None:
    s = live.core.state
    answered = {(live.id, event[1], event[2]) for other, event in owner.engine._inbox if other is live}
    for unit, state in enumerate(s.status):
        key = (live.id, unit, s.attempt[unit])
        begins = unit in live.bodies and live.bodies[unit] in owner.engine.staging
        if state in LIVE and not live.unwritten and key not in owner.bodies and key not in answered and not begins:
            raise Broken(f"'{label(s, unit)}' is {State(state).label} without a body")
    running = sum(state in (State.RUNNING, State.STOPPING) for state in s.status)
    if running != live.core.agenda.live:
        raise Broken(f"{running} bodies run, the agenda counts {live.core.agenda.live}")


def is_over(world: World, case: Case) -> str:
    """Readers, memory and the catalog agree on how a run ended; nothing of it is left. Returns how it ended."""
    owner = world.owners[-1]
    record = world.store.journals.record(ids.key(case.id), cuts=world.store.catalog.cuts(case.id))
    row = world.store.catalog.run(case.id)
    assert row is not None
    folded = case.folded(record.facts)
    case.found(record.facts, Core(folded))  # the last turn of an owner that died then may not have been told
    state = folded.run
    if state not in RUN_TERMINAL:
        raise Broken(f"run {case.number} is {state.label} when nothing happens any more")
    live = owner.lives.get(case.id)
    if live is not None and row.owner == owner.name and (different := folded.differs(live.core.state)):
        raise Broken(f"run {case.number}: memory and journal differ in {different}")
    if row.state != state.label:
        raise Broken(f"the catalog says {row.state}, the journal {state.label}")
    if owner.engine.places.engine.free != owner.engine.places.engine.size or owner.bodies:
        raise Broken("places or bodies are left")
    a_completed_run_has_no_bad_node(Core(folded))
    _results(world, case, live, record.facts)
    _spawned(world, case, folded, record.facts)
    world.count("recovery", sum(fact[0] == CLAIMED for fact in record.facts))
    return state.label


def _results(world: World, case: Case, live: LiveRun | None, facts: Sequence[Fact]) -> None:
    """Each result was recorded once, and is what its body gave."""
    done: dict[int, int] = {}
    tale = Recorded(case.block)
    for fact in facts:
        apply(tale, fact)
        if fact[0] == COMPLETED:
            if fact[2] in done:
                raise Broken(f"the result of unit {fact[2]} was recorded twice")
            done[fact[2]] = fact[3]
        elif fact[0] in (AGAIN, ROLLED):
            done = {unit: attempt for unit, attempt in done.items() if tale.status[unit] == State.COMPLETED}
    for unit, attempt in done.items():
        given = world.results[case.id, unit, attempt]
        if live is not None and Reader().give(live.binding.held(unit)) not in given:
            raise Broken(f"the result of unit {unit} is not what its body gave")


def _spawned(world: World, case: Case, folded: Recorded, facts: Sequence[Fact]) -> None:
    """No item was spawned twice; and what an attempt spawned whose result counts is there."""
    told: dict[int, set[tuple[int, Any]]] = {}
    done: dict[int, int] = {}
    for fact in facts:
        if fact[0] == EXPANDED:
            told[fact[2]] = set()
        elif fact[0] == SPAWNED:
            group, parent, name = fact[3], fact[6], fact[7]
            if (parent, name) in told[group]:
                raise Broken(f"item {parent} of unit {group} spawned '{name}' twice")
            told[group].add((parent, name))
        elif fact[0] == COMPLETED:
            done[fact[2]] = fact[3]
    for node in filter(lambda u: folded.kind(u) is MAP, folded.kids):
        for index, unit in enumerate(folded.members(node)):
            wanted = (case.id, unit, done.get(unit)) in world.spawned
            if wanted and (index, "more") not in told[node]:
                raise Broken(f"'{label(folded, unit)}' completed, and what it spawned is lost")
