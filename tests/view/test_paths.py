"""Completing a path that somebody types into the start form."""

from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from stratix_tasks import flow, task
from stratix_tasks.session.display import flow_source, kept
from stratix_tasks.view import paths
from stratix_tasks.view.paths import paths_from
from stratix_tasks.view.widget import FlowView


@task
def reads(path: Path) -> str:
    return path.name


@flow
def of_a_path(path: Path) -> Any:
    return reads(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("prices.csv", "places.csv", ".hidden", "data/day.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_paths_are_completed_as_they_are_typed(home: Path) -> None:
    """Relative ones, those of the home and whole ones each stay what they are; hidden ones come where their dot is typed."""
    assert paths_from("") == ["data/", "places.csv", "prices.csv"]
    assert paths_from("p") == ["places.csv", "prices.csv"]
    assert paths_from("data/") == ["data/day.csv"]
    assert paths_from(".h") == [".hidden"]
    assert paths_from("~/pr") == ["~/prices.csv"]
    assert paths_from(f"{home}/da") == [f"{home}/data/"]


@pytest.mark.parametrize("text", ["nowhere/x", "prices.csv/x", "a\0b/x"])
def test_where_nothing_can_be_listed_nothing_is_told(home: Path, text: str) -> None:
    """A folder that is not there, a file, what is no path."""
    assert paths_from(text) == []


def test_of_very_many_the_first_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lie there."""
    monkeypatch.setattr(paths, "MOST", 1)
    assert paths_from("") == ["data/"]


def test_a_view_is_asked_for_them(home: Path) -> None:
    """By its number, as all that is asked; no flow is asked anything."""
    source = flow_source(of_a_path, {})
    view, told = FlowView(source, lambda *_: source, kept), SimpleQueue[Any]()
    view.send = lambda message, buffers=None: told.put(message)
    view._heard({"type": "paths", "id": 3, "text": "pl"}, [])
    assert told.get(timeout=20) == {"type": "reply", "id": 3, "ok": True, "error": None, "result": ["places.csv"]}
    view.close()
