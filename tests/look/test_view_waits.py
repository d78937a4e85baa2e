"""What views are told of nodes that wait: what is asked and until when, what can be answered, and who answered."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, approval, each, flow, signal, sleep, task
from stratix_tasks.cli.live import how_on
from stratix_tasks.core.states import State
from stratix_tasks.errors import InputError
from stratix_tasks.look.sources import RunSource
from stratix_tasks.session.display import flow_source, run_source
from stratix_tasks.view.snapshot import snapshot, whole
from stratix_tasks.view.source import WAITS

GATE = threading.Event()


@task
def build() -> str:
    return "wheel"


@task
def slow() -> None:
    GATE.wait(30)


@task
def publish(approved: Any, notes: Any, regions: Any) -> str:
    return f"by {approved['by']}, {notes}"


@flow
def release() -> Any:
    wheel = build()
    ask = approval.options(name="ask", after=[wheel])("Ship it?", timeout="1d")
    notes = signal.options(name="notes", after=[wheel])("release-notes")
    regions = approval.options(name="regions", after=[wheel]).map(each(["EU?", "US?"]))
    return publish.options(after=[sleep.options(name="nap", after=[wheel])("1h"), slow()])(ask, notes, regions)


@pytest.fixture(autouse=True)
def gate() -> Any:
    GATE.clear()
    yield
    GATE.set()


class Shown:
    """A run as its view has it."""

    def __init__(self, engine: Engine) -> None:
        self.run = engine.start(release)
        self.source: RunSource = run_source(self.run)
        self.names = [node["name"] for node in self.source.outline()["nodes"]]
        self.until(lambda: all(self.record(name)[0] == State.WAITING for name in ("ask", "notes", "nap")))
        self.until(lambda: self.record("regions")[1] & WAITS)

    def until(self, holds: Any) -> None:
        """Wait for the change after which it holds."""
        changed = threading.Event()
        release = self.source.watch(lambda _: changed.set())
        while not holds():
            assert changed.wait(20)
            changed.clear()
        release()

    def record(self, name: str) -> Any:
        return dict(self.source.records(None))[self.names.index(name)]

    def texts(self, name: str) -> dict[str, str]:
        return self.source.texts(None)[str(self.names.index(name))]

    def ask(self, verb: str, target: str | None, args: dict[str, Any]) -> None:
        self.source.request(verb, target, args).result(20)


@pytest.fixture
def shown(engine: Engine) -> Shown:
    return Shown(engine)


def test_a_card_is_told_what_is_asked_and_until_when(shown: Shown) -> None:
    """The message of an approval, a signal by its name, how many items of a mapped node; a sleep has its end alone."""
    assert shown.texts("ask") == {"wait": "Ship it?"}
    assert shown.texts("notes") == {"wait": "the signal 'release-notes'", "signal": "release-notes"}
    assert shown.texts("regions") == {"wait": "2 approvals"}
    assert shown.texts("nap") == {}
    spans = [shown.record(name)[11] - shown.record(name)[9] for name in ("ask", "nap")]
    assert spans == pytest.approx([86400, 3600], abs=5)
    assert (shown.record("notes")[11], shown.record("regions")[11]) == (None, None)


def test_a_planned_card_says_its_word_and_what_it_asks() -> None:
    """Where that stands in the flow; of a mapped wait what it goes over; of a task what it gives."""
    lines = {node["name"]: node["line"] for node in snapshot(flow_source(release, {}), mode="static")["nodes"]}
    assert (lines["ask"], lines["notes"]) == ("approval · Ship it?", "signal · release-notes")
    assert (lines["nap"], lines["regions"], lines["build"]) == ("sleep · 1h", "approval · each of EU?, US?", "→ str")


def test_answers_can_be_given_to_what_waits_for_them(shown: Shown) -> None:
    """Of nodes, items and a whole map; a pause can't be asked of what waits."""
    can = {name: shown.source.inspect(name, None)["can"] for name in shown.names}
    assert {name for name in can if can[name].get("approve")} == {"ask", "regions"}
    assert {name for name in can if can[name].get("send")} == {"notes"}
    assert shown.source.inspect("regions", 1)["can"]["approve"] is True
    assert str(can["ask"]["pause"]).startswith("it is waiting and nothing of it runs")
    assert (can["ask"]["skip"], can["ask"]["cancel"]) == (True, True)


def test_a_view_approves_and_sends_and_is_told_who_approved(shown: Shown) -> None:
    """An approval of an item leaves the others waiting; a value is read as it was typed."""
    asked = shown.source.inspect("ask", None)["wait"]
    assert (asked["for"], asked["message"], asked["since"]) == ("approval", "Ship it?", shown.record("ask")[9])
    shown.ask("approve", "ask", {"by": "ana"})
    shown.ask("approve", "regions[0]", {"by": "ben"})
    with pytest.raises(InputError, match="is not JSON"):
        shown.source.request("send", None, {"name": "release-notes", "text": "all new"})
    shown.ask("send", None, {"name": "release-notes", "text": '"all new"'})
    told = shown.source.inspect("ask", None)
    assert (told["wait"], told["approved"]["by"], "approve" in told["can"]) == (None, "ana", False)
    assert shown.texts("ask")["summary"] == "approved by ana"
    assert shown.texts("notes")["summary"] == "'all new'"
    assert shown.texts("regions") == {"wait": "US?"}
    assert [row[3] for row in shown.source.items("regions", 0, 2)["rows"]] == ["approved by ben", "US?"]
    shown.ask("approve", "regions", {})
    shown.ask("skip", "nap", {"text": "null"})
    GATE.set()
    assert shown.run.result(20) == "by ana, all new"


def test_a_run_tells_that_all_that_is_left_waits(shown: Shown) -> None:
    """Not while anything else moves, nor while it is paused."""
    assert shown.source.run_info()["waits"] == {}  # type: ignore[index]
    assert how_on("r1", shown.run.progress()) == []
    GATE.set()
    shown.until(lambda: shown.source.run_info()["waits"] == {"approval": 3, "signal": 1, "sleep": 1})  # type: ignore[index]
    assert how_on("r1", shown.run.progress()) == [
        "ask waits for somebody to approve: Ship it? · `stratix approve r1 ask`",
        "notes waits for the signal 'release-notes' · `stratix send r1 release-notes VALUE`",
        "regions waits for somebody to approve: EU?, and 1 more · `stratix approve r1 regions`",
    ]
    assert "waiting  waits for somebody to approve: Ship it?" in shown.source.text()
    shown.run.pause()
    assert shown.source.run_info()["waits"] == {}  # type: ignore[index]


def test_a_saved_page_tells_of_waits(shown: Shown) -> None:
    """What is waited for, since when and until when; nothing that can be asked."""
    told = whole(shown.source)["told"]
    assert (told["ask"]["wait"]["message"], told["notes"]["wait"]["name"]) == ("Ship it?", "release-notes")
    assert told["ask"]["can"] == {}


def test_an_interrupted_run_waits_for_nobody(tmp_path: Path) -> None:
    """Its nodes keep what they wait for, but what it needs first is that somebody goes on with it."""
    with Engine(tmp_path / "store") as first:
        GATE.set()
        run_id = Shown(first).run.id
    with Engine(tmp_path / "store") as second:
        source = run_source(second.run(run_id))
        info = source.run_info()
        assert info is not None
        assert (info["state"], info["waits"], info["counts"]["waiting"]) == ("interrupted", {}, 5)
        assert {"wait": "Ship it?"} in source.texts(None).values()
