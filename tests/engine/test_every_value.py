"""A value is the same for the next body, wherever that gets it from; or it is refused by name, at once."""

from __future__ import annotations

import asyncio
import collections
import enum
import io
import itertools
import json
import os
import pickle
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from every_value import Asked, difference, values

from stratix_tasks import Engine, InputError, StoreError, StratixError, TaskFailed, approval, each, flow, task
from stratix_tasks.engine.reading import Reader
from stratix_tasks.engine.resolving import Scope, resolve
from stratix_tasks.runs.recorded import recorded
from stratix_tasks.store.objects import ObjectStore

LONG = 60.0
HERE = Path(__file__).parent
VALUES = values()


@task(runner="process")
def makes(name: str) -> Any:
    return values_here()[name]


@task(runner="process")
def compares_there(name: str, got: Any) -> str:
    return difference(values_here()[name], got)


@task
def compares(name: str, got: Any) -> str:
    return difference(VALUES[name], got)


@task(runner="inline")
def compares_inline(name: str, got: Any) -> str:
    return difference(VALUES[name], got)


def values_here() -> dict[str, Any]:
    """Made once a process; there they are other objects."""
    return VALUES


def told(answers: list[str]) -> dict[str, str]:
    return {name: why for name, why in zip(VALUES, answers, strict=True) if why}


def test_there_are_many_values() -> None:
    """As many as there are kinds; each is found to be like itself, made anew."""
    assert len(VALUES) > 400
    again = values()
    assert told([difference(VALUES[name], again[name]) for name in VALUES]) == {}


def test_another_process_reads_from_the_store_what_was_recorded(tmp_path: Path) -> None:
    """With another order of sets, after a crash or in another kernel: no value has changed."""
    objects = ObjectStore(tmp_path)
    encoded = {name: objects.encode(value) for name, value in VALUES.items()}
    kept = {name: (one.codec, one.payload, one.frame) for name, one in encoded.items()}
    (tmp_path / "recorded").write_bytes(pickle.dumps(kept))
    path = os.pathsep.join([str(HERE), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "reads_values.py"), str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=True,
    )
    assert json.loads(done.stdout) == {}


def test_values_go_to_a_worker_process_and_come_from_one(engine: Engine) -> None:
    """Made there, and compared there and here, as items of maps."""
    names = list(VALUES)

    @flow
    def both() -> Any:
        made = makes.map(each(names))
        return [compares.map(each(names), each(made)), compares_there.map(each(names), each(made))]

    here, there = engine.start(both).result(LONG)
    assert (told(here), told(there)) == ({}, {})


def test_inputs_and_literals_are_the_values_that_were_given(engine: Engine) -> None:
    """In the bodies, and as the run's record has them."""
    names = [f"v{place}" for place in range(len(VALUES))]

    @flow
    def of_literals() -> Any:
        return [compares_inline(name, value) for name, value in VALUES.items()]

    def compared(*given: Any) -> Any:
        return [compares_inline(name, one) for name, one in zip(VALUES, given, strict=True)]

    scope = {"compared": compared}
    exec(f"def of_inputs({', '.join(names)}): return compared({', '.join(names)})", scope)
    literal = engine.start(of_literals)
    given = engine.start(flow(scope["of_inputs"]), dict(zip(names, VALUES.values(), strict=True)))
    assert (told(literal.result(LONG)), told(given.result(LONG))) == ({}, {})
    kept = [node.args["got"] for node in recorded(engine, literal.id).graph.nodes]
    kept = [resolve(one, Scope({}, {}, lambda _: None), Reader()) for one in kept]
    assert told([difference(value, one) for value, one in zip(VALUES.values(), kept, strict=True)]) == {}
    inputs = recorded(engine, given.id).inputs
    assert told([difference(value, inputs[name]) for name, value in zip(names, VALUES.values(), strict=True)]) == {}


DEFINES = """
import collections, dataclasses, enum
from stratix_tasks import task
class Colour(enum.Enum):
    RED = 1
@dataclasses.dataclass
class Point:
    x: int
class Around:
    class Inner: pass
Short = collections.namedtuple("Longer", "a")
def makes():
    class Made: pass
    class Kind(enum.Enum):
        ONE = 1
    @task
    def takes(): return isinstance(made, Made), kind is Kind.ONE
    return takes
takes = makes()
given = dict(zip(takes.fn.__code__.co_freevars, [cell.cell_contents for cell in takes.fn.__closure__]))
"""
NOTEBOOK = """
import pickle, sys
from pathlib import Path
from stratix_tasks.store.objects import ObjectStore
{defines}
folder = Path(sys.argv[1])
objects, file = ObjectStore(folder), folder / "kept"
if not file.exists():
    one = objects.encode([Point(1), Colour.RED, Around.Inner, Short(1), given["Made"](), given["Kind"].ONE])
    file.write_bytes(pickle.dumps((one.codec, one.payload, one.frame)))
point, colour, inner, short, made, kind = objects.decode(*pickle.loads(file.read_bytes()))
{asks}
"""
ASKS = "print([isinstance(point, Point), point == Point(1), colour is Colour.RED, inner is Around.Inner, isinstance(short, Short), *takes()])"
RECORDED = """
from stratix_tasks.runners.pickles import message
there = pickle.loads(message([Point, Colour.RED]))
print([there[0] is Point, there[1] is Colour.RED])
"""


