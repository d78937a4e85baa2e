"""A body: one attempt of a node while it runs, as the user's code sees it through `current()`."""

from __future__ import annotations

import logging
from asyncio import _get_running_loop, get_running_loop
from collections.abc import Generator, Iterable, Iterator, Sized
from contextlib import suppress
from contextvars import ContextVar
from copy import copy
from hashlib import sha256
from threading import Lock
from typing import Any, Generic, TypeVar

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.ports import Encoded
from stratix_tasks.errors import FlowError, InputError
from stratix_tasks.runners.attempt import CURRENT, Attempt, Stopped
from stratix_tasks.runners.native import Clock
from stratix_tasks.runners.secrets import Masks, encode
from stratix_tasks.spec.unicode import is_unicode

T = TypeVar("T")
UNSAID: Any = object()
_COUNTING = Lock()
"""Threads of one body may spawn at once."""


class Body:
    """The attempt that is running now, made when `current()` is called in it."""

    __slots__ = ("_attempt", "_place")

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._place = attempt.host.place(attempt.unit)

    @property
    def run_id(self) -> str:
        return self._attempt.host.id

    @property
    def node(self) -> str:
        """The node's name; the mapped node's for an item."""
        return self._place.node

    @property
    def item(self) -> int | None:
        """The item's index in a mapped node, else None."""
        return self._place.item

    @property
    def key(self) -> str | None:
        """The item's key in a mapped node that has keys, else None."""
        return self._place.key

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""
        return self._attempt.number

    @property
    def masks(self) -> Masks:
        """The secrets that bodies of this run were given."""
        return self._attempt.host.masks

    @property
    def params(self) -> dict[str, Any]:
        """The arguments that the body was called with by name."""
        return dict(self._attempt.kwargs)

    @property
    def log(self) -> logging.Logger:
        """A logger whose records land on this node; every level is kept."""
        return BODY_LOGGER

    @property
    def cancelled(self) -> bool:
        """Whether this body was asked to stop."""
        return self._attempt.stop

    @property
    def idempotency_key(self) -> str:
        """The same over attempts and recoveries, another after a rollback: for calls that must not take effect twice."""
        node, item, key, generation = self._place[:4]
        text = f"{self.run_id}\0{node}\0{item if key is None else key}\0{generation}"
        return sha256(text.encode()).hexdigest()[:32]

    @property
    def heard(self) -> int:
        """Which attempt this is of those that come to an end of their own, from 1: one that died with its kernel is none."""
        return self.attempt - self._place.orphans

    def metric(self, name: str, value: float) -> None:
        """Record one value of a measure; all of them are kept, in order."""
        self._note("metric", Clock.time(), str(name), float(value))

    def progress(self, fraction: float, text: str = "") -> None:
        """Show how far this body is, from 0 to 1."""
        self._note("progress", Clock.time(), min(max(float(fraction), 0.0), 1.0), str(text))

    def artifact(self, name: str, value: Any) -> None:
        """Keep a value beside the result, under a name. StoreError `not-storable` when it can't be."""
        _, encoded = self._encoded(value)
        self._note("artifact", Clock.time(), str(name), encoded, type(value).__qualname__)

    def spawn(self, item: Any = UNSAID, /, *, key: str | int | None = None, **items: Any) -> None:
        """Add an item to the mapped node that this body is an item of; the node ends when all of its items have.

        `item` is for the mapped argument; where several are mapped, give all of them by name: `spawn(x=1, lr=0.1)`. The
        other arguments are those of all items. The new one is known by this one and `key` (without one: how many this
        attempt spawned before it), so that a body which is run again adds nothing twice; what it gives for the same key
        then does not count. It comes behind all items so far, and its own key, where the node has keys, is
        `<this item's>/<key>`. A body that was asked to stop ends here.

        FlowError `not-mapped` in the body of a node that is not mapped, `too-many-items` where there is no end of them;
        InputError `bad-spawn` for other arguments than the mapped ones or an odd key. Outside a run it does nothing.
        """
        attempt, place = self._attempt, self._place
        if not place.mapped:
            raise FlowError(
                f"current().spawn() adds an item to a mapped node, and '{place.node}' is not mapped: map it in the flow, "
                f"{place.node}.map(each([…])), and spawn from there",
                code="not-mapped",
            )
        if attempt.stop:
            raise Stopped
        given = _by_name(place.mapped, item, items)
        if not (key is None or (type(key) is str and is_unicode(key)) or type(key) is int):
            raise InputError(f"the key of a spawned item is a text or a whole number, not {key!r}", code="bad-spawn")
        with _COUNTING:
            number, attempt.spawned = attempt.spawned, attempt.spawned + 1
        if number >= place.room:
            from stratix_tasks.core.spawning import MOST

            raise FlowError(
                f"no more items can be spawned into '{place.node}': {MOST:,} are the most that a node may have. Does each item "
                "spawn another one, without an end? If not, return lists of them, and map another node over each list",
                code="too-many-items",
            )
        encoded = {name: self._encoded(value)[1] for name, value in given.items()}
        args = {name: {"codec": e.codec, "payload": e.payload, "summary": e.summary} for name, e in encoded.items()}
        name = number if key is None else str(key)
        attempt.host.answer((int(Answer.SPAWN), attempt.unit, attempt.number, Clock.time(), name, args))

    def checkpoint(self) -> Checkpoint:
        """A point where a cancel takes effect and a pause parks the body.

        In an `async def` body: `await current().checkpoint()`.
        """
        attempt = self._attempt
        if attempt.stop:
            raise Stopped
        if attempt.hold and _get_running_loop() is None:
            park(attempt)
        return Checkpoint(attempt)

    def _encoded(self, value: Any) -> tuple[Any, Encoded]:
        host = self._attempt.host
        return encode(host.objects, host.masks, value, apart=True)

    def _note(self, kind: str, *row: Any) -> None:
        self._attempt.host.note(self._attempt, kind, row)


