"""What is chosen in a view: where it lies, how a hand goes up from it, and where the focus goes."""

from __future__ import annotations

from typing import Any

import pytest

from stratix_tasks import Engine, each, flow, task

HERE = "[data-testid=trail] [aria-current]"


@task
def sample(n: int = 3) -> int:
    return n


@flow
def in_here(n: int = 1) -> Any:
    return sample.options(name="deep")(n)


@flow
def out_there() -> Any:
    return in_here.options(name="inner")(sample())


@flow
def all_around() -> Any:
    return out_there.options(name="outer")()


def test_what_is_open_says_where_it_lies(opened: Any) -> None:
    """Each part leads there; Escape goes one up, and at last closes the panel."""
    page = opened(all_around, 1300)
    page.click("[data-node='outer.inner.deep']")
    page.wait_for_selector(f"{HERE} >> text=deep")
    assert page.locator("[data-testid=crumb]").all_inner_texts() == ["outer", "inner"]
    page.click("[data-testid=crumb] >> text=outer")
    page.wait_for_selector(f"{HERE} >> text=outer")
    page.click("[data-node='outer.inner.deep']")
    page.wait_for_selector(f"{HERE} >> text=deep")
    for up in ("inner", "outer"):
        page.keyboard.press("Escape")
        page.wait_for_selector(f"{HERE} >> text={up}")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stx-inspector", state="detached")


@task
def halved(n: int) -> int:
    if n == 5:
        raise ValueError(f"no {n}")
    return n // 2


@flow
def halved_all() -> Any:
    return halved.map(each(range(8)))


@flow
def halved_many() -> Any:
    return halved.map(each(range(200)))


@pytest.mark.parametrize(("height", "full"), [(700, False), (1000, True)])
def test_a_list_of_items_has_what_the_panel_leaves_it(opened: Any, engine: Engine, height: int, full: bool) -> None:
    """Nothing but the list scrolls, and as many rows are asked for as have room; in the full window many more."""
    run = engine.start(halved_many)
    run.wait(30)
    page = opened(run, 1200, height)
    if full:
        page.click("[data-testid=full]")
    page.click("[data-node=halved]")
    page.wait_for_selector("[data-testid=item-row]")
    scrolls = """all => [...all].filter(one => one.scrollHeight > one.clientHeight + 1
        && ['auto', 'scroll'].includes(getComputedStyle(one).overflowY)).map(one => one.className)"""
    assert page.eval_on_selector_all(".stx-inspector, .stx-inspector *", scrolls) == ["stx-items nowheel"]
    items = page.locator(".stx-items")
    rows = items.bounding_box()["height"] // 24
    assert rows >= (25 if full else 4)
    page.wait_for_function("rows => document.querySelectorAll('[data-testid=item-row]').length >= rows", arg=rows)
    panel = page.locator(".stx-inspector").bounding_box()
    assert items.bounding_box()["y"] + items.bounding_box()["height"] <= panel["y"] + panel["height"]


def test_an_item_opens_in_a_page_with_nothing_behind_it(opened: Any, engine: Engine) -> None:
    """With its error; a click on its node closes it."""
    run = engine.start(halved_all)
    run.wait(30)
    page = opened(run, 1300)
    page.click("[data-node=halved]")
    page.click("[data-testid=item-row][data-state=failed]")
    page.wait_for_selector(f"{HERE} >> text=[5]")
    assert "no 5" in page.inner_text("[data-testid=node-error]")
    page.click("[data-node=halved]")
    page.wait_for_selector(f"{HERE} >> text=halved")
    page.click("[data-testid=item-row] >> nth=2")
    page.wait_for_selector(f"{HERE} >> text=[1]")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{HERE} >> text=halved")


GOES = {
    "is taken away": "one => one.remove()",
    "is taken away with what is around it": "one => one.parentElement.remove()",
    "can't be used any more": "one => { one.disabled = true; }",
    "is hidden": "one => { one.parentElement.hidden = true; }",
}


@pytest.mark.parametrize("how", GOES)
def test_the_focus_stays_in_the_view_when_what_has_it(opened: Any, how: str) -> None:
    """It goes to the view itself, so that the next key is heard there; where a hand has gone elsewhere it stays there."""
    page = opened(all_around, 1300)
    page.evaluate(
        """() => {
            const root = document.querySelector('[data-testid=stratix-view]');
            const add = (to, tag) => to.appendChild(document.createElement(tag));
            window.one = add(add(root, 'div'), 'button');
            window.other = add(document.body, 'input');
            window.one.focus();
        }"""
    )
    page.evaluate(f"({GOES[how]})(window.one)")
    page.wait_for_function("document.activeElement.matches('[data-testid=stratix-view]')")
    page.evaluate(
        """() => {
            const root = document.querySelector('[data-testid=stratix-view]');
            window.one = root.appendChild(document.createElement('div')).appendChild(document.createElement('button'));
            window.one.focus();
            window.other.focus();
        }"""
    )
    page.evaluate(f"({GOES[how]})(window.one)")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.evaluate("document.activeElement === window.other")
