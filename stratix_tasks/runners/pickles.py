"""Pickles: what has no simpler form, kept so that it comes back as it was, here and in another process, or refused by name.

On top of cloudpickle: a class of `__main__` goes by its name with its definition beside it, so that it comes back as the
class that a notebook defines today; what is used up or closed by whoever reads it is refused; attributes that the pickles
of built-in types forget are kept. Imported when there is something to pickle.
"""

from __future__ import annotations

import pickle
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from io import BytesIO, IOBase, StringIO
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary, finalize

import cloudpickle

PROTOCOL = 5
MAIN = "__main__"
FORGETFUL = (datetime, date, time, timedelta, Decimal, Fraction, PurePath, defaultdict, Counter)
"""Types whose pickles leave out the attributes of their subclasses."""
BY_ID: WeakValueDictionary[str, type] = WeakValueDictionary()
"""Classes of `__main__` that this process has sent or received, by a mark of their own."""
_IDS: WeakKeyDictionary[type, str] = WeakKeyDictionary()
_DEFINITIONS: WeakKeyDictionary[type, bytes] = WeakKeyDictionary()
TODAY: dict[str, type] = {}
"""In a worker process: the classes of the notebook, as it defines them now."""
Reduced = tuple[Any, ...]


class Unstorable(TypeError):
    """A value can't come back as it was; says what stands in the way."""


def dumps(value: Any) -> bytes:
    """To be recorded. Whatever pickling raises; Unstorable."""
    return _dumped(_ToStore, value)


def message(value: Any) -> bytes:
    """To a worker process: it learns the classes of the notebook as they are now. Whatever pickling raises."""
    return _dumped(_ToWorker, value)


def checked(value: Any) -> bytes:
    """To be recorded, and read once, as another process would. Whatever pickling and reading raise; Unstorable."""
    data = dumps(value)
    try:
        again = pickle.loads(data)
    except Exception as error:
        raise Unstorable(f"it can be written, but not read again: {type(error).__name__}: {said(error)}") from error
    if type(again) is not type(value):
        raise Unstorable(f"it would come back as a {type(again).__name__}")
    return data


def own(value: Any) -> Any:
    """A copy, so that who changes it does not change the other: what would come back in this process; the value itself where
    that can't be had. Functions, modules and classes are the same ones.
    """
    shared: list[Any] = []
    file = BytesIO()
    try:
        _ToOther(file, shared).dump(value)
        file.seek(0)
        made = _FromOther(file, shared).load()
    except Exception:
        return value
    return made if type(made) is type(value) else value


def said(error: Exception) -> str:
    """The text of an error, whatever its class makes of it."""
    try:
        return str(error)
    except Exception:
        return "its text can't be made"


def _dumped(pickler: type[_ToWorker], value: Any) -> bytes:
    file = BytesIO()
    pickler(file, protocol=PROTOCOL).dump(value)
    return file.getvalue()


class _ToWorker(cloudpickle.Pickler):  # type: ignore[misc]
    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if not issubclass(kind, type):
            how = _known_of(kind)[1]
            reduced = None if how is None else how(obj)
            return super().reducer_override(obj) if reduced is None else reduced
        return self.found_by(obj) if _is_of_main(obj) else super().reducer_override(obj)

    def found_by(self, kind: type) -> Reduced:
        """How a class of `__main__` is found again."""
        return _defined, (kind.__qualname__, _id(kind), cloudpickle.dumps(kind, protocol=PROTOCOL))


class _ToStore(_ToWorker):
    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        why = _why_unknown(obj) if issubclass(kind, type) else _known_of(kind)[0]
        if why:
            raise Unstorable(why)
        return super().reducer_override(obj)

    def found_by(self, kind: type) -> Reduced:
        return _named, (kind.__qualname__, _id(kind), _definition(kind))


class _ToOther(_ToStore):
    """To another value of this process. What is shared with it is listed, and goes by its place."""

    def __init__(self, file: BytesIO, shared: list[Any]) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._shared = shared

    def persistent_id(self, obj: Any) -> int | None:
        if (
            not issubclass(type(obj), _SHARED) and type(obj) is not object
        ):  # a bare object says nothing but that it is this one
            return None
        self._shared.append(obj)
        return len(self._shared) - 1


