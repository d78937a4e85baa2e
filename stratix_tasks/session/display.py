"""How flows and runs show themselves: a live widget, and what a notebook keeps of it. Showing never raises."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from stratix_tasks.core.layout import lay_out
from stratix_tasks.dsl.flow import FlowDefinition
from stratix_tasks.errors import FlowError, StratixError, in_words
from stratix_tasks.executors.registry import HERE
from stratix_tasks.executors.runners import KNOWN_RUNNERS
from stratix_tasks.formats.svg import to_svg
from stratix_tasks.look.fields import typable
from stratix_tasks.look.health import Ills
from stratix_tasks.look.poller import Poller
from stratix_tasks.look.sources import FlowSource, RunSource
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.interrupted import left_of
from stratix_tasks.runs.usual import usual
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, InputSpec
from stratix_tasks.spec.problems import Problem, errors
from stratix_tasks.view._kernel_compat import is_batch
from stratix_tasks.view.messages import Able, Interrupted, Kept, Snapshot
from stratix_tasks.view.saved import MIME, saved
from stratix_tasks.view.snapshot import snapshot, whole
from stratix_tasks.view.source import Lead, Source

STATIC = Path(__file__).parent.parent / "view" / "static"
Made = TypeVar("Made", str, bytes)
MOST_DRAWN = 600
"""Nodes up to which the picture for viewers without a widget is drawn."""
OVER = ("completed", "failed", "cancelled")


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
        functions, graph = traced.functions, Graph(traced.spec)
        problems = traced.wrong(check(graph, executors, pools, functions))
        root = lay_out(graph, functions, executors, KNOWN_RUNNERS)
    except StratixError as error:
        problems = (error.problems if isinstance(error, FlowError) else []) or [Problem(error.code, error.message)]
        graph = Graph(FlowSpec.model_construct(flow=flow.name, description=flow.__doc__ or ""))
        root = lay_out(graph, {}, executors, KNOWN_RUNNERS)
    except Exception as error:
        problems = [Problem("trace-failed", f"the flow's body raised {in_words(error)}")]
        graph = Graph(FlowSpec.model_construct(flow=flow.name))
        root = lay_out(graph, {}, executors, KNOWN_RUNNERS)
    ills = Ills(root, registry.checkups)
    return FlowSource(
        graph, root, functions, problems, _startable(flow, root.spec.inputs, problems), left or [], ills, poller
    )


def _startable(flow: FlowDefinition[Any, Any], inputs: Mapping[str, InputSpec], problems: list[Problem]) -> Able:
    """Whether a person can start it from its view: a form asks for what can be typed."""
    if errors(problems):
        return "mend the problems first"
    static = [name for name in flow.parameters if name in flow.static]
    required = [name for name in static if flow.parameters[name].default is inspect.Parameter.empty]
    required += [name for name, one in inputs.items() if one.required]
    if all(name in inputs and typable(inputs[name]) for name in required):
        return True
    return f"give its inputs in a cell: {flow.name}.start({', '.join(f'{name}=…' for name in required)})"


def run_source(run: Handle) -> RunSource:
    """A run, live or ended."""
    ills = Ills(run._live.core.state.root, run._engine.executors.checkups)
    engine, live = run._engine, run._live
    beside = engine.store.catalog.beside

    def of_others() -> dict[str, float]:
        with suppress(StratixError):  # the store is busy or closed, say: a view does without it
            return usual(engine.store.catalog, live.core.state.root.spec.flow, live.id)
        return {}

    return RunSource(live, run._request, ills, left_of(engine, live), beside, of_others)


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


def kept(source: Source) -> Kept:
    """What a notebook file keeps of a view: the graph as it is now, to be drawn again, a picture and a text of it.

    What can't be made is left out.
    """
    text = source.text()
    try:
        made = snapshot(source, mode="saved")
        svg = to_svg(made) if len(made["nodes"]) <= MOST_DRAWN else ""
        told = saved(source, made, svg, text)
    except Exception as error:
        return {"text/plain": f"{text}\n(no picture: {in_words(error)})"}
    data: Kept = {MIME: told, "text/plain": text}
    return {**data, "image/svg+xml": svg} if svg else data


def bundle(source: Source, lead: Lead, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The mimebundle: widget, and what is kept. What can't be made is left out."""
    try:
        from stratix_tasks.view.widget import FlowView

        return FlowView(source, lead, kept)._repr_mimebundle_(**options)
    except Exception as error:
        data = kept(source)
        return {**data, "text/plain": f"{data['text/plain']}\n(no live view: {in_words(error)})"}, {}


def show_in_batch(look: Callable[[], Source]) -> None:
    """In a notebook that is run by a program: display what is kept, and display it again after each cell in which it changed.

    NotImplementedError elsewhere, upon which IPython asks for the mimebundle.
    """
    if not is_batch():
        raise NotImplementedError
    from IPython import get_ipython
    from IPython.display import display

    data = kept(look())
    shown, events = display(data, raw=True, display_id=True), get_ipython().events  # type: ignore[no-untyped-call]

    def after_cell(_: Any) -> None:
        nonlocal data
        source = look()
        if source.text() != data["text/plain"]:
            data = kept(source)
            shown.update(data, raw=True)
        run = source.run_info()
        if run is None or run["state"] in OVER:
            events.unregister("post_run_cell", after_cell)

    events.register("post_run_cell", after_cell)
