"""Whether an expression names only what there is: inputs, loop variables, a task's status, output and summary."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.foreign import named_here, said_here
from stratix_tasks.spec.names import AROUND, Mention, calls, mentions
from stratix_tasks.spec.problems import Problem, Remedy, did_you_mean, nearest
from stratix_tasks.spec.vocabulary import FACTS, FUNCTIONS, SEEN

_PARTS: dict[str, tuple[str, ...]] = {
    "attempt": (),
    "each": ("index", "key"),
    "run": ("id", "flow", "started"),
    "scope": ("status", "error"),
}
"""What there is of these; what an error has depends on it."""
Wrong = tuple[str, str, str, str, str]
"""Code, message, hint, the wrong word, and the one that is likely meant, if any."""


def expression_problems(
    text: str, tasks: Collection[str], inputs: Collection[str], variables: Collection[str], node: str = ""
) -> Iterator[tuple[Problem, str]]:
    """Each wrong name of a CEL text, as a Problem and the word that is wrong."""
    yield from own_problems(text, node)
    for mention in mentions(text):
        wrong = _wrong(mention, tasks, inputs, variables)
        if wrong is not None:
            code, message, hint, word, near = wrong
            missing = Remedy("input", word) if code == "unknown-input" and word != "inputs" else None
            remedy = Remedy("replace", word, near) if near else missing
            yield Problem(code, message, node, hint=hint, remedy=remedy), word


def own_problems(text: str, node: str = "") -> Iterator[tuple[Problem, str]]:
    """The same of what it calls; and where it is no expression, which of what code says by a text nobody has told before."""
    try:
        compile_expression(text)
    except FlowError as error:
        yield replace(error.problems[0], node=node, line=0, column=0), ""
    for word in calls(text):
        if word not in FUNCTIONS:
            hint = said_here(word, "a function") or did_you_mean(word, FUNCTIONS, most=len(FUNCTIONS))
            near = nearest(word, FUNCTIONS)
            message = f"an expression knows no function '{word}'"
            hint = f"{hint} More is for a task to compute."
            remedy = Remedy("replace", word, near) if near else None
            yield Problem("unknown-name", message, node, hint=hint, remedy=remedy), word


def _wrong(
    mention: Mention, tasks: Collection[str], inputs: Collection[str], variables: Collection[str]
) -> Wrong | None:
    root, steps = mention.root, mention.steps
    if root in variables:
        return None
    if root in AROUND:
        wrong = next(iter(steps), "") if root in _PARTS else ""
        if wrong and wrong not in _PARTS[root]:
            return _near("unknown-name", f"there is no `{root}.{wrong}`", str(wrong), _PARTS[root])
        return None
    if root == "tasks":
        return _task(mention, tasks)
    if root == "inputs":
        if steps and steps[0] in inputs:
            return None
        named = str(steps[0]) if steps else ""
        if not named:
            return "unknown-input", "`inputs` alone is no value", "Write inputs.name.", root, ""
        return _near("unknown-input", f"there is no input '{named}'", named, inputs)
    if root == "secrets":  # of which `check_secrets` tells where they can stand
        return None
    message = f"an expression knows no '{root}'"
    if root in tasks or root in inputs:
        whole = f"tasks.{root}.output" if root in tasks else f"inputs.{root}"
        return "unknown-name", message, f"Did you mean {whole}?", root, whole
    if hint := named_here(root):
        return "unknown-name", message, hint, root, ""
    return _near("unknown-name", message, root, ["tasks", "inputs", *variables])


def _near(code: str, message: str, word: str, known: Collection[str]) -> Wrong:
    """That a word is none of those that are known."""
    return code, message, did_you_mean(word, known), word, nearest(word, known)


def _task(mention: Mention, tasks: Collection[str]) -> Wrong | None:
    steps = mention.steps
    if not steps:
        return "unknown-task", "`tasks` alone is no value", "Write tasks.name.output.", "tasks", ""
    name = str(steps[0])
    if name not in tasks:
        return _near("unknown-task", f"there is no task '{name}'", name, tasks)
    if len(steps) < 2 or steps[1] not in SEEN:
        what = f"of task '{name}' an expression sees {', '.join(SEEN)}, not `{mention}`"
        if len(steps) > 1 and (hint := said_here(str(steps[1]), "a fact")):
            return "unknown-fact", what, hint.replace("tasks.name", f"tasks.{name}"), str(steps[1]), ""
        if len(steps) > 1:
            return _near("unknown-fact", what, str(steps[1]), SEEN)
        return "unknown-fact", what, f"Write tasks.{name}.output.", name, f"{name}.output"
    if steps[1] == "summary" and len(steps) > 2 and steps[2] not in FACTS:
        fact = str(steps[2])
        return _near("unknown-fact", f"a summary has no '{fact}'", fact, FACTS)
    return None
