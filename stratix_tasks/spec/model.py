"""FlowSpec: the one document that decorators, YAML, the editor and REST all yield.

Field names are those of the YAML document. Models are built on first use (`defer_build`), so that importing costs
little.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.joins import ALL, Join, join
from stratix_tasks.spec.names import around, task_names
from stratix_tasks.spec.values import LATE, Expr, Pin, late_text

MAX_RECOVERIES = 5
MAX_DEPTH = 32
MOST = 2**53 - 1
"""The largest whole number that JSON holds in every language."""
NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]
Duration = Annotated[float, BeforeValidator(seconds)]
"""Seconds; written as `30s`, a timedelta or a number."""


def _or_late(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    return value if type(value) in LATE else check(value)


T = TypeVar("T")
Late = Annotated[T, WrapValidator(_or_late), PlainSerializer(late_text)]
"""What may be a reference or an expression, too: its value comes with the run."""
Joined = Annotated[Join, BeforeValidator(join)]


_put_fields_set, _put_extra, _put_private = (
    vars(BaseModel)[name].__set__ for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)
"""The slots of every model, beside its fields."""


M = TypeVar("M", bound="Model")


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, arbitrary_types_allowed=True)

    @classmethod
    def made(cls, fields: dict[str, Any]) -> Self:
        """One of these fields, unchecked: `model_construct` at a tenth of its cost, since reading makes one a node."""
        blank: Self = _blank(cls)
        return blank.but(fields)

    def but(self, fields: dict[str, Any]) -> Self:
        """A copy with other fields, unchecked: `model_copy` at a tenth of its cost, since tracing makes one a node."""
        made = object.__new__(type(self))
        object.__setattr__(made, "__dict__", {**self.__dict__, **fields})
        _put_fields_set(made, self.__pydantic_fields_set__ | fields.keys())
        _put_extra(made, None)
        _put_private(made, None)
        return made


@cache
def _blank(cls: type[M]) -> M:
    return cls.model_construct()


def _expr(value: Any) -> Any:
    return Expr(value, task_names(value)) if isinstance(value, str) else value


Asked = Annotated[Expr, BeforeValidator(_expr), PlainSerializer(lambda expr: expr.text)]
"""A condition, by its text."""
_OF_ERROR = frozenset(("attempt", "error"))


def of_error(value: Any) -> bool:
    """Whether it is asked of an attempt that failed, and not of the run."""
    return type(value) in LATE and not _OF_ERROR.isdisjoint(around(value))


def _asked_of_error(value: Any) -> Any:
    """Its text, as a document has it and facts do, is that of an expression."""
    if not isinstance(value, str) or (match := _MARKED.fullmatch(value)) is None:
        return value
    made = Expr(match[1], task_names(match[1]))
    return made if of_error(made) else value


_MARKED = re.compile(r"\s*\$\{\{\s*(.*?)\s*\}\}\s*", re.DOTALL)


class Retry(Model):
    """`max` attempts after the first.

    The n-th waits `delay * backoff**(n-1)` seconds, at most `max_delay`; drawn from 0 to that when jitter is full. A delay that
    the error tells is waited for as it is, at most `max_delay`; where it tells none, as where nothing is said.
    """

    max: Late[Annotated[int, Field(ge=0, le=MOST)]] = 0
    delay: Annotated[Late[Duration], BeforeValidator(_asked_of_error)] = 1.0
    backoff: float = Field(default=2.0, ge=1)
    max_delay: Duration = 60.0
    jitter: Literal["full", "none"] = "full"
    on: tuple[str, ...] = ()
    """Names of exception classes (base classes count); empty: every Exception."""
    when: Asked | None = None
    """Asked of the `error`: whether it is worth another attempt."""


Limit = Late[Annotated[Duration, Field(gt=0)] | None]


class Timeout(Model):
    """Limits in seconds: `attempt` for each attempt, `total` over all attempts, `queued` for waiting on a slot."""

    attempt: Limit = None
    total: Limit = None
    queued: Limit = None


class Each(Model):
    """A fan-out: `over` maps arguments to the value whose elements they take, `{"range": n}` for so many numbers from 0 on;
    every other argument is broadcast. An argument that others name, as `${{ file["url"] }}` does, is there for these alone.
    """

    over: dict[str, Any]
    by: Literal["zip", "product"] = "zip"
    key: Any = None
    """A template over the mapped arguments, stored as `${{ region }}`; keys must be unique."""
    max: int | None = Field(default=None, ge=1, le=MOST)
    where: Expr | None = None
    """Items for which it does not hold are skipped."""
    flatten: bool = False
    """Whether the elements are containers, whose elements are the items'."""
    barrier: bool = False
    """Whether its items wait for all of those of a fan-out that it is mapped over, instead of one for one."""
    gather: Joined = ALL
    losers: Literal["cancel", "keep"] | None = None


