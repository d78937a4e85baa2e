"""Problems: what is wrong with a definition, where, and what would be right."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from typing import Literal

Path = tuple[str | int, ...]
"""Where in the document: keys from the top, such as `("tasks", "fetch", "with", "url")`."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What mends a problem where it stands: another word for `word`, another name for what stands there, that it is taken away, that
    the argument `word` is given, or that the flow has an input `word`."""

    do: Literal["replace", "rename", "remove", "fill", "input"]
    word: str = ""
    instead: str = ""


REMOVE = Remedy("remove")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a flow, or with `warning` worth knowing. `line` and `column` are 1-based, in `file`; 0 when
    unknown. `at` is its place in the document, as far as that is known."""

    code: str
    message: str
    node: str = ""
    line: int = 0
    hint: str = ""
    file: str = ""
    column: int = 0
    warning: bool = False
    at: Path = ()
    remedy: Remedy | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        where = f"{place}: " if place else ""
        node = f"node '{self.node}': " if self.node else ""
        stop = "" if not self.hint or self.message.endswith((".", "!", "?")) else "."
        hint = f"{stop} {self.hint}" if self.hint else ""
        return f"{where}{'warning: ' if self.warning else ''}{node}{self.message}{hint} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, its place in the document, and the wrong word there (to find its column)."""

    path: Path
    problem: Problem
    word: str = ""

    @property
    def told(self) -> Problem:
        """The problem, which knows its place."""
        return replace(self.problem, at=self.path)


def node_path(name: str) -> Path:
    """The place of a node by its definition: `part.show` is the node `show` of the flow `part`."""
    *flows, own = name.split(".")
    return (*(step for flow in flows for step in ("flows", flow)), "tasks", own)


def field_of(path: Path) -> str:
    """The field that a place in a node or a flow lies in, as an edit names it: `with.url`, `over.item`, `inputs.day`, `retry`."""
    steps = tuple(map(str, path))
    if steps[:2] == ("each", "over") and len(steps) > 2:
        return f"over.{steps[2]}"
    return ".".join(steps[:2]) if steps[:1] in (("with",), ("inputs",)) else (steps[0] if steps else "")


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that keep a flow from running."""
    return [problem for problem in problems if not problem.warning]


_NEAR, _NEAR_TO_SHORT = 0.75, 0.6
"""How much of two words is the same, of 1, for one to be taken for the other: a letter in four may be wrong, in three one."""
_EFFORT = 12_000
"""Pairs of letters that are looked at to find what is near to one word: a document may have a thousand that are not known."""


def did_you_mean(word: str, known: Iterable[str], *, most: int = 12) -> str:
    """`Did you mean 'x'?`, or the known words, at `most` so many, when none is near, or nothing when there are none."""
    words = sorted(known)
    if near := nearest(word, words):
        return f"Did you mean '{near}'?"
    return f"Known: {', '.join(words[:most])}{', …' if len(words) > most else ''}." if words else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is likely meant; nothing where none is near."""
    return _nearest(word, tuple(sorted(known)))


@lru_cache(256)
def _nearest(word: str, words: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    likely, near = _beside(word, words), _NEAR if len(word) > 3 else _NEAR_TO_SHORT
    found = get_close_matches(word, likely, n=1, cutoff=near) or [one for one in likely if _is_form_of(word, one)]
    return next(iter(found), "")


def _beside(word: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Of many words those that stand next to it in their order, which begin as it does."""
    if len(word) * sum(map(len, words)) <= _EFFORT:
        return words
    few = max(4, len(words) * _EFFORT // (len(word) * sum(map(len, words))))
    first = max(0, bisect_left(words, word) - few // 2)
    return words[first : first + few]


def _is_form_of(word: str, other: str) -> bool:
    """Whether two words differ in their ends alone, as `retries` and `retry` do."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False)))
    return abs(len(word) - len(other)) <= 2 and alike >= 4 and alike >= 0.8 * min(len(word), len(other))


def instead(word: str, known: Iterable[str]) -> Remedy | None:
    """The likely word in place of one that is not known."""
    near = nearest(word, known)
    return Remedy("replace", word, near) if near else None


def name_instead(word: str, known: Iterable[str]) -> Remedy:
    """The likely name for what has one that is not known; it is taken away where none is near."""
    near = nearest(word, known)
    return Remedy("rename", word, near) if near else REMOVE
