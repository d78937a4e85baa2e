"""What views are told and what they ask, as types: `look` and `view` return them, `mypy` holds them.

`widget/src/model/messages.ts` is made from this file by `scripts/messages.py`: change a message here, then run it. A row
that there are many of is a tuple, whose places have names. Times are Unix seconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

Able = Literal[True] | str
"""True, or why it can't be done now. What would be made wrong by it is told when it is asked: see `Refusal`."""
Can = dict[str, Able]
"""By verb what can be done now."""
Pair = tuple[str, str]
Point = tuple[float, float]

# ---------------------------------------------------------------------- a flow

Edge = tuple[
    Annotated[int, "from"],
    Annotated[int, "to"],
    Annotated[Literal["data", "order", "when", "catch", "ends"], "kind"],
]
"""`ends`: from a step to what it ends, which need not come after it; all of these stand behind the others."""


class Problem(TypedDict):
    """What is wrong with a flow; with `warning` what is worth knowing, and keeps it from nothing."""

    code: str
    message: str
    node: str
    line: int
    hint: str
    warning: bool


class Interrupted(TypedDict):
    """A run whose kernel has ended before it did."""

    id: str
    created: float


class CardLook(TypedDict):
    """How nodes that use something look: its name for people, the path of an icon around the middle, from -6 to 6, and its colour. Each
    may be empty."""

    title: str
    icon: str
    accent: str


class FlowInfo(TypedDict):
    """A flow as a whole; `start` tells whether the view can start it, `asks` whether it has inputs; `cards` are by what nodes use;
    `unsaved` counts the edits that nobody has saved."""

    name: str
    description: str
    problems: list[Problem]
    start: Able
    asks: bool
    cards: dict[str, CardLook]
    interrupted: NotRequired[list[Interrupted]]
    unsaved: NotRequired[int]


class NodeOutline(TypedDict):
    """A node before it has a place: `parent` is -1, or the group it lies in; `wait` its kind if it waits; `uses` names a card of the
    flow, where it has one, and `subtitle` is what that says then; `badge` says how it begins or goes on, where that is not
    as usual, `begins` alone what its shape says of that; `gives` is the type of what its function returns, where that is said.
    """

    name: str
    label: str
    kind: str
    parent: int
    doc: str
    wait: str
    uses: str
    subtitle: str
    badge: str
    begins: Literal["", "join", "catch", "always"]
    call: str
    gives: str
    config: list[Pair]
    inputs: list[Pair]
    when: str | None
    diff: NotRequired[Literal["added", "removed", "changed"]]
    """What became of it, where two flows are drawn as one."""


class Fold(TypedDict):
    """A stack of like siblings: its `members` are nodes, `label` what their names begin with; its place in the group `parent`.

    It stands for them as a node with the number `len(nodes) + its place in the list` would.
    """

    label: str
    members: list[int]
    parent: int
    x: float
    y: float
    w: float
    h: float


class Room(TypedDict):
    """The two sizes of a sub-flow or stack: its frame with all that lies in it, and its card."""

    open: Point
    closed: Point


