"""SVG, PNG, HTML, DOT and Mermaid of flows and runs: complete, self-contained, and safe with any text."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from stratix_tasks import Engine, InputError, approval, cancel, each, flow, otherwise, signal, sleep, task, when
from stratix_tasks import failed as on_failure
from stratix_tasks.formats import svg as drawing
from stratix_tasks.formats.dot import to_dot
from stratix_tasks.formats.mermaid import to_mermaid
from stratix_tasks.formats.png import to_png
from stratix_tasks.session.display import flow_source, run_source
from stratix_tasks.view.snapshot import snapshot
from stratix_tasks.view.source import BREAK, PAUSED, WAITS

NASTY = '</script><script>alert(1)</script><img src=x onerror=alert(2)> & "quotes" ${1}'


@task(description=NASTY)
def numbers(n: int = 3) -> list[int]:
    return list(range(n))


@task
def square(x: int) -> int:
    if x == 2:
        raise ValueError(NASTY)
    return x * x


@task
def total(parts: list[int]) -> int:
    return sum(parts)


@flow
def inner(x: int = 1) -> Any:
    return square(x)


@flow(description=NASTY)
def drawn() -> Any:
    first = numbers()
    a = total(square.map(each(first)))
    return a, inner(5), total.options(name="apart", after=[first])([1])


@flow
def held() -> Any:
    asked = approval.options(name="ask", description="Look twice.", after=[numbers()])("Ship it?")
    each_one = approval.options(name="each_one", after=[asked]).map(each(["eu", "us"]))
    return total.options(after=[each_one, sleep("5m")])([1])


@flow
def asked() -> Any:
    ship = approval.options(name="ship")("Ship it?", timeout="1d")
    regions = approval.options(name="regions").map(each(["EU?", "US?"]))
    return total.options(after=[ship, regions, signal("go"), sleep("5m")])([1])


@pytest.fixture
def failed(engine: Engine) -> Any:
    run = engine.start(drawn)
    run.wait(30)
    return run


def test_a_theme_that_is_none_is_refused() -> None:
    """By all that draw one; the two that there are are named."""
    for draw in (drawn.to_svg, drawn.to_png):
        with pytest.raises(InputError, match="theme is light or dark, not 'drak'"):
            draw(theme="drak")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_svg_has_every_node_and_is_wellformed(failed: Any, theme: str) -> None:
    """Names, states and counts are texts in it; nothing in it is a script or comes from elsewhere."""
    for svg in (drawn.to_svg(theme=theme), failed.to_svg(theme=theme)):
        root = ElementTree.fromstring(svg)
        words = " ".join(element.text or "" for element in root.iter() if element.tag.endswith("text"))
        assert all(name in words for name in ("numbers", "square", "total", "inner", "apart"))
        assert not any(element.tag.endswith("script") for element in root.iter())
        assert "href" not in svg
    assert "2/3" in failed.to_svg(theme=theme)
    assert drawn.to_svg(theme="light") != drawn.to_svg(theme="dark")


def test_png_is_a_picture(failed: Any) -> None:
    """The SVG, rendered; larger graphs are larger pictures."""
    data = failed.to_png()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(to_png(drawn.to_svg())) > 2_000


def test_html_is_one_page_that_loads_nothing(failed: Any, tmp_path: Any) -> None:
    """No address of another host, no text that could become a script, and a policy that forbids both."""
    page = failed.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == page
    head = page[: page.index("</head>")]
    assert "Content-Security-Policy" in head
    assert "default-src 'none'" in head
    assert NASTY not in page
    assert "<script>alert(1)" not in page
    loaded = re.findall(r"(?:src|href)=[\"']?(https?:)?//", page)
    assert loaded == []


def test_dot_and_mermaid_have_groups_and_order(tmp_path: Any) -> None:
    """Sub-flows are clusters; order without data is dashed."""
    dot, mermaid = drawn.to_dot(tmp_path / "a.dot"), drawn.to_mermaid()
    assert (tmp_path / "a.dot").read_text() == dot
    assert "subgraph cluster_" in dot
    assert "style=dashed" in dot
    assert "subgraph" in mermaid
    assert "-.->" in mermaid
    assert mermaid.startswith("flowchart LR")


def test_a_group_in_mermaid_is_what_lies_in_it() -> None:
    """Its arrows are its own: no card stands for it among its nodes. One in which nothing lies is a card."""

    @task
    def size(x: int = 1) -> int:
        return x

    @flow
    def grouped(x: int) -> int:
        return size(x)

    @flow
    def empty() -> None: ...

    @flow
    def around() -> int:
        empty()
        return size.options(name="after")(grouped(1))

    assert around.to_mermaid().split("\n")[1:-1] == [
        '  n0("empty")',
        '  subgraph n1 ["grouped"]',
        '    n3["size"]',
        "  end",
        '  n2["after"]',
        "  n1 --> n2",
    ]


def test_what_a_condition_asks_is_told_apart() -> None:
    """By a dashed arrow with `when` on it; one that brings a value, too, is drawn as all that do."""

    @task
    def size(x: int = 1) -> int:
        return x

    @flow
    def chosen() -> None:
        first = size()
        with when(first > 1):
            size.options(name="asks")(5)
            size.options(name="takes")(first)

    assert "0 -> 1 [label=when style=dashed]" in chosen.to_dot()
    assert "0 -> 2 [style=solid]" in chosen.to_dot()
    assert "n0 -.->|when| n1" in chosen.to_mermaid()
    assert "n0 --> n2" in chosen.to_mermaid()
    assert chosen.to_svg().count("stroke-dasharray") == 1


def test_what_a_condition_asks_stands_on_its_edge(engine: Engine) -> None:
    """Bold where something came along it; on the edges of others stands how much came, in a run."""

    @flow
    def asked_on_an_edge() -> Any:
        first = numbers()
        amount = total(first)
        with when(amount > 1):
            total.options(name="large")(first)
        with otherwise():
            total.options(name="small")(first)

    run = engine.start(asked_on_an_edge)
    run.wait(30)
    for svg, sizes, bold in ((asked_on_an_edge.to_svg(), [], 0), (run.to_svg(), ["×3"], 1)):
        lines = [line for line in svg.splitlines() if 'paint-order="stroke"' in line]
        assert sorted(re.findall(r">([^<]+)</text>", "".join(lines))) == ["&gt; 1", *sizes, "≤ 1"]
        assert sum('font-weight="600"' in line for line in lines) == bold


def test_every_kind_of_edge_is_drawn() -> None:
    """Data, order, a condition, a failure that is caught, and from a step to what it ends, each with its arrow; in all formats."""

    @flow
    def kinds() -> None:
        first = numbers()
        bad = total.options(name="bad", after=[first])([1])
        with on_failure(bad) as error:
            total.options(name="caught")([error.message])
        slow = approval.options(name="slow")("Go on?")
        with when(total.options(name="sum")(first) > 1):
            cancel(slow)

    made = snapshot(flow_source(kinds, {}), mode="static")
    assert {kind for _, _, kind in made["edges"]} == {"data", "order", "when", "catch", "ends"}
    dot, mermaid, svg = to_dot(made), to_mermaid(made), drawing.to_svg(made)
    assert ("label=failed" in dot, "label=ends" in dot) == (True, True)
    assert ("-.->|failed|" in mermaid, "-.->|ends|" in mermaid) == (True, True)
    assert svg.count("l-8 -4v8z") + svg.count("l-4 8h8z") == len(made["edges"])


def test_a_large_flow_is_drawn_with_its_like_siblings_in_stacks(engine: Engine) -> None:
    """As the view shows it at first, with how many of them there are and how they stand; edges between stacks are one line each."""

    @flow
    def wide() -> Any:
        first = numbers()
        return total([total.options(name=f"part_{i}")(first) for i in range(60)])

    run = engine.start(wide)
    run.wait(30)
    for svg, words in ((wide.to_svg(), ("part", "×60")), (run.to_svg(), ("part", "60/60"))):
        assert all(f">{word}<" in svg for word in words)
        assert ">part_7<" not in svg
        assert svg.count("l-8 -4v8z") == 2


def test_waits_show_with_their_word() -> None:
    """In place of a function's name; a shape of their own, and the stack of a map where they are mapped."""
    made = snapshot(flow_source(held, {}), mode="static")
    dot, mermaid, svg = to_dot(made), to_mermaid(made), drawing.to_svg(made)
    assert 'label="ask · approval" shape=hexagon' in dot
    assert 'label="each_one · approval" shape=box3d' in dot
    assert "label=sleep shape=hexagon" in dot
    assert '{{"ask · approval"}}' in mermaid
    assert '[["each_one · approval"]]' in mermaid
    assert '{{"sleep"}}' in mermaid
    assert ">Look twice.<" in svg
    assert ">sleep · 5m<" in svg


