"""An engine in virtual time that can stop and die: the real loop, journal and catalog, simulated bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from scenes import FUNCTIONS, INPUTS, Fate

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import CLAIMED, CREATED
from stratix_tasks.core.recovery import claim
from stratix_tasks.core.state import State
from stratix_tasks.engine.binding import Binding
from stratix_tasks.engine.engine import EngineLoop
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.prepare import Job, Outcome, done
from stratix_tasks.runners.attempt import Attempt, Cooperative, failed, succeeded
from stratix_tasks.store import ids
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.reader import RunRecord, payload_reader
from stratix_tasks.store.summaries import summarise

if TYPE_CHECKING:
    from world import Case, World


class OwnLoop:
    """The world's loop as one process sees it: a stopped process does later what it was to do, a dead one never."""

    def __init__(self, world: World, owner: Owner) -> None:
        self._world, self._owner = world, owner
        self.time = world.loop.time

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> Any:
        return self._world.loop.call_soon(self._run, callback, args)

    call_soon_threadsafe = call_soon

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> Any:
        return self._world.loop.call_later(seconds, self._run, callback, args)

    def _run(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        owner = self._owner
        if owner.stopped:
            owner.waiting.append((callback, args))
        elif not owner.dead:
            self._world.within(owner, callback, *args)


class Walked:
    """An iterable that is no list, so that walking it is code of the user's."""

    def __init__(self, items: list[int]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[int]:
        return iter(self._items)


class Preparing:
    """Stands for the threads that prepare what must not be done on the loop: they take a while."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def hand(self, what: str, work: Callable[[Any], Any], then: Callable[[Outcome], None]) -> Job:
        job, world = Job(what, work, then), self._owner.world
        self._owner.loop.call_later(world.random.choice((0.0, 0.05, 2.0, 20.0)), self._do, job)
        world.count("preparation")
        return job

    def _do(self, job: Job) -> None:
        if not job.over:
            outcome = done(job.work, job.reader)
            job.end()
            job.then(outcome)

    def drop(self, job: Job) -> None:
        self._owner.world.count("dropped preparation")
        job.end()

    def close(self) -> None: ...


class Owner(Cooperative):
    """One engine: `start` a run, or `take_over` what another has left."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.dead = self.stopped = False
        self.fenced = False
        """Whether another has taken its runs over, while it was stopped."""
        self.waiting: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self.bodies: dict[tuple[str, int, int], Body] = {}
        self.lives: dict[str, LiveRun] = {}
        self.loop = OwnLoop(world, self)
        self.journal = JournalWriter(world.store.path / "journal", name, durability="power")
        self.engine = EngineLoop(
            self.journal,
            world.store.objects,
            concurrency=world.concurrency,
            pools=world.pools,
            clock=world.clock,
            loop=self.loop,  # type: ignore[arg-type]
            runners=dict.fromkeys(("thread", "async", "inline"), self),
            prepare=Preparing(self),
        )
        self.engine.memory.small.budget *= not world.shy
        self.engine.listeners.append(self._told)
        self.engine.on_ended.append(self._ended)
        self.engine.on_revived.append(self._revived)
        freed = self.journal.free_ballast

        def free() -> bool:
            world.disk.room += 4096 * (had := freed())
            return had

        self.journal.free_ballast = free  # type: ignore[method-assign]

    # ------------------------------------------------------------------ runs

    def start(self, case: Case) -> None:
        live = self._live(case, State(case.block), 1, {})
        live.own()
        about = {"id": case.id, "flow": case.spec.flow, "key": None, "inputs_hash": "", "engine": self.name}
        self.world.store.catalog.add_run(
            id=case.id, flow=case.spec.flow, key=None, inputs="", owner=self.name, created=self.world.clock()
        )
        created = (CREATED, self.world.clock(), about)
        self.engine.create(live, created)
        self.world.told(self, case, live, 0, [created])

    def take_over(self, case: Case) -> None:
        """What `runs/claim.py` and `runs/recover.py` do, with the same parts."""
        world, catalog, journals = self.world, self.world.store.catalog, self.world.store.journals
        row = catalog.run(case.id)
        assert row is not None
        record = journals.record(ids.key(case.id), cuts=catalog.cuts(case.id))
        if not record.facts:
            case.is_lost()
            return
        live = self._read(case, record)
        if live.core.is_over:
            catalog.set_state(case.id, row.epoch, live.core.state.run.label, live.core.state.at)
        else:
            self._claim(case, live, row)

    def own(self, case: Case) -> LiveRun:
        """What a handle does before it asks: an ended run that is another's is claimed, as it is now."""
        row = self.world.store.catalog.run(case.id)
        assert row is not None
        if row.owner != self.name and self.lives[case.id].core.is_over:
            record = self.world.store.journals.record(ids.key(case.id), cuts=self.world.store.catalog.cuts(case.id))
            live = self._read(case, record)
            live.ended.set_result(live.core.state.run)
            self._claim(case, live, row)
        return self.lives[case.id]

    def _read(self, case: Case, record: RunRecord) -> LiveRun:
        live = self._live(case, case.folded(record.facts), record.epoch, record.payloads)
        case.found(record.facts, live.core)
        live.seq = len(record.facts)
        return live

    def _claim(self, case: Case, live: LiveRun, row: RunRow) -> None:
        world = self.world
        cut = (row.owner, *world.store.journals.end_of(row.owner))
        taken = world.store.catalog.claim(case.id, row.epoch, self.name, cut)
        assert taken == row.epoch + 1
        world.at_claim(self)
        live.epoch, core, now = taken, live.core, world.clock()
        live.own()
        cuts = [(name, taken - 1, *place) for name, place in world.store.catalog.cuts(case.id).items()]
        if core.is_over:
            world.store.catalog.set_state(case.id, taken, core.state.run.label, core.state.at)
            core.tell(CLAIMED, now, self.name, taken, "host", 1, cuts)
        else:
            claim(core, now, self.name, taken, "host", 1, cuts=cuts)
        self.engine.resume(live)

    def _live(self, case: Case, state: State, epoch: int, places: Any) -> LiveRun:
        objects, read, core = self.world.store.objects, payload_reader(places), Core(state, seed=case.id)

        def source(stored: Any) -> tuple[Any, ...]:
            frame = read(stored.unit, stored.attempt) if stored.codec.endswith("+frame") else None
            return objects.decode, (stored.codec, stored.payload, frame)

        inputs = {**INPUTS, "items": Walked(INPUTS["items"])} if self.world.shy else dict(INPUTS)
        binding = Binding(core, FUNCTIONS, inputs, source, summarise, self.engine.memory, self.engine.objects)
        live = LiveRun(self.engine, case.id, ids.key(case.id), core, binding, copy_context(), epoch, places)
        live.claims = self.engine.places.claims(case.spec.pools, case.spec.flow, case.spec.concurrency)
        self.lives[case.id] = live
        return live

    def _told(self, live: LiveRun, seq: int, facts: Sequence[Any]) -> None:
        self.world.told(self, next(case for case in self.world.cases if case.id == live.id), live, seq, facts)

    def _revived(self, live: LiveRun) -> None:
        self.world.store.catalog.set_state(live.id, live.epoch, "running", None)

    def _ended(self, live: LiveRun) -> None:
        self.world.store.catalog.set_state(live.id, live.epoch, live.core.state.run.label, live.ended_at)

    # ------------------------------------------------------------------ a process

    def die(self) -> None:
        """Only what was written stays."""
        self.dead = True
        self.waiting.clear(), self.bodies.clear()
        for live in self.lives.values():
            self.engine.retire(live)
        self.world.close(self.journal)

    def go_on(self) -> None:
        """A stopped process runs again, with all that came due meanwhile."""
        self.stopped = False
        waiting, self.waiting = self.waiting, []
        for callback, args in waiting:
            if not self.dead:
                self.world.within(self, callback, *args)

    # ------------------------------------------------------------------ as the engine's runner

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_stop()

    def submit(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            self.world.begun(self, attempt)
            body = Body(self, attempt, self.world.fate_of(attempt))
            self.bodies[attempt.host.id, attempt.unit, attempt.number] = body
            body.begin()

    def close(self) -> None: ...


class Waker:
    """Stands for the event on which a parked body waits."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self.set = wake


class Body:
    """A body in virtual time: it goes from checkpoint to checkpoint, and answers as its fate says."""

    def __init__(self, owner: Owner, attempt: Attempt, fate: Fate) -> None:
        self.owner, self.attempt, self.fate = owner, attempt, fate
        self.left = fate.steps
        self.parked = False

    def begin(self) -> None:
        self.owner.loop.call_later(self.fate.seconds / (self.fate.steps + 1), self._step)

    def _step(self) -> None:
        """A checkpoint, or the end."""
        attempt = self.attempt
        if self.left and attempt.stop:
            return self._answer(self._event(Answer.STOPPED))
        if self.left and attempt.hold:
            self.parked = True
            attempt.go = Waker(self._wake)  # type: ignore[assignment]
            return self._park()
        if not self.left:
            return self._end()
        self.left -= 1
        if self.fate.says:
            attempt.host.note(attempt, "log", (self.owner.world.clock(), "info", f"step {self.left}"))
        self._spawn()
        self.begin()

    def _spawn(self) -> None:
        """At the first step of an item: another one for its map, said twice."""
        attempt, world = self.attempt, self.owner.world
        mapped = attempt.host.place(attempt.unit).mapped
        if self.fate.spawns and self.left == self.fate.steps - 1 and mapped:
            encoded = attempt.host.objects.encode_apart(attempt.unit)
            given = {"codec": encoded.codec, "payload": encoded.payload, "summary": encoded.summary}
            for _ in range(2):
                attempt.host.answer(self._event(Answer.SPAWN, "more", dict.fromkeys(mapped, given)))
            if not self.owner.fenced:  # else its units are not those of the run any more
                world.spawned.add((attempt.host.id, attempt.unit, attempt.number))
            world.count("spawned item")

    def _park(self) -> None:
        """The engine hears of it a while later, in which it may ask for something else."""
        self.owner.loop.call_later(self.fate.delay, self.attempt.host.answer, self._event(Answer.SUSPENDED))

    def _wake(self) -> None:
        if self.parked:
            self.parked = False
            self.owner.loop.call_soon(self._step)

    def _event(self, kind: Answer, *rest: Any) -> tuple[Any, ...]:
        return (int(kind), self.attempt.unit, self.attempt.number, self.owner.world.clock(), *rest)

    def _end(self) -> None:
        attempt, outcome, world = self.attempt, self.fate.outcome, self.owner.world
        if outcome == "lost":
            return self._answer(self._event(Answer.LOST, {"type": "RunnerLost", "message": "gone", "bases": []}))
        if outcome != "ok":
            error = ValueError("no")
            error.status = self.fate.status  # type: ignore[attr-defined]
            answer = failed(attempt, error)
            detail = {**answer[4], "final": True} if outcome == "final" else answer[4]
            return self._answer(self._event(Answer.FAIL, detail, answer[5]))
        value = attempt.function(*attempt.args, **attempt.kwargs)
        world.results.setdefault((attempt.host.id, attempt.unit, attempt.number), []).append(value)
        kind, _, _, _, *rest = succeeded(attempt, value, None)
        self._answer(self._event(Answer(kind), *rest))

    def _answer(self, event: tuple[Any, ...]) -> None:
        """The answer, after its delay, and its echoes."""
        world = self.owner.world
        self.owner.loop.call_later(self.fate.delay, self._deliver, event)
        for more in self.fate.echoes:
            self.owner.loop.call_later(self.fate.delay + more, self.attempt.host.answer, event)
        world.count("duplicated answer", len(self.fate.echoes))
        world.count("delayed answer", self.fate.delay > 0)

    def _deliver(self, event: tuple[Any, ...]) -> None:
        self.attempt.host.answer(event)
        self.owner.bodies.pop((self.attempt.host.id, self.attempt.unit, self.attempt.number), None)
