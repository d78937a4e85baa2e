"""YAML and specs: nothing is lost either way, all problems have their place, and reading runs nothing."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from specs import flows

from stratix_tasks import Flow, FlowError, configure, each, first_of, flow, load_flow, otherwise, task, when
from stratix_tasks.formats.yaml import dump, load, read
from stratix_tasks.formats.yaml_schema import schema
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.problems import errors
from stratix_tasks.spec.text import document, from_document


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(spec=flows())
def test_spec_to_yaml_to_spec_is_the_identity(spec: FlowSpec) -> None:
    """For any document; and the text of what was read is the same text."""
    text = dump(spec)
    again = load(text)
    assert again == spec
    assert dump(again) == text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(spec=flows())
def test_other_readers_agree_on_the_plain_parts(spec: FlowSpec) -> None:
    """A YAML 1.1 reader sees the same names, texts and numbers: what it would mistake is quoted."""
    plain = yaml.safe_load(dump(spec))
    assert plain["flow"] == spec.flow
    assert list(plain["tasks"]) == list(spec.tasks)
    assert plain.get("description", "") == spec.description
    assert tuple(plain.get("tags", ())) == spec.tags


@pytest.mark.parametrize("number", [1e16, 1e-05, -5e-324, 1.5e300, 0.1, 2.0])
def test_other_readers_take_numbers_for_numbers(number: float) -> None:
    """Large and small ones, too, which a YAML 1.1 reader knows by their point."""
    spec = FlowSpec(flow="numbers", tasks={"a": NodeSpec(call="m:f", **{"with": {"x": number}})})
    assert yaml.safe_load(dump(spec))["tasks"]["a"]["with"] == {"x": number}


class Mode(Enum):
    FAST = "fast"


@task(
    retry={"max": 2, "delay": 0.5, "on": [OSError]}, timeout={"attempt": "30s", "total": "5m"}, pool="api", priority=3
)
def fetch(region: str, day: date, wait: timedelta = timedelta(0), mode: Mode = Mode.FAST) -> list[int]:
    return [1]


@task
def total(parts: list[list[int]], folder: Path = Path("x")) -> int:
    return 0


@task
def many(*parts: Any, **more: Any) -> int:
    return 0


@flow
def inner(x: int) -> Any:
    return many(x)


@flow(pools={"api": 4}, concurrency=9, timeout="2h", on_failure="stop", tags=["a"], description="All of it.")
def everything(day: date, regions: list[str] = ["eu", "us"], limit: int = 3) -> Any:
    frames = fetch.options(max=8, key="{region}-x").map(each(regions), day, wait=timedelta(minutes=5), mode=Mode.FAST)
    summed = total(frames, folder=Path("a/b"))
    with when((summed > 0) & (limit < 5)):
        a = inner(summed)
    with otherwise():
        b = many(summed, "text ${{ inputs.x }}", on="yes", after=22)
    return {"value": first_of(a, b), "frames": frames}


def test_decorators_to_yaml_to_spec_is_the_identity() -> None:
    """A decorated flow, written and read, is the same flow; dates, durations, enums and paths included."""
    text = everything.to_yaml()
    again = Flow.from_yaml(text)
    assert again.spec == everything.spec
    assert again.to_yaml() == text


@task
def day_of(day: date, share: float = 1.0) -> str:
    return f"{day!r} {share!r}"


@flow
def one_day(day: date) -> Any:
    return day_of(day)


@flow
def days() -> Any:
    listed = [date(2024, 1, 1), date(2024, 1, 2)]
    return [
        day_of.map(each(listed), each([1, 2.0])),
        one_day.map(each(listed)),
        day_of.options(name="alone")(listed[0], 1),
    ]


def test_what_a_fan_out_goes_over_is_made_what_its_function_takes(tmp_path: Path) -> None:
    """As what it is given is: a document says the same as Python. Numbers that are as good stay what they are, mapped or not."""
    configure(store=tmp_path)
    again = Flow.from_yaml(days.to_yaml(), allow=[__name__])
    assert '["2024-01-01", "2024-01-02"]' in days.to_yaml()
    first, second = (f"datetime.date(2024, 1, {day})" for day in (1, 2))
    told = [[f"{first} 1", f"{second} 2.0"], [f"{first} 1.0", f"{second} 1.0"], f"{first} 1"]
    assert (days(), again()) == (told, told)


def test_a_document_of_the_design_loads(tmp_path: Path) -> None:
    """Hand-written, with comments, long forms, and references in texts."""
    text = """
# a comment
stratix: 1
flow: ingest
description: Load a day's files
inputs:
  day:   {type: date}
  limit: {type: int, default: 100}
