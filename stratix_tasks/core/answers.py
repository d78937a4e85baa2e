"""What the shell reports to the machine, and what it is told to do."""

from __future__ import annotations

from enum import IntEnum


class Answer(IntEnum):
    """What the shell reports.

    After `(kind, unit, attempt, at)`: OK value, codec, payload, summary, cpu, frame · FAIL error, exception · VERDICT
    True, False or an error (attempt is the generation) · EXPANDED count, keys, frozen, skipped, or an error · LOST error ·
    WAIT what it waits for (see waits.py) ·
    STEP as OK: what a step gives, which ends something now · SPAWN name, args: an item for its own node, while the body goes on ·
    OPTIONS those that come with the run, and an error · PINNED the value that stands in place of a node, as data, and an error.
    """

    OK = 0
    FAIL = 1
    STOPPED = 2
    SUSPENDED = 3
    VERDICT = 4
    EXPANDED = 5
    LOST = 6
    WAIT = 7
    SPAWN = 8
    STEP = 9
    OPTIONS = 10
    PINNED = 11


class Do(IntEnum):
    """What the shell is told.

    EVALUATE, EXPAND, RESOLVE and GIVE carry the generation in place of the attempt; ENDED the RunState as unit. KILL ends a body that did
    not stop within its grace; only bodies that can be killed get it.
    """

    START = 0
    STOP = 1
    HOLD = 2
    RELEASE = 3
    EVALUATE = 4
    EXPAND = 5
    ENDED = 6
    KILL = 7
    RESOLVE = 8
    GIVE = 9
