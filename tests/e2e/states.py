"""Makes docs/states-shown.md and its pictures, from real runs that are saved as pages: python tests/e2e/states.py"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from jupyter import FLAGS
from playwright.sync_api import sync_playwright
from pydantic import BaseModel

from stratix_tasks import (
    Engine,
    always,
    approval,
    ask,
    each,
    expr,
    failed,
    flow,
    n_of,
    repeat,
    signal,
    sleep,
    task,
    track,
    uses,
    when,
)
from stratix_tasks.core.states import State
from stratix_tasks.executors.registry import HERE
from stratix_tasks.look.sources import FlowSource, RunSource
from stratix_tasks.session.display import flow_source, run_source
from stratix_tasks.session.display import page as page_shown
from stratix_tasks.spec.cards import Said

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
IMAGES = DOCS / "states"
GO = threading.Event()
LONG = 60.0
AROUND = 14


@task
def load(n: int = 12) -> list[int]:
    "All of a day."
    return list(range(n))


@task
def fit(days: list[int]) -> float:
    "A model of them."
    for at in track(range(10)):
        if at == 6:
            GO.wait(LONG)
    return 0.93


@task
def wait(n: int = 1) -> int:
    "Until it is let."
    GO.wait(LONG)
    return n


@task
def refuse(days: list[int]) -> float:
    "What it gets is never right."
    raise ValueError("column 'price' is missing")


@task(retry={"max": 3, "delay": 45})
def fetch() -> bytes:
    "From a server that is away."
    raise ConnectionError("no answer")


@task(runner="process")
def crunch(n: int) -> int:
    "In a process of its own."
    time.sleep(LONG)
    return n


@task
def report(score: float | None = None) -> str:
    "What came of it."
    return f"{score}"


@task
def mend(message: str = "") -> str:
    "Another way."
    return message


@task
def price(day: int) -> float:
    "What a day costs."
    if day > 8:
        GO.wait(LONG)
    if day == 5:
        raise ValueError("no price")
    return day * 1.25


@task
def better(n: int) -> int:
    "One step on."
    if n > 4:
        GO.wait(LONG)
    return n + 1


@task
def tidy() -> None:
    "Whatever has happened."


@flow
def one_model() -> Any:
    return report(fit(load()))


@flow
def one_after() -> Any:
    return report(fit.options(after=[wait()])(load()))


@flow
def one_place() -> Any:
    return [wait(1), wait.options(name="behind")(2)]


@flow
def refused() -> Any:
    return report(refuse(load()))


@flow
def tried_again() -> Any:
    return fetch()


@flow
def apart() -> Any:
    return crunch(7)


@flow
def people() -> Any:
    return [
        approval("Ship 1.4.0?", timeout="1d"),
        ask.options(name="how_many")("How many?", fields={"many": int}),
        signal.options(name="notes")("release-notes"),
        sleep.options(name="cool_down")("5m"),
    ]


@flow
def a_branch() -> Any:
    days = load()
    with when(days[0] > 100):
        fit(days)
    return days


@flow
def priced() -> Any:
    return price.options(gather="settled").map(each(load()))


@flow
def region(day: int) -> Any:
    return report.options(name="told")(price(day))


@flow
def regions() -> Any:
    return region.map(day=each(load(10)))


@flow
def in_rounds() -> Any:
    return repeat(better, 1, max=9)


@flow
def ways() -> Any:
    with always():
        tidy()
    bad = refuse(load())
    with failed(bad) as error:
        mend(error.message)
    return report.options(join=n_of(1), name="first_of_both", after=[wait(), load.options(name="here")()])(0.93)


class Chart:
    """Draws itself, as a figure does."""

    def __init__(self, heights: list[float]) -> None:
        self.heights = heights

    def _repr_svg_(self) -> str:
        bars = "".join(
            f'<rect x="{20 + 40 * at}" y="{150 - 12 * high}" width="28" height="{12 * high}" rx="3" fill="#4477aa"/>'
            for at, high in enumerate(self.heights)
        )
        ground = '<rect width="280" height="170" fill="#fff"/><path d="M12 150.5H268" stroke="#889"/>'
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="280" height="170">{ground}{bars}</svg>'


@task
def sales() -> pd.DataFrame:
    "All of a week."
    days = pd.date_range("2026-03-02", periods=6).strftime("%a %d %b")
    return pd.DataFrame({"day": days, "sold": [4, 7, 6, 9, 11, 10], "price": [2.5, 2.5, 2.4, 2.4, 2.3, 2.3]})


@task
def chart(table: pd.DataFrame) -> Chart:
    return Chart(table["sold"].tolist())


@task
def summary(table: pd.DataFrame) -> dict[str, Any]:
    return {"days": len(table), "sold": int(table["sold"].sum()), "best": "Fri 06 Mar"}


@flow
def a_week() -> Any:
    week = sales()
    return [chart(week), summary(week)]


@flow
def letters() -> Any:
    return uses("post").options(name="letter")(to=uses("post").options(name="first")(to="ann"))


@flow
def used(day: str = "2026-01-01") -> Any:
    page = uses("http.get").options(name="page")(expr("https://example.org/${{ inputs.day }}.json"))
    rows = uses("sql.query").options(name="rows")(
        "select region, sum(amount) from page group by region", frames={"page": page}
    )
    book = uses("notebook.run").options(name="book")("report.ipynb", parameters={"rows": rows})
    kept = uses("file.write").options(name="kept")("rows.json", rows)
    return uses("post").options(name="letter", after=[book, kept])(to="everybody")


@flow
def in_use() -> Any:
    said = uses("shell.run").options(name="said")(["echo", "some words"])
    told = uses("sql.query").options(name="counted", after=[said])("select 42 as answer", result="value")
    return uses("post").options(name="letter", after=[told])(to="everybody")


class Letter(BaseModel):
    to: str


class Post:
    name, description, Config = "post", "Sends a letter.", Letter
    card = Said(title="Letter", icon="mail", accent="#d6336c", subtitle="to {to}")

    def execute(self, context: Any, config: Letter) -> str:
        GO.wait(LONG)
        return config.to

    def health_check(self) -> Any:
        return "the box is full"


class Scene(NamedTuple):
    """What is shown: a state by its name, a sentence on it, and how to come there; the answer is what is drawn. `key` is pressed then."""

    name: str
    about: str
    node: str
    come: Callable[[Engine], Any]
    key: str = ""


def come_to(
    shown: Any, node: str, *states: State, asked: Callable[[Any], None] | None = None
) -> Callable[[Engine], Any]:
    """Starts a flow, asks it for something, and waits until a node is in one of these states."""

    def come(engine: Engine) -> Any:
        run = engine.start(shown)
        if asked is not None:
            asked(run)
        until(run, node, states)
        return run

    return come


def half_way(engine: Engine) -> Any:
    run = engine.start(one_model)
    source, end = run_source(run), time.monotonic() + LONG / 2
    while not any(status[8] == 0.6 for _, status in source.records(None)):
        assert time.monotonic() < end
        time.sleep(0.02)
    return run


def until(run: Any, node: str, states: tuple[State, ...], many: int = 0) -> None:
    source = run_source(run)
    number = next(at for at, one in enumerate(source.outline()["nodes"]) if one["name"] == node)
    end = time.monotonic() + LONG / 2
    while True:
        status = next(status for at, status in source.records({number}) if at == number)
        if status[0] in states and status[3] + status[5] >= many:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"{node} is {State(status[0]).label}, not {states}")
        time.sleep(0.02)


def known(shown: Any) -> Callable[[Engine], Any]:
    """A flow whose executors are there, before anything runs."""

    def come(engine: Engine) -> Any:
        engine.executors.register("post", Post())
        token = HERE.set(engine.executors)
        try:
            return flow_source(shown, {})
        finally:
            HERE.reset(token)

    return come


def in_a_run(engine: Engine) -> Any:
    engine.executors.register("post", Post())
    run = engine.start(in_use)
    until(run, "letter", (State.RUNNING,))
    return run


def some_done(shown: Any, node: str, many: int) -> Callable[[Engine], Any]:
    def come(engine: Engine) -> Any:
        run = engine.start(shown)
        until(run, node, (State.OPEN,), many)
        return run

    return come


def held(run: Any) -> None:
    run.pause("fit")
    GO.set()


def stopped_at(run: Any) -> None:
    run.breakpoint("fit")
    GO.set()


def taken_over(engine: Engine) -> Any:
    first = engine.start(one_model)
    GO.set()
    first.wait(LONG)
    run = first.fork("report")
    run.wait(LONG)
    return run


def skipped_with(engine: Engine) -> Any:
    run = engine.start(one_model)
    until(run, "fit", (State.RUNNING,))
    run.skip("fit", value=0.5)
    run.wait(LONG)
    return run


def cancelled(engine: Engine) -> Any:
    run = engine.start(one_model)
    until(run, "fit", (State.RUNNING,))
    run.cancel("fit")
    run.wait(LONG)
    return run


def suspended(engine: Engine) -> Any:
    run = engine.start(apart)
    until(run, "crunch", (State.RUNNING,))
    time.sleep(0.5)  # it has begun
    run.pause("crunch")
    until(run, "crunch", (State.SUSPENDED,))
    return run


def all_done(shown: Any) -> Callable[[Engine], Any]:
    def come(engine: Engine) -> Any:
        GO.set()
        run = engine.start(shown)
        run.wait(LONG)
        return run

    return come


def unwell(engine: Engine) -> Any:
    engine.executors.register("post", Post())
    run = engine.start(letters)
    until(run, "first", (State.RUNNING,))
    source, told = run_source(run), threading.Event()
    release = source.watch(lambda _: told.set() if any("ill" in text for text in source.texts(None).values()) else None)
    assert told.wait(LONG / 2)
    release()
    return source


def scenes() -> Iterator[Scene]:
    running, waiting = come_to(one_model, "fit", State.RUNNING), come_to(people, "cool_down", State.WAITING)
    yield Scene(
        "planned", "Nothing runs: the glyph is that of its kind, the line what it does.", "fit", lambda _: one_model
    )
    yield Scene("pending", "What it needs is not there yet; its edge is dashed.", "report", running)
    yield Scene(
        "ready", "It could begin, and waits for a place to run in.", "behind", come_to(one_place, "behind", State.READY)
    )
    yield Scene("running", "With how far it is, as its body says.", "fit", half_way)
    yield Scene(
        "retrying",
        "It failed and will be tried again; the seconds count down.",
        "fetch",
        come_to(tried_again, "fetch", State.RETRYING),
    )
    yield Scene("held", "Somebody paused it before it began.", "fit", come_to(one_after, "fit", State.HELD, asked=held))
    yield Scene(
        "at a breakpoint",
        "The run stops here: the red dot is the breakpoint.",
        "fit",
        come_to(one_after, "fit", State.HELD, asked=stopped_at),
    )
    yield Scene("suspended", "Its body is stopped where it was: it runs in a process.", "crunch", suspended)
    yield Scene(
        "waiting for an approval", "Round, as all waits: with what is asked, and until when.", "approval", waiting
    )
    yield Scene("waiting for an answer", "A form in the panel answers it.", "how_many", waiting)
    yield Scene("waiting for a signal", "", "notes", waiting)
    yield Scene("asleep", "The bar is how much of it is over.", "cool_down", waiting)
    yield Scene("completed", "How long it took, and what it gave.", "fit", all_done(one_model))
    yield Scene("taken over", "What another run had computed: this one was forked from it.", "fit", taken_over)
    yield Scene("given", "Its value was given by hand; nothing computed it.", "fit", skipped_with)
    yield Scene("failed", "With the first line of its error.", "refuse", all_done(refused))
    yield Scene("upstream failed", "What it needs failed.", "report", all_done(refused))
    yield Scene(
        "cancelled",
        "Its thread still runs: Python can't end a thread, and what it returns is dropped.",
        "fit",
        cancelled,
    )
    yield Scene("skipped", "Its condition was not met.", "fit", all_done(a_branch))
    yield Scene(
        "mapped, in the middle", "The bar: what is completed, failed, and runs.", "price", some_done(priced, "price", 9)
    )
    yield Scene(
        "mapped flow", "A stack of frames; its bar counts what lies in it.", "region", some_done(regions, "region", 4)
    )
    yield Scene("loop", "Round at the right, with the way back.", "better", some_done(in_rounds, "better", 3))
    yield Scene(
        "a join, a handler, the end",
        "The left side tells how each begins: where several come together, on failure, whatever has happened.",
        "",
        all_done(ways),
    )
    yield Scene(
        "results in cards",
        "What is asked for by O, or of all by Shift+O: the head of a table, a plot, the parts of a record.",
        "",
        all_done(a_week),
        "Shift+O",
    )
    yield Scene(
        "what nodes use",
        "Its icon in its colour, and what it says of its arguments.",
        "",
        known(used),
    )
    yield Scene(
        "what nodes use, in a run",
        "The state stands in the disc, the icon at the right.",
        "",
        in_a_run,
    )
    yield Scene("executor not well", "The mark at the corner; the panel and `why` say what is wrong.", "letter", unwell)


def saved(scene: Scene, folder: Path) -> Path:
    """What is shown, as a page."""
    GO.clear()
    engine = Engine(folder / "store", concurrency=1 if scene.name == "ready" else 16)
    try:
        path = folder / "page.html"
        shown = scene.come(engine)
        path.write_text(page_shown(shown) if isinstance(shown, RunSource | FlowSource) else shown.to_html())
        return path
    finally:
        GO.set()
        engine.close()


def pictures(scene: Scene, context: Any, folder: Path) -> None:
    """The card, or the whole graph, in both themes."""
    path = saved(scene, folder)
    for theme in ("light", "dark"):
        page = context.new_page()
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.goto(path.as_uri())
        page.wait_for_selector("[data-testid=node]")
        page.add_style_tag(content=".stx-size-on { display: none }")  # a part of it would be in the picture of the card
        if scene.key:
            page.focus(".react-flow__node")
            page.keyboard.press(scene.key)
            page.wait_for_timeout(400)
            page.evaluate("document.activeElement.blur()")
        page.click("[data-testid=fit]")
        page.mouse.move(5, 5)
        page.wait_for_timeout(400)
        cards = page.locator(f"[data-node='{scene.node}']" if scene.node else "[data-testid=node]")
        boxes = [cards.nth(at).bounding_box() for at in range(cards.count())]
        left, top = (min(box[side] for box in boxes) - AROUND for side in ("x", "y"))
        right, low = (max(box[side] + box[size] for box in boxes) for side, size in (("x", "width"), ("y", "height")))
        clip = {"x": left, "y": top, "width": right - left + AROUND, "height": low - top + AROUND}
        page.screenshot(path=IMAGES / f"{file_of(scene)}-{theme}.png", clip=clip)
        page.close()


def file_of(scene: Scene) -> str:
    return scene.name.replace(",", "").replace(" ", "-")


def page_of(shown: list[Scene]) -> str:
    rows = "\n".join(
        f"| {one.name} | ![{one.name}, light](states/{file_of(one)}-light.png) | ![{one.name}, dark](states/{file_of(one)}-dark.png) | {one.about} |"
        for one in shown
    )
    return f"""# What states look like

Each card is of a real run. A state is told by its colour, its glyph and its words, so that none of them is needed alone; where a graph is
zoomed out, whole cards have the colour. The shape tells what a node is and how it begins: the left side comes to a point where a
join begins before all is there, has its corners cut where it begins on failure, and is a plug where it runs at the end; waits are
round, loops have a way back at their right, what is mapped is a stack, and a flow has a frame in it.

This page is made by `python tests/e2e/states.py`.

| | light | dark | |
|---|---|---|---|
{rows}
"""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    found = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "browser.py")], capture_output=True, text=True, check=True
    )
    shown = list(scenes())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=FLAGS, headless=True)
        context = browser.new_context(viewport={"width": 1300, "height": 700}, device_scale_factor=1.5)
        for scene in shown:
            with tempfile.TemporaryDirectory() as folder:
                pictures(scene, context, Path(folder))
            print(scene.name, flush=True)
        browser.close()
    (DOCS / "states-shown.md").write_text(page_of(shown))


if __name__ == "__main__":
    main()
