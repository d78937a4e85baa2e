"""Flows for Hypothesis: any document of this version, valid as a whole."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import (
    Defaults,
    Each,
    FlowSpec,
    InputSpec,
    NodeSpec,
    Retry,
    Shared,
    Timeout,
    Ui,
)
from stratix_tasks.spec.names import task_names
from stratix_tasks.spec.values import LATE, Expr, FirstOf, Pin, Ref, Template
from stratix_tasks.spec.vocabulary import RESERVED, SCOPES

Names = tuple[str, ...]
KEPT = lru_cache(64)
"""Of what the flow has to make them of, strategies are made once: Hypothesis looks each new one through before it draws."""
SURPRISES = [
    "on",
    "no",
    "22:30",
    "010",
    "1e3",
    "null",
    "~",
    "",
    " ",
    "- x",
    "a: b",
    "# no",
    "${{",
    "}}",
    "2024-01-01",
    "'",
    '"',
]
names = st.builds(
    "{}{}".format,
    st.sampled_from("abfstxzAZ_"),
    st.text("abeinortx09_Z", max_size=5) | st.sampled_from(["alse", "rom", "ask", "ow", "x" * 63]),
).filter(lambda name: name not in RESERVED and name not in SCOPES)
"""Among them words of Python and of ours."""
texts = st.text(max_size=20) | st.sampled_from(SURPRISES)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
literals = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
places = st.tuples(st.integers(-999, 999), st.floats(-999, 999)).map(
    lambda place: (float(place[0]), place[1] + 0.0)  # a place has no -0.0
)
durations = st.integers(1, 10**6).map(lambda n: n / 1000)


@st.composite
def flows(draw: Any, depth: int = 1) -> FlowSpec:
    """A flow whose references all point back, so that it has no cycle."""
    inputs = draw(st.dictionaries(names, inputs_of(), max_size=3))
    if not depth:  # what a flow is given may be anything
        inputs = {name: one for name, one in inputs.items() if one.type == "any" or not one.required}
    pools = draw(st.dictionaries(names, st.integers(1, 9), max_size=2))
    inner = draw(st.dictionaries(names, flows(depth=0), max_size=1)) if depth else {}
    for one in inner.values():  # of one name they are one pool
        pools |= {name: size for name, size in one.pools.items() if name in pools}
    tasks: dict[str, NodeSpec] = {}
    free = tuple(
        name for name, one in inputs.items() if one.type == "any"
    )  # of which no check can say what they can't be
    for name in draw(st.lists(names, unique=True, min_size=1, max_size=5)):
        tasks[name] = draw(nodes_of(free, _called(tasks), tuple(pools), inner))
    if draw(st.booleans()):
        last = next(reversed(tasks))  # which nobody asks for
        tasks[last] = tasks[last].but({"enabled": False})
    calls = [name for name, one in tasks.items() if one.call is not None]  # of which no check can say what they give
    for name in draw(st.lists(st.sampled_from(calls), max_size=1)) if calls else ():
        pinned = literals if tasks[name].each is None else st.lists(literals, max_size=2)
        tasks[name] = tasks[name].but({"pin": Pin(draw(pinned))})
    output = draw(values_of(free, _called(tasks)))
    assume(
        not any(
            problem.code == "impossible" for problem in check(Graph(FlowSpec(flow="f", tasks=tasks)), EXECUTORS, None)
        )
    )
    return FlowSpec(
        flow=draw(names),
        description=draw(texts),
        inputs=inputs,
        pools=pools,
        policies={name: draw(shared_of(tuple(pools), free)) for name in POLICIES},
        defaults=draw(
            st.none()
            | st.builds(Defaults, **shared_fields(tuple(pools), free), **{"for": st.just({"m*": Shared(priority=1)})})
        ),
        concurrency=draw(st.none() | st.integers(1, 50)),
        timeout=draw(st.none() | durations),
        on_failure=draw(st.sampled_from(["finish", "stop"])),
        max_recoveries=draw(st.integers(0, 9)),
        tags=tuple(draw(st.lists(texts, max_size=2))),
        tasks=tasks,
        flows=inner,
        output=output,
        ui=draw(st.none() | st.builds(Ui, positions=st.fixed_dictionaries(dict.fromkeys(tasks, places)))),
    )


def _called(tasks: dict[str, NodeSpec]) -> Names:
    """Those of which no check can say what they can't yield: what is mapped yields a list."""
    return tuple(name for name, node in tasks.items() if node.call is not None and node.each is None)


