"""States and transitions, as data: the tables are the truth.

A node, each item of a mapped node, and the run itself are three machines. `NODE`, `GROUP` and `RUN` name every legal
pair of state and event and where it leads; whatever is not there is illegal. The diagrams in the documentation and the
texts of TransitionError are derived from them. Why a transition happened (`timeout`, `user`, `upstream`, `when`,
`given`, …) is a column of the transition, never a state.
"""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """States of nodes, items and groups. The order is fixed: journals and the widget store the numbers.

    READY and HELD are never recorded: a unit that waits for nothing but its place is called ready, one that a mark pauses
    held; what is recorded of both is PENDING or RETRYING.
    """

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
    RETIRED = 14

    @property
    def label(self) -> str:
        """Its name, everywhere: in Python, frames, errors and views."""
        return self.name.lower()

    @property
    def word(self) -> str:
        """Its name as a text reads it; a group that is open runs."""
        return "running" if self is State.OPEN else self.label.replace("_", " ")


S = State
"""The same, for tables and for code that names many of them."""


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

    WHEN_FALSE = 0
    DEPS_SKIPPED = 1
    DEPS_BAD = 2
    ERROR = 3  # in `when`, the arguments or the expansion: before any attempt
    DISPATCH = 4
    QUEUED_TOO_LONG = 5
    OK = 6
    FAIL = 7
    FAIL_RETRY = 8
    WAIT = 9
    SIGNAL = 10  # what it waited for has come
    WAIT_TIMEOUT = 11
    SUSPEND = 12
    RELEASE = 13
    STOP = 14
    STOPPED = 15
    LOST = 16
    LOST_RETRY = 17
    TOTAL_TIMEOUT = 18
    CANCEL = 19
    SKIP = 20
    GIVE = 21
    RETRY = 22
    ROLLBACK = 23
    ORPHANED = 24  # its owner died; a new one goes on
    EXPANDED = 25
    GATHERED = 26
    GATHERED_BAD = 27
    REOPEN = 28
    PAUSE_ROUNDS = 29
    REJECT = 30  # a person said no
    FINISHED_BAD = 31  # a step finished it as failed

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


_S, _E = S, Event

TARGET = None
"""In a table: the state that the stop was asked for."""

_NO_BODY: dict[Event, State | None] = {
    _E.CANCEL: _S.CANCELLED,
    _E.SKIP: _S.SKIPPED,
    _E.GIVE: _S.COMPLETED,
    _E.FINISHED_BAD: _S.FAILED,
}
_BAD_END: dict[Event, State | None] = {
    _E.RETRY: _S.PENDING,
    _E.GIVE: _S.COMPLETED,
    _E.SKIP: _S.SKIPPED,
    _E.ROLLBACK: _S.PENDING,
}

NODE: dict[State, dict[Event, State | None]] = {
    _S.PENDING: {
        _E.DISPATCH: _S.RUNNING,
        _E.WHEN_FALSE: _S.SKIPPED,
        _E.DEPS_SKIPPED: _S.SKIPPED,
        _E.DEPS_BAD: _S.UPSTREAM_FAILED,
        _E.ERROR: _S.FAILED,
        _E.QUEUED_TOO_LONG: _S.FAILED,
        _E.TOTAL_TIMEOUT: _S.FAILED,
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
        _E.STOPPED: _S.FAILED,
        _E.LOST: _S.FAILED,
        _E.LOST_RETRY: _S.RETRYING,
        _E.ORPHANED: _S.PENDING,
        _E.ROLLBACK: _S.STOPPING,
    },
    _S.SUSPENDED: {
        _E.RELEASE: _S.RUNNING,
        _E.OK: _S.COMPLETED,
        _E.FAIL: _S.FAILED,
        _E.FAIL_RETRY: _S.RETRYING,
        _E.STOP: _S.STOPPING,
        _E.LOST: _S.FAILED,
        _E.LOST_RETRY: _S.RETRYING,
        _E.ORPHANED: _S.PENDING,
        _E.ROLLBACK: _S.STOPPING,
    },
    _S.WAITING: {
        _E.SIGNAL: _S.COMPLETED,
        _E.WAIT_TIMEOUT: _S.FAILED,
        _E.REJECT: _S.FAILED,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.RETRYING: {
        _E.DISPATCH: _S.RUNNING,
        _E.RETRY: _S.RETRYING,
        _E.QUEUED_TOO_LONG: _S.FAILED,
        _E.TOTAL_TIMEOUT: _S.FAILED,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.STOPPING: {
        _E.STOPPED: TARGET,
        _E.OK: _S.COMPLETED,
        _E.STOP: _S.STOPPING,
        _E.ORPHANED: TARGET,
        _E.ROLLBACK: _S.STOPPING,
    },
    _S.COMPLETED: {_E.ROLLBACK: _S.PENDING},
    _S.FAILED: _BAD_END,
    _S.UPSTREAM_FAILED: _BAD_END,
    _S.CANCELLED: _BAD_END,
    _S.SKIPPED: _BAD_END,
}
"""Nodes and items, by what is recorded of them."""

GROUP: dict[State, dict[Event, State | None]] = {
    _S.PENDING: {
        _E.EXPANDED: _S.OPEN,
        _E.WHEN_FALSE: _S.SKIPPED,
        _E.DEPS_SKIPPED: _S.SKIPPED,
        _E.DEPS_BAD: _S.UPSTREAM_FAILED,
        _E.ERROR: _S.FAILED,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.RETRYING: {
        _E.EXPANDED: _S.OPEN,
        _E.ERROR: _S.FAILED,
        _E.RETRY: _S.RETRYING,
        _E.TOTAL_TIMEOUT: _S.FAILED,
        _E.ROLLBACK: _S.PENDING,
        **_NO_BODY,
    },
    _S.OPEN: {
        _E.EXPANDED: _S.OPEN,
        _E.GATHERED: _S.COMPLETED,
        _E.GATHERED_BAD: _S.FAILED,
        _E.FAIL_RETRY: _S.RETRYING,
        _E.ERROR: _S.FAILED,
        _E.PAUSE_ROUNDS: _S.OPEN,
        _E.STOP: _S.OPEN,
        _E.STOPPED: TARGET,
        _E.ROLLBACK: _S.PENDING,
    },
    _S.COMPLETED: {_E.ROLLBACK: _S.PENDING, _E.REOPEN: _S.OPEN},
    _S.FAILED: {_E.REOPEN: _S.OPEN, **_BAD_END},
    _S.UPSTREAM_FAILED: _BAD_END,
    _S.CANCELLED: {_E.REOPEN: _S.OPEN, **_BAD_END},
    _S.SKIPPED: {_E.REOPEN: _S.OPEN, **_BAD_END},
}
"""Mapped nodes, sub-flows, mapped flows and loops.

A stop of an open group stops what is in it; it ends in the stop's target when the last of that has ended. A completed
group is open again after a rollback into it alone. A sub-flow that failed may be tried again, as a body is.
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

OK_AFTER_STOP = frozenset((_S.CANCELLED, _S.FAILED, _S.RETRYING, _S.SKIPPED))
"""Stop targets for which an answer that came all the same still counts."""
