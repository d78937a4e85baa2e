"""What the file of a notebook keeps of a view: the last state, as much as fits, and nothing that a reader can't take."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64decode
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from stratix_tasks import Engine, current, each, flow, task
from stratix_tasks.core.states import State
from stratix_tasks.session.display import bundle, kept, run_source
from stratix_tasks.view import saved as saving
from stratix_tasks.view.saved import MIME, saved
from stratix_tasks.view.snapshot import snapshot
from stratix_tasks.view.widget import FlowView

GATE = threading.Event()


@task
def adds(x: int, y: int = 1) -> int:
    """Adds two numbers, which is told here at some length."""
    print("adds", x, "and", y)
    return x + y


@task
def splits(x: int) -> int:
    if x == 2:
        raise ValueError("two")
    return x


@task
def measures() -> str:
    current().metric("endless", float("inf"))
    return "x" * 10_000


class Drawn:
    def __init__(self, size: int) -> None:
        self.size = size

    def _repr_html_(self) -> str:
        return "<p>" + "x" * self.size


@task
def draws(size: int) -> Drawn:
    return Drawn(size)


@flow
def kept_previews() -> Any:
    return [draws(5_000), draws(50_000)]


@flow
def kept_layers() -> Any:
    row = [1] * 10
    for _ in range(9):
        row = [adds(a, b) for a, b in zip(row, [*row[1:], row[0]], strict=True)]
    return [adds.options(name=f"last_{number}")(one) for number, one in enumerate(row)]


@flow
def kept_items() -> Any:
    return [measures(), splits.map(each(range(4)))]


@task
def held_back() -> int:
    GATE.wait(30)
    return 1


@flow
def kept_while_it_runs() -> int:
    return held_back()


def shown(data: Any) -> dict[str, Any]:
    """The snapshot of a saved view."""
    assert data["v"] == 1
    return json.loads(data["snapshot"], parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def ended(engine: Engine, made: Any) -> Any:
    run = engine.start(made)
    run.wait(60)
    return run


def test_a_view_of_a_hundred_nodes_takes_200_kb_in_a_notebook(engine: Engine, tmp_path: Path) -> None:
    """Its picture and what the first nodes did included; every node of the graph is in it."""
    run = ended(engine, kept_layers)
    data, _ = bundle(run_source(run), lambda *_: run_source(run))
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("run", outputs=[nbformat.v4.new_output("display_data", data)])]
    )
    nbformat.write(book, tmp_path / "book.ipynb")
    assert (tmp_path / "book.ipynb").stat().st_size <= 200_000
    told = shown(data[MIME])
    assert len(told["nodes"]) == 100
    assert told["told"]["adds"]["logs"][0][2] == "adds 1 and 1"


def test_a_saved_view_has_what_a_click_asks_for(engine: Engine) -> None:
    """Items, outputs and logs; long texts are cut, and numbers that JSON lacks are left out."""
    told = shown(kept(run_source(ended(engine, kept_items)))[MIME])
    assert (told["mode"], told["run"]["state"]) == ("saved", "failed")
    assert next(row[2][0] for row in told["items"]["splits"]["rows"]) == State.FAILED
    assert "two" in told["told"]["splits[2]"]["error"]["message"]
    assert told["told"]["measures"]["metrics"] == [["endless", None]]
    assert len(told["told"]["measures"]["output"]["text"]) < 3_000
    assert told["told"]["measures"]["can"] == {}


def test_a_preview_is_kept_whole_or_not_at_all(engine: Engine) -> None:
    """Half of a picture or of markup is none; of what is too large the text is kept, and how large it is."""
    told = shown(kept(run_source(ended(engine, kept_previews)))[MIME])["told"]
    assert len(told["draws"]["output"]["preview"]["html"]) == 5_003
    assert told["draws_2"]["output"]["preview"]["kind"] == "large"


def test_what_failed_is_told_before_anything_else(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all nodes fit those are told of that a reader asks for first."""
    source = run_source(ended(engine, kept_items))
    made = snapshot(source, mode="saved")
    monkeypatch.setattr(saving, "ROOM", saving._size({**made}) + 3_000)
    assert list(shown(saved(source, made))["told"]) == ["splits"]


def test_of_a_huge_graph_the_run_alone_is_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook does not carry megabytes: how far the run was is told without its nodes."""
    monkeypatch.setattr(saving, "MOST_NODES", 50)
    told = shown(kept(run_source(ended(engine, kept_layers)))[MIME])
    assert (told["nodes"], told["status"], told["run"]["done"]) == ([], [], 100)


def test_a_view_is_asked_what_to_keep(engine: Engine) -> None:
    """What it answers is the state at that time."""
    GATE.clear()
    run = engine.start(kept_while_it_runs)
    sent: SimpleQueue[Any] = SimpleQueue()
    view = FlowView(run_source(run), lambda *_: run_source(run), kept)
    view.send = lambda content, buffers=None: sent.put(content)

    def keep() -> str:
        view._heard({"type": "keep", "id": 7}, [])
        while (answer := sent.get(timeout=20))["type"] != "reply":
            pass
        assert (answer["id"], answer["ok"]) == (7, True)
        return str(shown(answer["result"][MIME])["run"]["state"])

    assert keep() == "running"
    GATE.set()
    run.wait(30)
    assert keep() == "completed"


BATCH = """
from stratix_tasks import flow, task
import threading
gate = threading.Event()
@task
def waits() -> int:
    gate.wait()
    return 1
@flow
def in_batch() -> int:
    return waits()
"""


def test_a_notebook_that_a_program_runs_keeps_the_last_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is shown while it runs is shown as it ended, once a later cell has waited for it; no state of a widget is
    stored, and what nbconvert makes of it shows the picture.
    """
    monkeypatch.setenv("STRATIX_STORE", str(tmp_path / "store"))
    cells = [BATCH, "in_batch", "run = in_batch.start()\nrun", "gate.set()\nrun.result()", "run"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    NotebookClient(book, timeout=60, kernel_name="python3").execute(cwd=str(tmp_path))
    [of_flow], [first], _, [second] = (cell.outputs for cell in book.cells[1:])
    assert set(of_flow["data"]) == {MIME, "image/svg+xml", "text/plain"}
    assert shown(first["data"][MIME])["run"]["state"] == "completed"
    assert first["data"]["image/svg+xml"] == second["data"]["image/svg+xml"]
    assert ">completed<" in first["data"]["image/svg+xml"]
    assert "widgets" not in book.metadata
    page, _ = HTMLExporter().from_notebook_node(book)
    pictures = [b64decode(data).decode() for data in re.findall('src="data:image/svg.xml;base64,([^"]+)', page)]
    told = "Flow in_batch: run completed, 1 of 1"
    assert [told in picture for picture in pictures] == [False, True, True]
