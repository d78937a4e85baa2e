"""The workflow patterns of control flow (www.workflowpatterns.com), by their numbers: each said in Python, and in a document.

docs/patterns.md is the list of all of them, with those that are refused.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gated import LONG

from stratix_tasks import (
    Engine,
    Flow,
    cancel,
    current,
    each,
    finish,
    first_of,
    flow,
    n_of,
    otherwise,
    repeat,
    signal,
    switch,
    task,
    when,
)

PAGE = Path(__file__).parents[2] / "docs" / "patterns.md"
OWNER = Path(__file__).with_name("pattern_owner.py")


FIRST: dict[str, int] = {}
"""By run the thread of its first body, in a process that is to be killed. Of two that come at once one is the first."""


def began() -> None:
    """In a process that is to be killed the first body of each run says so, and goes no further."""
    me, run = threading.get_ident(), current().run_id
    if "PATTERN_OWNER" in os.environ and FIRST.setdefault(run, me) == me:
        os.write(1, f"{run}\n".encode())
        threading.Event().wait()


@task
def one(x: int = 1) -> int:
    began()
    return x


@task
def two(x: int = 2) -> int:
    began()
    return x * 2


@task
def both(a: int | None = None, b: int | None = None) -> list[Any]:
    began()
    return [a, b]


@task
def taken(x: Any) -> Any:
    began()
    return x


@task
def many(n: int) -> list[int]:
    began()
    return list(range(n))


@task
def grows(n: int) -> int:
    began()
    if n:
        current().spawn(n - 1)
    return n


@task
def breaks(x: int) -> int:
    began()
    raise ValueError(x)


@flow
def falling(n: int) -> Any:
    left = two(n)
    with when(left < 40):
        rest = falling(left)
    return first_of(rest, left)


@flow
def part(x: int) -> Any:
    return both(one(x), two(x))


def multi_choice(x: int) -> Any:
    a = one(x)
    with when(a > 1):
        left = two(a)
    with when(a > 2):
        right = two(3)
    return both.options(join="settled")(left, right)


def deferred() -> Any:
    return both.options(join="first_success")(one(signal("never")), one(7))


@flow
def waits(name: str) -> Any:
    return one(signal(name))


@flow
def waiting() -> Any:
    return one(signal("never"))


def sought(x: Any, ends: Callable[[Any], Any]) -> Any:
    """What lies far is waited for in vain; the second one is enough."""
    with when(x > 2):
        far = one(signal("never"))
    with otherwise():
        near = one(x)
        with when(near == 2):
            ends(near)
    return first_of(far, near)


@flow
def searching(x: int) -> Any:
    return sought(x, lambda _near: finish(node="search"))


@flow
def asking(x: int) -> Any:
    return sought(x, lambda near: finish(near, node="asked"))


def milestone() -> Any:
    reached = one()
    changes = waiting.options(after=[reached])()
    finish(changes, value=two(reached))
    return changes


def without(left: Any) -> Any:
    """What is cancelled by a step is gone on without."""
    cancel.options(after=[one()])(left)
    return first_of(taken(left), 0)


@flow
def wcp_20() -> Any:
    return two(one())


@flow
def wcp_24() -> Any:
    return one(signal("go"))


def explicit() -> Any:
    left = one(signal("never"))
    finish(two())
    return left


PATTERNS: dict[int, tuple[Callable[..., Any], dict[str, Any], Any]] = {
    1: (lambda: two(one()), {}, 2),
    2: (lambda: [two(a := one()), one(a)], {}, [2, 1]),
    3: (lambda: both(one(), two()), {}, [1, 4]),
    4: (lambda x: _either(x), {"x": 5}, 10),
    5: (lambda x: both(_either(x)), {"x": 1}, [1, None]),
    6: (multi_choice, {"x": 2}, [4, None]),
    7: (multi_choice, {"x": 3}, [6, 6]),
    9: (lambda: both.options(join="first_success", losers="keep")(one(), breaks(1)), {}, [1, None]),
    11: (lambda: [one(), two()], {}, [1, 4]),
    12: (lambda: (one.map(each([1, 2])), two())[1], {}, 4),
    13: (lambda: one.map(each([1, 2, 3])), {}, [1, 2, 3]),
    14: (lambda n: one.map(each(many(n))), {"n": 2}, [0, 1]),
    15: (lambda: grows.map(each([2])), {}, [2, 1, 0]),
    16: (deferred, {}, [None, 7]),
    17: (lambda: [one.options(pool="one")(), two.options(pool="one")()], {}, [1, 4]),
    18: (milestone, {}, 2),
    19: (lambda: without(signal("never")), {}, 0),
    21: (lambda: repeat(two, 1, until=lambda x: x > 9, max=9), {}, 16),
    22: (lambda: falling(3), {}, 48),
    25: (lambda: without(waiting()), {}, 0),
    26: (lambda: without(waits.map(each(["never", "ever"]))), {}, 0),
    27: (lambda: searching.options(name="search").map(each([9, 2])), {}, [2]),
    29: (lambda: both.options(join="first_success")(one(signal("never")), two()), {}, [None, 4]),
    30: (lambda: both.options(join=n_of(1), losers="keep")(breaks(1), two()), {}, [None, 4]),
    32: (lambda: both.options(join=n_of(1))(two(), one(signal("never"))), {}, [4, None]),
    33: (lambda: both(two(a := one()), one(a)), {}, [2, 1]),
    34: (lambda: breaks_but(2).options(gather=n_of(1)).map(each([1, 2])), {}, [2]),
    35: (lambda: breaks_but(2).options(gather=n_of("50%")).map(each([1, 2])), {}, [2]),
    36: (lambda n: asking.options(name="asked").map(each(many(n))), {"n": 5}, 2),
    37: (multi_choice, {"x": 1}, [None, None]),
    39: (lambda: [part.map(each([1])), one.options(pool="one")()], {}, [[[1, 2]], 1]),
    40: (lambda: one.options(pool="one").map(each([3, 4])), {}, [3, 4]),
    43: (explicit, {}, 4),
}


@task
def only(x: int, good: int) -> int:
    began()
    if x != good:
        raise ValueError(x)
    return x


def breaks_but(good: int) -> Any:
    class Fitting:
        def options(self, **options: Any) -> Any:
            placed = only.options(**options)

            class Mapped:
                def map(self, marked: Any) -> Any:
                    return placed.map(marked, good=good)

            return Mapped()

    return Fitting()


def _either(x: Any) -> Any:
    with when(x > 1):
        a = two(x)
    with otherwise():
        b = one(x)
    return first_of(a, b)


def defined(number: int) -> Any:
    body, inputs, _ = PATTERNS[number]
    scope: dict[str, Any] = {"body": body}
    typed = ", ".join(f"{word}: int" for word in inputs)
    exec(f"def pattern({typed}): return body({', '.join(inputs)})", scope)
    return flow(name=f"wcp_{number}", pools={"one": 1})(scope["pattern"])


@pytest.mark.parametrize("number", PATTERNS)
@pytest.mark.parametrize("door", ["python", "yaml"])
def test_a_pattern_is_said(engine: Engine, number: int, door: str) -> None:
    """It comes to the value that it is to have, and the document says the same."""
    made, (_, inputs, wanted) = defined(number), PATTERNS[number]
    if door == "yaml":
        made = Flow.from_yaml(made.to_yaml())
    assert engine.start(made, inputs).result(LONG) == wanted


def test_switch_is_a_choice_of_many(engine: Engine) -> None:
    """Beside `when`: one way of several, by a value."""

    @flow
    def chooses(x: int) -> Any:
        return switch(x, {1: lambda: one(10), 2: lambda: two(10)})

    assert [engine.start(chooses, {"x": x}).result(LONG) for x in (1, 2)] == [10, 20]


def test_a_persistent_trigger_waits_for_who_needs_it(engine: Engine) -> None:
    """A value that was sent before anybody waited for it is kept (pattern 24)."""

    @flow
    def waits() -> Any:
        return signal("go")

    run = engine.start(waits)
    run.send("go", 5)
    assert run.result(LONG) == 5


@flow
def hears(x: int) -> Any:
    return both(x, signal("go"))[1]


@pytest.mark.parametrize("door", ["python", "yaml"])
def test_a_persistent_trigger_is_taken_round_by_round(tmp_path: Path, door: str) -> None:
    """Each round of a loop takes the next value, also one that was sent to an owner that is gone (pattern 24)."""
    made = flow(name="hearing")(lambda: repeat(hears, 0, until=lambda x: x == 3, max=5))
    with Engine(tmp_path) as first:
        run = first.start(made if door == "python" else Flow.from_yaml(made.to_yaml()))
        for value in (1, 2):
            run.send("go", value)
    with Engine(tmp_path) as second:
        (run,) = second.recover()
        run.send("go", 3)
        assert run.result(LONG) == 3
        assert sum(row["name"] == "hears" and row["done"] for row in run.progress()) == 6


def test_a_pattern_outlives_its_owner(tmp_path: Path) -> None:
    """Each, in the middle of its run, when that is killed: another owner comes to the same value."""
    store = tmp_path / "store"
    with subprocess.Popen([sys.executable, OWNER, store], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        begun = {child.stdout.readline().strip() for _ in range(len(PATTERNS) + 3)}
        child.kill()
    wanted = {f"wcp_{number}": value for number, (_, _, value) in PATTERNS.items()}
    with Engine(store, concurrency=50) as engine:
        engine.recover()
        runs = {run.flow: run for run in engine.runs()}
        assert begun == {"cancelled", *(run.id for run in runs.values())}
        assert runs.pop("wcp_20").wait(LONG) == "cancelled"
        assert {name: run.result(LONG) for name, run in runs.items()} == {**wanted, "wcp_24": 5}


def test_the_page_lists_every_pattern() -> None:
    """43 rows; what it says to be tested here is."""
    rows = {
        int(row[0]): row
        for row in re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.M)
    }
    assert sorted(rows) == list(range(1, 44))
    here = {number for number, row in rows.items() if "test_a_pattern_is_said" in row[3]}
    assert here == PATTERNS.keys()
