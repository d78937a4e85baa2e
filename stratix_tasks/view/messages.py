"""What views are told and what they ask, as types: `look` and `view` return them, `mypy` holds them.

`widget/src/model/messages.ts` is made from this file by `scripts/messages.py`: change a message here, then run it. A row
that there are many of is a tuple, whose places have names. Times are Unix seconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

Able = Literal[True] | str
"""True, or why it can't be done now."""
Can = dict[str, Able]
"""By verb what can be done now."""
Pair = tuple[str, str]
Point = tuple[float, float]

# ---------------------------------------------------------------------- a flow

Edge = tuple[
    Annotated[int, "from"],
    Annotated[int, "to"],
    Annotated[Literal["data", "order", "when", "catch"], "kind"],
]


class Problem(TypedDict):
    code: str
    message: str
    node: str
    line: int
    hint: str


class Interrupted(TypedDict):
    """A run whose kernel has ended before it did."""

    id: str
    created: float


class FlowInfo(TypedDict):
    """A flow as a whole; `start` tells whether the view can start it."""

    name: str
    description: str
    problems: list[Problem]
    start: Able
    interrupted: NotRequired[list[Interrupted]]


class NodeOutline(TypedDict):
    """A node before it has a place: `parent` is -1, or the group it lies in; `wait` its kind if it waits, and what it `asks`;
    `badge` says how it begins or goes on, where that is not as usual.
    """

    name: str
    label: str
    kind: str
    parent: int
    doc: str
    wait: str
    asks: str
    badge: str
    call: str
    config: list[Pair]
    inputs: list[Pair]
    when: str | None


class NodeInfo(NodeOutline):
    """A node and its place; `line` is what its card says below its name before anything runs."""

    line: str
    x: float
    y: float
    w: float
    h: float


# ---------------------------------------------------------------------- a run

Status = tuple[
    Annotated[int, "state"],
    Annotated[int, "flags"],
    Annotated[int, "attempt"],
    Annotated[int, "done"],
    Annotated[int, "total"],
    Annotated[int, "failed"],
    Annotated[int, "running"],
    Annotated[int, "skipped"],
    Annotated[float | None, "progress"],
    Annotated[float | None, "started"],
    Annotated[float | None, "ended"],
    Annotated[float | None, "due"],
]
"""How a node or item stands. `done` to `skipped` count the items of a group; `flags` are those of `view/source.py`."""
Texts = dict[Literal["error", "progress", "summary", "reason", "wait", "signal", "ill"], str]
"""What a card says beside its state: of a node that waits what is asked, and the name of the signal; `ill`: what is wrong with
what it uses.
"""


class ForkedFrom(TypedDict):
    run: str
    node: str | None


class Left(TypedDict):
    """Of an interrupted run: when its last step was recorded, and the functions that are missing or changed here."""

    at: float
    missing: list[str]
    changed: list[str]


class RunInfo(TypedDict):
    """A run as a whole; `waits` counts what it waits for by kind, while nothing else moves it."""

    id: str
    state: str
    reason: str | None
    started: float
    ended: float | None
    inputs: list[Pair]
    error: str | None
    counts: dict[str, int]
    done: int
    total: int
    waits: dict[str, int]
    can: Can
    forked_from: ForkedFrom | None
    left: NotRequired[Left]


# ---------------------------------------------------------------------- one node or item

ItemRow = tuple[
    Annotated[int, "index"],
    Annotated[str | None, "key"],
    Annotated[Status, "status"],
    Annotated[str, "text"],
]
LogRow = tuple[Annotated[float, "at"], Annotated[str, "level"], Annotated[str, "text"]]
Metric = tuple[Annotated[str, "name"], Annotated[float, "value"]]
Argument = TypedDict(
    "Argument",
    {
        "name": str,
        "type": str,
        "text": str,
        "from": str,
        "set": bool,
        "as": Literal["json", "text"],
        "edit": str | None,
        "why": str,
    },
)
"""`type` is its annotation, if there is one. `edit` is the text of an editor, None
where `why` tells that there is none; empty for a value that is not there yet."""


