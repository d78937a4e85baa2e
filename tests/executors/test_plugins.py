"""Plugins: a package of its own, installed and used; and what is said of those that can't be."""

from __future__ import annotations

import ast
import csv
import importlib
import json
import re
import sys
import threading
import tomllib
import warnings
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from stratix_tasks import Engine, Flow, FlowError, InputError, Static, TaskFailed, current, flow, task, uses
from stratix_tasks.cli.requests import app
from stratix_tasks.core.ports import NAMED_RUNNERS
from stratix_tasks.errors import ExecutorError, StratixError
from stratix_tasks.executors import plugins
from stratix_tasks.executors.registry import EXECUTORS, Registry
from stratix_tasks.formats.svg import to_svg
from stratix_tasks.formats.yaml_schema import schema
from stratix_tasks.look.forms import node_form
from stratix_tasks.look.palette import palette
from stratix_tasks.look.ports import Ports
from stratix_tasks.session.display import flow_source
from stratix_tasks.spec.cards import ICONS
from stratix_tasks.spec.graph import Graph
from stratix_tasks.view.snapshot import snapshot

LONG = 60
SAMPLE = Path(__file__).parent / "sample_plugin"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path where packages can be installed; forgotten afterwards."""
    target = tmp_path / "site"
    target.mkdir()
    monkeypatch.syspath_prepend(str(target))
    monkeypatch.setattr(plugins, "_known", None)
    yield target
    forget(target)


def forget(site: Path) -> None:
    """What was loaded from there, as in a new process."""
    plugins._known = None
    importlib.invalidate_caches()
    for name, module in [*sys.modules.items()]:
        if str(site) in str(getattr(module, "__file__", "")):
            del sys.modules[name]


def put(site: Path, name: str, code: str, **points: str) -> None:
    """A package of one module, with entry points."""
    (site / f"{name}.py").write_text("from types import SimpleNamespace as N\n" + code)
    about = site / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{point} = {value}\n" for point, value in points.items())
    (about / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{lines}")
    importlib.invalidate_caches()


GOOD = """
from pydantic import BaseModel
class Config(BaseModel):
    x: int = 1
class Good:
    description, Config = "Good.", Config
    def execute(self, context, config):
        return config.x
"""


@pytest.fixture
def sample(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample plugin, built and installed."""
    monkeypatch.syspath_prepend(str(SAMPLE))
    backend = importlib.import_module("backend")
    with zipfile.ZipFile(site / backend.build_wheel(str(site))) as wheel:
        wheel.extractall(site)
    importlib.invalidate_caches()
    del sys.modules["backend"]
    return site


def test_an_installed_plugin_is_used_like_what_is_built_in(sample: Path, engine: Engine) -> None:
    """Its executors are listed, checked, run from Python and documents, and asked for their health."""
    assert {"learn", "sample.say"} <= set(engine.executors.list())
    assert engine.executors.health(LONG)["sample.say"].ok

    @flow
    def greets(word: str) -> Any:
        known = uses("learn")("bye", means="so long")
        return [uses("sample.say")(word, times=2), uses("sample.say").options(after=[known])("bye")]

    assert engine.start(greets, {"word": "hello"}).result(LONG) == ["hi hi", "so long"]
    again = Flow.from_yaml(greets.to_yaml())
    assert engine.start(again, {"word": "x"}).result(LONG) == ["x x", "so long"]
    with pytest.raises(FlowError, match="Did you mean 'times'"):
        Flow.from_yaml("stratix: 1\nflow: f\ntasks:\n  a: {uses: sample.say, with: {word: a, tims: 2}}\n")


