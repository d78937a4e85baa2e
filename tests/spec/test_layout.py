"""Where nodes stand: in columns, in the shape of a page, with like siblings folded."""

from __future__ import annotations

from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stratix_tasks.spec.folds import FEW, common, folds
from stratix_tasks.spec.layout import Layout, layout, lifted
from stratix_tasks.spec.packing import SHAPE, WIDE

CARD = (172.0, 58.0)


def spread(count: int, edges: list[tuple[int, int]], parents: list[int] | None = None) -> Layout:
    return layout([CARD] * count, edges, parents or [-1] * count)


def shape(laid: Layout) -> tuple[float, float]:
    """Width and height."""
    ends = [(x + w, y + h) for (x, y), (w, h) in zip(laid.places, laid.sizes, strict=True)]
    return max(x for x, _ in ends), max(y for _, y in ends)


def touch(laid: Layout, a: int, b: int) -> bool:
    (ax, ay), (bx, by), (aw, ah), (bw, bh) = laid.places[a], laid.places[b], laid.sizes[a], laid.sizes[b]
    return ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah


@given(some.integers(0, 10_000), some.integers(2, 120), some.integers(1, 3))
def test_no_card_lies_on_another(seed: int, count: int, needs: int) -> None:
    """In any graph, wrapped or broken into lines or neither."""
    random = Random(seed)
    edges = sorted({(random.randrange(b), b) for b in range(1, count) for _ in range(random.randint(0, needs))})
    laid = spread(count, edges)
    assert not [pair for pair in combinations(range(count), 2) if touch(laid, *pair)]


def test_what_needs_another_stands_right_of_it_in_its_line() -> None:
    """A short chain is one line, from left to right."""
    laid = spread(5, list(pairwise(range(5))))
    assert [x for x, _ in laid.places] == sorted({x for x, _ in laid.places})
    assert len({y for _, y in laid.places}) == 1
    assert laid.bends == {}


def test_a_wide_layer_is_wrapped_into_a_block() -> None:
    """Two hundred siblings between two nodes take the shape of a page, not a column of seventeen thousand pixels."""
    edges = [(0, i) for i in range(1, 201)] + [(i, 201) for i in range(1, 201)]
    width, height = shape(spread(202, edges))
    assert SHAPE / 2 < width / height < SHAPE * 2


def test_edges_reach_the_inside_of_a_block_between_its_rows() -> None:
    """And leave it so: on no level does one touch a card."""
    edges = [(0, i) for i in range(1, 31)] + [(i, 31) for i in range(1, 31)]
    laid = spread(32, edges)
    assert len({x for x, _ in laid.places}) > 4
    assert laid.bends
    for points in laid.bends.values():
        for (x1, y), (x2, _) in zip(points[::2], points[1::2], strict=True):
            cards = zip(laid.places, laid.sizes, strict=True)
            assert not any(x < x2 and x1 < x + w and top < y < top + h for (x, top), (w, h) in cards)


def test_a_long_chain_is_broken_into_lines() -> None:
    """As a text is; the edge from one line to the next runs between them, back to the left, and touches no card."""
    laid = spread(60, list(pairwise(range(60))))
    width, height = shape(laid)
    assert width < WIDE
    assert SHAPE / 2 < width / height < SHAPE * 2
    assert laid.bends
    for points in laid.bends.values():
        (right, y), (left, low) = points
        assert left < right
        assert y == low
        assert not any(top < y < top + h for (_, top), (_, h) in zip(laid.places, laid.sizes, strict=True))


@pytest.mark.parametrize(("count", "lines"), [(6, 1), (7, 2), (12, 2), (13, 3)])
def test_a_line_is_no_longer_than_can_be_read_at_once(count: int, lines: int) -> None:
    """Some six cards: a chain that is a little longer is broken in two that are about as long."""
    laid = spread(count, list(pairwise(range(count))))
    assert len({y for _, y in laid.places}) == lines
    assert shape(laid)[0] <= WIDE


def test_what_stands_fast_stays_and_the_rest_is_laid_out() -> None:
    """Where all of a level stands fast, and where one of it does not; groups hold what lies in them all the same."""
    parents, edges, fast = [-1, -1, 1, 1], [(0, 1), (2, 3)], {0: (500.0, 440.0), 1: (7.0, 300.0)}
    free = layout([CARD] * 4, edges, parents)
    laid, partly = layout([CARD] * 4, edges, parents, fast), layout([CARD] * 4, edges, parents, {0: fast[0]})
    assert laid.places[:2] == [*fast.values()] and partly.places[:2] == [fast[0], free.places[1]]
    assert laid.rooms == partly.rooms == free.rooms and laid.sizes == free.sizes
    inside = [(x - free.places[1][0], y - free.places[1][1]) for x, y in free.places[2:]]
    assert [(x - 7.0, y - 300.0) for x, y in laid.places[2:]] == inside


