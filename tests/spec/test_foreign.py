"""Words that people bring along from other engines: each is answered by what is written here."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from stratix_tasks import FlowError
from stratix_tasks.formats.yaml import load, read
from stratix_tasks.spec import foreign
from stratix_tasks.spec.fields import IN_FLOW, IN_NODE, INPUT, LOOP, MAP, TASK, Option
from stratix_tasks.spec.vocabulary import FUNCTIONS

HEAD = "stratix: 1\nflow: f\n"
IN_TASK = {
    "depends_on: [b]": "needs: [name]",
    "dependsOn: [b]": "needs: [name]",
    "if: success()": "when:",
    "run: make": "uses: shell.run",
    "env: {A: b}": "env: {NAME: value}",
    "with_items: [1, 2]": "each: {as: x",
    "matrix: {x: [1]}": "each: {as: x",
    "retryCount: 3": "retry: 3",
    "timeout-minutes: 5": "timeout: 30s",
    "continue-on-error: true": "allow_failure: true",
    "trigger_rule: all_done": "join: settled",
    "disabled: true": "enabled: false",
    "python_callable: m:f": "call: module:name",
    "op_kwargs: {}": "with: {name: value}",
    "register: x": "${{ tasks.name.output }}",
    "switch: {}": "when:",
    "on_failure_callback: x": "catch: [name]",
    "container: {image: alpine}": "uses: shell.run",
    "deps: [b]": "needs: [name]",
    "End: true": "ends when all in it has",
    "Branches: []": "side by side",
    "poke_interval: 60": "every: 1m",
    "subWorkflowParam: {}": "flow: name",
    "asset: x": "A task is a function",
    "schedule: daily": "not available",
    "allowFailure: true": "Did you mean 'allow_failure'?",
    "max_lsot: 3": "Did you mean 'max_lost'?",
}
IN_FLOW_ITSELF = {
    "jobs: {}": "tasks: {name:",
    "on: push": "stratix run",
    "schedule_interval: '@daily'": "stratix run",
    "env: {A: b}": "inputs:",
    "onExit: x": "finally:",
    "apiVersion: v1": "stratix: 1",
    "default_args: {}": "defaults:",
    "parallelism: 3": "concurrency: 4",
    "spec: {}": "in the document itself",
    "schedule: daily": "stratix run",
    "task_groups: {}": "flows: {name:",
    "max_active_runs: 1": "who starts them waits",
    "build: {script: [make]}": "tasks: {build: …}",
    "onFailure: stop": "Did you mean 'on_failure'?",
}
ELSEWHERE = {
    "inputs: {x: {enum: [1]}}": "choices: [a, b]",
    "inputs: {x: {type: STRING}}": "Did you mean 'str'?",
    "inputs: {x: int}": "{type: int}",
    "inputs: {x: 5}": "{default: 5}",
    "inputs: [x]": "no `-` before it",
    "tasks: [{name: a}]": "no `-` before it",
    "tasks: {a: m:f}": "{call: m:f}",
    "tasks: {a: {call: x, with: [1]}}": 'with: {"*": [1, 2]}',
    "tasks: {a: {call: x, needs: b c}}": "[b, c]",
    "tasks: {a: {call: x, retry: {attempts: 3}}}": "max: 3",
    "tasks: {a: {call: x, retry: 012}}": "Write 12.",
    "tasks: {a: {call: x, retry: '3'}}": "Write 3.",
    "tasks: {a: {call: x, timeout: {seconds: 3}}}": "attempt: 30s",
    "tasks: {a: {call: x, timeout: PT1H30M}}": "Did you mean '1h30m'?",
    "tasks: {a: {call: x, timeout: 5 minutes}}": "Did you mean '5m'?",
    "tasks: {a: {call: x, retry: {max: 1, delay: {minutes: 5}}}}": "Write 5m.",
    "tasks: {a: {call: x, enabled: no}}": "Write false.",
    "tasks: {a: {call: x, each: {item: y, in: [1]}}}": "as: x",
    "tasks: {a: {loop: {call: x, while: 'output < 3'}}}": 'until: "output > 3"',
    "tasks: {my-task: {call: x}}": "Such as my_task.",
    "tasks: {a: {call: x, when: 'inputs.n > 1 and inputs.n < 3'}}": "&& for and",
    "tasks: {a: {call: x, when: 'inputs.n = 1'}}": "== for",
    "tasks: {a: {call: x, when: '{{ inputs.n }}'}}": "without signs around them",
    "tasks: {a: {call: x, when: 'len(inputs.n) > 1'}}": "size(x)",
    "tasks: {a: {call: x, when: \"inputs.n.lower() == 'a'\"}}": "a task to compute",
    "tasks: {a: {call: x, when: 'env.A == None'}}": "inputs.name",
    "tasks: {a: {call: x}, b: {call: x, with: {y: '${{ tasks.a.result }}'}}}": "tasks.a.output",
    "tasks: {a: {call: x, with: {y: '${{ steps.a.output }}'}}}": "tasks.name.output",
    "tasks:\n\ta: {call: x}": "spaces",
    "tasks: {a: {call: @x}}": "begins with @ needs quotes",
    "tasks: {a: {call: x, with: {y: *.csv}}}": "begins with * or & needs quotes",
    "tasks:\n  a:\n    <<: *b\n": "policy: name",
}


def told(text: str) -> str:
    with pytest.raises(FlowError) as caught:
        load(HEAD + text + "\n")
    assert all(problem.line and problem.column for problem in caught.value.problems)
    return str(caught.value)


@pytest.mark.parametrize("word", IN_TASK)
def test_a_word_in_a_task_is_answered(word: str) -> None:
    """By what to write there."""
    assert IN_TASK[word] in told(f"tasks: {{b: {{call: y}}, a: {{call: x, {word}}}}}")


@pytest.mark.parametrize("word", IN_FLOW_ITSELF)
def test_a_word_in_a_flow_is_answered(word: str) -> None:
    """By what to write there."""
    assert IN_FLOW_ITSELF[word] in told(f"{word}\ntasks: {{a: {{call: x}}}}")


@pytest.mark.parametrize("text", ELSEWHERE)
def test_a_slip_is_answered(text: str) -> None:
    """In inputs, parts of options, values, expressions, and in YAML itself."""
    assert ELSEWHERE[text] in told(text if "inputs.n" not in text else f"inputs: {{n: {{type: any}}}}\n{text}")


TEXTS = {
    "${check.output.total}": "${{ tasks.check.output.total }}",
    "${workflow.input.order}": "inputs.name",
    "{{steps.a.outputs.result}}": "tasks.name.output",
    "{{ inputs.x }}": "${{ inputs.x }}",
}


@pytest.mark.parametrize("text", TEXTS)
def test_an_expression_of_another_language_is_warned_of(text: str) -> None:
    """It is a text here; what a shell has in braces is one, too, and is fine."""
    _, problems = read(f"{HEAD}tasks: {{a: {{call: x, with: {{y: '{text}'}}}}}}\n")
    [problem] = problems
    assert (problem.code, problem.warning, TEXTS[text] in problem.hint) == ("text", True, True)
    assert read(f"{HEAD}tasks: {{a: {{call: x, with: {{y: 'echo ${{HOME}} ${{x}}.output'}}}}}}\n")[1] == []


def test_what_is_not_near_to_any_word_is_told_all_that_there_are() -> None:
    """Not the first dozen of them."""
    assert {"needs", "timeout", "with"} <= {*re.findall(r"\w+", told("tasks: {a: {call: x, zzzzz: 1}}"))}


OURS: dict[str, tuple[Option, ...]] = {
    "_OF_TASK": tuple(option for option in (*TASK, *IN_NODE) if option.name not in ("name", "after")),
    "_OF_FLOW": IN_FLOW,
    "_OF_INPUT": INPUT,
    "_OF_EACH": MAP,
    "_OF_LOOP": LOOP,
}


@pytest.mark.parametrize("table", [name for name in vars(foreign) if name.startswith("_OF_")])
def test_a_word_has_one_answer(table: str) -> None:
    """In each place; and none is a word of ours, for which nobody would look there."""
    words = Counter(word for said in vars(foreign)[table].values() for word in said.split())
    assert not [word for word, count in words.items() if count > 1]
    assert not words.keys() & {foreign.bare(option.name) for option in OURS.get(table, ())}
    assert all(foreign.bare(word) == word for word in words)


def test_no_function_of_ours_is_taken_for_one_of_others() -> None:
    """Those that an expression can call are known."""
    assert not {word for said in foreign._FUNCTIONS.values() for word in said.split()} & FUNCTIONS
