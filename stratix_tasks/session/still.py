"""What is done once when several things have happened one after the other."""

from __future__ import annotations

from collections.abc import Callable
from threading import Timer


class Still:
    """Calls back, in a thread, when nothing more was said for some seconds; at once where there is no thread for it."""

    def __init__(self, seconds: float, callback: Callable[[], None]) -> None:
        self._seconds, self._callback = seconds, callback
        self._timer: Timer | None = None

    def again(self) -> None:
        """Something has happened."""
        self.cancel()
        try:
            timer = Timer(self._seconds, self._callback)
            timer.daemon = True
            timer.start()
        except RuntimeError:  # who says so must not meet that
            return self._callback()
        self._timer = timer

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
