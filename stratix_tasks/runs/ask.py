"""Asking a run, wherever it is run: here, by another engine, or by none any more."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.runs.claim import take_for
from stratix_tasks.runs.heard import hear
from stratix_tasks.runs.mailbox import OwnerDied
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.locks import alive

BY = "user"
MOST_OWNERS = 10
"""Owners that may die one after the other while they are asked."""


def ask(engine: Workshop, live: LiveRun, verb: str, target: str | None, args: dict[str, Any]) -> None:
    """Ask, and wait until it is recorded. A run that nobody runs is taken over first.

    What the owner raised, wherever it is: TransitionError with the story, InputError, StoreError. StratixError `no-answer`
    when the owner lives but does not answer: the request then waits for it.
    """
    for _ in range(MOST_OWNERS):
        live = engine.loop.lives.get(live.id, live)
        if not live.elsewhere:
            engine.loop.ask(live, verb, target, args, BY).result()
            return
        owner = _owner(engine, live)
        try:
            if owner != engine.id and alive(engine.store.locks, owner):
                if engine.loop.is_here:
                    raise StratixError(
                        f"run {live.id} is run by another kernel, whose answer can't be waited for in the engine's own thread: "
                        f"{verb} it in another thread than that of a callback or an inline body",
                        code="would-block",
                    )
                engine.mailbox.send(live.id, owner, verb, target, args, BY).result()
                return
            live = take_for(engine, _left(engine, live.id), verb, target)
        except OwnerDied as died:
            args = {**args, "id": died.name}
        except StratixError as error:
            if error.code != "owned-elsewhere":
                raise
    raise StratixError(f"run {live.id} changes its owner again and again; try later", code="owned-elsewhere")


def send(engine: Workshop, live: LiveRun, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
    """Ask what a form says without waiting, from the engine's thread. StratixError `interrupted` for a run that nobody runs."""
    if not live.elsewhere:
        return hear(engine.loop, live, verb, target, args, BY)
    owner = _owner(engine, live)
    if owner == engine.id or not alive(engine.store.locks, owner):
        raise StratixError(
            f"the kernel that ran {live.id} has died; recover() goes on with it here", code="interrupted"
        )
    return engine.mailbox.send(live.id, owner, verb, target, args, BY)


def _owner(engine: Workshop, live: LiveRun) -> str:
    """Who has a run; one that began just now is not in the catalog yet."""
    row = engine.store.catalog.run(live.id)
    if row is not None:
        return row.owner
    return live.follower.owner if live.follower is not None else engine.id


def _left(engine: Workshop, run: str) -> RunRow:
    """A run that nobody runs, in the catalog; its owner may have died before it entered it."""
    row = engine.store.catalog.restored(run)
    if row is None:
        raise InputError(f"the store {engine.store.path} has no run {run}", code="unknown-run")
    return row
