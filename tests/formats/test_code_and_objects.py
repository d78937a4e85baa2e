"""`to_yaml(code=…, objects=…)`: functions of a notebook in a module, and values in files, beside the document."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pieces
import pytest

from stratix_tasks import Flow, FlowError, flow, load_flow, task
from stratix_tasks.formats.yaml import load
from stratix_tasks.spec.problems import errors

NOTEBOOK = """
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
from stratix_tasks import each, flow, task

RATE = 2.5


class Mode(Enum):
    FAST = "fast"


def scaled(x: float) -> float:
    return x * RATE


@task(retry=2)
def load(frame: pd.DataFrame, mode: Mode = Mode.FAST) -> list[int]:
    return [int(scaled(x)) for x in frame["x"]]


@task
def add(parts: list[int], more: Any, names: Any = None) -> Any:
    return sum(parts) + float(more.sum()) + len(names)


@flow
def sums(start: int = 1) -> Any:
    made = load(pd.DataFrame({"x": [1, 2, 4]}), mode=Mode.FAST)
    return add(made, np.array([0.5, 1.5]), names={"a", "b"})


if __name__ == "__main__":
    print(sums())
    sums.to_yaml("out/sums.yaml", code="out/sums_tasks.py", objects="out/sums_objects/")
"""
READER = """
import sys

from stratix_tasks import load_flow

sys.path.insert(0, "out")
print(load_flow("out/sums.yaml", allow=["sums_tasks"])())
"""


def ran(folder: Path, script: str) -> str:
    done = subprocess.run([sys.executable, script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_notebook_goes_to_files_and_comes_back(tmp_path: Path) -> None:
    """Another process runs the document with the module and the objects, to the same value."""
    (tmp_path / "out").mkdir()
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    (tmp_path / "reader.py").write_text(READER)
    value = ran(tmp_path, "notebook.py")
    assert ran(tmp_path, "reader.py") == value
    code = (tmp_path / "out" / "sums_tasks.py").read_text()
    assert "RATE = 2.5" in code
    assert "def scaled" in code
    assert "@flow" not in code
    text = (tmp_path / "out" / "sums.yaml").read_text()
    assert "call: sums_tasks:load" in text
    assert "objects: sums_objects" in text


@flow
def holds(values: Any = (1, 2)) -> Any:
    return pieces.total({1, 2}, [np.arange(3), pieces.scaled(1)], start=0.5)


def test_objects_lie_in_a_folder_beside(tmp_path: Path) -> None:
    """In arguments, defaults and lists; the text is read without them, and binding fetches them."""
    path = tmp_path / "holds.yaml"
    holds.to_yaml(path, objects=tmp_path / "kept")
    again = load_flow(path, allow=["pieces"])
    extra = again.spec.tasks["total"].args["*"]
    assert extra[0].value == {1, 2}
    assert extra[1][0].value.tolist() == [0, 1, 2]
    assert not errors(again.validate())
    assert again.to_yaml(tmp_path / "again.yaml", objects=tmp_path / "kept") == path.read_text()


def test_an_object_that_stands_in_a_document_twice_is_one_when_it_is_read(tmp_path: Path) -> None:
    """Another that is equal is another."""
    held = np.arange(3)

    @flow
    def twice() -> Any:
        return pieces.told({"parts": [held, held, np.arange(3), pieces.scaled(1)]})

    twice.to_yaml(tmp_path / "twice.yaml", objects=tmp_path / "kept")
    again = load_flow(tmp_path / "twice.yaml", allow=["pieces"])
    (argument,) = again.spec.tasks["told"].args.values()
    first, second, third = (one.value for one in argument["parts"][:3])
    assert first is second and first is not third and third.tolist() == [0, 1, 2]


def test_a_missing_object_is_told(tmp_path: Path) -> None:
    """When the flow is bound; reading the text alone needs no folder."""
    path = tmp_path / "frame.yaml"

    @flow
    def frame() -> Any:
        return pieces.told(pd.DataFrame({"x": range(9)}))

    frame.to_yaml(path, objects=tmp_path / "kept")
    (file,) = (one for one in (tmp_path / "kept").rglob("*") if one.is_file())
    file.unlink()
    (problem,) = load_flow(path, allow=["pieces"]).validate()
    assert problem.code == "bad-object"


def test_where_objects_can_lie(tmp_path: Path) -> None:
    """In the document's folder or below, for who writes and for who reads."""
    with pytest.raises(FlowError, match="must lie in"):
        holds.to_yaml(tmp_path / "a" / "holds.yaml", objects=tmp_path / "b")
    for folder in ("../x", "/etc", "a/../../b", "C:\\x"):
        with pytest.raises(FlowError, match="can't lie"):
            load(f"stratix: 1\nflow: f\nobjects: '{folder}'\ntasks: {{}}\n")
    with pytest.raises(FlowError, match="where `objects` is said"):
        load("stratix: 1\nflow: f\ntasks: {a: {call: x, with: {x: {$object: [json, 1]}}}}\n")


def test_what_can_not_be_written_out_is_told(tmp_path: Path) -> None:
    """Closures and lambdas; a file that is no module."""

    @task
    def closure(x: Any) -> Any:
        return x

    @flow
    def local() -> Any:
        return closure(1)

    with pytest.raises(FlowError) as caught:
        local.to_yaml(code=tmp_path / "tasks.py")
    assert [problem.code for problem in caught.value.problems] == ["not-importable"]
    assert not (tmp_path / "tasks.py").exists()
    with pytest.raises(FlowError, match=r"tasks\.py"):
        holds.to_yaml(code=tmp_path / "my tasks.txt")


def test_a_text_of_stored_data_is_no_expression(tmp_path: Path) -> None:
    """What is stored comes back as it was, whatever it looks like."""

    @flow
    def looks() -> Any:
        return pieces.told(("${{ inputs.x }}", "a"))

    text = looks.to_yaml(tmp_path / "looks.yaml", objects=tmp_path / "kept")
    again = load_flow(tmp_path / "looks.yaml", allow=["pieces"])
    assert again.spec.tasks["told"].args["value"] == ("${{ inputs.x }}", "a"), text
    assert isinstance(again, Flow)
