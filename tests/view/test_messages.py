"""What views are told is what the types of messages say, in Python and in the front end's language."""

from __future__ import annotations

import runpy
import threading
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from stratix_tasks import Engine, approval, each, flow, signal, task
from stratix_tasks.session.display import flow_source, run_source
from stratix_tasks.view.messages import Can, Inspection, ItemPage, Patch, Snapshot
from stratix_tasks.view.snapshot import patch, snapshot, whole

SCRIPT = Path(__file__).parents[2] / "scripts" / "messages.py"
GATE = threading.Event()


def test_the_front_ends_types_are_those_of_python() -> None:
    """The committed file is what the script writes from the types as they are now."""
    made = runpy.run_path(str(SCRIPT))
    assert made["FILE"].read_text(encoding="utf-8") == made["written"](), "run `python scripts/messages.py`"


def test_a_type_without_a_form_is_refused_by_name() -> None:
    """Nothing is told to the front end as something that it is not."""
    script = runpy.run_path(str(SCRIPT))["script"]
    assert script(dict[str, list[int | None]]) == "Record<string, (number | null)[]>"
    with pytest.raises(TypeError, match="no form in TypeScript is known"):
        script(set[int])


@task
def load(n: int) -> list[int]:
    """Numbers."""
    print("loading")
    return list(range(n))


@task
def half(x: int) -> float:
    if x == 2:
        raise ValueError("two")
    return x / 2


@task
def gated(x: Any) -> Any:
    GATE.wait(60)
    return x


@flow
def shown(n: int = 3) -> Any:
    xs = load.options(retry=2, timeout=30)(n)
    return [half.map(each(xs)), gated(xs), approval("Go?", timeout="1d"), signal("go")]


def odd(value: Any, hint: Any, at: str = "") -> list[str]:
    """Where a value is not what its type says: every field that is missing, unknown or of another type."""
    if hint is Any:
        return []
    if is_typeddict(hint):
        if type(value) is not dict:
            return [f"{at}: {type(value).__name__}"]
        hints = get_type_hints(hint, include_extras=True)
        needed = {name for name, inner in hints.items() if get_origin(inner) is not NotRequired}
        wrong = [f"{at}.{name}" for name in (needed - value.keys()) | (value.keys() - hints.keys())]
        return wrong + [
            one for name in value.keys() & hints.keys() for one in odd(value[name], hints[name], f"{at}.{name}")
        ]
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Annotated, NotRequired):
        return odd(value, parts[0], at)
    if kind is Literal:
        return [] if value in parts else [f"{at}: {value!r}"]
    if kind in (Union, UnionType):
        return min((odd(value, part, at) for part in parts), key=len)
    if kind is dict and type(value) is dict:
        return [
            one for name, part in value.items() for one in odd(name, parts[0], at) + odd(part, parts[1], f"{at}.{name}")
        ]
    if kind is list and type(value) is list:
        return [one for part in value for one in odd(part, parts[0], f"{at}[]")]
    if kind is tuple and type(value) is tuple and len(value) == len(parts):
        return [one for number, part in enumerate(value) for one in odd(part, parts[number], f"{at}[{number}]")]
    fits = {float: (int, float), int: (int,), bool: (bool,), str: (str,), NoneType: (NoneType,)}.get(hint, ())
    return [] if type(value) in fits else [f"{at}: {type(value).__name__} is no {hint}"]


def test_what_a_view_is_told_is_what_the_types_say(engine: Engine) -> None:
    """Of a flow, and of a run that runs, waits and has failures: each field is there and of its type, and no other is."""
    source = flow_source(shown, {})
    assert odd(snapshot(source), Snapshot) == odd(source.inspect("load", None), Inspection) == []
    GATE.clear()
    run = engine.start(shown)
    source, changed = run_source(run), threading.Event()
    release = source.watch(lambda _: changed.set())
    while not {"failed", "running", "waiting"} <= {row["state"] for row in run.progress()}:
        assert changed.wait(30)
        changed.clear()
    release()
    names = [node["name"] for node in source.outline()["nodes"]]
    try:
        assert odd(whole(source), Snapshot) == odd(patch(source, {0, 1}, 1)[0], Patch) == []
        assert odd(source.items("half", 0, 9), ItemPage) == []
        assert [odd(source.inspect(name, None), Inspection) for name in names] == [[]] * len(names)
        assert odd(source.inspect("half", 2), Inspection) == odd(source.can("half", 2), Can) == []
    finally:
        GATE.set()
    run.approve("approval", by="ana")
    run.send("go", {"a": [1]})
    run.wait(30)
    assert odd(whole(source), Snapshot) == []
    assert [odd(source.inspect(name, None), Inspection) for name in names] == [[]] * len(names)