class NodeInfo(NodeOutline):
    """A node and its place; `line` is what its card says below its name before anything runs, `foot` what it says below that: on
    what condition it runs, and its badge.
    """

    line: str
    foot: str
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
"""How a node or item stands. `done` to `skipped` count the items of a group; `flags` are those of `view/source.py`. A group that had ended
and was opened again has `started` later by as long as it rested: up to `ended`, or now, it is how long it took.
"""
Note = Literal["error", "progress", "summary", "size", "reason", "wait", "signal", "ill"]
Texts = dict[Note, str]
"""What a card says beside its state: of a node that waits what is asked, and the name of the signal; `ill`: what is wrong with
what it uses. `size` stands on edges: how much it gave, in a few characters.
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
    """A run as a whole; `waits` counts what it waits for by kind, while nothing else moves it, `absorbed` bad ends that others
    went on without; `until` are the nodes that it was asked to go until, `usual` how many seconds runs of its flow take.
    """

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
    absorbed: int
    waits: dict[str, int]
    can: Can
    forked_from: ForkedFrom | None
    until: list[str]
    usual: float | None
    left: NotRequired[Left]


# ---------------------------------------------------------------------- one node or item

ItemRow = tuple[
    Annotated[int, "index"],
    Annotated[str | None, "key"],
    Annotated[Status, "status"],
    Annotated[str, "text"],
    Annotated[list[str], "given"],
]
"""An item; `given` are the texts of what is mapped, by the columns of its page."""
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
        "preview": "Preview | None",
    },
)
"""`type` is its annotation, if there is one. `edit` is the text of an editor, None
where `why` tells that there is none; empty for a value that is not there yet."""


class AskedField(TypedDict):
    """A field that somebody is to fill in: `label` above it, `choices` and `hint` as texts; what is `plain` is a text as it is,
    anything else JSON. `min` to `step` are of a slider. `value` stands in it; `kept` tells of a value that can't be edited here,
    and stays where nothing else is said.
    """

    name: str
    label: str
    hint: str
    type: str
    widget: Literal["text", "path", "date", "datetime", "time", "number", "slider", "switch", "choice", "json"]
    plain: bool
    choices: list[str]
    min: float | None
    max: float | None
    step: float | None
    value: str
    kept: str
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


class Table(TypedDict):
    """The head of a frame or an array: columns with their types, and the size `of` the whole."""

    kind: Literal["table"]
    columns: list[Pair]
    rows: list[list[str]]
    index: list[str] | None
    of: tuple[Annotated[int, "rows"], Annotated[int, "columns"]]


class Picture(TypedDict):
    """`data` in base64."""

    kind: Literal["picture"]
    mime: str
    data: str


class Markup(TypedDict):
    """As an object wrote itself: to be shown where no script runs and nothing is fetched."""

    kind: Literal["html"]
    html: str


class Part(TypedDict):
    """A part of a value, and its own; `more` are left out."""

    name: str
    text: str
    more: int
    parts: list[Part]


class Tree(TypedDict):
    kind: Literal["tree"]
    root: Part


class Large(TypedDict):
    """What an object drew or wrote of itself is too much to be shown here."""

    kind: Literal["large"]
    mime: str
    bytes: int


Preview = Table | Picture | Markup | Tree | Large


class Output(TypedDict):
    """A value as it is shown; without a preview by its text."""

    text: str
    type: str
    shape: str
    preview: Preview | None


Given = tuple[Annotated[str, "name"], Annotated[Output, "value"]]
"""An argument, or, before it is known, where it comes from."""


class Failure(TypedDict):
    type: str
    message: str
    traceback: str


class ItemQuery(TypedDict):
    """Which items are wanted, and in which order: by state (none: all), by a text in their key or error; `state` puts those first
    that ended badly.
    """

    states: list[str]
    search: str
    sort: Literal["state", "index", "slowest"]


class ItemPage(TypedDict):
    """Some rows of those `matching` of `total`; `counts` by state, of all; `columns` are what is mapped."""

    total: int
    matching: int
    counts: dict[str, int]
    columns: list[str]
    rows: list[ItemRow]


class About(TypedDict):
    """A run as a whole, closely: what it was given and gave, and the runs of its flow before and after it."""

    inputs: list[Given]
    result: Output | None
    older: str | None
    newer: str | None


class Inspection(TypedDict):
    """All that the inspector shows of a node or item; `args` are there to be edited, `dropped` counts lines not kept, `options` are
    those that came with the run or that a person gave, `usual` how many seconds such a body takes: the median of
    the last runs, of an item of those beside it.
    """

    name: str
    state: str
    attempt: int
    attempts: list[Attempt]
    inputs: list[Given]
    args: list[Argument]
    output: Output | None
    logs: list[LogRow]
    dropped: int
    error: Failure | None
    metrics: list[Metric]
    options: list[Pair]
    usual: float | None
    code: str
    why: str
    ill: str
    wait: Waiting | None
    approved: Approval | None
    can: Can


# ---------------------------------------------------------------------- a flow that is edited

Says = dict[str, Any]
"""What a document says of a node: {"call": "shop:clean", "with": {"df": "${{ tasks.load.output }}"}}."""


class Port(TypedDict):
    """An argument of a node, or an input of the flow. `text` is what the document gives it, empty for nothing; `source` the node
    beside it, or `inputs.day`, where that is a wire and no more."""

    name: str
    type: str
    required: bool
    text: str
    source: str


class Mend(TypedDict):
    """The node that a problem is of, as the view calls it (empty: the flow), its field, and the edits that mend it, as `label` says.
    Without edits the field wants a value; without a label a person has to think."""

    node: str
    field: str
    label: str
    edits: list[dict[str, Any]]


class EditInfo(TypedDict):
    """A flow that is edited. `undo` and `redo` are what the next one of each takes back or does, empty for nothing; `steps` the titles
    of those that hold, `offered` of those that the flow had before its cell was run again, or its kernel ended. `document` tells
    whether it is one, `file` where it lies, if it does, and `stale` whether that is not any more what was read of it here. `ports` and
    `gives` (the type of a result) are by node, `mends` by problem; `inputs` those of the flow; `placed` the nodes whose places the
    document has."""

    undo: str
    redo: str
    steps: list[str]
    offered: list[str]
    document: bool
    file: str
    stale: bool
    inputs: list[Port]
    ports: list[list[Port]]
    gives: list[str]
    mends: list[Mend]
    placed: list[str]


class PaletteItem(TypedDict):
    """What can be placed: a task, an executor or a flow, as a node that `says` so. `group` is its module or domain; `port` the
    argument that takes what is dropped on it, where that was asked for, or of `each` one element of that; the better the higher `rank`,
    below 0 what could only wait for it. `card` is how an executor's node looks."""

    name: str
    kind: Literal["task", "executor", "flow"]
    group: str
    doc: str
    card: CardLook | None
    says: Says
    ports: list[Port]
    gives: str
    port: str
    each: bool
    rank: int


