"""Edits of flows as users make them: of a cell's flow, of a document, of what was drawn; and that runs do what is seen."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from stratix_tasks import Engine, Flow, FlowError, configure, flow, load_flow, task
from stratix_tasks.dsl.flow import flow_named
from stratix_tasks.session import still
from stratix_tasks.spec.problems import errors


@task
def edits_load(n: int) -> list[int]:
    return list(range(n))


@task
def edits_total(values: list[int]) -> int:
    return sum(values)


@task
def edits_twice(value: int, more: int = 0) -> int:
    return 2 * value + more


def defined() -> Flow[..., Any]:
    @flow
    def edits_sales(n: int = 4) -> int:
        return edits_total(edits_load(n))

    return edits_sales


RENAME = {"edit": "rename", "node": "edits_load", "to": "load"}
DOUBLE = (
    {"edit": "add", "node": "twice", "says": {"call": "edits_twice"}},
    {"edit": "connect", "source": "edits_total", "target": "twice", "port": "value"},
    {"edit": "set-flow", "field": "output", "value": "${{ tasks.twice.output }}"},
)


def test_a_run_does_what_the_edited_flow_says(engine: Engine) -> None:
    """New nodes are bound to the functions of the kernel; undone, the flow is what its cell says."""
    sales = defined()
    sales.apply(*DOUBLE, title="double it")
    assert sales.edits == ["double it"]
    assert engine.start(sales, {"n": 4}).result() == 12
    assert engine.start(sales.undo(), {"n": 4}).result() == 6
    assert sales.edits == [] and engine.start(sales.redo(), {"n": 3}).result() == 6


@pytest.mark.parametrize("how", ["document", "drawn", "cell"])
def test_a_flow_is_called_what_its_text_says(engine: Engine, how: str) -> None:
    """Its runs are its own then, and others that run it find it by that name; an undo gives the old one back."""
    old = f"edits_sales_{how}" if how != "cell" else "edits_sales"
    text = f"stratix: 1\nflow: {old}\ntasks: {{edits_load: {{call: edits_load, with: {{n: 3}}}}}}\n"
    drawn: Flow[..., Any] = {"document": lambda: Flow.from_yaml(text), "drawn": lambda: Flow.new(old), "cell": defined}[
        how
    ]()
    new = f"{old}_renamed"
    drawn.apply({"edit": "text", "text": text.replace(old, new)})
    assert (drawn.name, drawn.spec.flow, engine.start(drawn).flow) == (new, new, new)
    assert flow_named(new) is drawn and flow_named(old) is not drawn
    drawn.undo()
    assert (drawn.name, drawn.spec.flow) == (old, old) and flow_named(old) is drawn


def test_the_text_of_a_drawn_flow_keeps_its_comments() -> None:
    """As soon as somebody has written one, whatever is edited after it; undone, it is what it was without."""
    drawn = Flow.new("edits_commented")
    before = drawn.to_yaml()
    text = "stratix: 1\nflow: edits_commented\ntasks:\n  load: {call: edits_load}  # all of them\n"
    drawn.apply({"edit": "text", "text": text}).apply({"edit": "set", "node": "load", "field": "with.n", "value": 3})
    assert "# all of them" in drawn.to_yaml() and '"n": 3' in drawn.to_yaml()
    drawn.undo()
    assert drawn.to_yaml() == text
    assert drawn.undo().to_yaml() == before
    drawn.apply({"edit": "text", "text": f"# nothing yet\n{before}"})
    assert drawn.to_yaml() == f"# nothing yet\n{before}"


def test_the_last_run_is_none_of_another_flow_of_that_name(tmp_path: Path) -> None:
    """One of another module in which no node does the same; one that was edited since is still the flow's own."""
    configure(store=tmp_path / "store")

    def made(call: str) -> Flow[..., Any]:
        tasks = {"load": {"call": call, "with": {"n": 3}}}
        return Flow.from_spec({"flow": "edits_called_alike", "tasks": tasks})

    ours, theirs = made(f"{__name__}:edits_load"), made("test_edited_flows_elsewhere:edits_load")
    assert ours._last_run is None
    run = ours.start()
    run.wait(20)
    assert ours._last_run is not None and ours._last_run.id == run.id
    assert theirs._last_run is None and made("edits_load")._last_run is not None
    ours.apply({"edit": "add", "node": "more", "says": {"call": "edits_total"}})
    assert ours._last_run is not None
    configure(store=tmp_path / "other")


