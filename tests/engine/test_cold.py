"""What shows in a process of its own: what a small run does not load, and where warnings go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("pandas", "duckdb", "networkx", "anywidget", "IPython", "rich", "typer", "cel", "graphviz", "yaml", "numpy")
CODE = """
import sys
from stratix_tasks import configure, flow, task
configure(store=sys.argv[1])

@task
def one(x: int) -> int: return x + 1

@flow
def small(x: int = 1) -> int: return one(one(one(x)))

assert small() == 4
print([name for name in sys.argv[2].split() if name in sys.modules])
"""


def test_a_small_run_loads_nothing_heavy(tmp_path: Path) -> None:
    """Importing, defining and running a 3-task flow leaves analysis, graphs, widgets and the command line unloaded."""
    args = [sys.executable, "-c", CODE, str(tmp_path / "store"), " ".join(HEAVY)]
    assert subprocess.run(args, capture_output=True, text=True, check=True).stdout == "[]\n"


COMPUTES = """
import sys
from stratix_tasks.spec.expr import compile_expression

assert compile_expression("1 + 1").evaluate({}) == 2
print([name for name in ("cel.cli", "typer", "rich") if name in sys.modules])

import cel

assert cel.evaluate("1 + 1", {}) == 2
"""


def test_an_expression_loads_its_compiler_alone() -> None:
    """Without the command line that comes with it, which takes 0.2 s; whoever imports the whole package later has it."""
    done = subprocess.run([sys.executable, "-c", COMPUTES], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


WARNS = """
import sys, warnings
from stratix_tasks import configure, flow, task
configure(store=sys.argv[1])

@task
def warns() -> int:
    warnings.warn("mind this")
    return 1

@flow
def small() -> int: return warns()

run = small.start()
run.result()
print([line for line in run.logs("warns") if "mind this" in line] != [])
"""


def test_warnings_of_a_body_land_on_its_node(tmp_path: Path) -> None:
    """They are in its log, and not on the process's stderr. (Test runners catch warnings, so in a process apart.)"""
    done = subprocess.run(
        [sys.executable, "-c", WARNS, str(tmp_path / "s")], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
