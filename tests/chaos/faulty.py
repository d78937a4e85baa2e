"""A process in which one thing goes wrong at one place: `python faulty.py STORE LOG POINT ACTION PASSAGE`.

It goes on with the run that is there, or starts one, and waits for it. The fault strikes at the given passage of the
point: `raise` an error that nobody foresaw, `hang` for ever, or `exit` without any clean-up. Points are the ports of the
engine, before or after the real thing: journal (a commit), dispatch (a hand-over to a runner), result (an answer), claim.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from victim import say, victim, watch

from stratix_tasks import Engine, StratixError
from stratix_tasks.session.run import Run

ITEMS = 8


class Fault:
    """Strikes once, when its passage comes."""

    def __init__(self, point: str, action: str, passage: int) -> None:
        self.place, _, self.side = point.partition("-")
        self.action, self.left = action, passage
        self._lock = threading.Lock()
        self._struck = 0
        """The thread that was struck, until it is again."""

    def arm(self, engine: Engine) -> None:
        loop = engine.loop
        if self.place == "journal":
            self._wrap(loop.journal, "commit")
        elif self.place == "dispatch":
            for runner in loop.runners.values():
                self._wrap(runner, "submit")
        elif self.place == "result":
            for name in ("post", "hand_over"):
                self._wrap(loop, name, lambda _live, event: event[0] == 0)
        elif self.place == "claim":
            self._wrap(engine.store.catalog, "claim")

    def _wrap(self, port: Any, name: str, counts: Callable[..., bool] = lambda *_: True) -> None:
        real = getattr(port, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            struck = counts(*args) and self._is_now()
            if struck and self.side == "before":
                self._strike()
            result = real(*args, **kwargs)
            if struck and self.side == "after":
                self._strike()
            return result

        setattr(port, name, wrapped)

    def _is_now(self) -> bool:
        """An answer that is struck is handed in a second time by the same thread: then it is struck again."""
        with self._lock:
            self.left -= 1
            again = self.place == "result" and self.action == "raise" and self._struck == threading.get_ident()
            self._struck = threading.get_ident() if self.left == 0 else 0 if again else self._struck
            return self.left == 0 or again

    def _strike(self) -> None:
        say("struck")
        if self.action == "exit":
            os._exit(9)
        if self.action == "hang":
            threading.Event().wait()
        raise RuntimeError("a fault that nobody foresaw")


def main() -> None:
    store, os.environ["VICTIM_LOG"], point, action, passage = sys.argv[1:]
    with Engine(store, concurrency=8) as engine:
        Fault(point, action, int(passage)).arm(engine)
        if action != "none":
            meet_it(engine)
        say("value", watch(here(engine)).result())


def meet_it(engine: Engine) -> None:
    """Wait for the fault, and say how it was told.

    Nothing is approved meanwhile, so that the run can't end without it; and nothing is asked of the run, which would go
    on with what the fault broke off before who waits has come to see it.
    """
    try:
        run = watch(here(engine), approves=False)
    except (RuntimeError, StratixError) as error:
        say("raised", error)
        return
    say(run.status, run.error)


def here(engine: Engine) -> Run:
    """The run of this store."""
    found = engine.recover()
    return found[0] if found else engine.start(victim, {"n": ITEMS}, key="once")


if __name__ == "__main__":
    main()
