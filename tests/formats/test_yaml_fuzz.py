"""Any text at all: reading it ends soon, with a flow or with problems that have their places, and runs and imports nothing."""

from __future__ import annotations

import re
import sys
import tracemalloc
from time import thread_time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from specs import flows

from stratix_tasks import Flow, FlowError
from stratix_tasks.formats.yaml import dump, load, read
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.extent import extent
from stratix_tasks.spec.graph import Graph

HEAD = "stratix: 1\nflow: f\n"
LONGEST = 5.0
"""Seconds that one text may take on a busy machine."""
WORDS = [
    *("stratix", "flow", "tasks", "inputs", "flows", "with", "each", "in", "as", "over", "key", "when", "output", "ui"),
    *("retry", "timeout", "pool", "needs", "call", "uses", "defaults", "objects", "$object", "first_of", "positions"),
    *(
        "${{ ",
        " }}",
        "tasks.a.output",
        "inputs.x",
        "wait.sleep",
        "duration",
        "1e999",
        "0x",
        "-0",
        "9" * 400,
        ".nan",
        "~",
    ),
    *(
        "&a ",
        "*a",
        "<<",
        "!!python/object:os.system",
        "!",
        "? ",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "|",
        ">",
        "%YAML 1.1",
        "---",
    ),
    *(
        "'",
        '"',
        "\\x",
        "#",
        "\t",
        "\n",
        "\n  ",
        "\n    ",
        "\r",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "\ud800",
        "😀",
        "ß",
    ),
]
soup = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=25).map("".join)


compile_expression("1 < 2")  # what computes expressions is imported now


def sound(text: str) -> None:
    """Reading gives a flow, or a FlowError whose problems have their places."""
    modules, began = set(sys.modules), thread_time()
    try:
        flow = Flow.from_yaml(text)
        flow.validate()
        assert isinstance(repr(flow), str)
    except FlowError as error:
        assert error.problems, error
        lines = len(text.splitlines()) + 1
        for problem in error.problems:
            assert 1 <= problem.line <= lines and problem.column >= 1, (problem, text)
            assert problem.message and problem.code
    assert thread_time() - began < LONGEST
    assert not {name for name in set(sys.modules) - modules if not name.startswith(OURS)}


OURS = (
    "stratix_tasks",
    "cel",
    "pydantic",
    "yaml",
    "json",
    "encodings",
    "annotated_types",
    "typing",
    "importlib",
    "email",
    "zoneinfo",
)
"""Of what is imported while a text is read: only what reads it."""


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=200) | soup | soup.map(lambda text: HEAD + text))
@example(text="")
@example(text="\x00")
@example(text="\ud800")
@example(text=HEAD + "\ud800: 1\n")
@example(text="&a [*a]")
@example(text=HEAD + "tasks: {a: {call: x, with: {x: '${{ " + "(" * 500 + "'}}}")
def test_any_text_is_read_or_refused(text: str) -> None:
    """Noise, and words of the language in any order."""
    sound(text)


@st.composite
def mutated(draw: Any) -> str:
    """A valid document with some pieces taken away, doubled or replaced."""
    text = dump(draw(flows(depth=draw(st.integers(0, 1)))))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 12)))
        piece = draw(st.sampled_from(["", text[begin:end] * 2, *WORDS]) | st.text(max_size=3))
        text = text[:begin] + piece + text[end:]
    return text


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(text=mutated())
def test_broken_documents_are_read_or_refused(text: str) -> None:
    """One that was valid before a few of its characters were changed."""
    sound(text)


