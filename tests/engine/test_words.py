"""The words of the language: each says in Python and in YAML the same, and does what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gated import LONG, gate, gates, until

from stratix_tasks import (
    Engine,
    Flow,
    FlowError,
    Settled,
    TaskFailed,
    always,
    approval,
    count,
    current,
    each,
    expr,
    failed,
    first_of,
    flatten,
    flow,
    n_of,
    otherwise,
    product,
    repeat,
    status,
    switch,
    task,
    uses,
    when,
)

said: list[Any] = []


class Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


@task
def number(x: int) -> int:
    return x


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def lists() -> list[list[int]]:
    return [[1, 2], [], [3]]


@task
def refuses(x: int) -> int:
    if x < 0:
        raise Refused(-x)
    return x


@task
def pair(a: int | None, b: int = 9) -> list[Any]:
    return [a, b]


@task
def tells(*what: Any) -> list[Any]:
    said.append([*what])
    return [*what]


@task
def step(n: int, by: int = 1) -> int:
    return n + by


@task
def tries(x: int) -> int:
    said.append(x)
    raise Refused(429 if len(said) < 3 else 500)


@flow
def squared(x: int, by: int = 1) -> Any:
    return number(step(refuses(x), by))


@task
def files() -> list[dict[str, Any]]:
    return [{"name": "a", "size": 1}, {"name": "b", "size": 2}]


@task
def said_of(text: str, n: int = 0, more: Any = None) -> str:
    return f"{text}{n}{more or ''}"


@task
def grown(text: str, n: int) -> str:
    if n == 1:
        current().spawn({"name": "c", "size": 3})
    return f"{text}{n}"


@flow
def sized(text: str, n: int) -> Any:
    return said_of(text, number(n))


@flow
def paired(a: int, b: int = 9) -> Any:
    return pair(a, b)


@flow
def down(n: int) -> Any:
    left = step(n, -1)
    with when(left > 0):
        rest = down(left)
    return first_of(rest, left)


def joined(kind: Any, first: int) -> Any:
    return pair.options(join=kind)(refuses(first), number(2))


def handled(x: int) -> Any:
    a = refuses(x)
    with failed(a) as error:
        y = tells(error.status, error["type"], error.node, error.nothing)
    return first_of(a, y)


def handled_fan_out(xs: list[int]) -> Any:
    a = refuses.map(each(xs))
    with failed(a) as error:
        y = tells(error.code, error["items"])
    return first_of(a, y)


def asked(x: int) -> Any:
    a = refuses(x)
    with when(status(a) == "failed"):
        bad = number(1)
    with otherwise():
        good = number(2)
    return first_of(bad, good)


def ended(x: int) -> Any:
    a = refuses(x)
    with always() as scope:
        tells(scope.status, a)
    return a


def worth(x: int) -> Any:
    a = tries.options(retry={"max": 9, "delay": 0.001, "when": lambda e: e.status == 429})(x)
    return first_of(a, "given up")


def ways(kind: str) -> Any:
    return switch(kind, {"a": lambda: number(1), "b": lambda: number(2)}, default=lambda: number(3))


CASES: dict[str, tuple[Callable[..., Any], dict[str, Any], Any]] = {
    "map a flow": (lambda n: squared.map(each(numbers(n)), by=10), {"n": 3}, [10, 11, 12]),
    "so many of a mapped flow": (lambda: squared.options(gather=n_of(1)).map(each([-1, 5, -2])), {}, [6]),
    "where of a mapped flow": (lambda: squared.options(where=lambda x: x > 1, max=1).map(each([1, 2])), {}, [3]),
    "two of a mapped flow at a time": (lambda: squared.options(max=2, key="k{x}").map(each([1, 2, 3])), {}, [2, 3, 4]),
    "a flow goes on without": (lambda x: _goes_on(x), {"x": 1}, [1, 9]),
    "map a flow within another": (lambda: fans.map(each(numbers(3))), {}, [[], [0], [0, 1]]),
    "parts of what is mapped": (lambda: _parts(said_of, key="{item[name]}"), {}, ["a1['a']", "b2['b']"]),
    "parts in a process": (lambda: _parts(said_of, runner="process"), {}, ["a1['a']", "b2['b']"]),
    "parts and the whole": (lambda: said_of.map(one := each(["xy", "z"]), more=one[0]), {}, ["xy0x", "z0z"]),
    "an element among others": (lambda: said_of.map("a", more=[each([1, 2]), 3]), {}, ["a0[1, 3]", "a0[2, 3]"]),
    "parts of a mapped flow": (lambda: sized.map((one := each(files()))["name"], one["size"]), {}, ["a1", "b2"]),
    "parts of what is spawned": (
        lambda: grown.map((one := each(files()))["name"], one["size"]),
        {},
        ["a1", "b2", "c3"],
    ),
    "parts of a product": (lambda: _crossed(*product(files(), [3, 4])), {}, ["a3", "a4", "b3", "b4"]),
    "parts that an executor takes": (lambda: _printed(each(files())), {}, ["a", "b"]),
    "first that completed": (lambda: joined("first_success", -1), {}, [None, 2]),
    "settled": (lambda: joined("settled", -1), {}, [None, 2]),
    "all": (lambda: joined("all", 1), {}, [1, 2]),
    "so many of them": (lambda: joined(n_of(1), -1), {}, [None, 2]),
    "a share of them": (lambda: joined(n_of("50%"), -1), {}, [None, 2]),
    "default in place": (lambda: pair.options(join="settled")(number(1), refuses(-1)), {}, [1, 9]),
    "gather so many": (lambda: refuses.options(gather=n_of(1)).map(each([-1, 5, -2])), {}, [5]),
    "gather a share": (lambda: refuses.options(gather=n_of("30%")).map(each([-1, 5, -2])), {}, [5]),
    "caught": (handled, {"x": -4}, [4, "Refused", "refuses", None]),
    "nothing caught": (handled, {"x": 4}, 4),
    "items caught": (lambda: handled_fan_out(numbers(3)), {}, [0, 1, 2]),
    "status bad": (asked, {"x": -1}, 1),
    "status good": (asked, {"x": 1}, 2),
    "plain value": (worth, {"x": 0}, "given up"),
    "flat": (lambda: step.map(each(flatten(lists()))), {}, [2, 3, 4]),
    "counted": (lambda n: step.map(each(count(number(n)))), {"n": 3}, [1, 2, 3]),
    "where": (lambda: step.options(where=lambda n: n > 1).map(each(numbers(4))), {}, [3, 4]),
    "where of a flow": (lambda: number.options(where="x != 0").map(each([0, 1])), {}, [1]),
    "repeat a task": (lambda: repeat(step, 0, until=lambda n: n >= 5, by=2), {}, 6),
    "repeat a flow": (lambda: repeat(squared, 0, until="output > 3", max=9), {}, 4),
    "repeat so often": (lambda: repeat(step, 0, max=4), {}, 4),
    "take what there is": (lambda: repeat(step, 0, until="output > 99", max=3, on_max="take"), {}, 3),
    "carry another": (lambda: repeat(pair, 1, carry="b", max=2, b=5), {}, [1, [1, 5]]),
    "recursion": (lambda n: down(n), {"n": 5}, 0),
    "first of what ran, else an input": (lambda x: _else_the_input(x), {"x": {"n": 1}}, 1),
    "first of what ran before an input": (lambda x: _else_the_input(x), {"x": {"n": 2}}, 9),
    "map behind a map": (lambda: step.map(each(number.map(each([1, 2, 3])))), {}, [2, 3, 4]),
    "map behind a whole map": (lambda: step.options(barrier=True).map(each(number.map(each([1])))), {}, [2]),
    "first way": (ways, {"kind": "a"}, 1),
    "second way": (ways, {"kind": "b"}, 2),
    "other way": (ways, {"kind": "x"}, 3),
}


@flow
def fans(n: int) -> Any:
    return number.map(each(count(n)))


def defined(name: str, body: Callable[..., Any], inputs: dict[str, Any]) -> Any:
    scope: dict[str, Any] = {"body": body}
    typed = ", ".join(f"{word}: {type(value).__name__}" for word, value in inputs.items())
    exec(f"def words({typed}): return body({', '.join(inputs)})", scope)
    return flow(name="words")(scope["words"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("door", ["python", "yaml"])
def test_a_word_does_what_it_says(engine: Engine, name: str, door: str) -> None:
    """The document that is written of it does the same, and is written as the same again."""
    said.clear()
    body, inputs, wanted = CASES[name]
    made = defined(name, body, inputs)
    if door == "yaml":
        text = made.to_yaml()
        made = Flow.from_yaml(text)
        assert made.to_yaml() == text
    run = engine.start(made, inputs)
    assert run.result(LONG) == wanted
    assert run.status == "completed"


@pytest.mark.parametrize(("x", "told"), [(1, ["completed", 1]), (-1, None)])
def test_what_always_runs_sees_what_the_flow_came_to(engine: Engine, x: int, told: Any) -> None:
    """What takes a value that is not there is skipped, for it has no default; the run ends as it would have."""
    said.clear()
    run = engine.start(defined("ended", ended, {"x": x}), {"x": x})
    assert run.wait(LONG) == ("failed" if x < 0 else "completed")
    assert said == ([] if told is None else [told])
    assert {row["name"]: row["state"] for row in run.progress()}["tells"] == ("skipped" if x < 0 else "completed")


def test_a_failure_that_nothing_took_up_is_the_runs(engine: Engine) -> None:
    """Also beside one that was handled; the error names that one."""

    @flow
    def two() -> Any:
        a, b = refuses.options(name="a")(-1), refuses.options(name="b")(-2)
        with failed(a) as error:
            tells(error.status)
        return b

    with pytest.raises(TaskFailed, match="'b' failed"):
        engine.start(two).result(LONG)


def test_a_settled_fan_out_tells_of_every_item(engine: Engine) -> None:
    """With key, status, value and error."""

    @flow
    def all_of() -> Any:
        return refuses.options(gather="settled", key="k{x}").map(each([1, -7]))

    good, bad = engine.start(all_of).result(LONG)
    assert good == Settled("k1", "completed", 1, None)
    assert (bad.key, bad.status, bad.value, bad.error["attributes"]) == ("k-7", "failed", None, {"status": 7})


def test_an_end_hears_of_no_error_that_others_took_up(engine: Engine) -> None:
    """What it hears of is why its flow ended badly; this one did not."""
    said.clear()

    def recovered(x: int) -> Any:
        a = refuses(x)
        with failed(a):
            y = number(7)
        with always() as scope:
            tells(scope.status, scope.error)
        return first_of(a, y)

    run = engine.start(defined("recovered", recovered, {"x": -1}), {"x": -1})
    assert run.result(LONG) == 7
    assert said == [["completed", None]]


@pytest.mark.parametrize(
    ("gather", "wanted"),
    [
        ("all", [3]),
        ("first_success", [3]),
        ("settled", [Settled("0", "skipped", None, None), Settled("1", "completed", 3, None)]),
    ],
)
def test_an_item_of_a_mapped_flow_that_was_refused_yields_nothing(engine: Engine, gather: str, wanted: Any) -> None:
    """Of the flow nothing runs for it, and it is no success."""
    document = f"""
        stratix: 1
        flow: refused
        flows:
          one:
            inputs: {{x: {{type: int}}}}
            tasks: {{step: {{call: "{__name__}:step", with: {{n: "${{{{ inputs.x }}}}"}}}}}}
            output: "${{{{ tasks.step.output }}}}"
        tasks:
          m: {{flow: one, each: {{as: x, in: [0, 2], where: x > 0, gather: {gather}}}}}
        output: "${{{{ tasks.m.output }}}}"
    """
    made = Flow.from_yaml(document, allow=[__name__])
    assert engine.start(made).result(LONG) == wanted


def test_too_few_fails(engine: Engine) -> None:
    """Of a gather, of a join, and of one over nothing. The error tells of what failed, and where nothing did why there are too few."""

    @flow
    def of_items() -> Any:
        return refuses.options(gather=n_of(2)).map(each([-1, 5]))

    @flow
    def of_nothing() -> Any:
        return refuses.options(gather="any").map(each(numbers(0)))

    @flow
    def of_skipped(n: int) -> Any:
        with when(n > 3):
            one, other = number(1), number(2)
        return said_of.options(name="needs", join="first_success")("x", more=[one, other])

    @flow
    def caught() -> Any:
        made = refuses.options(gather="any").map(each(numbers(0)))
        with failed(made) as error:
            why = said_of(error["code"], 1)
        return first_of(made, why)

    told = {
        of_items: "node 'refuses[0]' failed",
        of_nothing: "asks for 1 of its items, and no more than 0 can complete",
    }
    for made, words in told.items():
        run = engine.start(made)
        assert run.wait(LONG) == "failed"
        assert words in str(run.error)
    run = engine.start(of_skipped, {"n": 1})
    assert run.wait(LONG) == "failed"
    assert "too few of what node 'needs' needs completed" in str(run.error)
    assert (
        run.why("needs") == "'needs' can't run: too few of the 2 that it needs completed, 'number', 'number_2' did not."
    )
    assert engine.start(caught).result(LONG) == "too-few1"


def _parts(shows: Any, **options: Any) -> Any:
    one = each(files())
    return shows.options(**options).map(one["name"], one["size"], more=[one["name"]])


def _crossed(one: Any, n: int) -> Any:
    return said_of.map(one["name"], n)


def _printed(one: Any) -> Any:
    printed = uses("shell.run").options(name="prints").map(command=["printf", "%s", one["name"]])
    return [printed[0]["stdout"], printed[1]["stdout"]]


def _else_the_input(x: Any) -> Any:
    with when(x["n"] > 1):
        large = number(9)
    return first_of(large, x["n"])


def _goes_on(x: Any) -> Any:
    with when(x > 1):
        skipped = number(x)
    return paired.options(join="settled")(number(x), skipped)


def test_more_items_than_can_be_fail_their_node(engine: Engine) -> None:
    """However they come: the run is not held up, and no memory is taken."""

    @flow
    def too_many(n: int) -> Any:
        return number.map(each(count(n)))

    @flow
    def crossed(n: int) -> Any:
        return pair.map(*product(numbers(n), numbers(n)))

    for made, n in ((too_many, 10**12), (too_many, 10**30), (crossed, 3000)):
        run = engine.start(made, {"n": n})
        assert run.wait(LONG) == "failed"
        assert "at most 5000000" in str(run.error)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "losers of all": (lambda: pair.options(losers="keep")(number(1), number(2)), "no-effect"),
    "join of nothing": (lambda: number.options(join="any")(1), "no-effect"),
    "more than there are": (lambda: pair.options(join=n_of(3))(number(1), number(2)), "impossible-join"),
    "max of a loop": (lambda: repeat(number.options(max=2), 1, max=2), "bad-option"),
    "value and catch": (lambda: _value_and_catch(), "impossible"),
    "where of nothing": (lambda: number.options(where="1 > 0").map(each([1])), "no-effect"),
    "until of nothing": (lambda: repeat(step, 0, until="1 > 0"), "no-effect"),
    "within without until": (lambda: repeat(step, 0, within="1s"), "no-effect"),
    "counts back": (lambda: number.map(each(count(-1))), "bad-each"),
    "counts for ever": (lambda: number.map(each(count(10**12))), "bad-each"),
    "crosses too many": (lambda: pair.map(*product(count(10**4), count(10**4))), "bad-each"),
    "one is longer": (lambda: pair.map(each([1, 2]), each([1])), "bad-each"),
    "retry asks another": (lambda: number.options(retry={"max": 1, "when": "inputs.x > 1"})(1), "unknown-name"),
    "behind the end": (lambda: _behind_the_end(), "needs-finally"),
}


def _value_and_catch() -> Any:
    a = number(1)
    with failed(a):
        return number(a)


def _behind_the_end() -> Any:
    with always():
        a = number(1)
    return step(a)


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_do_nothing_is_a_problem(engine: Engine, name: str) -> None:
    """Told before anything runs."""
    body, code = REFUSED[name]
    made = defined(name, body, {})
    assert code in {problem.code for problem in made.validate()}
    with pytest.raises(FlowError):
        engine.start(made)


def test_an_inner_node_of_a_mapped_flow_is_told_apart(engine: Engine) -> None:
    """In the history by its scope, and by its label where it is named: retried alone, the run goes on."""

    @flow
    def over() -> Any:
        return squared.map(each([1, -1]))

    run = engine.start(over)
    assert run.wait(LONG) == "failed"
    rows = run.tasks()
    bad = rows[(rows["node"] == "squared.refuses") & (rows["state"] == "failed")]
    assert (bad["scope"].tolist(), bad["item"].tolist()) == (["squared[1]"], [1])
    assert "squared[1].refuses" in str(run.error)
    run.skip("squared[1].refuses", value=5)
    assert run.result(LONG) == [2, 6]


def takes_back(value: int, n: int) -> None:
    said.append(("back", n, value))


@task(undo=takes_back)
def does(n: int) -> int:
    return n * 10


@pytest.mark.parametrize("door", ["python", "yaml"])
def test_what_was_done_is_taken_back_in_reverse(engine: Engine, door: str) -> None:
    """When the flow ends failed, with the arguments and the value of each; and not when it completed."""
    said.clear()

    def saga(last: int) -> Any:
        first = does(1)
        second = does(first)
        return refuses.options(after=[second])(last)

    made = defined("saga", saga, {"last": 1})
    if door == "yaml":
        made = Flow.from_yaml(made.to_yaml(), allow=[__name__])
    assert engine.start(made, {"last": -1}).wait(LONG) == "failed"
    assert said == [("back", 10, 100), ("back", 1, 10)]
    said.clear()
    assert engine.start(made, {"last": 1}).wait(LONG) == "completed"
    assert said == []


def test_what_is_rejected_fails_and_can_be_caught(engine: Engine) -> None:
    """Its error says who said no, and why."""

    @flow
    def asks() -> Any:
        ok = approval("Ship it?")
        with failed(ok) as error:
            no = tells(error.code, error.by, error.note)
        return first_of(no, ok)

    run = engine.start(asks)
    until(run, lambda: run.progress()[0]["state"] == "waiting")
    run.reject("approval", by="ann", note="not today")
    assert run.result(LONG) == ["rejected", "ann", "not today"]


def test_why_tells_what_failed_in_a_group_and_whose_failure_is_not_the_runs(engine: Engine) -> None:
    """The group by its node; of what was handled, that others went on without it, for as long as that is so."""

    @flow
    def handles() -> Any:
        done = squared(-4)
        with failed(done) as error:
            asked = approval(expr("Go on after ${{ error.message }}?"))
        return first_of(done, asked)

    run = engine.start(handles)
    until(run, lambda: run.progress()[1]["state"] == "waiting")
    inner = "'squared.refuses' failed: Refused: status 4."
    assert (run.why("squared"), run.why("squared.refuses")) == (f"'squared' failed. {inner}", inner)
    assert [row["name"] for row in run.progress() if row["absorbed"]] == []
    run.approve("approval")
    assert run.wait(LONG) == "completed"
    went_on = "What needed it went on without it, so that it is not the run's."
    said = f"{inner} {went_on}"
    assert (run.why("squared"), run.why("squared.refuses")) == (f"'squared' failed. {said}", said)
    assert {"squared", "squared.refuses"} < {row["name"] for row in run.progress() if row["absorbed"]}


def test_a_part_of_what_is_mapped_stands_with_that_alone(engine: Engine) -> None:
    """In the arguments of the fan-out that maps it; a document tells what it knows."""

    @flow
    def elsewhere() -> Any:
        return said_of(each(files())["name"])

    with pytest.raises(FlowError, match="stands in the arguments of the"):
        engine.start(elsewhere)
    text = "stratix: 1\nflow: f\ntasks: {a: {call: m:f, each: {as: x, in: [1]}, with: {y: '${{ z.name }}'}}}"
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text)
    assert "an expression knows no 'z'" in str(caught.value)


def test_what_is_mapped_is_set_for_an_item(engine: Engine) -> None:
    """Its parts are those of what is given; an argument that is given stands for itself."""

    @flow
    def sets() -> Any:
        one = each([{"name": "first"}, {"name": "b"}, {"name": "c"}])
        return gate.options(max=1, name="says").map(one["name"])

    run = engine.start(sets)
    gates.arrive("first")
    run.pause("says", drain=True)
    run.set("says[1]", args={"item": {"name": "x"}})
    run.set("says[2]", args={"name": "y"})
    for name in ("first", "x", "y"):
        gates.let(name)
    run.resume("says")
    assert run.result(LONG) == ["first", "x", "y"]


def test_parts_of_what_is_mapped_are_there_after_a_recovery(tmp_path: Path) -> None:
    """For the items that had not begun, and in a fork that runs them again."""

    @flow
    def mapped_parts() -> Any:
        one = each([{"name": "begun"}, {"name": "left"}])
        return gate.options(max=1, name="says").map(one["name"])

    with Engine(tmp_path / "store") as first:
        first.start(mapped_parts)
        gates.arrive("begun")
        first.close()
    for name in ("begun", "left"):
        gates.let(name)
    with Engine(tmp_path / "store") as second:
        (run,) = second.recover()
        assert run.result(LONG) == ["begun", "left"]
        assert run.fork("says").result(LONG) == ["begun", "left"]
