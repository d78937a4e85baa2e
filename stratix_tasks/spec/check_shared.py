"""What is said for several nodes: policies and defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.late import late_values
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.policies import matches, patterns
from stratix_tasks.spec.problems import Finding, Path, Problem, did_you_mean


def unknown_policy(graph: Graph, name: str, policy: str) -> Finding:
    declare = f"Declare it: policies: {{{policy}: {{retry: 3}}}}, or @flow(policies={{'{policy}': {{'retry': 3}}}})."
    hint = f"{did_you_mean(policy, graph.policies)} {declare}".strip()
    problem = Problem("unknown-policy", f"there is no policy '{policy}'", name, hint=hint)
    return Finding(("tasks", name, "policy"), problem, policy)


def unused_findings(graph: Graph) -> Iterator[Finding]:
    """Options for several nodes that none takes, as warnings."""
    spec = graph.spec
    for pattern in patterns(spec):
        if not any(matches(pattern, node) for node in graph.nodes):
            message = f"defaults for '{pattern}' mean no task: none calls or uses anything of that name"
            hint = "Write a pattern such as http.* or mylib.ingest:*."
            yield Finding(("defaults", "for", pattern), Problem("unused", message, hint=hint, warning=True))
    for policy in spec.policies.keys() - _policies_named(spec):
        message = f"no task takes the policy '{policy}'"
        hint = f"Say so at a task: policy: {policy}."
        yield Finding(("policies", policy), Problem("unused", message, hint=hint, warning=True))


def plain_findings(graph: Graph) -> Iterator[Finding]:
    """What is said for several nodes names nothing of a run."""
    spec = graph.spec
    shared: dict[Path, Any] = {("defaults",): spec.defaults}
    shared |= {("policies", name): said for name, said in spec.policies.items()}
    shared |= {("defaults", "for", pattern): said for pattern, said in patterns(spec).items()}
    for path, said in shared.items():
        for place in late_values(said) if said is not None else ():
            message, hint = f"{'.'.join(place)} of several nodes is a plain value", "Say it of the tasks themselves."
            yield Finding((*path, *place), Problem("bad-option", message, hint=hint))


def _policies_named(spec: FlowSpec) -> set[str]:
    inside = (name for inner in spec.flows.values() for name in _policies_named(inner))
    return {node.policy for node in spec.tasks.values() if node.policy is not None}.union(inside)
