"""How objects are pickled whose own pickles forget something, or can't be had; and which can't be the same for who reads them."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from copyreg import __newobj__  # type: ignore[attr-defined]
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from io import BytesIO, IOBase, StringIO
from pathlib import PurePath
from types import FunctionType, MemberDescriptorType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet, finalize

from stratix_tasks.runners.defined import MAIN

PROTOCOL = 5
FORGETFUL = (datetime, date, time, timedelta, Decimal, Fraction, PurePath, defaultdict, Counter)
"""Types whose pickles leave out the attributes of their subclasses."""
CACHED = type(lru_cache(len))
Reduced = tuple[Any, ...]

_KINDS: WeakKeyDictionary[type, tuple[str, Callable[[Any], Reduced | None] | None]] = WeakKeyDictionary()


def known_of(kind: type) -> tuple[str, Callable[[Any], Reduced | None] | None]:
    """Of the objects of a class: why they can't be recorded, and what is done with them instead of what cloudpickle does."""
    try:
        return _KINDS[kind]
    except KeyError:
        known = _KINDS[kind] = _why_not(kind), _how(kind)
        return known


def _why_not(kind: type) -> str:
    """Why they would not be the same for each who reads them."""
    in_memory, name = issubclass(kind, BytesIO | StringIO), f"a {kind.__qualname__}"
    if issubclass(kind, IOBase) and not in_memory:
        return f"{name} is an open file: return its name, or what it holds"
    if issubclass(kind, Iterator) and not in_memory:
        return f"{name} can be read only once: return a list"
    if kind.__module__.startswith("asyncio."):
        return f"{name} belongs to a loop"
    if issubclass(kind, memoryview | WeakSet):
        return f"{name} is a look at what others hold: return bytes, or a set"
    return f"{name} belongs to this process" if issubclass(kind, finalize) else ""


def _how(kind: type) -> Callable[[Any], Reduced | None] | None:
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.ndarray):
        if kind is numpy.ma.MaskedArray:
            return _masked_array
        if issubclass(kind, numpy.memmap):
            return _mapped
        return _array if kind.__reduce__ is numpy.ndarray.__reduce__ else None
    pandas = sys.modules.get("pandas")
    if pandas is not None and issubclass(kind, (pandas.DataFrame, pandas.Series)):
        tells: Any = kind.__reduce_ex__
        return _frame if tells is object.__reduce_ex__ else None
    if numpy is not None and kind in (numpy.str_, numpy.bytes_):
        return _numpy_text
    if kind is CACHED:
        return _cached
    if kind is cached_property:
        return _cached_property
    if issubclass(kind, BaseException):
        return _exception
    base: Any = next((one for one in kind.__mro__ if one in FORGETFUL), object)
    if kind.__reduce__ is not base.__reduce__ or kind.__reduce_ex__ is not base.__reduce_ex__:
        return None
    if base is not object:
        return _with_attributes if kind.__dictoffset__ else None
    if issubclass(kind, dict):
        return _own_namespace if kind is not dict else None
    return _by_base if _is_made_its_own_way(kind) else None


VALUES = (str, bytes, int, float, complex, tuple)
"""Types whose objects are made once, with what they are."""


def _is_made_its_own_way(kind: type) -> bool:
    """Whether it is one of these with a `__new__` of its own, which may take other arguments than what it is."""
    base: Any = next((one for one in kind.__mro__ if one in VALUES), kind)
    told = getattr(kind, "__getnewargs__", None) is getattr(base, "__getnewargs__", None)
    return base is not kind and told and kind.__new__ is not base.__new__ and not hasattr(kind, "__getnewargs_ex__")


def _by_base(value: Any) -> Reduced:
    base: Any = next(one for one in type(value).__mro__ if one in VALUES)
    return base.__new__, (type(value), *value.__getnewargs__()), *value.__reduce_ex__(PROTOCOL)[2:3]


def _own_namespace(value: dict[Any, Any]) -> Reduced | None:
    """A dict that holds its own attributes: a pickle gives it others."""
    if getattr(value, "__dict__", None) is not value:
        return None
    return __newobj__, (type(value),), (), None, iter(dict.items(value)), _set_own_namespace


def _set_own_namespace(value: dict[Any, Any], _: Any) -> None:
    object.__setattr__(value, "__dict__", value)


def _frame(frame: Any) -> Reduced | None:
    """Attributes that its class does not tell of are forgotten by its pickle."""
    attributes = added_to(frame)
    if not attributes:
        return None
    make, args, state, *_ = frame.__reduce_ex__(PROTOCOL)
    return make, args, (state, attributes), None, None, _set_array


def added_to(frame: Any) -> dict[str, Any]:
    """Attributes of a frame or series of pandas that are not those of its class."""
    known = {*frame._internal_names_set, *frame._metadata, "_attrs"}
    return {name: value for name, value in vars(frame).items() if name not in known}


def _exception(error: BaseException) -> Reduced | None:
    """With what pickles forget of it (where it came from, what lies in slots), and without its `__init__`, which may want other
    arguments than `args`.
    """
    kind = type(error)
    came, members = tuple(own.__get__(error) for own in _OWN), _members(error)
    alone = came[0] is None and came[1] is None and not came[2]
    kept: Any = (() if alone else came, members)
    is_told = isinstance(kind.__reduce__, FunctionType) or isinstance(kind.__reduce_ex__, FunctionType)
    if not is_told and isinstance(kind.__init__, FunctionType):
        args: Any = error.__reduce__()[1]
        return _made_exception, (kind, args), (vars(error), *kept), None, None, _set_exception
    if alone and not members:
        return None
    reduced: Any = error.__reduce_ex__(PROTOCOL)
    if type(reduced) is not tuple or len(reduced) > 3:
        return None
    state = vars(error) if not is_told else reduced[2] if len(reduced) > 2 else None
    return *reduced[:2], (state, *kept), None, None, _set_exception


