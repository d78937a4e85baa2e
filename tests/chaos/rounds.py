"""Rounds of `kill -9`: a process runs a flow, is killed at a random moment, and another goes on, until it is done."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from victim import APART, DEEP, ITEMS, expected

from stratix_tasks import Engine
from stratix_tasks.core.facts import (
    AGAIN,
    COMPLETED,
    CREATED,
    GIVEN,
    MOVED,
    ROLLED,
    SPAWNED,
    STARTED,
    STARTED_MANY,
    Fact,
)
from stratix_tasks.core.states import Event
from stratix_tasks.store import ids
from stratix_tasks.store.analytics import History
from stratix_tasks.store.locks import start_time

VICTIM = Path(__file__).with_name("victim.py")
NODES = 3 * ITEMS + APART + 2**DEEP + 2
"""Bodies of a run of the victim."""
LOOK = 0.002
"""Seconds between looks at how far a victim is."""
LONG = 60.0
"""Seconds after which one that hangs is killed all the same; who goes on with its run tells what is wrong."""


@dataclass
class Story:
    """What came of the rounds of one store."""

    kills: int = 0
    live: int = 0
    """Kills that hit a run of which something had started and something was left to do."""
    faults: list[str] = field(default_factory=list)


def kill_until_done(store: Path, random: Random, kills: int) -> Story:
    """Kill `kills` victims, each going on where the last one died, then let one end. `faults` tells broken promises."""
    story = Story()
    log = store.with_suffix(".log")
    seen: set[str] = set()
    for _ in range(kills):
        lines, code = _live_and_die(store, log, random)
        seen.update(line.split()[1] for line in lines if line.startswith("seen "))
        if code == 0:
            break
        story.kills += 1
        story.faults += _orphans(log)
        story.live += _was_live(store)
        story.faults += _broken(store, log, seen)
    done = subprocess.run(
        [sys.executable, VICTIM, store, log], capture_output=True, text=True, timeout=120, check=False
    )
    if f"value {expected()}" not in done.stdout:
        end = f"exit code {done.returncode}: {done.stdout[-300:]}{done.stderr[-2000:]}"
        story.faults.append(f"the run did not complete after recover(): {end}")
    story.faults += _broken(store, log, seen)
    return story


def _live_and_die(store: Path, log: Path, random: Random) -> tuple[list[str], int]:
    """Killed a moment after so many bodies have begun, at any place of the run: how fast the machine is makes no difference."""
    child = subprocess.Popen(
        [sys.executable, VICTIM, store, log], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    first = child.stdout.readline()
    begun = _bodies(log)
    last = random.randint(begun, max(begun, NODES))
    late = random.uniform(0, 5 * LOOK)
    rest, limit = _output(child, LOOK), monotonic() + LONG
    while rest is None and _bodies(log) < last and monotonic() < limit:
        rest = _output(child, LOOK)
    if rest is None and (rest := _output(child, late)) is None:
        child.kill()
        rest, _ = child.communicate()
    whole = rest[: rest.rfind("\n") + 1]  # a line that was cut short was not seen
    return [first, *whole.splitlines()], child.returncode


def _output(child: subprocess.Popen[str], seconds: float) -> str | None:
    """What it said, when it ends in that time."""
    try:
        return child.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        return None


def _bodies(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _records(store: Path) -> list[tuple[str, list[Fact]]]:
    """Each run's facts, by run id; the store is opened as any reader does."""
    with Engine(store) as engine:
        names = [run.id for run in engine.runs()]
        cuts = engine.store.catalog.cuts
        return [(name, engine.store.journals.record(ids.key(name), cuts=cuts(name)).facts) for name in names]


def _was_live(store: Path) -> bool:
    facts = [facts for _, facts in _records(store)]
    if not facts:
        return False
    started = recorded_starts(facts[0])
    done = sum(fact[0] == COMPLETED for fact in facts[0])
    return started > 0 and done < NODES


