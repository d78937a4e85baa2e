"""Pickles: what has no simpler form, kept so that it comes back as it was, here and in another process, or refused by name.

On top of cloudpickle: a class of `__main__` goes by its name with its definition beside it, so that it comes back as the
class that a notebook defines today; what is used up or closed by whoever reads it is refused; attributes that the pickles
of built-in types forget are kept. Imported when there is something to pickle.
"""

from __future__ import annotations

import linecache
import sys
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from io import BytesIO
from operator import getitem
from os.path import exists
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import cloudpickle

from stratix_tasks.runners import native
from stratix_tasks.runners.defined import MAIN, came, is_unbound, own_place, place_of, today
from stratix_tasks.runners.reducing import PROTOCOL, Reduced, known_of

BY_ID: WeakValueDictionary[str, type] = WeakValueDictionary()
"""Classes that are defined here, or in the kernel whose worker this is, by a mark of their own."""
_AS_THEY_WERE: WeakValueDictionary[str, type] = WeakValueDictionary()
"""Classes that nobody defines here, made of what was recorded."""
_IDS: WeakKeyDictionary[type, str] = WeakKeyDictionary()
_DEFINITIONS: WeakKeyDictionary[type, bytes] = WeakKeyDictionary()
TODAY: dict[str, type] = {}
"""In a worker process: the classes of its kernel, as that defines them now, by their places."""


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
        again = native.loads(data)
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


def _dumped(pickler: type[_Whole], value: Any) -> bytes:
    file = BytesIO()
    pickler(file, protocol=PROTOCOL).dump(value)
    return file.getvalue()


class _Whole(cloudpickle.Pickler):  # type: ignore[misc]
    """Of classes of `__main__` their definitions."""

    def reducer_override(self, obj: Any) -> Any:
        how = _parametrised if issubclass(type(obj), type) else known_of(type(obj))[1]
        reduced = None if how is None else how(obj)
        return super().reducer_override(obj) if reduced is None else reduced


class _WithSource(_Whole):
    """Code keeps the name of its file, which cloudpickle forgets, and where that is the cell of a notebook its text."""

    with_text = True

    def __init__(self, file: BytesIO, protocol: int = PROTOCOL) -> None:
        super().__init__(file, protocol=protocol)
        self._sources: dict[str, str] = {}

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is not CodeType:
            return super().reducer_override(obj)
        file = obj.co_filename
        if file not in self._sources:
            told = self.with_text and not exists(file)  # noqa: PTH110 - whatever text the name is
            self._sources[file] = "".join(linecache.getlines(file)) if told else ""
        return _code, (*self.dispatch_table[CodeType](obj), file, self._sources[file])


def _code(make: Any, args: tuple[Any, ...], file: str, source: str) -> CodeType:
    if source:
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    made: CodeType = make(*args).replace(co_filename=file)
    return made


class _ToWorker(_WithSource):
    def reducer_override(self, obj: Any) -> Any:
        how = _how_found(obj) if issubclass(type(obj), type) else ""
        if how == _BY_IMPORT:
            return _imported, (place_of(obj),)
        return self.found_by(obj) if how else super().reducer_override(obj)

    def found_by(self, kind: type) -> Reduced:
        """How a class of the notebook, or one that a function makes, is found again."""
        names = tuple(vars(kind))
        return _defined, (kind.__qualname__, _id(kind), _dumped(_WithSource, kind), names, place_of(kind))


class _ToStore(_ToWorker):
    with_text = False

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        why = _why_unknown(obj) if issubclass(kind, type) else known_of(kind)[0]
        if why:
            raise Unstorable(why)
        return super().reducer_override(obj)

    def found_by(self, kind: type) -> Reduced:
        return _named, (kind.__qualname__, _id(kind), _definition(kind), place_of(kind))


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


class _FromOther(native.Unpickler):
    def __init__(self, file: BytesIO, shared: list[Any]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, place: int) -> Any:
        return self._shared[place]


_SHARED = (type, FunctionType, BuiltinFunctionType, ModuleType)


# ---------------------------------------------------------------------- classes


_BY_IMPORT, _BY_DEFINITION = "import", "definition"


def _how_found(kind: type) -> str:
    """How others find a class which its own name does not lead to; nothing where that does, or where nobody can."""
    if _parametrised(kind) is not None:
        return ""
    place = place_of(kind)
    if kind.__module__ == MAIN or is_unbound(place):
        return _BY_DEFINITION
    return _BY_IMPORT if place != own_place(kind) else ""


def _imported(place: str) -> type:
    """A class that its module binds to another name than its own."""
    import_module(place.partition(":")[0])
    kind = today(place)
    if kind is None:
        raise LookupError(f"the class '{place}' is not there any more")
    return kind


def _parametrised(kind: type) -> Reduced | None:
    """A generic model of pydantic for certain types: another process has it by asking for the same."""
    told = vars(kind).get("__pydantic_generic_metadata__") or {}
    return (getitem, (told["origin"], told["args"])) if told.get("origin") else None


def _id(kind: type) -> str:
    found = _IDS.get(kind)
    if found is None:
        found = _IDS[kind] = native.urandom(16).hex()
        BY_ID[found] = kind
    return found


def _definition(kind: type) -> bytes:
    """The class itself; nothing where it can only be found by its name."""
    found = _DEFINITIONS.get(kind)
    if found is None:
        try:
            found = _dumped(_Whole, kind)
        except Exception:
            found = b""
        _DEFINITIONS[kind] = found
    return found


def _named(qualname: str, mark: str, definition: bytes, place: str = "") -> type:
    """The very class where this process has it; else the one that is defined today; else as it was."""
    known = BY_ID.get(mark) or _today(place or f"{MAIN}:{qualname}") or _AS_THEY_WERE.get(mark)
    if known is not None:
        return known
    if not definition:
        raise LookupError(f"the class '{qualname}' is not defined here: run the cell that defines it")
    kind = _AS_THEY_WERE[mark] = _known(mark, qualname, definition)
    return kind


def _defined(qualname: str, mark: str, definition: bytes, names: tuple[str, ...], place: str) -> type:
    """In a worker process: this is the class of that place from now on. It stays the same class, and is as its kernel has it
    now: what its methods use may be another since.
    """
    kind = BY_ID.get(mark)
    if kind is None or _DEFINITIONS.get(kind) != definition:
        kind = BY_ID[mark] = _known(mark, qualname, definition)
        _DEFINITIONS[kind] = definition
        came(kind, place)
        for gone in vars(kind).keys() - names:
            if not gone.startswith("__"):
                with suppress(AttributeError):
                    delattr(kind, gone)
    TODAY[place] = kind
    return kind


def _known(mark: str, qualname: str, definition: bytes) -> type:
    kind: type = native.loads(definition)
    kind.__qualname__ = qualname  # cloudpickle forgets in which class one stands
    _IDS.setdefault(kind, mark)
    return kind


def _today(place: str) -> type | None:
    return today(place) or TODAY.get(place)


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