BOMBS = {
    "laughs": HEAD
    + "tasks:\n  a:\n    call: x\n    with:\n      a0: &a0 [1, 1]\n"
    + "".join(f"      a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 64)),
    "lists": HEAD + "output: " + "[" * 100_000,
    "lists in lines": HEAD + "output:\n" + "".join(" " * n + "-\n" for n in range(1, 2000)),
    "mappings": HEAD + "output: " + "{a: " * 50_000,
    "flows in flows": HEAD + "".join(" " * 2 * n + "flows:\n" + " " * (2 * n + 1) + "g:\n" for n in range(1, 200)),
    "digits": HEAD + "concurrency: " + "9" * 100_000,
    "an exponent": HEAD + "inputs: {x: {type: int, default: 1e999999999}}",
    "a float for a whole number": HEAD + "inputs: {x: {type: int, default: 1e308}}",
    "a long duration": HEAD + "timeout: " + "9" * 5000 + "d",
    "a duration of many parts": HEAD + "timeout: " + "1d" * 50_000,
    "a long name": HEAD + "tasks: {" + "a" * 100_000 + ": {call: x}}",
    "a long expression": HEAD + "tasks: {a: {call: x, when: '" + "1 + " * 20_000 + "1'}}",
    "a deep expression": HEAD + "tasks: {a: {call: x, when: '" + "!" * 900 + "true'}}",
    "brackets": HEAD + "tasks: {a: {call: x, when: '" + "(" * 500 + "true" + ")" * 500 + "'}}",
    "marks without an end": HEAD + "output: '" + "${{ " * 50_000 + "'",
    "quotes in marks": HEAD + "output: '${{ " + '"a' * 20_000 + " }}'",
    "backslashes in marks": HEAD + "output: '${{ \"" + "\\" * 30_001 + " }}'",
    "many templates": HEAD + "output: '" + "${{ inputs.x }}" * 20_000 + "'",
    "a type": HEAD + "inputs: {x: {type: '" + "list[" * 5_000 + "int" + "]" * 5_000 + "'}}",
    "a type of many": HEAD + "inputs: {x: {type: '" + " | ".join(["int"] * 5_000) + "', default: 1}}",
    "a type that computes": HEAD + "inputs: {x: {type: '9**9**9**9', default: 1}}",
    "a type that runs": HEAD + "inputs: {x: {type: '__import__(\"this\").d', default: 1}}",
    "keys": HEAD + "tasks: {" + ", ".join(f"a{n}: {{call: x}}" for n in range(5_000)) + "}",
    "a chain": HEAD + "tasks:\n" + "".join(f"  a{n}: {{call: x, needs: [a{n + 1}]}}\n" for n in range(5_000)),
    "a circle": HEAD + "tasks:\n" + "".join(f"  a{n}: {{call: x, needs: [a{(n + 1) % 3000}]}}\n" for n in range(3_000)),
    "many circles": HEAD + "tasks:\n" + "".join(f"  a{n}: {{call: x, needs: [a{n}]}}\n" for n in range(2_000)),
    "unknown words": HEAD + "".join(f"word{n}: 1\n" for n in range(3_000)),
    "unknown tasks": HEAD + "tasks:\n" + "".join(f"  a{n}: {{call: x, needs: [b{n}]}}\n" for n in range(2_000)),
    "names that are alike": HEAD
    + "tasks:\n"
    + "".join(f"  {'a' * 48}{n}: {{call: x, needs: [{'a' * 49}{n}]}}\n" for n in range(1500)),
    "macros in macros": HEAD
    + "tasks: {a: {call: x, when: '["
    + "1," * 100
    + "1].map(a, ["
    + "1," * 100
    + "1].map(b, ["
    + "1," * 100
    + "1].map(c, c))).size() > 0'}}",
    "text that doubles": HEAD + 'tasks: {a: {call: x, when: \'["a"]' + ".map(x, x + x)" * 40 + ".size() > 0'}}",
    "a large number in hex": HEAD + "tasks: {a: {call: x, with: {x: 0x" + "f" * 3900 + "}}}",
    "a place that is nowhere": HEAD + "ui: {positions: {a: [" + "9" * 400 + ", .nan]}}",
    "comments": HEAD + "# x\n" * 900_000 + "tasks: {}\n",
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_is_refused_or_read(what: str) -> None:
    """In a few seconds and little memory; never by an error that is not told as a problem."""
    tracemalloc.start()
    began = thread_time()
    try:
        Flow.from_yaml(BOMBS[what]).validate()
    except FlowError as error:
        assert error.problems
        assert all(problem.line and problem.column for problem in error.problems[:100]), error.problems[:3]
    took, (_, peak) = thread_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 20, f"{took:.1f} s"
    assert peak < 400 << 20, f"{peak >> 20} MB"


DOUBLED = (
    HEAD
    + "tasks: {a: {flow: g0}, b: {flow: g0}}\nflows:\n"
    + "".join(f"  g{n}: {{tasks: {{a: {{flow: g{n + 1}}}, b: {{flow: g{n + 1}}}}}}}\n" for n in range(30))
    + "  g30: {tasks: {a: {uses: wait.sleep, with: {duration: 0}}}}\n"
)


def test_a_flow_that_doubles_at_each_call_is_refused() -> None:
    """Before it is laid out, to be drawn or to be started."""
    with pytest.raises(FlowError, match="at most 100000 are laid out"):
        Flow.from_yaml(DOUBLED)
    spec, _ = read(DOUBLED)
    assert spec is not None
    doubled = Flow.from_spec(spec)
    assert [problem.code for problem in doubled.validate()] == ["too-large"]
    assert doubled.to_svg().endswith("</svg>")


@pytest.mark.parametrize("flows", [500, 3000])
def test_a_long_chain_of_flows_is_counted(flows: int) -> None:
    """However deep they call each other: their number is what counts."""
    chain = "".join(f"  g{n}: {{tasks: {{a: {{flow: g{n + 1}}}}}}}\n" for n in range(flows))
    text = f"{HEAD}tasks: {{a: {{flow: g0}}}}\nflows:\n{chain}  g{flows}: {{tasks: {{a: {{flow: f}}}}}}\n"
    assert extent(Graph(load(text))) == flows + 2


@pytest.mark.parametrize("number", ["9" * 100, "0x" + "f" * 100, "1" + "0" * 16])
@pytest.mark.parametrize("option", ["priority", "max_lost", "retry"])
def test_a_number_that_nothing_counts_to_is_refused(option: str, number: str) -> None:
    """The largest is what every language holds exactly."""
    with pytest.raises(FlowError, match="a whole number of 9007199254740991 or less"):
        load(f"{HEAD}tasks: {{a: {{call: x, {option}: {number}}}}}")


@pytest.mark.parametrize("option", ["timeout: 0", "tasks: {a: {loop: {call: x, until: output > 1, every: 0}}}"])
def test_a_time_that_is_none_is_refused(option: str) -> None:
    """Where it would be no limit, or no pause at all."""
    with pytest.raises(FlowError, match="it must be more than nothing"):
        load(HEAD + option)


@pytest.mark.parametrize("option", ["allow_failure: true", "enabled: false"])
def test_a_node_that_says_nothing_to_do_may_need_what_gives_nothing(option: str) -> None:
    """What is wrong with it is told, and no more is asked of it."""
    with pytest.raises(FlowError, match="nothing-to-do"):
        load(HEAD + f"tasks: {{a: {{call: x, {option}}}, b: {{with: {{v: '${{{{ tasks.a.output }}}}'}}}}}}")


def test_nothing_stands_beside_first_of() -> None:
    """It would be read as something else, which no document could be written of."""
    with pytest.raises(FlowError, match="first_of stands alone, and not with 'more'") as caught:
        load(HEAD + "tasks: {a: {call: x}}\noutput: {first_of: ['${{ tasks.a.output }}', 1], more: 2}\n")
    assert [(one.line, one.column) for one in caught.value.problems] == [(4, 50)]


def test_reading_opens_runs_and_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a document names: modules, files, tags, types."""
    seen: list[str] = []

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event in ("exec", "open", "import", "os.system", "subprocess.Popen", "socket.connect"):
            seen.append(f"{event} {arguments[:1]}")

    text = HEAD + (
        "objects: kept\ninputs: {x: {type: this.That, default: {$object: [pickle+object, [3, " + "a" * 64 + "]]}}}\n"
        "tasks:\n  a: {call: 'this:d', when: 'inputs.x > 1', with: {x: {$object: [json, {$: set, v: [1]}]}}}\n"
    )
    watching = False
    load(text)  # what reads documents is imported now
    sys.addaudithook(audit)
    watching = True
    load(text)
    watching = False
    assert not [event for event in seen if not re.search(r"exec .*<(string|frozen|unknown)", event)]
    assert "this" not in sys.modules
