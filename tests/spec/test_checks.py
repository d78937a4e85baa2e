"""What is said against a flow before it runs: types that don't meet, fan-outs over no list, values that nobody gives."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from stratix_tasks import Flow, FlowError, each, first_of, flow, product, task, when
from stratix_tasks.formats.yaml import load, read
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.problems import Problem, errors


@task
def number() -> int:
    return 1


@task
def texts() -> list[str]:
    return ["a"]


@task
def pairs() -> dict[str, list[int]]:
    return {}


@task
def both() -> tuple[int, str]:
    return 1, "a"


@task
def nothing() -> None:
    return None


@task
def takes_int(x: int) -> int:
    return x


@task
def texts_of(x: int) -> list[str]:
    return [str(x)]


@task
def takes_less(x: int = None) -> int:  # type: ignore[assignment]  # noqa: RUF013 - as people write it
    return x


@task
def takes_share(x: float) -> float:
    return x


@task
def takes_ints(xs: list[int]) -> str:
    return ""


@task
def takes_region(region: Literal["eu", "us"]) -> None: ...


@task
def before_of(x: int) -> int:
    return x


@flow
def gives_text(n: int = 1) -> Any:
    return takes_ints([n])


@flow
def gives_nothing() -> None:
    number()


def _sound(n: int = 1, xs: list[int] | None = None, region: Literal["eu"] = "eu") -> Any:
    takes_int(n)
    takes_int(number())
    takes_ints(xs)
    takes_region(region)
    takes_int.map(each(xs))
    takes_int.map(each(pairs()["a"]))
    takes_ints(takes_int.map(each([1, 2])))
    takes_int(both()[0])
    takes_int(first_of(number(), texts()))
    return gives_text(number())


WRONG: dict[str, tuple[Any, str, str]] = {
    "an input of another type": (lambda s: takes_int(s), "type-mismatch", "fed by 's', which is str, and must be int"),
    "an input of another choice": (lambda s: takes_region(s), "", ""),
    "elements of another type": (lambda: takes_ints(texts()), "type-mismatch", "which returns list[str]"),
    "a part of another type": (lambda: takes_int(both()[1]), "type-mismatch", "[1] of it str"),
    "a part that there is not": (lambda: takes_int(texts()["a"][5]), "", ""),
    "items of a map": (lambda: takes_int(takes_int.map(each([1]))), "type-mismatch", "which returns list[int]"),
    "a value of a mapping": (lambda: takes_int(pairs()["a"]), "type-mismatch", "list[int], and must be int"),
    "the output of a flow": (lambda: takes_int(gives_text()), "type-mismatch", "which returns str"),
    "an input of a flow": (lambda: gives_text(texts()), "type-mismatch", "and must be int"),
    "a literal of a flow": (lambda: gives_text("x"), "type-mismatch", "input 'n' must be int, not str 'x'"),
    "a literal of a task": (lambda: takes_int("x"), "type-mismatch", "argument 'x' must be int, not str 'x'"),
    "no value for a task": (lambda: takes_int(None), "type-mismatch", "argument 'x' must be int, not NoneType None"),
    "no value where none is meant": (lambda: takes_less(None), "", ""),
    "a literal that is as good": (lambda: takes_share(1), "", ""),
    "a literal among those of a fan-out": (
        lambda: takes_int.map(each([1, "x", "y"])),
        "type-mismatch",
        "argument 'x' must be int, not str 'x'",
    ),
    "a literal among those of a mapped flow": (
        lambda: gives_text.map(each([1, "x", "y"])),
        "type-mismatch",
        "input 'n' must be int, not str 'x'",
    ),
    "a fan-out over a number": (lambda n: takes_int.map(each(n)), "bad-each", "'x' maps over 'n', which is int"),
    "a fan-out over a text": (lambda s: takes_int.map(each(s)), "bad-each", "can't be iterated"),
    "a fan-out over a task's number": (lambda: takes_int.map(each(number())), "bad-each", "which returns int"),
    "a fan-out over None": (lambda: takes_int.map(each(nothing())), "bad-each", "which returns None"),
    "a product over a number": (lambda n: takes_int.map(product([1], n)[1]), "bad-each", "which is int"),
    "elements of a fan-out": (
        lambda: takes_int.map(each(texts())),
        "type-mismatch",
        "takes one element each of 'texts'",
    ),
    "the value of a flow without one": (lambda: takes_int(gives_nothing()), "no-output", "has no output"),
}


def traced(body: Any) -> Flow[..., Any]:
    def f(n: int = 1, s: str = "x") -> Any:
        names = body.__code__.co_varnames[: body.__code__.co_argcount]
        return body(**{name: value for name, value in {"n": n, "s": s}.items() if name in names})

    return flow(f)


@pytest.mark.parametrize("what", WRONG)
def test_what_can_not_meet_is_told_before_it_runs(what: str) -> None:
    """By both names, with both types; what may be is not told."""
    body, code, said = WRONG[what]
    problems = errors(traced(body).validate())
    assert [problem.code for problem in problems] == ([code] if code else [])
    assert all(said in problem.message for problem in problems)


def test_what_meets_is_not_told() -> None:
    """Inputs, parts, elements, first_of, None that may be there, and flows."""
    assert errors(flow(_sound).validate()) == []


HEAD = "stratix: 1\nflow: f\ninputs: {n: {type: int, default: 3}, xs: {type: 'list[str]', default: []}}\ntasks:\n"
IN_TEXT = {
    "a fan-out over a number": ("  a: {call: x, each: {as: f, in: '${{ inputs.n }}'}}\n", "bad-each", 5),
    "a fan-out over a literal": ("  a: {call: x, each: {as: f, in: 5}}\n", "bad-each", 5),
    "a fan-out over a text": ("  a: {call: x, each: {over: {f: abc}}}\n", "bad-each", 5),
    "a wait fed by a list": ("  a: {uses: wait.signal, with: {name: '${{ inputs.xs }}'}}\n", "type-mismatch", 5),
    "a condition that never holds": ("  a: {call: x, when: false}\n", "unreachable", 5),
    "a comparison that never holds": ("  a: {call: x, when: '1 > 2'}\n", "unreachable", 5),
    "the value of a flow without one": (
        "  a: {flow: g}\n  b: {call: x, with: {y: ['${{ tasks.a.output }}']}}\nflows: {g: {tasks: {c: {call: x}}}}\n",
        "no-output",
        6,
    ),
    "a literal of a flow": (
        "  a: {flow: g, with: {day: soon}}\nflows: {g: {inputs: {day: {type: date}}, tasks: {}}}\n",
        "type-mismatch",
        5,
    ),
}


@pytest.mark.parametrize("what", IN_TEXT)
def test_a_document_tells_it_with_its_place(what: str) -> None:
    """Without any function at hand, as far as the document says the types."""
    text, code, line = IN_TEXT[what]
    with pytest.raises(FlowError) as caught:
        load(HEAD + text)
    assert [(problem.code, problem.line) for problem in errors(caught.value.problems)] == [(code, line)]


def test_a_value_that_nobody_takes_is_fine() -> None:
    """Nor is order after a flow without an output a problem."""
    text = "  a: {flow: g}\n  b: {call: x, needs: [a], when: true}\nflows: {g: {tasks: {c: {call: x}}}}\n"
    assert list(load(HEAD + text).tasks) == ["a", "b"]


def test_what_is_not_used_is_a_warning() -> None:
    """A value that a flow neither takes nor gives, where it gives one, and an input that nothing names; it runs all the same. What
    tells of others' values a number or a path is there for its effect."""

    @flow(policies={"p": {"retry": "${{ inputs.often }}"}})
    def leaves_out(n: int = 1, often: int = 1, unused: int = 1) -> Any:
        takes_int.options(name="lost", policy="p")(n)
        takes_int.options(name="before")(n)
        nothing()
        gives_text.options(name="flow_lost")(n)
        takes_int.options(name="saves")(before_of(n))
        texts_of.options(name="forgotten")(before_of(n))
        return takes_int.options(name="given", after=[before_of(n)])(n)

    told = [problem for problem in leaves_out.validate() if problem.code == "unused"]
    assert {problem.node or problem.message for problem in told} == {
        "lost",
        "before",
        "flow_lost",
        "forgotten",
        "nothing uses the input 'unused'",
    }
    assert errors(leaves_out.validate()) == [] and all(problem.warning for problem in told)
    assert not [one for one in gives_nothing.validate() if one.code == "unused"]  # it gives no value at all


