"""The contract of executors: what every entry of the registry tells, and one with a body on its whole way through a flow."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, Field

from stratix_tasks import Engine, Flow, FlowError, each, flow, task, uses
from stratix_tasks.core.decide.requests import NODE_VERBS, RUN_VERBS
from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.ports import NAMED_RUNNERS, RUNNERS
from stratix_tasks.core.waits import KINDS, wait_for
from stratix_tasks.engine.places import Places
from stratix_tasks.executors.registry import HERE, Registry
from stratix_tasks.formats.yaml import read
from stratix_tasks.formats.yaml_schema import schema
from stratix_tasks.session.display import flow_source
from stratix_tasks.spec.check import check
from stratix_tasks.spec.executors import arguments_of, usable
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.problems import errors
from stratix_tasks.spec.vocabulary import MAP, TASK

LONG = 60
FITTING: dict[str, Any] = {
    "command": ["true"],
    "duration": "1ms",
    "fields": {"rows": {"type": "int"}},
    "flow": "speaks",
    "message": "Ship it?",
    "name": "go",
    "node": "other",
    "path": "a",
    "pattern": "*",
    "query": "select 1",
    "source": "a",
    "target": "b",
    "text": "hi",
    "url": "http://127.0.0.1/",
    "value": 1,
}
"""A value for each argument that some executor needs."""
OTHER = {"other": {"uses": "wait.sleep", "with": {"duration": "1ms"}}}
"""A node beside the one that is looked at."""
ANYTHING = frozenset(("value",))
"""Those that take whatever they are given."""


class Words(BaseModel):
    text: str = Field(min_length=1)


class Shouted(Words):
    times: int = Field(default=1, ge=1)


class Shout:
    """An executor as users write it, whose body is plain."""

    name, description, Config = "text.shout", "It shouts.", Shouted

    def execute(self, context: Any, config: Shouted) -> str:
        return config.text.upper() * config.times


class Whisper:
    """One whose body is a coroutine."""

    name, description, Config = "text.whisper", "It whispers.", Words

    async def execute(self, context: Any, config: Words) -> str:
        return config.text.lower()


class WhichProcess:
    """One that wants a process."""

    name, description, Config, runner = "text.which_process", "It tells where it is.", Words, "process"

    def execute(self, context: Any, config: Words) -> int:
        return os.getpid()


OURS = Registry()
for one in (Shout, Whisper, WhichProcess):
    OURS.register(one.name, one)
ALL = OURS.entries
USED = usable(ALL)


@pytest.fixture(autouse=True)
def ours() -> Iterator[None]:
    token = HERE.set(OURS)
    yield
    HERE.reset(token)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """One whose executors are ours."""
    with Engine(tmp_path / "store", executors=OURS) as made:
        yield made


def node(name: str, **fields: Any) -> NodeSpec:
    """One that uses it, as it should."""
    given = {argument: FITTING[argument] for argument in sorted(ALL[name].required)}
    return NodeSpec.model_validate({"uses": name, "with": given, **fields})


def said(*nodes: NodeSpec) -> list[tuple[str, str]]:
    """Codes and messages of what is wrong with a flow of these nodes."""
    tasks = {"other": node("wait.sleep"), **{f"n{i}": one for i, one in enumerate(nodes)}}
    spec = FlowSpec.model_construct(flow="f", tasks=tasks)
    return [(problem.code, problem.message) for problem in check(Graph(spec), ALL, None, {})]


# ---------------------------------------------------------------------- every entry


@pytest.mark.parametrize("name", ALL)
def test_an_entry_tells_what_it_can_do(name: str) -> None:
    """By data alone: its name, what it is for, where it wants to run, and whether anything runs there."""
    one = ALL[name]
    assert one.name == name and one.description
    assert one.runner is None or one.runner in RUNNERS
    assert (one.waits is not None or bool(one.step)) == (one.runner is not None and RUNNERS[one.runner].bodiless)
    assert one.required <= set(arguments_of(one))


@pytest.mark.parametrize("name", USED)
def test_its_signature_takes_what_it_says(name: str) -> None:
    """So that Python, YAML and the schema allow the same arguments; what is more is an option."""
    one = ALL[name]
    assert one.function is not None
    parameters = inspect.signature(one.function).parameters
    assert [word for word in parameters if word in one.hints] == arguments_of(one)
    assert all(word in TASK for word in parameters.keys() - one.hints.keys())
    assert {
        word for word in one.hints if word in parameters and parameters[word].default is inspect.Parameter.empty
    } == (one.required)


@pytest.mark.parametrize("name", USED)
def test_it_is_checked_as_it_says(name: str) -> None:
    """A right use validates clean; a wrong argument, a missing one and an unfit value are each told."""
    one = ALL[name]
    assert said(node(name)) == []
    assert said(node(name).but({"args": {"wrong": 1}})) == [("bad-arguments", f"'{name}' takes no argument 'wrong'")]
    missing = [("bad-arguments", f"'{name}' needs the argument '{word}'") for word in sorted(one.required)]
    assert sorted(said(node(name).but({"args": {}}))) == missing
    for word in sorted(one.required - ANYTHING):
        unfit = one.unfit(word, "")
        assert unfit
        assert said(node(name).but({"args": {**node(name).args, word: ""}})) == [("bad-value", f"{word}: {unfit}")]


OPTIONS: dict[str, Any] = {
    "runner": "thread",
    "retry": {"max": 2},
    "pool": ["p"],
    "priority": 3,
    "grace": 3,
    "max_lost": 1,
    "timeout": {"attempt": 9},
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", USED)
def test_python_and_documents_refuse_the_same_options(name: str, option: str) -> None:
    """Each with the entry's own reason; what it does not refuse is taken."""
    why = ALL[name].refusal(option)
    assert said(node(name, **{option: OPTIONS[option]})) == ([("bad-option", why)] if why else [])
    value = OPTIONS[option]
    if why:
        with pytest.raises(FlowError, match=re.escape(why)) as caught:
            uses(name).options(**{option: value})
        assert caught.value.code == "bad-option"
    else:
        assert option in uses(name).options(**{option: value}).options_given


