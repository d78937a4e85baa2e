"""Whether an expression names only what there is: inputs, loop variables, a task's status, output and summary."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from stratix_tasks.spec.names import AROUND, Mention, mentions
from stratix_tasks.spec.problems import Problem, did_you_mean
from stratix_tasks.spec.vocabulary import FACTS, SEEN

_PARTS: dict[str, tuple[str, ...]] = {
    "attempt": (),
    "each": ("index", "key"),
    "run": ("id", "flow", "started"),
    "scope": ("status", "error"),
}
"""What there is of these; what an error has depends on it."""


def expression_problems(
    text: str, tasks: Collection[str], inputs: Collection[str], variables: Collection[str], node: str = ""
) -> Iterator[tuple[Problem, str]]:
    """Each wrong name of a CEL text, as a Problem and the word that is wrong."""
    for mention in mentions(text):
        wrong = _wrong(mention, tasks, inputs, variables)
        if wrong is not None:
            code, message, hint, word = wrong
            yield Problem(code, message, node, hint=hint), word


def _wrong(
    mention: Mention, tasks: Collection[str], inputs: Collection[str], variables: Collection[str]
) -> tuple[str, str, str, str] | None:
    """Code, message, hint and the wrong word; None when all is well."""
    root, steps = mention.root, mention.steps
    if root in variables:
        return None
    if root in AROUND:
        wrong = next(iter(steps), "") if root in _PARTS else ""
        if wrong and wrong not in _PARTS[root]:
            return "unknown-name", f"there is no `{root}.{wrong}`", did_you_mean(str(wrong), _PARTS[root]), str(wrong)
        return None
    if root == "tasks":
        return _task(mention, tasks)
    if root == "inputs":
        if steps and steps[0] in inputs:
            return None
        named = str(steps[0]) if steps else ""
        if not named:
            return "unknown-input", "`inputs` alone is no value", "Write inputs.name.", root
        return "unknown-input", f"there is no input '{named}'", did_you_mean(named, inputs), named
    if root == "secrets":  # of which `check_secrets` tells where they can stand
        return None
    return "unknown-name", f"an expression knows no '{root}'", _root_hint(root, tasks, inputs, variables), root


def _root_hint(root: str, tasks: Collection[str], inputs: Collection[str], variables: Collection[str]) -> str:
    if root in tasks:
        return f"Did you mean tasks.{root}.output?"
    if root in inputs:
        return f"Did you mean inputs.{root}?"
    return did_you_mean(root, ["tasks", "inputs", *variables])


def _task(mention: Mention, tasks: Collection[str]) -> tuple[str, str, str, str] | None:
    steps = mention.steps
    if not steps:
        return "unknown-task", "`tasks` alone is no value", "Write tasks.name.output.", "tasks"
    name = str(steps[0])
    if name not in tasks:
        return "unknown-task", f"there is no task '{name}'", did_you_mean(name, tasks), name
    if len(steps) < 2 or steps[1] not in SEEN:
        asked = str(steps[1]) if len(steps) > 1 else name
        hint = did_you_mean(asked, SEEN) if len(steps) > 1 else f"Write tasks.{name}.output."
        what = f"of task '{name}' an expression sees {', '.join(SEEN)}, not `{mention}`"
        return "unknown-fact", what, hint, asked
    if steps[1] == "summary" and len(steps) > 2 and steps[2] not in FACTS:
        fact = str(steps[2])
        return "unknown-fact", f"a summary has no '{fact}'", did_you_mean(fact, FACTS), fact
    return None