class Loop(Model):
    """A flow or task again and again, each round with what the last one gave."""

    carry: str | None = None
    """The argument that gets the value of the round before; without it every round gets the same."""
    until: Expr | None = None
    """Asked after each round, of its `output`: whether it was the last one."""
    max: int = Field(default=100, ge=1, le=MOST)
    every: Duration | None = Field(default=None, gt=0)
    within: Duration | None = Field(default=None, gt=0)
    on_max: Literal["fail", "take"] = "fail"
    """Whether it fails when its rounds or its time are over, or completes with the last value."""


class InputSpec(Model):
    """One input of a flow, or one field of it. `default` is absent when `required`.

    What stands beside `type` is asked of the value, too; `inputs.annotation` makes of it what checks. `fields` are those of a
    model, a class that a document does not know.
    """

    type: str = "any"
    choices: tuple[Any, ...] = ()
    min: Any = None
    max: Any = None
    exclusive_min: Any = None
    exclusive_max: Any = None
    multiple_of: Any = None
    min_length: int | None = Field(default=None, ge=0, le=MOST)
    max_length: int | None = Field(default=None, ge=0, le=MOST)
    pattern: str = ""
    fields: dict[str, InputSpec] = Field(default_factory=dict)
    required: bool = True
    default: Any = None
    label: str = ""
    description: str = ""


class NodeSpec(Model):
    """A task (`call`), a sub-flow (`flow`) or a wait (`uses`) placed in a flow."""

    call: str | None = None
    flow: str | None = None
    uses: str | None = None
    args: dict[str, Any] = Field(default_factory=dict, alias="with")
    """Argument name to value; `"*"` holds the extra positional ones."""
    needs: tuple[str, ...] = ()
    when: Expr | None = None
    catch: tuple[str, ...] = ()
    """It runs when one of these failed, with `error` in its arguments; else it is skipped."""
    always: bool = False
    """It runs when all else in its flow has ended, however that was. A document says it by `finally`."""
    each: Each | None = None
    loop: Loop | None = None
    policy: str | None = None
    """The name of one of the flow's `policies`, or of those around it."""
    enabled: bool = True
    pin: Pin | None = None
    """What it gives without being run."""
    allow_failure: bool = False
    """Whether its bad end is not its flow's: what takes its value goes without."""
    pool: tuple[str, ...] | None = None
    concurrency: int | None = Field(default=None, ge=1, le=MOST)
    """Of a sub-flow: how many bodies may run in it at once."""
    priority: Late[Annotated[int, Field(ge=-MOST, le=MOST)] | None] = None
    runner: str | None = None
    retry: Retry | None = None
    timeout: Timeout | None = None
    grace: Duration | None = None
    max_lost: int | None = Field(default=None, ge=0, le=MOST)
    abandoned: Literal["wait", "overlap"] | None = None
    join: Joined = ALL
    losers: Literal["cancel", "keep"] | None = None
    undo: str | None = None
    """What takes it back when its flow ends failed or cancelled; named as `call` is."""
    description: str = ""


class Shared(Model):
    """Options that are said for several nodes at once."""

    pool: tuple[str, ...] | None = None
    priority: Late[Annotated[int, Field(ge=-MOST, le=MOST)] | None] = None
    runner: str | None = None
    retry: Retry | None = None
    timeout: Timeout | None = None
    grace: Duration | None = None
    max_lost: int | None = Field(default=None, ge=0, le=MOST)
    abandoned: Literal["wait", "overlap"] | None = None


class Defaults(Shared):
    """What nodes take that do not say otherwise. `for_`: patterns of what they call or use; of those that say the same option
    the last one counts."""

    for_: dict[str, Shared] = Field(default_factory=dict, alias="for")


class Ui(Model):
    """Kept apart so that diffs of the logic stay small."""

    positions: dict[str, tuple[float, float]] = Field(default_factory=dict)


class FlowSpec(Model):
    """A flow as data."""

    stratix: Literal[1] = 1
    flow: Name
    description: str = ""
    inputs: dict[str, InputSpec] = Field(default_factory=dict)
    defaults: Defaults | None = None
    policies: dict[str, Shared] = Field(default_factory=dict)
    pools: dict[str, int] = Field(default_factory=dict)
    concurrency: int | None = Field(default=None, ge=1)
    timeout: Duration | None = None
    max_recoveries: int = Field(default=MAX_RECOVERIES, ge=0)
    """How often the run is taken over after its owner died with live bodies, before it waits for a person."""
    on_failure: Literal["finish", "stop"] = "finish"
    max_depth: int = Field(default=MAX_DEPTH, ge=1)
    """How deep a flow may lie in itself."""
    tags: tuple[str, ...] = ()
    tasks: dict[str, NodeSpec] = Field(default_factory=dict)
    flows: dict[str, FlowSpec] = Field(default_factory=dict)
    output: Any = None
    ui: Ui | None = None
