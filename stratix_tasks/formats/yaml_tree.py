"""YAML text to a tree of located nodes: one event stream, no tags, no objects, and a budget for everything.

Every node knows its line and column (from 1). Problems are collected, so that one mistake does not hide the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from stratix_tasks.spec.problems import Problem

MOST_CHARACTERS = 4_000_000
MOST_NODES = 200_000
"""Counted with every alias written out."""
MOST_DEPTH = 64
_STRANGE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML takes for no text."""
_WRITTEN = 'Write it with a backslash between double quotes, such as "\\x00".'
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True, eq=False)
class Scalar:
    """A text; `plain` when it stands without quotes, so that it can be a number, true or null."""

    text: str
    plain: bool
    line: int
    column: int
    size: int = 1
    depth: int = 0


@dataclass(slots=True, eq=False)
class Sequence:
    """`- a`, or `[a]`."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)
    size: int = 1
    depth: int = 0


@dataclass(slots=True, eq=False)
class Mapping:
    """`a: b`, or `{a: b}`. Keys are texts, with their places; the first of equal ones counts."""

    line: int
    column: int
    items: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Scalar] = field(default_factory=dict)
    size: int = 1
    depth: int = 0


Node = Scalar | Sequence | Mapping


class _Refused(Exception):
    """What ends reading at once; the problem is collected already."""


def read(text: str, problems: list[Problem]) -> Node | None:
    """The tree of the one document of a text; None when it can't be read or is empty. Adds to `problems`."""
    if len(text) > MOST_CHARACTERS:
        message = f"the document has {len(text)} characters, at most {MOST_CHARACTERS} are read"
        hint = "Split it, or keep data in files that tasks read."
        problems.append(Problem("too-large", message, line=1, column=1, hint=hint))
        return None
    if (strange := _STRANGE.search(text)) is not None:
        before = text[: strange.start()]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"not YAML: the character {ord(strange[0]):#06x} can't stand in a text"
        problems.append(Problem("syntax", message, line=line, column=column, hint=_WRITTEN))
        return None
    try:
        return _Reader(text, problems).document()
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part) or "it can't be read"
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        there = text.splitlines()[line - 1 : line] if mark is not None else []
        hint = _hint(message, there[0] if there else "", column)
        problems.append(Problem("syntax", f"not YAML: {message}", line=line, column=column, hint=hint))
    except yaml.YAMLError as error:
        problems.append(Problem("syntax", f"not YAML: {str(error).splitlines()[0]}", line=1, column=1))
    return None


def _hint(message: str, line: str, column: int) -> str:
    """What to do; `line` is where reading ended, in `column`."""
    if "\t" in line[: len(line) - len(line.lstrip())] or line[column - 1 : column] == "\t":
        return "Indent with spaces: YAML takes no tabs there."
    if "cannot start any token" in message:
        return f"A text that begins with {line[column - 1 : column]} needs quotes."
    return next((hint for words, hint in _HINTS.items() if any(word in message for word in words)), "")


_HINTS = {
    ("anchor", "alias"): "A text that begins with * or & needs quotes.",
    ("escape",): "Between double quotes a backslash begins a sign of its own: use single quotes, or write it twice.",
    ("did not find expected key",): "Check the indentation: what belongs together begins in the same column.",
    ("document start",): "Take what stands before it away, or the line of three dots: a file holds one flow.",
    (
        "mapping values",
        "expected <block end>",
        "flow mapping",
        "simple key",
    ): 'Check the indentation, and put quotes around texts that hold `: ` or `${{ … }}`: "${{ inputs.x }}".',
}
"""What to do about words of the library."""


_MERGED = "Say what several tasks have in common by policies: {name: {retry: 3}} and policy: name, or by defaults."


class _Reader:
    """One pass over the events of a text."""

    def __init__(self, text: str, problems: list[Problem]) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._problems = problems
        self._anchors: dict[str, Node | None] = {}
        self._count = 0

    def document(self) -> Node | None:
        node: Node | None = None
        started = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if started:
                    raise self._refused(event, "too-many", "a second document begins here", "Write one flow a file.")
                started = True
            elif isinstance(event, yaml.NodeEvent):
                node = self._node(event, 1)
        return node

    def _node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._alias(event, depth)
        self._spend(event, 1, depth)
        if kind is yaml.ScalarEvent and event.anchor is None and event.tag is None:
            mark = event.start_mark
            return Scalar(event.value, not event.style, mark.line + 1, mark.column + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if event.tag not in (None, "!"):
            hint = "Take the tag away: types follow from the fields. A text that begins with ! needs quotes."
            self._add(event, "tag", f"tags such as {event.tag} are not read", hint)
        node = self._content(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, depth: int) -> Node:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return Scalar(event.value, not event.style, line, column)
        events = self._events
        if kind is yaml.SequenceStartEvent:
            sequence = Sequence(line, column)
            while type(inner := next(events)) is not yaml.SequenceEndEvent:
                self._grow(sequence, item := self._node(inner, depth + 1))
                sequence.items.append(item)
            return sequence
        mapping = Mapping(line, column)
        while type(inner := next(events)) is not yaml.MappingEndEvent:
            key, value = self._node(inner, depth + 1), self._node(next(events), depth + 1)
            self._grow(mapping, value)
            self._put(mapping, inner, key, value)
        return mapping

    def _put(self, mapping: Mapping, event: Any, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self._add(event, "bad-key", "a key must be a text", "Write name: value.")
        elif key.text == "<<" and key.plain:
            self._add(event, "unknown-field", "merge keys (<<) are not read", _MERGED)
        elif key.text in mapping.items:
            first = mapping.keys[key.text].line
            hint = "Take one of them away, or name it otherwise."
            self._add(event, "duplicate-key", f"'{key.text}' stands here again, after line {first}", hint)
        else:
            mapping.items[key.text] = value
            mapping.keys[key.text] = key

    def _alias(self, event: Any, depth: int) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            known = event.anchor in self._anchors
            message = f"*{event.anchor} stands inside itself" if known else f"there is no anchor &{event.anchor}"
            self._add(event, "alias", message, "Write the value out, or put quotes around a text that begins with *.")
            node = Scalar("", True, event.start_mark.line + 1, event.start_mark.column + 1)
        self._spend(event, node.size, depth + node.depth)
        return node

    def _grow(self, outer: Sequence | Mapping, inner: Node) -> None:
        outer.size += inner.size
        outer.depth = max(outer.depth, inner.depth + 1)

    def _spend(self, event: Any, nodes: int, depth: int) -> None:
        self._count += nodes
        if self._count > MOST_NODES:
            message = f"the document has more than {MOST_NODES} values, aliases written out"
            raise self._refused(event, "too-large", message, "Keep data in files that tasks read.")
        if depth > MOST_DEPTH:
            raise self._refused(event, "too-deep", f"values are nested more than {MOST_DEPTH} deep", "Nest less.")

    def _add(self, event: Any, code: str, message: str, hint: str) -> None:
        mark = event.start_mark
        self._problems.append(Problem(code, message, line=mark.line + 1, column=mark.column + 1, hint=hint))

    def _refused(self, event: Any, code: str, message: str, hint: str) -> _Refused:
        self._add(event, code, message, hint)
        return _Refused()
