"""`shell.run`: real commands, in process groups that are ended as a whole."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, Flow, flow, history, uses
from stratix_tasks.executors.shell import ShellError

LONG = 60
Value = Callable[..., Any]


def test_a_command_is_its_arguments(value_of: Value) -> None:
    """No shell looks at them: what would be code there is a text here."""
    ended = value_of("shell.run", command=["printf", "%s|", "a b", "$HOME; ls", "*"])
    assert ended == {"exit_code": 0, "stdout": "a b|$HOME; ls|*|", "stderr": ""}


def test_a_number_that_comes_with_the_run_is_an_argument(engine: Engine) -> None:
    """As it is written, and so is a path; what has no one text is refused."""
    text = """
stratix: 1
flow: shell_numbers
inputs: {n: {type: int}, part: {type: any, default: 0.5}}
tasks:
  a: {uses: shell.run, with: {command: [sh, -c, 'echo $0 $1 $N', "${{ inputs.n }}", "${{ inputs.part }}"], env: {N: "${{ inputs.n }}"}}}
output: "${{ tasks.a.output.stdout }}"
"""
    made = Flow.from_yaml(text)
    assert engine.start(made, {"n": 3}).result(LONG) == "3 0.5 3\n"
    run = engine.start(made, {"n": 3, "part": True})
    assert (run.wait(LONG), "valid string" in str(run.error)) == ("failed", True)


def test_a_shell_is_there_when_it_is_said(value_of: Value) -> None:
    """And a text without it, or a list with it, is refused before anything starts."""
    assert value_of("shell.run", command="echo a | tr a b; echo c >&2", shell=True)["stdout"] == "b\n"

    @flow
    def wrong() -> Any:
        return [uses("shell.run")("ls -l"), uses("shell.run")(["ls"], shell=True), uses("shell.run")([])]

    said = [problem.message for problem in wrong.validate()]
    assert len(said) == 3
    assert "takes shell: true" in said[0]
    assert "one text" in said[1]
    assert "name a program" in said[2]


def test_folder_variables_and_input_are_the_nodes(value_of: Value, tmp_path: Path) -> None:
    """`cwd`, `env` beside what is there, `stdin`; without one there is nothing to read."""
    told = value_of("shell.run", command="pwd; echo $MINE; test -n \"$PATH\" && cat", shell=True, cwd=str(tmp_path),
                    env={"MINE": "yes"}, stdin="from me")  # fmt: skip
    assert told["stdout"] == f"{tmp_path}\nyes\nfrom me"
    assert value_of("shell.run", command=["cat"])["stdout"] == ""
    assert value_of("shell.run", command=["true"], stdin="x" * 1_000_000)["exit_code"] == 0  # it reads none of it


def test_an_exit_code_is_an_error_unless_it_is_said_to_be_none(value_of: Value) -> None:
    """Which carries the code and the end of stderr."""
    with pytest.raises(ShellError, match="exit code 3: no luck") as caught:
        value_of("shell.run", command="echo no luck >&2; exit 3", shell=True)
    assert (caught.value.exit_code, caught.value.stderr) == (3, "no luck\n")
    assert value_of("shell.run", command="exit 3", shell=True, exit_codes=[0, 3])["exit_code"] == 3
    with pytest.raises(ShellError, match=r"no-such-program.* can't begin") as caught:
        value_of("shell.run", command=["no-such-program"])
    assert caught.value.exit_code is None
    with pytest.raises(ShellError, match="exit code -9"):
        value_of("shell.run", command="kill -9 $$", shell=True)


def test_what_is_kept_of_the_output_is_its_end(value_of: Value) -> None:
    """So that a chatty command fills no memory."""
    ended = value_of("shell.run", command="yes | head -c 3000000; echo end", shell=True, max_output=10)
    assert ended["stdout"] == "y\ny\ny\nend\n"


def test_lines_land_on_the_node_as_they_come(engine: Engine, tmp_path: Path) -> None:
    """While the command still runs, with the stream that they were written to."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    @flow
    def talks() -> Any:
        return uses("shell.run").options(name="talks")(f"echo one; echo two >&2; read x < {gate}; echo $x", shell=True)

    run = engine.start(talks)
    writing = os.open(gate, os.O_WRONLY)  # which returns when the command reads: it has said its lines
    _seen(run, "one", "two")
    assert run.status == "running"
    os.write(writing, b"three\n")
    os.close(writing)
    run.result(LONG)
    assert run.logs("talks")[2:] == ["three"]
    rows = history(run._engine.store.path).logs()
    assert sorted(zip(rows["level"], rows["text"], strict=True)) == [
        ("stderr", "two"),
        ("stdout", "one"),
        ("stdout", "three"),
    ]


