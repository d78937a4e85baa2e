"""Makes the pictures of the README from real runs in a real JupyterLab: python tests/e2e/pictures.py"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter import FLAGS, Notebook, Server
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "notebooks" / "images"
VIEW = "[data-testid=stratix-view]"
SIZE = {"width": 1340, "height": 2200}

LIVE = [
    """import random
import time

import pandas as pd

from stratix_tasks import each, flow, otherwise, task, track, when


@task(retry=3)
def fetch(region: str) -> pd.DataFrame:
    "The sales of a region."
    time.sleep(0.1 + random.random() / 2)
    return pd.DataFrame({"amount": [random.random() for _ in range(2_000)], "region": region})


@task
def holidays(year: int) -> list[str]:
    return ["01-01", "05-01", "12-25"]


@task
def combine(frames: list[pd.DataFrame]) -> pd.DataFrame:
    "One table of all."
    return pd.concat(frames)


@task(runner="process")
def train(table: pd.DataFrame, holidays: list[str], rate: float) -> float:
    "A model for each rate."
    for _ in track(range(60)):
        time.sleep(0.02)
    return float(table["amount"].mean()) * (1 - rate)


@task
def pick(scores: list[float]) -> float:
    return max(scores)


@task
def publish(score: float) -> str:
    return f"{score:.3f}"


@task
def warn(score: float) -> str:
    return "too low"


@flow
def sales(regions: list[str] = ["eu", "us", "jp", "in", "br"], rates: list[float] = [0.3, 0.1, 0.03, 0.01, 0.003, 0.001]):
    "What next week will bring."
    table = combine(fetch.options(max=4).map(each(regions)))
    best = pick(train.map(table, holidays(2026), rate=each(rates)))
    with when(best > 0.4):
        publish(best)
    with otherwise():
        warn(best)
""",
    "run = sales.start()  # returns at once\nrun",
]
CONTROL = [
    """import time

from stratix_tasks import each, flow, task, track


@task
def orders(n: int) -> list[float]:
    "The orders of a day."
    return [i * 1.25 for i in range(n)]


@task(runner="process")
def price(order: float, rate: float = 1.0) -> float:
    "In a worker process each."
    for _ in track(range(200)):
        time.sleep(0.02)
    return order * rate


@task
def rates(day: str) -> dict[str, float]:
    return {"eu": 1.0, "us": 1.08}


@task
def discounts(day: str) -> list[float]:
    return [0.05, 0.1]


@task
def settle(prices: list[float], rates: dict[str, float], discounts: list[float], fee: float = 0.35) -> float:
    "Add it up."
    return sum(prices) * rates["us"] * (1 - max(discounts)) + fee


@task
def publish(amount: float) -> str:
    return f"{amount:.2f}"


@task
def archive(amount: float) -> float:
    return amount


@flow
def billing(day: str = "2026-01-01"):
    "What a day comes to."
    amount = settle(price.map(each(orders(8))), rates(day), discounts(day))
    return publish(amount), archive(amount)
""",
    "run = billing.start()\nrun",
]

WAITS = [
    """from stratix_tasks import approval, each, flow, signal, sleep, task


@task
def build(version: str) -> str:
    "Build the wheel."
    return f"stratix-{version}.whl"


@task
def check(wheel: str) -> int:
    "All tests, on all systems."
    return 1024


@task
def publish(wheel: str, notes: str, approved: dict, regions: list) -> str:
    "Send it out."
    return wheel


@flow
def release(version: str = "1.4.0"):
    "Build, ask, wait, publish."
    wheel = build(version)
    checked = check(wheel)
    ok = approval.options(name="approve", after=[checked])("Ship 1.4.0?", timeout="1d")
    notes = signal.options(name="notes", after=[checked])("release-notes")
    nap = sleep.options(name="cool_down", after=[checked])("5m")
    asked = ["Roll out in the EU?", "Roll out in the US?", "Roll out in Asia?"]
    regions = approval.options(name="regions", after=[checked]).map(each(asked))
    return publish.options(after=[nap])(wheel, notes, ok, regions)
""",
    "run = release.start()\nrun",
]


def done(page: Any, node: str, many: int) -> None:
    """Waits until so many items of a mapped node are done."""
    asked = f"() => document.querySelector('{VIEW} [data-node={node}]')?.dataset.done >= {many}"
    page.wait_for_function(asked, timeout=60_000, polling=20)


def live(book: Notebook) -> None:
    """In the middle of the training of six models."""
    page = book.page
    done(page, "train", 2)
    page.wait_for_timeout(500)


def control(book: Notebook) -> None:
    """A breakpoint that is not reached yet, and the inputs of its node open for an edit."""
    page = book.page
    done(page, "price", 2)
    page.click(f"{VIEW} [data-node=settle]")
    page.click(f"{VIEW} [data-testid=node-tools] [data-testid=node-breakpoint]")
    page.click(f"{VIEW} [data-testid=node-tools] [data-testid=edit-input]")
    page.wait_for_selector(f"{VIEW} [data-name=fee] [data-testid=input-field]")
    done(page, "price", 4)
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)


def waits(book: Notebook) -> None:
    """All that is left waits, and an approval is looked at."""
    page = book.page
    page.wait_for_selector(f"{VIEW} [data-testid=run-waits]")
    page.click(f"{VIEW} [data-node=approve]")
    page.wait_for_selector(f"{VIEW} [data-testid=node-wait]")
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)


def made(server: Server, context: Any, name: str, cells: list[str], prepare: Any, last: int) -> None:
    """Runs the cells, prepares what is to be seen, and keeps the view with the `last` cells' code above it."""
    page = context.new_page()
    book = Notebook(page, server.notebook(name, cells))
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    book.run_all()
    page.wait_for_selector(f"{VIEW} [data-testid=node]", timeout=60_000)
    prepare(book)
    box = page.locator(VIEW).bounding_box()
    top = page.locator(".jp-CodeCell").nth(len(cells) - last).bounding_box()
    page.screenshot(
        path=IMAGES / f"{name}.png",
        clip={
            "x": top["x"],
            "y": top["y"],
            "width": top["width"],
            "height": box["y"] + box["height"] + 6 - top["y"],
        },
    )
    page.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    found = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "browser.py")], capture_output=True, text=True, check=True
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as profile,
    ):
        server = Server(Path(folder))
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=found.stdout.strip(),
            args=FLAGS,
            headless=True,
            viewport=SIZE,
            device_scale_factor=2,
        )
        try:
            made(server, context, "live", LIVE, live, 1)
            made(server, context, "control", CONTROL, control, 1)
            made(server, context, "waits", WAITS, waits, 1)
        finally:
            context.close()
            server.stop()


if __name__ == "__main__":
    main()
