"""The registry of an engine: executors of users', registered, used, checked, replaced and taken away."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from stratix_tasks import Engine, Flow, FlowError, InputError, configure, current, default_engine, flow, task, uses
from stratix_tasks.errors import ExecutorError, StratixError
from stratix_tasks.executors.registry import DEFAULT, Registry

LONG = 60


class Letter(BaseModel):
    to: str = Field(pattern="@")
    words: list[str] = []
    every: timedelta | None = None
    copies: int = Field(default=1, ge=1)


class Mail:
    """One that remembers what it sent, and can be held up."""

    name, description, Config = "mail", "Sends a letter.", Letter

    def __init__(self, sign: str = "") -> None:
        self.sign, self.begun, self.go = sign, threading.Event(), threading.Event()
        self.go.set()

    async def execute(self, context: Any, config: Letter) -> str:
        self.begun.set()
        while not self.go.is_set():
            await context.checkpoint()
            await asyncio.sleep(0.002)
        context.metric("copies", config.copies)
        return f"{config.to}{self.sign} {context.node}"

    def validate_config(self, config: Letter) -> None:
        if config.copies > 1 and not config.words:
            raise ValueError("several copies of nothing")


@flow
def letters(to: str) -> Any:
    return uses("mail").options(name="page", retry=2)(to=to)


def test_it_is_used_in_python_and_in_documents(engine: Engine) -> None:
    """With its options, inputs by reference, and `current()` as its context."""
    engine.executors.register("mail", Mail())
    run = engine.start(letters, {"to": "a@b"})
    assert run.result(LONG) == "a@b page"
    text = """
stratix: 1
flow: letters
inputs:
  to: {type: str}
tasks:
  page:
    uses: mail
    with: {to: "${{ inputs.to }}"}
    retry: 2
output: "${{ tasks.page.output }}"
"""
    again = Flow.from_yaml(text, executors=engine.executors)
    assert engine.start(again, {"to": "c@d"}).result(LONG) == "c@d page"


def test_a_class_is_as_good_as_an_object_and_plain_as_good_as_async(engine: Engine) -> None:
    """And what is called plainly runs in a thread, or in the process that it asks for."""

    class Nothing(BaseModel):
        pass

    class Where:
        name, description, Config = "where", "Tells where it is.", Nothing

        def execute(self, context: Any, config: Nothing) -> str:
            return threading.current_thread().name

    engine.executors.register("where", Where)

    @flow
    def both() -> Any:
        return uses("where")()

    assert engine.start(both).result(LONG).startswith("stratix-body")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown argument": ({"too": "a@b"}, "Did you mean 'to'?"),
    "a missing one": ({}, "needs the argument 'to'"),
    "another type": ({"to": 3}, "to: Input should be a valid string"),
    "an unfit value": ({"to": "ab"}, "to: String should match pattern '@'"),
    "a wrong part": ({"to": "a@b", "words": ["x", 3]}, "words: Input should be a valid string"),
    "what does not go together": ({"to": "a@b", "copies": 2}, "several copies of nothing"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_use_is_told_the_same_in_python_and_documents(engine: Engine, what: str) -> None:
    """Before anything runs, with the node's name."""
    arguments, told = WRONG[what]
    engine.executors.register("mail", Mail())
    text = f"stratix: 1\nflow: f\ntasks:\n  page: {{uses: mail, with: {arguments!r}}}\n"
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text, executors=engine.executors)
    assert told in str(caught.value)
    assert "4:" in str(caught.value)

    @flow
    def f() -> Any:
        return uses("mail").options(name="page")(**arguments)

    with pytest.raises(FlowError) as caught:
        engine.start(f)
    assert told in str(caught.value) or (what == "a missing one" and "'to'" in str(caught.value))


def test_references_are_checked_when_the_node_starts(engine: Engine) -> None:
    """It fails once, whatever its retries, and says which argument was wrong."""
    engine.executors.register("mail", Mail())
    run = engine.start(letters, {"to": "nobody"})
    assert run.wait(LONG) == "failed"
    assert "'mail' can't start: to: String should match pattern '@'" in str(run.error)
    assert list(run.tasks()["attempts"]) == [1]