@pytest.mark.parametrize("name", USED)
def test_it_is_laid_out_by_its_own_word(name: str) -> None:
    """Runner and traits are those that it wants, over the document's defaults; where nothing runs, or only waits for other
    runs, no place is taken."""
    one = ALL[name]
    defaults = {"runner": "inline", "retry": {"max": 3}, "grace": 1}
    spec = FlowSpec.model_validate(
        {"flow": "f", "defaults": defaults, "tasks": {**OTHER, "n": node(name).model_dump(by_alias=True)}}
    )
    laid_out = lay_out(Graph(spec), {}, ALL, RUNNERS).nodes[1]
    policy = laid_out.policy
    assert laid_out.executor is one
    assert (policy.runner, policy.traits) == (one.runner or "inline", RUNNERS[one.runner or "inline"])
    assert policy.retry.max == (0 if policy.traits.bodiless else 3)
    takes_a_place = not (policy.traits.bodiless or policy.traits.placeless)
    assert bool(Places(4, {}).claims({}, "f", None)(policy, None)) == takes_a_place


@pytest.mark.parametrize("name", USED)
def test_the_schema_names_it_and_what_it_takes(name: str) -> None:
    """An editor completes it."""
    about = schema(ALL)["$defs"]["task"]["properties"]["uses"]
    assert name in about["enum"]
    assert f"{' and '.join(arguments_of(ALL[name]))} for {name}" in about["description"]


@pytest.mark.parametrize("name", USED)
def test_the_schema_and_the_loader_agree(name: str) -> None:
    """On a right use, a reference in place of each argument that can be worked out, and a name that it does not take."""
    validator = jsonschema.Draft202012Validator(schema(ALL))
    given = {argument: FITTING[argument] for argument in ALL[name].required}
    worked_out = [word for word in arguments_of(ALL[name]) if not ALL[name].step or word == "value"]
    late = {**given, **dict.fromkeys(worked_out, "${{ inputs.x }}")}
    for arguments, right in ((given, True), (late, True), ({**given, "wrong": 1}, False)):
        task = {"uses": name, "with": arguments}
        document = {"stratix": 1, "flow": "f", "inputs": {"x": {"type": "any"}}, "tasks": {**OTHER, "n": task}}
        assert validator.is_valid(document) == right
        assert (errors(read(json.dumps(document), executors=ALL)[1]) == []) == right