POLICIES = ("net", "cheap")


@KEPT
def shared_fields(pools: Names, inputs: Names) -> dict[str, Any]:
    """What is said for several nodes, each or not."""
    return {
        "pool": st.none() | st.lists(st.sampled_from(pools), unique=True, max_size=2).map(tuple)
        if pools
        else st.none(),
        "priority": st.none() | numbers(inputs, -5, 5),
        "runner": st.sampled_from([None, "thread"]),
        "retry": st.none() | retries(inputs),
        "timeout": st.none() | timeouts,
        "grace": st.none() | durations,
        "abandoned": st.sampled_from([None, "overlap"]),
        "max_lost": st.none() | st.integers(0, 9),
    }


@KEPT
def shared_of(pools: Names, inputs: Names) -> Any:
    return st.builds(Shared, **shared_fields(pools, inputs))


@st.composite
def inputs_of(draw: Any, deep: bool = True) -> InputSpec:
    kind = draw(st.sampled_from([*DEFAULTS]))
    said = dict(draw(LIMITED[kind])) if kind in LIMITED else {}
    fits = DEFAULTS[kind] if not said else st.sampled_from(said.pop("fit"))
    required = draw(st.booleans())
    if deep and draw(st.booleans()):
        said = {"fields": draw(st.dictionaries(names, inputs_of(deep=False), min_size=1, max_size=2))}
        kind, required = "Conf", True
    return InputSpec(
        type=kind,
        required=required,
        default=None if required else draw(fits),
        label=draw(texts),
        description=draw(texts),
        **said,
    )


LIMITED: dict[str, Any] = {
    "int": st.just({}) | st.integers(-9, 9).map(lambda n: {"min": n, "max": n + 3, "fit": (n, n + 3)}),
    "float": st.just({}) | st.integers(-9, 9).map(lambda n: {"exclusive_min": n, "max": n + 0.5, "fit": (n + 0.25,)}),
    "str": st.sampled_from(
        [{}, {"choices": ("eu", "no", "1"), "fit": ("1",)}, {"pattern": "^a", "min_length": 2, "fit": ("ab", "a:")}]
    ),
    "date": st.sampled_from(
        [{}, {"min": date(2024, 1, 1), "choices": (date(2024, 2, 1),), "fit": (date(2024, 2, 1),)}]
    ),
    "timedelta": st.sampled_from([{}, {"max": timedelta(minutes=5), "fit": (timedelta(seconds=1),)}]),
}
"""What may be asked beside the type, and values that fit."""
DEFAULTS: dict[str, Any] = {
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "date": st.dates(),
    "timedelta": st.integers(0, 9999).map(lambda n: timedelta(seconds=n)),
    "Path": st.sampled_from([Path("a"), Path("/a/b c")]),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3),
    "Literal['eu', 1, None]": st.sampled_from(["eu", 1, None]),
    "dict[str, Annotated[int, Field(ge=0)]]": st.dictionaries(texts, st.integers(0, 9), max_size=2),
    "tuple[int, ...] | None": st.none() | st.lists(st.integers(), max_size=3).map(tuple),
    "DataFrame": st.none(),
    "any": literals,
    "int": st.integers(-(2**63), 2**63 - 1),
    "str": texts,
    "list[str]": st.lists(texts, max_size=3),
    "float | None": st.none() | st.floats(allow_nan=False, allow_infinity=False),
}


@KEPT
def references(inputs: Names, tasks: Names) -> Any:
    """References to inputs and to earlier tasks, with constant steps; lists where there is nothing to refer to."""
    found = []
    if inputs:
        found.append(st.sampled_from(inputs).map(lambda name: Ref("inputs", name)))
    if tasks:
        steps = st.lists(st.integers(0, 9) | names, max_size=2).map(tuple)
        found.append(st.builds(lambda name, path: Ref("tasks", name, path), st.sampled_from(tasks), steps))
    return st.one_of(found) if found else st.lists(literals, max_size=3)