def test_a_class_of_a_notebook_comes_back_as_what_it_is_today(tmp_path: Path) -> None:
    """In a process that defines it again it is that class; in one that does not, the one that it was."""

    def said(defines: str, asks: str) -> str:
        script = tmp_path / "notebook.py"
        script.write_text(NOTEBOOK.format(defines=defines, asks=asks))
        where = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = [sys.executable, str(script), str(tmp_path)]
        return subprocess.run(done, env=where, capture_output=True, text=True, timeout=LONG, check=True).stdout.strip()

    for _ in range(2):
        assert said(DEFINES, ASKS) == str([True] * 7)
    assert said(DEFINES, RECORDED) == "[True, True]"
    late = f"del point, made\n{DEFINES}\npoint, *_, made, kind = objects.decode(*pickle.loads(file.read_bytes()))\n"
    assert said("", late + "print([isinstance(point, Point), *takes()])") == "[True, True, True]"
    asks = "print(point, colour, type(point).__module__, inner.__qualname__)"
    assert said("", asks) == "Point(x=1) Colour.RED __main__ Around.Inner"


def test_a_class_that_a_function_makes_is_the_same_in_workers(engine: Engine) -> None:
    """As are members of an Enum, also of those that go through one process to another."""

    class Row:
        def again(self) -> Row:
            return Row()

    class Mode(enum.Enum):
        FAST = 1

    @task(runner="process")
    def makes_local() -> Any:
        return [Row(), Mode.FAST]

    def are_same(got: Any) -> list[bool]:
        return [type(got[0]) is Row, type(got[0].again()) is Row, got[1] is Mode.FAST]

    @flow
    def local() -> Any:
        made = makes_local()
        return [task(runner="process", name="there")(are_same)(made), task(name="here")(are_same)(made)]

    assert engine.start(local).result(LONG) == [[True] * 3] * 2


class Once(Iterator[int]):
    def __next__(self) -> int:
        raise StopIteration


class Unreadable:
    def __init__(self, a: int) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return Unreadable, ()


class Becomes:
    def __reduce__(self) -> Any:
        return dict, ()


def made_here() -> Any:
    module = types.ModuleType("made_by_a_test")
    exec("class Made: pass", module.__dict__)
    sys.modules["made_by_a_test"] = module
    return module.Made()


def bottomless() -> Any:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


