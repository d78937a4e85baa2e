"""Flows for Hypothesis: any document of this version, valid as a whole."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.spec.executors import arguments_of
from stratix_tasks.spec.model import NAME, Each, FlowSpec, InputSpec, NodeSpec, Retry, Timeout
from stratix_tasks.spec.values import Expr, FirstOf, Ref, Template
from stratix_tasks.spec.vocabulary import RESERVED, SCOPES

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
names = st.from_regex(NAME.replace("{0,63}$", "{0,9}\\Z"), fullmatch=True).filter(
    lambda name: name not in RESERVED and name not in SCOPES and name.isascii()
)
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
durations = st.integers(1, 10**6).map(lambda n: n / 1000)


@st.composite
def flows(draw: Any, depth: int = 1) -> FlowSpec:
    """A flow whose references all point back, so that it has no cycle."""
    inputs = draw(st.dictionaries(names, inputs_of(), max_size=3))
    pools = draw(st.dictionaries(names, st.integers(1, 9), max_size=2))
    inner = draw(st.dictionaries(names, flows(depth=0), max_size=1)) if depth else {}
    tasks: dict[str, NodeSpec] = {}
    for name in draw(st.lists(names, unique=True, min_size=1, max_size=5)):
        tasks[name] = draw(nodes_of(list(inputs), list(tasks), pools, inner))
    output = draw(values_of(list(inputs), list(tasks)))
    return FlowSpec(
        flow=draw(names),
        description=draw(texts),
        inputs=inputs,
        pools=pools,
        concurrency=draw(st.none() | st.integers(1, 50)),
        timeout=draw(st.none() | durations),
        on_failure=draw(st.sampled_from(["finish", "stop"])),
        max_recoveries=draw(st.integers(0, 9)),
        tags=tuple(draw(st.lists(texts, max_size=2))),
        tasks=tasks,
        flows=inner,
        output=output,
    )


@st.composite
def inputs_of(draw: Any) -> InputSpec:
    kind, default = draw(
        st.sampled_from(["any", "int", "str", "list[str]", "float | None"]).flatmap(
            lambda kind: st.tuples(st.just(kind), DEFAULTS[kind])
        )
    )
    required = draw(st.booleans())
    return InputSpec(type=kind, required=required, default=None if required else default, description=draw(texts))


DEFAULTS: dict[str, Any] = {
    "any": literals,
    "int": st.integers(-(2**63), 2**63 - 1),
    "str": texts,
    "list[str]": st.lists(texts, max_size=3),
    "float | None": st.none() | st.floats(allow_nan=False, allow_infinity=False),
}


def references(inputs: list[str], tasks: list[str]) -> Any:
    """References to inputs and to earlier tasks, with constant steps; lists where there is nothing to refer to."""
    found = []
    if inputs:
        found.append(st.sampled_from(inputs).map(lambda name: Ref("inputs", name)))
    if tasks:
        steps = st.lists(st.integers(0, 9) | names, max_size=2).map(tuple)
        found.append(st.builds(lambda name, path: Ref("tasks", name, path), st.sampled_from(tasks), steps))
    return st.one_of(found) if found else st.lists(literals, max_size=3)


def values_of(inputs: list[str], tasks: list[str]) -> Any:
    refs = references(inputs, tasks)
    if not tasks:
        return refs | literals
    whole = st.sampled_from(tasks).map(lambda name: Ref("tasks", name))
    first = st.lists(whole, min_size=2, max_size=3, unique=True).map(lambda parts: FirstOf(tuple(parts)))
    template = st.builds(lambda text, ref: Template((f"{text}: ", ref)), st.from_regex(r"\A[a-z]{1,6}\Z"), whole)
    return refs | literals | template | st.lists(refs | literals, max_size=2) | (first if len(tasks) > 1 else refs)


WAITS = [name for name, one in EXECUTORS.items() if one.waits is not None]


@st.composite
def nodes_of(draw: Any, inputs: list[str], tasks: list[str], pools: dict[str, int], inner: dict[str, Any]) -> NodeSpec:
    sub = draw(st.sampled_from([None, *inner]))
    known = list(inner[sub].inputs) if sub is not None else None
    if known is None:
        args = draw(st.dictionaries(names, values_of(inputs, tasks), max_size=3))
    else:
        args = {name: draw(values_of(inputs, tasks)) for name in known}
    each = None
    if sub is None and draw(st.booleans()):
        over = draw(names.filter(lambda name: name not in args))
        key = draw(st.none() | st.just(Ref("each", over)) | st.just(Template(("k-", Ref("each", over)))))
        each = Each(over={over: draw(references(inputs, tasks))}, key=key, max=draw(st.none() | st.integers(1, 9)))
    uses = draw(st.none() | st.sampled_from(WAITS)) if sub is None else None
    if uses is not None:
        args, each = draw(wait_arguments(*arguments_of(EXECUTORS[uses]), inputs, tasks))
    condition = None
    if tasks and draw(st.booleans()):
        name = draw(st.sampled_from(tasks))
        condition = Expr(f"tasks.{name}.output > {draw(st.integers(0, 9))}", (name,))
    plain = sub is None and uses is None
    return NodeSpec(
        call=None if sub or uses else draw(st.sampled_from(["mylib.ingest:load", "fetch", "a.b:C.d"])),
        flow=sub,
        uses=uses,
        **{"with": args},
        needs=tuple(draw(st.lists(st.sampled_from(tasks), unique=True, max_size=2))) if tasks else (),
        when=condition,
        each=each,
        pool=tuple(draw(st.lists(st.sampled_from(list(pools)), unique=True, max_size=2))) if pools and plain else (),
        priority=draw(st.integers(-5, 5)) if plain else 0,
        runner=draw(st.sampled_from([None, "thread", "inline", "process"])) if plain else None,
        retry=draw(st.none() | retries) if plain else None,
        timeout=draw(st.none() | timeouts) if plain else draw(deadlines) if uses not in (None, "wait.sleep") else None,
        grace=draw(st.none() | durations) if plain else None,
        max_lost=draw(st.none() | st.integers(0, 9)) if plain else None,
        description=draw(texts),
    )


@st.composite
def wait_arguments(draw: Any, argument: str, inputs: list[str], tasks: list[str]) -> tuple[dict[str, Any], Each | None]:
    """The one argument of a wait, given or mapped."""
    literal = st.sampled_from(["5m", "1h30m", 90, 0.5]) if argument == "duration" else texts.filter(str.strip)
    known = references(inputs, tasks) if inputs or tasks else literal
    if draw(st.booleans()):
        return {argument: draw(literal | known)}, None
    return {}, Each(over={argument: draw(st.lists(literal | known, max_size=3))}, key=Ref("each", argument))


deadlines = st.none() | st.builds(Timeout, attempt=durations)
retries = st.builds(
    Retry,
    max=st.integers(0, 9),
    delay=durations,
    backoff=st.floats(1, 10),
    max_delay=durations,
    jitter=st.sampled_from(["full", "none"]),
    on=st.lists(st.sampled_from(["OSError", "TimeoutError"]), unique=True, max_size=2).map(tuple),
)
timeouts = st.builds(
    Timeout, attempt=st.none() | durations, total=st.none() | durations, queued=st.none() | durations
).filter(lambda timeout: any((timeout.attempt, timeout.total, timeout.queued)))
