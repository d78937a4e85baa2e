"""Python that is written of flows: it reads well, runs, and is the same document when it is traced."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from keyword import iskeyword
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pieces
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import Field
from specs import flows

from stratix_tasks import (
    Flow,
    FlowError,
    Static,
    always,
    approval,
    count,
    each,
    failed,
    first_of,
    flow,
    n_of,
    otherwise,
    product,
    repeat,
    sleep,
    task,
    when,
)
from stratix_tasks.dsl.sources import Sources
from stratix_tasks.formats.python import dump, nested
from stratix_tasks.spec.code import quoted
from stratix_tasks.spec.model import FlowSpec, InputSpec, Loop, NodeSpec
from stratix_tasks.spec.problems import errors
from stratix_tasks.spec.values import Expr, Ref, Template

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def stand_in(module: str, qualname: str) -> Any:
    def function(*_parts_: Any, **_more_: Any) -> Any: ...

    function.__module__, function.__qualname__, function.__name__ = module, qualname, qualname.rpartition(".")[2]
    return function


class C:
    d = staticmethod(task(retry=2, pool="p")(stand_in("a.b", "C.d")))


C.__module__, C.__qualname__ = "a.b", "C"
MODULES = {
    "mylib.ingest": {"load": stand_in("mylib.ingest", "load")},
    "a.b": {"C": C},
    "loose": {"fetch": task(timeout="1m", priority=2)(stand_in("loose", "fetch"))},
}
"""The functions of the strategy: a plain one, a task in a class, and a task with options that is called by name alone."""
CALLS = {
    "mylib.ingest:load": task(MODULES["mylib.ingest"]["load"]),
    "a.b:C.d": C.d,
    "fetch": MODULES["loose"]["fetch"],
}


@pytest.fixture(autouse=True)
def modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, members in MODULES.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "mylib", ModuleType("mylib"))


def written(spec: FlowSpec) -> str:
    sources = Sources()
    callees = sources.callees(CALLS)
    assert not sources.problems
    return dump(spec, {callee.call: callee for callee in callees.values()}, sources.module)


def defined(text: str) -> Any:
    """The flow that is defined last in a text."""
    scope: dict[str, Any] = {"__name__": "written"}
    exec(compile(text, "written.py", "exec", dont_inherit=True), scope)
    return [value for value in scope.values() if isinstance(value, Flow)][-1]


def sayable(spec: FlowSpec) -> FlowSpec:
    """The flow without what Python can't say: sub-flows that nothing calls or that are named otherwise, and names of inputs
    that are words of Python; functions called by their full names. A default that is no JSON is kept as a document
    has it, or where a sub-flow is called.
    """
    used = {node.flow for node in spec.tasks.values()}
    flows = {name: sayable(one).but({"flow": name}) for name, one in spec.flows.items() if name in used}
    tasks = {
        name: node.but({"call": "loose:fetch"}) if node.call == "fetch" else node for name, node in spec.tasks.items()
    }
    assume(not any(iskeyword(name) for name in spec.inputs))
    inputs = {
        name: one if is_said(one) and type(one.default) in JSON else InputSpec(required=one.required)
        for name, one in spec.inputs.items()
    }
    return spec.but({"flows": flows, "tasks": tasks, "inputs": inputs})


JSON = (type(None), bool, int, float, str)


def is_said(one: InputSpec) -> bool:
    """Whether a type as Python writes it says this of an input: no class is known of its fields, and Literal is for choices."""
    kinds = {type(choice).__name__ for choice in one.choices}
    chosen = not kinds or (kinds == {one.type} and one.type in ("str", "int", "bool"))
    return not one.fields and "[" not in one.type and chosen


@settings(max_examples=120, suppress_health_check=[*QUIET, HealthCheck.function_scoped_fixture])
@given(spec=flows())
def test_spec_to_python_to_spec_is_the_identity(spec: FlowSpec) -> None:
    """For any document that Python can say; tracing what was written finds nothing wrong with it."""
    spec = sayable(spec)
    text = written(spec)
    again = defined(text).trace()
    assert again.spec == spec, text
    assert not again.problems, text


@st.composite
def wordy(draw: Any) -> FlowSpec:
    """A flow whose nodes also catch, run at the end, go in rounds, are taken back, join and gather."""
    spec = draw(flows())
    last = draw(st.integers(0, len(spec.tasks)))
    made: dict[str, NodeSpec] = {}
    for at, (name, node) in enumerate(spec.tasks.items()):
        fields: dict[str, Any] = {"always": at >= last}
        if made:
            fields["catch"] = tuple(draw(st.lists(st.sampled_from([*made]), unique=True, max_size=2)))
        if fields.get("catch") and node.call is not None and node.each is None:
            error = Ref("error", "error", draw(st.sampled_from([(), ("message",), ("items", 0)])))
            fields["args"] = {**node.args, "told": draw(st.just(error) | st.just(Template(("it was ", error))))}
        elif fields["always"] and node.call is not None and node.each is None:
            fields["args"] = {**node.args, "told": Expr(draw(st.sampled_from(["scope.status", "scope.error.message"])))}
        if node.call is not None and node.each is None and "*" not in node.args and draw(st.booleans()):
            fields["loop"] = draw(rounds(fields.get("args", node.args)))
        elif node.call is not None and node.each is None:
            fields["undo"] = draw(st.none() | st.sampled_from(["mylib.ingest:load", "a.b:C.d"]))
        if node.flow is None and (node.each is None or node.each.gather == "all"):
            fields["join"] = draw(st.sampled_from(["all", "any", "settled", {"n_of": 2}, {"n_of": "50%"}]))
            fields["losers"] = draw(st.sampled_from([None, "keep", "cancel"])) if fields["join"] != "all" else None
        if node.each is not None and fields.get("losers") is None and node.each.by == "zip" and draw(st.booleans()):
            over = {argument: {"range": 3} for argument in node.each.over}
            fields["each"] = node.each.but({"over": over, "flatten": draw(st.booleans()), "gather": "settled"})
        made[name] = node.but(fields)
    return spec.but({"tasks": made})


def rounds(args: dict[str, Any]) -> Any:
    return st.builds(
        Loop,
        carry=st.none() | st.sampled_from([*args]) if args else st.none(),
        until=st.none() | st.sampled_from([Expr("output.loss < 0.1"), Expr("size(output) > inputs_")]),
        max=st.integers(1, 99),
        every=st.none() | st.integers(1, 99).map(float),
        within=st.none() | st.integers(1, 99).map(float),
        on_max=st.sampled_from(["fail", "take"]),
    )


@settings(max_examples=60, suppress_health_check=[*QUIET, HealthCheck.function_scoped_fixture])
@given(spec=wordy())
def test_all_words_of_python_say_the_same(spec: FlowSpec) -> None:
    """What catches, runs at the end, goes in rounds, is taken back, joins and gathers is the same when it is traced again."""
    spec = sayable(spec)
    text = written(spec)
    again = defined(text).trace()
    assert again.spec == spec, text
    assert not again.problems, text


plain = task(pieces.plain)


@flow
def inner(values: list[int], note: str = "") -> Any:
    """The sum of some numbers."""
    return {"sum": pieces.total(values), "note": note}


@flow(name="day_report", pools={"api": 2}, concurrency=9, timeout="2h", tags=["a"], defaults={"retry": 1})
def report(
    day: date,
    limit: Annotated[int, Field(description="How many are too many.")] = 3,
    rates: list[float] = [0.5, 1.5],
    debug: Static[bool] = False,
) -> Any:
    """Numbers of a day, and what they come to."""
    values = pieces.numbers.options(pool="api", retry=None)(day, mode=pieces.Mode.SLOW, wait=timedelta(minutes=5))
    even, odd = pieces.halves(values)
    grid = pieces.scaled.options(max=4, key="{value}-{by}").map(*product(values, rates))
    lone = pieces.scaled.options(name="lone").map(each(even), by=0.5)
    with when(values.summary["length"] > limit):
        big = inner(even, note="big")
        with when(values[0] == 31):
            last = inner.options(name="last_day", after=[grid])(odd)
        with otherwise():
            other = inner(odd, note='"quoted"')
    with otherwise():
        small = pieces.total(even, odd, 1, start=10)
    added = plain(values[0], 5, c=7, **{"lambda": 1})
    return {"kind": first_of(big["sum"], small), "lone": lone, "grid": grid, "added": added, "even": even}


WRITTEN = '''\
from datetime import date, timedelta
from typing import Annotated

from pieces import Mode, halves, numbers, plain, scaled, total
from pydantic import Field
from stratix_tasks import each, first_of, flow, otherwise, product, task, when


plain = task(plain)


@flow
def inner(values: list[int], note: str = ""):
    """The sum of some numbers."""
    total_out = total(values)
    return {"sum": total_out, "note": note}


@flow(defaults={"retry": 1}, pools={"api": 2}, concurrency=9, timeout="2h", tags=["a"])
def day_report(
    day: date,
    limit: Annotated[int, Field(description="How many are too many.")] = 3,
    rates: list[float] = [0.5, 1.5],
):
    """Numbers of a day, and what they come to."""
    numbers_out = numbers.options(pool="api", retry=None)(
        day,
        mode=Mode.SLOW,
        wait=timedelta(minutes=5),
    )
    halves_out = halves(numbers_out)
    scaled_out = scaled.options(key="{value}-{by}", max=4).map(*product(numbers_out, rates))
    lone = scaled.options(name="lone").map(each(halves_out[0]), by=0.5)
    with when(numbers_out.summary["length"] > limit):
        inner_out = inner(halves_out[0], note="big")
        with when(numbers_out[0] == 31):
            inner.options(name="last_day", after=scaled_out)(halves_out[1])
        with otherwise():
            inner(halves_out[1], note='"quoted"')
    with otherwise():
        total_out = total(halves_out[0], halves_out[1], 1, start=10)
    plain_out = plain(numbers_out[0], 5, c=7, **{"lambda": 1})
    return {
        "kind": first_of(inner_out["sum"], total_out),
        "lone": lone,
        "grid": scaled_out,
        "added": plain_out,
        "even": halves_out[0],
    }
'''


def test_a_decorated_flow_reads_well() -> None:
    """As a person would write it: imports in order, blocks for conditions, options only where they are said."""
    assert report.to_python() == WRITTEN


@flow
async def awaited(day: date) -> Any:
    values = await pieces.told(day)
    texts = pieces.told.map(each([1, 2]), Path("a/b"))
    with when((day == date(2024, 1, 1)) | ~(day > date(2024, 1, 2))):
        approval("Go on?", timeout="1d")
    return await pieces.told.options(after=[sleep(timedelta(milliseconds=1))])(values), texts


FLOWS: dict[str, tuple[Any, dict[str, Any]]] = {
    "many words": (report, {"day": date(2024, 1, 31), "limit": 2}),
    "the other branch": (report, {"day": date(2024, 1, 30), "limit": 5}),
    "async": (awaited, {"day": date(2024, 1, 3)}),
}


@pytest.mark.parametrize("name", FLOWS)
def test_a_written_flow_is_the_same_and_gives_the_same(name: str, engine: Any) -> None:
    """Decorators, written as Python, run: the same document and the same value."""
    given, inputs = FLOWS[name]
    again = defined(given.to_python())
    assert again.spec == given.spec
    assert not errors(again.validate())
    ended = [engine.start(one, inputs) for one in (given, again)]
    for run in ended:
        run.wait()
    first, second = (run.result() for run in ended)
    assert first == second


@flow
def many_ways(values: list[int], depth: int = 2) -> Any:
    first = pieces.total.options(undo=pieces.plain)(values)
    with failed(first) as error:
        told = pieces.told(error["message"])
        more = pieces.told.options(name="more")(told)
    refined = repeat(pieces.scaled, depth, until=lambda output: output > 9, max=9, every="1m")
    fast = pieces.scaled.options(gather=n_of(2), losers="cancel").map(each(count(3)), by=0.5)
    best = pieces.told.options(name="best", join="first_success")(first_of(first, more, 0), folder=Path("a"))
    with when(first == 3):
        many_ways.options(name="again")([1])
    with always() as scope:
        pieces.told.options(name="tell")(scope.status)
        with when(first > 3):
            pieces.told.options(name="why")(scope.error.message)
    return [best, refined, fast]


MANY_WAYS = """\
@flow
def many_ways(values: list[int], depth: int = 2):
    total_out = total.options(undo=plain)(values)
    with failed(total_out) as error:
        told_out = told(error["message"])
        more = told.options(name="more")(told_out)
    scaled_out = repeat(scaled, depth, until="output > 9", max=9, every="1m")
    scaled_2 = scaled.options(gather=n_of(2), losers="cancel").map(each(count(3)), by=0.5)
    best = told.options(name="best", join="first_success")(
        first_of(total_out, more, 0),
        folder=Path("a"),
    )
    with when(total_out == 3):
        many_ways.options(name="again")([1])
    with always() as scope:
        told.options(name="tell")(scope.status)
        with when(total_out > 3):
            told.options(name="why")(scope.error.message)
    return [best, scaled_out, scaled_2]
