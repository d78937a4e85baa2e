"""Secrets: bodies get their values, and nothing that is recorded or shown has more than their names."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from stratix_tasks import (
    Engine,
    Flow,
    FlowError,
    InputError,
    Run,
    Secret,
    StratixError,
    TaskFailed,
    current,
    each,
    expr,
    failed,
    first_of,
    flow,
    history,
    repeat,
    secret,
    task,
    track,
    uses,
    when,
)
from stratix_tasks.runners import secrets
from stratix_tasks.runners.secrets import Masks
from stratix_tasks.session.display import run_source
from stratix_tasks.spec.problems import errors
from stratix_tasks.view.snapshot import snapshot

LONG = 30.0
CANARY = 'canary-7f3a"9c\\d1/e8+b2 x'
"""With all that is quoted somewhere."""
SHOWN = "[secret API]"


class Refused(Exception):
    def __init__(self, token: str) -> None:
        super().__init__(f"the server knows no {token}")
        self.url, self.status = f"https://x.test/?token={token}", 401


API = secret("API")


@task
def measures(token: str) -> int:
    return len(token)


@task
async def measures_later(token: str) -> int:
    return len(token)


@task(runner="inline")
def measures_inline(token: str) -> int:
    return len(token)


@task(runner="process")
def measures_apart(token: str) -> int:
    return len(token)


@task
def headers_of(headers: dict[str, str]) -> list[str]:
    return sorted(name for name, value in headers.items() if CANARY in value)


@task
def yields(token: str) -> str:
    return token


@task
def yields_more(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@task
def tells(token: str) -> int:
    print("print", token)
    print("in two", token[:9], end="")
    print(token[9:])
    logging.getLogger("anything").error("log %s", token)
    current().log.info("own %s", {"token": token})
    current().progress(0.5, f"at {token}")
    current().metric(f"of {token}", 1.0)
    for _ in track([1], text=token):
        pass
    print(json.dumps(token), repr(token))
    raise Refused(token)


@task(runner="process")
def tells_apart(token: str) -> int:
    print("print", token)
    current().log.warning("log %s", token)
    try:
        raise ValueError(token)
    except ValueError as error:
        raise Refused(token) from error


@task(runner="process")
def keeps_apart(token: str) -> dict[str, str]:
    return {"token": token, "more": "x" * 100_000}


@task
def keeps_artifact(token: str) -> None:
    current().artifact("answer", f"it was {token}")


@task
def tries_again(error: Any) -> str:
    return f"{error['message']} {error['url']}"


def keys(tmp_path: Path, **more: Any) -> Engine:
    return Engine(tmp_path / "store", secrets={"API": CANARY, **more})


def everything(engine: Engine, run: Run, of: Flow[..., Any]) -> str:
    """All that is recorded and shown of a run, as one text."""
    source = run_source(run)
    told: list[Any] = [of.to_yaml(), of.to_html(), of.to_python() if of in PORTABLE else ""]
    told += [run.inputs, run.error, getattr(run.error, "traceback", ""), repr(run.error and run.error.__cause__)]
    told += [run.logs(), run.progress(), run.to_html(), run.to_svg(), snapshot(source), repr(run)]
    for name in run._live.core.state.root.outline.names:
        told += [source.inspect(name, None), source.items(name, 0, 9), run.why(name)]
    known = history(engine.path)
    told += [
        getattr(known, table)().to_csv()
        for table in ("runs", "tasks", "attempts", "events", "logs", "metrics", "artifacts")
    ]
    engine.close()
    files = [file.read_bytes() for file in Path(str(engine.path)).rglob("*") if file.is_file()]
    assert len(files) > 4
    return "\n".join([*map(str, told), *(file.decode("utf-8", "replace") for file in files)])


FORMS = (
    CANARY,
    CANARY[:12],
    CANARY[-12:],
    json.dumps(CANARY)[1:-1],
    repr(CANARY)[1:-1],
    quote(CANARY),
    quote_plus(CANARY),
)


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


@flow
def meets_all(token: Secret = API) -> Any:
    sizes = [measures(token), measures_later(token), measures_inline(token), measures_apart(secret("API"))]
    named = headers_of({"a": expr("Bearer ${{ secrets.API }}"), "b": "none", "c": token})
    return [sizes, named, measures(yields(token))]


@flow
def tells_all(token: Secret) -> Any:
    told, apart = tells(token), tells_apart(token)
    with failed(told) as error:
        tried = tries_again(error)
    return [first_of(told, tried), apart]


@flow
def inside_once(token: Secret, n: int = 0) -> Any:
    return measures(token)


@flow
def has_default(token: Secret = API) -> Any:
    return measures(token)


@flow
def passes_it(token: Secret) -> Any:
    mapped = inside_once.map(token, n=each([1, 2]))
    child = uses("flow.run").options(name="child")(flow="inside_once", args={"token": token})
    return [inside_once(secret("API")), mapped, child, has_default(), repeat(measures, token, max=1)]


@task
def passes_on(x: Any, token: str) -> bool:
    if x == "first":
        current().spawn(token)
    return bool(x == token)


@flow
def spawns_one() -> Any:
    return passes_on.map(each(["first"]), token=secret("API"))


PORTABLE = (meets_all,)


def test_bodies_of_every_runner_get_the_text(tmp_path: Path) -> None:
    """In threads, loops, inline and worker processes; within texts, lists and mappings; of an input, by its name; of a body that
    yielded the secret itself. Nothing of it is recorded or shown."""
    with keys(tmp_path) as engine:
        run = engine.start(meets_all)
        assert run.result(LONG) == [[len(CANARY)] * 4, ["a", "c"], len(CANARY)]
        assert run.output("yields") == API
        assert leaks(everything(engine, run, meets_all)) == []


def test_nothing_that_bodies_say_tells_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Lines, logs, progress, measures, messages, attributes, causes and tracebacks have the name in its place; handlers, too."""
    with keys(tmp_path) as engine:
        run = engine.start(tells_all, {"token": "API"})
        with pytest.raises(TaskFailed) as caught:
            run.result(LONG)
        assert caught.value.node == "tells_apart" and SHOWN in str(caught.value) and SHOWN in caught.value.traceback
        assert caught.value.__cause__ is None
        assert leaks(caplog.text) == [] and f"log {SHOWN}" in caplog.text
        logs = "\n".join(run.logs("tells"))
        assert logs.count(SHOWN) >= 6, logs
        assert run.output("tries_again") == f"the server knows no {SHOWN} https://x.test/?token={SHOWN}"
        text = everything(engine, run, tells_all)
        assert leaks(text + str(run._live.notes.progress)) == []
        assert SHOWN in str(run._live.notes.progress)


