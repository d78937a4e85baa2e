"""What can not be asked, with its reason: unknown names, odd ones, and what is not legal now."""

from __future__ import annotations

from typing import Any

import pytest
from gated import LONG, Gates, fan

from stratix_tasks import (
    Engine,
    InputError,
    TaskFailed,
    TransitionError,
    each,
    flow,
    history,
    task,
)
from stratix_tasks.core.targets import label


@task
def same(name: str) -> str:
    return name


@flow
def keyed(names: list[str]) -> Any:
    return same.options(key="{name}").map(each(names))


@pytest.mark.parametrize(
    ("verb", "target"),
    [("pause", "collect"), ("resume", "collect"), ("cancel", "collect"), ("retry", "collect"), ("skip", "collect")],
)
def test_what_a_completed_node_can_not_be_asked(engine: Engine, verb: str, target: str) -> None:
    """TransitionError with its state, its story and what is allowed; nothing is recorded."""
    run = engine.start(fan)
    run.result(LONG)
    before = len(run.events())
    with pytest.raises(TransitionError, match=f"can't {verb} 'collect': it is completed") as caught:
        getattr(run, verb)(target)
    assert "attempt 1" in caught.value.story[0]
    assert len(run.events()) == before


def test_what_a_completed_run_can_not_be_asked(engine: Engine) -> None:
    """Each verb says why."""
    run = engine.start(fan)
    run.result(LONG)
    for verb in ("pause", "resume", "cancel", "retry"):
        with pytest.raises(TransitionError, match="it is completed"):
            getattr(run, verb)()
    for verb in ("resume", "retry"):
        with pytest.raises(TransitionError, match=r"Start a new run, fork\(\) it, or rollback\(\) it"):
            getattr(run, verb)()


def test_unknown_targets_are_named(engine: Engine) -> None:
    """A wrong name, index or key says what there is."""
    run = engine.start(fan)
    run.result(LONG)
    with pytest.raises(InputError, match="Did you mean 'works'"):
        run.pause("work")
    with pytest.raises(InputError, match="99"):
        run.pause("works[99]")
    with pytest.raises(InputError):
        run.pause("collect['x']")
    with pytest.raises(InputError, match="name a node"):
        run.pause(3)


@pytest.mark.parametrize("item", ["²", "--3", "9" * 5000, "'", "'\\x'", "-1", " 1"])
def test_an_odd_name_harms_no_run(engine: Engine, item: str) -> None:
    """Whatever stands in the brackets, a request is refused as one for an unknown item, and the run goes on."""

    @task
    def waits(number: int) -> int:
        gates.wait(number)
        return number

    @flow
    def two() -> Any:
        return waits.map(each([0, 1]))

    gates = Gates()
    run = engine.start(two)
    gates.arrive(0)
    for ask in (run.pause, run.cancel, run.skip, run.why, run.output, run.logs):
        with pytest.raises(InputError) as caught:
            ask(f"waits[{item}]")
        assert caught.value.code == "unknown-item"
    for look in (run.why, run.output, run.logs):
        with pytest.raises(InputError, match="name a node"):
            look(3)
    gates.open[0].set()
    gates.arrive(1)
    gates.open[1].set()
    assert run.result(LONG) == [0, 1]


def test_an_empty_map_has_no_items_to_ask(engine: Engine) -> None:
    """The error says so, instead of naming a range that has nothing in it."""

    @task
    def same(number: int) -> int:
        return number

    @flow
    def none() -> Any:
        return same.map(each([]))

    run = engine.start(none)
    assert run.result(LONG) == []
    with pytest.raises(InputError, match="no items: what it maps over is empty"):
        run.skip("same[0]")


def test_each_key_is_found_by_the_name_that_it_is_shown_by(engine: Engine) -> None:
    """Also keys with quotes, brackets, escapes and line breaks; quotes may be left away where it is clear."""
    names = ["a", "3", "a'b", '"q"', "a\\nb", "line\nbreak", "ü", "[x]", "a.b", "'z'", "-1", "²", " ", "\"'"]

    run = engine.start(keyed, {"names": names})
    assert run.result(LONG) == names
    s = run._live.core.state
    assert [run.output(label(s, unit)) for unit in s.members(0)] == names
    assert run.output("same[a]") == "a"
    assert run.output("same[3]") == names[3]


def test_a_key_that_is_no_text_fails_its_map(engine: Engine) -> None:
    """Its name could not be recorded: the node says so, and the run goes on to its end."""

    run = engine.start(keyed, {"names": ["\ud800"]})
    with pytest.raises(TaskFailed, match="no Unicode text"):
        run.result(LONG)


@pytest.mark.parametrize(
    "about",
    [{"key": 5}, {"key": "\ud800"}, {"priority": 10**30}, {"priority": "x"}, {"tags": 5}, {"tags": ("\ud800",)}],
    ids=str,
)
def test_a_start_that_can_not_be_recorded_is_refused(engine: Engine, about: dict[str, Any]) -> None:
    """InputError names the option and what it takes; there is no run then."""
    with pytest.raises(InputError, match=f"{next(iter(about))}= is") as caught:
        engine.start(fan, **about)
    assert caught.value.code == "bad-option"
    assert engine.runs() == []


@pytest.mark.parametrize("name", ["\ud800", 5, None, "nope"])
def test_what_is_no_id_of_a_run_is_refused(engine: Engine, name: Any) -> None:
    """InputError, whatever it is."""
    with pytest.raises(InputError, match="no id of a run"):
        engine.run(name)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"store": 5}, "store= is a folder, as a text or a Path, not int 5"),
        ({"store": ["a"]}, "store= is a folder"),
        ({"store": b"a"}, "store= is a folder"),
        ({"store": "a\0b"}, "store= is a folder"),
        ({"store": ""}, "store= is a folder"),
        ({"pools": ["api"]}, "pools= is a mapping of names to whole numbers"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], said: str) -> None:
    """At once, by name, also by who asks for the history of such a store."""
    with pytest.raises(InputError, match=said) as caught:
        Engine(**settings)
    assert caught.value.code == "bad-option"
    if "store" in settings:
        with pytest.raises(InputError, match=said):
            history(settings["store"])
