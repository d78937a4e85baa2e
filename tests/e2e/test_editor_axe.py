"""What axe-core finds in the editor, in both themes."""

from __future__ import annotations

from typing import Any

import pytest
from editor_hand import RUN, VIEW, Hand, opened
from jupyter import Server
from test_hand import AXE, have_axe, violations

pytestmark = pytest.mark.e2e


def test_axe_finds_nothing_serious_in_the_editor(lab: Server, browser: Any) -> None:
    """In its graph and list of tasks, a form, the menu of a node, the quick add with what it found and with nothing, the text, the
    search, the types of a new input, and what is offered when its cell is run again."""
    have_axe()
    book = opened(lab, browser, "editor_axe")
    hand = Hand(book, "seen_by_axe")
    page, found = book.page, []
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for theme in ("Light", "Dark"):
        page.evaluate(
            "t => window.jupyterapp.commands.execute('apputils:change-theme', {theme: t})", f"JupyterLab {theme}"
        )
        page.wait_for_selector(f"{VIEW}[data-theme={theme.lower()}]")
        found += violations(page, f"{theme}, graph")
        hand.click("scale")
        hand.at("tab-config").wait_for()
        found += violations(page, f"{theme}, form")
        hand.node("scale").click(button="right")
        page.wait_for_selector(f"{VIEW} [role=menu]")
        found += violations(page, f"{theme}, menu")
        hand.press("Escape")
        hand.click("scale")
        hand.press("Tab")
        hand.at("quick-add-item", name="total").wait_for()
        found += violations(page, f"{theme}, quick add")
        hand.type("nothing_like_it")
        hand.at("quick-add-item", name="total").wait_for(state="detached")
        found += violations(page, f"{theme}, quick add of what is not there")
        hand.press("Escape")
        hand.at("tab-yaml").click()
        hand.at("yaml-text").wait_for()
        found += violations(page, f"{theme}, text")
        hand.press("Control+f")
        hand.at("search").get_by_role("textbox").wait_for()
        found += violations(page, f"{theme}, search")
        hand.press("Escape", "Escape")
        hand.at("tab-config").click()
        hand.at("input-add").fill(f"new_{theme}")
        hand.press("Enter")
        hand.at("names").wait_for()
        found += violations(page, f"{theme}, types of an input")
        hand.press("Escape")
    page.evaluate(RUN, "seen_by_axe = made('seen_by_axe')\nseen_by_axe.edit()")
    hand.at("offered").wait_for()
    found += violations(page, "Dark, offered edits")
    page.close()
    assert found == []