class NewTask(TypedDict):
    """A task that is not written yet, as what can be placed, and the code of a cell that defines it."""

    item: PaletteItem
    code: str


FieldKind = Literal[
    "text", "type", "number", "whole", "switch", "choice", "duration", "expression", "value", "plain", "list", "mapping"
]


class FormField(TypedDict):
    """A field of nodes or a flow that a form shows. `field` is what an edit `set` (of a flow: `set-flow`) names; `value` what the
    document says, None for nothing and where it says something else of each (`mixed`); `usual` what holds then. `folded`: not among
    those that everybody sees at once. `line` is how the document says it."""

    field: str
    label: str
    kind: FieldKind
    type: str
    about: str
    value: Any
    mixed: bool
    usual: str
    choices: list[str]
    required: bool
    folded: bool
    line: str
    problem: str


class Form(TypedDict):
    """The fields of a node, or those that several nodes have; of the flow as a whole `nodes` is empty."""

    nodes: list[str]
    fields: list[FormField]


class DocumentText(TypedDict):
    """The flow as YAML. `lines` are the first and last line of each node, from 1; `why` tells what keeps it from being written."""

    text: str
    lines: dict[str, tuple[int, int]]
    why: str


class Checked(TypedDict):
    """What is wrong with a text as a document, and what mends each of that in the text (empty: a person has to think)."""

    problems: list[Problem]
    mends: list[str]


class Fitting(TypedDict):
    """Where a wire can end: by node and port `why` it can't (empty: it can); those of `each` node take one element each, so that it
    is mapped then."""

    why: dict[str, dict[str, str]]
    each: dict[str, list[str]]


class Computed(TypedDict):
    """What an expression gives on the values of the flow's last run."""

    text: str
    type: str
    why: str


class Named(TypedDict):
    """What can be written for a name, and its type."""

    text: str
    about: str


class Completion(TypedDict):
    """Names to go on with, each in place of what stands from `start` to the caret."""

    start: int
    names: list[Named]


class Sample(TypedDict):
    """What came of a node in the flow's last run, or was given for an input; or why nothing is known."""

    value: Output | None
    why: str


# ---------------------------------------------------------------------- to a view


class Shows(TypedDict):
    """Whose cards show what they gave: all, or none, and by their names those with which it is the other way round."""

    all: bool
    others: list[str]


