"""Names to go on with where somebody types a value or an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stratix_tasks.look.ports import Ports
from stratix_tasks.spec.types import NAMED, type_text
from stratix_tasks.spec.vocabulary import SEEN
from stratix_tasks.view.messages import Completion, Named, Typed

_WORD = re.compile(r"[A-Za-z_][\w.]*$")
_ROOTS = (("tasks", "tasks", ""), ("inputs", "inputs", ""))
_IN_LIST = re.compile(r"\b(?:needs|catch)[ ]*:[ ]*(?:\[([^\[\]{}#\n]*,)?[ ]*|((?:\n[ ]*-[^\n]*)*)\n[ ]*-[ ]+)$")
"""A text that ends in a list of names of tasks, as a document has it: `needs: [load, `, or a line with a dash below it."""
_NAMES = re.compile(r"\w+")
ERROR = ("message", "type", "code")
"""What a node sees of the error that it catches."""
MOST = 12
TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
    "date": "a day",
    "datetime": "a day and time",
    "Path": "a file or folder",
    "list[str]": "texts",
    "list[int]": "whole numbers",
    "dict[str, any]": "values by name",
    "Secret": "the name of a secret",
    "any": "anything",
}
"""The types that most inputs have, and what they are for people."""


def completion(ports: Ports, node: str, text: str, at: int, of: Typed) -> Completion:
    """Of a field of a node, whose text is written up to `at`. Where it is no expression, and none is open, a name stands for the whole."""
    before, is_expression = text[:at], of == "expression"
    match = _WORD.search(before)
    word = match[0] if match is not None else ""
    if of == "type":
        types = [name for name in dict.fromkeys((*TYPES, *NAMED)) if _begins(name, word) and name != word]
        told: list[Named] = [{"text": name, "about": TYPES.get(name, "")} for name in types[:MOST]]
        return {"start": at - len(word), "names": told}
    listed = _IN_LIST.search(before[: len(before) - len(word)])
    if listed is not None and not is_expression:
        there = {node, *_NAMES.findall(listed[1] or listed[2] or "")}
        fitting = [name for name in ports.graph.spec.tasks if name not in there and name != word]
        return {
            "start": at - len(word),
            "names": [_named(ports, name) for name in fitting if _begins(name, word)][:MOST],
        }
    inside = is_expression or before.rfind("${{") > before.rfind("}}")
    if not word or not (inside or word == text.strip()):
        return {"start": at, "names": []}
    around, _, last = word.rpartition(".")
    found = [
        {"text": said if inside else f"${{{{ {said} }}}}", "about": about}
        for name, said, about in (*_known(ports, node, around), *(_ROOTS if inside and not around else ()))
        if _begins(name, last) and name != last
    ]
    names: list[Named] = [{"text": one["text"], "about": one["about"]} for one in found[:MOST]]
    return {"start": at - len(last if inside else word), "names": names}


def _begins(name: str, typed: str) -> bool:
    return name.lower().startswith(typed.lower())


def _named(ports: Ports, name: str) -> Named:
    return {"text": name, "about": _text(ports, name)}


def _known(ports: Ports, node: str, around: str) -> Iterator[tuple[str, str, str]]:
    """By what is typed of it: a name, what is written for it, and its type."""
    spec = ports.graph.spec
    tasks = [name for name in spec.tasks if name != node]
    if around in ("", "tasks"):
        end = "" if around else "tasks."
        for name in tasks:
            yield name, f"{end}{name}.output", _text(ports, name)
    if around in ("", "inputs"):
        for name, one in spec.inputs.items():
            yield name, name if around else f"inputs.{name}", one.type
    if node in spec.tasks and spec.tasks[node].catch and around in ("", "error"):
        yield from ((fact if around else f"error.{fact}", fact if around else f"error.{fact}", "str") for fact in ERROR)
    root, _, named = around.partition(".")
    if root == "tasks" and named in tasks:
        yield from ((fact, fact, _text(ports, named) if fact == "output" else "") for fact in SEEN)


def _text(ports: Ports, name: str) -> str:
    text = type_text(ports.source(name))
    return "" if text == "any" else text
