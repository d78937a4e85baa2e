"""Flows and runs as sources of views."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import Any

from stratix_tasks.core.allowed import ELSEWHERE
from stratix_tasks.core.block import Block
from stratix_tasks.core.targets import Found, find
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError
from stratix_tasks.look import about, inspection, status
from stratix_tasks.look.about import Beside
from stratix_tasks.look.fields import form
from stratix_tasks.look.health import Ills, concerned
from stratix_tasks.look.items import items
from stratix_tasks.look.outline import Functions, code_of, node_outline, outline
from stratix_tasks.look.output import text_shown
from stratix_tasks.look.plain import flow_text, run_text
from stratix_tasks.look.poller import Poller
from stratix_tasks.look.progress import progress
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.problems import Problem
from stratix_tasks.view.messages import (
    Able,
    About,
    AskedField,
    Can,
    Inspection,
    Interrupted,
    ItemPage,
    ItemQuery,
    Left,
    RunInfo,
    Status,
    Texts,
)
from stratix_tasks.view.source import Outline

INTERRUPTED = "its kernel has ended: go on with the run first"
"""Why nothing can be asked of an interrupted run."""


class FlowSource:
    """A flow that is not running; `root` is its graph, laid out. `poller` keeps it informed of its interrupted runs while it is watched;
    `ills` tells what is wrong with what it uses.
    """

    def __init__(
        self,
        graph: Graph,
        root: Block,
        functions: Functions,
        problems: list[Problem],
        start: Able,
        interrupted: list[Interrupted],
        ills: Ills,
        poller: Poller[str, list[Interrupted]] | None = None,
    ) -> None:
        self.graph, self._root, self._functions = graph, root, functions
        self._problems, self._start = problems, start
        self._interrupted, self._ills, self._poller = interrupted, ills, poller

    editor = None

    @property
    def root(self) -> Block:
        return self._root

    @property
    def functions(self) -> Functions:
        return self._functions

    @property
    def problems(self) -> list[Problem]:
        return self._problems

    @property
    def interrupted(self) -> list[Interrupted]:
        """Its interrupted runs, as they were told last."""
        return self._interrupted

    def outline(self) -> Outline:
        made = outline(self._root, self._functions, self._problems, self._start)
        return {**made, "flow": {**made["flow"], "interrupted": self._interrupted}}

    def run_info(self) -> None:
        return None

    def records(self, nodes: set[int] | None) -> list[tuple[int, Status]]:
        blank: Status = (0, 0, 0, 0, 0, 0, 0, 0, None, None, None, None)
        return [(node, blank) for node in range(len(self._root.outline.names))]

    def texts(self, nodes: set[int] | None) -> dict[str, Texts]:
        found = ((unit, self._ills.of(node)) for unit, node in enumerate(self._root.outline.nodes))
        return {str(unit): {"ill": told} for unit, told in found if told}

    def watch(self, callback: Callable[[set[int]], None]) -> Callable[[], None]:
        released = self._ills.watch(callback)
        if self._poller is None:
            return released

        def tell(rows: list[Interrupted]) -> None:
            self._interrupted = rows
            callback(set())

        release = self._poller.watch(self._root.spec.flow, self._interrupted, tell)

        def both() -> None:
            released()
            release()

        return both

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        callback()

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
        raise InputError("this flow is not running; start it first", code="not-running")

    def inspect(self, node: str, item: int | None) -> Inspection:
        unit = self._root.outline.index.get(node)
        if unit is None:
            raise InputError(f"there is no node '{node}'", code="unknown-node")
        return {
            "name": node,
            "state": "pending",
            "attempt": 0,
            "attempts": [],
            "inputs": [
                (name, text_shown(text)) for name, text in node_outline(self._root, self._functions, unit)["inputs"]
            ],
            "args": [],
            "output": None,
            "logs": [],
            "dropped": 0,
            "error": None,
            "metrics": [],
            "options": [],
            "usual": None,
            "code": code_of(self._root, self._functions, unit),
            "why": "",
            "ill": self._ills.of(self._root.outline.nodes[unit]),
            "wait": None,
            "approved": None,
            "can": {},
        }

    def can(self, node: str, item: int | None) -> Can:
        return {}

    def items(self, node: str, start: int, stop: int, query: ItemQuery | None = None) -> ItemPage:
        return {"total": 0, "matching": 0, "counts": {}, "columns": [], "rows": []}

    def fields(self) -> list[AskedField]:
        return form(self._root.spec.inputs, {})

    def about(self) -> About:
        return {"inputs": [], "result": None, "older": None, "newer": None}

    def text(self) -> str:
        return flow_text(self._root, self._problems)


class RunSource:
    """A run, live or ended. `left` is what is known of one whose owner died; `ills` tells what is wrong with what it uses, `usual` how
    long its nodes take, and such runs (by ""), in seconds: it is asked once."""

    def __init__(
        self,
        live: LiveRun,
        ask: Callable[..., Future[Any]],
        ills: Ills,
        left: Left | None = None,
        beside: Beside = about.alone,
        usual: Callable[[], dict[str, float]] = about.unknown,
    ) -> None:
        self._live, self._ask, self._ills, self._left = live, ask, ills, left
        self._beside, self._usual = beside, cache(usual)
        if left is not None and live.follower is not None:
            live.follower.interrupted, live.follower.left = True, left

    editor = None

    @property
    def root(self) -> Block:
        return self._live.core.state.root

    def _here(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._live.engine.look(function, *args)

    def outline(self) -> Outline:
        return outline(self._live.core.state.root, self._live.functions, [], True)

    @property
    def _is_interrupted(self) -> bool:
        follower = self._live.follower
        return self._live.broken is not None or (follower is not None and follower.interrupted)

    def _told(self, can: Can) -> Can:
        """What may be asked of it, where somebody runs it: a run that nobody runs can be gone on with, or lead elsewhere."""
        if not self._is_interrupted:
            return can
        return {verb: can[verb] if verb in ELSEWHERE else INTERRUPTED for verb in can}

    def run_info(self) -> RunInfo:
        info: RunInfo = self._here(status.run_info, self._live)
        if (
            info["ended"] is None and info["forked_from"] is None and not info["until"]
        ):  # else it does another part of the flow
            info = {**info, "usual": self._usual().get("")}
        if not self._is_interrupted:
            return info
        info = {**info, "state": "interrupted", "waits": {}, "can": self._told(info["can"])}
        follower = self._live.follower
        left = self._left if follower is None else follower.left
        if left is not None:
            info["left"] = left
        return info

    def records(self, nodes: set[int] | None) -> list[tuple[int, Status]]:
        return self._here(status.records, self._live, nodes)  # type: ignore[no-any-return]

    def texts(self, nodes: set[int] | None) -> dict[str, Texts]:
        return self._here(self._texts, nodes)  # type: ignore[no-any-return]

    def _texts(self, nodes: set[int] | None) -> dict[str, Texts]:
        found = status.texts(self._live, nodes)
        for node, text in found.items():
            if told := self._ill(int(node)):
                text["ill"] = told
        return found

    def _ill(self, unit: Found) -> str:
        """What is wrong with what a node uses that has still to run, or has failed, in a run that is for this process to run."""
        is_here = self._live.follower is None or self._is_interrupted
        node = concerned(self._live.core.state, unit) if is_here else None
        return "" if node is None else self._ills.of(node)

    def watch(self, callback: Callable[[set[int]], None]) -> Callable[[], None]:
        def watcher(_live: LiveRun, nodes: set[int]) -> None:
            callback(nodes)

        live = self._live
        live.watchers.append(watcher)
        unfollow = live.follower.watch(live) if live.follower is not None else None
        well = self._ills.watch(lambda nodes: self.later(0.0, lambda: callback(nodes)))
        live.ended.add_done_callback(lambda _: well())

        def release() -> None:
            well()
            if watcher in live.watchers:
                live.watchers.remove(watcher)
                if unfollow is not None:
                    unfollow()

        return release

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._live.engine.later(seconds, callback)

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
        return self._ask(verb, target, args)

    def inspect(self, node: str, item: int | None) -> Inspection:
        seen: Inspection = self._here(self._inspect, node, item)
        return {**seen, "can": self._told(seen["can"])}

    def _inspect(self, node: str, item: int | None) -> Inspection:
        seen = inspection.inspect(self._live, node, item)
        told = self._ill(find(self._live.core.state, seen["name"]))
        usual = seen["usual"] if seen["usual"] is not None else self._usual().get(seen["name"])
        return {**seen, "ill": told, "why": f"{seen['why']} {told}".rstrip(), "usual": usual}

    def can(self, node: str, item: int | None) -> Can:
        return self._told(self._here(inspection.can, self._live, node, item))

    def fields(self) -> list[AskedField]:
        return self._here(about.form_of, self._live)  # type: ignore[no-any-return]

    def about(self) -> About:
        return self._here(about.about, self._live, self._beside)  # type: ignore[no-any-return]

    def items(self, node: str, start: int, stop: int, query: ItemQuery | None = None) -> ItemPage:
        return items(self._here, self._live, node, start, stop, query)

    def text(self) -> str:
        info = self.run_info()
        return run_text(info, self._live.core.state.root.spec.flow, self._here(progress, self._live))