TYPED = "inputs: {n: {type: int}, region: {type: str, choices: [eu, us]}, day: {type: date}, any: {}, xs: {type: 'list[str]'}, on: {type: bool}}\n"
UNEQUAL = {
    "inputs.n == 'x'": "compares inputs.n, which is int, with 'x'",
    "'x' == inputs.n": "which is int",
    "inputs.region == 'asia'": "Known: eu, us",
    "inputs.n > 2 && inputs.region != 3": "which is Literal['eu', 'us'], with 3",
    "inputs.day < 3": "which is str",
    "inputs.on == 1": "compares inputs.on, which is bool, with 1",
    "inputs.xs[0] == 1": "compares inputs.xs[0], which is str",
    "tasks.b.status == 'done'": "tasks.b.status",
    "inputs.n": "the condition is `inputs.n`, which is int, and not true or false",
    "'yes'": "the condition is `'yes'`, and not true or false",
}


@pytest.mark.parametrize("when", UNEQUAL)
def test_conditions_are_checked_by_types(when: str) -> None:
    """By what an expression sees of inputs and states, with the line."""
    text = f'stratix: 1\nflow: typed\n{TYPED}tasks:\n  b: {{call: b}}\n  a:\n    call: a\n    when: "{when}"\n'
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("type-mismatch", 8)
    assert UNEQUAL[when] in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    "when",
    [
        "inputs.n == 1.0 && inputs.region == 'eu' && inputs.day == '2024-01-01'",
        "inputs.any == 3 || inputs.any.x > 'a'",
        "inputs.n * 2 == 3 && size(inputs.xs) > 1",
        "inputs.region in ['asia'] || inputs.xs[0] == inputs.region",
        "tasks.b.status == 'failed' || tasks.b.status == 'skipped'",
        "inputs.xs[0] == \"inputs.n == 'x'\" || inputs.any",
        "inputs.xs.exists(n, n == 'a')",
        "inputs.on == true || inputs.any == true",
        "'a' in inputs.xs == true && size(inputs.xs) > inputs.n == inputs.on",
    ],
)
def test_conditions_that_may_hold_are_not_told(when: str) -> None:
    """Numbers among each other, dates as texts, sums, calls, texts that look like expressions, what nobody knows."""
    load(f"stratix: 1\nflow: typed\n{TYPED}tasks:\n  b: {{call: b}}\n  a: {{call: a, when: {json.dumps(when)}}}\n")


