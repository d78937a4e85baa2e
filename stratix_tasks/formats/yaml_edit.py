"""Edits of a document that leave all else as it was written: comments, order, quotes, spaces.

What the old and the new flow say in canonical form is compared; where they differ, the text of the smallest field that holds
the difference is replaced. The result is read again: if it is not the new flow, the canonical text is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.formats import yaml_spans
from stratix_tasks.formats.yaml import load, read
from stratix_tasks.formats.yaml_spans import Span
from stratix_tasks.formats.yaml_write import WIDTH, data_of, dump, fragment
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.values import says_same

_Data = Mapping[str, Any]


def edit(text: str, spec: FlowSpec, executors: Executors = EXECUTORS) -> str:
    """The text of a document with what a changed flow says otherwise, and no more. An edit of nothing is the same text. `executors`
    are those that its nodes can use.

    FlowError `bad-document` for a text that is none; `not-portable` for what YAML has no word for.
    """
    edited = _changed(text, load(text, executors=executors), spec, executors)
    return dump(spec) if edited is None else edited


def mend(text: str, spec: FlowSpec, executors: Executors = EXECUTORS) -> str:
    """The same of a text in which something is wrong, and stays so but for what the flow says otherwise. FlowError `bad-document`
    where that can't be written there.
    """
    old, _ = read(text, executors=executors)
    edited = None if old is None else _changed(text, old, spec, executors)
    if edited is None:
        raise FlowError("mend it by hand: the text around it can't be read well enough", code="bad-document")
    return edited


def _changed(text: str, old: FlowSpec, spec: FlowSpec, executors: Executors) -> str | None:
    """None where what comes of it is not the flow."""
    if says_same(old, spec):
        return text
    editor = _Editor(text)
    editor.mapping(yaml_spans.read(text), data_of(old), data_of(spec))
    edited = editor.text()
    return edited if says_same(read(edited, executors=executors)[0], spec) else None


class _Editor:
    """Collects replacements of parts of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._changes: list[tuple[int, int, str]] = []

    def text(self) -> str:
        """The text with all replacements; of two at one place the first comes first."""
        made, at = "", 0
        for start, end, new in sorted(self._changes, key=lambda change: change[0]):
            made += self._text[at:start] + new
            at = max(at, end)
        return made + self._text[at:]

    def mapping(self, span: Span, old: _Data, new: _Data, field: str = "") -> None:
        """Bring a mapping from what it said to what it is to say. Its own order stays; what is new stands behind its
        neighbour in canonical order.
        """
        entries = span.entries
        assert entries is not None
        renamed = _renamed(old, new)
        kept = [name for name in entries if name not in old or name in new or name in renamed]
        if not kept:
            self._replace(span, span, new)
            return
        for name in old.keys() - new.keys() - renamed.keys():
            if name in entries:
                self._remove(span, name, kept)
        for name, other in renamed.items():
            key = entries[name][0]
            self._put(key.start, key.end, fragment(other))
            self._value(span, name, old[name], new[other])
        behind = ""
        for name, value in new.items():
            if name in renamed.values():
                behind = next(one for one, other in renamed.items() if other == name)
            elif name in entries:
                if name not in old or old[name] != value or type(old[name]) is not type(value):
                    self._value(span, name, old.get(name), value)
                behind = name
            else:
                self._insert(span, behind if behind in kept else "", name, value, field)

    # ------------------------------------------------------------------ one entry

    def _value(self, span: Span, name: str, old: Any, new: Any) -> None:
        """The value of an entry; a mapping of the same form part by part."""
        assert span.entries is not None
        key, value = span.entries[name]
        if old == new and type(old) is type(new):
            return
        if (
            isinstance(old, dict)
            and isinstance(new, dict)
            and value.entries
            and old.keys() <= value.entries.keys()
            and new
        ):
            self.mapping(value, old, new, name)
            return
        if isinstance(old, list) and isinstance(new, list) and len(old) == len(new) == len(value.items):
            for item, before, after in zip(value.items, old, new, strict=True):
                if before != after or type(before) is not type(after):
                    self._put(item.start, item.end, fragment(after))
            return
        self._replace(key, value, new, span.in_flow)

    def _replace(self, key: Span, value: Span, new: Any, in_flow: bool = False) -> None:
        """A value as a whole: on its line where it stands and fits there, else on lines of its own."""
        line = fragment(new)
        on_lines = not value.in_flow and (value.entries is not None or value.items)
        fits = not isinstance(new, dict | list) or key.column + len(line) <= WIDTH
        if in_flow or key is value or (fits and not on_lines):
            gap = " " if self._text[value.start - 1 : value.start] == ":" else ""
            tail = "\n" if self._text[value.start : value.end].endswith("\n") else ""
            self._put(value.start, value.end, gap + line + tail)
            return
        name = self._text[key.start : key.end]
        text = _indented({"x": new}, key.column)
        self._put(key.start, value.end, name + text.lstrip()[1:].rstrip("\n"))

    def _remove(self, span: Span, name: str, kept: list[str]) -> None:
        assert span.entries is not None
        key, value = span.entries[name]
        if not span.in_flow:
            start = self._text.rfind("\n", 0, key.start) + 1
            end = value.end if self._text[value.end - 1 : value.end] == "\n" else self._line_end(value.end)
            self._put(start, end, "")
            return
        names = list(span.entries)
        behind = [other for other in names[names.index(name) + 1 :] if other in kept]
        if behind:
            self._put(key.start, span.entries[names[names.index(name) + 1]][0].start, "")
        else:
            self._put(span.entries[names[names.index(name) - 1]][1].end, value.end, "")

    def _insert(self, span: Span, behind: str, name: str, value: Any, field: str) -> None:
        assert span.entries is not None
        if span.in_flow:
            last = list(span.entries.values())[-1][1]
            place = span.entries[behind][1].end if behind else last.end
            self._put(place, place, f", {fragment(name)}: {fragment(value)}")
            return
        first = next(iter(span.entries.values()))[0]
        text = _indented({name: value}, first.column, field)
        if not behind:
            self._put(first.start, first.start, text.lstrip(" ") + " " * first.column)
            return
        end = span.entries[behind][1].end
        place = end if self._text[end - 1 : end] == "\n" else self._line_end(end)
        new_line = "" if self._text[place - 1 : place] == "\n" else "\n"
        self._put(place, place, new_line + text)

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found + 1

    def _put(self, start: int, end: int, new: str) -> None:
        self._changes.append((start, end, new))


def _indented(data: _Data, column: int, field: str = "") -> str:
    """Entries of a field on lines of their own."""
    made = fragment(data, block=True, field=field).splitlines(keepends=True)
    return "".join(" " * column + line if line.strip() else line for line in made)


def _renamed(old: _Data, new: _Data) -> dict[str, str]:
    """Entries that have another name and say the same, or are the only ones that went and came."""
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    if not all(isinstance(old[name], dict) for name in gone):
        return {}
    made = {}
    for name in gone:
        same = next((other for other in come if new[other] == old[name]), None)
        if same is not None:
            made[name] = same
            come.remove(same)
    left = [name for name in gone if name not in made]
    alike = len(left) == len(come) == 1 and isinstance(new[come[0]], dict)
    return {**made, left[0]: come[0]} if alike else made
