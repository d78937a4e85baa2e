"""The shapes of cards: those of pictures are those of the page."""

from __future__ import annotations

import json
from pathlib import Path

from stratix_tasks.formats.shapes import Box, outline, shape_of, spine, within

SHAPES = json.loads((Path(__file__).parent / "shapes.json").read_text())


def test_a_shape_is_the_same_in_a_picture_and_on_the_page() -> None:
    """By what is known of a node: the paths that `widget/test/shapes.test.ts` holds the page to."""
    assert len(SHAPES) > 10
    for one in SHAPES:
        shape, box = shape_of(one["node"]), Box(*one["box"])
        assert [outline(shape, box), spine(shape, box), within(shape, box)] == one["paths"], one["node"]