defaults: {retry: {max: 2, delay: 1s, backoff: 2, max_delay: 30s, jitter: full}}
pools: {api: 4}
concurrency: 16
tasks:
  list_files:
    call: mylib.ingest:list_files
    with: {day: "${{ inputs.day }}"}
  parse:
    call: mylib.ingest:parse
    each: {over: {file: "${{ tasks.list_files.output }}", lr: [0.1, 0.2]}, by: product, max: 8}
    with: {note: "day ${{ inputs.day }} of ${{ tasks.list_files.summary.length }}"}
    timeout: {attempt: 30s, total: 5m, queued: 1h}
    pool: [api]
  publish:
    needs: [parse]
    when: "inputs.limit > 0 && tasks.list_files.summary.length > 0"
    call: mylib.report:send
    with: {"*": [1, 2], on: no, at: 22:30, octal: 010}
output: "${{ tasks.parse.output[0] }}"
ui: {positions: {parse: [10, 20.5]}}
"""
    (tmp_path / "ingest.yaml").write_text(text)
    spec = load_flow(tmp_path / "ingest.yaml")._document  # type: ignore[attr-defined]
    assert spec.tasks["publish"].args == {"*": [1, 2], "on": "no", "at": "22:30", "octal": "010"}
    assert spec.tasks["parse"].each.by == "product"
    assert spec.ui.positions == {"parse": (10, 20.5)}
    assert load(dump(spec)) == spec


def test_waits_are_written_as_they_are_read() -> None:
    """`uses`, its argument, and the deadline; mapped ones as well."""
    text = """stratix: 1
flow: ships
inputs:
  day: {type: date}
tasks:
  pause:
    uses: wait.sleep
    with: {duration: 5m}
  approve:
    uses: wait.approval
    needs: [pause]
    each: {as: message, in: [eu, us], key: "${{ message }}"}
    timeout: 1d
  go:
    uses: wait.signal
    when: 'tasks.approve.output[0].by != "me"'
    with: {name: "go-${{ inputs.day }}"}
