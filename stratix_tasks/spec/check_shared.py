"""What is said for several nodes: policies and defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stratix_tasks.spec.check_around import retry_findings
from stratix_tasks.spec.check_options import option_findings
from stratix_tasks.spec.check_values import value_findings
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.fields import IN_DEFAULTS
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.late import late_values
from stratix_tasks.spec.model import FlowSpec, NodeSpec, Shared
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.policies import matches, patterns, shared, with_defaults
from stratix_tasks.spec.problems import REMOVE, Finding, Problem, did_you_mean, instead


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
        yield from _not_taken(graph, name, policy)


def _not_taken(graph: Graph, name: str, policy: str) -> Iterator[Finding]:
    """A policy of which a task takes nothing, as a warning."""
    own, said = graph.spec.tasks[name], [one for one, value in graph.policies[policy] if value is not None]
    could = said if own.flow is None else [one.name for one in IN_DEFAULTS if one.of_flows and one.name in said]
    if said and all(getattr(own, one) is not None for one in could):
        why = "the task says that itself" if could == said else "a flow in a flow takes nothing more"
        message = f"it takes nothing of policy '{policy}', which says {', '.join(said)}: {why}"
        problem = Problem("no-effect", message, name, hint="Take one of them away.", warning=True, remedy=REMOVE)
        yield Finding(("tasks", name, "policy"), problem, policy)


def _unknown_policy(graph: Graph, name: str, policy: str) -> Problem:
    declare = f"Declare it: policies: {{{policy}: {{retry: 3}}}}, or @flow(policies={{'{policy}': {{'retry': 3}}}})."
    hint = f"{did_you_mean(policy, graph.policies)} {declare}".strip()
    remedy = instead(policy, graph.policies)
    return Problem("unknown-policy", f"there is no policy '{policy}'", name, hint=hint, remedy=remedy)


def unused_findings(graph: Graph, executors: Executors, functions: Mapping[str, Any]) -> Iterator[Finding]:
    """Options for several nodes that none takes, as warnings."""
    spec = graph.spec
    for pattern in patterns(spec):
        if not any(matches(pattern, node) for node in graph.nodes):
            message = f"defaults for '{pattern}' mean no task: none calls or uses anything of that name"
            hint = "Write a pattern such as http.* or mylib.ingest:*."
            yield Finding(
                ("defaults", "for", pattern), Problem("unused", message, hint=hint, warning=True, remedy=REMOVE)
            )
    defaults = spec.defaults
    for option in IN_DEFAULTS:
        if defaults is None or getattr(defaults, option.name) is None:
            continue
        if not any(_takes(node, option.name, defaults, executors, functions) for node in graph.nodes):
            message = f"no task takes {option.name} of the defaults: each says it itself, or runs no body that could"
            hint = "Take it away; a flow in a flow has defaults of its own."
            problem = Problem("unused", message, hint=hint, warning=True, remedy=REMOVE)
            yield Finding(("defaults", option.name), problem)
    for policy in spec.policies.keys() - _policies_named(spec):
        message = f"no task takes the policy '{policy}'"
        hint = f"Say so at a task: policy: {policy}."
        yield Finding(("policies", policy), Problem("unused", message, hint=hint, warning=True, remedy=REMOVE))


def _takes(node: NodeSpec, option: str, defaults: Shared, executors: Executors, functions: Mapping[str, Any]) -> bool:
    """Whether a node is one of those that the defaults of its flow are about, and leaves it to them."""
    if node.flow is not None or getattr(node, option) is not None:
        return False
    executor, task = executors.get(node.uses or ""), functions.get(node.call or "")
    if executor is not None:  # what takes no retry has no body
        return not (executor.refusal("retry") or executor.refusal(option))
    return task is None or all(field[0] != option for field, _ in task.unfit(with_defaults(node, defaults)))


def shared_findings(graph: Graph) -> Iterator[Finding]:
    """Of what is said for several nodes: its parts mean something beside each other, and what comes with the run names inputs,
    which all of them have."""
    for path, said in shared(graph.spec).items():
        yield from option_findings(path, "", said)
        if said.retry is not None:
            yield from retry_findings((*path, "retry"), "", said.retry)
        for place, value in late_values(said).items():
            yield from value_findings(graph, (*path, *place), "", value)
            if needed := [name for name, _ in needs_of(value)]:
                message = f"{'.'.join(place)} of several nodes can't take the value of '{needed[0]}', which may be one of them"
                hint = "Take an input, or say it of the tasks themselves."
                yield Finding((*path, *place), Problem("bad-option", message, hint=hint), needed[0])


def _policies_named(spec: FlowSpec) -> set[str]:
    inside = (name for inner in spec.flows.values() for name in _policies_named(inner))
    return {node.policy for node in spec.tasks.values() if node.policy is not None}.union(inside)
