"""What every room's tests share: a store and an engine of their own, in a temporary folder."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import stratix_tasks
from stratix_tasks.store.store import Store

settings.register_profile(
    "ci",
    max_examples=60,
    stateful_step_count=20,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile(
    "nightly", settings.get_profile("ci"), max_examples=4000, stateful_step_count=50, derandomize=False
)
settings.load_profile(os.environ.get("STRATIX_PROFILE") or os.environ.get("HYPOTHESIS_PROFILE") or "ci")


@pytest.fixture(autouse=True, scope="module")
def garbage() -> Iterator[None]:
    """What a file's tests leave behind is finalized before the next file's begin.

    asyncio formats the error of a Task that nobody asked when the Task is collected; formatting parses, and Python before
    3.11.8 raises SystemError where a collection amid parsing parses again.
    """
    yield
    gc.collect()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[stratix_tasks.Engine]:
    """An engine on a new store; closed after the test."""
    made = stratix_tasks.Engine(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store without an engine."""
    made = Store(str(tmp_path / "store"))
    yield made
    if "catalog" in made.__dict__:
        made.catalog.close()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes that the test starts hear an interrupt, also where who started the tests ignores it, as `nohup` does.

    Ignoring it is inherited; to handle it is not, so that a child begins with what Python does by default.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@cache
def load_all() -> None:
    """Hypothesis tries constants of the modules that are loaded: with all of them its examples are the same in any order of tests."""
    for module in pkgutil.walk_packages(stratix_tasks.__path__, "stratix_tasks."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("hypothesis"):
        load_all()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come first, for nothing takes longer; those that judge by what comes in time last."""
    order = {"e2e": 0, "chaos": 2}
    items.sort(key=lambda item: order.get(item.path.parent.name, 1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed goes from process to process, and may be no Unicode."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Processes share out the files, in order. All browser tests go to one, for they share a JupyterLab; so do those of `chaos`."""
    from xdist.scheduler import LoadScopeScheduling

    class Pieces(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = Path(nodeid.partition("::")[0])
            return path.parent.name if path.parent.name in ("chaos", "e2e") else str(path)

    config.option.loadscopereorder = False
    return Pieces(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the deep tests counted, for who reports it: kills, seeds, mutants, transitions."""
    counted: dict[str, Counter[str]] = {}
    for report in terminalreporter.getreports("passed"):
        if report.user_properties:
            test = report.nodeid.rpartition("::")[2].partition("[")[0]
            counted.setdefault(test, Counter()).update(dict(report.user_properties))
    if counted:
        terminalreporter.section("counted")
    for test, figures in counted.items():
        terminalreporter.write_line(f"{test}: " + ", ".join(f"{value:,} {name}" for name, value in figures.items()))