@pytest.mark.parametrize("body", [yields_more, keeps_apart, keeps_artifact])
def test_what_holds_one_is_not_recorded(tmp_path: Path, body: Any) -> None:
    """A result or artifact in which it stands fails the node at once, before anything is written."""

    @flow
    def holds_one() -> Any:
        return body.options(retry=3)(secret("API"))

    with keys(tmp_path) as engine:
        run = engine.start(holds_one)
        with pytest.raises(TaskFailed, match="holds the secret 'API'") as caught:
            run.result(LONG)
        assert (caught.value.code, caught.value.attempt) == ("secret-in-result", 1)
    # An engine that is open still writes the end of the run to its catalog, beside which SQLite keeps a file meanwhile.
    files = [file.read_bytes() for file in (tmp_path / "store").rglob("*") if file.is_file()]
    assert files and not any(CANARY[:12].encode() in data for data in files)


def test_an_item_that_a_body_spawns_is_one_by_its_name(tmp_path: Path) -> None:
    """It is recorded so, and the new item gets the text."""
    with keys(tmp_path) as engine:
        run = engine.start(spawns_one)
        assert run.result(LONG) == [False, True]
        assert leaks(everything(engine, run, spawns_one)) == []


def test_who_learns_it_second_has_it_masked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bodies that begin at once get the same secret: neither runs before it is masked."""
    entered, go_on, done, masks = Event(), Event(), Event(), Masks()
    make = secrets._forms

    def slow(value: str) -> set[str]:
        entered.set()
        assert go_on.wait(LONG)
        return make(value)

    monkeypatch.setattr(secrets, "_forms", slow)
    first = Thread(target=masks.learn, args=("API", CANARY))
    first.start()
    assert entered.wait(LONG)
    assert masks.values.get("API") is None
    monkeypatch.setattr(secrets, "_forms", make)
    second = Thread(target=lambda: (masks.learn("API", CANARY), done.set()))
    second.start()
    go_on.set()
    assert done.wait(LONG) and masks.text(CANARY) == SHOWN
    for thread in (first, second):
        thread.join(LONG)


def test_one_that_is_missing_fails_its_node_alone(tmp_path: Path) -> None:
    """By its name, and it is tried again as any failure is: when it is there then, the node goes on."""
    known: dict[str, str] = {}

    @task
    def sets_it(error: Any) -> Any:
        known["LATE"] = "here now"
        return error["code"]

    @flow
    def lacks_one() -> Any:
        return measures.options(retry={"max": 1, "delay": 0})(secret("LATE"))

    with Engine(tmp_path / "store", secrets=known) as engine:
        run = engine.start(lacks_one)
        with pytest.raises(TaskFailed, match="there is no secret 'LATE'") as caught:
            run.result(LONG)
        assert (caught.value.code, caught.value.attempt) == ("missing-secret", 2)
        known["LATE"] = "here now"
        run.retry("measures")
        assert run.result(LONG) == len("here now")


def test_a_check_tells_which_are_missing(default: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is asked for: of arguments, texts and defaults, in flows in flows, too."""
    monkeypatch.setenv("STRATIX_SECRET_API", "here")
    assert errors(passes_it.validate(secrets=True)) == []
    monkeypatch.delenv("STRATIX_SECRET_API")
    found = passes_it.validate(secrets=True)
    assert {(problem.code, problem.node) for problem in found} >= {
        ("missing-secret", "inside_once_2"),
        ("missing-secret", "has_default"),
    }
    assert errors(passes_it.validate()) == []


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('"a b" # it\'s "mine"', "a b"),
        ("'a # b'", "a # b"),
        ('"a" b"', 'a" b'),
        ("a#b", "a#b"),
        ("# nothing", ""),
        ("'", "'"),
        ('""', ""),
    ],
)
def test_a_value_in_a_file_of_secrets_ends_where_a_comment_begins(tmp_path: Path, line: str, value: str) -> None:
    """Outside of quotes, which are no part of it."""
    (tmp_path / "keys.env").write_text(f"KEY = {line}\n")
    assert Engine(tmp_path / "store", secrets=tmp_path / "keys.env").vault.find("KEY") == value