def test_its_signature_is_its_config(engine: Engine) -> None:
    """As `help` and an editor show it; a timedelta stays one."""
    seen = []

    class Later(Mail):
        async def execute(self, context: Any, config: Letter) -> str:
            seen.append(config.every)
            return ""

    engine.executors.register("mail", Later())

    @flow
    def f() -> Any:
        return uses("mail")("a@b", every=timedelta(minutes=5))

    engine.start(f).result(LONG)
    assert seen == [timedelta(minutes=5)]


@pytest.mark.parametrize(
    ("executor", "told"),
    [
        (object(), ["no text `description`", "`Config` is no class", "no `execute`"]),
        (type("Odd", (Mail,), {"execute": lambda self, context: None}), ["`execute` takes (context, config)"]),
        (type("Odd", (Mail,), {"runner": "moon"}), ["there is no runner 'moon'"]),
        (type("Odd", (Mail,), {"runner": "process"}), ["runner 'process' runs no `async def`"]),
    ],
)
def test_what_is_no_executor_is_refused(engine: Engine, executor: Any, told: list[str]) -> None:
    """With all that it lacks, and what one is."""
    with pytest.raises(ExecutorError) as caught:
        engine.executors.register("odd", executor)
    assert caught.value.code == "bad-executor"
    assert all(one in str(caught.value) for one in told)
    assert "an executor is a class with" in str(caught.value)


def test_names_that_are_taken_or_odd_are_refused(engine: Engine) -> None:
    """What comes with the package stays what it is."""
    for name, code in (
        ("http.get", "taken"),
        ("wait.sleep", "taken"),
        ("a b", "bad-name"),
        ("", "bad-name"),
        (3, "bad-name"),
    ):
        with pytest.raises(ExecutorError) as caught:
            engine.executors.register(name, Mail())  # type: ignore[arg-type]
        assert caught.value.code == code


def test_a_domain_is_registered_as_a_whole(engine: Engine) -> None:
    """Or not at all."""
    engine.executors.register_domain("user", {"creator": Mail("!"), "eraser": Mail()})
    assert {"user.creator", "user.eraser"} <= set(engine.executors.list())

    @flow
    def f() -> Any:
        return uses("user.creator")("a@b")

    assert engine.start(f).result(LONG) == "a@b! creator"
    with pytest.raises(ExecutorError):
        engine.executors.register_domain("other", {"one": Mail(), "two": object()})
    assert not any(name.startswith("other") for name in engine.executors.list())


def test_what_is_registered_can_be_had_listed_and_taken_away(engine: Engine) -> None:
    """`get` gives the very object; what is not there is told with what may be meant."""
    mine = Mail()
    engine.executors.register("mail", mine)
    assert engine.executors.get("mail") is mine
    assert engine.executors.get("http.get").description
    assert "mail" in engine.executors.list() and "http.get" in engine.executors.list()
    engine.executors.unregister("mail")
    assert "mail" not in engine.executors.list()
    for name in ("mail", "http.get", "nothing"):
        with pytest.raises(ExecutorError) as caught:
            engine.executors.unregister(name)
        assert caught.value.code == "unknown-executor"
    with pytest.raises(ExecutorError, match=r"Did you mean 'http\.get'"):
        engine.executors.get("http.gett")
    with pytest.raises(FlowError, match="there is no executor 'mail'"):
        engine.start(letters, {"to": "a@b"})


def test_engines_have_registries_of_their_own(engine: Engine, tmp_path: Path) -> None:
    """One can be given to another; the default engine's stays through `configure`."""
    engine.executors.register("mail", Mail())
    with Engine(tmp_path / "other") as other, pytest.raises(FlowError, match="there is no executor 'mail'"):
        other.start(letters, {"to": "a@b"})
    with Engine(tmp_path / "third", executors=engine.executors) as third:
        assert third.start(letters, {"to": "a@b"}).result(LONG) == "a@b page"
    configure(store=tmp_path / "default")
    default_engine().executors.register("mail", Mail("?"))
    try:
        configure(concurrency=3)
        assert default_engine().executors is DEFAULT
        assert letters("a@b") == "a@b? page"
        assert letters.validate() == []
    finally:
        default_engine().executors.unregister("mail")
    assert [problem.code for problem in letters.validate()] == ["unknown-executor"]


