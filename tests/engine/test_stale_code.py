"""Code that is edited while worker processes live: bodies run what the kernel would run."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stratix_tasks import Engine, flow, task
from stratix_tasks.core.fingerprint import fingerprint

LONG = 60.0
CODE = """
import os
from stratix_tasks import task

@task(runner="process")
def by_name():
    return helper(), os.getpid()

def helper():
    return {number}
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], None]]:
    """Writes a module; it can be imported. Modules of equal size that are written in the same second differ, too."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(name: str, number: int) -> None:
        (tmp_path / f"{name}.py").write_text(CODE.format(number=number))
        os.utime(tmp_path / f"{name}.py", ns=(number, number))
        importlib.invalidate_caches()

    yield write
    for name in ("edited_one", "edited_two"):
        sys.modules.pop(name, None)


def again(module: ModuleType) -> ModuleType:
    del sys.modules[module.__name__]
    return importlib.import_module(module.__name__)


@pytest.mark.parametrize("load", [importlib.reload, again])
def test_a_worker_that_imported_what_was_reloaded_is_not_used_again(
    engine: Engine, write: Callable[[str, int], None], load: Callable[[ModuleType], ModuleType]
) -> None:
    """For functions that go by name and for those of a notebook that use the module; others keep their worker."""
    write("edited_one", 1)
    write("edited_two", 1)
    one, two = importlib.import_module("edited_one"), importlib.import_module("edited_two")

    def uses() -> Any:
        return one.helper(), os.getpid()

    def run(module: ModuleType) -> Any:
        @flow
        def three() -> Any:
            first = module.by_name()
            second = task(uses, name="uses", runner="process").options(after=[first])()
            return first, second

        uses.__module__ = "__main__"
        return engine.start(three).result(LONG)

    (first, pid), (second, same) = run(one)
    assert (first, second, same) == (1, 1, pid)
    assert run(one) == ((1, pid), (1, pid))
    write("edited_one", 2)
    one = load(one)
    (first, other), (second, same) = run(one)
    assert (first, second, same) == (2, 2, other)
    assert other != pid
    two = load(two)
    assert run(one) == ((2, other), (2, other))


def test_a_module_that_only_bodies_import_is_looked_at_where_it_lies(
    engine: Engine, write: Callable[[str, int], None]
) -> None:
    """The kernel does not know it, so nobody reloads it there."""

    @task(runner="process")
    def imports() -> int:
        import edited_two  # type: ignore[import-not-found]

        return int(edited_two.helper())

    imports.fn.__module__ = "__main__"

    @flow
    def alone() -> Any:
        return imports()

    for number in (1, 2):
        write("edited_two", number)
        assert engine.start(alone).result(LONG) == number
    assert "edited_two" not in sys.modules


NOTEBOOK = """
factor = 1

def scaled(x):
    return x * factor

class Scale:
    def of(self, x):
        return scaled(x) + getattr(self, "more", 0)

@task(runner="process")
def scales(x):
    return Scale().of(x), scaled(x), os.getpid()

@flow
def scaling():
    return scales(10)
"""


def test_methods_of_the_notebooks_classes_use_what_is_there_now(engine: Engine) -> None:
    """A class that was not defined anew, of which a helper or a number was, does in a worker what it does in the kernel."""
    notebook: dict[str, Any] = {"__name__": "__main__", "task": task, "flow": flow, "os": os}
    exec(NOTEBOOK, notebook)
    first, plain, pid = engine.start(notebook["scaling"]).result(LONG)
    assert (first, plain) == (10, 10)
    for change, expected in (
        ("factor = 2", 20),
        ("def scaled(x): return x + factor", 12),
        ("Scale.more = 5", 17),
        ("del Scale.more", 12),
        ("Scale.of = lambda self, x: scaled(-x)", -8),
    ):
        exec(change, notebook)
        assert engine.start(notebook["scaling"]).result(LONG) == (expected, notebook["scaled"](10), pid)


@pytest.mark.parametrize("what", ["folder", "environment", "path"])
def test_a_worker_that_began_elsewhere_is_not_used_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The folder, the environment and the path of modules that a cell sets are those of the bodies after it."""

    @task(runner="process")
    def sees() -> Any:
        return os.getcwd(), os.environ.get("STRATIX_SEEN"), sys.path[0], os.getpid()

    @flow
    def looks() -> Any:
        return sees()

    sees.fn.__module__ = "__main__"
    *before, pid = engine.start(looks).result(LONG)
    assert engine.start(looks).result(LONG) == (*before, pid)
    if what == "folder":
        monkeypatch.chdir(tmp_path)
    elif what == "environment":
        monkeypatch.setenv("STRATIX_SEEN", "yes")
    else:
        monkeypatch.syspath_prepend(str(tmp_path))
    *after, other = engine.start(looks).result(LONG)
    assert after == [os.getcwd(), os.environ.get("STRATIX_SEEN"), sys.path[0]] != before
    assert other != pid


