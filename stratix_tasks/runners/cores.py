"""How many bodies can really run at a time here."""

from __future__ import annotations

import os


def cores() -> int:
    """The cores that this process may use: so many workers there are at the most."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