@pytest.mark.parametrize("name", [name for name in USED if ALL[name].waits is None and not ALL[name].step])
def test_a_late_argument_is_told_once(engine: Engine, name: str) -> None:
    """One that is known when the node starts, and wrong, fails the node, is named, and is not tried again."""
    one = ALL[name]
    word = min(one.required - ANYTHING)
    given: dict[str, Any] = {argument: FITTING[argument] for argument in one.required}
    odd = {"uses": name, "with": {**given, word: "${{ inputs.x }}"}, "retry": 3}
    late = Flow.from_yaml(
        json.dumps({"stratix": 1, "flow": "f", "inputs": {"x": {"type": "any"}}, "tasks": {"n": odd}}), executors=OURS
    )
    run = engine.start(late, {"x": None})
    assert run.wait(LONG) == "failed"
    assert f"'{name}' can't start: {word}" in str(run.error)
    assert list(run.tasks()["attempts"]) == [1]


def test_every_way_to_wait_is_ended_by_a_request_or_by_its_time() -> None:
    """And has one executor; what is recorded of it says all that views show."""
    waits = {one.waits.name: one for one in ALL.values() if one.waits is not None}
    assert waits.keys() == KINDS.keys()
    for kind in KINDS.values():
        assert kind.ended_by in ("", *NODE_VERBS, *RUN_VERBS)
        record = wait_for(kind, FITTING, 10.0, 100.0)
        told = {"told": kind.told.format_map(record), "asked": kind.asked.format_map(record)}
        assert told["told"] and bool(told["asked"]) == bool(kind.ended_by)
        assert record["due"] == (110.0 if kind.ended_by else 100.001)


def test_runners_that_a_node_can_ask_for_run_something() -> None:
    """What stands in place of a runner can't be asked for, in Python or in YAML."""
    assert set(NAMED_RUNNERS) == {name for name, traits in RUNNERS.items() if not (traits.bodiless or traits.placeless)}
    text = "stratix: 1\nflow: f\ntasks:\n  n: {{call: 'm:f', runner: {}}}\n"
    for name in RUNNERS:
        problems = read(text.format(name))[1]
        assert bool(problems) == (name not in NAMED_RUNNERS)
        if name not in NAMED_RUNNERS:
            with pytest.raises(FlowError, match="there are thread"):
                task(runner=name)(lambda text: text)


def test_no_word_of_an_entry_is_an_option_of_fan_outs() -> None:
    """`max` and `key` mean the fan-out's in `.options`, whatever is mapped."""
    assert not any(one.refusal(option) for one in ALL.values() for option in MAP)


# ---------------------------------------------------------------------- one with a body, from end to end


@flow
def speaks() -> Any:
    loud = uses("text.shout").options(name="loud", retry=1)("a", times=2)
    return [uses("text.whisper")(loud), uses("text.which_process")(loud)]


def test_an_executor_with_a_body_runs_like_a_task(engine: Engine) -> None:
    """Plain, as a coroutine and in a process of its own; with positional and named arguments."""
    assert speaks.validate() == []
    low, process = engine.start(speaks, {}).result(LONG)
    assert low == "aa"
    assert process != os.getpid()


def test_it_is_mapped_shown_written_and_read(engine: Engine) -> None:
    """As a node of its executor's name, which a document gives back."""

    @flow
    def many() -> Any:
        return uses("text.shout").map(each(["a", "b"]))

    assert engine.start(many, {}).result(LONG) == ["A", "B"]
    again = Flow.from_yaml(speaks.to_yaml(), executors=OURS)
    assert again.spec == speaks.spec
    assert again.validate() == []
    shown = {one["name"]: one for one in flow_source(again, {}).outline()["nodes"]}
    assert (shown["loud"]["call"], shown["loud"]["wait"]) == ("text.shout", "")
    assert ("runner", "process") in shown["which_process"]["config"]
    assert ("runner", "async") in shown["whisper"]["config"]


def test_a_fork_runs_it_again(engine: Engine) -> None:
    """It needs no function of the user's here."""
    run = engine.start(speaks, {})
    first = run.result(LONG)
    assert run.fork(from_="whisper").result(LONG)[0] == first[0]
