"""Golden stores: what each version wrote must open for ever, and mean what it meant."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, history
from stratix_tasks.core.facts import KIND_NAMES
from stratix_tasks.store.format import FACTS, HEAD, LOGS, METRICS, NOTES, PAYLOAD, PREFIX, SEAL
from stratix_tasks.store.reader import Journals, Tail, frames

GOLDEN = Path(__file__).with_name("golden")
STORES = sorted(path.parent for path in GOLDEN.glob("*/expected.json"))
LONG = 30.0
sys.path.insert(0, str(GOLDEN))
from golden_reading import read_out  # noqa: E402


@pytest.fixture(params=STORES, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of a golden store; its functions can be imported, and nothing in them waits."""
    monkeypatch.setenv("GOLDEN_GATE", str(tmp_path))
    for number in range(1, 10):
        (tmp_path / f"go-{number}").touch()
    shutil.copytree(request.param / "store", tmp_path / "store")
    shutil.copy(request.param / "expected.json", tmp_path)
    yield tmp_path / "store"


def expected(store: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(store.with_name("expected.json").read_text())
    return found


def test_there_are_golden_stores() -> None:
    """At least the first one of version 2; version 1 was never released."""
    assert {"v2"} <= {path.name for path in STORES}


def test_all_that_was_recorded_is_read(golden: Path) -> None:
    """States, values, attempts, logs and the history's tables are what the version that wrote them told."""
    with Engine(golden) as engine:
        told = json.loads(json.dumps(read_out(engine)))
    wanted = expected(golden)
    assert told.keys() == wanted.keys()
    for flow, run in wanted.items():
        for thing, value in run.items():
            assert told[flow][thing] == value, f"{thing} of {flow}"


def test_a_golden_store_holds_each_kind_of_frame_and_fact(golden: Path) -> None:
    """So that nothing of the format goes without a witness: torn and sealed tails, several files, every kind."""
    journals = Journals(golden / "journal")
    kinds, sealed, torn, files = set(), 0, 0, 0
    for engine in journals.engines():
        for number, path in journals.files(engine):
            tail = Tail()
            kinds |= {frame.kind for frame in frames(path, 0, tail)}
            assert tail.problem == ""
            sealed += tail.sealed
            torn += tail.offset < path.stat().st_size
            files = max(files, number)
    assert kinds == {FACTS, PAYLOAD, SEAL, *NOTES.values()} >= {LOGS, METRICS}
    assert (sealed >= 2, torn, files > 1) == (True, 1, True)
    facts = {kind for run in expected(golden).values() for kind in run["facts"]}
    assert facts == set(KIND_NAMES)


def test_an_interrupted_run_goes_on(golden: Path) -> None:
    """Only it is recovered; what was recorded is not run again, and the value is right."""
    with Engine(golden) as engine:
        (run,) = engine.recover(changed="reuse")
        assert (run.id, run.flow) == (expected(golden)["left"]["id"], "left")
        value = run.result(LONG)
        assert (value[0], len(value[1]), value[2]) == ([0, 2, 8, 18, 32], 720, 5)
        attempts = {row["name"]: row["attempt"] for row in run.progress()}
        assert (attempts["numbers"], attempts["gated"], attempts["after"]) == (1, 2, 1)
    with Engine(golden) as engine:
        assert engine.run(run.id).result(LONG)[2] == 5
        assert engine.recover() == []
    told = history(golden).attempts(run.id)
    assert list(told[told["node"] == "gated"].sort_values("attempt")["state"]) == ["lost", "completed"]


def test_a_failed_run_is_tried_again(golden: Path) -> None:
    """A run that ended long ago takes requests: its broken node is given a value, and it completes."""
    with Engine(golden) as engine:
        run = engine.run(expected(golden)["failing"]["id"])
        run.skip("broken", value=6)
        assert run.result(LONG) == [7, 4]
    assert history(golden).runs().set_index("run").loc[run.id, "status"] == "completed"


def test_the_files_are_not_rewritten(golden: Path) -> None:
    """Reading, recovering and projecting leave every journal byte for byte as it was."""
    before = {path: path.read_bytes() for path in (golden / "journal").rglob("*.log")}
    with Engine(golden) as engine:
        engine.recover(changed="reuse")[0].result(LONG)
        history(golden).tasks()
    assert {path: path.read_bytes() for path in before} == before
    assert PREFIX.size + HEAD.size == 27  # the envelope, which never changes