def test_a_waiting_run_is_drawn_with_what_it_waits_for(engine: Engine) -> None:
    """On its card what is asked and what is left of the time; above all what the run waits for, since nothing else moves."""
    run = engine.start(asked)
    while sum(run_source(run).run_info()["waits"].values()) < 5:  # type: ignore[index]
        assert run.wait(0.01) in ("pending", "running")
    svg = run.to_svg()
    run.cancel()
    for text in (
        "Ship it? · 2",
        "the signal &#x27;go&#x27;",
        "2 approvals",
        "sleep · ",
        "waiting for 3 approvals and 1 signal",
    ):
        assert f">{text}" in svg
    assert (drawing.BREAK, drawing.PAUSED, drawing.WAITS) == (BREAK, PAUSED, WAITS)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s left"), (12.4, "13 s left"), (299, "4:59 left"), (86399, "23 h left"), (6.9 * 86400, "6 days left")],
)
def test_what_is_left_of_a_wait_reads_as_people_say_it(seconds: float, text: str) -> None:
    """The same as in the live view."""
    assert drawing.left(seconds) == text


def test_showing_never_raises() -> None:
    """A flow that can't be traced shows its problem; a partial graph is drawn with what is wrong."""

    @flow
    def broken() -> Any:
        return numbers() + 1  # type: ignore[operator]

    @flow
    def partly() -> Any:
        return total(numbers.options(pool="nowhere")())

    data, _ = broken._repr_mimebundle_()
    assert "can't" in data["text/plain"]
    data, _ = partly._repr_mimebundle_()
    assert "nowhere" in data["text/plain"]
    assert "2 nodes" in data["text/plain"]
    assert "numbers" in data["image/svg+xml"]


