"""The edits that there are. Each is plain data, from Python, a view or a file: `{"edit": "rename", "node": "a", "to": "b"}`.

A node is named as everywhere, `price.fetch` inside a sub-flow: what is edited there is the flow's definition, so that all its uses
follow. What is said of a node, an input or a flow is said as in a YAML document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.problems import did_you_mean

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a flow. Its text tells people what it does."""

    word: ClassVar[str] = ""
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Add(Edit):
    """A new node that `says` what a document would: `{"call": "clean", "with": {…}}`. Without a name it gets that of what it calls;
    `at` is its upper left corner in pixels. In a sub-flow of a node: `node="price."` or `"price.fetch"`.
    """

    word: ClassVar[str] = "add"
    says: Mapping[str, Any]
    node: str = ""
    at: Point | None = None

    def __str__(self) -> str:
        return f"add {self.node or _what(self.says)}"


@dataclass(frozen=True, slots=True)
class Paste(Edit):
    """The tasks of a YAML text, and the flows that they use, into the flow of the node `into` (empty: the outermost one)."""

    word: ClassVar[str] = "paste"
    text: str
    into: str = ""
    at: Point | None = None

    def __str__(self) -> str:
        return "paste"


@dataclass(frozen=True, slots=True)
class Remove(Edit):
    """Nodes, with the wires to and from them."""

    word: ClassVar[str] = "remove"
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        return f"remove {_listed(self.nodes)}"


@dataclass(frozen=True, slots=True)
class Rename(Edit):
    """A node; all that names it follows."""

    word: ClassVar[str] = "rename"
    node: str
    to: str

    def __str__(self) -> str:
        return f"rename {self.node} to {self.to}"


@dataclass(frozen=True, slots=True)
class Connect(Edit):
    """The output of `source` becomes the argument `port` of `target`; without a port `target` only waits for it. A source that is an
    input of the flow is named `inputs.day`. `path` are steps into the output: `["rows"]`.
    """

    word: ClassVar[str] = "connect"
    source: str
    target: str
    port: str = ""
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return f"connect {self.source} → {self.target}"


@dataclass(frozen=True, slots=True)
class Disconnect(Edit):
    """All that `target` takes of `source`, or the argument `port` alone; that it waits for it, too."""

    word: ClassVar[str] = "disconnect"
    source: str
    target: str
    port: str = ""

    def __str__(self) -> str:
        return f"disconnect {self.source} → {self.target}"


@dataclass(frozen=True, slots=True)
class Set(Edit):
    """A field of a node, as a document has it: `retry`, `when`, `each`, `needs`, …, `with.url` for an argument, or `over.url` for one
    that is mapped: each item gets one element. None takes it away."""

    word: ClassVar[str] = "set"
    node: str
    field: str
    value: Any = None

    def __str__(self) -> str:
        return f"{'unset' if self.value is None else 'set'} {self.field.removeprefix('with.')} of {self.node}"


@dataclass(frozen=True, slots=True)
class Pin(Edit):
    """A value, as a document has it, in place of what a node gives: the node is not run any more. None is a value, too."""

    word: ClassVar[str] = "pin"
    node: str
    value: Any

    def __str__(self) -> str:
        return f"pin {self.node}"


@dataclass(frozen=True, slots=True)
class Unpin(Edit):
    """A node is run again, in whose place a value stood."""

    word: ClassVar[str] = "unpin"
    node: str

    def __str__(self) -> str:
        return f"unpin {self.node}"


@dataclass(frozen=True, slots=True)
class SetFlow(Edit):
    """A field of a flow: an option, `output`, or `inputs.day` for an input. `node` is the node that holds the flow (empty: the outermost).
    None takes it away.
    """

    word: ClassVar[str] = "set-flow"
    field: str
    value: Any = None
    node: str = ""

    def __str__(self) -> str:
        return f"{'unset' if self.value is None else 'set'} {self.field}{f' of {self.node}' if self.node else ''}"


