"""Stores that can't be written: full, read-only, newer. Clear errors, and nothing that was recorded is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, StoreError, each, flow, history, task
from stratix_tasks.store.catalog import LONGEST
from stratix_tasks.store.store import mount_type

LONG = 30.0
go_on = threading.Event()


@task
def some(n: int) -> list[int]:
    return list(range(n))


@task
def blob(x: int) -> bytes:
    go_on.wait(LONG)
    return os.urandom(200_000)


@task
def size(parts: list[bytes]) -> int:
    return sum(map(len, parts))


@flow
def blobs(n: int = 60) -> int:
    return size(blob.options(max=2).map(each(some(n))))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def test_a_full_disk_pauses_the_run_and_loses_nothing(small_disk: Path) -> None:
    """The run is paused for `disk`; with room again it goes on, and completes."""
    go_on.clear()
    with Engine(small_disk / "store", concurrency=2) as engine:
        run = engine.start(blobs)
        filler = small_disk / "filler"
        with filler.open("wb") as file:
            free = os.statvfs(small_disk)
            os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - 1_500_000, 1))
        go_on.set()
        for _ in range(3000):
            if run.status == "paused":
                break
            run.wait(0.01)
        assert (run.status, run.reason) == ("paused", "disk")
        seen = {row["name"]: row["state"] for row in run.progress()}
        assert seen["some"] == "completed"
        filler.unlink()
        run.resume()
        assert run.result(LONG) == 60 * 200_000
        assert list(history(engine.store.path).runs()["status"]) == ["completed"]


@task
def note(x: int) -> str:
    go_on.wait(LONG)
    return f"note {x}" * 20


@flow
def notes(n: int = 3000) -> Any:
    return note.map(each(some(n)))


def test_facts_that_find_no_room_are_written_from_the_ballast(small_disk: Path) -> None:
    """When not even a fact can be written the run is paused too, on the room kept for that; then it goes on."""
    go_on.clear()
    with Engine(small_disk / "store", concurrency=2) as engine:
        run = engine.start(notes)
        while run.progress()[1]["total"] == 0:
            run.wait(0.01)
        with (small_disk / "filler").open("wb") as file:
            free = os.statvfs(small_disk)
            os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize, 1))
        go_on.set()
        for _ in range(3000):
            if run.status == "paused":
                break
            run.wait(0.01)
        assert (run.status, run.reason) == ("paused", "disk")
        (small_disk / "filler").unlink()
        run.resume()
        assert len(run.result(LONG)) == 3000
    with Engine(small_disk / "store") as engine:
        assert engine.run(run.id).result(LONG)[7] == "note 7" * 20


def test_no_run_starts_on_a_full_disk(small_disk: Path) -> None:
    """StoreError `disk-full`, which says to free some space."""
    with (small_disk / "filler").open("wb") as file:
        free = os.statvfs(small_disk)
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
    with pytest.raises(StoreError, match="free some space") as caught, Engine(small_disk / "store") as engine:
        engine.start(blobs)
    assert caught.value.code == "disk-full"


READ_ONLY = """
import os, sys, tempfile
from stratix_tasks import Engine, StoreError, flow, history, task

@task
def one() -> int: return 1

@flow
def small() -> int: return one()

with tempfile.TemporaryDirectory() as folder, Engine(folder) as engine:  # whatever is imported late is imported now
    engine.start(small).result()
    history(folder).tasks()
os.setgid(65534); os.setuid(65534)
os.environ["HOME"] = "/nonexistent"
try:
    Engine(sys.argv[1]).start(small)
except StoreError as error:
    print(error.code, "|", error)
