"""The engine that flows use when none is named, and how it is configured."""

from __future__ import annotations

import os
import threading
from os import getpid
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from stratix_tasks.session.engine import Engine
    from stratix_tasks.session.run import Run

_LOCK = threading.RLock()
_settings: dict[str, Any] = {}
_engine: Engine | None = None
os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


def configure(**settings: Any) -> None:
    """Settings of the default engine: store, concurrency, pools, strategy, durability, secrets.

    The default engine so far is closed; handles and views of its runs stay. While runs go on in it, the settings that it
    has already are none to change, and others are refused: StratixError `runs-go-on` names the runs.

    InputError for unknown settings.
    """
    global _engine, _settings
    from stratix_tasks.errors import InputError, StratixError
    from stratix_tasks.executors.registry import DEFAULT
    from stratix_tasks.session.engine import Engine
    from stratix_tasks.spec.problems import did_you_mean

    known = ("store", "concurrency", "pools", "strategy", "durability", "secrets")
    for name in settings:
        if name not in known:
            raise InputError(f"there is no setting '{name}'. {did_you_mean(name, known)}", code="unknown-option")
    with _LOCK:
        merged = {**_settings, **settings}
        fresh = Engine(**merged, executors=DEFAULT)
        left = _engine.close_idle() if _engine is not None else ()
        if left and merged == _settings:
            return
        if left:
            raise StratixError(
                f"{len(left)} run(s) go on in the default engine, and other settings would interrupt them: "
                f"{', '.join(left)}. Wait for them (run.wait()) or end them (run.cancel()) and configure then, or start in an "
                "engine of its own: Engine(…).start(flow)",
                code="runs-go-on",
            )
        _settings, _engine = merged, fresh


def default_engine() -> Engine:
    """The engine of this process; made on first use, and anew in a forked child."""
    global _engine
    from stratix_tasks.executors.registry import DEFAULT
    from stratix_tasks.session.engine import Engine

    with _LOCK:
        if _engine is None or _engine.closed or _engine.pid != getpid():
            _engine = Engine(**_settings, executors=DEFAULT)
        return _engine


def recover(changed: Literal["ask", "reuse", "rerun", "fork"] = "ask") -> list[Run]:
    """Go on with the runs that were interrupted: their kernel died, or a script ended without waiting."""
    return default_engine().recover(changed)
