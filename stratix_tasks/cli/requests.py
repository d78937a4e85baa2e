"""Commands that ask a run something, wherever it is run: this process, a notebook, or nobody any more."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from stratix_tasks.cli.app import Inputs, RunId, _finish, _named, _run, _value, app, console
from stratix_tasks.cli.live import follow, how
from stratix_tasks.session.run import Run
from stratix_tasks.spec.annotations import annotation
from stratix_tasks.spec.text import inputs_of

__all__ = ["app"]

_NODE = "A node, an item as 'train[3]', or a round as 'refine[2]'"
Node = Annotated[str | None, typer.Argument(help=f"{_NODE}; else the run.", show_default="RUN")]
OneNode = Annotated[str, typer.Argument(metavar="NODE", help=f"{_NODE}.")]
Redo = Annotated[bool, typer.Option("--redo", help="Roll back what has gone on without it.")]


@app.command()
def pause(
    run_id: RunId,
    node: Node = None,
    drain: Annotated[bool, typer.Option("--drain", help="Let what runs finish, instead of suspending it.")] = False,
) -> None:
    """Pause a run, a node, an item or a round: nothing new starts, bodies stop at their next checkpoint or finish."""
    found = _found(run_id)
    found.pause(node, drain=drain)
    _told(found)


@app.command()
def resume(run_id: RunId, node: Node = None) -> None:
    """Go on with a run, or with what was paused by itself."""
    found = _found(run_id)
    found.resume(node)
    _go_on(found)


@app.command()
def cancel(run_id: RunId, node: Node = None) -> None:
    """End a run, a node, an item or a round."""
    found = _found(run_id)
    found.cancel(node)
    if found.runs_here:
        found.wait(10.0)
    _told(found)


@app.command()
def retry(run_id: RunId, node: Node = None, redo: Redo = False) -> None:
    """Try again what failed or was cancelled, or one node, item or round, with what depends on it."""
    found = _found(run_id)
    found.retry(node, redo=redo)
    _go_on(found)


@app.command()
def skip(
    run_id: RunId,
    node: OneNode,
    value: Annotated[str | None, typer.Option(help="What stands for its result; it may be JSON.")] = None,
    redo: Redo = False,
) -> None:
    """Skip a node, an item or a round."""
    found = _found(run_id)
    if value is None:
        found.skip(node, redo=redo)
    else:
        found.skip(node, value=_value(value, found.gives(node).hint), redo=redo)
    _go_on(found)


@app.command("set")
def set_(
    run_id: RunId,
    node: OneNode,
    args: Annotated[
        list[str] | None, typer.Option("--arg", "-a", help="An argument as name=value; the value may be JSON.")
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="An option as name=value: retry, timeout, grace, priority."),
    ] = None,
) -> None:
    """Change arguments and options of what has not started yet."""
    found = _found(run_id)
    found.set(
        node, args=_named(args, "an argument", found.hints(node) if args else {}), options=_named(options, "an option")
    )
    _go_on(found)


@app.command("breakpoint")
def breakpoint_(
    run_id: RunId, node: OneNode, off: Annotated[bool, typer.Option("--off", help="Take it away.")] = False
) -> None:
    """Pause a node each time it is about to start."""
    found = _found(run_id)
    found.breakpoint(node, on=not off)
    _go_on(found)


@app.command()
def approve(
    run_id: RunId,
    node: OneNode,
    by: Annotated[str | None, typer.Option(help="Who approves.", show_default="this user")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Approve what a node waits for."""
    found = _found(run_id)
    found.approve(node, by=by, note=note)
    _go_on(found)


@app.command()
def reject(
    run_id: RunId,
    node: OneNode,
    by: Annotated[str | None, typer.Option(help="Who rejects.", show_default="this user")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Say no to what a node waits for: it fails."""
    found = _found(run_id)
    found.reject(node, by=by, note=note)
    _go_on(found)


@app.command()
def answer(
    run_id: RunId,
    node: OneNode,
    fields: Annotated[list[str], typer.Argument(help="NAME=VALUE for each field; a value may be JSON.")],
) -> None:
    """Answer what a node asks."""
    found = _found(run_id)
    said = next((row["wait"] or {} for row in found.progress() if row["name"] == node), {}).get("fields", {})
    hints = {name: annotation(one) for name, one in inputs_of(said).items()}
    found.answer(node, **_named(fields, "a field", hints))
    _go_on(found)


@app.command()
def send(
    run_id: RunId,
    name: Annotated[str, typer.Argument(help="The name of the signal.")],
    value: Annotated[str | None, typer.Argument(help="What is sent; it may be JSON.", show_default="null")] = None,
) -> None:
    """Send a value to the nodes that wait for a signal."""
    found = _found(run_id)
    found.send(name, None if value is None else _value(value))
    _go_on(found)


@app.command()
def rollback(
    run_id: RunId,
    to: Annotated[
        str | None,
        typer.Option(help="A completed node, item or round: what came after it is set back."),
    ] = None,
    at: Annotated[int | None, typer.Option(help="The number of a fact.")] = None,
) -> None:
    """Set back what came after a node or a fact; the run is then paused, and its history kept."""
    found = _found(run_id)
    found.rollback(to, at=at)
    _told(found)


@app.command()
def fork(run_id: RunId, node: Node = None, inputs: Inputs = None) -> None:
    """Start a new run here that takes over what the old one has, and runs NODE and what depends on it again.

    Without NODE, what has changed in the code since is run again. Inputs that are not given are those of the old run.
    """
    found = _found(run_id)
    _to_its_end(found.fork(node, inputs=_named(inputs, "an input", found.hints() if inputs else {})))


@app.command()
def again(run_id: RunId, inputs: Inputs = None) -> None:
    """Start a new run here of the same flow that takes nothing over; inputs that are not given are those of the old run."""
    found = _found(run_id)
    _to_its_end(found.again(inputs=_named(inputs, "an input", found.hints() if inputs else {})))


@app.command()
def why(run_id: RunId, node: OneNode) -> None:
    """Say in one sentence why a node, an item or a round is in its state, and what it waits for."""
    console.print(_found(run_id).why(node), markup=False, soft_wrap=True)


def _found(run_id: str) -> Run:
    """The run; functions are looked for in the working directory too, should this process have to go on with it."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return _run(run_id)


def _go_on(run: Run) -> None:
    """What this process went on with is run to its end; else it is only told how the run is."""
    if not run.went_on_here or run.status == "paused":
        _told(run)
    else:
        _to_its_end(run)


def _to_its_end(run: Run) -> None:
    follow(run, console)
    _finish(run)


def _told(run: Run) -> None:
    console.print(how(run), markup=False, soft_wrap=True)
