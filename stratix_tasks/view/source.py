"""What a view is drawn from: the port to whatever has a graph and, when it runs, a run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

Record = tuple[int, int, int, int, int, int, int, int, float | None, float | None, float | None, float | None]
"""state, flags, attempt, done, total, failed, running, skipped, progress, started, ended, due: the status of one node."""

CACHED, GIVEN, HOLD, ABANDONED, BREAK, PAUSED, WAITS = 1, 2, 4, 8, 16, 32, 64
"""Bits of a record's flags. PAUSED and WAITS: no item of a mapped node runs, and some are paused, or wait."""


Lead = Callable[[str, str | None, dict[str, Any], str | None], "Source"]
"""verb, target, arguments, the run that is shown → what is shown then: for requests that lead to another run."""
LEADS = ("start", "fork", "recover", "open")
"""Those requests."""


class Source(Protocol):
    """All methods may be called from any thread; `watch` and `later` call back in the engine's."""

    def outline(self) -> dict[str, Any]:
        """`flow`, `nodes` (without places), `edges`, `positions`: what does not change while a run goes on."""

    def run_info(self) -> dict[str, Any] | None: ...

    def records(self, nodes: set[int] | None) -> list[tuple[int, Record]]:
        """(node, record) of some nodes, or of all."""

    def texts(self, nodes: set[int] | None) -> dict[str, dict[str, str]]: ...

    def watch(self, callback: Callable[[set[int]], None]) -> Callable[[], None]:
        """Call back with the nodes that changed; the answer ends it."""

    def later(self, seconds: float, callback: Callable[[], None]) -> None: ...

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]: ...

    def inspect(self, node: str, item: int | None) -> dict[str, Any]: ...

    def items(self, node: str, start: int, stop: int) -> dict[str, Any]: ...
