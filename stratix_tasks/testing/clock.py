"""Virtual time: an asyncio loop on which an hour costs nothing.

Time stands still while something can be done, and jumps to the next moment at which something is due when nothing can.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any

BEGIN = 1_000_000.0
"""Unix time at which a virtual clock begins, so that a double tells microseconds apart."""


class VirtualClock:
    """Two times, in seconds: `monotonic` of the loop, and Unix time, which is what calling the clock gives."""

    def __init__(self, at: float = BEGIN) -> None:
        self.monotonic = 0.0
        self._offset = at

    def __call__(self) -> float:
        return self._offset + self.monotonic

    def advance(self, seconds: float) -> None:
        """Time goes by, as in a call that takes that long."""
        self.monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Someone sets the clock, forward or back: the loop does not notice."""
        self._offset += seconds


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose sleep is a step of its clock.

    `run_forever()` returns when nothing is left to do: nobody but the loop itself could bring anything. `run_until_complete`
    then raises RuntimeError: what is waited for can't come.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        super().__init__(_Skipping(self))

    def time(self) -> float:
        return self.clock.monotonic


class _Skipping(selectors.BaseSelector):
    """Waits for nothing: what is there is taken, else the clock moves on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop, self._inner = loop, selectors.SelectSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = self._inner.select(0)
        if found:
            return found
        if timeout is None:
            self._loop.stop()
        elif timeout > 0:
            self._loop.clock.advance(timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()