IMPOSSIBLE = {
    "both ways": (
        (
            "a: {call: f, when: inputs.n > 3}, b: {call: f, when: '!(inputs.n > 3)'}, d: {call: f, needs: [c]}, "
            "c: {call: f, with: {x: '${{ tasks.a.output }}', y: '${{ tasks.b.output }}'}}"
        ),
        "c",
    ),
    "both ways, further on": (
        "a: {call: f, when: inputs.n > 3}, b: {call: f, needs: [a]}, c: {call: f, when: '!(inputs.n > 3)', needs: [b]}",
        "c",
    ),
    "a condition and its opposite": ("a: {call: f, when: '(inputs.n > 3) && (!(inputs.n > 3))'}", "a"),
    "the value of what failed": (
        "a: {call: f}, b: {call: f, when: tasks.a.status == 'failed', with: {x: '${{ tasks.a.output }}'}}",
        "b",
    ),
    "what never holds in what might": ("a: {call: f, when: '(inputs.n > 3) && (false)'}", "a"),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_nodes_that_can_never_run_are_told(what: str) -> None:
    """Once, at the first of them."""
    tasks, node = IMPOSSIBLE[what]
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(f"stratix: 1\nflow: never\ninputs: {{n: {{type: int}}}}\ntasks: {{{tasks}}}\n")
    (problem,) = caught.value.problems
    assert problem.code in ("impossible", "unreachable") and problem.node == node and problem.hint


def test_what_needs_a_node_that_can_not_run_is_named_with_it() -> None:
    """At any distance; not who goes on without it, by a join, by first_of or at the end of the flow."""
    tasks = """
  a: {call: f, when: false}
  b: {call: f, needs: [a]}
  c: {call: f, with: {x: "${{ tasks.b.output }}"}}
  d: {call: f}
  e: {call: f, join: any, needs: [a, d]}
  g: {call: f, with: {x: {first_of: ["${{ tasks.a.output }}", "${{ tasks.d.output }}"]}}}
finally:
  z: {call: f, needs: [a]}
"""
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(f"stratix: 1\nflow: never\ntasks:{tasks}")
    (problem,) = caught.value.problems
    assert problem.message.endswith("can't be reached, nor can what needs it: 'b', 'c'")


def test_ways_that_meet_again_are_fine() -> None:
    """By first_of, by a join, in what runs at the end, and where a failure is allowed."""
    tasks = """
  a: {call: f, when: inputs.n > 3}
  b: {call: f, when: "!(inputs.n > 3)"}
  c: {call: f, with: {x: {first_of: ["${{ tasks.a.output }}", "${{ tasks.b.output }}"]}}}
  d: {call: f, join: any, needs: [a, b]}
  e: {call: f, when: tasks.c.status == 'failed'}
finally:
  z: {call: f, needs: [a, b], when: scope.status == 'failed'}
"""
    Flow.from_yaml(f"stratix: 1\nflow: meets\ninputs: {{n: {{type: int}}}}\ntasks:{tasks}")


NOTHING = {
    "retry: {delay: 3s}": "retry.delay means nothing without retry.max",
    "retry: {on: [ValueError]}": "retry.on means nothing without retry.max",
    "retry: {max: 2, delay: 5m}": "no delay is longer than retry.max_delay, which is 1m",
    "timeout: {attempt: 10s, total: 3s}": "all attempts together end after 3s",
    "retry: {max: 2, when: 'attempt'}": "which is a number, and not true or false",
    "retry: {max: 2, when: \"error.message.lower() == 'a'\"}": "knows no function 'lower'",
    "retry: {max: 2, delay: '${{ max(error.wait, 3) }}'}": "knows no function 'max'",
    "when: \"tasks.p.status in ['success', 'ok']\"": "among what it can't be",
    "when: 'len(inputs.n) > 3'": "knows no function 'len'",
}
SOMETHING = (
    "retry: {max: 0}",
    "retry: {max: 2, delay: 5m, max_delay: 5m}",
    "retry: {max: '${{ inputs.n }}', on: [ValueError]}",
    "timeout: {attempt: 3s, total: 3s}",
    "retry: {max: 2, when: 'size(error.message) > 3 && error.status in [429, 503]'}",
    "when: \"tasks.p.status in ['failed', 'ok']\"",
    "when: \"inputs.n.exists(x, x.name.startsWith('a'))\"",
)


def _said(option: str) -> list[Problem]:
    text = (
        f"stratix: 1\nflow: f\ninputs: {{n: {{type: any}}}}\ntasks:\n  p: {{uses: wait.approval, with: {{message: a}}}}\n"
        f"  q: {{uses: http.get, with: {{url: 'http://a.test/${{{{ inputs.n }}}}'}}, needs: [p], join: settled, {option}}}\n"
    )
    return errors(read(text)[1])


@pytest.mark.parametrize("option", NOTHING)
def test_what_would_silently_do_nothing_is_told(option: str) -> None:
    """Of options the part beside which another one means nothing, of expressions what could never be computed."""
    told = _said(option)
    assert any(NOTHING[option] in problem.message for problem in told), told
    assert all(problem.line and problem.hint for problem in told)


@pytest.mark.parametrize("option", SOMETHING)
def test_what_does_something_is_not_told(option: str) -> None:
    """It is said as people say it."""
    assert not _said(option)


@pytest.mark.parametrize(
    ("text", "meant"), [("{{ inputs.n }}", "inputs.n"), ("a ${ tasks.p.output } b", "tasks.p.output")]
)
def test_a_text_that_looks_like_an_expression_is_a_warning(text: str, meant: str) -> None:
    """It stays a text; what would be its value is told."""
    document = f"stratix: 1\nflow: f\ntasks: {{q: {{uses: wait.approval, with: {{message: '{text}'}}}}}}\n"
    (problem,) = Flow.from_yaml(document).validate()
    assert (problem.code, problem.warning, problem.hint) == ("text", True, f"Write ${{{{ {meant} }}}} for the value.")


def test_flows_and_policies_that_mean_nothing_are_warnings() -> None:
    """A flow that no task calls, also not one in another flow; a policy of which a task says all itself."""
    text = (
        "stratix: 1\nflow: f\npolicies: {net: {retry: 2}, all: {retry: 2, pool: db}}\npools: {db: 1}\ntasks:\n"
        "  a: {uses: http.get, with: {url: 'http://a.test'}, policy: net, retry: 3}\n"
        "  b: {uses: http.get, with: {url: 'http://a.test'}, policy: all, retry: 3}\n"
        "  c: {flow: outer}\n"
        "flows:\n  outer: {tasks: {d: {flow: inner}}}\n  inner: {tasks: {e: {uses: wait.sleep, with: {duration: 1}}}}\n"
        "  idle: {tasks: {e: {uses: wait.sleep, with: {duration: 1}}}}\n"
    )
    told = [(problem.code, problem.node, problem.at, problem.warning) for problem in Flow.from_yaml(text).validate()]
    assert told == [
        ("no-effect", "a", ("tasks", "a", "policy"), True),
        ("unused", "", ("flows", "idle"), True),
    ]


@pytest.mark.parametrize("text", ["2 > n == true", "size(xs) == n == true", "n in xs == true", "0 < n && xs[0] == n"])
def test_what_follows_a_comparison_is_part_of_it(text: str) -> None:
    """And is not compared itself with what stands behind: `2 > n == true` asks whether n is less than 2."""
    assert compile_expression(text).evaluate({"n": 1, "xs": [1]}) is True


def test_an_input_that_is_named_in_the_place_of_being_given_is_missing() -> None:
    """What arguments name of what is mapped is no argument itself: the hint says how it is given, too."""
    text = """
stratix: 1
flow: outer
tasks: {m: {flow: part, each: {as: x, in: [1]}, with: {z: "${{ x }}"}}}
flows:
  part: {inputs: {x: {type: int}, z: {type: int}}, tasks: {}, output: ["${{ inputs.x }}", "${{ inputs.z }}"]}
"""
    with pytest.raises(FlowError) as caught:
        Flow.from_yaml(text)
    (problem,) = caught.value.problems
    assert (problem.code, problem.hint) == ("missing-input", 'Add it: x: "${{ x }}".')
    assert Flow.from_yaml(text.replace("with: {", 'with: {x: "${{ x }}", ')).validate() == []


FEW = {
    "a list": ("call: number, each: {as: x, in: [1, 2], gather: {n_of: 3}}", True),
    "a flow": ("flow: f, each: {as: x, in: [1, 2], gather: {n_of: 3}}", False),
    "a count": ("flow: f, each: {as: x, in: {range: 2}, gather: {n_of: 3}}", False),
    "crossed": ("flow: f, each: {over: {x: [1], y: [1, 2]}, by: product, gather: {n_of: 3}}", False),
    "none": ("uses: wait.signal, with: {name: a}, each: {as: timeout, in: [], gather: any}", False),
}


@pytest.mark.parametrize(("said", "spawns"), FEW.values(), ids=FEW)
def test_a_gather_of_more_items_than_there_are_is_told(said: str, spawns: bool) -> None:
    """At its place; as a warning where a body may add items."""
    inner = "flows: {f: {inputs: {x: {type: int}, y: {default: 1}}, tasks: {n: {call: number}}}}"
    made = read(f"stratix: 1\nflow: outer\ntasks: {{a: {{{said}}}}}\n{inner}", file="")[1]
    found = [one for one in made if one.code == "impossible-join"]
    assert [(one.at, one.warning, "too-few" in one.message) for one in found] == [
        (("tasks", "a", "each", "gather"), spawns, True)
    ]


A = "${{ tasks.a.output }}"
WAYS = {
    "taken": (f"tasks: {{b: {{call: number, with: {{n: '{A}'}}}}}}", True),
    "mapped over": (f"tasks: {{b: {{call: number, each: {{as: n, in: ['{A}']}}}}}}", True),
    "under one condition": (f"tasks: {{b: {{call: number, when: inputs.x > 1, with: {{n: '{A}'}}}}}}", True),
    "under both": (f"tasks: {{b: {{call: number, when: inputs.x < 9 && inputs.x > 1, with: {{n: '{A}'}}}}}}", False),
    "waited for, too": (f"tasks: {{b: {{call: number, needs: [a], with: {{n: '{A}'}}}}}}", False),
    "in a join": (f"tasks: {{b: {{call: number, join: settled, with: {{n: '{A}'}}}}}}", False),
    "first of several": (f"tasks: {{b: {{call: number, with: {{n: {{first_of: ['{A}', 1]}}}}}}}}", False),
    "at the end": (f"finally: {{b: {{call: number, with: {{n: '{A}'}}}}}}", False),
}


@pytest.mark.parametrize(("said", "told"), WAYS.values(), ids=WAYS)
def test_what_takes_a_value_that_may_be_skipped_is_warned_of(said: str, told: bool) -> None:
    """At its place in a document; in code the line that takes it is wrong. Who shows that it is meant is not told."""
    a = "a: {call: number, when: inputs.x > 1 && inputs.x < 9}"
    tasks = said.replace("tasks: {", f"tasks: {{{a}, ") if said.startswith("tasks") else f"tasks: {{{a}}}\n{said}"
    made = read(f"stratix: 1\nflow: outer\ninputs: {{x: {{type: int}}}}\n{tasks}")[1]
    found = [one for one in made if one.code == "may-be-skipped"]
    assert [(one.node, one.warning, one.line) for one in found] == [("b", True, 4)] * told


def test_a_value_of_a_document_that_may_be_skipped_is_told_once() -> None:
    """Code that takes it is wrong with its line, and the document of it is not warned of as well; what a flow gives is told, too."""

    @flow
    def leaks(x: int) -> Any:
        with when(x > 1):
            a = number()
        return a

    assert [(one.code, one.warning) for one in leaks.validate()] == [("may-be-skipped", False)]
    made = Flow.from_yaml(
        f"stratix: 1\nflow: gives\ninputs: {{x: {{type: int}}}}\n"
        f"tasks: {{a: {{call: '{__name__}:number', when: inputs.x > 1}}}}\noutput: '{A}'"
    )
    assert [(one.code, one.warning, one.line) for one in made.validate()] == [("may-be-skipped", True, 5)]
