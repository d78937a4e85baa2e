"""Problems: what is wrong with a definition, where, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a flow, or with `warning` worth knowing. `line` and `column` are 1-based, in `file`; 0 when
    unknown."""

    code: str
    message: str
    node: str = ""
    line: int = 0
    hint: str = ""
    file: str = ""
    column: int = 0
    warning: bool = False

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        where = f"{place}: " if place else ""
        node = f"node '{self.node}': " if self.node else ""
        stop = "" if not self.hint or self.message.endswith((".", "!", "?")) else "."
        hint = f"{stop} {self.hint}" if self.hint else ""
        return f"{where}{'warning: ' if self.warning else ''}{node}{self.message}{hint} [{self.code}]"


Path = tuple[str | int, ...]
"""Where in the document: keys from the top, such as `("tasks", "fetch", "with", "url")`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, its place in the document, and the wrong word there (to find its column)."""

    path: Path
    problem: Problem
    word: str = ""


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that keep a flow from running."""
    return [problem for problem in problems if not problem.warning]


_FEW = 200
"""Words that are compared with one that is not known."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?`, or the known words when none is near, or nothing when there are none."""
    from difflib import get_close_matches

    words = sorted(known)
    likely = words if len(words) <= _FEW else [one for one in words if one[:1] == word[:1]][:_FEW]
    near = get_close_matches(word, likely, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {', '.join(words[:12])}{', …' if len(words) > 12 else ''}." if words else ""