class AskedField(TypedDict):
    """A field that somebody is to fill in: `label` above it, `choices` and `hint` as texts; what is `plain` is a text as it is,
    anything else JSON."""

    name: str
    label: str
    hint: str
    choices: list[str]
    switch: bool
    plain: bool
    required: bool


Waiting = TypedDict(
    "Waiting",
    {
        "for": str,
        "since": float,
        "due": float | None,
        "message": NotRequired[str],
        "name": NotRequired[str],
        "fields": NotRequired[list[AskedField]],
    },
)
"""What is waited for: a sleep, an approval (its message), a signal (its name), an input (its message and fields)."""


class Approval(TypedDict):
    """Who approved, and when (ISO 8601)."""

    by: str
    at: str


class Attempt(TypedDict):
    attempt: int
    state: str
    error: str | None


class Output(TypedDict):
    text: str
    type: str
    shape: str


class Failure(TypedDict):
    type: str
    message: str
    traceback: str


class ItemPage(TypedDict):
    """Some rows of `total`."""

    total: int
    rows: list[ItemRow]


class Inspection(TypedDict):
    """All that the inspector shows of a node or item; `args` are there to be edited, `dropped` counts lines not kept."""

    name: str
    state: str
    attempt: int
    attempts: list[Attempt]
    inputs: list[Pair]
    args: list[Argument]
    output: Output | None
    logs: list[LogRow]
    dropped: int
    error: Failure | None
    metrics: list[Metric]
    code: str
    why: str
    ill: str
    wait: Waiting | None
    approved: Approval | None
    can: Can


# ---------------------------------------------------------------------- to a view


class Snapshot(TypedDict):
    """The whole view.

    `bends`: by an edge's place in `edges` the points that it passes; between 2i and 2i + 1 it runs level. `told` and
    `items`, by node: in a page with nothing behind it what is otherwise asked for.
    """

    v: Literal[1]
    seq: int
    mode: Literal["live", "static"]
    now: float
    flow: FlowInfo
    run: RunInfo | None
    nodes: list[NodeInfo]
    edges: list[Edge]
    bends: dict[str, list[Point]]
    status: list[Status]
    texts: dict[str, Texts]
    told: NotRequired[dict[str, Inspection]]
    items: NotRequired[dict[str, ItemPage]]


class Patch(TypedDict):
    """What changed; the records of nodes that did are its buffer."""

    type: Literal["patch"]
    seq: int
    now: float
    run: RunInfo | None
    texts: dict[str, Texts]


class Afresh(TypedDict):
    type: Literal["snapshot"]
    snapshot: Snapshot


class Refusal(TypedDict):
    code: str
    message: str


class Reply(TypedDict):
    """The answer to what bore this number."""

    type: Literal["reply"]
    id: int
    ok: bool
    error: Refusal | None
    result: Any


Told = Patch | Afresh | Reply

# ---------------------------------------------------------------------- from a view


class Request(TypedDict):
    """Asks a run, a node or an item for something; `target` is None for the run."""

    type: Literal["request"]
    id: int
    verb: str
    target: str | None
    args: dict[str, Any]


class Inspect(TypedDict):
    type: Literal["inspect"]
    id: int
    node: str
    item: int | None


class Items(TypedDict):
    type: Literal["items"]
    id: int
    node: str
    start: int
    stop: int


class WhatCan(TypedDict):
    """Asks what can be done now with a node or item."""

    type: Literal["can"]
    id: int
    node: str
    item: int | None


class Resync(TypedDict):
    type: Literal["resync"]


Asked = Request | Inspect | Items | WhatCan | Resync


class Answers(TypedDict):
    """By what is asked the result of its reply."""

    request: None
    inspect: Inspection
    items: ItemPage
    can: Can