print(list(history(sys.argv[1]).tasks()["state"]))
"""


def test_a_read_only_store_can_be_read_and_not_run_in(tmp_path: Path) -> None:
    """Starting says where it can't write and what to choose; the history is there."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    go_on.set()
    with Engine(tmp_path / "store") as engine:
        engine.start(blobs, {"n": 1}).result(LONG)
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/") and folder.stat().st_uid == 0 and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in (tmp_path / "store").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(tmp_path / "store")],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    first, _, second = done.stdout.partition("\n")
    assert first.startswith("read-only | the store can't be written"), done.stderr
    assert "configure(store=" in first
    assert second.strip() == "['completed', 'completed', 'completed', 'completed']", done.stderr


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    """StoreError `newer-store` says to upgrade."""
    go_on.set()
    with Engine(tmp_path / "store") as engine:
        engine.start(blobs, {"n": 1}).result(LONG)
    marker = tmp_path / "store" / "store.json"
    marker.write_text(json.dumps({"format": 99}))
    before = sorted(path.name for path in (tmp_path / "store").rglob("*"))
    with pytest.raises(StoreError, match="newer version") as caught:
        _ = Engine(tmp_path / "store").store
    assert caught.value.code == "newer-store"
    assert sorted(path.name for path in (tmp_path / "store").rglob("*")) == before


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The error names the place."""
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(StoreError, match="store"):
        _ = Engine(tmp_path / "store").store


def test_a_store_that_is_deleted_under_its_engine_takes_no_more_runs(tmp_path: Path) -> None:
    """StoreError `store-gone` for each start and list, whether or not another engine has made a store there since; a new engine
    makes one.
    """
    go_on.set()
    place = tmp_path / "store"
    with Engine(place) as engine:
        engine.start(blobs, {"n": 1}).result(LONG)
        engine.chores.settle()  # or SQLite would delete files meanwhile
        shutil.rmtree(place)
        for ask in (lambda: engine.start(blobs), engine.runs):
            with pytest.raises(StoreError, match="was deleted while this engine used it") as caught:
                ask()
            assert caught.value.code == "store-gone"
        with Engine(place) as other:
            assert other.runs() == []
            assert other.start(blobs, {"n": 1}).result(LONG) == 200_000
            with pytest.raises(StoreError, match="make a new engine"):
                engine.start(blobs)


def test_a_path_that_is_too_long_for_the_catalog_is_told_as_such(tmp_path: Path) -> None:
    """StoreError `path-too-long`; one byte less is a store."""
    length = LONGEST - len("/catalog.sqlite")
    folder = tmp_path
    while len(str(folder)) < length - 200:
        folder /= "d" * 100
    longest = folder / ("d" * (length - len(str(folder)) - 1))
    with Engine(longest) as engine:
        assert engine.runs() == []
    with pytest.raises(StoreError, match="longer by 1 bytes") as caught, Engine(f"{longest}d") as engine:
        engine.runs()
    assert caught.value.code == "path-too-long"


@pytest.mark.parametrize("name", [b"of nobody", "für Größen".encode(), b"caf\xe9", b"back\\134slash"])
def test_the_file_system_of_a_store_is_known_by_any_name_and_through_links(tmp_path: Path, name: bytes) -> None:
    """For one on a network is refused: a name with a space, of other letters, or that is no Unicode hides none."""
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {made.stderr.decode().strip()}")
    try:
        (tmp_path / "link").symlink_to(place)
        here = mount_type(tmp_path)
        assert here != "tmpfs"
        assert mount_type(place / "store") == mount_type(tmp_path / "link" / "store") == "tmpfs"
        assert mount_type(place.with_name(f"{place.name}s")) == here
    finally:
        subprocess.run(["umount", "-l", place], check=False)


@pytest.mark.parametrize(
    "settings", [{"concurrency": 0}, {"pools": {"a": "b"}}, {"durability": "none"}, {"strategy": "x"}]
)
def test_wrong_settings_are_refused(settings: dict[str, Any], tmp_path: Path) -> None:
    """An engine tells of a wrong setting when it is made."""
    with pytest.raises(Exception, match=next(iter(settings))):
        Engine(tmp_path / "store", **settings)
