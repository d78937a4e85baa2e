"""An attempt as runners take it, and how one is answered: exactly once, with what the machine understands."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import Context, ContextVar
from itertools import islice
from os import getpid
from time import thread_time
from types import TracebackType
from typing import Any, NamedTuple, Protocol, TypeVar

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.ports import Objects, Runner
from stratix_tasks.errors import StoreError, StratixError, in_words
from stratix_tasks.runners.forked import end_child
from stratix_tasks.runners.native import Clock
from stratix_tasks.runners.secrets import Masks, encode, hiding, reveal
from stratix_tasks.spec.text import WIDE
from stratix_tasks.spec.unicode import is_unicode

T = TypeVar("T")
CURRENT: ContextVar[Attempt | None] = ContextVar("stratix_attempt", default=None)
"""The attempt whose body runs in this context."""


class Stopped(BaseException):
    """Raised inside a body at a checkpoint when it was asked to stop.

    Not an Exception, so that `except Exception` lets it pass.
    """


class Where(NamedTuple):
    """A unit, as its body sees it."""

    node: str
    item: int | None = None
    key: str | None = None
    generation: int = 0
    mapped: tuple[str, ...] = ()
    """The arguments that a mapped node maps."""
    room: int = 0
    """How many items the body may spawn."""
    orphans: int = 0
    """Attempts of it that died with their kernel."""


class Host(Protocol):
    """The run that an attempt belongs to, as runners and bodies see it. All methods may be called from any thread."""

    id: str
    objects: Objects
    masks: Masks
    """The secrets that bodies of this run were given so far."""

    def secret(self, name: str) -> str:
        """The value of a secret, which is masked from then on. StratixError `missing-secret`."""

    def answer(self, event: tuple[Any, ...], *, free: bool = False) -> None:
        """`free`: from a thread of a runner that has nothing else to do, and on which no user's code stands: what follows from the
        answer may be done right here, to the next `submit`.
        """

    def note(self, attempt: Attempt, kind: str, row: tuple[Any, ...]) -> None: ...

    def place(self, unit: int) -> Where: ...


class Attempt:
    """A body to run: `function(*args, **kwargs)` in `context`.

    `stop`, `hold` and `go` are what the engine wants of it. It is `plain` where nothing is hidden in its arguments.
    """

    stop = hold = False
    go: threading.Event | None = None
    lines: dict[str, str] | None = None
    spawned = 0

    def __init__(
        self,
        host: Host,
        unit: int,
        number: int,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        context: Context,
        plain: bool = False,
    ) -> None:
        self.host, self.unit, self.number = host, unit, number
        self.function, self.args, self.kwargs, self.context, self.plain = function, args, kwargs, context, plain

    def enter(self) -> Context:
        """Its context, in which the body begins now. It is the body's from then on: it holds the attempt, and where that held it, too,
        neither would go, with all that the body was given, before the collector comes.
        """
        context = self.context
        del self.context
        return context

    def ask_stop(self) -> None:
        self.stop = True
        self._wake()

    def ask_hold(self) -> None:
        if not self.hold:  # a body that is parked already waits for the event that is there
            self.go = threading.Event()
            self.hold = True

    def release(self) -> None:
        self.hold = False
        self._wake()

    def _wake(self) -> None:
        if self.go is not None:
            self.go.set()

    def reveal(self) -> None:
        """Its body is about to begin: it gets the secrets that stand in its arguments."""
        if not self.plain:
            self.args, self.kwargs = reveal(self.args, self.kwargs, self.host.secret)

    def suspended(self) -> None:
        """The body is parked."""
        self.host.answer((int(Answer.SUSPENDED), self.unit, self.number, Clock.time()))

    def write(self, stream: str, text: str) -> None:
        """Captured output: whole lines become log rows; what a carriage return overwrote is dropped."""
        if self.lines is None:
            self.lines = {}
        *lines, rest = (self.lines.get(stream, "") + text).split("\n")
        for line in lines:
            self.host.note(self, "log", (Clock.time(), stream, line.rstrip("\r").rpartition("\r")[2]))
        rest = rest if rest.endswith("\r") else rest.rpartition("\r")[2]
        if len(rest) > LONGEST:  # no secret is cut in two, for then its parts would not be masked
            rest = self.host.masks.text(rest)
            cut = len(rest) - self.host.masks.longest
            self.host.note(self, "log", (Clock.time(), stream, rest[:cut]))
            rest = rest[cut:]
        self.lines[stream] = rest

    def flush(self) -> None:
        """Lines without an end, at the end of the body."""
        for stream, rest in (self.lines or {}).items():
            if rest.strip("\r"):
                self.host.note(self, "log", (Clock.time(), stream, rest.rstrip("\r").rpartition("\r")[2]))
        self.lines = None


class Cooperative:
    """A runner whose bodies are asked: they park and stop at their checkpoints."""

    def hold(self, attempt: Attempt) -> None:
        attempt.ask_hold()

    def release(self, attempt: Attempt) -> None:
        attempt.release()


def run_here(attempt: Attempt) -> tuple[Any, ...]:
    """Run a plain function in this thread, in the attempt's context; returns the answer."""
    return attempt.enter().run(_run, attempt)


