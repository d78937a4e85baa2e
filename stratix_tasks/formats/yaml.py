"""YAML ↔ FlowSpec. Opening a document never runs code and never imports a module; all its problems are told at once.

`load(dump(spec)) == spec`, and `dump(load(text)) == text` for a canonical text, which is the shortest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.formats import yaml_tree
from stratix_tasks.formats.yaml_read import FlowReader
from stratix_tasks.formats.yaml_reading import MOST_PROBLEMS, Reading
from stratix_tasks.formats.yaml_tree import Mapping, Node
from stratix_tasks.formats.yaml_write import dump
from stratix_tasks.spec.annotations import unchecked
from stratix_tasks.spec.check import findings
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import Path, Problem, errors, node_path

__all__ = ["dump", "load", "located", "read"]


def load(text: str, *, file: str = "", executors: Executors = EXECUTORS) -> FlowSpec:
    """The flow of a YAML text, whose nodes can use these executors.

    FlowError `bad-document` with every problem, each with file, line and column.
    """
    spec, problems = read(text, file=file, executors=executors)
    problems = errors(problems)
    if problems or spec is None:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise FlowError(f"{file or 'the document'} has {count}:", code="bad-document", problems=problems)
    return spec


def read(text: str, *, file: str = "", executors: Executors = EXECUTORS) -> tuple[FlowSpec | None, list[Problem]]:
    """The flow as far as it can be read, and all problems by their place. Pools are left for the engine to check."""
    reading = Reading(text, file)
    found: list[Problem] = []
    tree = yaml_tree.read(text, found)
    reading.take(found)
    spec = None
    if isinstance(tree, Mapping):
        reader = FlowReader(reading)
        spec = reader.flow(tree)
        all_looked_for = _check(reading, reader, tree, spec, executors)
        reading.count_rest(tree, cut=not all_looked_for)
    elif not reading.problems:
        hint = "Begin with stratix: 1, flow: name and tasks:."
        reading.problems.append(
            Problem("missing-field", "the document is no mapping of fields", line=1, column=1, hint=hint)
        )
    problems = [replace(problem, file=file) for problem in reading.problems]
    return spec, sorted(problems, key=lambda problem: (problem.line, problem.column))


def _check(reading: Reading, reader: FlowReader, tree: Mapping, spec: FlowSpec, executors: Executors) -> bool:
    """What can be said about the flow as a whole, put at the places in the text; whether that is all: more than are listed are not
    looked for."""
    for finding in findings(Graph(spec), executors, pools=None):
        if reading.noted[False] > MOST_PROBLEMS:
            return False
        node, exact = _locate(tree, finding.path)
        problem = finding.problem
        if problem.code == "nothing-to-do" and problem.node in reader.excused:
            continue
        remedy = problem.remedy
        if remedy is not None and remedy.do == "fill" and (problem.node, remedy.word) in reader.unread:
            continue
        reading.task = problem.node
        word = finding.word if exact else ""
        reading.wrong(
            *(node, problem.code, problem.message, problem.hint, word),
            warning=problem.warning,
            at=finding.path,
            remedy=problem.remedy,
        )
    for name, problem in unchecked(spec):
        reading.task = ""
        node, _ = _locate(tree, ("inputs", name, "type"))
        reading.wrong(node, problem.code, problem.message, problem.hint, warning=True)
    return True


def located(text: str, problems: Iterable[Problem], *, file: str = "") -> list[Problem]:
    """Problems that have no line yet, put at their place in the text that it was read from."""
    tree = yaml_tree.read(text, [])
    if not isinstance(tree, Mapping):
        return list(problems)
    return [problem if problem.line else _placed(tree, problem, file) for problem in problems]


def _placed(tree: Mapping, problem: Problem, file: str) -> Problem:
    path = problem.at or (node_path(problem.node) if problem.node else ())
    node, _ = _locate(tree, path)
    return replace(problem, line=node.line, column=node.column, file=file)


def _locate(tree: Mapping, path: Path) -> tuple[Node, bool]:
    """The node at a path, or the key of a mapping there, and whether it was found; else the nearest one above."""
    node: Node = tree
    for depth, word in enumerate(map(str, path)):
        if not isinstance(node, Mapping):
            return node, True
        step = "finally" if word == "tasks" and _is_of_end(node, path[depth + 1 :]) else word
        if step == "over" and "over" not in node.items and "in" in node.items:
            return node.items["in"] if len(path) > depth + 1 else node.items["as"], True
        if step not in node.items:
            return node, False
        inner = node.items[step]
        if depth == len(path) - 1 and isinstance(inner, Mapping):
            return node.keys[step], True
        node = inner
    return node, True


def _is_of_end(flow: Mapping, path: Path) -> bool:
    """Whether what a path leads to among the tasks of a flow is written under `finally`."""
    block = flow.items.get("finally")
    return bool(path) and isinstance(block, Mapping) and str(path[0]) in block.items