def _orphans(log: Path) -> list[str]:
    """Worker processes that are still there a while after their kernel was killed."""
    file = log.with_name(log.name + ".pids")
    pids = {tuple(line.split()) for line in file.read_text().splitlines()} if file.exists() else set()
    tick, limit = threading.Event(), monotonic() + 10
    while (
        left := [pid for pid, *started in pids if [start_time(int(pid))] == started and _runs(pid)]
    ) and monotonic() < limit:
        tick.wait(0.01)
    return [f"worker processes outlived their kernel: {left}"] if left else []


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _broken(store: Path, log: Path, seen: set[str]) -> list[str]:
    """Promises that do not hold for what is in the store now."""
    faults: list[str] = []
    records = _records(store)
    if len(records) > 1:
        faults.append(f"{len(records)} runs where one was started")
    for name, facts in records:
        faults += _doubled(facts)
        faults += _waits_broken(facts)
        faults += _spawned_twice(facts)
        faults += _more_bodies_than_starts(facts, log)
        faults += _lost(store, name, facts, seen)
    return faults


def _doubled(facts: list[Fact]) -> list[str]:
    """A result is recorded once for each unit, unless it was set back in between."""
    found, done = [], set()
    for fact in facts:
        if fact[0] == COMPLETED:
            if fact[2] in done:
                found.append(f"unit {fact[2]} was recorded as completed twice")
            done.add(fact[2])
        elif fact[0] in (AGAIN, ROLLED):
            done.difference_update(unit for first, stop in fact[2] for unit in range(first, stop))
    return found


def _waits_broken(facts: list[Fact]) -> list[str]:
    """A node waits once, whoever runs the run, and a sleep is never over before its time."""
    found, due = [], dict[int, float]()
    for fact in facts:
        unit = fact[2]
        if fact[0] == MOVED and fact[3] == Event.WAIT:
            found += [f"unit {unit} waits again"] if unit in due else []
            due[unit] = fact[7]["wait"]["due"] or 0.0
        elif fact[0] == GIVEN and unit in due:
            found += [f"unit {unit} ended its wait too early"] if fact[1] < due[unit] else []
    return found


def _spawned_twice(facts: list[Fact]) -> list[str]:
    """An item that another one spawned is there once, however often its body ran."""
    told = Counter((fact[3], fact[6], fact[7]) for fact in facts if fact[0] == SPAWNED)
    return [f"item {parent} spawned '{name}' {count} times" for (_, parent, name), count in told.items() if count > 1]


def recorded_starts(facts: list[Fact]) -> int:
    return sum(fact[3] - fact[2] if fact[0] == STARTED_MANY else fact[0] == STARTED for fact in facts)


def _more_bodies_than_starts(facts: list[Fact], log: Path) -> list[str]:
    """No body starts before its start is on record, so there are never more of them."""
    bodies = Counter(log.read_text().splitlines()) if log.exists() else Counter()
    starts = recorded_starts(facts)
    twice = [line for line, count in bodies.items() if count > 1]
    found = [f"{sum(bodies.values())} bodies for {starts} recorded starts"] if sum(bodies.values()) > starts else []
    return found + ([f"attempts that ran twice: {twice}"] if twice else [])


def _lost(store: Path, run: str, facts: list[Fact], seen: set[str]) -> list[str]:
    """What someone saw as completed is still so, in the journal and in the history."""
    assert facts[0][0] == CREATED
    with Engine(store) as engine:
        states = {row["name"]: row["state"] for row in engine.run(run).progress()}
        frame = History(engine.store).tasks(run=run)
    told = dict(zip(frame["node"][frame["item"].isna()], frame["state"][frame["item"].isna()], strict=True))
    return [
        f"{name} was seen completed and is {states.get(name)} / {told.get(name)}"
        for name in sorted(seen)
        if states.get(name) != "completed" or told.get(name) != "completed"
    ]


def rounds(folder: Path, count: int, seed: int) -> list[Story]:
    """Stores are used up one after the other until `count` kills were made."""
    random, stories = Random(seed), []
    while sum(story.kills for story in stories) < count:
        left = count - sum(story.kills for story in stories)
        stories.append(kill_until_done(folder / f"store{len(stories)}", random, min(random.randint(1, 4), left)))
    return stories
