"""Tasks and flows keep their types for mypy and for pyright."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MARKED = {
    number for number, line in enumerate((HERE / "wrong.py").read_text().splitlines(), 1) if line.endswith("# error")
}


def mypy(name: str) -> set[int]:
    """The lines with errors, by mypy --strict."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file", "pyproject.toml"]
    done = subprocess.run([*command, str(HERE / name)], cwd=ROOT, capture_output=True, text=True, check=False)
    found = {int(n) for n in re.findall(rf"{name}:(\d+): error", done.stdout)}
    assert found or "Success" in done.stdout, done.stdout + done.stderr
    return found


def pyright(name: str) -> set[int]:
    """The lines with errors, by pyright."""
    program = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed")
    command = [program, "--outputjson", "--pythonpath", sys.executable, str(HERE / name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout[done.stdout.index("{") :])
    found = report["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
def test_the_contracts_sample_is_accepted(checker: object) -> None:
    """The flow of the contract, maps, branches, sub-flows and handles have the types that they should."""
    assert checker("sample.py") == set()  # type: ignore[operator]


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
def test_wrong_code_is_refused(checker: object) -> None:
    """Wrong arguments, wrong elements and a wrong return are errors, each where it stands."""
    assert checker("wrong.py") == MARKED  # type: ignore[operator]