def test_cards_of_its_nodes_look_as_it_says(sample: Path) -> None:
    """In the view, in pictures and in the palette."""

    @flow
    def greets(word: str) -> Any:
        return uses("sample.say")(word, times=2)

    made = snapshot(flow_source(greets, {}), mode="static")
    assert [node["line"] for node in made["nodes"]] == ["{word} × 2"]
    look = made["flow"]["cards"]["sample.say"]
    assert (look["title"], look["icon"], look["accent"]) == ("Say", ICONS["chat"], "#0d8a80")
    assert 'stroke="#0d8a80"' in to_svg(made)
    items = palette(Ports(Graph(greets.trace({}).spec), EXECUTORS, {}), {})
    assert {item["name"]: item["card"] for item in items}["sample.say"] == look


# ---------------------------------------------------------------------- runners


@task
def beside() -> str:
    """The beginning of the name of the thread that runs it."""
    return threading.current_thread().name[:4]


def test_a_runner_of_a_plugin_is_named_like_any_other(sample: Path, engine: Engine) -> None:
    """By tasks, nodes and defaults, in Python and documents; it is listed, checked, offered by the schema and by forms."""
    assert engine.runners()[-1] == "lanes"

    @task(runner="lanes")
    def lane() -> str:
        return beside()

    @flow
    def ways() -> Any:
        return [lane(), beside.options(runner="lanes", name="other")(), beside()]

    assert engine.start(ways).result(LONG) == ["lane", "lane", "stra"]

    @flow(defaults={"runner": "lanes"})
    def both() -> Any:
        return [beside.options(runner="lanes", name="lane")(), beside()]

    text = both.to_yaml()
    assert text.count("runner: lanes") == 2
    assert engine.start(Flow.from_yaml(text, allow=[__name__])).result(LONG) == ["lane", "lane"]
    jsonschema.validate(yaml.safe_load(text), schema())
    with pytest.raises(jsonschema.ValidationError, match="lanse"):
        jsonschema.validate(yaml.safe_load(text.replace("lanes", "lanse")), schema())
    fields = node_form(Ports(Graph(both.trace({}).spec), EXECUTORS, {}), "lane", "lane", {})["fields"]
    assert [field["choices"] for field in fields if field["field"] == "runner"] == [list(engine.runners())]


def test_a_runner_that_is_not_there_is_told_with_those_that_are(sample: Path) -> None:
    """Where it is named; as is a body that it does not take."""
    with pytest.raises(FlowError, match=r"lanes.*Did you mean 'lanes'"):
        task(runner="lanse")(print)
    with pytest.raises(FlowError, match="Did you mean 'lanes'"):
        Flow.from_yaml("stratix: 1\nflow: f\ntasks:\n  a: {call: 'm:a', runner: lanse}\n")
    with pytest.raises(FlowError, match="it runs on runner 'async' or 'inline', not in a lane"):

        @task(runner="lanes")
        async def waits() -> None: ...


class Gate:
    """A task that runs in a lane, tells that it has begun, and waits until it may go."""

    def __init__(self) -> None:
        self.begun: SimpleQueue[int] = SimpleQueue()
        self.go = threading.Event()

        @task(runner="lanes")
        def held(x: int) -> int:
            self.begun.put(x)
            while not self.go.wait(0.005):
                current().checkpoint()
            return x

        self.held = held


def test_the_places_of_a_runner_are_kept_and_told(sample: Path, engine: Engine) -> None:
    """As many bodies begin as it has places, and who waits for one knows for which; a cancel reaches what runs."""
    gate = Gate()

    @flow
    def three() -> Any:
        return [gate.held.options(name=f"n{x}", allow_failure=True)(x) for x in range(3)]

    run = engine.start(three)
    assert {gate.begun.get(timeout=LONG), gate.begun.get(timeout=LONG)} == {0, 1}
    assert "a free place: the lanes (2) is full" in run.why("n2")
    run.cancel("n0")
    assert gate.begun.get(timeout=LONG) == 2
    gate.go.set()
    run.wait(LONG)
    assert run.tasks().set_index("node")["state"].to_dict() == {"n0": "cancelled", "n1": "completed", "n2": "completed"}