class Snapshot(TypedDict):
    """The whole view.

    `rooms`, by number, of all sub-flows and stacks; those in `closed` are so at first, and what lies in them has its place as if
    they were open where they are. `bends`: by an edge's place in `edges` the points that it passes; between 2i and 2i + 1 it runs
    level. Of edges between the same two stacks the first has them. `conditions`: so, too, what the condition of the node that an edge
    leads to asks of where it comes from, in short. `told` and `items`, by node (an item as `name[2]`), and
    `about`: in what has nothing behind it (a `static` page, a view as a notebook has `saved` it) what is otherwise asked for.
    """

    v: Literal[1]
    seq: int
    mode: Literal["live", "static", "saved", "edit"]
    now: float
    flow: FlowInfo
    run: RunInfo | None
    nodes: list[NodeInfo]
    folds: list[Fold]
    rooms: dict[str, Room]
    closed: list[int]
    edges: list[Edge]
    bends: dict[str, list[Point]]
    conditions: dict[str, str]
    status: list[Status]
    texts: dict[str, Texts]
    told: NotRequired[dict[str, Inspection]]
    items: NotRequired[dict[str, ItemPage]]
    about: NotRequired[About]
    edit: NotRequired[EditInfo]
    shows: NotRequired[Shows]


class Widget(TypedDict):
    """The widget of a view, as `application/vnd.jupyter.widget-view+json` names it."""

    version_major: int
    version_minor: int
    model_id: str


class Saved(TypedDict):
    """A view as the file of a notebook has it: `application/vnd.stratix+json`.

    `snapshot` is JSON as text, of half the size that a tree of JSON has in a notebook. `view` is live where a kernel has it;
    `stamp` tells at which rest of a run it was kept, `shows` what the cards of the view showed then.
    """

    v: Literal[1]
    snapshot: str
    view: NotRequired[Widget]
    stamp: NotRequired[str]
    shows: NotRequired[Shows]


Kept = TypedDict(
    "Kept",
    {
        "application/vnd.stratix+json": NotRequired[Saved],
        "image/svg+xml": NotRequired[str],
        "text/plain": str,
    },
)
"""What a notebook file keeps of a view, by MIME type."""


class Patch(TypedDict):
    """What changed; the records of nodes that did are its buffer."""

    type: Literal["patch"]
    seq: int
    now: float
    run: RunInfo | None
    texts: dict[str, Texts]


class NodeChange(TypedDict):
    """What of a node is another one; the last two of one that is edited."""

    info: NotRequired[NodeInfo]
    status: NotRequired[Status]
    ports: NotRequired[list[Port]]
    gives: NotRequired[str]


class Change(TypedDict):
    """What is another one in a flow than in what was told last, number `seq` - 1.

    `was`: by node the number that it had there, -1 for one that was not there; None where all have theirs. `nodes`: what differs
    of each, by its number. `parts` of the `Snapshot`, and of its `edit`, by name, that are not told node by node.
    """

    type: Literal["change"]
    seq: int
    now: float
    was: list[int] | None
    nodes: dict[str, NodeChange]
    parts: dict[str, Any]
    edit: dict[str, Any]


class Afresh(TypedDict):
    type: Literal["snapshot"]
    snapshot: Snapshot


class Refusal(TypedDict):
    """`redo` tells, where it may be asked again with that, who has gone on without what was asked about, and what is rolled back."""

    code: str
    message: str
    redo: str


class Reply(TypedDict):
    """The answer to what bore this number."""

    type: Literal["reply"]
    id: int
    ok: bool
    error: Refusal | None
    result: Any


Told = Patch | Change | Afresh | Reply

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
    query: ItemQuery


class WhatCan(TypedDict):
    """Asks what can be done now with a node or item."""

    type: Literal["can"]
    id: int
    node: str
    item: int | None


class AskInputs(TypedDict):
    """Asks for the fields of the inputs: as the run was given them, or, of a flow, empty."""

    type: Literal["inputs"]
    id: int


class AskAbout(TypedDict):
    type: Literal["about"]
    id: int


class AskPaths(TypedDict):
    """Asks for the paths that begin with a text, where the kernel runs."""

    type: Literal["paths"]
    id: int
    text: str


class Keep(TypedDict):
    """Asks for what the file of a notebook is to keep of the view as it is now."""

    type: Literal["keep"]
    id: int


class Resync(TypedDict):
    type: Literal["resync"]


class Mode(TypedDict):
    """Whether the view edits the flow; answered by a snapshot."""

    type: Literal["mode"]
    edit: bool


