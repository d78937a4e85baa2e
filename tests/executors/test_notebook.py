"""`notebook.run`: real notebooks in real kernels."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from stratix_tasks import Engine, Flow, flow, history, uses
from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.notebook import NotebookError

LONG = 120
Value = Callable[..., Any]


def written(path: Path, *sources: str, tagged: int | None = None) -> str:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if tagged is not None:
        cells[tagged].metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# It"), *cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return str(path)


def test_a_notebook_runs_with_parameters(engine: Engine, tmp_path: Path) -> None:
    """They overrule the cell with the tag; the executed copy is an artifact and a file; the original stays."""
    path = written(
        tmp_path / "n.ipynb", "n = 1\nword = 'no'", "import os\nn * 2, word, os.path.basename(os.getcwd())", tagged=0
    )
    before, copy = Path(path).read_text(), tmp_path / "out" / "done.ipynb"

    @flow
    def report(n: int) -> Any:
        return uses("notebook.run").options(name="report")(path, parameters={"n": n, "word": "it's"}, to_file=str(copy))

    run = engine.start(report, {"n": 4})
    assert run.result(LONG) == {"cells": 3, "result": f"(8, \"it's\", '{tmp_path.name}')"}
    done = nbformat.read(copy, as_version=4)
    assert [cell.get("execution_count") for cell in done.cells] == [None, 1, 2, 3]
    assert done.cells[2].metadata["tags"] == ["injected-parameters"]
    assert Path(path).read_text() == before
    assert [row["progress"] for row in run.progress()] == [1.0]
    assert [row["text"] for row in run.progress()] == ["cell 3/3"]
    kept = history(engine.store.path).artifacts()
    assert list(zip(kept["node"], kept["name"], strict=True)) == [("report", "notebook")]


def test_a_cell_that_fails_is_told(engine: Engine, tmp_path: Path) -> None:
    """By its number and its error; the copy is kept up to there."""
    path = written(tmp_path / "n.ipynb", "1", "raise LookupError('gone')", "2")

    @flow
    def report() -> Any:
        return uses("notebook.run")(path)

    run = engine.start(report)
    assert run.wait(LONG) == "failed"
    cause = run.error.__cause__
    assert isinstance(cause, NotebookError)
    assert (cause.cell, cause.error) == (3, "LookupError")
    assert "cell 3 of" in str(cause)
    assert "gone" in str(cause)
    assert len(history(engine.store.path).artifacts()) == 1


def test_what_can_be_no_parameter_is_refused(value_of: Value, tmp_path: Path) -> None:
    """Before a kernel is started; so is a file that is no notebook."""

    @flow
    def wrong() -> Any:
        return uses("notebook.run")("n.ipynb", parameters={"not a name": 1})

    (problem,) = wrong.validate()
    assert "'not a name' can't be the name of a parameter" in problem.message
    with pytest.raises(ExecutorError, match="there is no notebook"):
        value_of("notebook.run", path=str(tmp_path / "no.ipynb"))
    (tmp_path / "odd.ipynb").write_text("{")
    with pytest.raises(ExecutorError, match="is no notebook"):
        value_of("notebook.run", path=str(tmp_path / "odd.ipynb"))


def test_without_nbclient_the_extra_is_named(value_of: Value, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Which is all that is missing."""
    monkeypatch.setitem(sys.modules, "nbclient", None)
    with pytest.raises(ExecutorError, match=r"pip install 'stratix-tasks\[notebooks\]'"):
        value_of("notebook.run", path=written(tmp_path / "n.ipynb", "1"))


def test_a_document_says_the_same(engine: Engine, tmp_path: Path) -> None:
    """The value of the last cell is the node's."""
    text = f"""
stratix: 1
flow: report
tasks:
  run: {{uses: notebook.run, with: {{path: {written(tmp_path / "n.ipynb", "3 * 5")!r}}}}}
output: "${{{{ tasks.run.output['result'] }}}}"
"""
    assert engine.start(Flow.from_yaml(text)).result(LONG) == "15"
