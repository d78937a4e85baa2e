"""States and transitions, as data: the tables are the truth.

A node, each item of a mapped node, and the run itself are three machines. `NODE`, `GROUP` and `RUN` name every legal
pair of state and event and where it leads; whatever is not there is illegal. The diagrams in the documentation and the
texts of TransitionError are derived from them. Why a transition happened (`timeout`, `user`, `upstream`, `when`,
`given`, …) is a column of the transition, never a state.
"""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """States of nodes, items and groups. The order is fixed: journals and the widget store the numbers."""

    PENDING = 0
    READY = 1
    RUNNING = 2
    SUSPENDED = 3
    WAITING = 4
    RETRYING = 5
    HELD = 6
    STOPPING = 7
    COMPLETED = 8
    FAILED = 9
    UPSTREAM_FAILED = 10
    CANCELLED = 11
    SKIPPED = 12
    OPEN = 13
    CLOSED = 14

    @property
    def label(self) -> str:
        return self.name.lower()


class RunState(IntEnum):
    """States of a run. `interrupted` is derived, never stored: a live state whose owner is dead."""

    PENDING = 0
    RUNNING = 1
    PAUSING = 2
    PAUSED = 3
    ENDING = 4
    COMPLETED = 5
    FAILED = 6
    CANCELLED = 7

    @property
    def label(self) -> str:
        return self.name.lower()


class Event(IntEnum):
    """What happens to a node, an item or a group."""

    DEPS_OK = 0
    WHEN_FALSE = 1
    DEPS_SKIPPED = 2
    DEPS_BAD = 3
    ERROR = 4  # in `when`, the arguments or the expansion: before any attempt
    HOLD = 5
    RELEASE = 6
    DISPATCH = 7
    CACHE_HIT = 8
    QUEUED_TOO_LONG = 9
    OK = 10
    FAIL = 11
    FAIL_RETRY = 12
    WAIT = 13
    SIGNAL = 14
    WAIT_TIMEOUT = 15
    SUSPEND = 16
    STOP = 17
    STOPPED = 18
    LOST = 19
    LOST_RETRY = 20
    DUE = 21
    TOTAL_TIMEOUT = 22
    CANCEL = 23
    SKIP = 24
    GIVE = 25
    RETRY = 26
    SET = 27
    ROLLBACK = 28
    ORPHANED = 29  # its owner died; a new one goes on
    EXPANDED = 30
    CLOSE = 31
    GATHERED = 32
    GATHERED_BAD = 33
    REOPEN = 34

    @property
    def label(self) -> str:
        return self.name.lower()


class RunEvent(IntEnum):
    """What happens to a run."""

    START = 0
    PAUSE = 1
    RESUME = 2
    DRAINED = 3
    END = 4
    ALL_OK = 5
    SOME_BAD = 6
    ALL_ENDED = 7
    REVIVE = 8
    ROLLBACK = 9
    CANCEL = 10

    @property
    def label(self) -> str:
        return self.name.lower()


_S, _E = State, Event

TARGET = None
"""In a table: the state that the stop was asked for."""

_NO_BODY: dict[Event, State | None] = {_E.CANCEL: _S.CANCELLED, _E.SKIP: _S.SKIPPED, _E.GIVE: _S.COMPLETED}
_BAD_END: dict[Event, State | None] = {
    _E.RETRY: _S.PENDING,
    _E.GIVE: _S.COMPLETED,
    _E.SKIP: _S.SKIPPED,
    _E.ROLLBACK: _S.PENDING,
}

