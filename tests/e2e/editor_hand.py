"""What a hand does in the view of a flow that is edited: shared by the tests of gestures."""

from __future__ import annotations

from ast import literal_eval
from typing import Any

from jupyter import Notebook, Server

DEFINE = """
from stratix_tasks import Flow, flow, task
@task
def load(n: int, name: str = "a") -> list[int]:
    "Make the numbers."
    return list(range(n))
@task
def scale(xs: list[int], by: float = 1.0) -> list[int]:
    "Scale each number."
    return [int(x * by) for x in xs]
@task
def total(xs: list[int]) -> int:
    "Add them up."
    return sum(xs)
@task
def pair(left: list[int], right: list[int] | None = None) -> int:
    return len(left) + len(right or [])
@task
def shout(text: str) -> str:
    return text.upper()
def made(name):
    return Flow.from_yaml(f'''stratix: 1
flow: {name}
inputs: {{n: {{type: int, default: 5}}}}
tasks:
  load: {{call: load, with: {{n: "${{{{ inputs.n }}}}"}}}}
  scale: {{call: scale, with: {{xs: "${{{{ tasks.load.output }}}}", by: 2.0}}}}  # twice
  total: {{call: total, with: {{xs: "${{{{ tasks.scale.output }}}}"}}}}
output: ${{{{ tasks.total.output }}}}
''')
"""
VIEW = "[data-testid=stratix-view]"
RUN = """source => {
    const { content, context } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = 1;
    content.activeCell.model.sharedModel.setSource(source);
    return window.jupyterapp.commands.execute("notebook:run-cell");
}"""


class Hand:
    """What a hand does in the view of one flow."""

    def __init__(self, book: Notebook, name: str, define: str = "") -> None:
        self.book, self.page, self.name = book, book.page, name
        self.page.evaluate(RUN, define or f"{name} = made({name!r})\n{name}.edit()")
        self.page.wait_for_selector(f"{VIEW}[data-mode=edit] >> text={name}")
        self.page.locator(VIEW).scroll_into_view_if_needed()
        self.node("total").wait_for()
        self.page.click(f"{VIEW} [data-testid=fit]")

    def at(self, testid: str, **data: str) -> Any:
        marks = "".join(f"[data-{key}='{value}']" for key, value in data.items())
        return self.page.locator(f"{VIEW} [data-testid={testid}]{marks}")

    def node(self, name: str) -> Any:
        return self.at("node", node=name)

    def port(self, node: str, port: str, side: str = "in") -> Any:
        return self.at("port", node=node, port=port, side=side)

    def click(self, name: str, *keys: str) -> None:
        """Click a node, with keys held down."""
        self.node(name).locator(".stx-name").click(modifiers=list(keys))

    def drag(self, source: Any, to: Any, waits: str = "") -> None:
        """From the middle of something to that of something else, or by so many pixels; until `waits` is there before letting go."""
        box = source.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        if isinstance(to, tuple):
            end = x + to[0], y + to[1]
        else:
            there = to.bounding_box()
            end = there["x"] + there["width"] / 2, there["y"] + there["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 12, y + 12)
        if waits:
            self.page.wait_for_selector(f"{VIEW} {waits}")
        mouse.move(*end, steps=6)
        mouse.up()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def steps(self, *titles: str) -> None:
        """Wait until the steps that hold are these."""
        for _ in range(100):
            if (found := literal_eval(self.book.value(f"{self.name}.edits"))) == list(titles):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{found}, not {[*titles]}")

    def value(self, expression: str) -> str:
        return self.book.value(f"{self.name}.{expression}")


def opened(lab: Server, browser: Any, name: str) -> Notebook:
    """A notebook with tasks, and a cell for the flow of each test."""
    page = browser.new_page()
    page.set_default_timeout(15_000)
    made = Notebook(page, lab.notebook(name, [DEFINE, ""]))
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    page.add_style_tag(content=".Toastify { display: none }")  # JupyterLab's news may come to lie on the view
    made.run_all()
    return made
