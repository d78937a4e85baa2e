"""Notebooks that are saved and opened again: views are live where a kernel has them, else drawn as they were kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter import KERNEL, Notebook, Server
from test_lab import SHOWN, state

from stratix_tasks import Engine, flow, task
from stratix_tasks.session.display import kept, run_source

pytestmark = pytest.mark.e2e

MIME = "application/vnd.stratix+json"
DEFINE = """
import threading
from stratix_tasks import task, flow
gates = {"middle": threading.Event(), "end": threading.Event()}
@task
def begins() -> list[str]:
    print("it has begun")
    return ["first"]
@task
def goes_on(x: list[str]) -> list[str]:
    gates["middle"].wait(60)
    return [*x, "second"]
@task
def ends(x: list[str]) -> list[str]:
    gates["end"].wait(60)
    return [*x, "third"]
@flow
def reopened():
    return ends(goes_on(begins()))
"""
EVIL = "<img src=x onerror='window.evil = 1'><script>window.evil = 1</script>"
SAVED = f"{SHOWN}[data-mode=saved]"
LIVE = f"{SHOWN}[data-mode=live]"
TO_RUN = f"{SHOWN} [data-testid=to-run-id]"
OUTPUT = "window.jupyterapp.shell.currentWidget.content.model.cells.get(1).outputs.get(0)"


@task
def begins() -> str:
    return "first"


@flow
def theirs() -> str:
    return begins()


def run_shown(server: Server, page: Any, name: str) -> tuple[Notebook, str]:
    """A notebook in which a run has been started and is shown, and its address."""
    url = server.notebook(name, [DEFINE, "run = reopened.start()\nrun"])
    book = Notebook(page, url)
    book.run_all()
    page.wait_for_selector(f"{LIVE} [data-node=begins][data-state=completed]", timeout=30_000)
    return book, url


def rests(page: Any, word: str) -> None:
    """Wait until the notebook's own data has the view at a rest."""
    page.wait_for_function(f"{OUTPUT}.data['{MIME}'].stamp?.includes(' {word} ')", timeout=20_000)