def test_the_fingerprint_tells_of_helpers_in_other_modules(write: Callable[[str, int], None]) -> None:
    """Of those that a function names through their module, or imported; what is installed counts by its name."""
    write("edited_one", 1)
    one = importlib.import_module("edited_one")
    space: dict[str, Any] = {"one": one, "helper": one.helper, "json": __import__("json"), "__name__": "notebook"}
    exec("def through(): return one.helper()\ndef named(): return helper()\ndef other(): return json.dumps(1)", space)
    functions = [space[name] for name in ("through", "named", "other")]
    before = [fingerprint(function) for function in functions]
    assert [fingerprint(function) for function in functions] == before
    write("edited_one", 2)
    space["helper"] = importlib.reload(one).helper
    after = [fingerprint(function) for function in functions]
    assert [was != now for was, now in zip(before, after, strict=True)] == [True, True, False]


CLASSES = """
class Base:
    def inherited(self): return 1

class Rates(Base):
    used = 0
    def of(self, x): return x
    @property
    def first(self): return 1
    @staticmethod
    def alone(): return 1
    @classmethod
    def whole(cls): return 1

rates = Rates()

def by_class(x): return Rates().of(x)
def by_object(x): return rates.of(x)
def other(x): return x
"""


@pytest.mark.parametrize(
    "change",
    [
        "Rates.of = lambda self, x: x + 1",
        "Rates.first = property(lambda self: 2)",
        "Rates.alone = staticmethod(lambda: 2)",
        "Rates.whole = classmethod(lambda cls: 2)",
        "Base.inherited = lambda self: 2",
    ],
)
def test_the_fingerprint_tells_of_methods(change: str) -> None:
    """Of classes that a function names, or an object of which it names; not of what a body may change of them."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(CLASSES, space)
    functions = [space[name] for name in ("by_class", "by_object", "other")]
    before = [fingerprint(function) for function in functions]
    space["Rates"].used += 1
    assert [fingerprint(function) for function in functions] == before
    exec(change, space)
    after = [fingerprint(function) for function in functions]
    assert [was != now for was, now in zip(before, after, strict=True)] == [True, True, False]


DATA = """
import datetime, decimal, enum, pathlib
class Mode(enum.Enum):
    FAST = 1
    SLOW = 2
RATES = {"a": 1, "nested": {"b": [2]}}
WORDS = {"x", "y", "z"}
DAY, PRICE, PLACE, MODE = datetime.date(2024, 1, 1), decimal.Decimal("0.1"), pathlib.Path("a"), Mode.FAST
SEEN, ROWS, COUNTS = {}, [], {"a": {"b": 1}}
total = 1

def reads(row):
    row.total = RATES["a"], WORDS, DAY, PRICE, PLACE, MODE
    return row
def caches(x):
    if x not in SEEN:
        SEEN[x] = x
    ROWS.append(x)
    COUNTS["a"]["b"] += 1
    return SEEN[x], total
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("RATES['nested']['b'][0] = 3", (True, False)),
        ("RATES = {'nested': {'b': [2]}, 'a': 2}", (True, False)),
        ("WORDS = {'x', 'y'}", (True, False)),
        ("DAY = datetime.date(2024, 1, 2)", (True, False)),
        ("PRICE = decimal.Decimal('0.10')", (True, False)),
        ("PLACE = pathlib.Path('b')", (True, False)),
        ("MODE = Mode.SLOW", (True, False)),
        ("total = 2", (False, True)),
        ("WORDS = {'z', 'y', 'x'}", (False, False)),
        ("caches(1), caches(2)", (False, False)),
    ],
)
def test_the_fingerprint_tells_of_plain_data_that_a_function_names(change: str, told: tuple[bool, bool]) -> None:
    """Among globals, whatever it is called; not of what the function itself writes into, nor of a global with the name of an attribute."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(DATA, space)
    functions = [space["reads"], space["caches"]]
    before = [fingerprint(function) for function in functions]
    assert [fingerprint(function) for function in functions] == before
    exec(change, space)
    after = [fingerprint(function) for function in functions]
    assert tuple(was != now for was, now in zip(before, after, strict=True)) == told


def test_what_python_itself_holds_does_not_change_a_functions_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments of the process, paths, limits and the environment are others after a crash: the code is the same."""

    def asks() -> Any:
        return sys.argv, sys.path, sys.getrecursionlimit(), os.environ, os.sep

    before = fingerprint(asks)
    monkeypatch.setattr(sys, "argv", ["another", "start"])
    monkeypatch.syspath_prepend("elsewhere")
    monkeypatch.setenv("STRATIX_PHASE", "2")
    assert fingerprint(asks) == before
