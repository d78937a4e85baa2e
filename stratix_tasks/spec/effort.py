"""What an expression may come to at most, told from its text and from the sizes of its data before it is computed.

While the library computes, nothing else in the process has a turn, and it has no limits of its own: `map` in `map` takes hours
over some thousand elements, and a text that is added to itself again and again takes all memory that there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from stratix_tasks.spec.names import MACROS, tokens_of

MOST_STEPS = 10_000_000
"""Some tenths of a second."""
MOST_SIZE = 100_000_000
"""Characters and elements that it can make."""
_COPYING = frozenset(("map", "filter"))
"""They copy what they have made so far at each element."""


@dataclass(slots=True)
class Part:
    """What stands in the brackets of a macro, or the whole: `own` and `others` are the names in there, its variable and all that
    are not, `inner` the macros in it.
    """

    macro: str = ""
    variable: str = ""
    own: int = 0
    others: int = 0
    sums: int = 0
    searches: int = 0
    inner: list[Part] = field(default_factory=list)

    def steps(self, elements: int) -> int:
        """At most, where no list is longer."""
        inside = 1 + elements * (self.sums + self.searches)
        return inside + sum(
            elements * one.steps(elements) + (elements**2 if one.macro in _COPYING else 0) for one in self.inner
        )

    def growth(self, elements: int) -> int:
        """How many times as large what it makes may be as its data."""
        made = self.own + elements * self.others if self.macro == "map" else 1
        for one in self.inner:
            made = max(made, 1) * one.growth(elements)
        return max(made, 1) * (1 + self.sums) ** 2


def excess(text: str, data: Mapping[str, Any]) -> str:
    """Why an expression over this data would take too long, or too much room; nothing where it would not."""
    whole, literals = _read(text)
    if not whole.inner and not whole.sums:
        return ""
    elements, size = _measured(data)
    elements, size = max(elements, literals), size + len(text)
    longest = elements * _sums(whole)
    if whole.steps(longest) > MOST_STEPS:
        return f"it goes over lists of up to {elements} elements too often"
    if size * whole.growth(elements) > MOST_SIZE:
        return "what it puts together may take more memory than there is"
    return ""


def _sums(part: Part) -> int:
    """How many times as long as the longest list one may be that is added up of it."""
    found = 1 + part.sums
    for one in part.inner:
        found *= _sums(one)
    return found


@lru_cache(1024)
def _read(text: str) -> tuple[Part, int]:
    """Its parts, and how long a list in it may be."""
    whole = Part()
    open_: list[Part | None] = []
    parts, behind = [whole], ["", "", ""]
    for kind, word, _ in tokens_of(text):
        part = parts[-1]
        if word == "(" and behind[-1] in MACROS and behind[-2] == ".":
            part.inner.append(made := Part(behind[-1]))
            parts.append(made)
            open_.append(made)
        elif word in ("(", "[", "{"):
            open_.append(None)
        elif word in (")", "]", "}") and open_:
            if open_.pop() is not None:
                parts.pop()
        elif kind == "name" and part.macro and not part.variable:
            part.variable = word
        elif word == "in":
            part.searches += 1
        elif kind == "name" and behind[-1] != ".":
            part.own += word == part.variable
            part.others += word != part.variable
        part.sums += word == "+"
        behind = [*behind[1:], word]
    return whole, text.count(",") + 1


def _measured(data: Any) -> tuple[int, int]:
    """The elements of the longest container in some data, and the size of the whole."""
    longest = size = 0
    left = [data]
    while left:
        one = left.pop()
        if isinstance(one, str):
            size += len(one)
        elif isinstance(one, Mapping | list | tuple):
            longest, size = max(longest, len(one)), size + len(one)
            left += one.values() if isinstance(one, Mapping) else one
    return longest, size