def _members(error: BaseException) -> dict[str, Any]:
    """By name what a class keeps outside of `__dict__`, and a built-in one outside of its arguments, too.

    Not the object that an attribute was asked of: Python's own pickles leave it out, for it may be anything.
    """
    kind, found = type(error), dict[str, Any]()
    for base in kind.__mro__:
        for name, member in vars(base).items() if base is not BaseExceptionGroup else ():
            if (
                type(member) is not MemberDescriptorType
                or member in _LEFT_OUT
                or getattr(kind, name, None) is not member
            ):
                continue
            value = _held(error, name)
            if value is not EMPTY:
                found[name] = value
    return found


def _held(error: BaseException, name: str) -> Any:
    try:
        return object.__getattribute__(error, name)
    except AttributeError:
        return EMPTY


EMPTY = object()
"""What an empty slot holds."""


_LEFT_OUT = (vars(AttributeError)["obj"],)
_OWN = tuple(vars(BaseException)[name] for name in ("__cause__", "__context__", "__suppress_context__"))
"""As they are, whatever a class makes of these names. To set a cause suppresses the context: that comes last."""


def _set_exception(error: BaseException, state: tuple[Any, tuple[Any, ...], dict[str, Any]]) -> None:
    attributes, came, members = state
    for name, value in members.items():
        if _held(error, name) is not value:  # an OSError tells of a second file as soon as one is set, be it None
            object.__setattr__(error, name, value)
    if attributes and type(error).__setstate__ is not BaseException.__setstate__:
        error.__setstate__(attributes)
    elif attributes:
        error.__dict__.update(attributes)
    for own, value in zip(_OWN, came, strict=False):
        own.__set__(error, value)


def _made_exception(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    error = kind.__new__(kind, *args)
    builtin: Any = next(base for base in kind.__mro__ if not isinstance(vars(base).get("__init__"), FunctionType))
    builtin.__init__(error, *args)
    return error


def _cached(function: Any) -> Reduced | None:
    """Of a notebook, or made in a function: by what is cached, for nobody finds it by its name."""
    if function.__module__ != MAIN and "<" not in function.__qualname__:
        return None
    return _cached_again, (function.__wrapped__, function.cache_parameters())


def _cached_again(function: Callable[..., Any], how: dict[str, Any]) -> Any:
    return lru_cache(**how)(function)


def _cached_property(one: cached_property[Any]) -> Reduced:
    """Up to Python 3.11 there is a lock in it."""
    return cached_property, (one.func,), {"attrname": one.attrname, "__doc__": one.__doc__}


def _set_attributes(obj: Any, attributes: dict[str, Any]) -> None:
    obj.__dict__.update(attributes)


def _with_attributes(obj: Any) -> Reduced | None:
    reduced, attributes = obj.__reduce_ex__(PROTOCOL), getattr(obj, "__dict__", None)
    if not attributes or type(reduced) is not tuple or (len(reduced) > 2 and reduced[2] is not None):
        return None
    return (*reduced[:2], attributes, *reduced[3:])


def _array(array: Any) -> Reduced | None:
    """Its pickle forgets attributes, and of what is not in one piece that it can't be written to."""
    attributes = getattr(array, "__dict__", None) or {}
    is_fixed = not array.flags.writeable and (array.dtype.hasobject or not array.flags.forc)
    if not attributes and not is_fixed:
        return None
    make, args, state = array.__reduce__()
    return make, args, (state, attributes), None, None, _set_array if array.flags.writeable else _set_fixed_array


def _mapped(array: Any) -> None:
    """What is written to one is in its file; a copy, which has none, is as any other array."""
    if getattr(array, "_mmap", None) is not None:
        raise TypeError("a memmap is a look at a file: give its name, or numpy.array(…) of it")


def _set_array(array: Any, state: tuple[Any, dict[str, Any]]) -> None:
    array.__setstate__(state[0])
    if state[1]:
        _set_attributes(array, state[1])


def _set_fixed_array(array: Any, state: tuple[Any, dict[str, Any]]) -> None:
    _set_array(array, state)
    array.flags.writeable = False


def _numpy_text(text: Any) -> Reduced:
    """numpy's own pickle forgets the zeros at its end."""
    return type(text), (bytes(text) if isinstance(text, bytes) else str.__str__(text),)


def _masked_array(array: Any) -> Reduced:
    """numpy's own pickle forgets a hard mask, and makes a mask of all where there is none."""
    numpy = sys.modules["numpy"]
    mask = None if array.mask is numpy.ma.nomask else numpy.asarray(array.mask)
    attributes = {name: value for name, value in vars(array).items() if name not in _OF_MASKS}
    made = (numpy.asarray(array.data), mask, array._fill_value, bool(array.hardmask))
    return _masked, made, attributes, None, None, _set_attributes


_OF_MASKS = ("_mask", "_fill_value", "_hardmask", "_sharedmask", "_isfield", "_baseclass")
"""Attributes that follow from what a masked array is made of."""


def _masked(data: Any, mask: Any, fill_value: Any, hard: bool) -> Any:
    import numpy

    made: Any = numpy.ma.MaskedArray(data, mask=numpy.ma.nomask if mask is None else mask, hard_mask=hard)
    made._fill_value = fill_value
    return made
