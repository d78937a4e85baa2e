"""How flows and runs show themselves: a live widget, PNG, SVG and text in one bundle. Showing never raises."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.waits import told
from stratix_tasks.dsl.flow import FlowDefinition
from stratix_tasks.errors import FlowError, StratixError
from stratix_tasks.executors.registry import HERE
from stratix_tasks.formats.svg import to_svg
from stratix_tasks.look.fields import typable
from stratix_tasks.look.health import Ills
from stratix_tasks.look.poller import Poller
from stratix_tasks.look.progress import progress
from stratix_tasks.look.sources import FlowSource, RunSource
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.interrupted import left_of
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, InputSpec
from stratix_tasks.spec.problems import Problem, errors
from stratix_tasks.view.messages import Able, Interrupted, Snapshot
from stratix_tasks.view.snapshot import snapshot, whole
from stratix_tasks.view.source import Lead, Source

STATIC = Path(__file__).parent.parent / "view" / "static"
Made = TypeVar("Made", str, bytes)
MOST_DRAWN = 600
"""Nodes up to which the picture for viewers without a widget is drawn."""


def flow_source(
    flow: FlowDefinition[Any, Any],
    pools: Mapping[str, int],
    *,
    left: list[Interrupted] | None = None,
    poller: Poller[str, list[Interrupted]] | None = None,
) -> FlowSource:
    """A flow as it is now, for an engine with these pools; what is wrong with it is part of the picture.

    `left` are its interrupted runs; `poller` tells what becomes of them while the view is open.
    """
    registry = HERE.get()
    executors = registry.entries
    problems: list[Problem] = []
    functions: Mapping[str, Any] = {}
    try:
        traced = flow.trace()
        spec, functions, problems = traced.spec, traced.functions, traced.problems
        graph = Graph(spec)
        problems = [*problems, *check(graph, executors, pools, functions)]
        root = lay_out(graph, functions, executors)
    except StratixError as error:
        problems = (error.problems if isinstance(error, FlowError) else []) or [Problem(error.code, error.message)]
        root = lay_out(Graph(FlowSpec.model_construct(flow=flow.name, description=flow.__doc__ or "")), {}, executors)
    except Exception as error:
        problems = [Problem("trace-failed", f"the flow's body raised {type(error).__name__}: {error}")]
        root = lay_out(Graph(FlowSpec.model_construct(flow=flow.name)), {}, executors)
    ills = Ills(root, registry.checkups)
    return FlowSource(root, functions, problems, _startable(flow, root.spec.inputs, problems), left or [], ills, poller)


def _startable(flow: FlowDefinition[Any, Any], inputs: Mapping[str, InputSpec], problems: list[Problem]) -> Able:
    """Whether a person can start it from its view: a form asks for what can be typed."""
    if errors(problems):
        return "mend the problems first"
    required = [name for name, parameter in flow.parameters.items() if parameter.default is parameter.empty]
    if all(name in inputs and typable(inputs[name]) for name in required):
        return True
    return f"give its inputs in a cell: {flow.name}.start({', '.join(f'{name}=…' for name in required)})"


def run_source(run: Handle) -> RunSource:
    """A run, live or ended."""
    ills = Ills(run._live.core.state.root, run._engine.executors.checkups)
    return RunSource(run._live, run._request, ills, left_of(run._engine, run._live), run._engine.store.catalog.beside)


def drawn(source: Source) -> Snapshot:
    """What is drawn of a source as it is now."""
    return snapshot(source, mode="static")


def picture(source: Source, *, theme: str = "light") -> str:
    return to_svg(drawn(source), theme=theme)


def png(source: Source, *, theme: str = "light") -> bytes:
    from stratix_tasks.formats.png import to_png

    return to_png(picture(source, theme=theme))


def page(source: Source) -> str:
    """A self-contained HTML page."""
    from stratix_tasks.formats.html import to_html

    esm, css = ((STATIC / name).read_text(encoding="utf-8") for name in ("widget.js", "widget.css"))
    return to_html(whole(source), esm=esm, css=css)


def written(made: Made, path: str | os.PathLike[str] | None) -> Made:
    """What was made, after it was written to `path`, if one is given. OSError when it can't be."""
    if path is not None:
        Path(path).write_bytes(made.encode() if isinstance(made, str) else made)
    return made


def bundle(source: Source, text: str, lead: Lead, **options: Any) -> Any:
    """The mimebundle: widget, PNG, SVG, text. What can't be made is left out."""
    data: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    try:
        from stratix_tasks.view.widget import FlowView

        made = FlowView(source, lead)._repr_mimebundle_(**options)
        data, meta = made if isinstance(made, tuple) else (made or {}, {})
    except Exception as error:
        text = f"{text}\n(no live view: {type(error).__name__}: {error})"
    if len(source.outline()["nodes"]) <= MOST_DRAWN:
        try:
            from stratix_tasks.formats.png import to_png

            svg = picture(source)
            data = {**data, "image/svg+xml": svg, "image/png": base64.b64encode(to_png(svg)).decode()}
        except Exception as error:
            text = f"{text}\n(no picture: {type(error).__name__}: {error})"
    return {**data, "text/plain": text}, meta


def flow_text(flow: FlowDefinition[Any, Any], source: FlowSource) -> str:
    """`Flow sales(regions, lrs): 6 nodes`, and what is wrong."""
    outline = source.outline()
    problems = [f"  - {problem}" for problem in source._problems]
    lines = [f"Flow {flow.name}({', '.join(flow.parameters)}): {len(outline['nodes'])} nodes", *problems]
    return "\n".join(lines)


def run_text(run: Handle) -> str:
    """A line for the run, and one for each node."""
    rows = run._look(progress)
    wide = max((len(row["name"]) for row in rows), default=0)
    lines = [f"Run {run.id} of {run.flow}: {run.status}"]
    for row in rows[:60]:
        count = f" {row['done']}/{row['total']}" if row["total"] else ""
        error = f"  {row['error'].splitlines()[0][:100]}" if row["error"] and row["state"] == "failed" else ""
        wait = f"  waits for {awaited(row)}" if row["wait"] else ""
        lines.append(f"  {row['name']:<{wide}}  {row['state']}{count}{error}{wait}")
    return "\n".join(lines + ([f"  … and {len(rows) - 60} more"] if len(rows) > 60 else []))


def awaited(row: dict[str, Any]) -> str:
    """What a waiting row of `Run.progress` waits for."""
    more = row["wait"]["more"]
    return told(row["wait"]) + (f", and {more:,} more" if more else "")