def test_a_run_keeps_what_it_started_with(engine: Engine) -> None:
    """While another executor takes the name, and while none has it any more; later runs have what is there then."""
    old = Mail("-old")
    old.go.clear()
    engine.executors.register("mail", old)

    @task
    def first() -> str:
        return "a@b"

    @flow
    def two() -> Any:
        return [
            uses("mail").options(name="one")(first()),
            uses("mail").options(name="two")(uses("mail").options(name="zero")("c@d")),
        ]

    run = engine.start(two)
    assert old.begun.wait(LONG)
    engine.executors.register("mail", Mail("-new"))
    later = engine.start(letters, {"to": "e@f"})
    assert later.result(LONG) == "e@f-new page"
    engine.executors.unregister("mail")
    old.go.set()
    assert run.result(LONG) == ["a@b-old one", "c@d-old zero-old two"]
    with pytest.raises(InputError, match="not registered here") as caught:
        run.fork(from_="one")
    assert caught.value.code == "missing-executor"


def test_a_run_waits_for_an_executor_that_is_missing(engine: Engine, tmp_path: Path) -> None:
    """It stays interrupted and says what it needs; once that is registered it goes on."""
    held = Mail()
    held.go.clear()
    engine.executors.register("mail", held)
    run = engine.start(letters, {"to": "a@b"})
    assert held.begun.wait(LONG)
    engine.close()
    held.go.set()
    with Engine(tmp_path / "store") as other:
        with pytest.warns(UserWarning, match=r"stays interrupted: it needs mail, not registered here"):
            assert other.recover() == []
        seen = other.run(run.id)
        assert seen.status == "interrupted"
        assert seen.tasks()["state"].tolist() == ["interrupted"]
        with pytest.raises(StratixError) as caught:
            seen.resume()
        assert caught.value.code == "missing-executor"
        other.executors.register("mail", Mail("-again"))
        (again,) = other.recover()
        assert again.result(LONG) == "a@b-again page"


# ---------------------------------------------------------------------- health


class Checked(Mail):
    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer, self.asked = answer, 0

    def health_check(self) -> Any:
        self.asked += 1
        return self.answer() if callable(self.answer) else self.answer


async def well() -> bool:
    return True


def test_health_is_what_each_executor_answers() -> None:
    """Plainly, as a coroutine, by an error or by a word; who has no check is not asked."""

    def breaks() -> bool:
        raise OSError("no server")

    registry = Registry()
    for name, answer in (("a", True), ("b", None), ("c", well), ("d", False), ("e", "full"), ("f", breaks)):
        registry.register(name, Checked(answer))
    registry.register("g", Mail())
    health = registry.health(LONG)
    assert {name: (one.ok, one.message) for name, one in health.items()} == {
        "a": (True, ""),
        "b": (True, ""),
        "c": (True, ""),
        "d": (False, "its health check said no"),
        "e": (False, "full"),
        "f": (False, "OSError: no server"),
    }


def test_one_that_hangs_holds_up_no_other_and_is_asked_once() -> None:
    """The others have answered; it is not asked again until it has."""
    gate, registry = threading.Event(), Registry()
    hangs, sound = Checked(gate.wait), Checked(True)
    registry.register("hangs", hangs)
    registry.register("sound", sound)
    for _ in range(3):
        health = registry.health(timeout=0.05)
        assert (health["hangs"].ok, health["hangs"].message) == (False, "no answer within 0.05 s")
    assert health["sound"].ok
    gate.set()
    assert registry.health(LONG)["hangs"].ok
    assert hangs.asked == 1


def test_an_answer_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """And asked for again when it is old, or when another executor has the name."""
    from stratix_tasks.executors import health

    registry, first = Registry(), Checked(True)
    registry.register("a", first)
    registry.health(LONG)
    registry.health(LONG)
    assert first.asked == 1
    monkeypatch.setattr(health, "KEPT", 0.0)
    registry.health(LONG)
    assert first.asked == 2
    monkeypatch.undo()
    second = Checked(False)
    registry.register("a", second)
    assert not registry.health(LONG)["a"].ok
    assert second.asked == 1


def test_the_context_of_an_executor_is_that_of_a_task(engine: Engine) -> None:
    """Whatever `current()` has: its log, its run, its key."""

    class Knows(Mail):
        async def execute(self, context: Any, config: Letter) -> str:
            context.log.info("here")
            print("there")
            same = (context.run_id, context.node, context.idempotency_key, context.params)
            now = current()
            assert same == (now.run_id, now.node, now.idempotency_key, now.params)
            return str(context.run_id)

    engine.executors.register("mail", Knows())
    run = engine.start(letters, {"to": "a@b"})
    assert run.result(LONG) == run.id
    assert run.logs("page") == ["here", "there"]
