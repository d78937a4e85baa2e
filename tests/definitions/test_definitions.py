"""Definitions of other engines, each said in a document and in Python: both come to the same, node by node.

What each does was taken from its original; words and names are our own. docs/definitions.md has their lines.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from definition_server import Served, served

from stratix_tasks import Engine, Flow, InputError, Run, TransitionError, load_flow
from stratix_tasks.formats.yaml_schema import schema
from stratix_tasks.spec.problems import errors
from stratix_tasks.store.analytics import History

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LONG = 60.0


class Plain(yaml.SafeLoader):
    """Dates are texts."""

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in forms if not tag.endswith("timestamp")]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


EDITOR = jsonschema.Draft202012Validator(schema())
GOOD, BAD, BEHIND, SKIPPED, STOPPED = "completed", "failed", "upstream_failed", "skipped", "cancelled"
GIVEN = {
    "text": "a",
    "choice": "other",
    "number": 3,
    "amount": 1.5,
    "moment": "2024-05-06T07:08:00Z",
    "file": "a/b",
    "key": "BOX",
    "numbers": [1, 2],
}
DOCUMENT = {"property": "something", "list": [{"key": "a", "value": 1}, {"key": "b", "value": 2}]}


@dataclass(frozen=True)
class Case:
    """What a definition comes to. In its inputs `{folder}` is one of the test's own, `{url}` its web server, which `heard`
    what is told here.
    """

    definition: str
    inputs: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    status: str = GOOD
    nodes: dict[str, str] = field(default_factory=dict)
    absorbed: frozenset[str] = frozenset()
    heard: tuple[str, ...] = ()
    answer: dict[str, Any] = field(default_factory=dict)
    """What is answered to its node `pause`, once that asks."""

    def __str__(self) -> str:
        return f"{self.definition}({','.join(map(str, [*self.inputs.values()][:3]))})"


CASES = [
    Case("argo_map_reduce", result=20, nodes={"cut": GOOD, "double": GOOD, "total": GOOD}),
    Case("argo_map_reduce", {"parts": 1}, 2, nodes={"cut": GOOD, "double": GOOD, "total": GOOD}),
    Case("argo_retry_backoff", {"folder": "{folder}"}, "3", nodes={"luck": GOOD}),
    Case(
        "argo_retry_conditional",
        {"folder": "{folder}", "codes": "2 2 0"},
        0,
        nodes={"may_again": GOOD, "try_it": GOOD},
    ),
    Case(
        "argo_retry_conditional",
        {"folder": "{folder}", "codes": "2 1 0"},
        status=BAD,
        nodes={"may_again": GOOD, "try_it": BAD},
    ),
    Case(
        "argo_loops_sequence",
        result=[
            ["0", "1", "2", "3", "4"],
            ["100", "101", "102", "103", "104", "105"],
            ["200", "201", "202"],
            ["5", "4", "3", "2", "1", "0"],
            ["user00", "user01", "user02", "user03", "user04"],
        ],
        nodes=dict.fromkeys(("counted", "between", "as_many", "down", "named"), GOOD),
    ),
    Case(
        "argo_dag_enhanced_depends",
        nodes={
            "top": GOOD,
            "good": GOOD,
            "bad": BAD,
            "however_it_ended": GOOD,
            "one_will_do": GOOD,
            "needs_both": BEHIND,
            "last": GOOD,
        },
        absorbed=frozenset(("bad", "needs_both")),
    ),
    Case(
        "argo_status_reference",
        result="it did not go well",
        nodes={"flaky": BAD, "bad": GOOD, "good": SKIPPED},
        absorbed=frozenset(("flaky",)),
    ),
    Case(
        "argo_coinflip_recursive", {"seed": 0}, "heads at last", nodes={"toss": GOOD, "heads": SKIPPED, "again": GOOD}
    ),
    Case(
        "argo_coinflip_recursive", {"seed": 2}, "heads at last", nodes={"toss": GOOD, "heads": GOOD, "again": SKIPPED}
    ),
    Case("argo_exit_handlers", {"code": "0"}, 0, nodes={"work": GOOD, "letter": GOOD, "glad": GOOD, "sad": SKIPPED}),
    Case(
        "argo_exit_handlers",
        {"code": "1"},
        status=BAD,
        nodes={"work": BAD, "letter": GOOD, "glad": SKIPPED, "sad": GOOD},
    ),
    Case(
        "argo_exit_handler_dag_level",
        result=["A", "B", "C", "D"],
        nodes={
            **dict.fromkeys("abcd", GOOD),
            **{f"{step}.{node}": GOOD for step in "abcd" for node in ("say", "clean")},
        },
    ),
    Case(
        "argo_parameter_aggregation_dag",
        result=["1 odd, 2 even, 3 odd, 4 even", ["1", "2"]],
        nodes=dict.fromkeys(("sorts", "all_of_them", "halves", "each_half"), GOOD),
    ),
    Case("argo_dag_targets", nodes={"a": GOOD, "b": SKIPPED, "c": GOOD, "d": SKIPPED, "e": GOOD}),
    Case(
        "argo_dag_targets",
        {"targets": ["B", "E"]},
        nodes={"a": GOOD, "b": GOOD, "c": GOOD, "d": SKIPPED, "e": GOOD},
    ),
    Case(
        "argo_skipped_output_defaults",
        result=["from the output", "from the default", "from the document"],
        nodes={"source": SKIPPED, "by_its_default": GOOD, "by_its_input": GOOD},
    ),
    Case(
        "argo_skipped_output_defaults",
        {"wanted": True},
        ["from the source"] * 3,
        nodes=dict.fromkeys(("source", "by_its_default", "by_its_input"), GOOD),
    ),
    Case("argo_synchronization_tmpl_level", result=["done"] * 5, nodes={"hold": GOOD}),
    Case(
        "kestra_inputs",
        GIVEN,
        ["a", None, 3, 1.5, datetime(2024, 5, 6, 7, 8, tzinfo=UTC), Path("a/b"), 6, [1, 2], None, DOCUMENT],
        nodes=dict.fromkeys(
            ("text", "maybe", "number", "amount", "moment", "file", "key", "numbers", "data", "data_again", "document"),
            GOOD,
        ),
    ),
    Case(
        "kestra_each_switch",
        result=["begins", ["it is a", ["b", "b 2"]], "ends"],
        nodes={"begin": GOOD, "letters": GOOD, "end": GOOD},
    ),
    Case("kestra_waitfor_max_duration", status=BAD, nodes={"look": BAD}),
    Case(
        "kestra_restart_local_errors",
        status=BAD,
        nodes={"before": GOOD, "part": BAD, "part.near": GOOD, "part.stop": BAD, "handler": GOOD, "after": BEHIND},
    ),
    Case(
        "kestra_pause_on_resume",
        result={"asked": "yes", "data": None},
        nodes={"pause": GOOD, "last": GOOD},
        answer={"asked": "yes"},
    ),
    Case("conductor_do_while", {"rounds": 1}, {"round": 1, "of": 1}, nodes={"again": GOOD}),
    Case("conductor_do_while", {"rounds": 3}, {"round": 3, "of": 3}, nodes={"again": GOOD}),
    Case(
        "conductor_exclusive_join",
        {"payload": "x", "right": True, "deep": True},
        "3 2 1 x",
        nodes={"one": GOOD, "two": GOOD, "three": GOOD, "four": SKIPPED, "five": SKIPPED},
    ),
    Case(
        "conductor_exclusive_join",
        {"payload": "x", "right": False, "deep": False},
        "4 1 x",
        nodes={"one": GOOD, "two": SKIPPED, "three": SKIPPED, "four": GOOD, "five": SKIPPED},
    ),
    Case(
        "conductor_saga_order_fulfillment",
        {"url": "{url}", "order": "7", "amount": 9.5},
        ["/stock", "/money"],
        nodes={"reserve": GOOD, "charge": GOOD, "ship": GOOD},
        heard=("POST /stock", "POST /money", "POST /status/200"),
    ),
    Case(
        "conductor_saga_order_fulfillment",
        {"url": "{url}", "order": "7", "amount": 9.5, "shipment": 503},
        status=BAD,
        nodes={"reserve": GOOD, "charge": GOOD, "ship": BAD},
        heard=("POST /stock", "POST /money", "POST /status/503", "POST /money/back", "POST /stock/back"),
    ),
    Case(
        "conductor_fork_join_sync_optional_fail",
        {"broken": "extra"},
        ["needed is done", None],
        nodes={"needed": GOOD, "extra": BAD, "meet": GOOD, "after": GOOD},
        absorbed=frozenset(("extra",)),
    ),
    Case(
        "conductor_fork_join_sync_optional_fail",
        {"broken": "needed"},
        status=BAD,
        nodes={"needed": BAD, "extra": GOOD, "meet": BEHIND, "after": BEHIND},
    ),
    Case(
        "serverless_try_catch_then",
        {"url": "{url}", "pet": "rex"},
        200,
        nodes={"look": GOOD, "tell": SKIPPED, "buy": GOOD},
        heard=("GET /pet/rex", "PUT /pet/rex"),
    ),
    Case(
        "serverless_try_catch_then",
        {"url": "{url}", "pet": "nobody"},
        200,
        nodes={"look": BAD, "tell": GOOD, "buy": BEHIND},
        absorbed=frozenset(("look", "buy")),
        heard=("GET /pet/nobody", "POST /events"),
    ),
    Case(
        "serverless_try_catch_then",
        {"url": "{url}", "pet": "broken"},
        status=BAD,
        nodes={"look": BAD, "tell": SKIPPED, "buy": BEHIND},
        heard=("GET /pet/broken",),
    ),
    Case(
        "serverless_try_catch_retry_reusable",
        {"url": "{url}", "pet": "busy"},
        "/pet/busy",
        nodes={"look": GOOD},
        heard=("GET /pet/busy",) * 3,
    ),
    Case(
        "serverless_try_catch_retry_reusable",
        {"url": "{url}", "pet": "nobody"},
        status=BAD,
        nodes={"look": BAD},
        heard=("GET /pet/nobody",),
    ),
    Case(
        "serverless_fork",
        {"url": "{url}", "alarm": {"patient": "ann", "room": "7"}},
        ["/nurses", None],
        nodes={"nurse": GOOD, "doctor": STOPPED, "comes": GOOD},
        absorbed=frozenset(("doctor",)),
    ),
]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """With the pool that other runs take places of, too, and a secret."""
    with Engine(tmp_path / "store", pools={"machines": 3}, secrets={"BOX": "sesame"}) as made:
        yield made


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        yield made


def asks(run: Run) -> bool:
    """Whether its node `pause` does."""
    return any((row["name"], row["state"]) == ("pause", "waiting") for row in run.progress())


def definition(name: str, door: str) -> Flow[..., Any]:
    """It, as its document says it or as Python does."""
    read = load_flow(HERE / f"{name}.yaml", allow=[name, "definition_workers"])
    return read if door == "yaml" else getattr(import_module(name), read.name)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("door", ["yaml", "python"])
def test_a_definition_comes_to_what_its_original_does(
    engine: Engine, server: Served, tmp_path: Path, case: Case, door: str
) -> None:
    """Nothing is wrong with it; its value, how it ends, how each of its nodes does, and what the web hears of it."""
    made = definition(case.definition, door)
    places = {"{folder}": str(tmp_path), "{url}": server.url}
    inputs = {name: places.get(value, value) if type(value) is str else value for name, value in case.inputs.items()}
    run = engine.start(made, inputs)
    if case.answer:
        while not asks(run):
            assert run.wait(0.01) == "running"
        run.answer("pause", **case.answer)
    assert run.wait(LONG) == case.status
    if case.status == GOOD:
        assert run.result() == case.result
    rows = run.progress()
    assert {row["name"]: row["state"] for row in rows if row["name"] in case.nodes} == case.nodes
    assert {row["name"] for row in rows if row["absorbed"]} == case.absorbed
    if case.heard:
        assert tuple(server.heard) == case.heard


@pytest.mark.parametrize("door", ["yaml", "python"])
def test_no_more_are_under_way_than_the_pool_has_places(engine: Engine, door: str) -> None:
    """Of two runs together: when an attempt begins, at most two others have begun and not ended."""
    made = definition("argo_synchronization_tmpl_level", door)
    runs = [engine.start(made), engine.start(made)]
    assert [run.result(LONG) for run in runs] == [["done"] * 5] * 2
    rows = [row for run in runs for _, row in History(engine.store).attempts(run=run.id).iterrows()]
    spans = [(row["started"], row["ended"]) for row in rows if row["node"] == "hold"]
    assert len(spans) == 10
    assert max(sum(begun <= start < ended for begun, ended in spans) for start, _ in spans) == 3


@pytest.mark.parametrize("door", ["yaml", "python"])
def test_what_is_tried_again_is_handled_again(engine: Engine, door: str) -> None:
    """Of the restarted run only what failed is done again, and its handler hears of that failure, too."""
    run = engine.start(definition("kestra_restart_local_errors", door))
    assert run.wait(LONG) == "failed"
    with pytest.raises(TransitionError, match="'handler' has gone on"):
        run.retry()
    run.retry(redo=True)
    assert run.wait(LONG) == "failed"
    tried = {row["name"]: row["attempt"] for row in run.progress() if row["kind"] == "task"}
    assert tried == {"before": 1, "part.near": 1, "part.stop": 2, "handler": 2, "after": 0}


def test_none_is_longer_than_its_original() -> None:
    """Every definition is run here, and the page has their lines as they are; when they change it is made again: `python
    scripts/definitions.py`.
    """
    made = runpy.run_path(str(ROOT / "scripts" / "definitions.py"))
    assert (
        made["ORIGINALS"].keys() == {case.definition for case in CASES} == {path.stem for path in HERE.glob("*.yaml")}
    )
    longer = {
        name: made["counted"](name)
        for name, (_, theirs) in made["ORIGINALS"].items()
        if max(made["counted"](name)) > theirs
    }
    assert longer == {}
    assert (ROOT / "docs" / "definitions.md").read_text() == made["page"]()


@pytest.mark.parametrize("path", sorted(HERE.glob("*.yaml")), ids=lambda path: path.stem)
def test_an_editor_finds_nothing_wrong_with_a_document(path: Path) -> None:
    """It fits the JSON Schema that editors check by, and the flow has no problem; what is written of it is the same again."""
    assert [str(wrong) for wrong in EDITOR.iter_errors(yaml.load(path.read_text(), Plain))] == []
    made = load_flow(path, allow=[path.stem, "definition_workers"])
    assert [problem for problem in errors(made.validate()) if problem.code != "unknown-pool"] == []
    assert Flow.from_yaml(made.to_yaml(), allow=[path.stem, "definition_workers"]).spec == made.spec


REFUSED = {
    "choice": "neither",
    "link": "ftp://a",
    "nested": {"more": {"number": "many"}},
    "code": "B1",
    "size": 21,
    "in_2023": "2024-01-01",
    "moment_in_2023": "2022-12-31T23:59:59Z",
    "wait": "5s",
    "share": 0.6,
    "morning": "12:00:00",
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("door", ["yaml", "python"])
def test_an_input_out_of_its_limits_is_refused(engine: Engine, name: str, door: str) -> None:
    """Before anything runs, by its name."""
    with pytest.raises(InputError, match=name):
        engine.start(definition("kestra_inputs", door), {**GIVEN, name: REFUSED[name]})
