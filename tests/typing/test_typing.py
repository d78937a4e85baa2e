"""Tasks and flows keep their types for mypy and for pyright."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MARKED = {
    number for number, line in enumerate((HERE / "wrong.py").read_text().splitlines(), 1) if line.endswith("# error")
}


Errors = dict[str, set[int]]
"""By the name of a file the lines that are refused."""
CHECKED = [str(HERE / name) for name in ("sample.py", "wrong.py")]


def mypy() -> Errors:
    """By mypy --strict."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file", "pyproject.toml"]
    done = subprocess.run([*command, *CHECKED], cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.findall(r"(\w+\.py):(\d+): error", done.stdout)
    assert "checked 2 source files" in done.stdout, done.stdout + done.stderr
    return by_file(found)


def pyright() -> Errors:
    """By pyright."""
    program = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed")
    command = [program, "--outputjson", "--pythonpath", sys.executable, *CHECKED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert report["summary"]["filesAnalyzed"] == 2, report["summary"]
    told = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    return by_file([(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in told])


def by_file(found: list[tuple[str, Any]]) -> Errors:
    return {name: {int(line) for file, line in found if file == name} for name, _ in found}


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest) -> Errors:
    """What one checker says of both files: it starts once, for it reads the whole package each time."""
    return request.param()


def test_the_contracts_sample_is_accepted(errors: Errors) -> None:
    """The flow of the contract, maps, branches, sub-flows and handles have the types that they should."""
    assert "sample.py" not in errors


def test_wrong_code_is_refused(errors: Errors) -> None:
    """Wrong arguments, wrong elements and a wrong return are errors, each where it stands."""
    assert errors["wrong.py"] == MARKED
