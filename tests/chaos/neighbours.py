"""Hostile neighbours: what a store has to bear from the cells and processes beside the run that writes it.

Inside the kernel's process threads copy, hash, open and close every file of the store and fork children that do the
same; other processes stop and continue the kernel, come and go with commands, and keep the history's database open. The
flow prints very much and makes many results.

`python tests/chaos/neighbours.py [--full]` runs it and prints figures; it exits with 1 when a promise does not hold.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import pandas

from stratix_tasks import Engine, each, flow, history, task
from stratix_tasks.errors import StoreError
from stratix_tasks.runners.ends import HEAD, TAIL
from stratix_tasks.store import ids
from stratix_tasks.store.projection import Projection
from stratix_tasks.store.store import Store

MB = 1 << 20
RESULT = 32_000
"""Bytes of each result."""
MOST_MEMORY = 100.0
"""MB that the kernel may grow by."""
COMMANDS = (("runs",), ("history", "select count(*) from tasks"))


@dataclass(frozen=True)
class Size:
    """How much of everything; `hold`: seconds that the reader keeps the history open."""

    prints: int
    results: int
    hold: float


SHORT = Size(30_000, 300, 2.0)
FULL = Size(1_000_000, 10_000, 60.0)


@dataclass
class Story:
    """What came of it. Sizes in MB, times in seconds."""

    faults: list[str] = field(default_factory=list)
    run: float = 0.0
    facts: int = 0
    visible: int = 0
    payloads: float = 0.0
    disk: float = 0.0
    memory: float = 0.0
    copies: int = 0
    forks: int = 0
    stops: int = 0
    commands: int = 0
    busy: int = 0
    """Commands that were told that somebody else reads the history."""
    held: float = 0.0


# ---------------------------------------------------------------------- the kernel and its cells


@task
def chatty(n: int) -> int:
    for number in range(n):
        print("line", number)
    return n


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def blob(x: int) -> str:
    return f"{x:08d}" * (RESULT // 8)


@task
def size(part: str) -> int:
    return len(part)


@task
def total(sizes: list[int], lines: int) -> int:
    return sum(sizes) + lines


@flow
def busy(prints: int, results: int) -> int:
    return total(size.map(each(blob.map(each(numbers(results))))), chatty(prints))


def kernel(store: Path, amount: Size) -> None:
    """In the kernel's process: run the flow among hostile cells; tell by lines on stdout what was seen."""
    with Engine(store) as engine, (store.parent / "visible").open("w") as visible:
        engine.start(busy, {"prints": 10, "results": 10}).result(60.0)  # what is loaded late is loaded now
        end, done = threading.Event(), {"copies": 0, "forks": 0}
        cells = [threading.Thread(target=cell, args=(store, end, done)) for cell in (copy_all, fork_often)]
        for cell in cells:
            cell.start()
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
        _tell({})
        sys.stdin.readline()  # the neighbours are there
        engine.on("*", lambda event: visible.write(_line(event)))
        begun = monotonic()
        run = engine.start(busy, {"prints": amount.prints, "results": amount.results})
        while run.wait(0.05) not in ("completed", "failed", "cancelled"):
            run.progress()
        took = monotonic() - begun
        told = {
            "run": run.id,
            "status": run.status,
            "value": run.result(),
            "took": took,
            "gaps": [line for line in run.logs("chatty") if line.endswith("were not kept …")],
        }
        _tell(told)
        sys.stdin.readline()  # the neighbours go on for a while
        end.set()
        for cell in cells:
            cell.join()
        _tell({"memory": _memory("VmHWM") - before, **done})


def _line(event: dict[str, Any]) -> str:
    return json.dumps([event["run"], event["seq"], event.get("node"), event.get("item"), event.get("state")]) + "\n"


def _tell(data: dict[str, Any]) -> None:
    sys.__stdout__.write(json.dumps(data) + "\n")
    sys.__stdout__.flush()


def _memory(name: str) -> float:
    """MB of this process."""
    text = Path("/proc/self/status").read_text()
    return float(text.split(f"{name}:")[1].split()[0]) / 1024


