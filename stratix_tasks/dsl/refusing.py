"""What stands for a value can't be used as one: all that Python would do with a value (arithmetic, `if`, `for`, `len`, `str`,
hashing, attributes) raises, names the line and says what to do instead.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dis import get_instructions
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NoReturn

from stratix_tasks.core.fingerprint import is_installed
from stratix_tasks.errors import FlowError

_PACKAGE = Path(__file__).parent.parent
OURS = (str(_PACKAGE / "dsl"), str(_PACKAGE / "session"))
"""Folders whose frames are never the user's."""


_RETURNED: ContextVar[CodeType | None] = ContextVar("stratix-returned", default=None)


@contextmanager
def returned_by(code: CodeType | None) -> Iterator[None]:
    """What a body has returned is looked at within: it has no frame any more that would say where."""
    token = _RETURNED.set(code)
    try:
        yield
    finally:
        _RETURNED.reset(token)


def user_line() -> tuple[str, int]:
    """File and line of the innermost frame that is not ours: where the user wrote what is being traced."""
    if (code := _RETURNED.get()) is not None:
        returns = {
            one.positions.lineno for one in get_instructions(code) if one.opname == "RETURN_VALUE" and one.positions
        }
        line = returns.pop() if len(returns) == 1 else None
        return code.co_filename, line or code.co_firstlineno
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    above: FrameType | None = frame
    while above is not None and is_installed(
        above.f_code.co_filename
    ):  # a library that was given what stands for a value
        above = above.f_back
    if above is not None and not above.f_code.co_filename.startswith(OURS):
        frame = above
    return frame.f_code.co_filename, frame.f_lineno


def raised_on(error: BaseException) -> int:
    """The line of the innermost frame that is the user's; 0 where there is none."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith((str(_PACKAGE), contextlib.__file__)):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


A_REFERENCE = "a reference"


def refuse(what: str, instead: str, of: str = A_REFERENCE) -> NoReturn:
    """FlowError `reference-used-as-value`: what can't be done, on which line, and what to do instead."""
    file, line = user_line()
    raise FlowError(
        f"line {line}: {what} {of}: its value is known only when the flow runs. {instead} ({Path(file).name}:{line})",
        code="reference-used-as-value",
    )


_WRITTEN: ContextVar[dict[str, tuple[str, int]] | None] = ContextVar("stratix-written", default=None)


@contextmanager
def texts_noted() -> Iterator[dict[str, tuple[str, int]]]:
    """Texts that are made, within, of what stands for a value, each with the user's file and line.

    Debuggers and messages of errors may have them; who makes one a part of his flow means the value (`dsl/capture.py`).
    """
    outer = _WRITTEN.get()
    noted: dict[str, tuple[str, int]] = {} if outer is None else outer
    token = _WRITTEN.set(noted)
    try:
        yield noted
    finally:
        _WRITTEN.reset(token)


IN_A_TASK = "Do it inside a task."
COMPARE = "Use `with when(ref == …):` for a branch, or do it inside a task."
_LENGTH = 'Use ref.summary["length"] or ref.summary["rows"] in a condition, or do it inside a task.'
_COUNTED = "Fan out over numbers with task.map(each(count(ref))), or do it inside a task."
UNPACK = "Annotate the task `-> tuple[A, B]` to unpack it, or fan out with task.map(each(ref))."
_ATTRIBUTE = 'Use ref["key"] for an item of it, ref.summary["rows"] for a fact about it, or do it inside a task.'


class Later:
    """What stands for values that are known later: what can't be done with it."""

    __slots__ = ()
    _called = A_REFERENCE

    def _shown(self) -> str:
        """Its text, for debuggers and messages of errors."""
        raise NotImplementedError

    def __repr__(self) -> str:
        text, noted = self._shown(), _WRITTEN.get()
        if noted is not None:
            noted.setdefault(text, user_line())
        return text

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse(f"can't take .{name} of", _ATTRIBUTE, self._called)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise FlowError(
            f"line {user_line()[1]}: {self._called} stands in an object, where it can't be found when the flow runs: use a "
            "plain list, tuple or dict, a dataclass or a pydantic model",
            code="reference-hidden",
        )


class Refusing(Later):
    """What stands for one value: what it is in a document, too."""

    __slots__ = ()

    def _value(self) -> Any:
        """What it is as an argument."""
        raise NotImplementedError

    def _references(self) -> tuple[Any, ...]:
        """The references that it uses."""
        return ()


def _refusal(what: str, instead: str) -> Callable[..., Any]:
    def refused(self: Any, *_args: Any, **_kwargs: Any) -> Any:
        refuse(what, instead, self._called)

    return refused


_REFUSED = {
    "bool": ("can't test", COMPARE),
    "len": ("can't take the len() of", _LENGTH),
    "str": ("can't make text of", IN_A_TASK),
    "format": ("can't format", IN_A_TASK),
    "bytes": ("can't make bytes of", IN_A_TASK),
    "array": ("can't make an array of", IN_A_TASK),
    "hash": ("can't hash", "It can't be a key of a dict or stand in a set: use a list, or do it inside a task."),
    "index": ("can't count (range) or index with", _COUNTED),
    "contains": ("can't look for something `in`", IN_A_TASK),
    "getitem": ("can't take an item of", IN_A_TASK),
    "call": ("can't call", IN_A_TASK),
    "iter": ("can't iterate over", UNPACK),
    "reversed": ("can't iterate over", UNPACK),
    "aiter": ("can't iterate over", UNPACK),
    "enter": ("can't use `with` on", IN_A_TASK),
    "aenter": ("can't use `async with` on", IN_A_TASK),
    "exit": ("can't use `with` on", IN_A_TASK),
    "aexit": ("can't use `async with` on", IN_A_TASK),
    "setitem": ("can't set an item of", IN_A_TASK),
    "delitem": ("can't delete an item of", IN_A_TASK),
    "fspath": ("can't make a path of", IN_A_TASK),
    **{name: (f"can't take the {name}() of", IN_A_TASK) for name in ("int", "float", "complex", "round", "abs")},
    **{name: (f"can't take the math.{name}() of", IN_A_TASK) for name in ("trunc", "floor", "ceil")},
    **{name: (f"can't compute `{sign}` with", IN_A_TASK) for name, sign in (("neg", "-"), ("pos", "+"))},
    "invert": ("can't use ~ with", "Compare it first: ~(ref == 1)."),
}
_BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "matmul": "@",
    "lshift": "<<",
    "rshift": ">>",
    "xor": "^",
    "divmod": "divmod",
}
_COMPARABLE = "References and facts about them can be compared; which items of a fan-out run says options(where=…)."
_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
for _name, (_what, _instead) in _REFUSED.items():
    setattr(Later, f"__{_name}__", _refusal(_what, _instead))
for _name, _sign in _BINARY.items():
    for _side in ("", "r", "i"):
        setattr(Later, f"__{_side}{_name}__", _refusal(f"can't compute `{_sign}` with", IN_A_TASK))
for _side in ("", "r", "i"):
    for _name, _sign in (("and", "&"), ("or", "|")):
        _refused = _refusal(f"can't use {_sign} with", "Compare it first: (ref == 1) & (other == 2).")
        setattr(Later, f"__{_side}{_name}__", _refused)
for _name, _sign in _COMPARED.items():
    _refused = _refusal(f"can't compare by {_sign}", _COMPARABLE)
    setattr(Later, f"__{_name}__", _refused)