"""
    spec = load(text)
    assert [node.uses for node in spec.tasks.values()] == ["wait.sleep", "wait.approval", "wait.signal"]
    assert spec.tasks["approve"].timeout.attempt == 86400
    assert dump(spec) == text
    assert from_document(document(spec)) == spec


HEAD = "stratix: 1\nflow: f\n"
WRONG = {
    "duplicate key": (HEAD + "tasks:\n  a: {call: x}\n  a: {call: y}\n", 5, "stands here again"),
    "a name of two": (
        HEAD + "tasks: {a: {call: x}}\nfinally:\n  a: {call: y}\n",
        5,
        "under finally again, after line 3",
    ),
    "unknown field": (HEAD + "taks: {}\n", 3, "Did you mean 'tasks'"),
    "unknown option": (HEAD + "tasks:\n  a: {call: x, retyr: 3}\n", 4, "Did you mean 'retry'"),
    "unknown reference": (
        HEAD + "tasks:\n  abc: {call: x}\n  b: {call: y, with: {x: '${{ tasks.abd.output }}'}}\n",
        5,
        "abc",
    ),
    "unknown input": (HEAD + "inputs: {day: {}}\ntasks:\n  a: {call: x, with: {x: '${{ inputs.dya }}'}}\n", 5, "day"),
    "cycle": (
        HEAD + "tasks:\n  a: {call: x, needs: [b]}\n  b: {call: y, needs: [a]}\n",
        4,
        "→",
    ),
    "bad name": (HEAD + "tasks:\n  a-b: {call: x}\n", 4, "a-b"),
    "reserved name": (HEAD + "tasks:\n  in: {call: x}\n", 4, "in"),
    "bad expression": (HEAD + "tasks:\n  a: {call: x}\n  b: {call: y, when: 'tasks.a.output >'}\n", 5, "expression"),
    "other scope": (HEAD + "tasks:\n  a: {call: x, with: {x: '${{ env.HOME }}'}}\n", 4, "env"),
    "python tag": (HEAD + "tasks:\n  a: {call: !!python/name:os.system x}\n", 4, "tag"),
    "later option": (HEAD + "tasks:\n  a: {call: x, cache: 1d}\n", 4, "cache"),
    "delay of more than the error": (
        HEAD + "tasks:\n  a: {call: x, retry: {max: 2, delay: '${{ error.wait * each.index }}'}}\n",
        4,
        "retry.delay asks the error of an attempt, or its number",
    ),
    "bad duration": (HEAD + "tasks:\n  a: {call: x, timeout: soon}\n", 4, "soon"),
    "bad number": (HEAD + "concurrency: many\ntasks: {a: {call: x}}\n", 3, "many"),
    "wrong version": ("stratix: 2\nflow: f\ntasks: {}\n", 1, "2"),
    "no mapping": ("- a\n- b\n", 1, "mapping"),
    "broken YAML": (HEAD + "tasks: {a: [\n", 4, ""),
    "map over nothing": (HEAD + "tasks:\n  a: {call: x, each: {as: f, in: null}}\n", 4, "each needs"),
    "nothing to do": (HEAD + "tasks:\n  a: {}\n", 4, "call"),
    "nothing named": (HEAD + "tasks:\n  a: {call: null}\n", 4, "neither"),
    "two bodies": (HEAD + "tasks:\n  a: {call: x, uses: wait.signal, with: {name: x}}\n", 4, "call and uses"),
    "unknown executor": (HEAD + "tasks:\n  a: {uses: wait.aproval}\n", 4, "Did you mean 'wait.approval'"),
    "later executor": (HEAD + "tasks:\n  a: {uses: python, with: {url: x}}\n", 4, "not available"),
    "unknown argument": (HEAD + "tasks:\n  a: {uses: wait.signal, with: {nam: x}}\n", 4, "Did you mean 'name'"),
    "missing argument": (HEAD + "tasks:\n  a: {uses: wait.approval}\n", 4, "with: {message: …}"),
    "unreadable sleep": (HEAD + "tasks:\n  a:\n    uses: wait.sleep\n    with: {duration: soon}\n", 6, "'soon'"),
    "unreadable item": (
        HEAD + "tasks:\n  a:\n    uses: wait.sleep\n    each: {as: duration, in: [5m, soon]}\n",
        6,
        "'soon'",
    ),
    "message of no text": (HEAD + "tasks:\n  a: {uses: wait.approval, with: {message: 5}}\n", 4, "a text, not 5"),
    "signal without a name": (HEAD + "tasks:\n  a: {uses: wait.signal, with: {name: ''}}\n", 4, "a text, not ''"),
    "option of a body": (HEAD + "tasks:\n  a: {uses: wait.signal, with: {name: x}, retry: 3}\n", 4, "timeout (its"),
    "deadline of a sleep": (
        HEAD + "tasks:\n  a:\n    uses: wait.sleep\n    with: {duration: 5m}\n    timeout: 1d\n",
        7,
        "no timeout",
    ),
    "more than a deadline": (
        HEAD + "tasks:\n  a:\n    uses: wait.signal\n    with: {name: x}\n    timeout: {total: 1d}\n",
        7,
        "timeout: 1d",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_problems_have_their_place(what: str) -> None:
    """File, line, column and what would be right."""
    text, line, said = WRONG[what]
    with pytest.raises(FlowError) as caught:
        load(text, file="f.yaml")
    first = caught.value.problems[0]
    assert (first.file, first.line >= 1, first.column >= 1) == ("f.yaml", True, True)
    assert line in [problem.line for problem in caught.value.problems]
    assert said in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    """In the order of the text."""
    text = HEAD + "inputs: {x: {typ: int}}\ntasks:\n  a: {call: [5]}\n  b: {cal: x}\n  c: {call: y, needs: [d]}\n"
    with pytest.raises(FlowError) as caught:
        load(text)
    assert [problem.line for problem in caught.value.problems][:4] == [3, 5, 6, 7]


def test_alias_bombs_and_depth_are_refused() -> None:
    """What would expand beyond measure is not expanded."""
    bomb = (
        HEAD
        + "tasks:\n  a:\n    call: x\n    with:\n      a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"      a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    )
    with pytest.raises(FlowError, match="more than"):
        load(bomb)
    with pytest.raises(FlowError, match="deep"):
        load(HEAD + "tasks: {a: {call: x, with: {x: " + "[" * 500 + "]" * 500 + "}}}\n")
    with pytest.raises(FlowError):
        load("stratix: 1\nflow: f\ntasks: {}\n" + "# x" * 5_000_000)


def test_reading_imports_nothing() -> None:
    """Names of modules are resolved when a flow is bound, and only where allowed."""
    before = set(sys.modules)
    made = Flow.from_yaml(HEAD + "tasks:\n  a: {call: 'this_module_must_not_be:imported'}\n")
    assert "this_module_must_not_be" not in set(sys.modules) - before
    (problem,) = made.validate()
    assert problem.code == "not-allowed"
    assert "allow=['this_module_must_not_be']" in str(problem)


def test_what_has_no_words_in_yaml_is_not_written() -> None:
    """`not-portable` for objects, `not-importable` for functions that no other process could find."""

    @task
    def closure(x: Any) -> Any:
        return x

    @flow
    def holds() -> Any:
        return many(object())

    @flow
    def local() -> Any:
        return closure(1)

    with pytest.raises(FlowError, match="object") as caught:
        holds.to_yaml()
    assert caught.value.problems[0].code == "not-portable"
    with pytest.raises(FlowError, match=r"output holds a value that is no plain data \(tuple\)\. Make it a list"):
        flow(name="two_of_them")(lambda: {"deep": [many(1), (many(2), 3)]}).to_yaml()
    with pytest.raises(FlowError, match="closure") as caught:
        local.to_yaml()
    assert caught.value.problems[0].code == "not-importable"


def test_binding_finds_what_does_not_fit() -> None:
    """Unknown functions, arguments that they don't take, literals of the wrong type: problems with the node's name."""
    text = everything.to_yaml()
    module = __name__
    cases = {
        f"{module}:total": ("unknown-call", text.replace(f"{module}:total", f"{module}:totl")),
        "folder": ("bad-arguments", text.replace("folder: a/b", "foldre: a/b")),
        "wait": ("type-mismatch", text.replace("wait: 5m", "wait: soon")),
    }
    for code, changed in cases.values():
        assert changed != text
        problems = Flow.from_yaml(changed, allow=[module]).validate()
        assert code in [problem.code for problem in problems], (code, problems)


def test_a_document_of_a_notebook_says_that_its_functions_are_to_be_defined_here() -> None:
    """A script or notebook is no module that could be imported for them."""
    (problem,) = Flow.from_yaml(
        everything.to_yaml().replace(f"{__name__}:total", "__main__:nowhere_to_be_found")
    ).validate()[:1]
    assert problem.hint.endswith(
        "script that wrote it can't be imported: define @task nowhere_to_be_found, or write module:name."
    )


def test_the_schema_accepts_what_is_written() -> None:
    """Editors complete and check by it; each task option of this version is in it."""
    from stratix_tasks.spec.vocabulary import TASK

    made = schema()
    known = str(made)
    for option in TASK - {"name", "after"}:
        assert f"'{option}'" in known


@pytest.mark.parametrize(
    ("data", "why"),
    [(f"{HEAD}tasks: {{}}".encode("utf-16"), "it is UTF-16"), (f"{HEAD}description: é".encode("latin-1"), "in line 3")],
)
def test_a_file_that_is_no_utf_8_says_what_to_do(tmp_path: Path, data: bytes, why: str) -> None:
    """And where."""
    (tmp_path / "f.yaml").write_bytes(data)
    with pytest.raises(FlowError, match=f"{why}; save it as UTF-8"):
        load_flow(tmp_path / "f.yaml")


MANY = {
    "fields": ("a{}: {{call: f, foo{}: 1}}", "there are 300 more problems, which are not listed"),
    "keys": ("a: {{call: f}}  # {}{}", "there are 299 more problems, which are not listed"),
    "references": ("a{}: {{call: f, with: {{x: '${{{{ tasks.b{}.output }}}}'}}}}", "there are more problems"),
}


@pytest.mark.parametrize(("line", "rest"), MANY.values(), ids=MANY)
def test_of_very_many_problems_the_first_are_listed_and_the_rest_counted(line: str, rest: str) -> None:
    """Nobody reads hundreds of them, nor waits for that."""
    text = "stratix: 1\nflow: f\ntasks:\n" + "".join(f"  {line.format(i, i)}\n" for i in range(500))
    _, problems = read(text)
    [last] = [problem for problem in problems if problem.code == "too-many"]
    assert (len(problems), rest in last.message, last.warning) == (201, True, False)


def test_a_problem_behind_very_many_warnings_is_listed() -> None:
    """Warnings are counted by themselves, and keep no flow from running."""
    lines = "".join(f"  a{i}: {{call: f, with: {{x: '{{{{ inputs.x }}}}'}}}}\n" for i in range(250))
    text = f"stratix: 1\nflow: f\ninputs: {{x: {{type: int}}}}\ntasks:\n{lines}"
    assert load(text).tasks.keys() == {f"a{i}" for i in range(250)}
    _, problems = read(f"{text}  z: {{call: f, needs: [y]}}\n")
    assert [problem.code for problem in errors(problems)] == ["unknown-task"]
    assert len(problems) == 202


def test_a_path_is_no_text_of_a_document() -> None:
    """The error says what reads a file."""
    with pytest.raises(FlowError, match=r"load_flow\(path\) reads a file"):
        Flow.from_yaml(Path("shop.yaml"))  # type: ignore[arg-type]