@KEPT
def values_of(inputs: Names, tasks: Names) -> Any:
    refs = references(inputs, tasks)
    if not tasks:
        return refs | literals
    whole = st.sampled_from(tasks).map(lambda name: Ref("tasks", name))
    first = st.lists(whole, min_size=2, max_size=3, unique=True).map(lambda parts: FirstOf(tuple(parts)))
    template = st.builds(lambda text, ref: Template((f"{text}: ", ref)), st.from_regex(r"\A[a-z]{1,6}\Z"), whole)
    computed = whole.map(lambda ref: f"size(tasks.{ref.name}.output) + 1")
    expressions = (computed | whole.map(lambda ref: f"tasks.{ref.name}.summary.rows")).map(
        lambda text: Expr(text, task_names(text))
    )
    return (
        refs
        | literals
        | template
        | expressions
        | st.lists(refs | literals, max_size=2)
        | (first if len(tasks) > 1 else refs)
    )


WAITS = [name for name, one in EXECUTORS.items() if one.waits is not None]


@st.composite
def nodes_of(draw: Any, inputs: Names, tasks: Names, pools: Names, inner: dict[str, Any]) -> NodeSpec:
    sub = draw(st.sampled_from([None, *inner]))
    known = inner[sub].inputs if sub is not None else None
    if known is None:
        args = draw(st.dictionaries(names, values_of(inputs, tasks), max_size=3))
    else:
        args = {name: draw(values_of(inputs, tasks)) for name, one in known.items() if one.type == "any"}
    each = None
    if sub is None and draw(st.booleans()):
        over = draw(names.filter(lambda name: name not in args))
        key = draw(st.none() | st.just(Ref("each", over)) | st.just(Template(("k-", Ref("each", over)))))
        each = Each(over={over: draw(references(inputs, tasks))}, key=key, max=draw(st.none() | st.integers(1, 9)))
        if draw(st.booleans()):
            other = draw(names.filter(lambda name: name not in args and name != over))
            told = each.over[over]
            size = {"min_size": len(told), "max_size": len(told)} if isinstance(told, list) else {"max_size": 3}
            crossed = {over: told, other: draw(st.lists(literals, **size))}
            each = each.but({"over": crossed, "by": draw(st.sampled_from(["zip", "product"]))})
        if draw(st.booleans()):
            part = Ref("each", over, draw(st.lists(st.integers(0, 9) | names, max_size=2).map(tuple)))
            named = draw(names.filter(lambda name: name not in args and name not in each.over))
            args = {**args, named: draw(st.sampled_from([part, Template(("p-", part)), [part, 1]]))}
    uses = draw(st.none() | st.sampled_from(WAITS)) if sub is None else None
    if uses is not None:
        waits = EXECUTORS[uses].waits
        args, each = draw(wait_arguments(waits.word, inputs, tasks))
        args |= {word: draw(asked) for word in waits.also}
    condition = draw(st.none() | conditions(inputs, tasks)) if tasks else None
    plain = sub is None and uses is None
    runner = draw(st.sampled_from([None, "thread", "inline", "process"])) if plain else None
    stoppable = plain and runner != "inline"  # a plain function on the engine's loop is stopped by nothing
    limits = timeouts if stoppable else timeouts.map(_without_attempt).filter(lambda one: one is not None)
    return NodeSpec(
        call=None if sub or uses else draw(st.sampled_from(["mylib.ingest:load", "fetch", "a.b:C.d"])),
        flow=sub,
        uses=uses,
        **{"with": args},
        needs=tuple(draw(st.lists(st.sampled_from(tasks), unique=True, max_size=2))) if tasks else (),
        when=condition,
        each=each,
        pool=tuple(draw(st.lists(st.sampled_from(pools), unique=True, max_size=2))) if pools and plain else None,
        priority=draw(st.none() | numbers(inputs, -5, 5)) if plain or sub else None,
        policy=draw(st.sampled_from([None, *POLICIES])) if plain else None,
        runner=runner,
        retry=draw(st.none() | retries(inputs)) if plain or sub else None,
        timeout=draw(st.none() | limits) if plain else draw(deadlines) if uses not in (None, "wait.sleep") else None,
        grace=draw(st.none() | durations) if stoppable else None,
        abandoned=draw(st.sampled_from([None, "wait", "overlap"])) if stoppable else None,
        max_lost=draw(st.none() | st.integers(0, 9)) if plain else None,
        description=draw(texts),
    )