RUDE = """
from stratix_tasks.core.ports import Traits
class Rude:
    traits = Traits("nowhere", bodies=frozenset(("def",)))
    def __init__(self, later): ...
    def submit(self, attempts): raise OSError("no place")
    def close(self): raise OSError("no end")
    stop = hold = release = submit
class Unmade(Rude):
    def __init__(self, later): raise OSError("no room")
plugin = N(runners={"rude": Rude, "unmade": Unmade})
"""


def test_a_runner_that_raises_costs_the_runs_that_use_it_alone(site: Path, tmp_path: Path) -> None:
    """What it raised is told: where it can't be made the body is lost, where it takes none its run is interrupted; and engines close."""
    put(site, "rude_one", RUDE, rude_one="rude_one:plugin")

    @flow
    def runs_on(where: Static[str]) -> Any:
        return beside.options(runner=where, max_lost=1)()

    engine = Engine(tmp_path / "store")
    with pytest.warns(UserWarning, match="is interrupted by an error of the engine: OSError: no place"):
        lost, broken, well = (engine.start(runs_on, {"where": where}) for where in ("unmade", "rude", "thread"))
        with pytest.raises(StratixError, match="OSError: no place"):
            broken.result(LONG)
    with pytest.raises(TaskFailed, match="nothing could be started that would run this body: OSError: no room"):
        lost.result(LONG)
    assert well.result(LONG) == "stra"
    with pytest.warns(UserWarning, match="Rude was not closed: OSError: no end"):
        engine.close()
    with Engine(tmp_path / "store") as other:
        assert other.run(well.id).status == "completed"


def test_an_executor_may_run_on_a_runner_of_a_plugin(site: Path, engine: Engine) -> None:
    """Its own, or that of one which its plugin requires."""
    put(site, "lanes_one", f"{LANES}plugin = N(runners={{'lanes': Lanes}})\n", lanes_one="lanes_one:plugin")
    named = f"{GOOD}    runner = 'lanes'\nimport threading\n".replace("config.x", "threading.current_thread().name")
    said = "requires='lanes_one', executors={'laned': Good}"
    put(site, "uses_one", f"{named}plugin = N({said})\n", uses_one="uses_one:plugin")

    @flow
    def f() -> Any:
        return uses("laned")()

    assert engine.start(f).result(LONG).startswith("lane-")


def test_a_run_waits_for_a_runner_that_is_missing(sample: Path, tmp_path: Path) -> None:
    """It stays interrupted and says what it needs, and goes on once that is installed."""
    gate = Gate()

    @flow
    def laned() -> Any:
        return gate.held(7)

    with Engine(tmp_path / "store") as first:
        run = first.start(laned)
        assert gate.begun.get(timeout=LONG) == 7
    kept = [path.rename(tmp_path / path.name) for path in sample.iterdir()]
    forget(sample)
    with Engine(tmp_path / "store") as other:
        with pytest.warns(
            UserWarning, match="stays interrupted: it needs the runner lanes, which is not there: install"
        ):
            assert other.recover() == []
        seen = other.run(run.id)
        assert seen.status == "interrupted"
        with pytest.raises(StratixError) as caught:
            seen.resume()
        assert caught.value.code == "missing-runner"
        with pytest.raises(InputError, match="needs the runner lanes"):
            seen.fork()
        for path in kept:
            path.rename(sample / path.name)
        importlib.invalidate_caches()
        gate.go.set()
        (again,) = other.recover()
        assert again.result(LONG) == 7


LANES = (SAMPLE / "stratix_sample/lanes.py").read_text().replace("from __future__ import annotations\n", "")
ODD = """
from stratix_tasks.core.ports import Traits
class Odd:
    traits = Traits()
    def submit(self, attempts): ...
    def kill(self, attempt): ...
"""