def in_file(page: Any, server: Server, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data of the view in the file, once the notebook is saved, and the notebook's metadata."""
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    book = json.loads((server.root / f"{name}.ipynb").read_text())
    return book["cells"][1]["outputs"][0]["data"], book["metadata"]


def snapshot(data: dict[str, Any]) -> dict[str, Any]:
    return json.loads(data[MIME]["snapshot"])


def reopen(page: Any, url: str) -> None:
    page.goto("about:blank")
    page.goto(url)


def test_a_notebook_keeps_the_last_state_and_is_live_again_where_its_kernel_is(lab: Server, page: Any) -> None:
    """A run that pauses or ends while its page is open is in the file as it stands then, without a widget's state or a PNG; opened again it
    is live while the kernel lives, and drawn as saved, to be clicked through, when another kernel has taken its place.
    """
    book, url = run_shown(lab, page, "keeps")
    run_id = book.value("run.id").strip("'")
    page.click(f"{LIVE} [data-testid=run-pause]")
    book.execute("gates['middle'].set()")
    rests(page, "paused 2/3")
    page.click(f"{LIVE} [data-testid=run-resume]")
    book.execute("gates['end'].set()")
    rests(page, "completed 3/3")
    data, metadata = in_file(page, lab, "keeps")
    assert set(data) == {MIME, "image/svg+xml", "text/plain"}
    assert snapshot(data)["run"]["state"] == "completed"
    assert "completed" in "".join(data["image/svg+xml"])
    assert "widgets" not in metadata

    reopen(page, url)
    page.wait_for_selector(f"{LIVE}[data-run-state=completed] [data-node=ends]", timeout=30_000)
    page.wait_for_function(f"{KERNEL}?.status=='idle'")
    page.evaluate(f"{KERNEL}.restart()")
    reopen(page, url)
    page.click(f"{SAVED} [data-node=begins]", timeout=30_000)
    page.wait_for_selector(f"{SAVED} .stx-output >> text=first")
    page.click(f"{SAVED} [data-testid=tab-logs]")
    page.wait_for_selector(f"{SAVED} .stx-logs >> text=it has begun")
    assert run_id in page.inner_text(TO_RUN)
    assert "Error displaying widget" not in page.inner_text("body")
    assert page.locator(f"{SAVED} [data-testid=run-cancel]").count() == 0


def test_a_notebook_keeps_what_its_cards_show(lab: Server, page: Any) -> None:
    """The results in cards are there again in the live view of a page that was reloaded, and in what was saved."""
    book, url = run_shown(lab, page, "keeps_peeks")
    book.execute("for gate in gates.values(): gate.set()")
    rests(page, "completed 3/3")
    page.locator(f"{LIVE} .react-flow__node", has=page.locator("[data-node=ends]")).focus()
    page.keyboard.press("o")
    page.wait_for_selector(f"{LIVE} [data-node=ends] [data-testid=peek] >> text=second")
    page.wait_for_function(f"{OUTPUT}.data['{MIME}'].shows?.others.join() === 'ends'")
    data, _ = in_file(page, lab, "keeps_peeks")
    assert data[MIME]["shows"] == {"all": False, "others": ["ends"]}

    reopen(page, url)
    page.wait_for_selector(f"{LIVE} [data-node=ends] [data-testid=peek] >> text=second", timeout=30_000)
    page.wait_for_function(f"{KERNEL}?.status=='idle'")
    page.evaluate(f"{KERNEL}.restart()")
    reopen(page, url)
    page.wait_for_selector(f"{SAVED} [data-node=ends] [data-testid=peek] >> text=second", timeout=30_000)
    assert page.locator(f"{SAVED} [data-testid=peek]").count() == 1


def test_a_view_whose_kernel_ends_says_what_to_run_and_that_goes_on(lab: Server, page: Any) -> None:
    """It stays as it was last seen, with the line that shows the run in a new kernel; there it goes on by a click, as the same
    run.
    """
    book, _ = run_shown(lab, page, "goes_on")
    run_id = book.value("run.id").strip("'")
    book.execute("gates['middle'].set()")
    page.wait_for_selector(f"{LIVE} [data-node=goes_on][data-state=completed]")
    page.evaluate(f"{KERNEL}.restart()")
    line = page.inner_text(TO_RUN, timeout=20_000)
    page.wait_for_function(f"{OUTPUT}.data['{MIME}'].snapshot.includes('\"done\":2')")
    page.wait_for_function(f"{KERNEL}?.status=='idle'", timeout=30_000)
    book.execute(f"{DEFINE}\nfor gate in gates.values(): gate.set()")
    set_cell = "line => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).sharedModel.setSource(line)"
    page.evaluate(set_cell, line)
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")
    page.click(f"{LIVE}[data-run-state=interrupted] [data-testid=banner-recover]", timeout=30_000)
    state(page, "completed", 30_000)
    assert book.value(f"__import__('stratix_tasks').default_engine().run('{run_id}').result()").count("'") == 6


def test_what_somebody_else_has_saved_is_drawn_as_text(notebook7: Server, engine: Engine, page: Any) -> None:
    """In a notebook that is not trusted, in Notebook 7 as well: the saved view is drawn, and nothing in it is run."""
    run = engine.start(theirs)
    run.wait(30)
    data = json.loads(json.dumps(kept(run_source(run))))
    made = snapshot(data)
    made["nodes"][0]["label"] = made["nodes"][0]["doc"] = made["flow"]["name"] = EVIL
    made["told"]["begins"]["output"]["text"] = EVIL
    data[MIME]["snapshot"] = json.dumps(made)
    url = notebook7.notebook("theirs", ["'run'"])
    book = json.loads((notebook7.root / "theirs.ipynb").read_text())
    book["cells"][0]["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
    (notebook7.root / "theirs.ipynb").write_text(json.dumps(book))
    page.goto(url)
    page.click(f"{SAVED} [data-node=begins]", timeout=60_000)
    page.wait_for_selector(f"{SAVED} .stx-output >> text=onerror")
    assert page.evaluate("window.evil") is None
    assert page.locator(f"{SAVED} img, {SAVED} script").count() == 0
