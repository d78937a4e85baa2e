"""`notebook.run`: a notebook with parameters, run from its first cell to its last in a kernel of its own.

Parameters are set by a cell that is put behind the one with the tag `parameters`, or in front of all. The executed copy is an
artifact of the node, also when a cell fails.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.apart import apart
from stratix_tasks.executors.extras import library
from stratix_tasks.executors.replacing import replacing
from stratix_tasks.spec.cards import Said
from stratix_tasks.spec.model import Duration

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from stratix_tasks.runners.body import Body

ARTIFACT = "notebook"


class NotebookConfig(BaseModel):
    """What `notebook.run` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    """The notebook, an `.ipynb` file; it stays as it is."""
    parameters: dict[str, Any] = {}
    """Variables that are set in it, of plain data."""
    kernel: str | None = None
    """The kernel; without it the one that the notebook names."""
    cwd: str | None = None
    """The folder in which it runs; without it the notebook's own."""
    cell_timeout: Duration | None = None
    """Seconds for each cell; without it there is no limit."""
    to_file: str | None = None
    """A path for the executed copy, beside the artifact."""


class Executed(TypedDict):
    """`cells`: how many code cells ran. `result`: what the last of them yielded: its JSON if it has some, else its text, else
    None.
    """

    cells: int
    result: Any


class NotebookError(ExecutorError):
    """A cell failed. `cell` is its number among all cells, from 1; `error` is the name of what it raised."""

    code = "notebook"

    def __init__(self, message: str, cell: int, error: str) -> None:
        super().__init__(message)
        self.cell, self.error = cell, error


class Run:
    name = "notebook.run"
    description = "Runs a notebook with parameters; its executed copy is an artifact."
    Config = NotebookConfig
    card = Said(title="Run a notebook", icon="notebook", accent="#d9681d", subtitle="{path}")

    def validate_config(self, config: NotebookConfig) -> None:
        """ValueError for parameters that no cell can set."""
        for name, value in config.parameters.items():
            if not name.isidentifier():
                raise ValueError(f"{name!r} can't be the name of a parameter")
            try:
                _source(name, value)
            except TypeError as error:
                raise ValueError(f"parameter {name}: {error}") from None

    async def execute(self, context: Body, config: NotebookConfig) -> Executed:
        nbclient, nbformat, notebook = await apart(lambda: _read(config))
        code = [at for at, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        told = {at: place for place, at in enumerate(code, 1)}

        def executed(cell: Any, cell_index: int, **_: Any) -> None:
            if cell_index in told:
                context.progress(told[cell_index] / len(code), f"cell {told[cell_index]}/{len(code)}")

        client = nbclient.NotebookClient(
            notebook,
            timeout=None if config.cell_timeout is None else max(round(config.cell_timeout), 1),
            kernel_name=config.kernel or "",
            resources={"metadata": {"path": config.cwd or _folder(config.path)}},
            on_cell_executed=executed,
        )
        try:
            await client.async_execute()
        except nbclient.exceptions.CellExecutionError as error:
            at = _failed(notebook)
            raise NotebookError(
                f"cell {at} of {config.path} raised {error.ename}: {error.evalue}", at, error.ename
            ) from None
        except nbclient.exceptions.CellTimeoutError as error:
            raise NotebookError(f"{config.path}: {error}", _failed(notebook), "TimeoutError") from None
        except nbclient.exceptions.DeadKernelError as error:
            raise NotebookError(
                f"{config.path}: its kernel died ({error})", _failed(notebook), "DeadKernelError"
            ) from None
        finally:
            await _keep(context, notebook, config, nbformat)
        return Executed(cells=len(code), result=_result(notebook.cells[code[-1]]) if code else None)


def _read(config: NotebookConfig) -> tuple[Any, Any, NotebookNode]:
    """The libraries, which take their time to import, and the notebook with its parameters."""
    nbclient, nbformat = (library(module, "notebooks", Run.name) for module in ("nbclient", "nbformat"))
    try:
        notebook = nbformat.read(config.path, as_version=4)
    except FileNotFoundError:
        raise ExecutorError(f"there is no notebook {config.path}", code="notebook-missing") from None
    except Exception as error:  # its reader lets through whatever its parts raise
        raise ExecutorError(f"{config.path} is no notebook: {error}", code="notebook-format") from None
    _set_parameters(notebook, config.parameters, nbformat)
    return nbclient, nbformat, notebook


def _folder(path: str) -> str:
    return str(Path(path).resolve().parent)


def _set_parameters(notebook: NotebookNode, parameters: dict[str, Any], nbformat: Any) -> None:
    if not parameters:
        return
    source = "\n".join(_source(name, value) for name, value in parameters.items())
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]})
    tagged = [at for at, one in enumerate(notebook.cells) if "parameters" in one.metadata.get("tags", ())]
    notebook.cells.insert(tagged[0] + 1 if tagged else 0, cell)


def _source(name: str, value: Any) -> str:
    """A line of Python that sets a variable. TypeError for what has no literal."""
    import ast

    text = repr(value)
    try:
        same = ast.literal_eval(text) == value
    except (ValueError, SyntaxError):
        same = False
    if not same:
        raise TypeError(
            f"a {type(value).__name__} can't be written into a cell: pass plain data, or the path of a file"
        )
    return f"{name} = {text}"


def _failed(notebook: NotebookNode) -> int:
    """The number of the cell at which it ended: the first with an error, else the last that began."""
    ran = [at for at, cell in enumerate(notebook.cells, 1) if cell.get("execution_count")]
    wrong = [
        at
        for at, cell in enumerate(notebook.cells, 1)
        if any(output.get("output_type") == "error" for output in cell.get("outputs", ()))
    ]
    return (wrong or ran[-1:] or [1])[0]


async def _keep(context: Body, notebook: NotebookNode, config: NotebookConfig, nbformat: Any) -> None:
    text = context.masks.text(nbformat.writes(notebook))
    context.artifact(ARTIFACT, text)
    if config.to_file is not None:
        await asyncio.to_thread(_write, Path(config.to_file), text)


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())


def _result(cell: Any) -> Any:
    for output in reversed(cell.get("outputs", ())):
        data = output.get("data", {}) if output.get("output_type") == "execute_result" else {}
        if data:
            return data["application/json"] if "application/json" in data else data.get("text/plain")
    return None
