"""Plugins: a package of its own, installed and used; and what is said of those that can't be."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, Flow, FlowError, flow, uses
from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors import plugins
from stratix_tasks.executors.registry import Registry

LONG = 60
SAMPLE = Path(__file__).parent / "sample_plugin"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path where packages can be installed; forgotten afterwards."""
    target, modules = tmp_path / "site", set(sys.modules)
    target.mkdir()
    monkeypatch.syspath_prepend(str(target))
    monkeypatch.setattr(plugins, "_known", None)
    yield target
    for name in sys.modules.keys() - modules:
        if str(target) in str(getattr(sys.modules[name], "__file__", "")):
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


def test_an_installed_plugin_is_used_like_what_is_built_in(
    site: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its executors are listed, checked, run from Python and documents, and asked for their health."""
    monkeypatch.syspath_prepend(str(SAMPLE))
    backend = importlib.import_module("backend")
    with zipfile.ZipFile(site / backend.build_wheel(str(site))) as wheel:
        wheel.extractall(site)
    importlib.invalidate_caches()
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
    del sys.modules["backend"]


def test_one_that_is_installed_later_is_found(site: Path, engine: Engine) -> None:
    """When it is first asked for: no kernel has to be started anew."""
    assert "late" not in engine.executors.list()
    put(site, "late_one", f"{GOOD}plugin = N(executors={{'late': Good}})\n", late="late_one:plugin")

    @flow
    def f() -> Any:
        return uses("late")(x=5)

    assert engine.start(f).result(LONG) == 5


def test_one_that_fails_is_left_out_and_named(site: Path) -> None:
    """In a warning; those that require it are, too, and all others are there."""
    put(site, "good_one", f"{GOOD}plugin = N(executors={{'good': Good}})\n", good="good_one:plugin")
    put(site, "bad_one", "raise SystemExit('no')\n", bad="bad_one:plugin")
    put(site, "lost_one", "", lost="lost_one:nothing")
    put(site, "odd_one", "plugin = N(executors={'odd': object()})\n", odd="odd_one:plugin")
    put(site, "thief_one", f"{GOOD}plugin = N(domains={{'http': {{'get': Good}}}})\n", thief="thief_one:plugin")
    put(
        site,
        "leans_one",
        f"{GOOD}plugin = N(requires=('bad',), executors={{'leans': Good}})\n",
        leans="leans_one:plugin",
    )
    with pytest.warns(UserWarning) as caught:
        names = Registry().list()
    said = sorted(str(one.message) for one in caught)
    assert [one.partition("'")[2].partition("'")[0] for one in said] == ["bad", "leans", "lost", "odd", "thief"]
    assert "SystemExit: no" in said[0]
    assert "it requires bad" in said[1]
    assert "'http.get', which comes with the package" in said[4]
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
