"""The commands, each a thin layer over what Python offers."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import date, datetime, time
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from rich.console import Console

from stratix_tasks import __version__
from stratix_tasks.cli.exits import BAD_INPUT, FAILED, Commands, tell
from stratix_tasks.cli.live import follow, how
from stratix_tasks.cli.tables import show
from stratix_tasks.errors import FlowError, InputError, in_words
from stratix_tasks.runs.recover import recover as recover_runs
from stratix_tasks.session.default import configure, default_engine
from stratix_tasks.session.run import Run
from stratix_tasks.spec.annotations import annotation
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.inputs import bare
from stratix_tasks.spec.problems import did_you_mean, errors

app = typer.Typer(
    cls=Commands,
    help="Durable workflows that live in a notebook.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
console = Console(highlight=False)
LABEXTENSIONS = Path(__file__).parent.parent / "view"
"""Where in a checkout JupyterLab finds our extension, `stratix-tasks`; a wheel puts it where it looks by itself."""

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
WRITTEN = (str, bytes, date, datetime, time, Decimal, Path)
"""Types whose values are given as texts of their own, which JSON would take for numbers."""
Inputs = Annotated[
    list[str] | None, typer.Option("--input", "-i", help="An input as name=value; the value may be JSON.")
]
Allow = Annotated[
    list[str] | None, typer.Option("--allow", help="A module that may be imported for the functions of the flow.")
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or `last`.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def common(
    store: Annotated[
        str | None, typer.Option(help="The folder of the store.", envvar="STRATIX_STORE", show_default=".stratix")
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Durable workflows that live in a notebook."""
    if store is not None:
        configure(store=store)


@app.command()
def demo(
    sample: Annotated[float, typer.Option(min=0.01, max=1.0, help="The part of the flights to look at.")] = 1.0,
    html: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("demo.html"),
) -> None:
    """Run a real job: what foretells late flights? 336,776 flights, twelve models, about ten seconds."""
    from stratix_tasks.demo.flights import NEEDS, flights

    if missing := [module for module in NEEDS if find_spec(module) is None]:
        raise InputError(f"the demo needs {', '.join(missing)}: pip install 'stratix-tasks[demo]'")
    run = default_engine().start(flights, {"sample": sample})
    status = follow(run, console)
    show(console, _tasks(run), title="The run's tasks, from DuckDB: history().tasks(run)")
    if status == "completed":
        console.print(run.result(), style="bold", soft_wrap=True)
    run.to_html(html)
    console.print(f"\nThe graph of this run:  {html.resolve()}  (opens in a browser, offline)", soft_wrap=True)
    console.print("The same, live, in a notebook:  make lab, or stratix lab  →  01_quickstart.ipynb")
    _leave(run)


@app.command()
def run(
    flow: Annotated[str, typer.Argument(help="A YAML file, or module:name of a @flow.")],
    inputs: Inputs = None,
    allow: Allow = None,
    key: Annotated[str | None, typer.Option(help="The same key is the same run.")] = None,
    priority: Annotated[int, typer.Option(help="Runs with a higher one get places first.")] = 0,
    tags: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="A word to find the run by.")] = None,
    until: Annotated[
        list[str] | None, typer.Option(metavar="NODE", help="Run this node and what it needs, and nothing else.")
    ] = None,
) -> None:
    """Run a flow to its end, with live progress."""
    found = _flow(flow, allow)
    options = {"key": key, "priority": priority, "tags": tuple(tags or ()), "until": until or None}
    started = found.options(**options).start(**_inputs(found, inputs))
    follow(started, console)
    _finish(started)


@app.command()
def validate(
    flows: Annotated[list[str], typer.Argument(help="YAML files, or module:name of a @flow.")],
    allow: Allow = None,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Also whether the secrets that it names are here.")
    ] = False,
) -> None:
    """Tell everything that is wrong with a flow, or several; nothing runs."""
    sound = [_is_sound(flow, allow, secrets=secrets) for flow in flows]
    if not all(sound):
        raise typer.Exit(BAD_INPUT)


def _is_sound(flow: str, allow: list[str] | None, *, secrets: bool) -> bool:
    """Whether a flow can start; what is wrong with it is told."""
    try:
        found = _flow(flow, allow)
        problems = found.validate(secrets=secrets)
    except FlowError as error:
        tell(error)
        return False
    for problem in problems:
        console.print(str(problem), markup=False, soft_wrap=True)
    if errors(problems):
        return False
    sound = f"{len(problems)} warning{'s' if len(problems) > 1 else ''}" if problems else "no problems"
    console.print(f"Flow {found.name}: {len(found.spec.tasks)} nodes, {sound}.")
    return True


@app.command()
def runs(csv: Csv = False) -> None:
    """List the runs of the store, the newest first."""
    from stratix_tasks.session.history import history

    frame = history().runs()
    kept = ["run", "flow", "status", "started", "duration", "failed", "reason", "inputs"]
    show(console, frame if csv else frame[kept], title="Runs", csv=csv)


@app.command("show")
def show_run(run_id: RunId, csv: Csv = False) -> None:
    """Show the tasks of a run."""
    found = _run(run_id)
    frame = found.tasks() if csv else _tasks(found)
    title = f"Run {found.id} of {found.flow}: {found.status}"
    show(console, frame, title=title, csv=csv)
    if found.error is not None:
        console.print(str(found.error), style="red", markup=False, soft_wrap=True)


