"""Who has gone on without what is to be tried again, skipped or given a value: that was made from less, so `redo` has to be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.decide.follows import made_from
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import label

SHOWN = 5


class Gone(NamedTuple):
    """`who` has gone on, and `rolled`, what a request with `redo` rolls back; both as sentences without an end."""

    who: str
    rolled: str

    def why(self, asked: str) -> str:
        """As the reason of a refusal; `asked` is how `redo` is asked for."""
        return f"{self.who}; {asked} rolls back what was made from it"

    def told(self) -> str:
        """For who is asked whether that is meant."""
        return f"{self.who[0].upper()}{self.who[1:]}. {self.rolled}."


def gone_on(core: Core, readers: Iterable[int], *, without: str = "it") -> Gone | None:
    """What that is of these, which began with something as it ended; None where nobody did. `without` says what that is."""
    s = core.state
    found = [x for x in readers if _has_begun(s, x)]
    if not found:
        return None
    around = {x for x in found if s.status[x] == S.COMPLETED and x in s.kids}
    made = {y for x in found for y in made_from(core, x)[0] if _has_begun(s, y)}
    names, have = _names(s, found), "has" if len(found) == 1 else "have"
    if around:
        who = f"{names} {have} completed, so nothing in it changes any more"
    else:
        who = f"{names} {have} gone on without {without}"
    rolled = (made | {*found}) - around
    if not rolled:
        return Gone(who, "Nothing was made from it yet: it goes on")
    return Gone(who, f"{_names(s, rolled)} {'is' if len(rolled) == 1 else 'are'} rolled back, and made again")


def _has_begun(s: State, u: int) -> bool:
    return s.status[u] != S.PENDING


def _names(s: State, units: Iterable[int]) -> str:
    names = [f"'{label(s, one)}'" for one in sorted(units)]
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