def test_a_runner_that_is_none_is_named_with_all_that_it_lacks(site: Path, engine: Engine) -> None:
    """And one that takes the name of another; the plugin is left out."""
    put(site, "odd_r", f"{ODD}plugin = N(runners={{'odd': Odd}})\n", odd="odd_r:plugin")
    put(site, "name_r", f"{LANES}plugin = N(runners={{'a b': Lanes}})\n", words="name_r:plugin")
    put(site, "obj_r", f"{ODD}plugin = N(runners={{'obj': Odd()}})\n", obj="obj_r:plugin")
    put(site, "steal_r", f"{LANES}plugin = N(runners={{'thread': Lanes}})\n", steal="steal_r:plugin")
    with pytest.warns(UserWarning):
        found = {one.name: one.left_out for one in engine.plugins()}
    lacks = (
        "`where`",
        "no `stop`",
        "no `hold`",
        "no `release`",
        "no `close`",
        "it has `kill`, which its traits do not tell",
    )
    assert all(lack in found["odd"] for lack in lacks)
    assert "it is no class but" in found["obj"]
    assert "its name is none of letters, digits and _" in found["words"]
    assert "it brings 'thread', which comes with the package" in found["steal"]
    assert engine.runners() == NAMED_RUNNERS


# ---------------------------------------------------------------------- what is there


def test_an_engine_tells_its_plugins(site: Path, engine: Engine) -> None:
    """What each brings, of which package, and why one is left out; of what it can't use what that is."""
    said = "domains={'a': {'good': Good}}, executor=1, strategies={}"
    put(site, "good_one", f"{GOOD}plugin = N({said})\n", good="good_one:plugin")
    put(site, "bad_one", "raise SystemExit('no')\n", bad="bad_one:plugin")
    put(site, "later_one", "plugin = N(metrics={})\n", later="later_one:plugin")
    put(site, "twin_one", f"{GOOD}plugin = N(executors={{'twin': Good}})\n", good="twin_one:plugin")
    with pytest.warns(UserWarning) as caught:
        found = engine.plugins()
    told = [(one.name, one.package, one.brings, one.unknown) for one in found]
    assert sorted(told) == [
        ("bad", "bad_one 1.0", {}, ()),
        ("good", "good_one 1.0", {"domains": ("a.good",)}, ("executor", "strategies")),
        ("good", "twin_one 1.0", {}, ()),
        ("later", "later_one 1.0", {}, ("metrics",)),
    ]
    left = {one.package: one.left_out for one in found}
    assert left["bad_one 1.0"] == "SystemExit: no"
    assert left["twin_one 1.0"] == "good_one 1.0 brings a plugin of this name, too"
    assert "this version knows nothing of metrics" in left["later_one 1.0"]
    said = " ".join(str(one.message) for one in caught)
    assert "'executor' is nothing that plugins bring: Did you mean 'executors'?" in said
    assert "this version knows nothing of strategies" in said


def test_one_that_is_installed_later_is_found(site: Path, engine: Engine) -> None:
    """When it is first asked for: no kernel has to be started anew."""
    assert "late" not in engine.executors.list()
    put(site, "late_one", f"{GOOD}plugin = N(executors={{'late': Good}})\n", late="late_one:plugin")

    @flow
    def f() -> Any:
        return uses("late")(x=5)

    assert engine.start(f).result(LONG) == 5


FICKLE = f"""{GOOD}
class Fickle(Good):
    def __init__(self):
        raise SystemExit("not me")
"""


