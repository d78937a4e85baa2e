"""What can go wrong, below all rooms.

Every error says what happened, where, what is allowed and what to do, and carries a stable `code` that programs can
test for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class StratixError(Exception):
    """Base of all errors of stratix-tasks; `code` is stable, the text is for people."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class FlowError(StratixError):
    """A definition is wrong; `problems` holds all of them (`spec.problems.Problem`), not the first alone."""

    code = "bad-flow"

    def __init__(self, message: str, *, code: str | None = None, problems: Sequence[Any] = ()) -> None:
        self.problems = list(problems)
        lines = [message, *(f"  - {problem}" for problem in self.problems)]
        super().__init__("\n".join(lines), code=code)


class InputError(StratixError):
    """An input of a run is missing, unknown or of the wrong type."""

    code = "bad-input"


class TaskFailed(StratixError):
    """A node of a run failed. `__cause__` is the body's own exception when it is still known in this process."""

    code = "task-failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        run: str = "",
        node: str = "",
        attempt: int = 0,
        error_type: str = "",
        traceback: str = "",
    ) -> None:
        super().__init__(message, code=code)
        self.run, self.node, self.attempt = run, node, attempt
        self.error_type, self.traceback = error_type, traceback


class RunCancelled(StratixError):
    """The run was cancelled, so it has no result."""

    code = "run-cancelled"


class TransitionError(StratixError):
    """A request is not legal in the present state; `story` is what happened to the node or run so far. `redo` tells, where it is
    legal with `redo=True`, who has gone on without what is asked about, and what that rolls back.
    """

    code = "illegal-transition"

    def __init__(self, message: str, *, code: str | None = None, story: Sequence[str] = (), redo: str = "") -> None:
        self.story, self.redo = list(story), redo
        super().__init__("\n".join([message, *(f"  {line}" for line in self.story)]), code=code)


class StoreError(StratixError):
    """The store can't be read or written; nothing that was recorded is lost."""

    code = "store"


class ExecutorError(StratixError):
    """An executor is unknown, misconfigured or unhealthy."""

    code = "executor"


class RunnerLost(StratixError):
    """The place where a body ran has gone."""

    code = "runner-lost"


def headline(kind: object, message: object) -> str:
    """An error in words, `ValueError: not a number`; one without a text by its class alone."""
    text = str(message) if message is not None else ""
    return f"{kind}: {text}" if text.strip() else str(kind)


def in_words(error: BaseException) -> str:
    """The same of one that was caught."""
    return headline(type(error).__name__, error)


def in_one_line(error: Mapping[str, Any]) -> str:
    """The same of one that is on record, by the first line of its text, or the last one where that holds a traceback."""
    text = str(error.get("message") or "").strip()
    if "Traceback (most recent call last)" in text:
        text = text.rstrip('"\n ').rpartition("\n")[2]
    return headline(error.get("type"), text.partition("\n")[0])


def as_data(error: BaseException) -> dict[str, Any]:
    """An error as JSON, so that another process can raise it again: class, text, code, and a transition's story and `redo`."""
    known = error if isinstance(error, StratixError) else StratixError(in_words(error))
    problems = [str(problem) for problem in getattr(known, "problems", ())]
    story = list(getattr(known, "story", ()))
    shown = "".join([*(f"\n  - {line}" for line in problems), *(f"\n  {line}" for line in story)])
    message = known.message.removesuffix(shown)
    data = {"error": type(known).__name__, "message": message, "code": known.code, "lines": problems or story}
    return {**data, "redo": known.redo} if isinstance(known, TransitionError) else data


def from_data(data: dict[str, Any]) -> StratixError:
    """The error that `as_data` made data. One of a class that is not known here is a StratixError."""
    message, code, lines = str(data["message"]), str(data["code"]), list(data["lines"])
    if data["error"] == "TransitionError":
        return TransitionError(message, code=code, story=lines, redo=data["redo"])
    if data["error"] == "FlowError":
        return FlowError(message, code=code, problems=lines)
    kinds = (InputError, TaskFailed, RunCancelled, StoreError, ExecutorError, RunnerLost)
    kind = next((kind for kind in kinds if kind.__name__ == data["error"]), StratixError)
    return kind(message, code=code)