def copy_all(store: Path, end: threading.Event, done: dict[str, int]) -> None:
    """A cell that copies and hashes every file of the store, and opens the catalog, over and over."""
    place = store.parent / "copy"
    while not end.wait(0.01):
        for path in _files(store):
            try:
                shutil.copyfile(path, place)
                digest = sha256()
                with path.open("rb") as file:
                    while part := file.read(MB):
                        digest.update(part)
                done["copies"] += 1
            except FileNotFoundError:
                continue
            if end.is_set():
                return
        _open_catalog(store)


def _open_catalog(store: Path) -> None:
    """Closing a file takes away the locks that this process has on it: SQLite's own too."""
    db = sqlite3.connect(f"file:{store / 'catalog.sqlite'}?mode=ro", uri=True)
    try:
        db.execute("SELECT count(*) FROM runs").fetchone()
    except sqlite3.OperationalError:
        return
    finally:
        db.close()
        os.close(os.open(store / "catalog.sqlite", os.O_RDONLY))


def fork_often(store: Path, end: threading.Event, done: dict[str, int]) -> None:
    """A cell that forks children; each opens and closes the files of the store and ends."""
    while not end.wait(0.05):
        paths = list(map(str, _files(store)))
        child = os.fork()
        if child == 0:
            for path in paths:
                try:
                    os.close(os.open(path, os.O_RDONLY))
                except OSError:
                    continue
            os._exit(0)
        os.waitpid(child, 0)
        done["forks"] += 1


def _files(store: Path) -> list[Path]:
    return sorted(path for path in store.rglob("*") if path.is_file())


# ---------------------------------------------------------------------- the neighbours


def reader(store: Path, hold: float) -> None:
    """In a process of its own: keep the history's database open."""
    limit = monotonic() + 60.0
    while True:
        try:
            with Projection(Store(str(store), write=False)).open() as db:
                begun = monotonic()
                print("held", flush=True)
                pause = threading.Event()
                while monotonic() - begun < hold:
                    db.execute("SELECT count(*) FROM tasks").fetchone()
                    pause.wait(0.1)
                return
        except StoreError as error:
            if error.code != "busy" or monotonic() > limit:
                raise


def stop_often(pid: int, end: threading.Event, story: Story, random: Random) -> None:
    """A neighbour that stops the kernel and lets it go on."""
    while not end.wait(random.uniform(0.05, 0.4)):
        os.kill(pid, signal.SIGSTOP)
        end.wait(random.uniform(0.01, 0.15))
        os.kill(pid, signal.SIGCONT)
        story.stops += 1


