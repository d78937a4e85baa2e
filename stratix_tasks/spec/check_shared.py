"""What is said for several nodes: policies and defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stratix_tasks.spec.check_values import value_findings
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.late import late_values
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.policies import matches, patterns
from stratix_tasks.spec.problems import REMOVE, Finding, Path, Problem, did_you_mean, instead


def policy_findings(graph: Graph, name: str, policy: str) -> Iterator[Finding]:
    """What a task takes by a name: it is there, and names inputs of this flow alone."""
    path = ("tasks", name, "policy")
    if policy not in graph.policies:
        yield Finding(path, _unknown_policy(graph, name, policy), policy)
    elif policy not in graph.spec.policies and any(late_values(graph.policies[policy])):
        message = f"policy '{policy}' takes inputs of a flow around this one, which has others"
        hint = f"Say it here, too: policies: {{{policy}: …}}."
        yield Finding(path, Problem("bad-option", message, name, hint=hint), policy)
    if policy in graph.policies:
        own, said = graph.spec.tasks[name], [one for one, value in graph.policies[policy] if value is not None]
        if said and all(getattr(own, one) is not None for one in said):
            message = f"policy '{policy}' says {', '.join(said)}, and so does the task itself: it takes nothing of it"
            problem = Problem("no-effect", message, name, hint="Take one of them away.", warning=True, remedy=REMOVE)
            yield Finding(path, problem, policy)


def _unknown_policy(graph: Graph, name: str, policy: str) -> Problem:
    declare = f"Declare it: policies: {{{policy}: {{retry: 3}}}}, or @flow(policies={{'{policy}': {{'retry': 3}}}})."
    hint = f"{did_you_mean(policy, graph.policies)} {declare}".strip()
    remedy = instead(policy, graph.policies)
    return Problem("unknown-policy", f"there is no policy '{policy}'", name, hint=hint, remedy=remedy)


def unused_findings(graph: Graph) -> Iterator[Finding]:
    """Options for several nodes that none takes, as warnings."""
    spec = graph.spec
    for pattern in patterns(spec):
        if not any(matches(pattern, node) for node in graph.nodes):
            message = f"defaults for '{pattern}' mean no task: none calls or uses anything of that name"
            hint = "Write a pattern such as http.* or mylib.ingest:*."
            yield Finding(
                ("defaults", "for", pattern), Problem("unused", message, hint=hint, warning=True, remedy=REMOVE)
            )
    for policy in spec.policies.keys() - _policies_named(spec):
        message = f"no task takes the policy '{policy}'"
        hint = f"Say so at a task: policy: {policy}."
        yield Finding(("policies", policy), Problem("unused", message, hint=hint, warning=True, remedy=REMOVE))


def shared_findings(graph: Graph) -> Iterator[Finding]:
    """Of what is said for several nodes and comes with the run: it names inputs, which all of them have."""
    spec = graph.spec
    shared: dict[Path, Any] = {("defaults",): spec.defaults}
    shared |= {("policies", name): said for name, said in spec.policies.items()}
    shared |= {("defaults", "for", pattern): said for pattern, said in patterns(spec).items()}
    for path, said in shared.items():
        for place, value in late_values(said).items() if said is not None else ():
            yield from value_findings(graph, (*path, *place), "", value)
            if needed := [name for name, _ in needs_of(value)]:
                message = f"{'.'.join(place)} of several nodes can't take the value of '{needed[0]}', which may be one of them"
                hint = "Take an input, or say it of the tasks themselves."
                yield Finding((*path, *place), Problem("bad-option", message, hint=hint), needed[0])


def _policies_named(spec: FlowSpec) -> set[str]:
    inside = (name for inner in spec.flows.values() for name in _policies_named(inner))
    return {node.policy for node in spec.tasks.values() if node.policy is not None}.union(inside)
