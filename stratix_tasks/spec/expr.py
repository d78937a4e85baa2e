"""Expressions: CEL behind two methods. The library is imported when a flow has an expression, not before."""

from __future__ import annotations

from typing import Any, Protocol

from stratix_tasks.errors import FlowError

MOST = 1024
"""Characters of an expression."""


class Program(Protocol):
    """A compiled expression."""

    text: str

    def evaluate(self, environment: dict[str, Any]) -> Any:
        """Its value over JSON data. FlowError `expression` when it can't be computed."""


class CelProgram:
    """`common-expression-language`, in Rust: no attribute of a Python object is ever reached, every loop is bounded."""

    def __init__(self, text: str) -> None:
        import cel

        self.text = text
        if len(text) > MOST:
            raise FlowError(f"an expression has at most {MOST} characters, this one {len(text)}; compute it in a task", code="expression")
        try:
            self._program = cel.compile(text)
        except Exception as error:
            raise FlowError(f"not an expression: `{text}`: {_first_line(error)}", code="expression") from error

    def evaluate(self, environment: dict[str, Any]) -> Any:
        try:
            return self._program.execute(environment)
        except Exception as error:
            raise FlowError(f"`{self.text}` can't be computed: {_first_line(error)}", code="expression") from error


def compile_expression(text: str) -> Program:
    """FlowError `expression` with the place of the mistake."""
    return CelProgram(text)


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
