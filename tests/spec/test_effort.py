"""Expressions that would hold up the process: they are told from their text, or from what they go over, and not computed."""

from __future__ import annotations

from time import thread_time
from typing import Any

import pytest

from stratix_tasks import FlowError
from stratix_tasks.spec.expr import compile_expression

ITEMS = [{"n": n, "name": "abc"} for n in range(1000)]
MANY = list(range(100_000))
LONG = "a" * 1_000_000
FINE: dict[str, tuple[dict[str, Any], Any]] = {
    "xs.filter(x, x.n > 997 && x.name == 'abc').map(x, x.name + 'd')": ({"xs": ITEMS[-20:]}, ["abcd", "abcd"]),
    "xs.map(x, x.n).size()": ({"xs": ITEMS}, 1000),
    "xs.exists(x, x < 0)": ({"xs": MANY}, False),
    "99999 in xs": ({"xs": MANY}, True),
    "a + '-' + b": ({"a": LONG, "b": "c"}, f"{LONG}-c"),
    "a + b + c": ({"a": 1, "b": 2, "c": 3}, 6),
}
TOO_LONG: dict[str, dict[str, Any]] = {
    "xs.map(x, x + 1).size() > 3": {"xs": MANY},
    "xs.map(x, xs.map(y, y)).size() > 3": {"xs": MANY[:1000]},
    "xs.all(x, xs.all(y, xs.all(z, z >= 0)))": {"xs": MANY[:1000]},
    "xs.filter(x, x in xs).size() > 3": {"xs": MANY},
    "(xs + xs + xs + xs).map(x, x)": {"xs": MANY[:3000]},
    "a" + " + a" * 200: {"a": LONG},
    "[a].map(x, x + x).map(x, x + x)[0]": {"a": LONG * 10},
}


@pytest.mark.parametrize("text", FINE)
def test_what_is_soon_done_is_computed(text: str) -> None:
    """Over as much data as one has for it."""
    data, value = FINE[text]
    assert compile_expression(text).evaluate(data) == value


@pytest.mark.parametrize("text", TOO_LONG)
def test_what_would_take_too_long_is_refused(text: str) -> None:
    """At once, with what to do."""
    program, began = compile_expression(text), thread_time()
    with pytest.raises(FlowError, match=r"can't be computed: .* compute it in a task"):
        program.evaluate(TOO_LONG[text])
    assert thread_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "['a']" + ".map(x, x + x)" * 40 + "[0] == 'b'",
        "[1]" + ".map(x, [x, x])" * 60 + ".size() > 1",
        "[1, 2]"
        + ".map(x, x)" * 0
        + "".join(f".map(v{n}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]" for n in range(9))
        + ")" * 9,
    ],
)
def test_what_no_data_makes_short_is_no_expression(text: str) -> None:
    """It is told when it is read."""
    with pytest.raises(FlowError, match=r"is no expression: .*; compute it in a task"):
        compile_expression(text)
