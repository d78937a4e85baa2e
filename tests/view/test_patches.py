"""Patches: what a view is told of a run, held against what the run's facts come to, patch by patch."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from stratix_tasks import Engine, each, flow, repeat, task
from stratix_tasks.session.display import kept, run_source
from stratix_tasks.view.messages import Snapshot, Status
from stratix_tasks.view.snapshot import unpack
from stratix_tasks.view.widget import FlowView

FACTS = int(os.environ.get("STRATIX_PATCHED", "20000"))
"""About how many facts are journaled meanwhile; `make chaos` takes a million."""
GATE = threading.Event()


@task(runner="inline")
def opened(n: int) -> range:
    return range(n)


@task
def waits(n: int) -> int:
    """Until somebody looks."""
    GATE.wait(60)
    return n


@task(runner="inline")
def counted(x: int) -> int:
    if x % 1_000 == 7:
        raise ValueError(f"no {x}")
    return x


@task(runner="inline")
def longer(n: int) -> int:
    return n + 1


@flow
def patched_part(x: int) -> Any:
    return longer(longer.options(name="first")(x))


@flow
def patched_run(n: int = 10, parts: int = 3) -> Any:
    begun = waits(n)
    some = counted.options(gather="settled").map(each(opened(begun)))
    more = patched_part.map(x=each(opened.options(name="few")(parts)))
    return [some, more, repeat(longer.options(name="round"), begun, max=20)]


class Shown:
    """What a front end holds of a view, and what it was told when."""

    def __init__(self, engine: Engine, run: Any) -> None:
        self.source = run_source(run)
        self.live = self.source._live
        self.journaled: list[tuple[int, int]] = []
        """(the last sequence number before them, how many) of the facts of each turn."""
        self.covered: list[int] = []
        """By patch the last sequence number that it tells of."""
        self.numbers: list[int] = []
        self.wrong: list[str] = []
        self.view = FlowView(self.source, lambda *_: self.source, kept)
        self.held: Snapshot
        asked = threading.Event()

        def begin() -> None:
            self.view.send = self._send
            self.live.engine.listeners.append(lambda _live, seq, facts: self.journaled.append((seq, len(facts))))
            self.view._handle({"type": "resync"})  # as a front end does first
            asked.set()

        self.source.later(0.0, begin)
        assert asked.wait(20)

    def _send(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """In the engine's thread, after a turn: nothing is recorded meanwhile."""
        if message["type"] == "snapshot":
            self.held, self.first, self.begun = message["snapshot"], self.live.seq, message["snapshot"]["seq"]
            return
        for node, status in unpack((buffers or [b""])[0]):
            self.held["status"][node] = status
        self.held["texts"] = {**self.held["texts"], **message["texts"]}
        self.held["run"] = message["run"]
        self.covered.append(self.live.seq)
        self.numbers.append(message["seq"])
        self.wrong += differences(self.source, self.held)


def exact(status: Status) -> Status:
    """Progress is 32 bits wide on the way."""
    return (*status[:8], None if status[8] is None else round(status[8], 5), *status[9:])


def differences(source: Any, held: Snapshot) -> list[str]:
    """What is shown otherwise than it stands: no progress and times that only pass."""
    found = [
        f"{held['nodes'][node]['name']}: {held['status'][node]} for {status}"
        for node, status in source.records(None)
        if exact(held["status"][node]) != exact(status)
    ]
    return found + ([] if held["run"] == source.run_info() else ["the run"])


def test_each_fact_is_told_by_one_patch_and_all_of_them_make_the_run(tmp_path: Path) -> None:
    """Patches have no gap between them. What they have told until then is, at each, what the facts come to that are journaled until
    then: so none is left out, and none is told twice. At the end it is what somebody else reads from the journal."""
    GATE.clear()
    with Engine(tmp_path / "store") as engine:
        run = engine.start(patched_run, {"n": FACTS, "parts": max(FACTS // 2_000, 5)})
        shown = Shown(engine, run)
        GATE.set()
        run.wait(3_000)
        done = threading.Event()
        shown.source.later(0.3, done.set)  # the last patch comes after the end
        assert done.wait(20)
        shown.view.close()
        assert shown.wrong == []
        assert shown.numbers == [shown.begun + n for n in range(1, len(shown.numbers) + 1)]
        assert shown.covered == sorted(shown.covered)
        ends = [seq + count for seq, count in shown.journaled]
        assert [seq for seq, _ in shown.journaled] == [shown.first, *ends[:-1]]
        assert shown.covered[-1] == ends[-1]
        assert ends[-1] - shown.first >= FACTS
        assert len(shown.covered) < len(shown.journaled)  # each tells of many
        run_id = run.id
    with Engine(tmp_path / "store") as other:
        assert differences(run_source(other.run(run_id)), shown.held) == []