@given(some.integers(0, 10_000), some.integers(2, 60))
def test_what_is_laid_out_lies_on_nothing_that_stands_fast(seed: int, count: int) -> None:
    """It goes below that; what stands fast stays, also on each other."""
    random = Random(seed)
    edges = sorted({(random.randrange(b), b) for b in range(1, count)})
    free = layout([CARD] * count, edges, [-1] * count)
    fast = {n: free.places[random.randrange(count)] for n in range(count) if random.random() < 0.5}
    laid = layout([CARD] * count, edges, [-1] * count, fast)
    assert {n: laid.places[n] for n in fast} == fast
    assert not [pair for pair in combinations(range(count), 2) if touch(laid, *pair) and not fast.keys() >= set(pair)]


def test_a_frame_grows_around_what_stands_fast_in_it() -> None:
    """At each side, also of a frame in a frame; what has no place of its own goes with the corner of its frame."""
    parents = [-1, 0, 1, 0]
    free = layout([CARD] * 4, [], parents)
    right = layout([CARD] * 4, [], parents, {0: (0.0, 0.0), 3: (900.0, 50.0)})
    assert right.places[:3] == [(0.0, 0.0), *free.places[1:3]] and right.sizes[0][0] == 900.0 + CARD[0] + 18.0
    assert right.rooms[0] == right.sizes[0] and right.sizes[1] == free.sizes[1]
    left = layout([CARD] * 4, [], parents, {0: (0.0, 0.0), 2: (-200.0, 400.0)})
    assert left.places[:3] == [(-236.0, 0.0), (-218.0, free.places[1][1]), (-200.0, 400.0)]
    assert left.places[3] == (free.places[3][0] - 236.0, free.places[3][1])
    again = layout([CARD] * 4, [], parents, {**dict(enumerate(left.places[:3]))})
    assert again == left
    shut = layout([CARD] * 4, [], parents, {3: (900.0, 50.0)}, {0})
    assert shut.sizes[0] == CARD and shut.rooms[0][0] > 900.0


def test_a_closed_group_takes_the_room_of_its_card() -> None:
    """What lies in it stands as if it were open where it is; its frame's size is told."""
    parents, edges = [-1, -1, -1, 1, 1], [(0, 1), (1, 2), (3, 4)]
    opened, closed = layout([CARD] * 5, edges, parents), layout([CARD] * 5, edges, parents, closed={1})
    assert closed.sizes[1] == CARD
    assert closed.rooms == opened.rooms == {1: opened.sizes[1]}
    assert closed.places[2][0] < opened.places[2][0]
    for one in (opened, closed):
        assert one.places[4][0] - one.places[1][0] == opened.places[4][0] - opened.places[1][0]


def test_edges_between_levels_count_between_what_lies_side_by_side() -> None:
    """Of two nodes the groups around them; where one lies in the other there is nothing between."""
    parents = [-1, -1, 0, 1, 2]
    assert lifted(parents, 4, 3) == (0, 1)
    assert lifted(parents, 0, 1) == (0, 1)
    assert lifted(parents, 4, 0)[0] == lifted(parents, 4, 0)[1]


def fan(count: int) -> tuple[list[int], list[tuple[int, int]], list[str]]:
    """A source, so many chains of two, and what takes them all."""
    firsts, seconds = range(1, count + 1), range(count + 1, 2 * count + 1)
    last = 2 * count + 1
    edges = [(0, a) for a in firsts] + list(zip(firsts, seconds, strict=True)) + [(b, last) for b in seconds]
    return [-1] * (last + 1), edges, ["load", *["fetch"] * count, *["clean"] * count, "join"]


def test_chains_that_are_alike_fold_to_one_chain_of_stacks() -> None:
    """Each with all of them, in their order."""
    parents, edges, calls = fan(30)
    assert folds(parents, edges, calls) == [list(range(1, 31)), list(range(31, 61))]


def test_a_small_graph_is_not_folded() -> None:
    """It is shown node by node."""
    parents, edges, calls = fan((FEW - 2) // 2)
    assert folds(parents, edges, calls) == []


@pytest.mark.parametrize("other", ["call", "neighbour", "by hand"])
def test_what_differs_stays_outside_of_a_stack(other: str) -> None:
    """By its function, by what is around it, or because somebody gave it a place."""
    parents, edges, calls = fan(30)
    alike: list[str | None] = [*calls]
    if other == "neighbour":
        edges.remove((60, 61))
    else:
        alike[30] = "sieve" if other == "call" else None
    found = folds(parents, edges, alike)
    assert list(range(1, 30)) in found
    assert not any(30 in stack for stack in found)


def test_a_stack_is_called_by_what_its_names_begin_with() -> None:
    """Without their numbers; where they have nothing in common by their function."""
    assert common(["fetch_0", "fetch_1", "fetch_12"], "get") == "fetch"
    assert common(["fetch_10", "fetch_11"], "get") == "fetch"
    assert common(["layer2_0", "layer2_1"], "get") == "layer2"
    assert common(["s0", "s1"], "get") == "s"
    assert common(["a", "b"], "get") == "get"
