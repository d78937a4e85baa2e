"""Waiting: a node that has no body, only a moment, an approval or a signal that it waits for.

What it waits for is a record, as its fact holds it: `for` (a kind of `KINDS`), `due` (Unix time at which it is over, or
None) and what is to be shown: `message` of an approval, `name` of a signal. The time that it waits is that of the clock on
the wall: it goes on while nobody runs the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stratix_tasks.core.results import Data
from stratix_tasks.errors import InputError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.waits import unfit

Wait = dict[str, Any]
APPROVED = "approved"
"""Why a node completed that somebody approved."""
NOTHING: Data = {"codec": "json", "payload": None, "summary": None}


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to wait. Its texts are templates over the record, for people."""

    name: str
    word: str
    """The argument that says what is waited for."""
    told: str
    asked: str = ""
    """What is asked of people."""
    thing: str = ""
    """What ends it, with an article."""
    ended_by: str = ""
    """The request that ends it; nothing where its time does: for the others that has come in vain."""
    answer: str = ""
    """How to ask that; `node` is who waits."""
    also: tuple[str, ...] = ()
    """Other arguments that its record holds."""


ANSWERED_BY_HAND = "answered"
"""Why a node completed that somebody answered."""
KINDS = {
    kind.name: kind
    for kind in (
        Kind("sleep", "duration", "its time"),
        Kind(
            "approval",
            "message",
            "somebody to approve: {message}",
            asked="{message}",
            thing="an approval",
            ended_by="approve",
            answer="approve({node!r})",
        ),
        Kind(
            "signal",
            "name",
            "the signal '{name}'",
            asked="the signal '{name}'",
            thing="a signal",
            ended_by="send",
            answer="send({name!r}, value)",
        ),
        Kind(
            "input",
            "message",
            "an answer to: {message}",
            asked="{message}",
            thing="an answer",
            ended_by="answer",
            answer="answer({node!r}, …)",
            also=("fields",),
        ),
    )
}
ANSWERED = {kind.ended_by: kind for kind in KINDS.values() if kind.ended_by}
"""Kinds by the request that ends them."""


def kind_of(wait: Wait) -> Kind:
    return KINDS[wait["for"]]


def wait_for(kind: Kind, args: Mapping[str, Any], limit: float | None, at: float) -> Wait:
    """What a node of this kind waits for from `at` on. InputError for an argument that does not say it."""
    value = args[kind.word]
    for word in (kind.word, *kind.also):
        if why := unfit(word, args[word]):
            raise InputError(f"wait.{kind.name} can't wait: {word}: {why}", code="bad-wait")
    if not kind.ended_by:
        return {"for": kind.name, "due": at + seconds(value)}
    more = {word: args[word] for word in kind.also}
    return {"for": kind.name, "due": None if limit is None else at + limit, kind.word: value, **more}


def ends(wait: Wait | None, verb: str) -> bool:
    """Whether a request of this verb ends it; None waits for nothing."""
    return wait is not None and kind_of(wait).ended_by == verb


def approval(by: str, at: float, note: str = "") -> Data:
    """What comes of an approval: who gave it, when (ISO 8601, UTC), and why, if that was said."""
    said = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"codec": "json", "payload": {"by": by, "at": said, **({"note": note} if note else {})}, "summary": None}


def signal_of(wait: Wait) -> str | None:
    """The signal that is waited for; None where it is anything else, which no value of a signal ends."""
    return str(wait["name"]) if ends(wait, "send") else None


def told(wait: Wait) -> str:
    """What is waited for, for people."""
    return kind_of(wait).told.format_map(wait)


def asked(wait: Wait) -> str:
    """What is asked of people: the message of an approval, the name of a signal; nothing of a sleep."""
    return kind_of(wait).asked.format_map(wait)
