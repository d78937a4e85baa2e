"""What is wrong with an executor, as a person sees it in a real JupyterLab: on the card, and in the inspector."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter import Notebook, Server
from test_hand import LIVE, node

pytestmark = pytest.mark.e2e

DEFINE = """
import threading
from pydantic import BaseModel
from stratix_tasks import default_engine, flow, uses
go = threading.Event()
class Letter(BaseModel):
    to: str
class Post:
    name, description, Config = "post", "Sends a letter.", Letter
    well = False
    def execute(self, context, config):
        go.wait(60)
        return config.to
    def health_check(self):
        return self.well or "the box is full"
default_engine().executors.register("post", Post())
@flow
def unwell():
    first = uses("post").options(name="first")(to="ann")
    return uses("post").options(name="second")(to=first)
"""


def test_a_node_whose_executor_is_not_well_says_so(lab: Server, page: Any) -> None:
    """Before the run is over; when what uses it is done, nothing is said any more."""
    book = Notebook(page, lab.notebook("unwell", [DEFINE, "run = unwell.start()\nrun"]))
    book.run_all()
    ill = "Its executor 'post' is not well: the box is full."
    page.wait_for_selector(f'{node("second")} [data-testid=ill][title="{ill}"]', timeout=30_000)
    page.click(node("second"))
    page.wait_for_selector(f"{LIVE} [data-testid=node-ill] >> text={ill}")
    assert book.value("go.set() or run.result(30)") == "'ann'"
    page.wait_for_selector(f"{LIVE} [data-testid=ill]", state="detached", timeout=20_000)
    page.wait_for_selector(f"{LIVE} [data-testid=node-ill]", state="detached", timeout=20_000)