@dataclass(frozen=True, slots=True)
class RenameInput(Edit):
    """An input of a flow; all that names it follows, where the flow is called, too."""

    word: ClassVar[str] = "rename-input"
    input: str
    to: str
    node: str = ""

    def __str__(self) -> str:
        return f"rename input {self.input} to {self.to}"


@dataclass(frozen=True, slots=True)
class Replace(Edit):
    """What a node calls, uses or holds, by another one that `says` what a document would; wires are kept by name, then in order, if
    `ports` (the names that the new one takes) are given.
    """

    word: ClassVar[str] = "replace"
    node: str
    says: Mapping[str, Any]
    ports: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"replace {self.node} by {_what(self.says)}"


@dataclass(frozen=True, slots=True)
class Move(Edit):
    """Places of nodes: name to the upper left corner in pixels; None gives a node back to the layout."""

    word: ClassVar[str] = "move"
    places: Mapping[str, Point | None]

    def __str__(self) -> str:
        what = "tidy" if all(place is None for place in self.places.values()) else "move"
        return f"{what} {_listed([*self.places])}"


@dataclass(frozen=True, slots=True)
class Group(Edit):
    """Nodes of one flow become a flow of their own, called `flow`, in whose place a node stands."""

    word: ClassVar[str] = "group"
    nodes: tuple[str, ...]
    flow: str

    def __str__(self) -> str:
        return f"group {_listed(self.nodes)} as {self.flow}"


@dataclass(frozen=True, slots=True)
class Ungroup(Edit):
    """The nodes of a sub-flow in place of the node that holds it."""

    word: ClassVar[str] = "ungroup"
    node: str

    def __str__(self) -> str:
        return f"unpack {self.node}"


@dataclass(frozen=True, slots=True)
class Text(Edit):
    """The flow that a YAML document says, in place of what there is."""

    word: ClassVar[str] = "text"
    text: str

    def __str__(self) -> str:
        return "edit the text"


@dataclass(frozen=True, slots=True)
class Restore(Edit):
    """Fields of the document as they were: what takes another edit back. It is made by `apply`, and holds parts of the document."""

    word: ClassVar[str] = "restore"
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"restore {', '.join(self.fields)}"


WORDS: dict[str, type[Edit]] = {
    kind.word: kind
    for kind in (
        Add,
        Paste,
        Remove,
        Rename,
        Connect,
        Disconnect,
        Set,
        Pin,
        Unpin,
        SetFlow,
        RenameInput,
        Replace,
        Move,
        Group,
        Ungroup,
        Text,
    )
}
"""Those that can be said."""


def edit_of(said: Edit | Mapping[str, Any]) -> Edit:
    """An edit, which may be given as data. FlowError `bad-edit` that says what is missing or unknown."""
    if isinstance(said, Edit):
        return said
    if not isinstance(said, Mapping) or not isinstance(said.get("edit"), str):
        raise FlowError('an edit is a mapping such as {"edit": "rename", "node": "a", "to": "b"}', code="bad-edit")
    word = said["edit"]
    if word not in WORDS:
        raise FlowError(f"there is no edit '{word}'. {did_you_mean(word, WORDS)}", code="bad-edit")
    from pydantic import ValidationError

    try:
        return _reader(word).validate_python({name: value for name, value in said.items() if name != "edit"})
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        known = ", ".join(one.name for one in fields(WORDS[word]))
        raise FlowError(f"'{word}': {where}: {wrong['msg']}. It takes {known}", code="bad-edit") from None


@cache
def _reader(word: str) -> TypeAdapter[Edit]:
    from pydantic import TypeAdapter

    return TypeAdapter(WORDS[word])


def data_of(edit: Edit) -> dict[str, Any]:
    """An edit as the data that `edit_of` takes."""
    said = {one.name: getattr(edit, one.name) for one in fields(edit)}
    return {"edit": edit.word, **said}


def _what(says: Mapping[str, Any]) -> str:
    """What a node does, for people."""
    named = next((str(says[name]) for name in ("call", "flow", "uses") if says.get(name)), "a node")
    return named.rpartition(":")[2]


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
