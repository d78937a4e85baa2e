"""What is written for users is true: the public names, the README, the notebooks."""

from __future__ import annotations

import importlib
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
import typing
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import stratix_tasks
from stratix_tasks.session.run import Run
from stratix_tasks.store.analytics import History

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)


def test_public_names_are_those_that_can_be_imported() -> None:
    """`__all__` and the lazy imports name the same things, and each can be had."""
    assert set(stratix_tasks.__all__) == {*stratix_tasks._HOME, "__version__"}
    for name in stratix_tasks.__all__:
        assert getattr(stratix_tasks, name) is not None


def test_no_public_name_is_that_of_a_sub_package() -> None:
    """So that `stratix_tasks.flow` can never be shadowed by an import."""
    packages = {path.parent.name for path in (ROOT / "stratix_tasks").glob("*/__init__.py")}
    assert packages & set(stratix_tasks.__all__) == set()


def test_readme_names_only_commands_that_exist() -> None:
    """Each command in the README's list is a command of `stratix`."""
    import typer

    from stratix_tasks.cli.requests import app

    listed = re.search(r"`stratix (demo [^`]+)`", (ROOT / "README.md").read_text())
    assert listed is not None
    words = {part.split()[0] for part in listed[1].replace("\n", " ").split("·")}
    known = typing.cast(typing.Any, typer.main.get_command(app)).commands
    assert words <= set(known)


def test_readme_lists_what_executors_take() -> None:
    """The table of built-in executors is that which their configs make."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from executors import table
    finally:
        sys.path.pop(0)
    assert f"<!-- executors -->\n{table()}<!-- /executors -->" in (ROOT / "README.md").read_text()


def test_the_first_block_of_the_readme_runs_as_it_is_written(tmp_path: Path) -> None:
    """In a new process with nothing else."""
    script = tmp_path / "first_block.py"
    script.write_text(BLOCKS[0] + "print(run.result())\n")
    env = {**os.environ, "STRATIX_STORE": str(tmp_path / "store")}
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=env, check=False)
    assert (ran.stdout, ran.returncode) == ("6 sales\n", 0), ran.stderr


@pytest.mark.parametrize("block", [block for block in BLOCKS[1:] if "@flow" in block], ids=lambda block: block[:40])
def test_flows_of_the_readme_have_no_problems(block: str, tmp_path: Path) -> None:
    """Written after what they take for granted, they are traced and checked without a problem or a warning."""
    (tmp_path / "block.py").write_text("from readme_names import *\n" + block)
    found = [one for one in runpy.run_path(str(tmp_path / "block.py")).values() if isinstance(one, stratix_tasks.Flow)]
    assert found
    assert [str(problem) for one in found for problem in one.validate()] == []


def test_what_pages_for_users_call_is_there() -> None:
    """Each method and attribute of a run, a flow and a history that they name."""
    kinds: dict[str, Any] = {"run": Run, "sales": stratix_tasks.Flow, "flow": stratix_tasks.Flow, "h": History}
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    named = {
        match for page in pages for match in re.findall(r"(?<![\w./])(run|sales|flow|h)\.(\w+)\(", page.read_text())
    }
    assert len(named) > 40
    assert [f"{kind}.{name}" for kind, name in sorted(named) if not hasattr(kinds[kind], name)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_from_top_to_bottom(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every notebook runs in a fresh kernel without an error, and its graphs come as pictures that a page can draw again."""
    monkeypatch.setenv("STRATIX_STORE", str(tmp_path / "store"))
    book = nbformat.read(path, 4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    kinds = {kind for cell in book.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert {"application/vnd.stratix+json", "image/svg+xml", "text/plain"} <= kinds


def test_every_room_says_what_it_is_for() -> None:
    """Each package has a docstring."""
    for path in (ROOT / "stratix_tasks").glob("*/__init__.py"):
        module = importlib.import_module(f"stratix_tasks.{path.parent.name}")
        assert module.__doc__


@pytest.mark.parametrize("name", ["joins", "options"])
def test_a_page_that_is_made_from_the_code_is_as_that_is(name: str) -> None:
    """When the code changes it is made again: `python scripts/joins.py`, `python scripts/options.py`."""
    made = runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))
    assert (ROOT / "docs" / f"{name}.md").read_text() == made["page"]()


def test_a_wheel_brings_the_extension_of_jupyterlab() -> None:
    """Where JupyterLab looks for it, of the version of the package, with the front end that the live view has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    [folder] = [source for source, place in shared.items() if place == "share/jupyter/labextensions/stratix-tasks"]
    about = json.loads((ROOT / folder / "package.json").read_text())
    assert (about["name"], about["version"]) == (project["project"]["name"], project["project"]["version"])
    assert (ROOT / folder / about["jupyterlab"]["_build"]["load"]).is_file()
    for name in ("widget.js", "widget.css"):
        assert (ROOT / folder / "static" / name).samefile(ROOT / "stratix_tasks" / "view" / "static" / name)
