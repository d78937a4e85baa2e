"""Facts: what happened, in the past tense; the only thing that the journal holds, and enough to rebuild a run.

A fact is a plain tuple `(kind, at, …)`; `at` is Unix time in seconds (float). Units are numbers: those of the outermost
scope come first, in the order of `created.nodes`; what opens later is numbered on, by facts that say where it begins.
Facts of a run are numbered from 0 without gaps; that number is the fact's `seq`. A span `first, stop` is units first to
stop - 1.

What follows `kind` and `at`:

- CREATED: one dict: id, flow, version, spec, nodes `[[name, kind, parent], …]`, inputs, inputs_hash, key, priority,
  tags, engine, host, pid, code.
- RUN: state, reason, detail. The run moved to a RunState; detail is None or a dict (`error`, `target`).
- MOVED: unit, event, state, reason, attempt, detail. Any transition of one unit that has no kind of its own; detail is
  None or a dict (`error`, `due`, `wait`, `target` of a stop, `value` that it is to be given).
- STARTED: unit, attempt, queued_at, worker. pending or retrying → running; `queued_at` is when it became ready, which is
  no fact.
- COMPLETED: unit, attempt, codec, payload, summary, cpu. A body's result; `cpu` in seconds or None.
- GIVEN: unit, reason, attempt, codec, payload, summary. → completed with a value that no body made: given by a person (`given`),
  what it waited for (`approved`, `signal`, `due`), or taken over by a fork (`forked`).
- EXPANDED: group, first, count, keys, index, frozen, streams. A group is open from now on, or has one more round: `count` scopes or
  items from unit `first` on, the first of which has the place `index`; keys is None or a list of str. frozen has what it
  goes over where walking that once more may give another order, `{name: {codec, payload}}`, else None. With `streams` each of its
  items waits for the one of the same place in the map that it is mapped over.
- REQUESTED: verb, target, args, by. Somebody asked; target is None (the run), a node or an item. What comes of it is told
  by the facts behind it.
- CLAIMED: engine, epoch, host, pid, cuts. A new owner goes on with the run. `cuts` are all of the run so far, `[engine,
  epoch, file, offset]` each: what that engine wrote in that epoch or before, from that place on, does not count.
- SPAWNED: unit, group, index, key, parent, name, args. One more item of an open mapped node, which its item with the index
  `parent` spawned under `name` (a number or str); args is what it is mapped to, `{name: {codec, payload, summary}}`. Of a map that
  streams: with None for name and args one that waits for an item with the index `parent`, which came later into its source.
- STARTED_MANY: first, stop, attempt, queued_at, worker. Neighbours started together, each for the same time.
- SWEPT: first, stop, state, reason, spans. What had not ended and has no body in there ended so: `spans` of it.
- HELD: first, stop, reason. Paused from now on, with all that lies in there; with the reason "" let go on, though a group
  around it is paused.
- RELEASED: spans. Marks of that kind are taken away.
- JOINED: unit, winners. A join fired; what it was made from.
- ENABLED: unit. Its condition is true.
- AGAIN: spans, reason. Units that had ended are pending again.
- REOPENED: units. Groups that had ended are open again.
- ROLLED: spans, scopes. Units are as if they had not run; what they had opened, and these scopes (`[group, place]`: rounds of
  a loop, or of a sub-flow that is tried again the one that it had), are out of the run. Bodies in there are being stopped.
- SET: unit or path, args, options. Arguments (results as data by name) and options that count from now on.
- BREAKPOINT: path, on.
- SENT: name, value. A signal.
- ENTERED: unit. A sub-flow that takes places, or has a time limit, as a whole has begun: the first body in it is about to.
- RESOLVED: unit, options. Options whose values come with the run, as plain data like those of SET; `n_of` is that of a gather.
- WON: group, spans. A gather that does not ask for all has as many as it asks for: the places of the items that it is made from.
- TAKEN: unit. It has had the next value of its signal.
- FINISHED: unit, state. A step ended the scope that it lies in, which comes to that state (completed or failed) when nothing in
  it is left to do.

Results: `codec` "json" with `payload` the plain JSON value itself (scalars and small plain values); otherwise `codec`
is "<name>+frame" with payload `[size]` (the bytes are the payload frame of that unit and attempt, written just before),
or "<name>+object" with payload `[size, sha256]` (the bytes are in the object store). `<name>` is json, bytes, arrow,
frame, npy or pickle. `summary` is None for plain scalars, else a dict with some of `type`, `rows`, `columns`, `shape`,
`length`.
Errors (in `detail["error"]`): `{"type", "message", "traceback", "code", "bases": [class names]}`.
"""

from __future__ import annotations

from typing import Any

(CREATED, RUN, MOVED, STARTED, COMPLETED, GIVEN, EXPANDED, REQUESTED, CLAIMED, SPAWNED, STARTED_MANY, SWEPT, HELD, RELEASED,
 JOINED, ENABLED, AGAIN, REOPENED, ROLLED, SET, BREAKPOINT, SENT, TAKEN, ENTERED, FINISHED, RESOLVED, WON) = range(27)  # fmt: skip

KIND_NAMES = ("created", "run", "moved", "started", "completed", "given", "expanded", "requested", "claimed", "spawned",
              "started_many", "swept", "held", "released", "joined", "enabled", "again", "reopened", "rolled", "set",
              "breakpoint", "sent", "taken", "entered", "finished", "resolved", "won")  # fmt: skip

Fact = tuple[Any, ...]

WIDTHS = (3, 5, 8, 6, 8, 8, 9, 6, 7, 9, 7, 7, 5, 3, 4, 3, 4, 3, 4, 5, 4, 4, 3, 3, 4, 4, 4)
"""Fields of each kind that are known here, `kind` and `at` among them; a later version may write more behind them."""
