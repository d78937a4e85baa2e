"""Waiting: a node that has no body, only a moment, an approval or a signal that it waits for.

What it waits for is a record, as its fact holds it: `for` ("sleep", "approval" or "signal"), `due` (Unix time at which it
is over, or None) and what is to be shown: `message` of an approval, `name` of a signal. The time that it waits is that
of the clock on the wall: it goes on while nobody runs the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stratix_tasks.core.results import Data
from stratix_tasks.errors import InputError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.vocabulary import WAITS
from stratix_tasks.spec.waits import unfit

Wait = dict[str, Any]
RUNNER = "wait"
"""In place of a runner: the machine itself is what such a node runs on."""
APPROVED = "approved"
"""Why a node completed that somebody approved."""
NOTHING: Data = {"codec": "json", "payload": None, "summary": None}


def wait_for(call: str, args: Mapping[str, Any], limit: float | None, at: float) -> Wait:
    """What a node that uses `wait.<something>` waits for. InputError for an argument that does not say it."""
    word = WAITS[call]
    value, kind = args[word], call.removeprefix("wait.")
    if why := unfit(word, value):
        raise InputError(f"{call} can't wait: {word}: {why}", code="bad-wait")
    if kind == "sleep":
        return {"for": kind, "due": at + seconds(value)}
    return {"for": kind, "due": None if limit is None else at + limit, word: value}


def approval(by: str, at: float) -> Data:
    """What comes of an approval: who gave it, and when (ISO 8601, UTC)."""
    said = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"codec": "json", "payload": {"by": by, "at": said}, "summary": None}


def signal_of(wait: Wait) -> str | None:
    """The signal that is waited for; None where it is anything else, which no value of a signal ends."""
    return str(wait["name"]) if wait["for"] == "signal" else None


def told(wait: Wait) -> str:
    """What is waited for, for people."""
    kind = wait["for"]
    if kind == "sleep":
        return "its time"
    return f"somebody to approve: {wait['message']}" if kind == "approval" else f"the signal '{wait['name']}'"