"""


def test_every_word_reads_well() -> None:
    """Blocks for what catches and for the end of the flow, `repeat` for loops, functions for what takes something back."""
    text = many_ways.to_python()
    assert text.endswith(MANY_WAYS)
    assert defined(text).spec == many_ways.spec


DOCUMENT = """\
stratix: 1
flow: day
inputs:
  day: {type: date}
  limit: {type: int, default: 100, description: How many are too many}
  frame: {type: DataFrame, default: null}
defaults: {retry: 2, grace: 5s}
tasks:
  publish:
    call: pieces:total
    when: inputs.limit > 2 && tasks.many.summary.length > 0
    with: {"*": ["${{ tasks.many.output }}"], start: "${{ inputs.limit + 1 }}"}
  many:
    call: pieces:numbers
    needs: [go]
    with: {day: "${{ inputs.day }}", count: 2, mode: slow}
  go: {uses: wait.sleep, with: {duration: 1ms}, description: A moment}
  last:
    call: pieces:told
    with: {value: "${{ inputs.day }}: ${{ tasks.publish.output }}", folder: a/b}
output: "${{ tasks.last.output }}"
ui: {positions: {many: [10, 20.5]}}
"""


def test_a_document_is_written_as_python(engine: Any) -> None:
    """Of nodes in any order, with expressions that Python has no operators for, and types that it does not know."""
    given = Flow.from_yaml(DOCUMENT, allow=["pieces"])
    text = given.to_python()
    again = defined(text)
    assert again.spec == given.spec
    assert not errors(again.validate())
    assert 'with when(expr("inputs.limit > 2 && tasks.many.summary.length > 0")):' in text
    assert 'expr("${{ inputs.day }}: ${{ tasks.publish.output }}")' in text
    ended = [engine.start(one, {"day": date(2024, 1, 31)}) for one in (given, again)]
    for run in ended:
        run.wait()
    assert [run.result() for run in ended] == ["a/b: 2024-01-31: 164"] * 2


BESIDE = """stratix: 1
flow: two
inputs:
  since: {type: datetime, default: "2026-01-02T03:04:05Z"}
  until: {type: datetime, default: "2026-01-02T03:04:05+05:30"}
