"""Drafts: edits that nobody has saved outlive the kernel in which they were made."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from front import view_of

from stratix_tasks import Flow, configure, load_flow, task

ADD = {"edit": "add", "node": "first", "says": {"call": "drafted"}}
RENAME = {"edit": "rename", "node": "first", "to": "second"}
TEXT = """\
stratix: 1
flow: draft_file   # ours
tasks:
  first: {uses: wait.sleep, with: {duration: 1s}}  # a while
"""
KERNEL = """
import sys
from front import view_of
from stratix_tasks import Flow, configure, load_flow
configure(store=sys.argv[1])
flow = eval(sys.argv[2])
view = view_of(flow)
for said in eval(sys.argv[3]):
    view.ask("edit", edits=[said], title="") if isinstance(said, dict) else getattr(flow, said)()
flow.edits_made._draft.write()
import os
os.kill(os.getpid(), 9)
"""
"""A kernel in which a flow is edited, and which is killed."""


@task
def drafted() -> int:
    return 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    configure(store=tmp_path / "store")
    yield tmp_path / "store"
    configure(store=tmp_path / "other")


def killed(store: Path, made: str, *said: Any) -> None:
    """A kernel that edits a flow, by edits and words of it, and is killed."""
    path = [str(Path(__file__).parent), *sys.path]
    code = f"import sys; sys.path[:0] = {path!r}\n{KERNEL}"
    ended = subprocess.run([sys.executable, "-c", code, str(store), made, repr(said)], check=False, timeout=60)
    assert ended.returncode == -9


def drafts(store: Path) -> int:
    return len([*store.glob("drafts/*")])


def test_a_drawn_flow_is_offered_again_when_its_kernel_was_killed(store: Path) -> None:
    """Step by step, so that they can be undone; whoever takes them over has them from then on."""
    killed(store, "Flow.new('draft_new')", ADD, RENAME)
    drawn = Flow.new("draft_new")
    view = view_of(drawn)
    assert view.shown["edit"]["offered"] == ["add first", "rename first to second"]
    assert view.shown["flow"]["unsaved"] == 2 and not view.shown["nodes"]
    view.ask("history", do="reapply", path="")
    assert [node["name"] for node in view.shown["nodes"]] == ["second"]
    assert drawn.undo().edits == ["add first"]
    again = Flow.new("draft_new")
    assert [step.title for step in again.edits_made.offered] == [
        "add first"
    ]  # the cell was run again, in the same kernel


def test_edits_that_are_dropped_or_saved_are_no_draft(store: Path, tmp_path: Path) -> None:
    """Of what was taken back nothing is left, and of what was saved what came after; in whatever kernel."""
    killed(store, "Flow.new('draft_gone')", ADD, "undo")
    assert drafts(store) == 0
    killed(store, "Flow.new('draft_gone')", ADD)
    dropped = Flow.new("draft_gone")
    view = view_of(dropped)
    view.ask("history", do="drop", path="")
    assert view.shown["edit"]["offered"] == []
    dropped.edits_made._draft.write()
    assert drafts(store) == 0
    drawn = Flow.new("draft_saved")
    view = view_of(drawn)
    view.ask("edit", edits=[ADD], title="")
    view.ask("history", do="save", path=str(tmp_path / "saved.yaml"))
    view.ask("edit", edits=[RENAME], title="")
    drawn.edits_made._draft.write()
    assert "unsaved" in view.shown["flow"] and drafts(store) == 1
    assert view_of(load_flow(tmp_path / "saved.yaml")).shown["edit"]["offered"] == ["rename first to second"]
    assert view_of(Flow.new("draft_saved")).shown["edit"]["offered"] == []


def test_a_file_with_its_comments_is_as_it_was_edited(store: Path, tmp_path: Path) -> None:
    """Byte for byte; what was undone beyond the last save, too."""
    path = tmp_path / "draft.yaml"
    path.write_text(TEXT)
    edited = load_flow(path).apply(RENAME).to_yaml()
    killed(store, f"load_flow({str(path)!r})", RENAME)
    ours = load_flow(path)
    assert ours.reapply().to_yaml() == edited != TEXT and "# a while" in edited
    assert ours.undo().to_yaml() == TEXT
    ours.redo().save()
    assert path.read_text() == edited and ours.edits_made.unsaved == ()
    ours.undo()
    assert [step.title for step in ours.edits_made.unsaved] == ["what was not saved"]
    assert load_flow(path).reapply().to_yaml() == TEXT


CELL = """
from stratix_tasks import flow, task
@task
def began() -> int:
    return 1
@flow
def draft_cell() -> int:
    return began()
"""


def test_edits_of_a_cells_flow_outlive_its_kernel(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made again on what the cell says then; one that can't be any more is told."""
    (tmp_path / "draft_cells.py").write_text(CELL)
    monkeypatch.syspath_prepend(str(tmp_path))
    disable = {"edit": "set", "node": "began", "field": "enabled", "value": False}
    killed(store, "__import__('draft_cells').draft_cell", {**RENAME, "node": "began"}, {**disable, "node": "second"})
    cell = importlib.import_module("draft_cells").draft_cell
    assert cell.reapply().edits == ["rename began to second", "set enabled of second"]
    assert cell.spec.tasks["second"].enabled is False
    cell.drop()


def test_the_store_is_found_by_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the home of who asks, or in the folder where the kernel is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("homely", "beside"):
        configure(store=f"~/{name}" if name == "homely" else name)
        killed(tmp_path / name, "Flow.new('draft_named')", ADD)
        drawn = Flow.new("draft_named")
        view = view_of(drawn)
        assert view.shown["edit"]["offered"] == ["add first"]
        view.ask("history", do="drop", path="")
        view.ask("edit", edits=[ADD], title="")
        drawn.edits_made._draft.write()
        assert drafts(tmp_path / name) == 1
        drawn.drop()
    configure(store=tmp_path / "other")


def test_what_json_has_no_word_for_is_no_draft(store: Path) -> None:
    """A value of Python that an edit gives: what was kept before is no draft of it, and who edits meets nothing of that."""
    drawn = Flow.new("draft_odd")
    view = view_of(drawn)
    view.ask("edit", edits=[ADD], title="")
    drawn.edits_made._draft.write()
    assert drafts(store) == 1
    drawn.apply({"edit": "set", "node": "first", "field": "with.x", "value": object()})
    drawn.edits_made._draft.write()
    assert drafts(store) == 0