def test_an_input_that_was_added_can_be_given(engine: Engine) -> None:
    """Inputs of an edited flow are its own: by name, and in order."""
    sales = defined()
    sales.apply(
        *DOUBLE,
        {"edit": "set-flow", "field": "inputs.more", "value": {"type": "int"}},
        {"edit": "connect", "source": "inputs.more", "target": "twice", "port": "more"},
    )
    assert sales.takes == ["n", "more"]
    assert engine.start(sales, {"n": 4, "more": 5}).result() == 17
    assert sales.bind_partial((4, 5), {}) == {"n": 4, "more": 5}


def test_what_an_edit_left_wrong_is_told_and_does_not_start(engine: Engine) -> None:
    """A node without what it needs is a problem of its node."""
    sales = defined()
    sales.apply({"edit": "remove", "nodes": ["edits_load"]})
    assert [problem.node for problem in errors(sales.validate())] == ["edits_total"]
    with pytest.raises(FlowError, match="values"):
        engine.start(sales, {"n": 1})
    sales.apply({"edit": "add", "says": {"call": "no_such_task"}})
    assert any(problem.code == "unknown-call" for problem in sales.validate())


def test_a_cell_that_is_run_again_keeps_the_edits_until_they_are_dropped_or_made_again() -> None:
    """They are offered to the flow that takes the place of the one before, over several definitions, and never made silently."""
    first = defined().drop()
    first.apply(RENAME)
    second = defined()
    assert second.edits == [] and list(second.spec.tasks) == ["edits_load", "edits_total"]
    third = defined()
    assert [step.title for step in third.edits_made.offered] == ["rename edits_load to load"]
    assert list(third.reapply().spec.tasks) == ["load", "edits_total"]
    assert third.edits == ["rename edits_load to load"] and third.edits_made.offered == ()
    assert list(third.drop().spec.tasks) == ["edits_load", "edits_total"]
    assert defined().edits_made.offered == ()


def test_an_edited_flow_is_written_as_python_and_yaml() -> None:
    """What the cell does not say yet, as code for a cell and as a document."""
    sales = defined()
    sales.apply(RENAME)
    assert 'edits_load.options(name="load")(n)' in sales.to_python()
    assert "  load:\n    call: " in sales.to_yaml()


def test_watchers_are_told_of_each_change() -> None:
    """An edit from Python shows in every view at once."""
    sales, told = defined(), list[int]()
    release: Callable[[], Any] = sales.edits_made.watch(lambda: told.append(1))
    sales.apply(RENAME).undo().redo().drop()
    with pytest.raises(FlowError):
        sales.apply({"edit": "rename", "node": "nobody", "to": "x"})
    release()
    sales.apply(RENAME)
    assert len(told) == 4


def test_an_edit_runs_the_body_of_a_flow_once() -> None:
    """However many views it is told to; who looks later runs it anew, for what it calls may be another by then."""
    ran: list[int] = []

    @flow
    def edits_counted(n: int = 4) -> int:
        ran.append(n if isinstance(n, int) else 0)
        return edits_total(edits_load(n))

    shown: list[str] = []
    sources = [edits_counted._source() for _ in range(2)]
    for source in sources:
        source.watch(lambda _, source=source: shown.append(source.outline()["nodes"][0]["name"]))
    ran.clear()
    edits_counted.apply(RENAME)
    assert shown == ["load", "load"] and len(ran) == 1
    assert list(edits_counted.spec.tasks) == ["load", "edits_total"] and len(ran) == 2


def test_views_are_told_of_a_task_that_is_defined() -> None:
    """A little after, and once for several: a cell defines them one after the other."""
    heard = Event()
    release = defined()._source().watch(lambda _: heard.set())

    @task
    def edits_fresh() -> None: ...

    assert heard.wait(30)
    release()


def test_no_garbage_is_looked_for_while_an_edit_is_told() -> None:
    """That may take longer than the edit; afterwards it is, as before."""
    sales, looked_for = defined(), list[bool]()
    release: Callable[[], Any] = sales.edits_made.watch(lambda: looked_for.append(gc.isenabled()))
    sales.apply(RENAME).drop()
    release()
    assert looked_for[0] is False and gc.isenabled()


