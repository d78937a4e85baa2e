"""The options of nodes, fan-outs, flows and inputs, each described once.

Readers and writers of documents, their JSON Schema, what Python takes and what a run can change are made from these
rows: a new option is a row here, a field in `model.py` and its effect. The order is that of a written document.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from stratix_tasks.spec.model import Each, FlowSpec, InputSpec, Loop, Model, NodeSpec, Retry, Timeout


class Kind(Enum):
    """What the value of an option is. How each is read and written is said where that is done."""

    NAME = auto()
    """Of the node or flow itself; a document says it by the key, or by `flow`."""
    NODES = auto()
    """What Python says with `after`, and a document with `needs`."""
    TEXT = auto()
    KEY = auto()
    """A template over the mapped arguments."""
    WHOLE = auto()
    NUMBER = auto()
    DURATION = auto()
    CHOICE = auto()
    RUNNER = auto()
    NAMES = auto()
    """One stands alone, several in a list."""
    TEXTS = auto()
    """A list, even of one; a text alone is read, too."""
    SIZES = auto()
    """Whole numbers by name."""
    SWITCH = auto()
    """True or false."""
    RETRY = auto()
    TIMEOUT = auto()
    CALL = auto()
    """A function, by module:name."""
    CONDITION = auto()
    """An expression."""
    JOIN = auto()
    """A word, or how many of them."""
    POLICIES = auto()
    """Options that several nodes take, by name."""
    DEFAULTS = auto()
    """Options that all nodes take, and under `for` those that nodes take by what they call or use."""
    OF_TYPE = auto()
    """A literal of the type of the input."""
    CHOICES = auto()
    """Several of them."""
    INPUTS = auto()
    """Inputs by name."""
    VALUE = auto()
    """Any value as it is; None is one, too."""


@dataclass(frozen=True, slots=True)
class Option:
    """A row: the name of an option, and all that is known of it but its effect."""

    name: str
    kind: Kind
    about: str = ""
    """What the schema says of it."""
    least: int | None = None
    """WHOLE, NUMBER, SIZES: the smallest that is allowed."""
    some: bool = False
    """DURATION: whether it has to be more than nothing."""
    words: tuple[str, ...] = ()
    """CHOICE: what is allowed."""
    model: type[Model] | None = None
    """RETRY, TIMEOUT: what it makes."""
    parts: tuple[Option, ...] = ()
    """RETRY, TIMEOUT: its fields; a value alone stands for the first."""
    for_all: bool = False
    """Whether a flow's `defaults` and `policies` can say it for many nodes; a node that says nothing has None."""
    of_bodies: bool = False
    """Whether it means nothing to a node that runs no body."""
    of_flows: bool = False
    """Whether a flow that is called in another one can say it: of that as a whole, of each item or round where it is mapped
    or repeated."""
    of_tasks: bool = True
    """Whether anything else can."""
    from_values: bool = False
    """Whether its value may come with the run, for a task or a fan-out: a reference, or an expression."""
    of_runs: bool = False
    """FLOW: whether it is about a run, so that it means nothing where the flow is called in another one."""
    settable: bool = False
    """Whether `run.set` changes it of a node that is placed."""
    default: Any = None
    """What the model has where nothing is said."""


def _of(model: type[Model], *options: Option) -> tuple[Option, ...]:
    known = model.model_fields
    defaults = {o.name: known[o.name].get_default(call_default_factory=True) for o in options if o.name in known}
    return tuple(replace(option, default=defaults.get(option.name)) for option in options)