def ask_often(store: Path, end: threading.Event, story: Story) -> None:
    """Commands that come and go. One that finds the history in use is told so; anything else is a fault."""
    number = 0
    while not end.is_set():
        command = COMMANDS[number % len(COMMANDS)]
        number += 1
        done = subprocess.run(
            [sys.executable, "-m", "stratix_tasks", *command],
            env={**os.environ, "STRATIX_STORE": str(store)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        story.commands += 1
        if done.returncode == 2 and "another process reads" in done.stderr.replace("\n", " "):
            story.busy += 1
        elif done.returncode:
            story.faults.append(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")


# ---------------------------------------------------------------------- the whole


def neighbours(folder: Path, amount: Size, seed: int = 1) -> Story:
    """Run it all on a new store in `folder`. `faults` tells broken promises."""
    story, store, end = Story(), folder / "store", threading.Event()
    child = _start("--kernel", store, json.dumps(asdict(amount)))
    _heard(child)
    other = _start("--reader", store, str(amount.hold))
    assert other.stdout is not None
    if other.stdout.readline() != "held\n":
        story.faults.append("the reader could not hold the history")
    begun = monotonic()
    around: list[tuple[Callable[..., None], tuple[Any, ...]]] = [
        (stop_often, (child.pid, end, story, Random(seed))),
        (ask_often, (store, end, story)),
    ]
    threads = [threading.Thread(target=function, args=arguments) for function, arguments in around]
    for thread in threads:
        thread.start()
    try:
        told = _heard(child, "go\n")
        if other.wait(amount.hold + 120):
            story.faults.append(f"the reader ended with {other.returncode}")
        story.held = monotonic() - begun
    finally:
        end.set()
        for thread in threads:
            thread.join()
    last = _heard(child, "end\n")
    if child.wait(60):
        story.faults.append(f"the kernel ended with {child.returncode}")
    story.run, story.memory = told["took"], last["memory"]
    story.copies, story.forks = last["copies"], last["forks"]
    _judge(story, store, amount, told)
    return story


def _start(*arguments: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _heard(child: subprocess.Popen[str], say: str = "") -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    if say:
        child.stdin.write(say)
        child.stdin.flush()
    line = child.stdout.readline()
    if not line:
        raise RuntimeError(f"the kernel died with {child.wait(60)}")
    found: dict[str, Any] = json.loads(line)
    return found


def _judge(story: Story, store: Path, amount: Size, told: dict[str, Any]) -> None:
    """Compare what was seen and what is there with what was promised."""
    faults = story.faults
    size_of_one = RESULT // 8 * 8
    if (told["status"], told["value"]) != ("completed", amount.results * size_of_one + amount.prints):
        faults.append(f"the run is {told['status']} with value {told['value']}")
    between = amount.prints - HEAD - TAIL
    if told["gaps"] != ([f"… {between:,} lines were not kept …"] if between > 0 else []):
        faults.append(f"lines that were not kept are not told of: {told['gaps']}")
    story.payloads = (amount.results + 10) * size_of_one / MB
    story.disk = sum(path.stat().st_size for path in _files(store) if path.name != "ballast") / MB
    if story.disk > 1.2 * story.payloads + 50:
        faults.append(f"{story.disk:.0f} MB on the disk for {story.payloads:.0f} MB of results")
    if story.memory > MOST_MEMORY:
        faults.append(f"the kernel grew by {story.memory:.0f} MB")
    _judge_facts(story, store, amount, told["run"])


def _judge_facts(story: Story, store: Path, amount: Size, run: str) -> None:
    """Every fact that a subscriber saw is in the journal and, exactly once, in the history."""
    faults, past = story.faults, history(store)
    facts = Store(str(store), write=False).journals.record(ids.key(run)).facts
    story.facts = len(facts)
    counts = past.sql("SELECT count(*) AS n, count(DISTINCT seq) AS seqs FROM facts WHERE run = $run", {"run": run})
    if [*counts.iloc[0]] != [len(facts), len(facts)]:
        faults.append(f"{len(facts)} facts in the journal, (rows, different ones) in the history: {[*counts.iloc[0]]}")
    events = past.events(run)
    there = {
        (row.seq, _or_none(row.node), _or_none(row.item), _or_none(row.state))
        for row in events[["seq", "node", "item", "state"]].astype(object).itertuples()
    }
    told = [json.loads(line) for line in (store.parent / "visible").read_text().splitlines()]
    seen = [tuple(row[1:]) for row in told if row[0] == run and row[4] is not None]
    story.visible = len(seen)
    lost = [row for row in seen if (row[0], row[1], row[2], _as_shown(row[3])) not in there]
    if lost:
        faults.append(f"{len(lost)} visible facts are not in the history, the first: {lost[:3]}")
    if len(seen) < 4 * amount.results:
        faults.append(f"only {len(seen)} facts were seen of {amount.results} results")
    lines = past.sql("SELECT count(*) AS n FROM logs WHERE run = $run AND node = 'chatty'", {"run": run})["n"][0]
    kept = min(amount.prints, HEAD + TAIL + 1)
    if lines != kept:
        faults.append(f"{lines} log rows of {kept}")


def _or_none(value: Any) -> Any:
    return None if pandas.isna(value) else value


def _as_shown(state: str) -> str:
    return "open" if state == "closed" else state


def main(arguments: list[str]) -> int:
    amount = FULL if "--full" in arguments else SHORT
    with tempfile.TemporaryDirectory(prefix="stratix-neighbours-") as folder:
        story = neighbours(Path(folder), amount)
    for name, value in asdict(story).items():
        print(f"{name:10} {value:,.1f}" if isinstance(value, float) else f"{name:10} {value}")
    return 1 if story.faults else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--kernel"]:
        kernel(Path(sys.argv[2]), Size(**json.loads(sys.argv[3])))
    elif sys.argv[1:2] == ["--reader"]:
        reader(Path(sys.argv[2]), float(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1:]))
