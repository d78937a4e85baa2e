"""A flow that is not running as a source of views, made anew after each edit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from stratix_tasks.dsl.task import DEFINED
from stratix_tasks.look.sources import FlowSource
from stratix_tasks.session.edited import Edits
from stratix_tasks.session.editor import FlowEditor
from stratix_tasks.session.run import Run
from stratix_tasks.session.still import Still
from stratix_tasks.view.messages import About, AskedField, Can, Inspection, ItemPage, ItemQuery, Status, Texts
from stratix_tasks.view.source import Outline

STILL = 0.1
"""Seconds without a new task after which views show what there is."""


class EditedFlow:
    """A flow that is not running, as a source of views. `make` makes what is shown of it, from what was shown before; `last` gives its
    last run, on whose values expressions are tried."""

    def __init__(
        self, flow: Any, make: Callable[[FlowSource | None], FlowSource], last: Callable[[], Run | None]
    ) -> None:
        self._edits: Edits = flow.edits_made
        self._make = make
        self._made: tuple[object, FlowSource] | None = None
        self.editor = FlowEditor(flow, self.now, last)

    def now(self) -> FlowSource:
        """What is shown of the flow as it is."""
        mark = self._edits.mark
        if self._made is None or self._made[0] is not mark:
            self._made = mark, self._make(self._made[1] if self._made is not None else None)
        return self._made[1]

    def outline(self) -> Outline:
        made = self.now().outline()
        lost = len(self._edits.unsaved)
        return {**made, "flow": {**made["flow"], "unsaved": lost}} if lost else made

    def run_info(self) -> None:
        return None

    def records(self, nodes: set[int] | None) -> list[tuple[int, Status]]:
        return self.now().records(nodes)

    def texts(self, nodes: set[int] | None) -> dict[str, Texts]:
        return self.now().texts(nodes)

    def watch(self, callback: Callable[[set[int]], None]) -> Callable[[], None]:
        inner = self.now().watch(callback)

        def edited() -> None:
            nonlocal inner
            inner()
            inner = self.now().watch(callback)
            callback(set())

        def anew() -> None:
            self._made = None
            edited()

        release = self._edits.watch(edited)
        still = Still(STILL, anew)  # a cell or a module defines tasks one after the other: all are told of once
        defined = still.again
        DEFINED.add(defined)

        def all_of_them() -> None:
            DEFINED.discard(defined)
            still.cancel()
            release()
            inner()

        return all_of_them

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        callback()

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
        return self.now().request(verb, target, args)

    def inspect(self, node: str, item: int | None) -> Inspection:
        return self.now().inspect(node, item)

    def can(self, node: str, item: int | None) -> Can:
        return self.now().can(node, item)

    def items(self, node: str, start: int, stop: int, query: ItemQuery | None = None) -> ItemPage:
        return self.now().items(node, start, stop, query)

    def fields(self) -> list[AskedField]:
        return self.now().fields()

    def about(self) -> About:
        return self.now().about()

    def text(self) -> str:
        return self.now().text()
