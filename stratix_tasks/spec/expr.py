"""Expressions: CEL behind two methods. The library is imported when a flow has an expression, not before."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from threading import Lock
from typing import Any, Protocol

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.effort import excess
from stratix_tasks.spec.names import Mention, mentions
from stratix_tasks.spec.problems import Problem, did_you_mean

MOST = 1024
"""Characters of an expression."""
_PLACE = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")


class Program(Protocol):
    """A compiled expression. `names` are the words that it takes from its environment."""

    text: str
    names: frozenset[str]

    def evaluate(self, environment: dict[str, Any]) -> Any:
        """Its value over JSON data. FlowError `expression` when it can't be computed."""


class CelProgram:
    """`common-expression-language`: no attribute of a Python object is ever reached, every loop is bounded."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = frozenset(mention.root for mention in mentions(text))
        self._alike = [(one["left"], one["right"], one[0]) for one in _ALIKE.finditer(text) if one["left"]]
        if len(text) > MOST:
            raise _refusal(text, f"it has {len(text)} characters, at most {MOST} are allowed; compute it in a task")
        if why := excess(text, {}):
            raise _refusal(text, f"{why}; compute it in a task")
        try:
            self._program = _library().compile(text)
        except Exception as error:
            raise _refusal(text, *_explained(error)) from None

    def evaluate(self, environment: dict[str, Any]) -> Any:
        """Its value over JSON data. FlowError `expression` that names what is not there, or what would take too long."""
        if why := excess(self.text, environment):
            raise FlowError(f"`{self.text}` can't be computed: {why}; compute it in a task", code="expression")
        for left, right, shown in self._alike:
            if _is_truth_of_number(_looked_up(left, environment), _looked_up(right, environment)):
                why = "true and false are no numbers here; compare them with true or false"
                raise FlowError(f"`{shown}` can't be told: {why}", code="expression")
        try:
            return self._program.execute(environment)
        except Exception as error:
            text = _without_nan(self.text, environment)
            if text != self.text:
                return CelProgram(text).evaluate(environment)
            why = _absent(self.text, environment) or _unfit(self.text, environment, error)
            raise FlowError(f"`{self.text}` can't be computed: {why}", code="expression") from None


def _library() -> Any:
    """The compiled part alone. With the package comes its command line, 290 modules that take 0.2 s: in the midst of a run, whose
    bodies would seem to take so long.
    """
    with _LOADING:
        if "cel.cel" not in sys.modules:
            package = find_spec("cel")
            part = PathFinder.find_spec("cel.cel", package.submodule_search_locations if package is not None else None)
            if part is None or part.loader is None:
                return import_module("cel")
            made = module_from_spec(part)
            part.loader.exec_module(made)
            sys.modules["cel.cel"] = made  # where it is found by who imports the package later
        return sys.modules["cel.cel"]


_LOADING = Lock()


@lru_cache(4096)
def compile_expression(text: str) -> Program:
    """FlowError `expression`, with the line and column of the mistake in its one problem."""
    return CelProgram(text)


def _refusal(text: str, why: str, line: int = 0, column: int = 0) -> FlowError:
    place = f" at column {column}" if line == 1 else f" at line {line}, column {column}" if line else ""
    shown = text if len(text) <= 80 else f"{text[:77]}…"
    message = f"`{shown}` is no expression{place}: {why}"
    problem = Problem("expression", message, line=line, column=column, hint=_meant(text))
    error = FlowError(message, code="expression")
    error.problems = [problem]
    return error


def _explained(error: Exception) -> tuple[str, int, int]:
    """The compiler's words, and the line and column in the text, both from 1."""
    match = _PLACE.search(str(error))
    if match is None:
        return _first_line(error), 0, 0
    why = match[3].split(" expecting {")[0].replace("<EOF>", "the end")
    if (deep := _DEEP.search(why)) is not None:
        why = f"it is nested more than {deep[1]} deep; compute it in a task"
    return why, int(match[1]), int(match[2])


