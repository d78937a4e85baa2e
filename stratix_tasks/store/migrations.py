"""Migrations: how readers take what an older version wrote. Files are never rewritten; what is written is always the newest.

A journal's frames keep their envelope (`format.py`) for ever; a version changes payloads. `STEPS` has one entry a version
step: from that version to the next, what becomes of the payload of each kind of frame (kinds not named stay as they are).
The catalog's steps are the files `schema/catalog_<version>.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from stratix_tasks.store.format import VERSION

Change = Callable[[bytes], bytes]
"""The payload of a frame, as the next version writes it."""

STEPS: dict[int, Mapping[int, Change]] = {}
"""Version → {kind of frame: change}: the step from that version to the next."""


def readable(version: int) -> bool:
    """Whether every step from a version to the present one is known."""
    return all(step in STEPS for step in range(version, VERSION))


def upgrade(version: int, kind: int, payload: memoryview) -> memoryview:
    """The payload of a frame that `version` wrote, as the present version writes it."""
    for step in range(version, VERSION):
        change = STEPS[step].get(kind)
        if change is not None:
            payload = memoryview(change(bytes(payload)))
    return payload


def each_row(change: Callable[[list[Any]], list[Any]]) -> Change:
    """A change of each fact, or row of logs, metrics or artifacts, in a frame; it gives the row anew.

    Facts are numbered by their place, so there must be as many of them afterwards.
    """

    def whole(payload: bytes) -> bytes:
        return orjson.dumps([change(row) for row in orjson.loads(payload)])

    return whole
