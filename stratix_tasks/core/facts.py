"""Facts: what happened, in the past tense; the only thing that the journal holds, and enough to rebuild a run.

A fact is a plain tuple `(kind, at, …)`; `at` is Unix time in seconds (float). Units are numbers: the plan's nodes come
first, in the order of `created.nodes`; the items of a mapped node follow as one contiguous range, given by its
`EXPANDED` fact, and one by one by `SPAWNED` facts. Facts of a run are numbered from 0 without gaps; that number is the fact's `seq`.

What follows `kind` and `at`:

- CREATED: one dict: id, flow, version, spec, nodes `[[name, kind, parent], …]`, inputs, inputs_hash, key, priority,
  tags, engine, host, pid, code.
- RUN: state, reason, detail. The run moved to a RunState; detail is None or a dict (`error`).
- MOVED: unit, event, state, reason, attempt, detail. Any transition of a unit that has no kind of its own; detail is
  None or a dict (`error`, `due`, `wait`).
- STARTED: unit, attempt, queued_at, worker. ready → running; `queued_at` is when it became ready, which is not
  journaled apart.
- COMPLETED: unit, attempt, codec, payload, summary, cpu. running → completed with its result; `cpu` in seconds or None.
- GIVEN: unit, codec, payload, summary. The value that a node is completed with by the MOVED fact behind it: given by a
  person (reason `given`), or what it waited for.
- EXPANDED: group, first, count, keys, codec, payload. pending → open, then closed; keys is None (index) or a list of
  str; items are stored (codec, payload) unless `codec` is "" (then they are the elements of the mapped value).
- REQUESTED: verb, target, args, by. Somebody asked; target is None (the run), a node or an item.
- SPAWNED: unit, group, index, key, parent, name, args. One more item of an expanded mapped node, which its item with the
  index `parent` spawned under `name` (a number or str), pending; args is what it is mapped to, `{name: {codec, payload,
  summary}}`. No two of a group have the same parent and name.
- CLAIMED: engine, epoch, host, pid, cuts. A new owner goes on with the run; units that had a live body are pending
  again. `cuts` are all of the run so far, `[engine, epoch, file, offset]` each: what that engine wrote in that epoch or
  before, from that place on, does not count. Facts of before there were requests between processes have no `cuts`.

Results: `codec` "json" with `payload` the plain JSON value itself (scalars and small plain values); otherwise `codec`
is "<name>+frame" with payload `[size]` (the bytes are the payload frame of that unit and attempt, written just before),
or "<name>+object" with payload `[size, sha256]` (the bytes are in the object store). `<name>` is json, bytes, arrow,
frame, npy or pickle. `summary` is None for plain scalars, else a dict with some of `type`, `rows`, `columns`, `shape`,
`length`.
Errors (in `detail["error"]`): `{"type", "message", "traceback", "code", "bases": [class names]}`.
"""

from __future__ import annotations

from typing import Any

CREATED, RUN, MOVED, STARTED, COMPLETED, GIVEN, EXPANDED, REQUESTED, CLAIMED, SPAWNED = range(10)

KIND_NAMES = ("created", "run", "moved", "started", "completed", "given", "expanded", "requested", "claimed", "spawned")

Fact = tuple[Any, ...]

WIDTHS = (3, 5, 8, 6, 8, 6, 8, 6, 7, 9)
"""Fields of each kind that are known here, `kind` and `at` among them; a later version may write more behind them."""
