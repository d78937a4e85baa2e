"""Makes a golden store: `python tests/store/golden/make.py tests/store/golden/v2` (a new folder).

Run it once when the format gets a new version, or something new in the same one, and commit what it made. Stores that
are there stay as they are. `expected.json` holds what the version that made the store reads out of it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from golden_reading import read_out

from stratix_tasks import Engine
from stratix_tasks.store import journal
from stratix_tasks.store.reader import frames

FOLDER = Path(sys.argv[1]).absolute()
HERE = Path(__file__).resolve().parent
LONG = 30.0


def neutral() -> Any:
    """The flows, from a file without a folder, on a host without a name: nothing of this machine is to be recorded."""
    socket.gethostname = lambda: "golden"
    os.chdir(HERE)
    module = sys.modules["golden_flows"] = ModuleType("golden_flows")
    exec(compile(Path("golden_flows.py").read_text(), "golden_flows.py", "exec"), module.__dict__)
    return module


flows = neutral()


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    store = folder / "store"
    ended(store)
    turned(store)
    kill_in(store, "claimed", "gated-3")
    claimed(store)
    kill_in(store, "left", "gated-4")
    tear(store)
    for name in ("catalog.sqlite", "ballast"):
        (store / name).unlink(missing_ok=True)
    for name in ("locks", "archive"):
        shutil.rmtree(store / name)
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(store, Path(place) / "store")
        with Engine(Path(place) / "store") as engine:
            expected = read_out(engine)
    (folder / "expected.json").write_text(lines(expected))


def lines(expected: dict[str, Any]) -> str:
    """JSON with a line for each thing that is told of a run."""
    runs = []
    for flow, told in expected.items():
        things = (f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in told.items())
        runs.append(f" {json.dumps(flow)}: {{\n" + ",\n".join(things) + "\n }")
    return "{\n" + ",\n".join(runs) + "\n}\n"


def ended(store: Path) -> None:
    """Runs that came to an end, each in its way, in one engine; its journal is sealed."""
    with Engine(store, concurrency=4) as engine:
        engine.start(flows.kinds, tags=("golden",), key="once").result(LONG)
        failing = engine.start(flows.failing)
        assert failing.wait(LONG) == "failed"
        failing.retry("broken")
        assert failing.wait(LONG) == "failed"
        given = engine.start(flows.given)
        assert given.wait(LONG) == "failed"
        given.skip("broken", value=41)
        assert given.result(LONG) == 42
        reopened = engine.start(flows.reopened)
        assert reopened.wait(LONG) == "failed"
        reopened.skip("part.broken", value=1)
        assert reopened.result(LONG) == 2
        engine.start(flows.grown).result(LONG)
        engine.start(flows.walked).result(LONG)
        engine.start(flows.stepped).result(LONG)
        engine.start(flows.pooled).result(LONG)
        assert engine.start(flows.raced).result(LONG) == [[9], None]
        waited(engine)
        halted(engine)
        revised(engine)
        cancelled = engine.start(flows.ended)
        flows.wait_for("gated-2")
        cancelled.cancel()
        flows.mark("go-2")
        assert cancelled.wait(LONG) == "cancelled"


def waited(engine: Engine) -> None:
    run = engine.start(flows.waited)
    run.send("go", {"rows": [1, 2]})
    while run.progress()[0]["state"] != "waiting":
        run.wait(0.01)
    run.approve("ask", by="golden")
    assert run.result(LONG) == ["golden", {"rows": [1, 2]}, None]


def revised(engine: Engine) -> None:
    run = engine.start(flows.revised)
    flows.wait_for("gated-5")
    run.breakpoint("after")
    run.set("after", args={"x": 10})
    flows.mark("go-5")
    while run.progress()[1]["state"] != "held":
        run.wait(0.01)
    run.resume("after")
    assert run.result(LONG) == 11
    run.rollback(to="gated")
    run.resume()
    while run.progress()[1]["state"] != "held":
        run.wait(0.01)
    run.resume("after")
    assert run.result(LONG) == 11
    assert run.fork(from_="after").result(LONG) == 6


def halted(engine: Engine) -> None:
    run = engine.start(flows.halted)
    flows.wait_for("gated-1")
    run.pause("after")
    run.pause()
    flows.mark("go-1")
    while run.wait(0.01) != "paused":
        pass
    run.resume()
    run.resume("after")
    assert run.result(LONG) == 2


def turned(store: Path) -> None:
    """A journal of more than one file."""
    whole, journal.ROTATE = journal.ROTATE, 3_000
    try:
        with Engine(store, concurrency=2) as engine:
            engine.start(flows.turned).result(LONG)
            assert len(engine.store.journals.files(engine.id)) > 1
    finally:
        journal.ROTATE = whole


def kill_in(store: Path, flow: str, mark: str) -> None:
    """Start a flow in a process of its own and kill that once a body is where it waits and nothing else is left to do."""
    child = subprocess.Popen([sys.executable, __file__, str(store), flow], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    flows.wait_for(mark)
    assert child.stdout.readline() == "settled\n"
    child.send_signal(signal.SIGKILL)
    child.wait()


def start_and_wait(store: Path, flow: str) -> None:
    """In the process that is killed: tell when all but the waiting body and what needs it is done."""
    engine = Engine(store, concurrency=4)
    run = engine.start(getattr(flows, flow))
    while sum(row["state"] not in ("completed", "skipped") for row in run.progress()) > 2:
        run.wait(0.01)
    run.wait(0.2)  # logs are written a moment later
    print("settled", flush=True)
    run.wait(LONG)


def claimed(store: Path) -> None:
    """A second engine goes on with what the dead one left."""
    flows.mark("go-3")
    with Engine(store) as engine:
        (run,) = engine.recover()
        assert run.result(LONG)[2] == 4


def tear(store: Path) -> None:
    """Leave half a frame at the end of the journal of the engine that was killed last, as a power loss does."""
    path = max((store / "journal").glob("*/1.log"), key=lambda path: path.stat().st_mtime)
    first = next(frames(path))
    with path.open("r+b") as file:
        file.seek(first.start)
        torn = file.read(first.end - first.start - 7)
        file.seek(0, os.SEEK_END)
        file.write(torn)


def _in_a_gate(work: Any, *args: Any) -> None:
    with tempfile.TemporaryDirectory() as gate:
        os.environ.setdefault("GOLDEN_GATE", gate)
        work(*args)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        start_and_wait(FOLDER, sys.argv[2])
    else:
        _in_a_gate(main, FOLDER)