def _by_name(mapped: tuple[str, ...], item: Any, items: dict[str, Any]) -> dict[str, Any]:
    """What is given for each mapped argument. InputError."""
    if item is not UNSAID and not items and len(mapped) == 1:
        return {mapped[0]: item}
    if item is UNSAID and items.keys() == set(mapped):
        return items
    told = "spawn(item)" if len(mapped) == 1 else f"spawn({', '.join(f'{name}=…' for name in mapped)})"
    raise InputError(f"an item of this node is given as {told}, and optionally key=…", code="bad-spawn")


def park(attempt: Attempt) -> None:
    """Wait in this thread until released; the engine is told."""
    wait_while_held(attempt)
    if attempt.stop:
        raise Stopped


class Checkpoint:
    """Awaiting it parks a coroutine without blocking the others."""

    __slots__ = ("_attempt",)

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def __await__(self) -> Generator[Any, None, None]:
        attempt = self._attempt
        if attempt.hold and not attempt.stop:
            yield from get_running_loop().run_in_executor(None, wait_while_held, attempt).__await__()
        if attempt.stop:
            raise Stopped


def wait_while_held(attempt: Attempt) -> None:
    """Tell the engine that the body is parked, and wait until it is released or asked to stop."""
    while attempt.hold and not attempt.stop:
        go = attempt.go
        attempt.suspended()
        if go is not None:
            go.wait()


class Outside:
    """What `current()` is outside a body: everything is there and does nothing."""

    run_id = node = ""
    item: int | None = None
    key: str | None = None
    attempt = 0
    cancelled = False
    idempotency_key = ""

    def __init__(self) -> None:
        self.masks = Masks()
        self.params: dict[str, Any] = {}

    @property
    def log(self) -> logging.Logger:
        return logging.getLogger("stratix_tasks")

    def metric(self, name: str, value: float) -> None: ...

    def progress(self, fraction: float, text: str = "") -> None: ...

    def artifact(self, name: str, value: Any) -> None: ...

    def spawn(self, item: Any = UNSAID, /, *, key: str | int | None = None, **items: Any) -> None: ...

    def checkpoint(self) -> Nothing:
        return Nothing()