REFUSED = {
    "zip": lambda: zip([1], "a", strict=True), "map": lambda: map(str, [1]), "filter": lambda: filter(None, [1]), "enumerate": lambda: enumerate([1]), "iter": lambda: iter([1]),
    "iter of a dict": lambda: iter({1: 2}), "reversed": lambda: reversed([1]), "count": itertools.count, "chain": lambda: itertools.chain([1]), "tee": lambda: itertools.tee([1])[0],
    "generator": lambda: (n for n in [1]), "of a user": Once, "rows": lambda: pd.DataFrame({"a": [1]}).itertuples(), "file": lambda: Path(__file__).open(), "bytes of a file": lambda: Path(__file__).open("rb"),

    "descriptor": lambda: io.FileIO(__file__), "temporary file": tempfile.TemporaryFile, "temporary folder": tempfile.TemporaryDirectory, "socket": socket.socket, "connection": lambda: sqlite3.connect(":memory:"),
    "lock": threading.Lock, "event": threading.Event, "event of a loop": asyncio.Event, "lock of a loop": asyncio.Lock, "thread": threading.Thread, "memory": lambda: memoryview(b"a"), "memory of a file": lambda: np.memmap(tempfile.TemporaryFile(), shape=3, mode="w+"), "a part of it": lambda: [np.memmap(tempfile.TemporaryFile(), shape=3, mode="w+")[1:]], "memory in a list": lambda: [memoryview(b"a")], "weak": weakref.WeakSet, "frame": sys._getframe,
    "in a list": lambda: [1, {"a": iter([1])}], "in an object": lambda: types.SimpleNamespace(a=zip([1])), "in a frame": lambda: pd.DataFrame({"a": [iter([1])]}), "in an array": lambda: np.array([Path(__file__).open(), 1], dtype=object),
    "not read again": lambda: Unreadable(1), "read as another": Becomes, "of a module that is nowhere": made_here, "without a bottom": bottomless,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_the_same_is_refused_at_once(engine: Engine, name: str) -> None:
    """As a result, an input and a literal: by name, and no run is entered for what it can't be started with."""

    @task
    def returns() -> Any:
        return REFUSED[name]()

    @flow
    def result() -> Any:
        return returns()

    @flow
    def given(value: Any) -> Any:
        return compares(name, value)

    @flow
    def literal() -> Any:
        return compares(name, REFUSED[name]())

    with pytest.raises(TaskFailed) as caught:
        engine.start(result).result(LONG)
    assert caught.value.code == "not-storable"
    before = len(engine.runs())
    with pytest.raises(StoreError, match="input 'value'") as refused:
        engine.start(given, {"value": REFUSED[name]()}, key="k")
    assert refused.value.code == "not-storable"
    with pytest.raises(StratixError, match="compares") as refused_too:
        engine.start(literal, key="k")
    assert refused_too.value.code == "not-storable"
    assert len(engine.runs()) == before
    assert engine.start(given, {"value": 1}, key="k").wait(LONG)  # the key is free


def test_what_json_does_not_hold_is_refused_before_a_run_is_entered(engine: Engine) -> None:
    """A docstring that is no Unicode is named; the key stays free."""

    def odd() -> Any:
        return compares("plain 1 bool", True)

    odd.__doc__ = "a\udc80"
    with pytest.raises(StratixError, match="description"):
        engine.start(flow(odd), key="k")
    odd.__doc__ = "a"
    assert engine.start(flow(odd), key="k")


def test_measures_that_are_not_finite_are_kept(engine: Engine) -> None:
    """JSON has no infinities; the history has."""
    from stratix_tasks import current, history

    @task
    def measures() -> None:
        for name in ("inf", "-inf", "nan", "1.5"):
            current().metric(name, float(name))

    @flow
    def whole() -> Any:
        return measures()

    engine.start(whole).result(LONG)
    found = history(engine.store.path).metrics()
    assert dict(zip(found["name"], map(repr, found["value"]), strict=True)) == {
        n: repr(float(n)) for n in found["name"]
    }
    assert len(found) == 4


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ({"a", "b", "c", "d"}, {"d", "c", "b", "a"}, {"a", "b", "c"}),
        ({"x": 1, "y": {"z": 2}}, {"y": {"z": 2}, "x": 1}, {"x": 1, "y": {"z": 3}}),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 3]})),
        (np.arange(3), np.arange(3), np.arange(3.0)),
        (float("nan"), float("nan"), 1.0),
        (collections.Counter("aab"), collections.Counter("baa"), collections.Counter("ab")),
        (
            types.SimpleNamespace(a={"u", "v", "w"}),
            types.SimpleNamespace(a={"w", "v", "u"}),
            types.SimpleNamespace(a={"u"}),
        ),
        (Asked(a=1), Asked(a=1), Asked(a=2)),
        (1, 1, True),
        (
            collections.OrderedDict(a=1, b=2),
            collections.OrderedDict(a=1, b=2),
            collections.OrderedDict(b=2, a=1),
        ),
    ],
)
def test_a_key_stands_for_what_its_inputs_mean(engine: Engine, first: Any, same: Any, other: Any) -> None:
    """In any order of sets and dicts; compared by what they are, not by `==`."""

    @flow
    def given(value: Any) -> Any:
        return compares("plain 1 bool", True)

    run = engine.start(given, {"value": first}, key="k")
    assert engine.start(given, {"value": same}, key="k").id == run.id
    with pytest.raises(InputError, match="other inputs"):
        engine.start(given, {"value": other}, key="k")


def test_what_stands_in_a_literal_twice_is_one_in_the_body(tmp_path: Path) -> None:
    """As where Python calls it, also beside a reference, as another argument, and in another kernel that goes on with the run."""
    held, alike = np.arange(3), np.arange(3)

    @task
    def are_one(parts: Any, other: Any = None) -> list[bool]:
        first, second, third = list(parts.values() if isinstance(parts, dict) else parts)[:3]
        return [first is second, first is third, first is other]

    @flow
    def knit() -> Any:
        word = approval("go on?")
        beside = [are_one((held, held, alike, word)), are_one({"a": held, "b": held, "c": word}, held)]
        return [are_one([held, held, alike]), *beside]

    engine = Engine(tmp_path / "store")
    engine.start(knit)
    engine.close()
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        again.approve("approval")
        assert again.result(LONG) == [[True, False, False], [True, False, False], [True, False, True]]