_RETRY = _of(
    Retry,
    Option("max", Kind.WHOLE, "Attempts after the first.", least=0, from_values=True),
    Option(
        "delay",
        Kind.DURATION,
        "Before the second attempt; or what the error says, such as error.retry_after, before each.",
        from_values=True,
    ),
    Option("backoff", Kind.NUMBER, "How many times as long as the delay before it the next one is.", least=1),
    Option("max_delay", Kind.DURATION, "No delay is longer."),
    Option(
        "jitter",
        Kind.CHOICE,
        "Whether a delay is drawn from nothing up to what it would be, or just that.",
        words=("full", "none"),
    ),
    Option("on", Kind.TEXTS, "Names of exception classes; without it every Exception."),
    Option(
        "when",
        Kind.CONDITION,
        "Asked of the error, such as error.status in [429, 503]: whether it is tried again. It can name inputs and tasks.",
    ),
)
_TIMEOUT = _of(
    Timeout,
    Option("attempt", Kind.DURATION, "Of each attempt.", from_values=True, some=True),
    Option("total", Kind.DURATION, "Of all attempts together.", from_values=True, some=True),
    Option("queued", Kind.DURATION, "Of waiting for a place to run.", from_values=True, some=True),
)
TASK = _of(
    NodeSpec,
    Option(
        "name",
        Kind.NAME,
        "What the node is called; without it the name of its function or flow.",
        of_flows=True,
    ),
    Option("after", Kind.NODES, "What must be completed first, beside what it takes values of.", of_flows=True),
    Option("policy", Kind.TEXT, "One of the flow's policies, for what the task does not say itself.", of_flows=True),
    Option("enabled", Kind.SWITCH, "Without it the task is skipped, and nothing waits for it.", of_flows=True),
    Option(
        "pin",
        Kind.VALUE,
        "What it gives without being run: it waits for its condition alone, and no body of it is called.",
        of_flows=True,
    ),
    Option(
        "allow_failure",
        Kind.SWITCH,
        "Its failure is not that of its flow, and what takes its value goes without.",
        of_flows=True,
    ),
    Option(
        "pool",
        Kind.NAMES,
        "An attempt takes a slot of each; a flow as a whole, from its first body to its end.",
        for_all=True,
        of_bodies=True,
        of_flows=True,
    ),
    Option(
        "concurrency",
        Kind.WHOLE,
        "Of a flow in a flow: how many bodies may run in it at once.",
        least=1,
        of_flows=True,
        of_tasks=False,
    ),
    Option(
        "priority",
        Kind.WHOLE,
        "Higher starts first; that of a flow is for all in it that say none.",
        for_all=True,
        from_values=True,
        of_bodies=True,
        of_flows=True,
        settable=True,
    ),
    Option("runner", Kind.RUNNER, "Where its body runs.", for_all=True, of_bodies=True),
    Option(
        "timeout",
        Kind.TIMEOUT,
        "A limit of each attempt; or several limits.",
        model=Timeout,
        parts=_TIMEOUT,
        for_all=True,
        of_flows=True,
        settable=True,
    ),
    Option(
        "retry",
        Kind.RETRY,
        "Attempts after the first.",
        model=Retry,
        parts=_RETRY,
        for_all=True,
        of_bodies=True,
        of_flows=True,
        settable=True,
    ),
    Option("grace", Kind.DURATION, "How long a body may take to stop.", for_all=True, of_bodies=True, settable=True),
    Option(
        "max_lost",
        Kind.WHOLE,
        "How often its worker process may go before it fails.",
        least=0,
        for_all=True,
        of_bodies=True,
        settable=True,
    ),
    Option(
        "abandoned",
        Kind.CHOICE,
        "Whether another attempt waits for a body that did not stop in its grace, or runs beside it.",
        words=("wait", "overlap"),
        for_all=True,
        of_bodies=True,
    ),
    Option(
        "join",
        Kind.JOIN,
        "How it waits for what it needs: all (completed), any (ended), first_success, settled, n_of; of as many as a reference tells.",
        of_flows=True,
    ),
    Option(
        "losers",
        Kind.CHOICE,
        "What becomes of what a join went on without, if nothing else needs it.",
        words=("cancel", "keep"),
        of_flows=True,
    ),
    Option(
        "undo",
        Kind.CALL,
        "What takes it back when its flow, or one around that, ends failed or cancelled: module:name. It is given those of the "
        "task's arguments that it asks for, and as `value` what that gave. What completed is taken back, also with a value that "
        "somebody gave, or while it was being cancelled; a body that was interrupted has to clean up by itself.",
        of_bodies=True,
    ),
    Option("description", Kind.TEXT, "What it is for, as views tell it.", of_flows=True),
)
"""Of a task, or of a flow that is called in another one."""
MAP = _of(
    Each,
    Option("key", Kind.KEY, "The name of an item, such as ${{ region }}."),
    Option("max", Kind.WHOLE, "How many items run at a time.", least=1),
    Option(
        "where", Kind.CONDITION, "Which of the items are done; the others are skipped. It names the mapped arguments."
    ),
    Option("flatten", Kind.SWITCH, "Whether what it runs over is a list of lists: one level is taken away."),
    Option(
        "barrier",
        Kind.SWITCH,
        "Whether its items wait for the whole of a fan-out that it is mapped over, instead of one for one.",
    ),
    Option("gather", Kind.JOIN, "How many of the items it takes, as `join`: the completed ones, in order."),
    Option("losers", Kind.CHOICE, "What becomes of items that it went on without.", words=("cancel", "keep")),
)
"""Of a fan-out."""
LOOP = _of(
    Loop,
    Option("carry", Kind.TEXT, "The argument that gets the value of the round before."),
    Option("until", Kind.CONDITION, "Whether a round was the last one, asked of its output."),
    Option("max", Kind.WHOLE, "How many rounds at most.", least=1),
    Option("every", Kind.DURATION, "From the end of a round to the next one.", some=True),
    Option("within", Kind.DURATION, "From the first round on.", some=True),
    Option("on_max", Kind.CHOICE, "What becomes of it when rounds or time are over.", words=("fail", "take")),
)
"""Of a loop."""
INPUT = _of(
    InputSpec,
    Option("choices", Kind.CHOICES, "The values that are allowed."),
    Option("min", Kind.OF_TYPE, "The smallest that is allowed."),
    Option("max", Kind.OF_TYPE, "The largest that is allowed."),
    Option("exclusive_min", Kind.OF_TYPE, "What it must be more than."),
    Option("exclusive_max", Kind.OF_TYPE, "What it must be less than."),
    Option("multiple_of", Kind.OF_TYPE, "What it must be a multiple of."),
    Option("min_length", Kind.WHOLE, "Characters or elements at least.", least=0),
    Option("max_length", Kind.WHOLE, "Characters or elements at most.", least=0),
    Option("pattern", Kind.TEXT, "A regular expression that must be found in it."),
    Option("fields", Kind.INPUTS, "Of a mapping: what is in it."),
    Option("label", Kind.TEXT, "Its name in forms."),
    Option("description", Kind.TEXT, "What it is for, as forms tell it."),
)
"""Of an input, beside its type and default."""
FLOW = _of(
    FlowSpec,
    Option("name", Kind.NAME, "What the flow is called; without it the name of its function."),
    Option("description", Kind.TEXT, "What it is for, as views tell it; in Python the docstring stands for it."),
    Option("defaults", Kind.DEFAULTS, "What tasks take that do not say otherwise."),
    Option("policies", Kind.POLICIES, "What tasks take that name it by `policy`, and do not say otherwise."),
    Option("pools", Kind.SIZES, "How many attempts may hold a slot of each at a time.", least=1),
    Option(
        "concurrency",
        Kind.WHOLE,
        "How many bodies of a run are under way at a time; called in another flow, where the call says none, in that.",
        least=1,
    ),
    Option(
        "timeout",
        Kind.DURATION,
        "Of a run as a whole; called in another flow, where the call says none, of that.",
        some=True,
    ),
    Option(
        "on_failure",
        Kind.CHOICE,
        "Whether what needs nothing of a failure goes on to its end, or the flow stops there: the run, or where it is called in "
        "another flow that call, item or round.",
        words=("finish", "stop"),
    ),
    Option(
        "max_recoveries",
        Kind.WHOLE,
        "How often a run is gone on with whose kernel died amid bodies, before it waits for a person.",
        least=0,
        of_runs=True,
    ),
    Option("max_depth", Kind.WHOLE, "How deep a flow may lie in itself.", least=1, of_runs=True),
    Option("tags", Kind.TEXTS, "Words that its runs are listed with.", of_runs=True),
)
"""Of a flow."""
IN_NODE = tuple(option for option in TASK if option.name in NodeSpec.model_fields)
AS_A_WHOLE = tuple(option for option in IN_NODE if option.name in ("pool", "concurrency", "timeout", "retry"))
"""What a flow that is called in another one can say of itself as a whole."""
PASSED_ON = tuple(option.name for option in FLOW if option.name in {one.name for one in AS_A_WHOLE})
"""What a flow says of its runs that holds where it is called, too."""
IN_DEFAULTS = tuple(option for option in TASK if option.for_all)
IN_FLOW = tuple(option for option in FLOW if option.name in FlowSpec.model_fields)
"""Those that are fields of the documents, too; all of a fan-out are."""
