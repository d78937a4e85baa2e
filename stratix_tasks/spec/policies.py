"""What is said for several nodes at once: a node's own word counts first, then that of its policy, then of `defaults.for`;
that of `defaults` comes last, where a flow is laid out, for it is about what runs a body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from stratix_tasks.spec.fields import IN_DEFAULTS
from stratix_tasks.spec.model import FlowSpec, NodeSpec, Shared
from stratix_tasks.spec.problems import Path

_NAMES = tuple(option.name for option in IN_DEFAULTS)
_OF_FLOWS = tuple(option.name for option in IN_DEFAULTS if option.of_flows)
Policies = Mapping[str, Shared]


def patterns(spec: FlowSpec) -> Policies:
    """Of `defaults.for`."""
    return spec.defaults.for_ if spec.defaults is not None else {}


def shared(spec: FlowSpec) -> dict[Path, Shared]:
    """What a flow says for several nodes, by where it stands."""
    said: dict[Path, Shared] = {} if spec.defaults is None else {("defaults",): spec.defaults}
    said |= {("policies", name): one for name, one in spec.policies.items()}
    return said | {("defaults", "for", pattern): one for pattern, one in patterns(spec).items()}


def matches(pattern: str, node: NodeSpec) -> bool:
    """Whether a pattern means what a node calls, with its module or without, or uses."""
    named = node.call or node.uses or ""
    return any(fnmatchcase(name, pattern) for name in {named, named.rpartition(":")[2]} if name)


def resolved(node: NodeSpec, policies: Policies, patterns: Policies) -> NodeSpec:
    """The node with what it takes of others. A policy that there is not says nothing."""
    said = list(_said(node, policies, patterns))
    taken = {
        name: next(value for one in said if (value := getattr(one, name)) is not None)
        for name in (_NAMES if node.flow is None else _OF_FLOWS)
        if getattr(node, name) is None and any(getattr(one, name) is not None for one in said)
    }
    return node.but(taken) if taken else node


def with_defaults(node: NodeSpec, defaults: Shared, names: Iterable[str] = _NAMES) -> NodeSpec:
    """The node with what its flow says for all, of these options."""
    taken = {
        name: said for name in names if getattr(node, name) is None and (said := getattr(defaults, name)) is not None
    }
    return node.but(taken) if taken else node


def _said(node: NodeSpec, policies: Policies, patterns: Policies) -> Iterator[Shared]:
    if node.policy is not None and node.policy in policies:
        yield policies[node.policy]
    for pattern, shared in reversed(list(patterns.items())):
        if matches(pattern, node):
            yield shared
