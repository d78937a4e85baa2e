"""A page that was saved as a file, for who can't see it well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from states import Scene, saved, scenes
from test_canvas import in_a_row, mesh, passed_on, rest_on
from test_chosen import halved_all
from test_hand import AXE, have_axe, violations

from stratix_tasks import Engine, flow, task
from stratix_tasks.formats.png import to_png


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_page(opened: Any, engine: Engine, theme: str) -> None:
    """On the graph of a failed run, its node, an item with its error, and on a painted graph with its small map."""
    have_axe()
    run = engine.start(halved_all)
    run.wait(30)
    page = opened(run, 1200)
    page.emulate_media(color_scheme=theme)
    page.wait_for_selector(f"[data-testid=stratix-view][data-theme={theme}]")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = violations(page, "graph")
    page.click("[data-node=halved]")
    page.wait_for_selector("[data-testid=item-row]")
    found += violations(page, "node")
    page.click("[data-testid=item-row][data-state=failed]")
    page.wait_for_selector("[data-testid=node-error]")
    found += violations(page, "item")
    page = opened(mesh(400, 20), 900)
    page.wait_for_selector("[data-testid=small-map]")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.focus("[data-testid=cursor]")
    assert found + violations(page, "painted") == []


@pytest.mark.parametrize("scene", [*scenes()], ids=lambda scene: scene.name.replace(" ", "-"))
def test_axe_finds_nothing_serious_in_any_state(page: Any, tmp_path: Path, scene: Scene) -> None:
    """In both themes: on its card, and in its panel."""
    have_axe()
    page.goto(saved(scene, tmp_path).as_uri())
    page.wait_for_selector("[data-testid=node]")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f"[data-testid=stratix-view][data-theme={theme}]")
        found += violations(page, f"{theme}, graph")
        page.click(f"[data-node='{scene.node}']" if scene.node else "[data-testid=node]")
        page.wait_for_selector(".stx-inspector")
        found += violations(page, f"{theme}, panel")
        page.keyboard.press("Escape")
        page.wait_for_selector(".stx-inspector", state="detached")
    assert found == []


class Plot:
    """Shows itself as a plot does."""

    def _repr_png_(self) -> bytes:
        return to_png(in_a_row.to_svg())


@task
def plotted() -> Any:
    return Plot()


@flow
def a_plot() -> Any:
    return plotted()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_previews_and_on_edges(opened: Any, engine: Engine, theme: str) -> None:
    """On a plot, and on the sample beside the pointer that rests on an edge."""
    have_axe()
    found = []
    for shown, look in ((a_plot, "preview-picture"), (passed_on, "sample")):
        run = engine.start(shown)
        run.wait(30)
        page = opened(run)
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f"[data-testid=stratix-view][data-theme={theme}]")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        if shown is a_plot:
            page.click("[data-node=plotted]")
        else:
            rest_on(page, "tabled", "shortened")
        page.wait_for_selector(f"[data-testid={look}]")
        found += violations(page, look)
    assert found == []
