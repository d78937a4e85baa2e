"""Options of flows that are called in flows: they hold for the flow as a whole, for each item, for each round."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from gated import broken, works
from small_bodies import LONG, add, states

from stratix_tasks import Engine, Flow, FlowError, current, each, failed, first_of, flow, repeat, signal, task
from stratix_tasks.spec.problems import errors

TRIES: dict[str, int] = {}
ORDER: list[Any] = []
INSIDE: set[Any] = set()
MOST = [0]
_lock = threading.Lock()


@pytest.fixture(autouse=True)
def _anew() -> None:
    TRIES.clear()
    ORDER.clear()
    INSIDE.clear()
    MOST[0] = 0


@task
def shaky(name: str, good: int) -> int:
    """Comes off at the try number `good`."""
    with _lock:
        TRIES[name] = TRIES.get(name, 0) + 1
    if TRIES[name] < good:
        raise OSError("not yet")
    return TRIES[name]


@task
def sure(name: str) -> int:
    return shaky(f"{name}, too", 1)


@task
def fragile(name: str) -> str:
    shaky(name, 2)
    return name


@task
def enters(who: Any) -> Any:
    with _lock:
        assert not INSIDE, f"{who} came in while {INSIDE} was there"
        INSIDE.add(who)
        ORDER.append(who)
    return who


@task
def leaves(who: Any) -> Any:
    with _lock:
        INSIDE.discard(who)
    return who


@task
def counts(who: Any) -> Any:
    with _lock:
        INSIDE.add(who)
        MOST[0] = max(MOST[0], len(INSIDE))
    current().checkpoint()
    with _lock:
        INSIDE.discard(who)
    return who


@task
def stuck() -> None:
    ORDER.append("stuck")
    while True:
        current().checkpoint()


@task
def note(name: str) -> str:
    ORDER.append(name)
    return name


@flow
def region(who: int) -> Any:
    return leaves.options(pool="one")(enters(who))


@flow
def twice(name: str, good: int) -> Any:
    return add(shaky(name, good), sure(name))


@flow
def waits_for_ever() -> Any:
    return stuck()


@flow
def wide(n: int) -> Any:
    return counts.map(each([1, 2, 3, 4, 5, 6, 7, 8]))


AGAIN = {"max": 2, "delay": "1ms"}


def test_a_pool_is_taken_by_a_flow_as_one(engine: Engine) -> None:
    """From its first body to its end nobody else is in there; what lies in it takes no second place of the pool."""

    @flow(name="critical_regions", pools={"one": 1})
    def critical() -> Any:
        held = region.options(pool="one")
        return [held(1), held(2), held(3), held.map(each([4, 5, 6])), repeat(held, 7, max=2)]

    run = engine.start(critical)
    assert run.result(LONG) == [1, 2, 3, [4, 5, 6], 7]
    assert sorted(ORDER) == [1, 2, 3, 4, 5, 6, 7, 7]


def test_a_flow_that_failed_is_run_again(engine: Engine) -> None:
    """As a whole: also what had come off in it, with a budget of retries of its own in each try."""

    @flow(name="tried_again")
    def again() -> Any:
        return twice.options(retry=AGAIN)("a", 3)

    run = engine.start(again)
    assert run.result(LONG) == 3 + 3
    assert TRIES == {"a": 3, "a, too": 3}
    told = run.tasks().set_index("node")["state"].to_dict()
    assert told["twice"] == told["twice.shaky"] == "completed"


def test_it_fails_when_its_tries_are_used_up(engine: Engine) -> None:
    """And `on`, `when` tell of which failures it is tried again at all."""

    @flow(name="tried_in_vain")
    def in_vain() -> Any:
        some = twice.options(retry=AGAIN, name="some")("some", 9)
        others = twice.options(retry={**AGAIN, "on": [KeyError]}, name="others")("others", 9)
        asked = twice.options(retry={**AGAIN, "when": lambda e: e.message == "other"}, name="asked")("asked", 9)
        return [some, others, asked]

    run = engine.start(in_vain)
    run.wait(LONG)
    assert run.status == "failed"
    assert (TRIES["some"], TRIES["others"], TRIES["asked"]) == (3, 1, 1)


def test_its_members_have_their_budgets_in_each_try(engine: Engine) -> None:
    """A try of the flow starts them afresh."""

    @flow(name="inner_budgets_of")
    def inner(name: str) -> Any:
        return shaky.options(retry={"max": 1, "delay": "1ms"})(name, 4)

    @flow(name="budgets")
    def budgets() -> Any:
        return inner.options(retry={"max": 1, "delay": "1ms"})("deep")

    assert engine.start(budgets).result(LONG) == 4


def test_each_item_and_each_round_is_tried_by_itself(engine: Engine) -> None:
    """The others are not run again for one that failed."""

    @flow(name="items_tried")
    def items() -> Any:
        return twice.options(retry=AGAIN).map(each(["x", "y"]), good=2)

    assert engine.start(items).result(LONG) == [4, 4]
    assert TRIES == {"x": 2, "x, too": 2, "y": 2, "y, too": 2}

    @flow(name="one_round")
    def one_round(name: str) -> Any:
        return fragile(name)

    @flow(name="rounds_tried")
    def rounds() -> Any:
        return repeat(one_round.options(retry=AGAIN), "r", max=2)

    assert engine.start(rounds).result(LONG) == "r"
    assert TRIES["r"] == 3


def test_a_time_limit_ends_a_flow(engine: Engine) -> None:
    """What goes on in it is cancelled; it has failed by `timeout`, which can be tried again, caught and told."""

    @flow(name="limited")
    def limited() -> Any:
        return waits_for_ever.options(timeout="50ms", retry={"max": 1, "delay": 0})()

    run = engine.start(limited)
    run.wait(LONG)
    assert run.status == "failed"
    assert states(run)["waits_for_ever"] == "failed"
    assert states(run)["waits_for_ever.stuck"] == "cancelled"
    assert "its attempt limit of 0.05 s is over" in run.why("waits_for_ever")
    assert ORDER == ["stuck", "stuck"]


def test_a_limit_of_waiting_is_for_its_place(engine: Engine) -> None:
    """`queued`: a flow that did not come to its place in time has failed."""

    @flow(name="queued_flows", pools={"one": 1})
    def queued() -> Any:
        first = waits_for_ever.options(pool="one", name="first", priority=1, timeout="300ms")()
        second = waits_for_ever.options(pool="one", name="second", timeout={"queued": "50ms"})()
        return [first, second]

    run = engine.start(queued)
    run.wait(LONG)
    assert "its queued limit of 0.05 s is over" in run.why("second")
    assert ORDER == ["stuck"]


def test_concurrency_bounds_the_bodies_in_a_flow(engine: Engine) -> None:
    """At any depth, for each call of it apart."""

    @flow(name="outer_of_wide")
    def outer(n: int) -> Any:
        return wide(n)

    @flow(name="bounded")
    def bounded() -> Any:
        return outer.options(concurrency=2)(1)

    assert engine.start(bounded).result(LONG) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert MOST[0] <= 2


def test_documents_and_code_say_it_too() -> None:
    """The same keys, written and read; and what Python says again."""

    @flow(name="says_of_flows", pools={"one": 1})
    def says() -> Any:
        whole = twice.options(pool="one", retry=2, timeout="1h", concurrency=4, priority=3)
        return whole("a", 1)

    text = says.to_yaml()
    for line in ("pool: one", "retry: 2", "timeout: 1h", "concurrency: 4", "priority: 3"):
        assert f"    {line}\n" in text
    assert Flow.from_yaml(text, allow=[__name__, "small_bodies"]).spec == says.spec
    assert 'twice.options(pool="one", concurrency=4, priority=3, timeout="1h", retry=2)' in says.to_python()


@pytest.mark.parametrize("option", [{"runner": "thread"}, {"grace": "1s"}, {"max_lost": 1}, {"undo": leaves}])
def test_what_means_nothing_to_a_flow_is_refused(option: dict[str, Any]) -> None:
    """By its name, in Python and in documents."""
    (name,) = option
    with pytest.raises(FlowError, match=name):
        region.options(**option)
    said = "m:f" if name == "undo" else next(iter(option.values()))
    text = f"stratix: 1\nflow: f\ntasks: {{g: {{flow: inner, {name}: {said}}}}}\nflows: {{inner: {{tasks: {{a: {{call: 'm:a'}}}}}}}}\n"
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text)
    assert any(name in one.message and one.code == "no-effect" for one in caught.value.problems)


def test_concurrency_is_for_flows_alone() -> None:
    """A task has no bodies in it; a fan-out has `max`."""
    with pytest.raises(FlowError, match="of a fan-out it is max"):
        add.options(concurrency=2)
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml("stratix: 1\nflow: f\ntasks: {a: {call: 'm:a', concurrency: 2}}\n")
    assert [one.code for one in caught.value.problems] == ["no-effect"]


def test_flows_that_may_wait_for_each_other_for_ever_are_a_problem() -> None:
    """One holds a pool and takes another one inside, elsewhere it is the other way round."""

    @flow(name="takes_in")
    def takes(pool_name: str) -> Any:
        return note.options(pool="b")("x")

    @flow(name="takes_in_turn")
    def takes_too(pool_name: str) -> Any:
        return note.options(pool="a")("x")

    @flow(name="crossed", pools={"a": 1, "b": 1})
    def crossed() -> Any:
        return [takes.options(pool="a")("a"), takes_too.options(pool="b")("b")]

    @flow(name="one_way", pools={"a": 1, "b": 1})
    def one_way() -> Any:
        return [takes.options(pool="a")("a"), takes_too.options(pool=["a", "b"])("b")]

    assert {one.code for one in errors(crossed.validate())} == {"can-block"}
    assert errors(one_way.validate()) == []


def test_a_retry_by_hand_waits_for_the_place_again(engine: Engine) -> None:
    """A flow that failed, and is tried again by a person, takes its place like any other: nobody else is in there."""

    @flow(name="holds_while")
    def holds(who: int) -> Any:
        return works(leaves(enters(who)))

    @flow(name="regions_again", pools={"one": 1})
    def regions() -> Any:
        return [holds.options(pool="one", name="left")(1), holds.options(pool="one", name="right")(2)]

    broken.add(1)
    run = engine.start(regions)
    run.wait(LONG)
    broken.discard(1)
    run.retry("left")
    assert run.result(LONG) == [1, 2]


@flow(name="holds_its_own", pools={"own": 1})
def holds_its_own(xs: list[int]) -> Any:
    return enters_alone.options(pool="own").map(each(xs))


@task
def enters_alone(who: Any) -> Any:
    enters.fn(who)
    return leaves.fn(who)


@flow(name="ends_in_time", timeout=0.05)
def ends_in_time() -> Any:
    return stuck()


@flow(name="one_at_a_time", concurrency=1)
def one_at_a_time(xs: list[int]) -> Any:
    return enters_alone.map(each(xs))


def test_what_a_flow_says_of_itself_holds_where_it_is_called(engine: Engine) -> None:
    """Its pools, its time and how many bodies may run in it; what the call says counts first."""

    @flow(name="calls_them")
    def calls_them() -> Any:
        late = ends_in_time()
        with failed(late) as error:
            told = note(error.code)
        held = holds_its_own([1, 2, 3])
        return [held, one_at_a_time.options(after=[held])([4, 5]), first_of(late, told)]

    assert not calls_them.validate()
    assert Flow.from_yaml(calls_them.to_yaml()).spec == calls_them.spec
    run = engine.start(calls_them)
    assert run.result(LONG) == [[1, 2, 3], [4, 5], "timeout"]


def test_pools_of_one_name_have_one_size() -> None:
    """Of a document; and one that nothing takes is told of."""

    @flow(name="two_sizes", pools={"own": 2, "idle": 1})
    def two_sizes() -> Any:
        return holds_its_own([1])

    told = {(one.code, one.message.partition(" has")[0], one.warning) for one in two_sizes.validate()}
    assert told == {("twice", "pool 'own'", False), ("unused", "nothing takes a place of the pool 'idle'", True)}


@task
def fails_at_once(x: int = 0) -> int:
    raise ValueError(f"no {x}")


@task
def tells_of(error: Any) -> Any:
    return [error["node"], error["message"]]


@flow(on_failure="stop")
def stops_itself(x: int) -> Any:
    return [fails_at_once(x), add(signal("go"))]


@flow
def calls_what_stops() -> Any:
    stopped = stops_itself(1)
    with failed(stopped) as error:
        told = tells_of(error)
    return first_of(stopped, told)


@pytest.mark.parametrize("written", [False, True], ids=["in Python", "as a document"])
def test_a_flow_that_stops_at_a_failure_does_so_in_another_one(engine: Engine, written: bool) -> None:
    """What waits in it is cancelled, though nothing would have ended that; who calls it takes the failure up."""
    says = Flow.from_yaml(calls_what_stops.to_yaml(), allow=[__name__, "small_bodies"]) if written else calls_what_stops
    run = engine.start(says)
    assert run.result(LONG) == ["stops_itself.fails_at_once", "no 1"]
    found = states(run)
    assert (found["stops_itself.signal"], found["stops_itself.add"]) == ("cancelled", "cancelled")
    assert "stops at a failure" in run.why("stops_itself.add")


@pytest.mark.parametrize("says", ["max_depth: 3", "max_recoveries: 1", "tags: [a]"])
def test_what_is_of_runs_is_told_of_a_flow_in_a_flow(says: str) -> None:
    """It would do nothing there."""
    text = f"stratix: 1\nflow: f\ntasks: {{a: {{flow: g}}}}\nflows:\n  g:\n    {says}\n    tasks: {{s: {{uses: wait.sleep, with: {{duration: 1}}}}}}\n"
    assert [(one.code, one.node, one.warning) for one in Flow.from_yaml(text).validate()] == [("no-effect", "g", True)]