@KEPT
def conditions(inputs: Names, tasks: Names) -> Any:
    """Expressions as Python writes them, which few words make likely to be said twice, and others."""
    told = st.sampled_from([f"tasks.{name}.output" for name in tasks] + [f"inputs.{name}" for name in inputs])
    facts = st.sampled_from(tasks).map(lambda name: f"tasks.{name}.summary.rows")
    plain = st.builds(
        lambda left, sign, right: f"{left} {sign} {right}",
        told | facts,
        st.sampled_from(["==", "<"]),
        st.sampled_from(["0", '"(a) && (b)"', "null", "[1, 2]"]) | told,
    )
    other = told.map(lambda one: f"size({one}) > 1 || {one} in [1]") | st.sampled_from(["true", "1 < 2"])
    texts = st.recursive(
        plain | other,
        lambda inner: (
            inner.filter(lambda one: "true" not in one and "1 < 2" not in one).map(lambda one: f"!({one})")
            | st.builds("({}) {} ({})".format, inner, st.sampled_from(["&&", "&&", "||"]), inner)
        ),
        max_leaves=3,
    )
    return texts.map(lambda text: Expr(text, task_names(text)))


@st.composite
def wait_arguments(draw: Any, argument: str, inputs: Names, tasks: Names) -> tuple[dict[str, Any], Each | None]:
    """The one argument of a wait, given or mapped."""
    literal = st.sampled_from(["5m", "1h30m", 90, 0.5]) if argument == "duration" else texts.filter(str.strip)
    known = references(inputs, ()) if inputs else literal  # what a task yields may be a list, which no wait takes
    if draw(st.booleans()):
        return {argument: draw(literal | known)}, None
    return {}, Each(over={argument: draw(st.lists(literal | known, max_size=3))}, key=Ref("each", argument))


asked = st.dictionaries(names, st.sampled_from([{"type": "int", "min": 1}, {"type": "str"}]), min_size=1, max_size=2)
"""The fields of a question."""
deadlines = st.none() | st.builds(Timeout, attempt=durations)


@KEPT
def numbers(inputs: Names, least: int, most: int) -> Any:
    """Whole numbers, or what is one only in the run."""
    plain = st.integers(least, most)
    if not inputs:
        return plain
    named = st.sampled_from(inputs)
    return plain | named.map(lambda name: Ref("inputs", name)) | named.map(lambda name: Expr(f"inputs.{name} + 1"))


@KEPT
def retries(inputs: Names) -> Any:
    asked = ["error.status in [429, 503]", "attempt < 3", *(f"error.x == inputs.{name}" for name in inputs)]
    made = st.builds(
        Retry,
        max=numbers(inputs, 0, 9),
        delay=durations | st.sampled_from([Expr("error.retry_after"), Expr("5 * attempt")]),
        backoff=st.floats(1, 10),
        max_delay=durations,
        jitter=st.sampled_from(["full", "none"]),
        on=st.lists(st.sampled_from(["OSError", "TimeoutError"]), unique=True, max_size=2).map(tuple),
        when=st.none() | st.sampled_from(asked).map(Expr),
    )
    return made.map(_that_means_something)


def _that_means_something(retry: Retry) -> Retry:
    """Without `max` there is nothing to say, and of one delay no backoff; no delay is longer than `max_delay`."""
    if retry.max == 0:
        return Retry()
    if retry.max == 1:
        retry = retry.but({"backoff": Retry().backoff})
    return (
        retry if type(retry.delay) in LATE or retry.delay <= retry.max_delay else retry.but({"max_delay": retry.delay})
    )


timeouts = st.builds(
    Timeout, attempt=st.none() | durations, total=st.none() | durations, queued=st.none() | durations
).filter(lambda one: any((one.attempt, one.total, one.queued)) and (one.attempt or 0) <= (one.total or 10**6))


def _without_attempt(limits: Timeout) -> Timeout | None:
    return limits.but({"attempt": None}) if limits.total or limits.queued else None
