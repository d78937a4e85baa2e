"""What a function uses of what is around it, read from its code: its globals, and which containers it writes into."""

from __future__ import annotations

from dis import Instruction, get_instructions, stack_effect
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

_GLOBAL = frozenset(("LOAD_GLOBAL", "LOAD_NAME"))
_PART = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_STORES = frozenset(("STORE_SUBSCR", "DELETE_SUBSCR"))
_METHODS = frozenset(
    (
        "add",
        "append",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    )
)
"""By which a container is changed."""


class Used(NamedTuple):
    """`globals` by name; `written` are names, of globals or of parts of them, of what is changed in place."""

    globals: tuple[str, ...]
    written: frozenset[str]


@lru_cache(4096)
def used_by(code: CodeType) -> Used:
    """Of a function and of those that are made in it."""
    found = list(get_instructions(code))
    named = [one.argval for one in found if one.opname in _GLOBAL]
    written = {one.argval for at, one in enumerate(found) if one.opname in _GLOBAL | _PART and _is_written(found, at)}
    for const in code.co_consts:
        if isinstance(const, CodeType):
            inner = used_by(const)
            named += inner.globals
            written |= inner.written
    return Used(tuple(dict.fromkeys(named)), frozenset(written))


def _is_written(found: list[Instruction], at: int) -> bool:
    """Whether what an instruction brings onto the stack is changed where it is used: `x[…] = …`, `del x[…]`, `x.append(…)`."""
    above = 0
    """How many values lie on it."""
    for before, one in zip(found[at:], found[at + 1 :], strict=False):
        if not above and one.opname in _PART:
            return one.argval in _METHODS
        if one.opname in _STORES and (above == 1 or before.opname == "SWAP"):
            return True
        above += stack_effect(one.opcode, one.arg, jump=False)
        if above < 0 or one.is_jump_target:
            return False
    return False
