"""What a view is drawn from: the port to whatever has a graph and, when it runs, a run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypedDict

from stratix_tasks.view.messages import (
    About,
    AskedField,
    Can,
    Checked,
    Completion,
    Computed,
    DocumentText,
    Edge,
    EditInfo,
    Fitting,
    FlowInfo,
    Form,
    Inspection,
    ItemPage,
    ItemQuery,
    NewTask,
    NodeOutline,
    PaletteItem,
    RunInfo,
    Sample,
    Status,
    Texts,
    Typed,
)

GIVEN, HOLD, ABANDONED, BREAK, PAUSED, WAITS = 1, 2, 4, 8, 16, 32
"""Bits of the flags of a status. PAUSED and WAITS: no item of a mapped node runs, and some are paused, or wait."""


Lead = Callable[[str, str | None, dict[str, Any], str | None], "Source"]
"""verb, target, arguments, the run that is shown → what is shown then: for requests that lead to another run, or to the flow."""
LEADS = ("start", "again", "fork", "recover", "open", "pin")
"""Those requests."""


class Outline(TypedDict):
    """What does not change while a run goes on; `positions` are places that the flow gives to nodes."""

    flow: FlowInfo
    nodes: list[NodeOutline]
    edges: list[Edge]
    positions: dict[int, tuple[float, float]]


class Editor(Protocol):
    """Who edits the flow that a view shows. Any thread; what can't be is a FlowError, with the reason."""

    def info(self) -> EditInfo: ...

    def edit(self, edits: list[dict[str, Any]], title: str) -> list[str]:
        """One step; the names of nodes that were added."""

    def open(self, name: str, data: str, at: tuple[float, float]) -> list[str]: ...

    def history(self, do: str, path: str) -> str: ...

    def palette(self, node: str, side: str, port: str) -> list[PaletteItem]: ...

    def stub(self, name: str, node: str, side: str, port: str) -> NewTask: ...

    def fits(self, source: str) -> Fitting: ...

    def form(self, nodes: list[str]) -> Form: ...

    def text(self) -> DocumentText: ...

    def check(self, text: str) -> Checked: ...

    def mend(self, text: str, at: int) -> str: ...

    def python(self) -> str: ...

    def copy(self, nodes: list[str]) -> str: ...

    def evaluate(self, node: str, text: str) -> Computed: ...

    def sample(self, source: str) -> Sample: ...
    def value(self, text: str) -> Any: ...

    def complete(self, node: str, text: str, at: int, of: Typed) -> Completion: ...


class Source(Protocol):
    """All methods may be called from any thread; `watch` and `later` call back in the engine's. `editor` is None where nothing can be
    edited."""

    @property
    def editor(self) -> Editor | None: ...

    def outline(self) -> Outline: ...

    def run_info(self) -> RunInfo | None: ...

    def records(self, nodes: set[int] | None) -> list[tuple[int, Status]]:
        """(node, status) of some nodes, or of all."""

    def texts(self, nodes: set[int] | None) -> dict[str, Texts]: ...

    def watch(self, callback: Callable[[set[int]], None]) -> Callable[[], None]:
        """Call back with the nodes that changed; the answer ends it."""

    def later(self, seconds: float, callback: Callable[[], None]) -> None: ...

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]: ...

    def inspect(self, node: str, item: int | None) -> Inspection: ...

    def can(self, node: str, item: int | None) -> Can:
        """What may be asked of it now."""

    def items(self, node: str, start: int, stop: int, query: ItemQuery | None = None) -> ItemPage: ...

    def fields(self) -> list[AskedField]:
        """The inputs to start it with, or to run it again."""

    def about(self) -> About: ...

    def text(self) -> str:
        """All of it as plain text, for who sees nothing else."""
