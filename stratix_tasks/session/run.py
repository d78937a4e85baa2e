"""`Run`: a handle on one run: its state, its result, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from stratix_tasks.core.node import Node
from stratix_tasks.core.state import MISSING
from stratix_tasks.core.targets import find
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.look.health import asked_now, concerned
from stratix_tasks.look.logs import logs
from stratix_tasks.look.output import output
from stratix_tasks.look.progress import progress
from stratix_tasks.runners.native import Clock
from stratix_tasks.runs import request_data, wait
from stratix_tasks.runs.fitting import fitted
from stratix_tasks.runs.fork import again, fork
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.rollback import back_to
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.session.pictures import Pictured
from stratix_tasks.spec.inputs import named_inputs
from stratix_tasks.store.catalog import RunRow

if TYPE_CHECKING:
    import pandas

    from stratix_tasks.look.sources import RunSource
    from stratix_tasks.store.analytics import History


class Run(Pictured, Handle):
    """One run of a flow. Methods return when the request is recorded; TransitionError when it is not legal now."""

    def __init__(self, engine: Workshop, known: LiveRun | RunRow, flow: Any = None) -> None:
        super().__init__(engine, known)
        self._flow = flow

    # ------------------------------------------------------------------ what it is

    @property
    def inputs(self) -> dict[str, Any]:
        return dict(self._live.binding.inputs)

    @property
    def reason(self) -> str | None:
        """Why it is in its state: `user`, `disk`, `timeout`, `code-changed`, …"""
        self._refresh()
        return self._live.core.state.run_reason

    @property
    def error(self) -> StratixError | None:
        """Why there is no result; None while it runs, and when it completed."""
        self._refresh()
        error = self._live.error
        return error if isinstance(error, StratixError) else None

    # ------------------------------------------------------------------ waiting

    def wait(self, timeout: float | None = None) -> str:
        """Block until it has ended, nobody runs it any more, or `timeout` seconds; returns the status."""
        return wait.wait(self, timeout)

    def result(self, timeout: float | None = None) -> Any:
        """Its value, when it has ended.

        TaskFailed, RunCancelled; TimeoutError after `timeout` seconds (the run goes on); StratixError `interrupted` when
        nobody runs it.
        """
        return wait.result(self, timeout)

    def __await__(self) -> Generator[Any, None, Any]:
        return wait.wait_async(self).__await__()

    # ------------------------------------------------------------------ requests

    def pause(self, target: str | None = None, *, drain: bool = False) -> None:
        """Pause the run, a node (`"train"`), an item (`"train[3]"`, also of a mapped flow) or a round of a loop (`"refine[2]"`).

        Nothing new starts. Bodies park at their next checkpoint or finish, those in worker processes are suspended where
        they are; with `drain` all are left to finish.
        """
        self._ask("pause", target, {"drain": True} if drain else None)

    def resume(self, target: str | None = None) -> None:
        """Go on with the run, or with what was paused by itself."""
        self._ask("resume", target)

    def cancel(self, target: str | None = None) -> None:
        """End the run, a node, an item or a round: what has not started is cancelled, bodies are asked to stop."""
        self._ask("cancel", target)

    def retry(self, target: str | None = None, *, redo: bool = False) -> None:
        """Try again: all that failed or was cancelled, or one node, item or round, with what depends on it.

        Where something has gone on without it that is refused; with `redo` what was made so is rolled back.
        """
        self._ask("retry", target, {"redo": True} if redo else None)

    def skip(self, target: str, *, value: Any = MISSING, redo: bool = False) -> None:
        """Skip a node, an item or a round; with `value`, that stands for its result. `redo` as for `retry`.

        An item that is skipped is not among the results; after a round that is skipped the next one has what that had.
        InputError `type-mismatch` for a value that is not what the node gives, `bad-answer` where that is an answer.
        """
        fitted = value if value is MISSING else self.gives(target).fitted(target, value)
        given = request_data.skipping(self._engine.store.objects, fitted)
        self._ask("skip", target, {**given, "redo": True} if redo else given)

    def set(
        self, target: str, *, args: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
    ) -> None:
        """Change arguments and options (`retry`, `timeout`, `grace`, `priority`) of what has not started yet.

        Pause the run or the node first, so that it does not start meanwhile. Of a map that is expanded: item by item.
        InputError `type-mismatch` for an argument that is not what the function says of it.
        """
        given = {} if args is None else args
        if args and isinstance(args, Mapping):
            given = fitted(target, args, self.hints(target))
        self._ask("set", target, request_data.setting(self._engine.store.objects, given, options or {}, target))

    def breakpoint(self, target: str, *, on: bool = True) -> None:
        """Pause a node each time it is about to start; `resume(target)` lets it go on. `on=False` takes it away."""
        self._ask("breakpoint", target, {"on": on})

    def approve(self, target: str, *, by: str | None = None, note: str = "") -> None:
        """Approve what a node (or item) waits for; of a mapped one all that wait. `by` is who; without it, this user. `note` is
        why: it stands in the value of the node, beside who and when."""
        self._ask("approve", target, request_data.deciding(by, note))

    def reject(self, target: str, *, by: str | None = None, note: str = "") -> None:
        """Say no to what a node (or item) waits for: it fails, code `rejected`, which `failed` can catch."""
        self._ask("reject", target, request_data.deciding(by, note))

    def answer(self, target: str, /, **fields: Any) -> None:
        """Answer what a node (or item) asks; of a mapped one all that wait. InputError `bad-answer` with all that is wrong: it
        waits on then."""
        self._ask("answer", target, request_data.answering(self._live.core.state, target, fields))

    def send(self, name: str, value: Any = None) -> None:
        """Send a value to the nodes that wait for the signal `name`, now or later; each takes every value once, in order."""
        self._ask("send", None, request_data.signalling(self._engine.store.objects, name, value))

    def rollback(self, to: str | None = None, *, at: int | None = None) -> None:
        """Set back what came after: `to` a completed node, item of a mapped flow or round, or `at` a fact (`seq` of
        `events()`). The run is then paused.

        What depends on the node is pending again; its history is kept, and running bodies of it are stopped.
        """
        if (to is None) == (at is None):
            raise InputError("roll back to a node (to=…) or to a fact (at=seq), one of them", code="bad-option")
        self._ask("rollback", None, {"to": to} if to is not None else back_to(self._engine, self.id, at))

    def fork(self, from_: str | None = None, *, inputs: Mapping[str, Any] | None = None) -> Run:
        """Start a new run that takes over the results of this one, and runs `from_` and what depends on it again.

        Without `from_` every result is taken over whose function is what it was. InputError when a new input feeds a node
        whose result is taken over.
        """
        node = None if from_ is None else request_data.named(from_, "fork from")
        return Run(self._engine, fork(self._engine, self.id, node, named_inputs({} if inputs is None else inputs)))

    def again(self, *, inputs: Mapping[str, Any] | None = None) -> Run:
        """Start a new run of the same flow, with its functions as they are now, that takes nothing over; `inputs` that are not
        given are those of this one.
        """
        return Run(self._engine, again(self._engine, self.id, named_inputs({} if inputs is None else inputs)))

    # ------------------------------------------------------------------ looking closer

    def output(self, target: str) -> Any:
        """The result of a node or item. StratixError `no-output` when it has none."""
        self._refresh()
        return output(self._live, target)

    def logs(self, target: str | None = None) -> list[str]:
        """What the bodies of a node, an item or the whole run printed and logged, in order."""
        return self._look(logs, target)  # type: ignore[no-any-return]

    def progress(self) -> list[dict[str, Any]]:
        """One dict a node: name, kind, parent, state, attempt, done, total, failed, absorbed, options, progress, text, wait,
        started, ended, error. `absorbed` tells of a bad end that others went on without, so that it is not the run's; `options`
        are those that came with the run, or that somebody has set.
        """
        return self._look(progress)  # type: ignore[no-any-return]

    def why(self, target: str) -> str:
        """In one sentence why a node, an item or a round is in its state, and what it waits for; in another what is wrong with
        the executor that it uses, which is asked for at most two seconds.
        """
        from stratix_tasks.core.why import why

        interrupted = self.status == "interrupted"

        def say(live: LiveRun) -> tuple[str, Node | None]:
            said = why(live.core, target, Clock.time(), interrupted=interrupted)
            is_here = interrupted or live.follower is None
            return said, concerned(live.core.state, find(live.core.state, target)) if is_here else None

        told, node = self._look(say)
        ill = "" if node is None else asked_now(node, self._engine.executors.checkups)
        return f"{told} {ill}".rstrip()

    def tasks(self) -> pandas.DataFrame:
        """The run's nodes and items, from the store as `history().tasks(run=id)`."""
        return self._history().tasks(run=self.id)

    def events(self) -> pandas.DataFrame:
        """Everything that happened in the run, in order."""
        return self._history().transitions(run=self.id)

    def _history(self) -> History:
        from stratix_tasks.runs.past import past

        return past(self._engine.store, self._engine.executors.entries)

    def _shown(self) -> RunSource:
        return self._source()

    def _source(self) -> RunSource:
        from stratix_tasks.session.display import run_source

        self._refresh()
        return run_source(self)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from stratix_tasks.session.display import bundle
        from stratix_tasks.session.view_actions import Leads

        return bundle(self._source(), Leads(lambda: self._engine, flow=self._flow), **options)

    def _ipython_display_(self) -> None:
        from stratix_tasks.session.display import show_in_batch

        show_in_batch(self._source)

    def __repr__(self) -> str:
        try:
            status = self.status
        except StratixError as error:  # in a forked child, or of an engine that is closed
            status = f"not seen from here ({error.code})"
        return f"<run {self.id} of {self.flow}: {status}>"
