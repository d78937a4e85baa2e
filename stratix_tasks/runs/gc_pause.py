"""The garbage collector, and when it is better left out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """What a start or a recovery makes lives as long as its run: to look for garbage in it takes a fifth of the time. Nor should one who
    waits for something small wait for that."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