_DEEP = re.compile(r"Recursion limit of (\d+) exceeded")
_TEXT = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_ELSEWHERE = {
    r"\band\b|(?<!&)&(?!&)": "&& for and",
    r"\bor\b|(?<!\|)\|(?!\|)": "|| for or",
    r"\bnot\b": "! for not",
    r"(?<![=!<>])=(?!=)|===": "== for what is alike",
    r"<>|!==|\bis not\b": "!= for what is not",
    r"\bis\b(?! not)": "== for is",
    r"\bif\b.*\belse\b": "condition ? one : other",
    r"\$?\{\{|\$\w": "names as they are, such as inputs.x, without signs around them",
    r"\*\*|//": "what is more than + - * / % in a task",
}
"""What other languages write, and what is written here."""


def _meant(text: str) -> str:
    """What to write in the place of what stands in a text that is no expression."""
    bare = _TEXT.sub('""', text)
    found = [ours for theirs, ours in _ELSEWHERE.items() if re.search(theirs, bare)]
    return f"Write {', '.join(found)}." if found else ""


_OPERAND = (
    r"""(?:[A-Za-z_]\w*(?:\.\w+|\[(?:\d+|"(?:[^"\\]|\\.)*")\])*|-?\d[\w.]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
)
_ALIKE = re.compile(rf"(?P<left>{_OPERAND})\s*[!=]=\s*(?P<right>{_OPERAND})|(?:(?:[<>]=?|[!=]=|\bin\b)\s*)?{_OPERAND}")
"""What follows a comparison belongs to that: `2 > x == true` asks whether x is less than 2."""
_COMPARISON = re.compile(rf"(?P<left>{_OPERAND})\s*[<>]=?\s*(?P<right>{_OPERAND})|{_OPERAND}")


def _without_nan(text: str, environment: dict[str, Any]) -> str:
    """The expression with `false` for each comparison by order of something that is NaN, which the library refuses."""

    def judged(match: re.Match[str]) -> str:
        sides = (match["left"], match["right"])
        return "false" if any(side and _is_nan(_looked_up(side, environment)) for side in sides) else match[0]

    return _COMPARISON.sub(judged, text)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value


def _is_truth_of_number(one: Any, other: Any) -> bool:
    """Of these Python says that they are alike, expressions that they never are: whoever compares them would be misled."""
    kinds = {type(one), type(other)}
    return bool in kinds and not kinds.isdisjoint((int, float)) and bool(one == other)


def _looked_up(operand: str, environment: dict[str, Any]) -> Any:
    """The value of a name, a number, true or false; None where there is none."""
    try:
        for mention in mentions(operand)[:1]:
            here: Any = environment
            for step in (mention.root, *mention.steps):
                here = here[step]
            return here
        return _WORDS[operand] if operand in _WORDS else float(operand)
    except (LookupError, TypeError, ValueError):
        return None


_WORDS = {"true": True, "false": False}


def _unfit(text: str, environment: dict[str, Any], error: Exception) -> str:
    """What the names in an expression are, where what it asks can't be asked of that; for all else the library's words."""
    values = {str(mention): _looked_up(str(mention), environment) for mention in mentions(text)}
    if not values or not str(error).startswith(_CLASHES):
        return _first_line(error)
    told = ", ".join(f"{name} is {_KINDS.get(type(value), type(value).__name__)}" for name, value in values.items())
    none = next((name for name, value in values.items() if value is None), "")
    hint = f". Ask for that first, as in {none} != null && …" if none else ""
    return f"that can't be asked of what is there: {told}{hint}"


_CLASHES = ("No such overload", "Unsupported operation", "Undefined variable or function")
"""How the library's words for that begin: a function that is not known is told when the flow is checked."""
_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a mapping",
}


def _absent(text: str, environment: dict[str, Any]) -> str:
    """Which name or key is not there, and what is; empty when all are."""
    for mention in mentions(text):
        here: Any = environment
        for depth, step in enumerate((mention.root, *mention.steps)):
            if isinstance(here, dict) and step not in here:
                return _missing(mention, depth, here)
            if not isinstance(here, dict):
                break
            here = here[step]
    return ""


def _missing(mention: Mention, depth: int, here: dict[str, Any]) -> str:
    step = mention.root if depth == 0 else mention.steps[depth - 1]
    if mention.root == "tasks" and depth == 2 and step == "output":
        return f"the output of '{mention.steps[0]}' is no plain data, so that only its status and summary can be asked"
    return f"in `{mention}` there is no '{step}'. {did_you_mean(str(step), map(str, here))}".rstrip()


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