def _run(attempt: Attempt) -> tuple[Any, ...]:
    CURRENT.set(attempt)
    begun, home = thread_time(), getpid()
    try:
        attempt.reveal()
        value = attempt.function(*attempt.args, **attempt.kwargs)
    except BaseException as error:
        end_child(home, error)
        return failed(attempt, error)
    end_child(home)
    return succeeded(attempt, value, thread_time() - begun)


def succeeded(attempt: Attempt, value: Any, cpu: float | None) -> tuple[Any, ...]:
    """The OK answer, with the value ready to be recorded; FAIL when it can't be stored, UNSTORED when the disk is full."""
    if attempt.lines:
        attempt.flush()
    kind = type(value)
    if value is None or kind is bool or (kind is int and -(1 << 63) <= value < 1 << 63):  # as `encode` would, at once
        return (0, attempt.unit, attempt.number, Clock.time(), value, "json", value, None, cpu, None)
    try:
        value, encoded = encode(attempt.host.objects, attempt.host.masks, value)
    except StoreError as error:
        if error.code == "disk-full":
            return (UNSTORED, attempt, value, cpu)
        return failed(attempt, error)
    except BaseException as error:
        return failed(attempt, error)
    codec, payload, summary, frame = encoded.codec, encoded.payload, encoded.summary, encoded.frame
    return (0, attempt.unit, attempt.number, Clock.time(), value, codec, payload, summary, cpu, frame)


def failed(attempt: Attempt, error: BaseException) -> tuple[Any, ...]:
    """FAIL with the error as data, or STOPPED when the body ended because it was asked to."""
    if attempt.lines:
        attempt.flush()
    kind = type(error)
    if issubclass(kind, Stopped) or (attempt.stop and kind.__name__ == "CancelledError"):
        return (int(Answer.STOPPED), attempt.unit, attempt.number, Clock.time())
    return (int(Answer.FAIL), attempt.unit, attempt.number, Clock.time(), *told(error, attempt.host.masks))


def told(error: BaseException, masks: Masks) -> tuple[dict[str, Any], BaseException | None]:
    """An error as data without the secrets, and the error itself, unless it tells one."""
    if not masks:
        return describe(error), error
    hide, found = hiding(masks)
    data = describe(error, hide)
    return data, None if found else error


def lost(attempt: Attempt, by: BaseException | None) -> tuple[Any, ...]:
    """LOST: its thread or loop has ended under it, by an exception or because a body stopped it."""
    if attempt.stop:
        return (int(Answer.STOPPED), attempt.unit, attempt.number, Clock.time())
    why = "was stopped from inside" if by is None else f"was ended from outside, by {type(by).__name__}"
    return _lost(attempt, f"the thread or loop of this body {why}; the other bodies were not touched")


def not_begun(attempt: Attempt, error: BaseException) -> tuple[Any, ...]:
    """LOST: the system has no thread or process left that could run it, which may be otherwise soon."""
    return _lost(attempt, f"nothing could be started that would run this body: {in_words(error)}")


def submit(runners: Mapping[str, Runner], name: str, attempts: list[Attempt]) -> None:
    """Attempts begin in a runner; where that can't be made they are answered as lost."""
    try:
        runner = runners[name]
    except Exception as error:
        for attempt in attempts:
            attempt.host.answer(not_begun(attempt, error))
    else:
        runner.submit(attempts)


def _lost(attempt: Attempt, message: str) -> tuple[Any, ...]:
    told = {"type": "RunnerLost", "code": "lost", "bases": ["StratixError", "Exception"], "traceback": ""}
    told["message"] = f"{message}. retry() tries it again"
    return (int(Answer.LOST), attempt.unit, attempt.number, Clock.time(), told)