def test_one_that_fails_is_left_out_and_named(site: Path) -> None:
    """In a warning; those that require it are, too, and all others are there."""
    put(site, "good_one", f"{GOOD}plugin = N(executors={{'good': Good}})\n", good="good_one:plugin")
    put(site, "bad_one", "raise SystemExit('no')\n", bad="bad_one:plugin")
    put(site, "lost_one", "", lost="lost_one:nothing")
    put(site, "odd_one", "plugin = N(executors={'odd': object()})\n", odd="odd_one:plugin")
    put(site, "fickle_one", f"{FICKLE}plugin = N(executors={{'fickle': Fickle}})\n", fickle="fickle_one:plugin")
    put(site, "vague_one", "plugin = N(requires=5)\n", vague="vague_one:plugin")
    put(site, "thief_one", f"{GOOD}plugin = N(domains={{'http': {{'get': Good}}}})\n", thief="thief_one:plugin")
    put(
        site,
        "leans_one",
        f"{GOOD}plugin = N(requires=('bad',), executors={{'leans': Good}})\n",
        leans="leans_one:plugin",
    )
    with pytest.warns(UserWarning) as caught:
        names = Registry().list()
    said = sorted(str(one.message) for one in caught if str(one.message).startswith("plugin"))
    assert [one.partition("'")[2].partition("'")[0] for one in said] == [
        "bad",
        "fickle",
        "leans",
        "lost",
        "odd",
        "thief",
        "vague",
    ]
    assert "SystemExit: no" in said[0]
    assert "SystemExit: not me" in said[1]
    assert "it requires bad" in said[2]
    assert "'http.get', which comes with the package" in said[5]
    assert "good" in names
    assert not {"odd", "leans"} & set(names)
    assert "http.get" in names


def test_a_missing_requirement_is_an_error_that_names_both(site: Path, engine: Engine) -> None:
    """Where what plugins bring is asked for; what is built in needs none, and goes on."""
    put(
        site,
        "needy_one",
        f"{GOOD}plugin = N(requires=('base',), executors={{'needy': Good}})\n",
        needy="needy_one:plugin",
    )
    with pytest.raises(ExecutorError, match="plugin 'needy' requires plugin 'base', which is not installed") as caught:
        engine.executors.list()
    assert caught.value.code == "missing-plugin"

    @flow
    def f() -> Any:
        return uses("needy")()

    assert [problem.code for problem in f.validate()] == ["missing-plugin"]
    with pytest.raises(FlowError, match="requires plugin 'base'"):
        engine.start(f)

    @flow
    def others() -> Any:
        return uses("shell.run")(["true"])

    assert engine.start(others).result(LONG)["exit_code"] == 0

    @flow
    def plain() -> Any:
        return beside()

    ports = Ports(Graph(plain.trace({}).spec), EXECUTORS, {})
    assert {"http.get", "wait.sleep"} <= {item["name"] for item in palette(ports, {})}
    fields = node_form(ports, "beside", "beside", {})["fields"]
    assert [tuple(field["choices"]) for field in fields if field["field"] == "runner"] == [NAMED_RUNNERS]
    for asked in (engine.runners, engine.plugins, lambda: task(runner="lanes")(print)):
        with pytest.raises(ExecutorError, match="plugin 'needy' requires plugin 'base'"):
            asked()
    assert "requires plugin 'base'" in CliRunner().invoke(app, ["schema"]).stderr
    with pytest.raises(FlowError, match="plugin 'needy' requires plugin 'base'"):
        Flow.from_yaml("stratix: 1\nflow: f\ntasks:\n  a: {call: 'm:a', runner: lanes}\n")
    put(site, "base_one", f"{GOOD}plugin = N(executors={{'base': Good}})\n", base="base_one:plugin")
    assert engine.start(f).result(LONG) == 1


def test_plugins_that_require_each_other_are_an_error_that_names_them(site: Path) -> None:
    """All of them, around the cycle."""
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        put(
            site,
            f"{name}_p",
            f"{GOOD}plugin = N(requires=('{other}',), executors={{}})\n",
            **{name: f"{name}_p:plugin"},
        )
    with pytest.raises(ExecutorError, match="these plugins require each other: ") as caught:
        Registry().list()
    assert caught.value.code == "cyclic-plugins"
    around = caught.value.message.partition(": ")[2].partition(";")[0].split(" → ")
    requires = {"'one'": "'two'", "'two'": "'three'", "'three'": "'one'"}
    assert len(around) == 4
    assert all(requires[name] == other for name, other in pairwise(around))


