"""A page that was saved as a file, for who can't see it well."""

from __future__ import annotations

from typing import Any

import pytest
from test_canvas import mesh
from test_chosen import halved_all
from test_hand import AXE, have_axe, violations

from stratix_tasks import Engine


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
