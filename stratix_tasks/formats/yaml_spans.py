"""A YAML text as nodes that know where they begin and end in it, for edits that leave the rest as it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Span:
    """A node: `text[start:end]`; of a block the end is that of its last part. An alias is a node without parts."""

    start: int
    end: int
    column: int
    in_flow: bool = False
    """Whether it is a mapping or list in brackets."""
    entries: dict[str, tuple[Span, Span]] | None = None
    """Of a mapping: keys, and their values."""
    items: list[Span] = field(default_factory=list)
    """Of a list."""


def read(text: str) -> Span:
    """The root of a text that has been read as a document."""
    events = (
        event
        for event in yaml.parse(text, Loader=_LOADER)
        if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent)
    )
    return _node(next(events), events)


def _node(event: Any, events: Iterator[Any]) -> Span:
    mark, is_leaf = event.start_mark, isinstance(event, yaml.ScalarEvent | yaml.AliasEvent)
    span = Span(mark.index, event.end_mark.index, mark.column, not is_leaf and bool(event.flow_style))
    if is_leaf:
        return span
    if isinstance(event, yaml.SequenceStartEvent):
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            span.items.append(_node(inner, events))
        parts = span.items
    else:
        span.entries = {}
        parts = []
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            name = inner.value if isinstance(inner, yaml.ScalarEvent) else ""
            key, value = _node(inner, events), _node(next(events), events)
            span.entries.setdefault(name, (key, value))
            parts += [key, value]
    span.end = (
        inner.end_mark.index
        if span.in_flow and inner.end_mark is not None
        else max([span.start, *(part.end for part in parts)])
    )
    return span


def lines_of(text: str) -> dict[str, tuple[int, int]]:
    """The first and last line of each node of a document, from 1; those of sub-flows after the flow's name."""
    starts = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    return {
        name: (bisect_right(starts, start), bisect_right(starts, max(start, end - 1)))
        for name, start, end in _nodes(read(text), "")
    }


def _nodes(flow: Span, prefix: str) -> Iterator[tuple[str, int, int]]:
    for part in ("tasks", "finally"):
        for name, (key, value) in _entries(flow, part).items():
            yield prefix + name, key.start, value.end
    for name, (_, value) in _entries(flow, "flows").items():
        yield from _nodes(value, f"{prefix}{name}.")


def _entries(flow: Span, part: str) -> dict[str, tuple[Span, Span]]:
    found = (flow.entries or {}).get(part)
    return (found[1].entries or {}) if found is not None else {}