NODE: dict[State, dict[Event, State | None]] = {
    _S.PENDING: {
        _E.DEPS_OK: _S.READY,
        _E.WHEN_FALSE: _S.SKIPPED,
        _E.DEPS_SKIPPED: _S.SKIPPED,
        _E.DEPS_BAD: _S.UPSTREAM_FAILED,
        _E.ERROR: _S.FAILED,
        _E.HOLD: _S.HELD,
        _E.SET: _S.PENDING,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.READY: {
        _E.DISPATCH: _S.RUNNING,
        _E.CACHE_HIT: _S.COMPLETED,
        _E.QUEUED_TOO_LONG: _S.FAILED,
        _E.TOTAL_TIMEOUT: _S.FAILED,
        _E.HOLD: _S.HELD,
        _E.SET: _S.PENDING,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.RUNNING: {
        _E.OK: _S.COMPLETED,
        _E.FAIL: _S.FAILED,
        _E.FAIL_RETRY: _S.RETRYING,
        _E.WAIT: _S.WAITING,
        _E.SUSPEND: _S.SUSPENDED,
        _E.STOP: _S.STOPPING,
        _E.LOST: _S.FAILED,
        _E.LOST_RETRY: _S.RETRYING,
        _E.ORPHANED: _S.PENDING,
    },
    _S.SUSPENDED: {
        _E.RELEASE: _S.RUNNING,
        _E.OK: _S.COMPLETED,
        _E.FAIL: _S.FAILED,
        _E.FAIL_RETRY: _S.RETRYING,
        _E.STOP: _S.STOPPING,
        _E.LOST: _S.FAILED,
        _E.LOST_RETRY: _S.HELD,
        _E.ORPHANED: _S.PENDING,
    },
    _S.WAITING: {
        _E.SIGNAL: _S.COMPLETED,
        _E.WAIT_TIMEOUT: _S.FAILED,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.RETRYING: {
        _E.DUE: _S.READY,
        _E.RETRY: _S.READY,
        _E.TOTAL_TIMEOUT: _S.FAILED,
        _E.HOLD: _S.HELD,
        _E.SET: _S.RETRYING,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.HELD: {
        _E.RELEASE: _S.PENDING,
        _E.SET: _S.HELD,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.STOPPING: {_E.STOPPED: TARGET, _E.OK: _S.COMPLETED, _E.STOP: _S.STOPPING, _E.ORPHANED: TARGET},
    _S.COMPLETED: {_E.ROLLBACK: _S.PENDING},
    _S.FAILED: {_E.SET: _S.FAILED, **_BAD_END},
    _S.UPSTREAM_FAILED: _BAD_END,
    _S.CANCELLED: _BAD_END,
    _S.SKIPPED: _BAD_END,
}
"""Nodes and items. A held node that was retrying goes back to retrying at its release (`due` is kept)."""

GROUP: dict[State, dict[Event, State | None]] = {
    _S.PENDING: {
        _E.EXPANDED: _S.OPEN,
        _E.WHEN_FALSE: _S.SKIPPED,
        _E.DEPS_SKIPPED: _S.SKIPPED,
        _E.DEPS_BAD: _S.UPSTREAM_FAILED,
        _E.ERROR: _S.FAILED,
        _E.HOLD: _S.HELD,
        _E.SET: _S.PENDING,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.HELD: {_E.RELEASE: _S.PENDING, _E.SET: _S.HELD, _E.ROLLBACK: _S.PENDING, **_NO_BODY},
    _S.OPEN: {_E.CLOSE: _S.CLOSED, _E.STOP: _S.OPEN, _E.ROLLBACK: _S.PENDING},
    _S.CLOSED: {
        _E.GATHERED: _S.COMPLETED,
        _E.GATHERED_BAD: _S.FAILED,
        _E.STOPPED: TARGET,
        _E.STOP: _S.CLOSED,
        _E.ROLLBACK: _S.PENDING,
    },
    _S.COMPLETED: {_E.ROLLBACK: _S.PENDING, _E.REOPEN: _S.CLOSED},
    _S.FAILED: {_E.REOPEN: _S.CLOSED, **_BAD_END},
    _S.UPSTREAM_FAILED: _BAD_END,
    _S.CANCELLED: {_E.REOPEN: _S.CLOSED, **_BAD_END},
    _S.SKIPPED: {_E.REOPEN: _S.CLOSED, **_BAD_END},
}
"""Mapped nodes and sub-flows.

A stop of an open group stops its items; it ends in the stop's target when the last one has ended. A completed group is
reopened by a rollback into it alone.
"""

RUN: dict[RunState, dict[RunEvent, RunState | None]] = {
    RunState.PENDING: {RunEvent.START: RunState.RUNNING, RunEvent.CANCEL: RunState.CANCELLED},
    RunState.RUNNING: {
        RunEvent.PAUSE: RunState.PAUSING,
        RunEvent.END: RunState.ENDING,
        RunEvent.ALL_OK: RunState.COMPLETED,
        RunEvent.SOME_BAD: RunState.FAILED,
        RunEvent.ROLLBACK: RunState.PAUSING,
    },
    RunState.PAUSING: {
        RunEvent.DRAINED: RunState.PAUSED,
        RunEvent.RESUME: RunState.RUNNING,
        RunEvent.END: RunState.ENDING,
        RunEvent.ALL_OK: RunState.COMPLETED,
        RunEvent.SOME_BAD: RunState.FAILED,
        RunEvent.ROLLBACK: RunState.PAUSING,
    },
    RunState.PAUSED: {
        RunEvent.RESUME: RunState.RUNNING,
        RunEvent.END: RunState.ENDING,
        RunEvent.ROLLBACK: RunState.PAUSED,
    },
    RunState.ENDING: {RunEvent.ALL_ENDED: TARGET, RunEvent.END: RunState.ENDING},
    RunState.COMPLETED: {RunEvent.ROLLBACK: RunState.PAUSED},
    RunState.FAILED: {RunEvent.REVIVE: RunState.RUNNING, RunEvent.ROLLBACK: RunState.PAUSED},
    RunState.CANCELLED: {RunEvent.REVIVE: RunState.RUNNING, RunEvent.ROLLBACK: RunState.PAUSED},
}

TERMINAL = frozenset((_S.COMPLETED, _S.FAILED, _S.UPSTREAM_FAILED, _S.CANCELLED, _S.SKIPPED))
UNPAUSABLE = frozenset((*TERMINAL, _S.WAITING))
"""What a pause can't hold: it has ended, or there is nothing to hold."""
BAD = frozenset((_S.FAILED, _S.UPSTREAM_FAILED, _S.CANCELLED))
LIVE = frozenset((_S.RUNNING, _S.SUSPENDED, _S.STOPPING))
"""States with a body: they hold a slot."""
RUN_TERMINAL = frozenset((RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED))

STOP_TARGETS = frozenset((_S.CANCELLED, _S.SKIPPED, _S.COMPLETED, _S.PENDING, _S.RETRYING, _S.FAILED))
OK_AFTER_STOP = frozenset((_S.CANCELLED, _S.FAILED, _S.RETRYING, _S.SKIPPED))
"""Stop targets for which an answer that came all the same still counts."""


def allowed(table: dict[State, dict[Event, State | None]], state: State) -> list[str]:
    """The events that are legal in a state, as words: for error texts."""
    return [event.label for event in table[state]]