tasks:
  outer: {flow: outer, with: {x: 1}}
  far: {flow: far, with: {x: 4}}
output: ["${{ tasks.outer.output }}", "${{ tasks.far.output }}"]
flows:
  outer:
    inputs: {x: {type: int}}
    tasks:
      again: {flow: inner, with: {x: "${{ inputs.x }}"}}
      own: {flow: far, with: {x: "${{ inputs.x }}"}}
    output: ["${{ tasks.again.output }}", "${{ tasks.own.output }}"]
    flows:
      far: {inputs: {x: {type: int}}, tasks: {a: {call: pieces:total, with: {start: 9}}}, output: "${{ tasks.a.output }}"}
  inner:
    inputs: {x: {type: int}}
    tasks:
      far: {flow: far, with: {x: "${{ inputs.x }}"}}
    output: "${{ tasks.far.output }}"
  far:
    inputs: {x: {type: int}}
    tasks:
      a: {call: pieces:total, with: {start: "${{ inputs.x }}"}}
    output: "${{ tasks.a.output }}"
"""


def test_flows_of_a_document_that_call_each_other_are_written_as_functions(engine: Any) -> None:
    """Each calls the one that its document means; traced again it holds that, where the document has it beside."""
    given = Flow.from_yaml(BESIDE, allow=["pieces"])
    again = defined(given.to_python())
    assert again.spec == nested(given.spec)
    assert [*again.spec.flows] == ["outer", "far"]
    assert [*again.spec.flows["outer"].flows] == ["inner", "far"]
    runs = [engine.start(one, {}) for one in (given, again)]
    assert [run.result() for run in runs] == [[[1, 9], 4]] * 2


def test_what_a_document_may_not_import_is_not_written() -> None:
    """Its functions are not known, so that nothing can be said of their options."""
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(DOCUMENT.replace("pieces:", "no_such_pieces:")).to_python()
    assert {problem.code for problem in caught.value.problems} == {"not-allowed"}


HEAD = "stratix: 1\nflow: f\ninputs: {x: {}}\n"
UNSAID = {
    "a sub-flow that nothing calls": HEAD + "tasks: {}\nflows: {g: {tasks: {}}}\n",
    "a sub-flow of another name": HEAD + "tasks: {a: {flow: g}}\nflows: {g: {flow: h, tasks: {}}}\n",
    "an input of a reserved name": HEAD.replace("{x:", "{lambda:") + "tasks: {}\n",
    "one output twice": HEAD
    + "tasks: {a: {call: pieces:total}}\noutput: {first_of: ['${{ tasks.a.output }}', '${{ tasks.a.output }}']}\n",
    "needs that say it twice": HEAD + "tasks: {a: {call: pieces:total}, b: {call: pieces:total, needs: [a, a]}}\n",
    "a map over a mapping": HEAD + "tasks: {a: {call: pieces:scaled, each: {as: value, in: {k: 1}}}}\n",
    "a gap in the positions": HEAD + "tasks: {a: {call: pieces:plain, with: {b: 1, '*': [1]}}}\n",
    "choices that are dates": HEAD.replace("{x: {}}", "{x: {type: date, choices: ['2024-02-01']}}") + "tasks: {}\n",
    "a flow that two call in turn": HEAD
    + "tasks: {a: {flow: g}}\nflows: {g: {tasks: {b: {flow: h}}}, h: {tasks: {c: {flow: g}}}}\n",
    "a flow beside one that has words of its own for it": HEAD
    + "tasks: {a: {flow: g}}\nflows: {g: {defaults: {retry: 1}, tasks: {b: {flow: h}}}, h: {tasks: {c: {call: pieces:total}}}}\n",
    "a type that does something": HEAD.replace("{x: {}}", "{x: {type: f(1)}}") + "tasks: {}\n",
}


@pytest.mark.parametrize("what", UNSAID)
def test_what_python_has_no_word_for_is_told(what: str) -> None:
    """By name, and never left out."""
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(UNSAID[what], allow=["pieces"]).to_python()
    assert caught.value.code in ("not-portable", "bad-flow")
    assert all(problem.message for problem in caught.value.problems)


PARTS = """stratix: 1
flow: parts
inputs: {files: {type: list}}
tasks:
  a:
    call: pieces:total
    each: {as: file, in: "${{ inputs.files }}", key: '${{ file["name"] }}'}
    with: {start: '${{ file["sizes"][0] }}', "*": ['${{ file["sizes"] }}', 2]}
  b:
    call: pieces:total
    each: {as: start, in: [1, 2]}
    with: {start: "${{ start }}", "*": ["${{ start }}"]}
  c:
    call: pieces:total
    each: {as: one, in: [1, 2]}
    with: {start: "${{ one }}"}
