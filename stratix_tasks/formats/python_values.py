"""Values of a document as Python, in the body of one flow: variables, expressions, and the blocks that are open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from stratix_tasks.formats.python_conditions import condition, operand
from stratix_tasks.spec.callees import Callee
from stratix_tasks.spec.code import Code, Group, Module, Names, literal, quoted
from stratix_tasks.spec.mapped import named_in
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.text import dump as dump_value
from stratix_tasks.spec.text import expression
from stratix_tasks.spec.values import Expr, FirstOf, Ref, Template

WORDS = (
    "Secret",
    "always",
    "count",
    "each",
    "expr",
    "failed",
    "first_of",
    "flow",
    "n_of",
    "otherwise",
    "product",
    "repeat",
    "secret",
    "task",
    "uses",
    "when",
)
"""Those of ours that bodies are written with, beside those of waits and steps."""
OWN_WORDS = {
    "flow.cancel": "cancel",
    "flow.finish": "finish",
    "wait.approval": "approval",
    "wait.input": "ask",
    "wait.signal": "signal",
    "wait.sleep": "sleep",
}
"""Executors that have a word of their own."""
RESERVED = frozenset(
    (*WORDS, *OWN_WORDS.values(), "date", "datetime", "time", "timedelta", "Decimal", "Path", "UUID", "UTC")
)


Branch = tuple[int, ...]
"""The blocks that are open around a statement."""


class Around(Protocol):
    """The module in which the flow is written."""

    module: Module
    names: Names
    problems: list[Problem]
    callees: Mapping[str, Callee]

    def word(self, name: str) -> str: ...
    def imported(self, module: str, name: str) -> str: ...
    def task(self, callee: Callee) -> str: ...
    def flow(self, spec: FlowSpec) -> str: ...


class Values:
    """Writes the values of one flow; `node` is the one that is being written, `branch` the blocks around it."""

    def __init__(self, around: Around, spec: FlowSpec) -> None:
        self.around, self.spec = around, spec
        self.node = ""
        self.branch: Branch = ()
        self.variables: dict[str, str] = {}
        self.branches: dict[str, Branch] = {}
        self.used: set[str] = set()
        self.open: dict[str, bool] = {}
        """Of the blocks that are open what stands for what is around there, and whether anything used it."""
        self._around_as: dict[str, str] = {}
        self.elements: dict[str, str] = {}
        """Of what is mapped, where other arguments name it: its variable."""
        self.beside: frozenset[str] = frozenset()
        """Those of them that stand beside the texts that name them, for nothing else does."""
        self.locals = Names({*around.names.taken, *spec.inputs, *RESERVED})

    def place(self, name: str) -> None:
        """A node stands here: what comes after can name it, in this block and those within."""
        self.variables[name] = self.locals.free(name, f"{name}_out")
        self.branches[name] = self.branch

    def around_as(self, word: str) -> str:
        """The variable of an open block in which `error` or `scope` stands; it is used from now on."""
        self.open[word] = True
        if word not in self._around_as:
            self._around_as[word] = self.locals.free(word, f"{word}_")
        return self._around_as[word]

    def refuse(self, what: str) -> Code:
        """Note that Python has no word for something."""
        hint = "Keep it in YAML, or say it otherwise."
        problem = Problem("not-portable", f"Python has no word for this: {what}", self.node, hint=hint)
        if problem not in self.around.problems:
            self.around.problems.append(problem)
        return "..."

    def value(self, value: Any) -> Code:
        """The code of a value of the document."""
        try:
            return literal(value, self.around.imported, self._leaf, self.around.module.texts)
        except ValueError as error:
            return self.refuse(str(error))

    def _leaf(self, value: Any) -> Code:
        write = self._LEAVES.get(type(value))
        if write is None:
            raise ValueError(f"a value that has no text in Python ({getattr(value, 'type', type(value).__name__)})")
        return write(self, value)

    def ref(self, ref: Ref) -> Code:
        """By its variable, or as documents name it, where Python would warn that it may be skipped."""
        if ref.scope == "error" and "error" in self.open:
            return f"{self.around_as('error')}{_steps(ref)}"
        if ref.scope == "each" and ref.name in self.elements:
            return f"{self.elements[ref.name]}{_steps(ref)}"
        if ref.scope in ("each", "error"):
            raise ValueError(f"`{ref.name}`, which is there only where it is caught or mapped")
        if ref.scope == "secrets":
            return f"{self.around.word('secret')}({quoted(ref.name)})"
        return self._named(ref) or f"{self.around.word('expr')}({quoted(dump_value(ref))})"

    def _first(self, first: FirstOf) -> Code:
        if len(set(first.refs)) != len(first.refs) or len(first.refs) + len(first.otherwise) < 2:
            raise ValueError("`first_of` that names one output twice, or one alone")
        parts = (*map(self.closed_ref, first.refs), *map(self.value, first.otherwise))
        return Group(f"{self.around.word('first_of')}(", parts, ")")

    def closed_ref(self, ref: Ref) -> str:
        """`first_of`, `after` and `failed` take what stands in blocks that are closed."""
        branch, self.branch = self.branch, self.branches.get(ref.name, ())
        code = str(self.ref(ref))
        self.branch = branch
        return code

    def _template(self, template: Template) -> Code:
        return self._worded(dump_value(template), template)

    def _expr(self, expr: Expr) -> Code:
        """A reference alone would be a value of its own, and no expression."""
        if "scope" in self.open and _OF_SCOPE.fullmatch(expr.text):
            return f"{self.around_as('scope')}{expr.text.removeprefix('scope')}"
        fact = None if type(expression(expr.text)) is Ref else operand(expr.text, self._named)
        return fact or self._expression(expr.text)

    _LEAVES: Mapping[type, Callable[[Values, Any], Code]] = {
        Ref: ref,
        Expr: _expr,
        FirstOf: _first,
        Template: _template,
    }

    def demand(self, text: str) -> str:
        """The condition of a block."""
        if text in ("true", "false"):
            return text.title()
        return self._expression(text)

    def _expression(self, text: str) -> str:
        code = condition(text, self._named) or None
        if code is None and "${{" in text:
            return str(self.refuse(f"the expression `{text}`"))
        return code or self._worded(text, Expr(text, ()))

    def _worded(self, text: str, value: Any) -> str:
        marks = [self.elements[name] for name in self.elements if name in self.beside & named_in(value)]
        return f"{self.around.word('expr')}({', '.join((quoted(text), *marks))})"

    def _named(self, ref: Ref) -> str | None:
        """The code of a reference where it can be named here: it is placed, and in no block that is closed."""
        if ref.scope == "tasks":
            name = self._variable(ref.name)
            if name is None:
                return None
        elif ref.scope == "inputs" and ref.name in self.spec.inputs:
            name = ref.name
        else:
            return None
        return f"{name}{_steps(ref)}"

    def _variable(self, name: str) -> str | None:
        branch = self.branches.get(name)
        if branch is None or branch != self.branch[: len(branch)]:
            return None
        self.used.add(name)
        return self.variables[name]


_OF_SCOPE = re.compile(r"scope(\.[A-Za-z]\w*)+", re.ASCII)


def _steps(ref: Ref) -> str:
    return "".join(f"[{quoted(step) if type(step) is str else step}]" for step in ref.path)