class _FromOther(pickle.Unpickler):
    def __init__(self, file: BytesIO, shared: list[Any]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, place: int) -> Any:
        return self._shared[place]


_SHARED = (type, FunctionType, BuiltinFunctionType, ModuleType)


# ---------------------------------------------------------------------- classes


def _is_of_main(kind: type) -> bool:
    return kind.__module__ == MAIN and "<locals>" not in kind.__qualname__


def _id(kind: type) -> str:
    found = _IDS.get(kind)
    if found is None:
        found = _IDS[kind] = uuid4().hex
        BY_ID[found] = kind
    return found


def _definition(kind: type) -> bytes:
    """The class itself; nothing where it can only be found by its name."""
    found = _DEFINITIONS.get(kind)
    if found is None:
        try:
            found = cloudpickle.dumps(kind, protocol=PROTOCOL)
        except Exception:
            found = b""
        _DEFINITIONS[kind] = found
    return found


def _named(qualname: str, mark: str, definition: bytes) -> type:
    """The very class where this process has it; else the one that the notebook defines today; else as it was."""
    found = BY_ID.get(mark) or _today(qualname)
    if found is not None:
        return found
    if not definition:
        raise LookupError(f"the class '{qualname}' is not defined here: run the cell that defines it")
    return _known(mark, qualname, definition)


def _defined(qualname: str, mark: str, definition: bytes) -> type:
    """In a worker process: this is the notebook's class of that name from now on."""
    found = BY_ID.get(mark)
    if found is None:
        found = _known(mark, qualname, definition)
    TODAY[qualname] = found
    return found


def _known(mark: str, qualname: str, definition: bytes) -> type:
    kind: type = pickle.loads(definition)
    kind.__qualname__ = qualname  # cloudpickle forgets in which class one stands
    BY_ID[mark] = kind
    _IDS.setdefault(kind, mark)
    return kind


def _today(qualname: str) -> type | None:
    found: Any = sys.modules.get(MAIN)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) else TODAY.get(qualname)


def _why_unknown(kind: type) -> str:
    """A module that was made here, not imported, is not there in another process."""
    module = getattr(kind, "__module__", None)
    if type(module) is not str or module not in sys.modules or _is_found(module.partition(".")[0]):
        return ""
    return f"its class '{kind.__qualname__}' is of the module '{module}', which another process can't import"


@lru_cache(1024)
def _is_found(top: str) -> bool:
    if top == MAIN or top in sys.builtin_module_names:
        return True
    return any(finder.find_spec(top, None) is not None for finder in sys.meta_path if hasattr(finder, "find_spec"))


# ---------------------------------------------------------------------- objects

_KINDS: WeakKeyDictionary[type, tuple[str, Callable[[Any], Reduced | None] | None]] = WeakKeyDictionary()


def _known_of(kind: type) -> tuple[str, Callable[[Any], Reduced | None] | None]:
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
        return _array if kind.__reduce__ is numpy.ndarray.__reduce__ and not issubclass(kind, numpy.memmap) else None
    if numpy is not None and kind in (numpy.str_, numpy.bytes_):
        return _numpy_text
    if issubclass(kind, BaseException):
        return _exception
    base = next((one for one in kind.__mro__ if one in FORGETFUL), kind)
    inherits = kind.__reduce__ is base.__reduce__ and kind.__reduce_ex__ is base.__reduce_ex__
    return _with_attributes if base is not kind and inherits else None


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


def _set_attributes(obj: Any, attributes: dict[str, Any]) -> None:
    obj.__dict__.update(attributes)


def _with_attributes(obj: Any) -> Reduced | None:
    reduced, attributes = obj.__reduce_ex__(PROTOCOL), getattr(obj, "__dict__", None)
    if not attributes or type(reduced) is not tuple or (len(reduced) > 2 and reduced[2] is not None):
        return None
    return (*reduced[:2], attributes, *reduced[3:])


def _array(array: Any) -> Reduced | None:
    attributes = getattr(array, "__dict__", None)
    if not attributes:
        return None
    make, args, state = array.__reduce__()
    return make, args, (state, attributes), None, None, _set_array


def _set_array(array: Any, state: tuple[Any, dict[str, Any]]) -> None:
    array.__setstate__(state[0])
    _set_attributes(array, state[1])


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
