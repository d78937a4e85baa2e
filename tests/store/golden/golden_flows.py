"""The flows whose runs are in the golden stores. Recorded runs name these functions: they stay, under these names.

Bodies that wait do so for a file in the folder GOLDEN_GATE; what they have begun is a file there too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pyarrow

from stratix_tasks import approval, cancel, current, each, finish, flow, signal, sleep, task, when

WAIT = 30.0


def mark(name: str) -> None:
    (Path(os.environ["GOLDEN_GATE"]) / name).touch()


def wait_for(name: str) -> None:
    """Until a file is there; an error after half a minute."""
    gate, pause = Path(os.environ["GOLDEN_GATE"]) / name, threading.Event()
    for _ in range(int(WAIT / 0.005)):
        if gate.exists():
            return
        pause.wait(0.005)
    raise TimeoutError(f"no {name} in {gate.parent}")


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
async def square(x: int) -> int:
    print("squared", x)
    return x * x


@task
def doubled(x: int) -> int:
    return 2 * x


@task(retry={"max": 2, "delay": 0.001, "jitter": "none"})
def flaky(x: int) -> str:
    current().metric("try", current().attempt)
    if current().attempt < 2:
        raise OSError("the first time never works")
    return f"flaky {x}"


@task
def text() -> str:
    """Recorded as a frame of JSON."""
    return "Zürich – 東京 " * 60


@task
def long_text() -> str:
    """Recorded as an object."""
    return "0123456789abcdef" * 2_100


@task
def array() -> Any:
    current().artifact("half", numpy.arange(6) / 2)
    return numpy.arange(200, dtype="int16").reshape(20, 10)


@task
def table() -> Any:
    return pyarrow.table({"x": [1, 2, None], "name": ["a", "b", "c"]})


@task
def mixed() -> dict[str, Any]:
    """What JSON has no word for, in a fact."""
    return {"pair": (1, 2.5), "set": {3}, "raw": b"\x00\xff", "none": None}


@task
def never() -> int:
    raise AssertionError("its condition is false")


@task
def always() -> int:
    return 1


@flow
def inner(n: int = 2) -> int:
    return doubled(doubled(n))


@flow
def kinds(n: int = 4) -> Any:
    some = numbers(n)
    squares = square.options(key="s{x}", max=2).map(each(some))
    with when(some.summary["length"] > 100):
        never()
    with when(some.summary["length"] > 2):
        always()
    return {
        "squares": squares,
        "doubled": doubled.map(each(squares)),
        "inner": inner(5),
        "flaky": flaky(1),
        "text": text(),
        "long": long_text(),
        "array": array(),
        "table": table(),
        "mixed": mixed(),
    }


@task(retry={"max": 1, "delay": 0.001, "jitter": "none"})
def broken(x: int) -> int:
    raise ValueError(f"no {x} here")


@task
def after(x: int) -> int:
    return x + 1


@flow
def failing() -> Any:
    return [after(broken(1)), doubled(2)]


@flow
def given() -> Any:
    """Its broken node is skipped with a value."""
    return after(broken.options(retry=0)(2))


@flow
def part(x: int) -> int:
    return after(broken.options(retry=0)(x))


@flow
def reopened() -> Any:
    """Its sub-flow fails, and goes on once its broken node is given a value."""
    return part(3)


@task
def gated(x: int) -> int:
    mark(f"gated-{x}")
    wait_for(f"go-{x}")
    return x


@flow
def halted() -> Any:
    """Paused and resumed, as a whole and one node of it."""
    return after(gated(1))


@flow
def ended() -> Any:
    """Cancelled while its body waits."""
    return after(gated(2))


@flow
def claimed() -> Any:
    """Its owner dies while a body waits; another engine goes on."""
    parts = square.map(each(numbers(5)))
    return [parts, text(), after(gated(3))]


@flow
def left() -> Any:
    """Its owner dies while a body waits; nobody has gone on so far."""
    return [doubled.map(each(square.map(each(numbers(5))))), text(), after(gated(4))]


@flow
def turned() -> Any:
    """Its journal goes on in a second file."""
    return flaky.map(each(numbers(12)))


@flow
def revised() -> Any:
    """A breakpoint, another argument, a rollback; and a fork of it."""
    return after(gated(5))


class Walked:
    """What it goes over is recorded, for it is no container of Python's."""

    def __iter__(self) -> Iterator[int]:
        return iter([3, 1, 2])


@task
def walks() -> Walked:
    return Walked()


@flow
def walked() -> Any:
    return square.map(each(walks()))


@task
def halved(n: int) -> int:
    if n > 1:
        current().spawn(n // 2)
    return n


@flow
def grown() -> Any:
    """Its items spawn others."""
    return halved.options(key="n{n}").map(each([8, 3]))


@flow
def waited() -> Any:
    """It was approved, sent a value before it waited for it, and slept."""
    ok = approval.options(name="ask")("Go on?", timeout="1h")
    return [ok["by"], signal.options(after=[ok])("go"), sleep.options(after=[ok])("1ms")]


@flow
def stepped() -> Any:
    """Finished while it waits for what never comes; a part of it is cancelled by a step."""
    off = signal.options(name="off")("off")
    cancel(off)
    finish.options(after=[always()])({"early": 1})
    return signal.options(name="late")("late")


@flow(pools={"one": 1})
def pooled(limit: str = "1m") -> Any:
    """A flow in it takes a place as a whole, and a limit comes with the run."""
    return doubled.options(timeout=limit)(inner.options(pool="one")(3))


@task
def either(a: Any = None, b: Any = None) -> list[Any]:
    return [a, b]


@flow
def raced() -> Any:
    """Made from what came first, of items and of nodes; what nobody waits for any more is cancelled."""
    first = square.options(gather="first_success").map(each([3]))
    return either.options(join="any")(first, signal.options(name="never")("never"))
