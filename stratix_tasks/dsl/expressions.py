"""`expr`: what documents say between `${{` and `}}` and Python has no operator for, in a flow's body."""

from __future__ import annotations

from typing import Any

from stratix_tasks.dsl.marks import Mark, Worded
from stratix_tasks.dsl.references import Condition, Filled, Reference
from stratix_tasks.dsl.trace import Trace, trace_of
from stratix_tasks.spec.names import task_names
from stratix_tasks.spec.text import parse, unclosed
from stratix_tasks.spec.values import Expr, Ref, Template


def expr(text: str, *of: Any) -> Any:
    """An expression by its text in documents: `when(expr("inputs.n + tasks.load.output > 3"))`, or as an argument.

    A text with `${{ … }}` in it is filled in: `expr("Day ${{ inputs.day }}")`; one that is nothing else is that value
    itself: `expr("${{ tasks.load.output }}")`, wherever `load` stands. FlowError `no-flow` outside of a flow,
    `expression` for what has no end. What it names is checked with the flow.

    In the arguments of a `.map(…)` it may name what is mapped, also what no other argument holds: with `file = each(files, name="file")`
    `fetch.map(url=expr("https://${{ file.host }}/${{ file.name }}", file))`. FlowError `bad-arguments` for anything else beside the
    text.
    """
    trace = trace_of("expr")
    made = _made(trace, text)
    if others := [part for part in of if not isinstance(part, Mark)]:
        trace.fail(f"beside its text expr() takes what each() marks, not {others[0]!r}", code="bad-arguments")
    return Worded(made, of) if of else made


def _made(trace: Trace, text: str) -> Any:
    if "${{" not in text:
        stripped = text.strip()
        return Condition(Expr(stripped, task_names(stripped)), ())
    if unclosed(text) is not None:
        trace.fail("${{ has no end: write }} behind it, or $${{ for the text itself", code="expression")
    made = parse(text)
    if type(made) is Ref:
        return Reference(made, trace)
    if type(made) is Expr:
        return Condition(made, ())
    return Filled(made) if type(made) is Template else made
