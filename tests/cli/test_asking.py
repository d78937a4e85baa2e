"""`stratix pause` and its kin: a kernel that runs is asked from the command line."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))

from other_kernel import Owner, until

from stratix_tasks import Run
from stratix_tasks.cli.requests import app

CALLED = {"target": "node", "from_": "node", "on": "off"}
"""What an argument of Python is called at the command line, where that is another word."""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Callable[[str], Owner]]:
    made: list[Owner] = []

    def make(flow: str) -> Owner:
        made.append(Owner(tmp_path / "store", flow))
        return made[-1]

    yield make
    for each in made:
        each.end()


def stratix(owner: Owner, *args: str) -> subprocess.CompletedProcess[str]:
    """The command, ended, on the owner's store."""
    return subprocess.run(
        [sys.executable, "-m", "stratix_tasks", "--store", str(owner.store), *args],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_run_is_controlled_from_the_command_line(owner: Callable[[str], Owner]) -> None:
    """Pause, why, set, breakpoint, resume, rollback and cancel, each told by one line and exit code 0."""
    other = owner("chain")
    assert stratix(other, "pause", "last").stdout.startswith(f"Run {other.run} is paus")
    until(lambda: other.ask("status") == "paused", "it is paused")
    assert "waits for 'second'" in stratix(other, "why", other.run, "third").stdout
    assert stratix(other, "set", other.run, "third", "-a", "x=7").returncode == 0
    assert stratix(other, "breakpoint", other.run, "third").returncode == 0
    assert stratix(other, "resume", other.run).stdout == f"Run {other.run} is running.\n"
    other.opens("first", "second", "third")
    until(lambda: ",held," in stratix(other, "show", other.run, "--csv").stdout, "it is at the breakpoint")
    assert stratix(other, "resume", other.run, "third").returncode == 0
    assert other.ask("result") == "70"
    back = stratix(other, "rollback", other.run, "--to", "first").stdout
    assert back.startswith(f"Run {other.run} is paused. `stratix resume {other.run}` goes on with it"), back
    done = stratix(other, "cancel", other.run)
    assert done.returncode == 0, done.stderr
    assert other.ask("wait") == "cancelled"


def test_what_failed_is_retried_or_skipped_from_the_command_line(owner: Callable[[str], Owner]) -> None:
    """The owner goes on; a value for a skipped node may be JSON, and is what the node gives."""
    other = owner("failing")
    assert other.ask("wait") == "failed"
    assert stratix(other, "retry", "last").returncode == 0
    assert other.ask("wait") == "failed"
    assert other.started() == ["breaks 1", "breaks 2"]
    refused = stratix(other, "skip", "last", "breaks", "--value", '{"n": 1}')
    assert (refused.returncode, "'breaks' gives, which is int" in refused.stderr) == (2, True)
    assert stratix(other, "skip", "last", "breaks", "--value", "7").returncode == 0
    assert other.ask("result") == "7"


def test_a_retry_that_makes_something_again_is_asked_for_from_the_command_line(owner: Callable[[str], Owner]) -> None:
    """It names who has gone on, and the option; another process is told the same as the owner."""
    other = owner("noted")
    assert other.ask("wait") == "failed"
    refused = stratix(other, "retry", "last")
    assert refused.returncode == 1
    assert "'notes' has gone on without what has ended badly; retry(redo=True) rolls back" in refused.stderr
    assert refused.stderr.endswith("Here redo=True is --redo.\n")
    other.opens("mended", "third")
    assert stratix(other, "retry", "last", "--redo").returncode == 0
    assert other.ask("result") == "(70, '7')"


def test_an_item_of_a_mapped_flow_is_asked_as_one_from_the_command_line(owner: Callable[[str], Owner]) -> None:
    """Paused with all of its nodes, told of, and skipped with a value that stands for its own."""
    other = owner("parts")
    until(lambda: sorted(other.started()) == ["part[0].second 1", "part[1].second 1"], "both items have begun")
    assert stratix(other, "pause", "last", "part[0]").returncode == 0
    other.opens("second", "third")
    until(lambda: "is paused" in stratix(other, "why", other.run, "part[0]").stdout, "it is paused")
    assert "'part[1]'" in stratix(other, "why", other.run, "part[1]").stdout
    refused = stratix(other, "set", other.run, "part[0]", "-a", "x=7")
    assert (refused.returncode, "name a node in it" in refused.stderr) == (2, True)
    assert stratix(other, "skip", other.run, "part[0]", "--value", "5").returncode == 0
    assert other.ask("result") == "[5, 30]"


def test_exit_codes_and_texts_of_what_is_refused(owner: Callable[[str], Owner]) -> None:
    """1 with the story for what is not legal now, 2 for what does not exist; no traceback."""
    other = owner("failing")
    assert other.ask("wait") == "failed"
    for code, said, args in (
        (1, "can't pause the run: it is failed", ("pause", "last")),
        (1, "attempt 1 failed, ValueError: not yet", ("pause", "last", "breaks")),
        (2, "Did you mean 'breaks'", ("retry", "last", "breakz")),
        (2, "name=value", ("set", "last", "breaks", "-a", "x")),
        (2, "roll back to a node", ("rollback", "last")),
        (2, "no id of a run", ("why", "nonsense", "breaks")),
    ):
        done = stratix(other, *args)
        assert (done.returncode, said in done.stderr) == (code, True), (args, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr


def test_what_a_dead_kernel_left_is_cancelled_without_its_functions(owner: Callable[[str], Owner]) -> None:
    """Nothing is started for it; to go on with it, its functions are needed: that is said, with exit code 1."""
    other = owner("chain")
    until(lambda: other.started() == ["first 1"], "it runs")
    other.child.kill()
    other.child.wait()
    refused = stratix(other, "skip", other.run, "third")
    assert (refused.returncode, "not defined here" in refused.stderr) == (1, True)
    assert stratix(other, "cancel", other.run).stdout == f"Run {other.run} is cancelled.\n"
    assert other.started() == ["first 1"]


def test_each_request_of_a_run_is_a_command_that_takes_the_same() -> None:
    """Whatever a handle can be asked to do, with all of its arguments."""
    commands = {one.name or one.callback.__name__: one.callback for one in app.registered_commands if one.callback}
    asked = {
        name: {CALLED.get(one, one) for one in inspect.signature(method).parameters if one != "self"}
        for name, method in vars(Run).items()
        if inspect.isfunction(method) and not name.startswith("_")
        if inspect.signature(method).return_annotation in ("None", "Run")
    }
    assert len(asked) > 12
    assert {name: set(inspect.signature(commands[name]).parameters) - {"run_id"} for name in asked} == asked