@app.command()
def recover(
    changed: Annotated[
        str,
        typer.Option(
            metavar="ask|reuse|rerun|fork", help="What to do with a run whose code changed since; ask leaves it paused."
        ),
    ] = "ask",
) -> None:
    """Go on with the runs that were interrupted, and wait for them."""
    sys.path.insert(0, os.getcwd())
    engine = default_engine()
    found = [Run(engine, live) for live in recover_runs(engine, changed)]
    if not found:
        console.print("Nothing to recover.")
    for one in found:
        follow(one, console)
    for one in found:
        _finish(one)


@app.command()
def history(
    query: Annotated[str, typer.Argument(help="A SELECT over runs, tasks, attempts, transitions, logs, metrics, …")],
    csv: Csv = False,
) -> None:
    """Ask the history in SQL."""
    from stratix_tasks.session.history import history as past

    show(console, past().sql(query), csv=csv)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the YAML format, for editors."""
    from stratix_tasks.formats.yaml_schema import schema as made

    with redirect_stdout(sys.stderr):  # a plugin may print while it is imported
        default_engine().plugins()  # where they can't be put in order that is told, not a schema without them
        told = made()
    print(json.dumps(told, indent=2))


@app.command()
def plugins(csv: Csv = False) -> None:
    """List the plugins that are installed: what they bring, or why one is left out."""
    import pandas

    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")  # what is left out stands in the table
        found = default_engine().plugins()
    rows = [
        {
            "plugin": one.name,
            "package": one.package,
            "brings": ", ".join(f"{word}: {' '.join(names)}" for word, names in one.brings.items()),
            "unknown": ", ".join(one.unknown),
            "left out": one.left_out,
        }
        for one in found
    ]
    show(console, pandas.DataFrame(rows).replace("", None), title="Plugins", csv=csv)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="A folder.", show_default="notebooks, if there is one")] = None,
) -> None:
    """Open JupyterLab on the notebooks; further options go to it."""
    if find_spec("jupyterlab") is None:
        raise InputError("JupyterLab is missing: pip install 'stratix-tasks[notebook]'")
    where = folder or (Path("notebooks") if Path("notebooks").is_dir() else Path())
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    ours = [f"--LabApp.extra_labextensions_path={LABEXTENSIONS}"] if (LABEXTENSIONS / "stratix-tasks").is_dir() else []
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *root, *ours, *context.args, str(where)])


def _flow(name: str, allow: list[str] | None) -> Any:
    """The flow of a YAML file or of `module:name`; modules are looked for in the working directory too."""
    sys.path.insert(0, os.getcwd())
    from stratix_tasks.session.flow import Flow, load_flow

    module, colon, attribute = name.rpartition(":")
    if not colon or name.endswith((".yaml", ".yml")):
        try:
            return load_flow(name, allow=allow or ())
        except FlowError as error:
            if error.code != "no-file":
                raise
            raise FlowError(f"{error}. A flow of a module is named as module:flow", code="no-file") from None
    try:
        known = vars(_module(module))
    except ImportError as error:
        raise FlowError(f"there is no flow {name}: {error}", code="no-flow") from None
    found = known.get(attribute)
    if not isinstance(found, Flow):
        what = f"{name} is a {type(found).__name__}, not a @flow" if attribute in known else f"there is no flow {name}"
        flows = (word for word, value in known.items() if isinstance(value, Flow))
        raise FlowError(f"{what}. {did_you_mean(attribute, flows)}".rstrip(), code="no-flow")
    return found


def _module(name: str) -> Any:
    """Whatever its code raises is told with its line, also that it wants to end the process."""
    from importlib import import_module
    from traceback import extract_tb

    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise
    except (Exception, SystemExit) as error:
        place = extract_tb(error.__traceback__)[-1]
        own = "" if place.filename.startswith("<") else f", {place.filename} line {place.lineno}"
        raise ImportError(f"'{name}' can't be imported ({in_words(error)}{own})") from None


def _inputs(flow: Any, pairs: list[str] | None) -> dict[str, Any]:
    """`name=value` as inputs, each as the flow wants it."""
    hints = {**{name: annotation(one) for name, one in flow.spec.inputs.items()}, **flow.hints} if pairs else {}
    return _named(pairs, "an input", hints)


def _named(pairs: list[str] | None, what: str, hints: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """`name=value`, each as its annotation wants it: see `_value`."""
    made: dict[str, Any] = {}
    for pair in pairs or ():
        name, equals, text = pair.partition("=")
        if not equals:
            raise InputError(f"{what} is given as name=value, not {pair!r}")
        made[name] = _value(text, bare(hints.get(name, Any)))
    return made


def _value(text: str, kind: Any = Any) -> Any:
    """Text where a type is wanted that has its own text, else JSON where it is JSON and can be what is wanted."""
    if kind in WRITTEN:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if not _fits(value, kind) and _fits(text, kind) else value


def _fits(value: Any, kind: Any) -> bool:
    try:
        convert(value, kind)
    except ValueError:
        return False
    return True


def _run(run_id: str) -> Run:
    engine = default_engine()
    if run_id == "last":
        newest = engine.store.catalog.runs(1)
        if not newest:
            raise InputError(f"the store {engine.store.path} has no runs", code="unknown-run")
        run_id = newest[0].id
    return engine.run(run_id)


def _tasks(run: Run) -> Any:
    frame = run.tasks()
    kept = ["node", "item", "key", "state", "reason", "wait", "duration", "cpu", "rows", "error"]
    return frame[kept]


def _finish(run: Run) -> None:
    if run.status == "completed":
        result = run.result()
        if result is not None:
            console.print(result, markup=False, soft_wrap=True)
    _leave(run)


def _leave(run: Run) -> None:
    """End with the code for how the run ended; nothing when it completed."""
    if run.status == "completed":
        return
    if run.error is not None:
        raise run.error
    console.print(how(run), markup=False, soft_wrap=True)
    raise typer.Exit(FAILED)
