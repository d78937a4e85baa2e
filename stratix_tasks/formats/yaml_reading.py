"""Reading fields of a located tree: each reader answers with a value, or notes a problem and answers WRONG."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from collections.abc import Mapping as Map
from functools import partial
from typing import Any, Final

from stratix_tasks.formats.yaml_scalars import is_null, resolve
from stratix_tasks.formats.yaml_tree import Mapping, Node, Scalar, Sequence
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.foreign import said_here
from stratix_tasks.spec.model import MOST, NAME
from stratix_tasks.spec.names import as_name
from stratix_tasks.spec.problems import Path, Problem, Remedy, did_you_mean, nearest
from stratix_tasks.spec.vocabulary import LATER

WRONG: Final = object()
Reader = Callable[[Node], Any]
_NAME = re.compile(NAME)
MOST_PROBLEMS = 200
"""Of a document that are listed, and as many warnings; the others are counted."""
_ALL = 50
"""Of what is allowed all is told, where a word is near to none of it."""


class Reading:
    """One document being read: its lines, the problems so far, and the node (`task`) that is being read."""

    def __init__(self, text: str, file: str = "") -> None:
        self.lines = text.splitlines()
        self.file = file
        self.problems: list[Problem] = []
        self.noted = {False: 0, True: 0}
        """How many problems, and warnings."""
        self.task = ""

    def wrong(
        self,
        node: Node,
        code: str,
        message: str,
        hint: str | Callable[[], str] = "",
        word: str = "",
        shift: int = 0,
        warning: bool = False,
        at: Path = (),
        remedy: Remedy | None = None,
    ) -> Any:
        """Note a problem at a node, or at a word inside of a text, and answer WRONG. A hint that has to be looked for is given by
        what does so: of those that are not listed nobody asks it."""
        self.noted[warning] += 1
        if self.noted[warning] > MOST_PROBLEMS:
            return WRONG
        column = node.column + shift
        if isinstance(node, Scalar) and word and node.line <= len(self.lines):
            found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.lines[node.line - 1][column - 1 :])
            column += found.start() if found is not None else 0
        told = hint if isinstance(hint, str) else hint()
        self.problems.append(Problem(code, message, self.task, node.line, told, self.file, column, warning, at, remedy))
        return WRONG

    def take(self, problems: list[Problem]) -> None:
        """Those of the text as such."""
        self.problems += problems[:MOST_PROBLEMS]
        self.noted[False] += len(problems)

    def count_rest(self, node: Node, cut: bool) -> None:
        """Say how many problems are not listed, where all were looked for."""
        for warning, what in ((False, "problems"), (True, "warnings")):
            if (rest := self.noted[warning] - MOST_PROBLEMS) > 0:
                message = f"there are {'' if cut else f'{rest} '}more {what}, which are not listed"
                hint = "Mend those that are listed first."
                self.problems.append(Problem("too-many", message, "", node.line, hint, self.file, node.column, warning))

    # ------------------------------------------------------------------ mappings and lists

    def entries(self, node: Node, what: str) -> dict[str, Node]:
        """Keys and values of a mapping; nothing for an empty value."""
        if isinstance(node, Mapping):
            return node.items
        if not absent(node):
            message = f"{what} must be a mapping of name: value, not {shown(node)}"
            self.wrong(node, "bad-value", message, _as_mapping(node, what))
        return {}

    def fields(
        self, node: Node, readers: Map[str, Reader], what: str, keep_null: Collection[str] = ()
    ) -> dict[str, Any]:
        """The fields of a mapping that could be read. Unknown ones and those of a later version are problems."""
        made: dict[str, Any] = {}
        entries = self.entries(node, what)
        for name, value in entries.items():
            reader = readers.get(name)
            if reader is None:
                assert isinstance(node, Mapping)
                self._unknown(node.keys[name], value, name, readers, what)
            elif name in keep_null or not absent(value):
                got = reader(value)
                if got is not WRONG:
                    made[name] = got
        return made

    def listed(self, node: Node, reader: Reader, what: str) -> Any:
        """A list of values that could be read."""
        if not isinstance(node, Sequence):
            return self.wrong(node, "bad-value", f"{what} must be a list, not {shown(node)}", "Write [a, b].")
        return [got for item in node.items if (got := reader(item)) is not WRONG]

    def one_or_more(self, node: Node, what: str, names: bool = False) -> Any:
        """A text, or a list of texts, as a tuple; of `names` each is one word."""
        if isinstance(node, Scalar) and names and len(words := node.text.replace(",", " ").split()) > 1:
            return self.wrong(node, "bad-value", f"{what} can't be {node.text!r}", f"Write [{', '.join(words)}].")
        if isinstance(node, Scalar):
            return (node.text,)
        got = self.listed(node, lambda item: self.text(item, what), what)
        return got if got is WRONG else tuple(got)

    def _unknown(self, key: Scalar, value: Node, name: str, known: Collection[str], what: str) -> None:
        def hint() -> str:
            task = what == "a flow" and isinstance(value, Mapping) and not nearest(name, known)
            place = f"If it is a task, it stands under tasks: {{{name}: …}}." if task else ""
            return said_here(name, what, known) or place or did_you_mean(name, known, most=_ALL)

        if name in LATER:
            self.wrong(
                key, "not-available", f"'{name}' of {what} is not available in this version", said_here(name, what)
            )
        else:
            self.wrong(key, "unknown-field", f"{what} has no field '{name}'", hint)

    # ------------------------------------------------------------------ scalars

    def text(self, node: Node, what: str) -> Any:
        """A text, however it looks: `on` and `1.10` stay what they are."""
        if isinstance(node, Scalar):
            return node.text
        return self.wrong(node, "bad-value", f"{what} must be a text, not {shown(node)}")

    def name(self, node: Node, what: str) -> Any:
        """A text that can be a name."""
        got = self.text(node, what)
        if got is WRONG or _NAME.fullmatch(got):
            return got
        hint = "Write letters from a to z, in either case, digits and _, at most 64, not a digit first."
        return self.wrong(node, "bad-name", f"'{got}' can't be {what}", f"{hint}{as_name(got)}")

    def whole(self, node: Node, what: str, least: int | None = None) -> Any:
        """A whole number, at least `least`."""
        got = resolve(node.text) if isinstance(node, Scalar) and node.plain else None
        if type(got) is int and (-MOST if least is None else least) <= got <= MOST:
            return got
        more = "" if least is None else f" of {least} or more"
        more = f" of {MOST} or less" if type(got) is int and got > MOST else more
        return self.wrong(
            node, "bad-value", f"{what} must be a whole number{more}, not {shown(node)}", _as_number(node)
        )

    def switch(self, node: Node, what: str) -> Any:
        """True or false."""
        got = resolve(node.text) if isinstance(node, Scalar) and node.plain else None
        if type(got) is bool:
            return got
        word = node.text.lower() if isinstance(node, Scalar) else ""
        hint = "Write true." if word in _YES else "Write false." if word in _NO else ""
        return self.wrong(node, "bad-value", f"{what} must be true or false, not {shown(node)}", hint)

    def number(self, node: Node, what: str) -> Any:
        """A number, none that is infinite or none at all."""
        got = resolve(node.text) if isinstance(node, Scalar) and node.plain else None
        if isinstance(got, int | float) and type(got) is not bool and abs(got) <= MOST:
            return got
        return self.wrong(node, "bad-value", f"{what} must be a number, not {shown(node)}", _as_number(node))

    def duration(self, node: Node, what: str, some: bool = False) -> Any:
        """Seconds; with `some` more than none."""
        if not isinstance(node, Scalar):
            hint = _as_duration(node)
            return self.wrong(node, "bad-value", f"{what} must be a duration such as 30s, not {shown(node)}", hint)
        given = resolve(node.text) if node.plain else node.text
        try:
            return seconds(given if isinstance(given, int | float) else node.text, some=some)
        except ValueError as error:
            return self.wrong(node, "bad-value", f"{what}: {error}")

    def choice(self, node: Node, what: str, allowed: Collection[str]) -> Any:
        """One of some words."""
        if isinstance(node, Scalar) and node.text in allowed:
            return node.text
        hint = partial(did_you_mean, node.text, allowed) if isinstance(node, Scalar) else ""
        return self.wrong(node, "bad-value", f"{what} must be {' or '.join(sorted(allowed))}, not {shown(node)}", hint)


def absent(node: Node) -> bool:
    """Whether a field is left empty."""
    return isinstance(node, Scalar) and node.plain and is_null(node.text)


def _as_mapping(node: Node, what: str) -> str:
    """How to write it."""
    if isinstance(node, Sequence) and what in ("tasks", "inputs", "flows", "finally", "policies", "pools"):
        return f"Write each with its name as the key: {what}: {{name: …}}, and no `-` before it."
    if what == "with":
        return 'Write with: {name: value}; those that have no name stand in a list: with: {"*": [1, 2]}.'
    if isinstance(node, Scalar) and what == "a task":
        return f"Write {{call: {node.text}}}."
    if isinstance(node, Scalar) and what.startswith("input "):
        value = resolve(node.text) if node.plain else node.text
        return f"Write {{type: {node.text}}}." if type(value) is str else f"Write {{default: {node.text}}}."
    return ""


_YES, _NO = ("yes", "y", "on", "true", "1"), ("no", "n", "off", "false", "0")


def _as_number(node: Node) -> str:
    """How a number is written that looks like none: between quotes, with zeros in front, signs in it, or as a power of ten."""
    try:
        number = float(node.text.replace("_", "").strip()) if isinstance(node, Scalar) else None
    except ValueError:
        return ""
    if number is None or not abs(number) <= MOST or number != int(number):
        return ""
    return (
        f"Write {int(number)}."
        if isinstance(node, Scalar) and (node.text != str(int(number)) or not node.plain)
        else ""
    )


def _as_duration(node: Node) -> str:
    """How `{minutes: 5}` is written."""
    if not isinstance(node, Mapping) or not node.items:
        return ""
    parts = [(one.text, name[0]) for name, one in node.items.items() if isinstance(one, Scalar) and name]
    fits = len(parts) == len(node.items) and all(text.isdigit() and unit in "smhdw" for text, unit in parts)
    return f"Write {''.join(text + unit for text, unit in parts)}." if fits else ""


def shown(node: Node) -> str:
    """A node in a message."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return repr(node.text if len(node.text) <= 60 else f"{node.text[:57]}…")