class Nothing:
    """An awaitable that is done."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


def current() -> Body | Outside:
    """The body that is running in this thread or coroutine; outside a run, an object whose methods do nothing."""
    attempt = CURRENT.get()
    return Outside() if attempt is None else Body(attempt)


class track(Generic[T]):  # noqa: N801 - reads as the function that it stands for
    """Iterate with progress shown on the node; each step is a point where a pause parks and a cancel stops the body.

    `total` is taken from `len()` when it can be. Outside a run it is plain iteration. In an `async def` body use `async
    for`.
    """

    def __init__(self, iterable: Iterable[T], total: int | None = None, text: str = "") -> None:
        self._iterable, self._text = iterable, text
        self._total = len(iterable) if total is None and isinstance(iterable, Sized) else total

    def __iter__(self) -> Iterator[T]:
        body = current()
        for done, value in enumerate(self._iterable):
            self._step(body, done)
            body.checkpoint()
            yield value
        self._finish(body)

    async def __aiter__(self) -> Any:
        body = current()
        for done, value in enumerate(self._iterable):
            self._step(body, done)
            await body.checkpoint()
            yield value
        self._finish(body)

    def _step(self, body: Body | Outside, done: int) -> None:
        if self._total:
            body.progress(done / self._total, self._text or f"{done}/{self._total}")

    def _finish(self, body: Body | Outside) -> None:
        if self._total:
            body.progress(1.0, self._text or f"{self._total}/{self._total}")


FORMATTER = logging.Formatter("%(message)s")
HANDLED: ContextVar[bool] = ContextVar("stratix-handled", default=False)
"""Whether handlers are at a record that has landed on its node: what they write is no output of the body."""


def hear(record: logging.LogRecord) -> bool:
    """Take a record that a body logs; False where none does."""
    attempt = CURRENT.get()
    if attempt is None:
        return False
    try:
        text = FORMATTER.format(record)
    except Exception as error:  # as the handlers of `logging` do, it is told and harms nobody
        text = f"a record of {record.pathname}:{record.lineno} can't be written ({type(error).__name__})"
    attempt.host.note(attempt, "log", (record.created, record.levelname.lower(), text))
    return True


class BodyLogger(logging.Logger):
    """The logger of bodies. No configuration reaches it: it is none of those that `logging` knows, and has no handlers."""

    def __init__(self, name: str) -> None:
        super().__init__(name, logging.DEBUG)
        self.manager = logging.Manager(self)  # type: ignore[arg-type]
        self.propagate = False

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in `logging`
        hear(record)

    def __reduce__(self) -> str:
        return "BODY_LOGGER"


BODY_LOGGER = BodyLogger("stratix_tasks.body")


class Present(logging.Handler):
    """On the root logger while bodies run: without any handler `logging.warning(…)` would configure it for good."""

    def emit(self, record: logging.LogRecord) -> None:
        """What a cell logs is printed as it would be without this."""
        last = logging.lastResort
        if (
            CURRENT.get() is None
            and logging.root.handlers == [self]
            and last is not None
            and record.levelno >= last.level
        ):
            last.handle(record)


def listen() -> None:
    """From now on what bodies log, by whatever logger, is theirs; its handlers get it as well.

    Not by a handler: these are taken away by whoever configures `logging`, in a cell or in a body, and other loggers are
    disabled by it: those are still heard in bodies.
    """
    if getattr(logging.Logger.handle, "hears", False):
        return
    in_cells, enabled = logging.Logger.handle, logging.Logger.isEnabledFor

    def is_enabled_for(logger: logging.Logger, level: int) -> bool:
        if enabled(logger, level):
            return True
        return logger.disabled and CURRENT.get() is not None and logger.getEffectiveLevel() <= level > _disabled(logger)

    def handle(logger: logging.Logger, record: logging.LogRecord) -> None:
        if CURRENT.get() is None:
            return in_cells(logger, record)
        passed: Any = logger.filter(record)
        if passed:
            record = passed if isinstance(passed, logging.LogRecord) else record
            hear(record)
            record = _masked(record)
            if (
                not logger.disabled and logger.hasHandlers()
            ):  # without one, `logging` prints it: then it would come twice
                token = HANDLED.set(True)
                try:
                    logger.callHandlers(record)
                finally:
                    HANDLED.reset(token)
        return None

    handle.hears = True  # type: ignore[attr-defined]
    logging.Logger.handle, logging.Logger.isEnabledFor = handle, is_enabled_for  # type: ignore[method-assign,assignment]


def _masked(record: logging.LogRecord) -> logging.LogRecord:
    """The record as other handlers get it: without the secrets that its body was given."""
    attempt = CURRENT.get()
    if attempt is None or not attempt.host.masks:
        return record
    hide, made = attempt.host.masks.text, copy(record)
    with suppress(Exception):  # a record that can't be written is told by whoever writes it
        made.msg, made.args = hide(record.getMessage()), None
        if record.exc_info:
            made.exc_text, made.exc_info = hide(FORMATTER.formatException(record.exc_info)), None
    return made


def _disabled(logger: logging.Logger) -> int:
    """The level up to which `logging.disable` has switched all loggers off."""
    return int(logger.manager.disable)