def test_who_defines_a_task_meets_no_trouble_of_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no thread to wait in, the view is told at once."""

    def refused(*_: Any) -> Any:
        raise RuntimeError("can't start new thread")

    told = list[set[int]]()
    release = defined()._source().watch(told.append)
    monkeypatch.setattr(still, "Timer", refused)

    @task
    def edits_fresher() -> None: ...

    release()

    @task
    def edits_freshest() -> None: ...

    assert told == [set()]


TEXT = """\
# The shop.
stratix: 1
flow: edits_shop
inputs: {n: {type: int, default: 4}}   # how many

tasks:
  load:   # reads
    call: edits_load
    with: {n: "${{ inputs.n }}"}
output: "${{ tasks.load.output }}"
"""


def test_a_flow_that_can_not_be_saved_names_its_file(tmp_path: Path) -> None:
    """And leaves nothing behind: not where its folder is missing, nor where a folder has its name."""
    for place in (tmp_path / "none" / "shop.yaml", tmp_path / "folder"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(OSError) as caught:
            Flow.new("shop").save(place)
        assert caught.value.filename == str(place)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_document_is_edited_in_place_and_saved_with_its_comments(tmp_path: Path, engine: Engine) -> None:
    """Only what changed is changed; undone, the file is what it was to the byte."""
    path = tmp_path / "shop.yaml"
    path.write_bytes(TEXT.encode())
    shop = load_flow(path)
    shop.apply({"edit": "set", "node": "load", "field": "retry", "value": 2})
    assert shop.save() == path
    assert path.read_text().replace("    retry: 2\n", "") == TEXT
    assert shop.to_yaml() == path.read_text()
    assert engine.start(shop).result() == [0, 1, 2, 3]
    shop.undo().save()
    assert path.read_bytes() == TEXT.encode()


def test_a_file_that_changed_on_the_disk_is_not_written_over(tmp_path: Path) -> None:
    """Nothing is lost silently; a person may say so."""
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT)
    shop = load_flow(path)
    shop.apply({"edit": "rename", "node": "load", "to": "read"})
    path.write_text(TEXT + "# by hand\n")
    with pytest.raises(FlowError, match="changed on the disk") as refused:
        shop.save()
    assert refused.value.code == "changed-on-disk" and path.read_text().endswith("# by hand\n")
    shop.save(overwrite=True)
    assert "read:" in path.read_text()
    shop.save()


def test_a_file_is_read_again_as_a_step_that_can_be_undone(tmp_path: Path) -> None:
    """Neither what was edited here nor what somebody wrote there is lost; lines end as they did."""
    path = tmp_path / "shop.yaml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    shop = load_flow(path)
    shop.apply({"edit": "set", "node": "load", "field": "retry", "value": 1})
    mine = shop.to_yaml()
    path.write_bytes(TEXT.replace("load", "read").encode())
    assert shop.edits_made.is_stale
    assert list(shop.reload().spec.tasks) == ["read"] and not shop.edits_made.is_stale
    assert shop.undo().to_yaml() == mine
    assert shop.undo().to_yaml() == TEXT.replace("\n", "\r\n")
    shop.save()
    assert path.read_bytes() == TEXT.replace("\n", "\r\n").encode()
    with pytest.raises(FlowError, match="no file"):
        Flow.new("edits_no_file").reload()


@pytest.mark.parametrize("form", ["svg", "png", "html"])
def test_a_picture_carries_its_flow(tmp_path: Path, engine: Engine, form: str) -> None:
    """Of a flow, and of a run: opened, it is the same flow; the picture itself is never written over."""
    shop = Flow.from_yaml(TEXT.replace("reads", "</script><b>&"))
    shop.apply({"edit": "set", "node": "load", "field": "description", "value": 'a < b && c --> "d" ${{ x }} ü'})
    path = tmp_path / f"shop.{form}"
    getattr(shop, f"to_{form}")(path)
    opened = load_flow(path)
    assert opened.spec == shop.spec and opened.edits_made.file is None
    run = engine.start(shop)
    run.wait()
    getattr(run, f"to_{form}")(path)
    assert load_flow(path).spec.tasks.keys() == shop.spec.tasks.keys()


def test_a_picture_without_a_flow_says_so(tmp_path: Path) -> None:
    """Other pictures, and broken ones, are no flows."""
    for name, data in (
        ("a.svg", b"<svg></svg>"),
        ("b.png", b"\x89PNG\r\n\x1a\n\0\0\0\xffIHDR"),
        ("c.html", b"<!DOCTYPE html><p>"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FlowError) as refused:
            load_flow(tmp_path / name)
        assert refused.value.code == "no-flow"


def test_a_file_that_can_not_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk neither the document nor what somebody has of it is lost; its permissions stay, too."""
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT)
    path.chmod(0o640)
    shop = load_flow(path).apply({"edit": "rename", "node": "load", "to": "read"})

    def full(part: Path, *_: Any, **__: Any) -> int:
        part.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(Path, "write_text", full)
        shop.save()
    assert path.read_text() == TEXT and [one.name for one in tmp_path.iterdir()] == ["shop.yaml"]
    shop.save()
    assert "read:" in path.read_text() and path.stat().st_mode & 0o777 == 0o640