def test_requirements_come_first(site: Path) -> None:
    """Whatever the order in which packages are found."""
    order = plugins.in_order({"a": ("c", "b"), "b": ("c",), "c": ()})
    assert order == ("c", "b", "a")


def test_built_in_executors_load_no_plugin(site: Path, engine: Engine) -> None:
    """Nobody pays for plugins who uses none."""
    put(site, "loud_one", "raise AssertionError('it was loaded')\n", loud="loud_one:plugin")

    @flow
    def f() -> Any:
        return uses("shell.run")(["true"])

    engine.start(f).result(LONG)
    assert "loud_one" not in sys.modules
    assert plugins._known is None


# ---------------------------------------------------------------------- the page

PAGE = (Path(__file__).parents[2] / "docs/plugins.md").read_text()
TOML, GREET, MORNING, LANED = (
    block for _, block in re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
)


def test_the_plugins_of_the_page_do_what_it_says(site: Path, engine: Engine) -> None:
    """Installed under the names that its project has, and used as it uses them; so is its runner."""
    points = tomllib.loads(TOML)["project"]["entry-points"][plugins.GROUP]
    put(site, "stratix_greet", GREET, **points)
    put(site, "page_lanes", LANED, page_lanes="page_lanes:plugin")
    code, _, value = MORNING.rpartition("  # ")
    code = code.rpartition("\nmorning  # ")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    assert engine.start(names["morning"]).result(LONG) == ast.literal_eval(value)
    lines = [node["line"] for node in snapshot(flow_source(names["morning"], {}), mode="static")["nodes"]]
    assert f"its card says: {lines[0]}\n" in MORNING

    @flow
    def f() -> Any:
        return beside.options(runner="lanes")()

    assert engine.start(f).result(LONG) == "Thre"
    assert engine.runners()[-1] == "lanes"


def test_the_page_names_every_icon() -> None:
    """In alphabetical order."""
    listed = re.search(r"<!-- icons -->\n(.*?)<!-- /icons -->", PAGE, re.DOTALL)
    assert listed is not None
    assert re.findall("`(.*?)`", listed[1]) == sorted(ICONS)


def test_an_interrupt_while_a_plugin_is_imported_is_that_of_a_person(site: Path) -> None:
    """It is raised where it came, and the plugin is there the next time."""
    code = f"import os\nif os.environ.get('SLOW'):\n    raise KeyboardInterrupt\n{GOOD}"
    put(site, "slow_one", f"{code}plugin = N(executors={{'slow': Good}})\n", slow="slow_one:plugin")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SLOW", "yes")
        with pytest.raises(KeyboardInterrupt):
            Registry().list()
    assert "slow" in Registry().list()


def test_the_command_line_tells_them_and_its_output_is_its_own(site: Path) -> None:
    """What each brings, and why one is left out; what one prints while it is imported is not among what other programs read."""
    put(site, "loud_one", f"print('here I am')\n{GOOD}plugin = N(executors={{'loud': Good}})\n", loud="loud_one:plugin")
    put(site, "bad_one", "raise SystemExit('no')\n", bad="bad_one:plugin")
    told = CliRunner().invoke(app, ["plugins", "--csv"])
    assert "here I am" in told.stderr
    rows = {row["plugin"]: row for row in csv.DictReader(told.stdout.splitlines())}
    assert (rows["loud"]["brings"], rows["loud"]["left out"]) == ("executors: loud", "")
    assert (rows["bad"]["package"], rows["bad"]["left out"]) == ("bad_one 1.0", "SystemExit: no")
    forget(site)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert (
            "loud"
            in json.loads(CliRunner().invoke(app, ["schema"]).stdout)["$defs"]["task"]["properties"]["uses"]["enum"]
        )