LONGEST = 1 << 16
"""Characters of a line that has no end yet, after which it is recorded all the same and another one begins."""
SEVERAL = 20
"""Attributes of an error that are looked at."""
MESSAGE, TRACEBACK = 4_000, 16_000
"""Characters that are recorded of an error's message, and of its traceback."""
UNSTORED = 99
"""An answer for the shell alone: the body is done, its result waits in memory until the disk has room."""

traceback_of: Callable[[BaseException], TracebackType | None] = vars(BaseException)["__traceback__"].__get__
"""Its traceback, whatever its class makes of that name."""
FINAL = ("not-storable", "not-sendable", "bad-config", "missing-extra", "secret-in-result")
"""Codes of errors that another attempt would meet again."""
_OURS = ("stratix_tasks.runners", "stratix_tasks.engine")


def _as_it_is(text: str) -> str:
    return text


def describe(error: BaseException, hide: Callable[[str], str] = _as_it_is) -> dict[str, Any]:
    """An error as data: type, message, code, the names of its bases, and the traceback from the body's first frame on.
    Texts are told as `hide` tells them, before they are cut.

    Its class may be the user's: whatever is asked of it may raise anything, and then something plainer is said.
    """
    kind = type(error)
    name = _asked(lambda: _text(kind.__name__), "an exception without a name")
    data: dict[str, Any] = {
        "type": name,
        "message": _message(error, name, hide),
        "traceback": _asked(lambda: _traceback(error, hide), "") or _asked(lambda: _frames_alone(error, hide), ""),
        "bases": _asked(lambda: [_text(base.__name__) for base in kind.__mro__[1:-1]], ["BaseException"]),
    }
    nothing: dict[str, Any] = {}
    if known := _asked(lambda: _attributes(error), nothing):
        data["attributes"] = {name: hide(one) if type(one) is str else one for name, one in known.items()}
    if issubclass(kind, StratixError):
        data["code"] = _asked(lambda: _text(error.code), "error")  # type: ignore[attr-defined]
    if not issubclass(kind, Exception) or data.get("code") in FINAL:
        data["final"] = True
    return data


def _attributes(error: BaseException) -> dict[str, Any]:
    """Those that are plain data, for who handles it: the status of an answer, the number of an OSError."""
    known = {**{name: getattr(error, name) for name in ("errno", "filename")}} if isinstance(error, OSError) else {}
    known |= vars(error)
    plain = ((name, value) for name, value in known.items() if type(name) is str and not name.startswith("_"))
    return {name: value for name, value in islice(plain, SEVERAL) if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return len(value) <= MESSAGE and is_unicode(value)
    return (
        value is None
        or kind is bool
        or (kind is int and -WIDE <= value < WIDE)
        or (kind is float and value - value == 0)
    )


def _asked(question: Callable[[], T], otherwise: T) -> T:
    try:
        return question()
    except BaseException:
        return otherwise


def _text(value: Any) -> str:
    """Exactly a str, of what may be a subclass of one, and writable."""
    return str.__str__(str(value)).encode("utf-8", "replace").decode()


def _message(error: BaseException, name: str, hide: Callable[[str], str]) -> str:
    try:
        return shortened(hide(_text(error)), MESSAGE)
    except BaseException as second:
        return f"<{name}, whose text can't be made: {type(second).__name__}>"


def _traceback(error: BaseException, hide: Callable[[str], str]) -> str:
    return _whole(traceback.format_exception(type(error), error, _of_body(error)), hide)


def _frames_alone(error: BaseException, hide: Callable[[str], str]) -> str:
    return _whole(traceback.format_tb(_of_body(error)), hide)


def _whole(parts: list[str], hide: Callable[[str], str]) -> str:
    """The parts in a row. A long message is shortened for itself, so that the frames beside it stay."""
    return _text(shortened("".join(shortened(hide(part), MESSAGE) for part in parts), TRACEBACK))


def shortened(text: str, most: int) -> str:
    """Its two ends, where it is longer than `most` characters."""
    if len(text) <= most:
        return text
    half = most // 2 - 25
    return f"{text[:half]}… {len(text) - 2 * half:,} characters left out …{text[-half:]}"


def _of_body(error: BaseException) -> TracebackType | None:
    trace = traceback_of(error)
    while trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith(_OURS):
        trace = trace.tb_next
    return trace