def test_a_flow_is_drawn_from_nothing(tmp_path: Path, engine: Engine) -> None:
    """An empty canvas, nodes and wires; it runs, and is saved where one says."""
    drawn = Flow.new("edits_drawn")
    assert drawn.spec.tasks == {}
    drawn.apply(
        {"edit": "add", "node": "load", "says": {"call": "edits_load", "with": {"n": 3}}},
        {
            "edit": "add",
            "node": "total",
            "says": {"call": "edits_total", "with": {"values": "${{ tasks.load.output }}"}},
        },
        {"edit": "set-flow", "field": "output", "value": "${{ tasks.total.output }}"},
    )
    assert engine.start(drawn).result() == 3
    with pytest.raises(FlowError, match="comes from no file"):
        drawn.save()
    drawn.save(tmp_path / "drawn.yaml")
    assert load_flow(tmp_path / "drawn.yaml").spec == drawn.spec


def test_a_text_in_place_of_the_flow_is_one_step(tmp_path: Path) -> None:
    """What does not parse leaves the flow alone; what does keeps its own form."""
    shop = Flow.from_yaml(TEXT)
    with pytest.raises(FlowError) as refused:
        shop.apply({"edit": "text", "text": TEXT.replace("edits_load", "a b")})
    assert refused.value.problems[0].line == 8 and shop.to_yaml() == TEXT
    shop.apply({"edit": "text", "text": TEXT.replace("reads", "reads it")})
    shop.apply({"edit": "text", "text": TEXT.replace("load:", "read:").replace("tasks.load", "tasks.read")})
    assert "read:" in shop.to_yaml() and shop.undo().to_yaml() == TEXT.replace("reads", "reads it")


def test_the_difference_of_two_flows_is_told() -> None:
    """Of an edited flow and the one before."""
    first, sales = defined(), defined()
    sales.apply(*DOUBLE)
    found = first.diff(sales)
    assert str(found) == "+ twice\n~ flow: output"
    back = sales.diff(first)
    assert back.removed == ("twice",) and back.both.tasks.keys() == found.both.tasks.keys()
    drawn = found._repr_mimebundle_()
    assert drawn["text/plain"] == str(found) and ">added</text>" in drawn["image/svg+xml"]
    assert ">removed</text>" in back.to_svg(theme="dark")
    assert not first.diff(first.spec)
    with pytest.raises(FlowError, match="takes another flow, not function"):
        first.diff(defined)  # type: ignore[arg-type]


def test_a_step_of_a_text_and_more_keeps_what_the_text_says() -> None:
    """Its comments, whatever follows it in the step; and one undo gives back the text before."""
    before = "stratix: 1\nflow: noted\ntasks:\n  a: {call: x}  # one\n"
    flow = Flow.from_yaml(before)
    retry = {"edit": "set", "node": "a", "field": "retry", "value": 2}
    flow.apply({"edit": "text", "text": before.replace("# one", "# other")}, retry)
    assert flow.to_yaml() == before.replace("x}  # one", "x, retry: 2}  # other")
    assert flow.undo().to_yaml() == before
    assert flow.redo().to_yaml().endswith("# other\n")
