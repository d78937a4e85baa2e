"""The journal's format, version 2. Version 1 was never released, and is not read.

A file begins with `MAGIC`, the version (u16) and the engine's id (u8 length, text). Frames follow: length of the
payload (u32), CRC-32 of all that comes after it (u32), kind (u8), run (10 bytes), sequence of the first fact (u32; 0 in
other kinds), lease epoch (u32), payload. All numbers are little-endian.

| kind | payload |
|---|---|
| FACTS | JSON list of facts (`core/facts.py`), all of one run and turn |
| PAYLOAD | unit (u32), attempt (u16), bytes of a result whose codec ends in `+frame` |
| LOGS | JSON rows `[at, unit, attempt, level, text]` |
| METRICS | JSON rows `[at, unit, attempt, name, value]`; a value that is not finite is a text: inf, -inf, nan |
| ARTIFACTS | JSON rows `[at, unit, attempt, name, codec, payload, type]` |
| SEAL | empty: the engine closed the file in order |

The header and the envelope of a frame never change. A new version may change payloads: it takes the next number here,
and `migrations.py` gets the step that readers take from the old one. Without a new version there may come: kinds of
frames, kinds of facts, fields behind the known ones of a fact or row, names of codecs; what a reader does not know of
these it skips.

One frame holds a whole turn of a run: a torn turn was never performed, so nothing is lost with it.
"""

from __future__ import annotations

from math import isfinite, nan
from struct import Struct
from typing import Any

MAGIC = b"STRATIX\0"
VERSION = 2
FACTS, PAYLOAD, LOGS, METRICS, ARTIFACTS, SEAL = range(1, 7)
NOTES = {"logs": LOGS, "metrics": METRICS, "artifacts": ARTIFACTS}
PREFIX = Struct("<II")
HEAD = Struct("<B10sII")
PAYLOAD_HEAD = Struct("<IH")
HEADER = len(MAGIC) + 3
"""Bytes of a file's header ahead of the engine's id."""
OVERHEAD = PREFIX.size + HEAD.size


def file_header(engine: str) -> bytes:
    name = engine.encode()
    return MAGIC + VERSION.to_bytes(2, "little") + bytes([len(name)]) + name


def written_number(value: float) -> float | str:
    """A measure as JSON holds it, which has no infinities."""
    return value if isfinite(value) else repr(value)


def read_number(data: Any) -> float:
    """The measure again; what older versions wrote for one that JSON does not hold is none."""
    return nan if data is None else float(data)
