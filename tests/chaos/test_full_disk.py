"""`kill -9` while the disk is full: with room again the run is recovered, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import full_disk
import pytest
from rounds import recorded_starts

from stratix_tasks import Engine, history
from stratix_tasks.core.facts import COMPLETED
from stratix_tasks.store import ids

LONG = 60.0
VICTIM = Path(full_disk.__file__)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB, of which the ballast takes 4: half of the results have no room."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def dies_on_it(store: Path, *, at_once: bool) -> tuple[str, set[tuple[str, int]]]:
    """Run the victim until the disk is full, and kill it. The run, and the items that were seen completed."""
    code = f"import full_disk, pathlib; full_disk.main(pathlib.Path({str(store)!r}))"
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=VICTIM.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdout is not None
    run, seen = "", set()
    for line in child.stdout:
        word, *rest = line.split()
        if word == "run":
            run = rest[0]
        elif word == "seen" and rest[1] != "None":
            seen.add((rest[0], int(rest[1])))
        elif word == "paused":
            assert rest == ["disk"]
            break
        if at_once and _room(store) < 500_000:
            break
    child.kill()
    child.communicate()
    return run, seen


def _room(place: Path) -> int:
    free = os.statvfs(place)
    return free.f_bavail * free.f_frsize


@pytest.mark.parametrize("at_once", [False, True], ids=["paused", "on the way"])
def test_a_kill_on_a_full_disk_loses_nothing(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """What was seen is there; after recovery each result is recorded once, and no body ran more often than recorded."""
    store, log = small_disk / "store", tmp_path / "log"
    monkeypatch.setenv("FULL_DISK_LOG", str(log))
    run, seen = dies_on_it(store, at_once=at_once)
    assert len(seen) > 5
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    with Engine(store, concurrency=4) as engine:
        facts = engine.store.journals.record(ids.key(run)).facts
        found = engine.run(run)
        assert found.status == "interrupted"
        for name, item in seen:
            assert found.output(f"{name}[{item}]") is not None
        (again,) = engine.recover()
        if again.status == "paused":
            assert again.reason == "disk"
            again.resume()
        assert again.result(LONG) == full_disk.VALUE
        after = engine.store.journals.record(ids.key(run), cuts=engine.store.catalog.cuts(run)).facts
    assert after[: len(facts)] == facts
    assert max(Counter(fact[2] for fact in after if fact[0] == COMPLETED).values()) == 1
    bodies = Counter(log.read_text().splitlines())
    assert max(bodies.values()) == 1
    blobs = history(store).sql("SELECT count(*) AS n FROM attempts WHERE run = $run AND node = 'blob'", {"run": run})
    assert sum(bodies.values()) <= blobs["n"][0]
    assert recorded_starts(after) >= 2 * full_disk.ITEMS
    tasks = history(store).tasks(run)
    assert list(tasks["state"].unique()) == ["completed"]