def test_where_they_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine is given, then the environment by a name of our own, then a file beside the store."""
    (tmp_path / ".env").write_text("# mine\nexport FILED='from file' \nTOKEN=abc # note\n")
    monkeypatch.setenv("STRATIX_SECRET_SET", "from environment")
    monkeypatch.setenv("PLAIN", "not for flows")
    with Engine(tmp_path / "store") as engine:
        assert [engine.vault.find(name) for name in ("FILED", "TOKEN", "SET")] == [
            "from file",
            "abc",
            "from environment",
        ]
        assert not engine.vault.has("PLAIN")
    (tmp_path / "secrets.toml").write_text('FILED = "from toml"\nSET = "hidden by the environment"\nN = 3\n')
    with Engine(tmp_path / "store") as engine:
        assert [engine.vault.find(name) for name in ("FILED", "SET")] == ["from toml", "from environment"]
        with pytest.raises(StratixError, match="is a int, not a text"):
            engine.vault.find("N")
    with Engine(tmp_path / "store", secrets=tmp_path / "secrets.toml") as engine:
        assert engine.vault.find("SET") == "hidden by the environment"
    with Engine(tmp_path / "store", secrets={"OWN": "given"}) as engine:
        assert engine.vault.find("OWN") == "given" and not engine.vault.has("FILED")
    with (
        Engine(tmp_path / "store", secrets=tmp_path / "none.toml") as engine,
        pytest.raises(StratixError, match="can't be read"),
    ):
        engine.vault.find("OWN")
    with pytest.raises(InputError, match="mapping of names"):
        Engine(tmp_path / "store", secrets=3)  # type: ignore[arg-type]


def test_an_input_takes_a_name_and_tells_nothing_else(tmp_path: Path) -> None:
    """Of what can be no name nothing is said, as it may be the secret; other inputs take none."""

    @flow
    def takes_one(token: Secret, text: str = "") -> Any:
        return measures(token)

    with keys(tmp_path) as engine:
        for wrong in (CANARY, 7, None):
            with pytest.raises(InputError, match="'token' must be the name of a secret") as caught:
                engine.start(takes_one, {"token": wrong})
            assert CANARY[:8] not in str(caught.value)
        with pytest.raises(InputError, match="'text' must be str"):
            engine.start(takes_one, {"token": "API", "text": secret("API")})
        assert engine.start(takes_one, {"token": secret("API")}).result(LONG) == len(CANARY)
        assert takes_one.input_schema()["properties"]["token"]["type"] == "string"


def test_flows_in_flows_pass_it_on(tmp_path: Path) -> None:
    """By name, through maps, loops and runs of their own, and by `run.set`."""

    with keys(tmp_path) as engine:
        run = engine.start(passes_it, {"token": "API"})
        assert run.result(LONG) == [len(CANARY), [len(CANARY)] * 2, len(CANARY), len(CANARY), len(CANARY)]
        assert leaks(everything(engine, run, passes_it)) == []


def test_executors_get_it_in_their_configs(tmp_path: Path) -> None:
    """What a command prints and yields, and what a query could not do, are told without it."""

    @flow
    def commands() -> Any:
        return uses("shell.run").options(name="says")(
            command=["sh", "-c", 'echo "$TOKEN"; test ${#TOKEN} -gt 9'], env={"TOKEN": secret("API")}
        )

    with keys(tmp_path) as engine:
        run = engine.start(commands)
        assert run.result(LONG) == {"exit_code": 0, "stdout": f"{SHOWN}\n", "stderr": ""}
        assert leaks(everything(engine, run, commands)) == []


def test_a_recovered_run_asks_for_it_again(tmp_path: Path, default: Engine) -> None:
    """The name alone is on record: another engine opens it with what it has itself."""

    @flow
    def is_forked(token: Secret) -> Any:
        return measures(token)

    with keys(tmp_path) as engine:
        run = engine.start(is_forked, {"token": "API"})
        run.wait()
    with Engine(tmp_path / "store", secrets={"API": "another"}) as engine:
        assert engine.run(run.id).fork("measures").result(LONG) == len("another")


PLACES = {
    "when: secrets.API == 'x'": "secret-in-condition",
    "when: inputs.token != ''": "secret-in-condition",
    "each: {as: n, in: [1], where: \"secrets.API != '' && n > 0\"}": "secret-in-condition",
    "each: {as: n, in: [1], key: '${{ n }} ${{ secrets.API }}'}": "secret-in-key",
    "each: {as: n, in: ['${{ secrets.API }}']}": "secret-in-map",
    "retry: {max: 1, when: error.message == secrets.API}": "secret-in-condition",
    "with: {token: \"${{ 'a' + secrets.API }}\"}": "secret-in-expression",
    "with: {token: '${{ secrets.API.x }}'}": "secret-in-expression",
    "with: {token: {first_of: ['${{ tasks.b.output }}', '${{ secrets.API }}']}}": "bad-value",
}


@pytest.mark.parametrize("field", PLACES)
def test_it_stands_in_arguments_alone(field: str) -> None:
    """Everything else is recorded or shown: each such place is a problem with its line, and says where a secret can stand."""
    text = f"stratix: 1\nflow: places\ninputs: {{token: {{type: Secret}}}}\ntasks:\n  b: {{call: b}}\n  a:\n    call: a\n    {field}\n"
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text)
    found = [problem for problem in caught.value.problems if problem.code == PLACES[field]]
    assert found and found[0].line == 8 and found[0].hint


def test_other_places_that_would_show_it() -> None:
    """Outputs, what ends a flow early, waits, options of several nodes, inputs that are no Secret, inputs that want one and get something
    else, lists of them."""
    inner = "flows: {sub: {inputs: {token: {type: Secret}, plain: {type: str, default: ''}}, tasks: {x: {call: x}}}}"
    tasks = {
        "w: {uses: wait.approval, with: {message: 'Is it ${{ secrets.API }}?'}}": "secret-in-wait",
        "s: {flow: sub, with: {token: '${{ secrets.API }}', plain: '${{ secrets.API }}'}}": "secret-in-input",
        "s: {flow: sub, with: {token: '${{ tasks.x.output }}'}}": "secret-in-input",
        "s: {flow: sub, with: {token: API}}": "secret-in-input",
        "e: {uses: flow.finish, with: {value: '${{ secrets.API }}'}}": "secret-in-output",
        "e: {uses: flow.finish, with: {value: ['key ${{ secrets.API }}'], node: x, status: failed}}": "secret-in-output",
    }
    for task_text, code in tasks.items():
        with pytest.raises(FlowError) as caught:
            Flow.from_yaml(f"stratix: 1\nflow: shows\ntasks:\n  x: {{call: x}}\n  {task_text}\n{inner}\n")
        assert [problem.code for problem in caught.value.problems] == [code]
    for more, code in {
        "output: '${{ secrets.API }}'": "secret-in-output",
        "defaults: {timeout: '${{ secrets.API }}'}": "secret-in-option",
        "defaults: {for: {x: {priority: '${{ secrets.API }}'}}}": "secret-in-option",
        "defaults: {retry: {max: 1, when: error.message == secrets.API}}": "secret-in-condition",
        "inputs: {many: {type: 'list[Secret]'}}": "secret-type",
    }.items():
        with pytest.raises(FlowError) as caught:
            Flow.from_yaml(f"stratix: 1\nflow: shows\ntasks: {{x: {{call: x}}}}\n{more}\n")
        assert code in [problem.code for problem in caught.value.problems]


def test_python_says_what_documents_say() -> None:
    """The same text in documents, which read back to the same flow, and in Python; nothing can be done with it in the flow."""
    text = meets_all.to_yaml()
    assert "default: API" in text and "${{ secrets.API }}" in text
    assert Flow.from_yaml(text).to_yaml() == text
    code = meets_all.to_python()
    assert 'secret("API")' in code and "token: Secret = " in code

    @flow
    def formats() -> Any:
        return measures(f"Bearer {secret('API')}")

    @flow
    def compares(token: Secret) -> Any:
        with when(token == "x"):
            measures(token)

    assert [problem.code for problem in formats.validate()] == ["reference-used-as-value"]
    assert [problem.code for problem in compares.validate()] == ["secret-in-condition"]
    with pytest.raises(FlowError, match="name of a secret") as caught:
        secret(CANARY)
    assert CANARY[:8] not in str(caught.value)
