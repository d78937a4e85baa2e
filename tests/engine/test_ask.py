"""`ask`: a node waits for somebody to fill in fields, which are checked; what was answered is recorded as plain data."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from gated import LONG, states, until
from pydantic import BaseModel, Field, field_validator

from stratix_tasks import Engine, Flow, InputError, ask, each, failed, first_of, flow, signal, task
from stratix_tasks.look.waits import waiting as seen_waiting
from stratix_tasks.runs import request_data


class Order(BaseModel):
    rows: int = Field(ge=1)
    to: Literal["eu", "us"]
    day: date = date(2026, 1, 31)
    note: str = ""

    @field_validator("note")
    @classmethod
    def short(cls, note: str) -> str:
        if len(note) > 5:
            raise ValueError("five letters at most")
        return note


@task
def shown(order: Any) -> Any:
    return f"{type(order).__name__} {order.rows} {order.to} {order.day}" if isinstance(order, Order) else order


@flow
def asks_for_an_order() -> Any:
    return shown(ask("Ship what?", Order, timeout="1d"))


@flow
def asks_by_fields() -> Any:
    fields = {"rows": Annotated[int, Field(ge=1)], "to": Literal["eu", "us"], "day": date}
    return shown(ask.options(name="what")("Ship what?", fields=fields))


def waiting(run: Any, name: str) -> None:
    until(run, lambda: states(run)[name] == "waiting")


@pytest.mark.parametrize("door", ["python", "yaml", "written"])
def test_an_answer_is_the_model(engine: Engine, door: str) -> None:
    """Where that is known; the document says its fields, and Python that is written of it the same."""
    asks: Any = asks_for_an_order
    text = asks.to_yaml()
    if door == "yaml":
        asks = Flow.from_yaml(text)
        assert asks.to_yaml() == text
    if door == "written":
        scope: dict[str, Any] = {"__name__": "written_ask"}
        exec(compile(asks.to_python(), "written_ask.py", "exec", dont_inherit=True), scope)
        asks = scope["asks_for_an_order"]
        assert asks.to_yaml() == text
    run = engine.start(asks)
    waiting(run, "ask")
    run.answer("ask", rows=3, to="us")
    assert run.result(LONG) == "Order 3 us 2026-01-31"
    assert run.why("ask") == "'ask' completed: it was answered."


def test_an_answer_without_a_model_is_plain_data(engine: Engine) -> None:
    """Fields by their annotations; a date is its text."""
    run = engine.start(asks_by_fields)
    waiting(run, "what")
    assert "waits for an answer to: Ship what?" in run.why("what")
    run.answer("what", rows=3, to="us", day=date(2026, 2, 1))
    assert run.result(LONG) == {"rows": 3, "to": "us", "day": "2026-02-01"}


def test_a_wrong_answer_is_refused_and_the_node_waits_on(engine: Engine) -> None:
    """All that is wrong is told at once, by the model where that is known, else by the fields."""
    run, other = engine.start(asks_for_an_order), engine.start(asks_by_fields)
    waiting(run, "ask"), waiting(other, "what")
    with pytest.raises(InputError) as by_model:
        run.answer("ask", rows=0, to="uk", note="too long")
    assert all(f"field '{name}'" in by_model.value.message for name in ("rows", "to", "note"))
    with pytest.raises(InputError) as by_fields:
        other.answer("what", rows=0, to="uk", more=1)
    told = by_fields.value.message
    assert by_fields.value.code == by_model.value.code == "bad-answer"
    assert all(words in told for words in ("field 'rows'", "field 'to'", "missing field 'day'", "unknown field 'more'"))
    assert states(run)["ask"] == states(other)["what"] == "waiting"
    run.cancel(), other.cancel()


def test_only_what_asks_is_answered(engine: Engine) -> None:
    """An approval, a signal or a task is not."""

    @flow
    def asks_nothing() -> Any:
        return signal("go")

    run = engine.start(asks_nothing)
    waiting(run, "signal")
    with pytest.raises(Exception, match="nothing of it waits for an answer"):
        run.answer("signal", rows=1)
    run.cancel()


def test_a_question_has_a_deadline(engine: Engine) -> None:
    """Nobody answered: it has failed, which `failed` catches."""

    @flow
    def asks_in_vain() -> Any:
        said = ask("Anybody?", fields={"name": str}, timeout=0.01)
        with failed(said) as error:
            late = shown(error.code)
        return first_of(said, late)

    assert engine.start(asks_in_vain).result(LONG) == "timeout"


def test_what_can_not_run_for_a_cancelled_question_is_not_caught(engine: Engine) -> None:
    """`failed` is for failures: a cancel by a person is none, and what needs what was cancelled has not failed of itself. It is
    caught where that fails in earnest, when it is tried again."""

    @task
    def breaks(answer: Any) -> Any:
        raise ValueError(f"no {answer['rows']}")

    @flow
    def catches_no_cancel() -> Any:
        broken = breaks(ask("Rows?", fields={"rows": int}))
        with failed(broken) as error:
            told = shown(error.message)
        return first_of(broken, told)

    run = engine.start(catches_no_cancel)
    waiting(run, "ask")
    run.cancel("ask")
    assert (run.wait(LONG), states(run)["shown"]) == ("failed", "skipped")
    run.retry("ask")
    waiting(run, "ask")
    run.answer("ask", rows=2)
    assert run.result(LONG) == "no 2"


def test_the_first_answer_of_several_goes_on(engine: Engine) -> None:
    """`join="any"`: the other waits are cancelled."""

    @task
    def either(a: Any = None, b: Any = None) -> Any:
        return [a, b]

    @flow
    def asks_two() -> Any:
        return either.options(join="any")(ask("Rows?", fields={"rows": int}), signal("go"))

    run = engine.start(asks_two)
    waiting(run, "ask")
    run.answer("ask", rows=2)
    assert run.result(LONG) == [{"rows": 2}, None]
    assert states(run)["signal"] == "cancelled"


def test_a_mapped_question_is_answered_item_by_item_or_as_a_whole(engine: Engine) -> None:
    """As approvals are."""

    @flow
    def asks_many() -> Any:
        return ask.map(each(["A?", "B?", "C?"]), fields={"yes": bool})

    run = engine.start(asks_many)
    until(run, lambda: len(run.progress()) > 0 and run.why("ask[2]").startswith("'ask[2]' waits"))
    run.answer("ask[1]", yes=False)
    run.answer("ask", yes=True)
    assert run.result(LONG) == [{"yes": True}, {"yes": False}, {"yes": True}]


def test_a_question_outlives_its_engine(tmp_path: Path) -> None:
    """Another one is answered, and has the model, too."""
    with Engine(tmp_path / "store") as engine:
        waiting(run := engine.start(asks_for_an_order), "ask")
    with Engine(tmp_path / "store") as engine:
        (run,) = engine.recover()
        run.answer("ask", rows=7, to="eu")
        assert run.result(LONG) == "Order 7 eu 2026-01-31"
        assert run.fork(from_="shown").result(LONG) == "Order 7 eu 2026-01-31"


def test_the_command_line_answers(tmp_path: Path) -> None:
    """A value is read as JSON, but where the field is a text."""
    with Engine(tmp_path / "store") as engine:
        run = engine.start(flow(name="asks_at_the_command_line")(lambda: ask("?", fields={"n": int, "name": str})))
        waiting(run, "ask")
        words = ["--store", str(tmp_path / "store"), "answer", run.id, "ask", "n=3", "name=7"]
        subprocess.run([sys.executable, "-m", "stratix_tasks", *words], check=True, timeout=LONG)
        assert run.result(LONG) == {"n": 3, "name": "7"}


def test_a_view_shows_the_fields_and_answers(engine: Engine) -> None:
    """A form of them: texts as they are, the rest JSON as it was typed."""
    run = engine.start(asks_by_fields)
    waiting(run, "what")
    live = run._live
    told = engine.loop.look(lambda: seen_waiting(live.core.state, live.core.state.root.index["what"]))
    assert told is not None
    fields = {one["name"]: (one["plain"], one["choices"], one["required"]) for one in told["fields"]}
    assert fields == {"rows": (False, [], True), "to": (True, ["eu", "us"], True), "day": (True, [], True)}
    typed = {"fields": {"to": "eu", "day": "2026-02-01"}, "texts": {"rows": "3"}}
    run.answer("what", **request_data.of_view(engine.store.objects, "answer", "what", typed)["fields"])
    assert run.result(LONG) == {"rows": 3, "to": "eu", "day": "2026-02-01"}


WRONG = {
    "no fields": ("with: {message: '?'}", "bad-arguments", "needs the argument 'fields'"),
    "no type": ("with: {message: '?', fields: {a: 3}}", "bad-value", "write a name and a type"),
    "an unknown type": ("with: {message: '?', fields: {a: {kind: int}}}", "bad-value", "kind"),
    "limits that can't be": ("with: {message: '?', fields: {a: {type: int, min: 3, max: 1}}}", "bad-value", "a"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_question_that_nobody_can_answer_is_refused(name: str) -> None:
    """When the document is read."""
    said, code, words = WRONG[name]
    with pytest.raises(Exception) as caught:
        Flow.from_yaml(f"stratix: 1\nflow: asks_wrongly\ntasks:\n  a: {{uses: wait.input, {said}}}\n")
    assert any(one.code == code and words in one.message for one in caught.value.problems), caught.value.problems  # type: ignore[attr-defined]


def test_a_question_without_fields_is_refused(engine: Engine) -> None:
    """In Python: it takes a model, or fields."""

    @flow
    def asks_for_nothing() -> Any:
        return ask("?")

    assert "takes a pydantic model, or fields" in asks_for_nothing.validate()[0].message
    with pytest.raises(Exception, match="takes a pydantic model"):
        engine.start(asks_for_nothing)
