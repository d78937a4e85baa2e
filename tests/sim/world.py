"""A world made from a seed: runs, their owners, what goes wrong, what people ask; every turn is checked.

The same seed gives the same story, byte for byte: the one source of chance is the seed, the one source of time the
virtual clock.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson
from asking import drawn
from case import Case, short
from disk import Crash, Disk, JournalOn
from engine_promises import bodies_and_places, is_over
from owner import Owner
from promises import Broken
from scenes import SIGNAL, Fate, fate

from stratix_tasks.core.states import RUN_TERMINAL, TERMINAL, RunState, State
from stratix_tasks.core.targets import label
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StoreError, StratixError
from stratix_tasks.store import ids, journal
from stratix_tasks.store.store import Store
from stratix_tasks.testing import VirtualClock, VirtualLoop

MOST = 30_000
"""Turns after which a world that has not ended is stuck in a circle."""
MOST_STEPS = 300
"""Times that what is held is let go: rounds and scopes that open later may be held, too."""


class World:
    """`play()` runs the story of a seed to its end; Broken when a promise does not hold."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.random = seed, Random(seed)
        self.counts: Counter[str] = Counter()
        self.trace: list[str] = []
        self.clock = VirtualClock()
        self.loop = VirtualLoop(self.clock)
        self.store = Store(folder)
        self.wild = self.random.choice((0.0, 0.4, 0.8, 1.0))
        self.concurrency = self.random.choice((1, 2, 8))
        self.pools = self.random.choice(({}, {"narrow": 2}))
        self.shy = self.random.random() < 0.5
        """Whether most values have to be prepared: they are not in memory, or no list of Python's own."""
        self.rotate = self.random.choice((1500, 8000, 1 << 20))
        self.disk = Disk(self._plan, self.random)
        self.current: Owner | None = None
        self.owners: list[Owner] = []
        self.results: dict[tuple[str, int, int], list[Any]] = {}
        """What the bodies of an attempt gave; two where an old owner went on unaware."""
        self.spawned: set[tuple[str, int, int]] = set()
        self.calm = False
        self.failure: BaseException | None = None
        self.turns = self.writes = self.made = 0
        self.cases = [Case(self.random, number) for number in range(1, self.random.choice((2, 2, 3)))]
        self.crash_at: dict[int, str] = {}
        self.crash_claims = 0
        self.span = self.random.choice((0.5, 4.0, 15.0, 60.0))
        """Seconds in which most goes wrong and is asked."""

    # ------------------------------------------------------------------ the story

    def play(self) -> World:
        with warnings.catch_warnings(), JournalOn(self.disk, self.rotate):
            warnings.simplefilter("ignore")
            try:
                self._play()
            finally:
                for owner in self.owners:
                    owner.die() if not owner.dead else None
                self.loop.close()
                self.store.catalog.close()
        return self

    def _play(self) -> None:
        first = self._owner()
        for case in self.cases:
            self.loop.call_later(self.random.choice((0.0, 0.0, 2.0)), self._start, first, case)
        self._plan_faults()
        self._plan_requests()
        self._run()
        self.calm = True
        self.disk.full, self.disk.bad = False, 0
        self._recover()
        self._run()
        self._finish(self.random.choice(("let go", "let go", "cancel", "pause")))
        for case in self.cases:
            if not case.lost:
                self.count(f"{is_over(self, case)} run")
        self.say("the end")

    def _plan_faults(self) -> None:
        random, wild = self.random, self.wild
        if random.random() < wild:
            for _ in range(random.randint(1, 4)):
                self.crash_at[random.randint(1, 60)] = random.choice(("before", "torn", "after"))
        if random.random() < wild:
            self.crash_claims = random.choice((0, 1, 2))
        moments = {"_crash": 0.4, "_disk_full": 0.6, "_disk_io": 0.4, "_jump": 0.6, "_stop": 0.5}
        for name, chance in moments.items():
            while random.random() < chance * wild:
                self.loop.call_later(random.uniform(0, self.span), getattr(self, name))

    def _plan_requests(self) -> None:
        for _ in range(self.random.choice((0, 0, 2, 5))):
            self.loop.call_later(self.random.uniform(0, self.span), self._ask_something)

    def _run(self) -> None:
        """Until nothing is left to do."""
        self.loop.run_forever()
        if self.failure is not None:
            raise self.failure

    def within(self, owner: Owner, callback: Callable[..., Any], *args: Any) -> Any:
        """Something that happens in one process; it may die of it. Then everything is looked at."""
        if self.failure is not None or owner.dead:
            return None
        before, self.current = self.current, owner
        try:
            self.turns += 1
            if self.turns > MOST:
                raise Broken(f"no end after {MOST} turns")
            result = callback(*args)
            if not owner.fenced:
                bodies_and_places(owner)
            return result
        except Crash:
            self._died(owner)
        except BaseException as error:
            self.failure = error
            self.loop.stop()
        finally:
            self.current = before
        return None

    def say(self, line: str) -> None:
        self.trace.append(f"{self.clock.monotonic:.6f} {line}")

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] += by

    # ------------------------------------------------------------------ owners

    def _owner(self) -> Owner:
        self.made += 1
        owner = Owner(self, f"owner{self.made}")
        self.owners.append(owner)
        return owner

    @property
    def owner(self) -> Owner | None:
        """Who runs the runs now, if somebody does."""
        last = self.owners[-1]
        return None if last.dead or last.stopped else last

    def _start(self, owner: Owner, case: Case) -> None:
        def start() -> None:
            try:
                owner.start(case)
            except StoreError:
                case.lost = True

        if owner.dead or owner is not self.owner:
            case.lost = True
        else:
            self.within(owner, start)

    def _died(self, owner: Owner) -> None:
        self.say(f"{owner.name} died")
        self.count("crash")
        owner.die()
        if not owner.fenced:
            self.loop.call_later(self.random.choice((0.0, 1.0, 30.0)), self._recover)

    def _recover(self) -> None:
        """Another process goes on with what nobody runs."""
        if self.failure is not None or not (self.owners[-1].dead or self.owners[-1].fenced):
            return
        try:
            owner = self._owner()
        except StoreError:
            self.loop.call_later(3.0, self._recover)
            return
        self.say(f"{owner.name} recovers")
        for case in self.cases:
            row = self.store.catalog.run(case.id)
            if row is not None and row.ended is None and not owner.dead:
                self.within(owner, owner.take_over, case)

    def close(self, writer: journal.JournalWriter) -> None:
        """A process's files are closed with it, without a seal."""
        import os

        if writer._fd >= 0:
            os.close(writer._fd)
            writer._fd = -1

    # ------------------------------------------------------------------ what goes wrong

    def _plan(self, _size: int) -> str:
        if self.calm or self.current is None or self.current.fenced:
            return ""
        self.writes += 1
        crash = self.crash_at.pop(self.writes, "")
        if crash:
            self.count(f"crash {crash} a write")
            return crash
        if self.random.random() < 0.03 * self.wild:
            fault = self.random.choice(("short", "slow", "slow"))
            self.count(f"{fault} write")
            if fault == "short":
                return "short"
            self.clock.advance(self.random.choice((0.02, 0.4, 3.0)))
        return ""

    def at_claim(self, owner: Owner) -> None:
        if self.crash_claims and not self.calm:
            self.crash_claims -= 1
            self.count("crash after a claim")
            raise Crash

    def _crash(self) -> None:
        if (owner := self.owner) is not None and not self.calm:
            self.count("crash between turns")
            self._died(owner)

    def _disk_full(self) -> None:
        self.count("full disk")
        self.say("the disk is full")
        self.disk.full, self.disk.room = True, self.random.choice((0, 0, 300))
        self.loop.call_later(self.random.choice((0.5, 3.0, 20.0)), self._disk_free)

    def _disk_free(self) -> None:
        self.say("the disk has room")
        self.disk.full = False

    def _disk_io(self) -> None:
        self.count("write error")
        self.disk.bad = self.random.randint(1, 3)

    def _jump(self) -> None:
        seconds = self.random.choice((-3600.0, -5.0, -0.5, 0.5, 5.0, 3600.0))
        self.count("clock jump")
        self.say(f"the clock jumps by {seconds}")
        self.clock.jump(seconds)

    def _stop(self) -> None:
        """The owner is stopped for a while; at times another takes its runs over meanwhile."""
        owner = self.owner
        if owner is None or self.calm:
            return
        owner.stopped = True
        self.say(f"{owner.name} is stopped")
        self.count("stopped owner")
        if self.random.random() < 0.5:
            self.loop.call_later(self.random.choice((0.5, 5.0)), self._fence, owner)
        self.loop.call_later(self.random.choice((1.0, 8.0, 40.0)), self._wake, owner)

    def _fence(self, owner: Owner) -> None:
        if owner.stopped and not owner.dead:
            owner.fenced = True
            self.count("two owners")
            self._recover()

    def _wake(self, owner: Owner) -> None:
        self.say(f"{owner.name} goes on")
        owner.go_on()

    # ------------------------------------------------------------------ what people ask

    def _ask_something(self) -> None:
        owner, random = self.owner, self.random
        lives = list(owner.lives.values()) if owner is not None else []
        if not lives or self.calm:
            return
        live = random.choice(lives)
        case, s = next(case for case in self.cases if case.id == live.id), live.core.state
        if s.waits and random.random() < 0.3:
            self._answer_wait(owner, case, random.choice(sorted(s.waits)))
        elif (asked := drawn(random, s)) is not None:
            self.ask(owner, case, *asked)
        if random.random() < 0.4:
            self.loop.call_later(random.choice((0.0, 0.1, 1.0)), self._ask_something)

    def _answer_wait(self, owner: Owner, case: Case, unit: int) -> None:
        s = owner.lives[case.id].core.state
        self.count("answered wait")
        if s.waits[unit]["for"] == "approval":
            self.ask(owner, case, "approve", label(s, unit), {"by": "sim"})
        else:
            self.ask(owner, case, "send", None, {"name": SIGNAL, "value": self._value()})

    def _value(self) -> dict[str, Any]:
        """A value as requests carry it."""
        return {"codec": "json", "payload": self.turns, "summary": None}

    def ask(
        self, owner: Owner, case: Case, verb: str, target: str | None = None, args: dict[str, Any] | None = None
    ) -> bool:
        """Whether it was taken."""
        outcome = "taken"

        def ask() -> None:
            nonlocal outcome
            error = owner.engine.ask(owner.own(case), verb, target, args, by="sim").exception()
            if error is not None:
                outcome = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
                if not isinstance(error, StratixError):
                    raise error

        self.within(owner, ask)
        self.say(f"asked run {case.number} to {verb} {target or ''}: {outcome}")
        self.count("request")
        return outcome == "taken"

    def fate_of(self, attempt: Any) -> Fate:
        live = attempt.host
        made = fate(
            f"{self.seed}:{live.id}:{live.name(attempt.unit)}:{attempt.number}", self.wild if not self.calm else 0.2
        )
        self.count(f"{made.outcome} body")
        return made

    # ------------------------------------------------------------------ what is looked at

    def told(self, owner: Owner, case: Case, live: LiveRun, seq: int, facts: Sequence[Any]) -> None:
        """Facts are visible from now on, if this owner is still the one that the catalog names."""
        row = self.store.catalog.run(case.id)
        fenced = row is not None and row.owner != owner.name
        for fact in facts:
            self.say(
                f"{owner.name}{' (fenced)' if fenced else ''} run {case.number}: {orjson.dumps(short(fact)).decode()}"
            )
        if fenced:
            self.count("fact behind a cut", len(facts))
            record = self.store.journals.record(ids.key(case.id), cuts=self.store.catalog.cuts(case.id))
            if record.facts[: len(case.seen)] != case.seen or len(record.facts) > len(case.seen):
                raise Broken("a fact behind a cut is seen by a reader")
        else:
            case.take(seq, facts, live.core)

    def begun(self, owner: Owner, attempt: Any) -> None:
        """A body starts: its start is on record, and it is the only one of this attempt."""
        if owner.fenced:
            return
        case = next(case for case in self.cases if case.id == attempt.host.id)
        key = (attempt.unit, attempt.number)
        if key not in case.starts:
            raise Broken(f"the body of {key} starts, its start is not on record")
        if key in case.begun:
            raise Broken(f"the body of {key} starts twice")
        case.begun.add(key)

    # ------------------------------------------------------------------ the end

    def _finish(self, how: str) -> None:
        """Bring every run to its end: by letting it go, by a cancel, or by a pause that must settle first."""
        self.say(f"finish: {how}")
        owner = self.owner
        assert owner is not None
        held = [case for case in self.cases if case.id in owner.lives]
        for case in held:
            before = owner.lives[case.id].core.state.run
            if how == "cancel" and before not in RUN_TERMINAL:
                if not self.ask(owner, case, "cancel"):
                    raise Broken(f"a run that is {before.label} can't be cancelled")
                self._run()
                self._need_state(owner, case, "cancelled", {RunState.CANCELLED})
            elif how == "pause" and before in RUN_TERMINAL - {RunState.COMPLETED}:
                self.ask(owner, case, "retry")
                self.ask(owner, case, "pause")
                self._run()
                self._need_state(owner, case, "paused", {RunState.PAUSED, *RUN_TERMINAL})
        for _ in range(MOST_STEPS):
            if not sum(self._let_go(owner, case) for case in held):
                break
        self._run()

    def _need_state(self, owner: Owner, case: Case, what: str, fine: set[RunState]) -> None:
        """That it is one of these; or ending, where what belongs to its end may wait for a place that another run keeps, which is
        paused or has a body that is."""
        state = owner.lives[case.id].core.state.run
        others = (owner.lives[one.id].core for one in self.cases if one is not case and one.id in owner.lives)
        keeps = (core.is_paused or bool(core.state.status.count(State.SUSPENDED)) for core in others)
        if state not in fine and not (state is RunState.ENDING and any(keeps)):
            raise Broken(f"a run that was {what} is {state.label} when nothing happens any more")

    def _let_go(self, owner: Owner, case: Case) -> bool:
        """Whether there was something to let go, or to answer."""
        core, before = owner.lives[case.id].core, self.counts["request"]
        s = core.state
        if core.is_paused:
            self.ask(owner, case, "resume")
        for unit in sorted(s.waits):
            if unit in s.waits and s.waits[unit]["for"] != "sleep":
                self._answer_wait(owner, case, unit)
        for unit in range(len(s.status)):
            if s.mark(unit) and s.status[unit] not in TERMINAL and not core.is_over and not s.gone(unit):
                self.ask(owner, case, "resume", label(s, unit))
        self._run()
        return self.counts["request"] > before
