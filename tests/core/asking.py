"""What people may ask, drawn at random: every request, with every argument that it takes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from stratix_tasks.core.state import IS_BAD, S, State
from stratix_tasks.core.targets import label

Asked = tuple[str, str | None, dict[str, Any]]
"""A verb, its target and its arguments."""
SIGNAL = "go"
FIELDS = {"n": {"type": "int"}}
"""What a question asks for."""
OPTIONS: list[dict[str, Any]] = [
    {"priority": 0},
    {"priority": 2},
    {"retry": {"max": 2, "delay": 0.0, "jitter": "none"}},
    {"timeout": {"attempt": 2.0}},
    {"timeout": {"total": 5.0, "queued": 3.0}},
    {"grace": 0.5, "max_lost": 1},
]


def data(value: Any) -> dict[str, Any]:
    """A value as requests carry it."""
    return {"codec": "json", "payload": value, "summary": None}


def drawn(r: Random, s: State) -> Asked | None:
    """One request, mostly of what may be asked; None where nothing is there to be asked so."""
    verb = r.choice(ANSWERS if s.waits and r.random() < 0.3 else VERBS)
    units = [u for u in range(len(s.status)) if not s.gone(u)]
    if verb in LIKELY and r.random() < 0.8:
        units = [u for u in units if LIKELY[verb](s, u)]
    if not units:
        return None
    verb, target, args = WORDS[verb](r, s, r.choice(units))
    if verb in ("retry", "skip") and r.random() < 0.5:
        args = {**args, "redo": True}
    if r.random() < 0.05:
        args = {**args, "id": f"q{r.randint(0, 2)}"}
    return verb, target, args


def _is_over(s: State, u: int) -> bool:
    return s.status[u] in (S.COMPLETED, S.SKIPPED)


def _waits_for(kind: str) -> Callable[[State, int], bool]:
    return lambda s, u: u in s.waits and s.waits[u]["for"] == kind


LIKELY: dict[str, Callable[[State, int], bool]] = {
    "retry": lambda s, u: bool(IS_BAD[s.status[u]]),
    "rollback": _is_over,
    "again": _is_over,
    "approve": _waits_for("approval"),
    "reject": _waits_for("approval"),
    "answer": _waits_for("input"),
}
"""What a request is mostly asked of."""


def _plain(verb: str, **args: Any) -> Callable[[Random, State, int], Asked]:
    return lambda _r, s, u: (verb, label(s, u), args)


def _of_run(verb: str, **args: Any) -> Callable[[Random, State, int], Asked]:
    return lambda _r, _s, _u: (verb, None, args)


def _place(r: Random, s: State, u: int) -> str:
    """A unit, or at times the node in all scopes that are to come."""
    return s.path(u) if r.random() < 0.3 else label(s, u)


def _set(r: Random, s: State, u: int) -> Asked:
    args = {"args": {"x": data(1)}} if r.random() < 0.3 else {"options": r.choice(OPTIONS)}
    return "set", _place(r, s, u), args


def _answer(r: Random, s: State, u: int) -> Asked:
    return "answer", label(s, u), {"fields": r.choice([{"n": 1}, {"n": 2}, {"n": "no number"}])}


def _breakpoint(r: Random, s: State, u: int) -> Asked:
    return "breakpoint", _place(r, s, u), {"on": r.random() < 0.6}


def _again(r: Random, s: State, u: int) -> Asked:
    others = [x for x in range(s.root.n) if r.random() < 0.2]
    return "rollback", None, {"nodes": [label(s, x) for x in (u, *others)]}


WORDS: dict[str, Callable[[Random, State, int], Asked]] = {
    "pause": _plain("pause"),
    "drain": _plain("pause", drain=True),
    "resume": _plain("resume"),
    "cancel": _plain("cancel"),
    "retry": _plain("retry"),
    "skip": _plain("skip"),
    "give": _plain("skip", value=data(77)),
    "set": _set,
    "breakpoint": _breakpoint,
    "approve": _plain("approve", by="me"),
    "reject": _plain("reject", by="me", note="no"),
    "answer": _answer,
    "rollback": lambda _r, s, u: ("rollback", None, {"to": label(s, u)}),
    "again": _again,
    "run pause": _of_run("pause"),
    "run drain": _of_run("pause", drain=True),
    "run resume": _of_run("resume"),
    "run cancel": _of_run("cancel"),
    "run retry": _of_run("retry"),
    "run send": _of_run("send", name=SIGNAL, value=data(5)),
}
"""By the word of a request how it is drawn for a unit."""
_OFTEN = {"skip": 4, "give": 4, "retry": 6, "run cancel": 1, "drain": 1, "run drain": 1, "set": 4}
VERBS = [verb for verb in WORDS for _ in range(_OFTEN.get(verb, 3))]
ANSWERS = ("approve", "reject", "answer", "run send")
"""What ends a wait: asked more often while something waits, for few programs have a wait, and none for long."""
