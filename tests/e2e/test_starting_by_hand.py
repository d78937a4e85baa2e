"""Starting by hand: the form of the inputs, run again, and the way from run to run."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter import Notebook, Server

pytestmark = pytest.mark.e2e

DEFINE = """
import threading
from pathlib import Path
from typing import Annotated, Literal
from pydantic import Field
from stratix_tasks import task, flow
from stratix_tasks.session.default import default_engine
gate = threading.Event()
@task
def made(n: int, mode: str) -> str:
    return f"{mode} {n}"
@task
def stays() -> int:
    gate.wait(60)
    return 1
@flow
def by_form(n: Annotated[int, Field(ge=1, le=10)], mode: Literal["quick", "deep"] = "quick"):
    return made(n, mode)
@task
def named(path: Path) -> str:
    return path.name
@flow
def by_path(path: Path):
    return named(path)
@flow
def at_once():
    return stays()
"""
SHOWN = "[data-testid=stratix-view]"


def state(page: Any, wanted: str) -> None:
    page.wait_for_selector(f"{SHOWN}[data-run-state={wanted}]", timeout=20_000)


def test_a_run_is_started_by_its_form_and_run_again_with_others(lab: Server, page: Any) -> None:
    """What is missing is told and nothing starts; then the same view shows the run, from which the next one begins with its
    inputs, and which tells its id, its inputs and its result, and the runs beside it. What is taken away there gets its default."""
    book = Notebook(page, lab.notebook("by_form", [DEFINE, "by_form"]))
    book.run_all()
    page.wait_for_selector(f"{SHOWN} [data-node=made]", timeout=30_000)
    page.click(f"{SHOWN} [data-testid=run-start]")
    page.click(f"{SHOWN} [data-testid=start-send]")
    page.wait_for_selector(f"{SHOWN} [data-name=n] .stx-wrong >> text=It has to be said")
    assert page.get_attribute(SHOWN, "data-run-state") == "none"
    page.fill(f"{SHOWN} [data-testid=start-n]", "3")
    page.select_option(f"{SHOWN} [data-testid=start-mode]", "deep")
    page.keyboard.press("Tab")
    page.click(f"{SHOWN} [data-testid=start-send]")
    state(page, "completed")
    page.click(f"{SHOWN} [data-testid=run-about]")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-result] >> text=deep 3")
    first = page.inner_text(f"{SHOWN} [data-testid=run-id]")
    page.click(f"{SHOWN} [data-testid=run-again]")
    page.wait_for_selector(f"{SHOWN} [data-testid=start-n]")
    assert page.input_value(f"{SHOWN} [data-testid=start-n]") == "3"
    page.fill(f"{SHOWN} [data-testid=start-n]", "4")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-result] >> text=deep 4", timeout=20_000)
    page.click(f"{SHOWN} [data-testid=run-again]")
    page.select_option(f"{SHOWN} [data-testid=start-mode]", "")
    page.wait_for_selector(f"{SHOWN} [data-name=mode] >> text=it takes its default")
    page.click(f"{SHOWN} [data-testid=start-send]")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-result] >> text=quick 4", timeout=20_000)
    page.click(f"{SHOWN} [data-testid=run-older]")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-result] >> text=deep 4")
    page.click(f"{SHOWN} [data-testid=run-older]")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-id] >> text={first}")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-result] >> text=deep 3")
    assert page.locator(".jp-CodeCell").count() == 2


def test_a_path_is_completed_by_what_lies_where_the_kernel_runs(lab: Server, page: Any) -> None:
    """Folder by folder, as one types."""
    (lab.root / "by_path_files").mkdir()
    (lab.root / "by_path_files" / "prices.csv").touch()
    book = Notebook(page, lab.notebook("by_path", [DEFINE, "by_path"]))
    book.run_all()
    page.wait_for_selector(f"{SHOWN} [data-node=named]", timeout=30_000)
    page.click(f"{SHOWN} [data-testid=run-start]")
    page.fill(f"{SHOWN} [data-testid=start-path]", f"{lab.root}/by_path_f")
    offered = f"{SHOWN} [data-testid=paths] option"
    page.wait_for_selector(f"{offered}[value='{lab.root}/by_path_files/']", state="attached")
    page.fill(f"{SHOWN} [data-testid=start-path]", f"{lab.root}/by_path_files/")
    page.wait_for_selector(f"{offered}[value='{lab.root}/by_path_files/prices.csv']", state="attached")


CLICKED_AT_ONCE = """selector => {
    const look = (_, seen) => {
        const cancel = document.querySelector(selector);
        if (!cancel) return;
        seen.disconnect();
        window.wasDisabled = cancel.disabled;
        cancel.click();
    };
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true, attributes: true});
}"""
"""Clicks on what a selector names in the moment in which it is there."""


def test_a_second_click_never_cancels(lab: Server, page: Any) -> None:
    """A double click on Run starts one run, which goes on; a moment later Cancel is for cancelling."""
    book = Notebook(page, lab.notebook("at_once", [DEFINE, "at_once"]))
    book.run_all()
    page.wait_for_selector(f"{SHOWN} [data-node=stays]", timeout=30_000)
    page.evaluate(CLICKED_AT_ONCE, f"{SHOWN} [data-testid=run-cancel]")
    page.dblclick(f"{SHOWN} [data-testid=run-start]")
    page.wait_for_function("window.wasDisabled !== undefined", timeout=20_000)
    assert page.evaluate("window.wasDisabled") is True
    page.wait_for_selector(f"{SHOWN} [data-testid=run-cancel]:not([disabled])")
    assert page.get_attribute(SHOWN, "data-run-state") == "running"
    assert book.value("len([run for run in default_engine().runs() if run.flow == 'at_once'])") == "1"
    page.click(f"{SHOWN} [data-testid=run-cancel]")
    book.execute("gate.set()")
    state(page, "cancelled")
