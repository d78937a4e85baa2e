"""How soon a graph is seen, and how fluently a very large one moves.

Method: pages saved by `to_html`, opened from a file in a headless Chromium that draws in software. First paint: from the start of the
front end to the frame after its first card or picture, the median of some openings. Frames: of a scripted pan and zoom, the share that
came within 20 ms. Where no Chromium is found there are no rows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks.rows import Row
from stratix_tasks import flow, task

ROOT = Path(__file__).parent.parent
SECONDS, OPENINGS = 10, 3
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
SEEN = ":is([data-testid=node], [data-testid=painting])"
PAINTED = """seen => new Promise(done => {
    const look = () => document.querySelector(seen)
        ? requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0)) : requestAnimationFrame(look);
    look();
})"""
MOVED = """seconds => new Promise(done => {
    const canvas = document.querySelector("[data-testid=painting]");
    const box = canvas.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const at = (type, clientX, clientY) =>
        canvas.dispatchEvent(new PointerEvent(type, {clientX, clientY, pointerId: 1, button: 0, bubbles: true}));
    canvas.setPointerCapture = () => {};
    const times = [], start = performance.now();
    let last = start, down = false;
    const step = () => {
        const now = performance.now(), t = (now - start) / 1000;
        times.push(now - last);
        last = now;
        if (t > seconds) return done(times);
        if (Math.floor(t) % 2 === 0) {
            if (!down) at("pointerdown", x, y);
            down = true;
            at("pointermove", x - 300 * Math.sin(t * 3), y - 120 * Math.sin(t * 2));
        } else {
            if (down) at("pointerup", x, y);
            down = false;
            const deltaY = t % 1 < 0.5 ? 10 : -10;
            canvas.dispatchEvent(
                new WheelEvent("wheel", {deltaY, ctrlKey: true, clientX: x, clientY: y, bubbles: true, cancelable: true}));
        }
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


@task
def note(n: int) -> None:
    """Has nothing to give."""


def mesh(count: int, wide: int) -> Any:
    """A flow in layers, each node after three of the layer before."""

    @flow(name=f"mesh_of_{count}")
    def layers() -> None:
        random, layer = Random(1), [note.options(name=f"in_{i}")(i) for i in range(wide)]
        for depth in range(count // wide - 1):
            layer = [note.options(name=f"at_{depth}_{i}", after=random.sample(layer, 3))(depth) for i in range(wide)]

    return layers


def run() -> Iterator[Row]:
    browser = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "browser.py")], capture_output=True, text=True, check=False
    )
    if not browser.stdout.strip():
        print("view: no Chromium found, nothing measured")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=browser.stdout.strip(), args=FLAGS)
        for count, wide in ((400, 20), (1_500, 30)):
            page = Path(folder) / f"{count}.html"
            mesh(count, wide).to_html(page)
            took = median(_painted(chromium, page) for _ in range(OPENINGS)) / 1000
            yield Row(f"first paint of {count:,} nodes", "s", took, 0.0, took, "at most", 1.0)
        page = Path(folder) / "many.html"
        mesh(10_000, 100).to_html(page)
        times = _moved(chromium, page)
        share = sum(time < 20 for time in times) / len(times)
        yield Row("frames within 20 ms at 10,000 nodes", "of all", share, 0.0, share, "at least", 0.9)
        chromium.close()


def _painted(chromium: Any, path: Path) -> float:
    """Milliseconds from the start of the page's load to its first picture."""
    page = chromium.new_page(viewport={"width": 1200, "height": 700})
    page.goto(path.as_uri(), wait_until="commit")
    took = page.evaluate(PAINTED, SEEN)
    page.close()
    return float(took)


def _moved(chromium: Any, path: Path) -> list[float]:
    """Milliseconds between frames while the graph is moved and zoomed by a script."""
    page = chromium.new_page(viewport={"width": 1200, "height": 700})
    page.goto(path.as_uri())
    page.wait_for_selector("[data-testid=painting]")
    page.wait_for_timeout(1_000)
    times: list[float] = page.evaluate(MOVED, SECONDS)
    page.close()
    return times