class Edits(TypedDict):
    """One step of edits, in the form of `edits/words.py`; answered with the names of nodes that were added."""

    type: Literal["edit"]
    id: int
    edits: list[dict[str, Any]]
    title: str


class OpenFile(TypedDict):
    """Takes the flow of a file, a picture that carries one or a document (`data` in base64): as the flow where there are no nodes yet, else
    as nodes with their upper left corner `at` a place. One step; answered with the names of nodes that were added."""

    type: Literal["open"]
    id: int
    name: str
    data: str
    at: tuple[float, float]


class History(TypedDict):
    """Undo, redo, drop all edits, make those of the cell before on this flow, write the file (`path` where it has none), write it whatever
    is in it, or take the flow from it again; answered with what was done."""

    type: Literal["history"]
    id: int
    do: Literal["undo", "redo", "drop", "reapply", "save", "overwrite", "reload"]
    path: str


class Palette(TypedDict):
    """What can be placed; with `node` what takes its output (`side` out), or fits its argument `port` (`side` in), the best first."""

    type: Literal["palette"]
    id: int
    node: str
    side: Literal["", "in", "out"]
    port: str


class WriteTask(TypedDict):
    """Asks for a task of a name that is not there yet, which takes the output of a node, or gives its argument, as `Palette` has it."""

    type: Literal["stub"]
    id: int
    name: str
    node: str
    side: Literal["", "in", "out"]
    port: str


class Fits(TypedDict):
    """Where a wire from the output of a node, or of an input of the flow (`inputs.day`), can end."""

    type: Literal["fits"]
    id: int
    source: str


class AskForm(TypedDict):
    """The fields of a node, those that several have in common, or for none those of the flow."""

    type: Literal["form"]
    id: int
    nodes: list[str]


class AskText(TypedDict):
    type: Literal["text"]
    id: int


class CheckText(TypedDict):
    """What is wrong with a text as a document."""

    type: Literal["check"]
    id: int
    text: str


class MendText(TypedDict):
    """The text with one of its problems mended, by the problem's place among them."""

    type: Literal["mend"]
    id: int
    text: str
    at: int


class AskPython(TypedDict):
    """The flow as code for a cell."""

    type: Literal["python"]
    id: int


class Copy(TypedDict):
    """Nodes as a YAML fragment."""

    type: Literal["copy"]
    id: int
    nodes: list[str]


class Evaluate(TypedDict):
    """What an argument or condition of a node gives on the last run's values: a text with `${{ }}`, or an expression."""

    type: Literal["evaluate"]
    id: int
    node: str
    text: str


Typed = Literal["value", "expression", "type"]


class Complete(TypedDict):
    """The names that fit in a field of a node (of the flow for an empty name), whose caret is `at` a place in the text; `of`: what is
    typed there, as a whole."""

    type: Literal["complete"]
    id: int
    node: str
    text: str
    at: int
    of: Typed


class AskValue(TypedDict):
    """The plain data that a YAML text says."""

    type: Literal["value"]
    id: int
    text: str


class AskSample(TypedDict):
    """What came of a node, or of an input (`inputs.day`), in the flow's last run."""

    type: Literal["sample"]
    id: int
    source: str


Asked = (
    Request
    | Inspect
    | Items
    | WhatCan
    | AskInputs
    | AskAbout
    | AskPaths
    | Keep
    | Resync
    | Mode
    | Edits
    | OpenFile
    | History
    | Palette
    | WriteTask
    | Fits
    | AskForm
    | AskText
    | CheckText
    | MendText
    | AskPython
    | Copy
    | Evaluate
    | AskSample
    | AskValue
    | Complete
)


class Answers(TypedDict):
    """By what is asked the result of its reply."""

    request: None
    inspect: Inspection
    items: ItemPage
    can: Can
    inputs: list[AskedField]
    about: About
    paths: list[str]
    keep: Kept
    edit: list[str]
    open: list[str]
    history: str
    palette: list[PaletteItem]
    stub: NewTask
    fits: Fitting
    form: Form
    text: DocumentText
    check: Checked
    mend: str
    python: str
    copy: str
    evaluate: Computed
    sample: Sample
    value: Any
    complete: Completion
