"""How soon what a hand does counts, and what is edited is drawn; how fluently the editor moves.

Method: views of this process on pages of a headless Chromium that draws in software. Clicks: on the breakpoint of a node, while a map
journals as many facts as it can; from the click to the fact in the journal. Edits: from `flow.apply(…)` to the frame after the page
shows it. Frames: of a scripted pan of the editor. Where no Chromium is found there are no rows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from time import monotonic, time
from typing import Any

from benchmarks.rows import Row
from benchmarks.view import FLAGS, ROOT
from stratix_tasks import Engine, each, flow, task
from stratix_tasks.core import facts as kinds
from stratix_tasks.session.display import kept, run_source
from stratix_tasks.view.widget import FlowView

CLICKS, EDITS, NODES, SECONDS = 40, 30, 300, 5
FEWEST = 5_000
"""Facts a second beside the clicks, for which the bar holds."""
GO = threading.Event()
CLICKED = """() => {
    window.clicked = [];
    document.addEventListener("click", () => window.clicked.push(performance.timeOrigin + performance.now()), true);
}"""
DRAWN = """name => new Promise(done => {
    const find = () => document.querySelector(`[data-node="${name}"]`);
    const tell = () => requestAnimationFrame(() => setTimeout(() => done(performance.timeOrigin + performance.now()), 0));
    if (find()) return tell();
    const seen = new MutationObserver(() => { if (find()) { seen.disconnect(); tell(); } });
    seen.observe(document.body, {childList: true, subtree: true, attributes: true, attributeFilter: ["data-node"]});
})"""
FRAMES = """() => {
    window.frames_of = [];
    let last = performance.now();
    const step = (now) => {
        window.frames_of.push(now - last);
        last = now;
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
}"""


@task(runner="inline")
def same(x: int) -> int:
    return x


@task
def numbers(n: int) -> range:
    return range(n)


@task
def gated() -> int:
    GO.wait(300)
    return 1


@task
def after(n: int) -> int:
    return n


@flow
def busy(n: int) -> Any:
    return [same.map(each(numbers(n))), after(gated())]


@flow
def many_cards() -> Any:
    row: list[Any] = [after.options(name=f"in_{i}")(i) for i in range(20)]
    for depth in range(NODES // 20 - 1):
        row = [after.options(name=f"at_{depth}_{i}")(one) for i, one in enumerate(row)]
    return row


def run() -> Iterator[Row]:
    """Milliseconds, and shares of frames."""
    browser = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "browser.py")], capture_output=True, text=True, check=False
    )
    if not browser.stdout.strip():
        print("hands: no Chromium found, nothing measured")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.stdout.strip(), args=FLAGS)
        yield from _clicks(chromium)
        yield from _edits(chromium)
        chromium.close()


def _clicks(chromium: Any) -> Iterator[Row]:
    from benchmarks.host import Host

    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder, Engine(folder) as engine:
        held = engine.start(busy, {"n": 2_000_000})
        source = run_source(held)
        asked: list[float] = []
        count = [0]

        def listen(_live: Any, _seq: int, facts: Any) -> None:
            count[0] += len(facts)
            asked.extend(time() for fact in facts if fact[0] == kinds.BREAKPOINT)

        host = Host(FlowView(source, lambda *_: source, kept))
        page = chromium.new_page(viewport={"width": 1200, "height": 700})
        page.goto(host.url)
        page.click("[data-node=after]")
        button = page.locator("[data-testid=node-breakpoint]")
        button.wait_for()
        page.evaluate(CLICKED)
        source._live.engine.listeners.append(listen)
        begun = monotonic()
        for at in range(CLICKS):
            button.click()
            page.wait_for_selector(f"[data-testid=node-breakpoint][aria-pressed={'false' if at % 2 else 'true'}]")
        rate = count[0] / (monotonic() - begun)
        clicked = page.evaluate("window.clicked")
        took = sorted((done - at / 1e3) * 1e3 for at, done in zip(clicked, asked, strict=True))
        page.close()
        host.close()
        held.cancel()
        GO.set()
    late = took[int(len(took) * 0.95)]
    told = "at most" if rate >= FEWEST else "told only"
    yield Row("click → fact, p95", "ms", late, took[len(took) // 2], late, told, 150)
    yield Row("  facts/s meanwhile", "", rate, FEWEST, rate, "told only", 0)


def _edits(chromium: Any) -> Iterator[Row]:
    from benchmarks.host import Host

    host = Host(many_cards.edit())
    page = chromium.new_page(viewport={"width": 1200, "height": 700})
    page.goto(host.url)
    page.wait_for_selector("[data-node=in_0]")
    took, name = [], "in_0"
    for at in range(EDITS):
        begun, fresh = time(), f"renamed_{at}"
        many_cards.apply({"edit": "rename", "node": name, "to": fresh})
        took.append(page.evaluate(DRAWN, fresh) - begun * 1e3)
        name = fresh
    took.sort()
    late = took[int(len(took) * 0.95)]
    yield Row(f"edit → drawn, {NODES} nodes, p95", "ms", late, took[len(took) // 2], late, "at most", 100)
    times = _moved(page)
    share = sum(one < 33 for one in times) / len(times)
    yield Row(f"frames of the editor within 33 ms, {NODES} nodes", "of all", share, 0.0, share, "at least", 0.9)
    page.close()
    host.close()


def _moved(page: Any) -> list[float]:
    """Milliseconds between frames while a hand pans."""
    box = page.locator(".react-flow__pane").bounding_box()
    x, y = box["x"] + box["width"] - 30, box["y"] + 30
    page.evaluate(FRAMES)
    end = monotonic() + SECONDS
    while monotonic() < end:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 500, y + 200, steps=40)
        page.mouse.up()
        page.mouse.move(x - 500, y + 200)
        page.mouse.down()
        page.mouse.move(x, y, steps=40)
        page.mouse.up()
    return list(page.evaluate("window.frames_of"))
