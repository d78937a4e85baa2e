"""What the language costs: a mapped flow beside a flat map, and a document of 1,000 tasks beside what YAML itself takes.

Method: CPU time, medians of interleaved pairs, in µs a task and ms a document. The baseline of a document is libyaml's compose
of the same text; what loading takes includes no checks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from time import process_time
from typing import Any

import yaml

from benchmarks.overhead import measure
from benchmarks.rows import Row
from stratix_tasks import configure, each, flow, task
from stratix_tasks.executors.registry import HERE
from stratix_tasks.formats.yaml import load
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph

SCOPES, STEPS = 3_000, 3
TASKS = 1_000
PAIRS = 5


@task
async def step(x: int) -> int:
    return x


@flow
def steps(x: int) -> Any:
    return step(step(step(x)))


@flow
def mapped() -> Any:
    return steps.map(each(range(SCOPES)))


@flow
def flat() -> Any:
    return step.map(each(range(SCOPES * STEPS)))


def text() -> str:
    """A document of `TASKS` tasks: each takes what two others give, some have options, a condition, a map."""
    lines = ["stratix: 1", "flow: large", "inputs:", "  n: {type: int, default: 3}", "tasks:"]
    for i in range(TASKS):
        lines += [f"  t{i}:", f"    call: some.module:function_{i % 50}"]
        given = (
            {"n": "${{ inputs.n }}"}
            if i < 2
            else {"a": f"${{{{ tasks.t{i - 1}.output }}}}", "b": f"${{{{ tasks.t{i // 2}.output }}}}"}
        )
        lines += ["    with:", *(f'      {name}: "{value}"' for name, value in given.items())]
        if i % 5 == 0:
            lines += ["    retry: {max: 3, delay: 1s}", "    timeout: 30s"]
        if i % 7 == 0:
            lines += ["    pool: [api]", "    priority: 2"]
        if i % 11 == 0:
            lines += ['    when: "inputs.n > 2"']
    return "\n".join([*lines, f'output: "${{{{ tasks.t{TASKS - 1}.output }}}}"', "pools: {api: 4}", ""])


def run() -> Iterator[Row]:
    """Multiples of the baseline."""
    configure(store=tempfile.mkdtemp(prefix="stratix-bench-"), concurrency=100)
    mine, other = measure(mapped, flat, process_time, PAIRS)
    tasks = SCOPES * STEPS
    yield Row(
        f"mapped flow {STEPS}×{SCOPES:,}, over a flat map",
        "×",
        mine / tasks * 1e6,
        other / tasks * 1e6,
        mine / other,
        "at most",
        1.5,
    )
    said = text()
    spec, executors = load(said), HERE.get().entries
    whole, composed = measure(
        lambda: load(said), lambda: yaml.compose(said, Loader=yaml.CSafeLoader), process_time, PAIRS
    )
    checked, _ = measure(lambda: check(Graph(spec), executors, None), None, process_time, PAIRS)
    for name, taken in (("loading", whole - checked), ("checking", checked)):
        multiple = taken / composed
        yield Row(f"{name} {TASKS:,} tasks, over libyaml", "×", taken * 1e3, composed * 1e3, multiple, "at most", 3)