def test_a_bundle_has_widget_saved_view_picture_and_text(failed: Any) -> None:
    """One mimebundle for every kind of viewer; the saved view names the widget, so that it is live where a kernel has that."""
    data, _ = failed._repr_mimebundle_()
    widget = data["application/vnd.jupyter.widget-view+json"]
    assert set(data) == {
        "text/plain",
        "image/svg+xml",
        "application/vnd.stratix+json",
        "application/vnd.jupyter.widget-view+json",
    }
    assert data["application/vnd.stratix+json"]["view"] == widget
    assert "failed" in data["text/plain"]


def test_a_breakpoint_is_drawn(engine: Engine) -> None:
    """A dot on the card of a node that has one, and on no other."""
    run = engine.start(drawn)
    run.wait(30)
    plain = run.to_svg().count("<circle")
    run.breakpoint("total")
    assert run.to_svg().count("<circle") == plain + 1


def test_a_page_has_the_items_and_what_nodes_did(failed: Any) -> None:
    """What a click asks for is in the page, failed items first: there is nobody to ask."""
    data = json.loads(failed.to_html().split('id="snapshot">')[1].split("</script>")[0])
    assert [row[0] for row in data["items"]["square"]["rows"]] == [2, 0, 1]
    assert data["items"]["square"]["total"] == 3
    items = {f"square[{index}]" for index in range(3)}
    assert set(data["told"]) == {node["name"] for node in data["nodes"]} | items
    assert data["told"]["square[2]"]["error"]["type"] == "ValueError"
    assert data["told"]["numbers"]["output"]["text"]


def overlaps(points: list[list[float]], node: dict[str, Any]) -> bool:
    """Whether the level parts of an edge touch a card."""
    return any(
        x1 < node["x"] + node["w"] and x2 > node["x"] and node["y"] < y < node["y"] + node["h"]
        for (x1, y), (x2, _) in zip(points[::2], points[1::2], strict=True)
    )


def test_edges_pass_between_the_cards() -> None:
    """An edge over several columns has a place of its own in each of them, inside of sub-flows too; it touches no card there."""

    @flow
    def long() -> Any:
        first = numbers()
        second = square.map(each(first))
        third = total.options(name="third")(second)
        return total.options(name="last", after=[first, second])([third])

    @flow
    def outer() -> Any:
        return total([long(), inner(5)])

    made = snapshot(flow_source(outer, {}), mode="static")
    nodes = made["nodes"]
    assert made["bends"]
    for number, points in made["bends"].items():
        source, target, _ = made["edges"][int(number)]
        assert nodes[source]["x"] + nodes[source]["w"] <= points[0][0]
        assert points[-1][0] <= nodes[target]["x"]
        assert not any(overlaps(points, node) for node in nodes if node["kind"] != "flow")
    passed = [number for number, (a, b, _) in enumerate(made["edges"]) if nodes[b]["name"].endswith("last")]
    assert sorted(len(made["bends"].get(str(number), ())) for number in passed) == [0, 2, 4]