output: ["${{ tasks.a.output }}", "${{ tasks.b.output }}", "${{ tasks.c.output }}"]
"""


KEYS = {
    "${{ value }}": "{value}",
    "a-${{ value['b'][0] }}": "a-{value[b][0]}",
    "${{ value.b }}": "${{ value.b }}",
    "${{ string(value + 1) }} of {x}": "${{ string(value + 1) }} of {x}",
    "{${{ each.index }}}": "{${{ each.index }}}",
    "$${{ ${{ value }}": "$${{ ${{ value }}",
    """${{ value['a]"b'] }}""": """${{ value["a]\\"b"] }}""",
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_written_as_a_template_or_as_documents_have_it(key: str) -> None:
    """Whatever a document can call an item by, Python can."""
    head = HEAD + "tasks: {a: {call: pieces:scaled, each: {as: value, in: '${{ inputs.x }}', key: KEY}}}\n"
    given = Flow.from_yaml(head.replace("KEY", json.dumps(key)), allow=["pieces"])
    text = given.to_python()
    assert f"key={quoted(KEYS[key])}" in text
    assert defined(text).spec == given.spec


def test_parts_of_what_is_mapped_are_written_by_a_variable(engine: Any) -> None:
    """Which is called as the document does; an element as a whole, too."""
    given = Flow.from_yaml(PARTS, allow=["pieces"])
    text = given.to_python()
    assert 'file = each(files, name="file")' in text and "start = each([1, 2])\n" in text
    again = defined(text)
    assert again.spec == given.spec
    files = [{"name": "x", "sizes": [1, 2]}, {"name": "y", "sizes": [3]}]
    assert engine.start(again, {"files": files}).result() == [[6, 8], [2, 4], [1, 2]]


IN_TEXTS = """stratix: 1
flow: in_texts
inputs: {files: {type: list}}
tasks:
  a:
    call: pieces:told
    each: {as: file, in: "${{ inputs.files }}"}
    with: {value: ["${{ file.name }}.csv", '${{ file.sizes[0] + 1 }}']}
  b:
    call: pieces:told
    each: {by: product, over: {file: "${{ inputs.files }}", n: [1, 2]}}
    with: {value: "${{ file.name }} no. ${{ n }}"}
  c:
    call: pieces:total
    each: {as: start, in: [1, 2]}
    with: {start: "${{ start }}", "*": ["${{ start * 10 }}"]}
  d:
    call: pieces:total
    each: {as: start, in: [1, 2]}
    with: {"*": ["${{ start * 10 }}"]}
output: ["${{ tasks.a.output }}", "${{ tasks.b.output }}", "${{ tasks.c.output }}", "${{ tasks.d.output }}"]
"""


def test_what_texts_alone_name_stands_beside_them(engine: Any) -> None:
    """It is no argument; one that is passed as a whole is passed although a text names it."""
    given = Flow.from_yaml(IN_TEXTS, allow=["pieces"])
    text = given.to_python()
    assert 'file = each(files, name="file")' in text
    assert '[expr("${{ file.name }}.csv", file), expr("file.sizes[0] + 1", file)]' in text
    assert 'expr("${{ file.name }} no. ${{ n }}", each_file, n)' in text
    assert '.map(expr("start * 10"), start=start)' in text and '.map(expr("start * 10", each_start))' in text
    again = defined(text)
    assert again.spec == given.spec
    files = [{"name": "x", "sizes": [1]}, {"name": "y", "sizes": [3]}]
    a, b, c, d = engine.start(again, {"files": files}).result()
    assert a == [f"x: {['x.csv', 2]}", f"x: {['y.csv', 4]}"]
    assert b == [f"x: {one} no. {n}" for one in "xy" for n in (1, 2)]
    assert (c, d) == ([11, 22], [10, 20])


CROSSED = """stratix: 1
flow: crossed
inputs: {files: {type: list}}
tasks:
  a:
    call: pieces:total
    each: {by: product, over: {file: "${{ inputs.files }}", start: [10, 20]}}
    with: {"*": ['${{ file["sizes"][0] }}', '${{ file.sizes[0] + 1 }}']}
  b:
    call: pieces:told
    each: {by: product, over: {file: "${{ inputs.files }}", n: [1, 2]}}
    with: {value: ['${{ file["name"] }}', "${{ n }}", "${{ file.name }}: ${{ n }}"]}
output: ["${{ tasks.a.output }}", "${{ tasks.b.output }}"]
"""


def test_parts_of_what_is_crossed_and_texts_with_them_are_written_by_its_variables(engine: Any) -> None:
    """Texts and expressions say what it is called, where an argument names it otherwise, too."""
    given = Flow.from_yaml(CROSSED, allow=["pieces"])
    text = given.to_python()
    assert 'file, start = product(each(files, name="file"), each([10, 20]))\n' in text
    assert 'expr("${{ file.name }}: ${{ n }}")' in text
    again = defined(text)
    assert again.spec == given.spec
    files = [{"name": "x", "sizes": [1]}, {"name": "y", "sizes": [3]}]
    sums, told = engine.start(again, {"files": files}).result()
    assert sums == [13, 23, 17, 27]
    assert told == [f"x: {[one, n, f'{one}: {n}']}" for one in ("x", "y") for n in (1, 2)]


def test_an_object_is_told() -> None:
    """With the node where it stands."""

    @flow
    def holds() -> Any:
        return pieces.total(object())

    with pytest.raises(FlowError) as caught:
        holds.to_python()
    (problem,) = caught.value.problems
    assert (problem.code, problem.node) == ("not-portable", "total")


NOTEBOOK = """
import math
import pathlib as p
from enum import Enum
from typing import Any

from stratix_tasks import Engine, each, flow, task

FACTOR = 3
TABLE = {"a": [1, 2.5], "where": p.Path("x")}


class Size(Enum):
    SMALL = 1
    LARGE = 2


def helper(x: int) -> float:
    return math.sqrt(x) * FACTOR * len(TABLE["a"]) * len(p.Path("x").name)


@task(retry=FACTOR)
def root(x: int, size: Size = Size.SMALL) -> float:
    "One of them."
    return helper(x) * size.value


def add(*parts: float) -> float:
    return round(sum(parts), 3)


summed = task(add)


@flow
def roots(xs: list[int] = [4, 9]) -> Any:
    made = root.map(each(xs), size=Size.LARGE)
    return summed(made[0], made[1])


if __name__ == "__main__":
    import sys

    engine = Engine(sys.argv[1])
    print(roots.to_python()) if sys.argv[2] == "write" else print(engine.start(roots, {}).result(), roots.to_yaml())
    engine.close()
"""


def test_functions_of_a_notebook_are_written_out(tmp_path: Path) -> None:
    """With what they use: imports, constants, classes and other functions; the result is the same, and so is the document."""
    end = "\n" + NOTEBOOK[NOTEBOOK.index("if __name__") :].replace(
        "import sys", "import sys; from stratix_tasks import Engine"
    )
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    text = ran(tmp_path, "notebook.py", "write")
    (tmp_path / "again.py").write_text(text + end)
    assert ran(tmp_path, "again.py", "run") == ran(tmp_path, "notebook.py", "run")
    assert "FACTOR = 3" in text
    assert "def helper(x: int) -> float:" in text
    assert "import pathlib as p" in text
    assert "class Size(Enum):" in text
    assert "add_task = task(add)" in text


def ran(folder: Path, script: str, what: str) -> str:
    """What a script prints, run as the main module."""
    command = [sys.executable, script, str(folder / "store"), what]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


TYPES = """\
stratix: 1
flow: typed
inputs:
  a: {type: DataFrame, description: A frame}
  b: {type: 'list[Path] | None'}
  c: {type: str, choices: [x, y], default: x}
  d: {type: 'Optional[int]', default: null}
  e: {type: 'list[DataFrame] | None', default: null}
  date: {type: date, default: 2024-01-02}
  g: {type: any of them, default: 1}
  when: {default: 1}
tasks:
  each: {call: 'pieces:total', when: inputs.when == 1, with: {"*": ["${{ inputs.date }}"]}}
output: "${{ tasks.each.output }}"
"""


def test_types_and_names_that_stand_in_each_others_way() -> None:
    """Types that are known are imported, others stay texts; an input that is named as a type or a word of ours hides neither."""
    given = Flow.from_yaml(TYPES, allow=["pieces"])
    text = given.to_python()
    again = defined(text)
    assert again.spec == given.spec
    assert not errors(again.validate())
    assert "from datetime import date as date_" in text
    assert "date: date_ = date_(2024, 1, 2)" in text
    assert "with when_(when == 1):" in text
    with pytest.raises(FlowError, match="written otherwise"):
        Flow.from_yaml(TYPES.replace("str, choices: [x, y]", """"Literal['x', 'y']\""""), allow=["pieces"]).to_python()