def _seen(run: Any, *texts: str) -> None:
    """Until the log has these lines."""
    for _ in range(LONG * 100):
        if set(texts) <= set(run.logs()):
            return
        run.wait(0.01)
    raise AssertionError(run.logs())


ENDLESS = "echo begun; trap '' TERM HUP; sleep 1000 & echo $! > {pids}; echo $$ >> {pids}; echo go > {gate}; wait; wait"


@pytest.mark.parametrize("polite", [True, False])
def test_a_cancel_ends_the_whole_group(engine: Engine, tmp_path: Path, polite: bool) -> None:
    """The command and what it started; what does not end when it is asked is killed."""
    gate, pids = tmp_path / "gate", tmp_path / "pids"
    os.mkfifo(gate)
    command = ENDLESS.format(pids=pids, gate=gate)

    @flow
    def endless() -> Any:
        said = command.replace("trap '' TERM HUP; ", "") if polite else command
        return uses("shell.run")(said, shell=True, kill_after="50ms" if not polite else 60)

    run = engine.start(endless)
    assert gate.read_text() == "go\n"
    with _watched(pids) as watched:
        run.cancel()
        assert run.wait(LONG) == "cancelled"
        watched.all_gone()


def test_what_a_command_leaves_behind_ends_with_it(engine: Engine, tmp_path: Path) -> None:
    """A process in the background, also one that holds its output open."""
    gate, pids = tmp_path / "gate", tmp_path / "pids"
    os.mkfifo(gate)

    @flow
    def leaves() -> Any:
        said = f"sleep 1000 & echo $! > {pids}; echo go > {gate}; read x < {gate}"
        return uses("shell.run")(said, shell=True)

    run = engine.start(leaves)
    assert gate.read_text() == "go\n"
    with _watched(pids) as watched:
        gate.write_text("on\n")
        assert run.result(LONG)["exit_code"] == 0
        watched.all_gone()


def test_a_command_ends_with_its_engine(engine: Engine, tmp_path: Path) -> None:
    """So that a run which is gone on with elsewhere does not run it twice."""
    gate, pids = tmp_path / "gate", tmp_path / "pids"
    os.mkfifo(gate)

    @flow
    def endless() -> Any:
        return uses("shell.run")(ENDLESS.format(pids=pids, gate=gate), shell=True, kill_after=0)

    run = engine.start(endless)
    assert gate.read_text() == "go\n"
    _seen(run, "begun")
    with _watched(pids) as watched:
        engine.close()
        watched.all_gone()


def test_a_command_ends_with_its_process(tmp_path: Path) -> None:
    """Also when that is killed."""
    gate, pids = tmp_path / "gate", tmp_path / "pids"
    os.mkfifo(gate)
    code = f"""
from stratix_tasks import Engine, flow, uses

@flow
def endless():
    return uses("shell.run")({ENDLESS.format(pids=pids, gate=gate)!r}, shell=True)

run = Engine({str(tmp_path / "store")!r}).start(endless)
while "begun" not in run.logs():
    run.wait(0.01)
print("begun", flush=True)
run.result()
"""
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert gate.read_text() == "go\n"
    assert owner.stdout is not None and owner.stdout.readline() == b"begun\n"
    with _watched(pids) as watched:
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
        watched.all_gone()


class _watched:  # noqa: N801 - reads as what it does
    """Processes whose end can be waited for, though they are no children of ours."""

    def __init__(self, pids: Path) -> None:
        self.ends = [os.pidfd_open(int(pid)) for pid in pids.read_text().split()]

    def __enter__(self) -> _watched:
        return self

    def all_gone(self) -> None:
        for end in self.ends:
            assert select.select([end], [], [], LONG)[0]

    def __exit__(self, *_: object) -> None:
        for end in self.ends:
            os.close(end)


def test_a_document_says_the_same(engine: Engine) -> None:
    """`uses` and `with`, inputs filled into arguments."""
    said = Flow.from_yaml(
        """
stratix: 1
flow: said
inputs:
  word: {type: str}
tasks:
  say:
    uses: shell.run
    with: {command: [echo, "-n", "${{ inputs.word }}; ls"]}
output: "${{ tasks.say.output['stdout'] }}"
"""
    )
    assert engine.start(said, {"word": "hi"}).result(LONG) == "hi; ls"


def test_a_wrong_argument_at_run_time_is_told_by_name(engine: Engine) -> None:
    """Where it could not be known before; the node fails once."""

    @flow
    def said(where: Any) -> Any:
        return uses("shell.run").options(retry=3)(["true"], cwd=where)

    run = engine.start(said, {"where": 3})
    assert run.wait(LONG) == "failed"
    assert "'shell.run' can't start: cwd: " in str(run.error)
    assert list(run.tasks()["attempts"]) == [1]
