"""Faults at every port of the engine, before and after the real thing: an error, a hang, an exit. Nothing is lost by any."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from rounds import _broken, _records
from victim import expected

from stratix_tasks.core.facts import CLAIMED

FAULTY = Path(__file__).with_name("faulty.py")
ITEMS = 8
LIMIT = 60.0
PASSAGES = {"journal": 9, "dispatch": 5, "result": 7, "claim": 1}
"""At which passage of each port the fault strikes: when part of the run is done."""
POINTS = [f"{place}-{side}" for place, side in product(PASSAGES, ("before", "after"))]
CASES = list(product(POINTS, ("raise", "hang", "exit")))
ENVIRONMENT = dict(os.environ)
"""As it was before the first test: pytest changes its own while threads start processes."""


@dataclass
class Life:
    """What one process said, and how it ended."""

    lines: list[str] = field(default_factory=list)
    errors: str = ""
    code: int | None = None

    def said(self, word: str) -> list[str]:
        return [line for line in self.lines if line.split(" ")[0] == word]


def live(store: Path, point: str, action: str, passage: int) -> Life:
    """One process, killed when it hangs where it was told to."""
    command = [sys.executable, str(FAULTY), str(store), str(store.with_suffix(".log")), point, action, str(passage)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    life = Life()
    assert child.stdout is not None
    try:
        for line in child.stdout:
            life.lines.append(line.rstrip("\n"))
            if action == "hang" and life.lines[-1] == "struck":
                child.kill()
        _, life.errors = child.communicate(timeout=LIMIT)
    finally:
        child.kill()
        child.wait()
    life.code = child.returncode
    return life


@dataclass
class Story:
    """The processes of one store, one after the other."""

    lives: list[Life]
    faults: list[str]
    claims: int
    runs: int


def play(folder: Path, point: str, action: str) -> Story:
    store = folder / f"{point}-{action}"
    place = point.partition("-")[0]
    lives = [live(store, "journal-after", "exit", 9)] if place == "claim" else []
    lives.append(live(store, point, action, PASSAGES[place]))
    seen = {line.split()[1] for life in lives for line in life.said("seen")}
    faults = _broken(store, store.with_suffix(".log"), seen)
    if not lives[-1].said("value"):
        lives.append(live(store, "none", "none", 0))
        seen |= {line.split()[1] for line in lives[-1].said("seen")}
        faults += _broken(store, store.with_suffix(".log"), seen)
    records = _records(store)
    claims = sum(fact[0] == CLAIMED for _, facts in records for fact in facts)
    return Story(lives, faults, claims, len(records))


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Future[Story]]]:
    """Two at a time, all begun at once; each test waits for its own."""
    folder = tmp_path_factory.mktemp("faults")
    with ThreadPoolExecutor(2) as pool:
        begun = {case: pool.submit(play, folder, *case) for case in CASES}
        yield begun
        for story in begun.values():
            story.cancel()


@pytest.mark.parametrize(("point", "action"), CASES)
def test_a_fault_at_a_port(point: str, action: str, stories: dict[tuple[str, str], Future[Story]]) -> None:
    """The fault strikes a live run; afterwards it completes, once, with all that anyone had seen."""
    story = stories[point, action].result(240)
    hit = [life for life in story.lives if life.said("struck")]
    told = [(life.lines, life.errors[-1500:]) for life in story.lives]
    assert hit, told
    assert story.faults == []
    assert story.lives[-1].said("value") == [f"value {expected(ITEMS)}"], told
    assert story.runs == 1
    assert story.claims >= 1, "nobody had to go on with it"
    if action == "raise":
        assert hit[-1].said("value"), told  # in the process where it struck
        assert hit[-1].said("interrupted") or hit[-1].said("raised"), "the error was not told to who waited"
    else:
        assert hit[-1].code == (-9 if action == "hang" else 9)
