"""What a person can change of a flow: edits from Python, a view or its text, on one stack, and who is told of them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from operator import is_
from os import getpid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from stratix_tasks.dsl.bind import bind, typed
from stratix_tasks.dsl.task import known_tasks
from stratix_tasks.dsl.trace import Traced
from stratix_tasks.edits.editing import Editing, Step, Written, begun, replayed
from stratix_tasks.edits.words import Edit, Restore, Text, edit_of
from stratix_tasks.errors import FlowError
from stratix_tasks.runs.gc_pause import collector_paused
from stratix_tasks.session.compared import Compared, compared
from stratix_tasks.session.document import text_of
from stratix_tasks.session.drafts import Draft
from stratix_tasks.spec.model import FlowSpec

Said = Edit | Mapping[str, Any]
"""An edit, or its data: {"edit": "rename", "node": "a", "to": "b"}."""


class Edits:
    """The edits of one flow, for any thread. `offered` are those of the definition before this one, or of a kernel that has ended, which
    nobody has taken over or dropped yet; `file` is where its document lies, as it was when it was read or written last.
    """

    def __init__(self, offered: tuple[Step, ...] = ()) -> None:
        self.offered = offered
        self.mark: object = object()
        """Another one after each change, for who keeps what was made of the flow."""
        self.file: Path | None = None
        self._as_read: str | None = None
        self._saved: tuple[Step, ...] = ()
        self._draft: Draft | None = None
        self._now: Editing | None = None
        self._made: tuple[Traced, Editing, Traced] | None = None
        self._lock = threading.RLock()
        self._told = threading.local()
        self._watchers: list[Callable[[], None]] = []

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process it begins where it is now; nobody there is told of what is edited here."""
        return _copied, (self.offered, self.file, self._as_read, self._now)

    def load(self, spec: FlowSpec, text: str | None, file: Path | None) -> None:
        """Begin with a document, and its text, if it has one."""
        self._now, self.file, self._as_read = begun(spec, Written(text, spec)), file, text

    @property
    def pending(self) -> tuple[Step, ...]:
        """The steps that hold."""
        return self._now.done if self._now is not None else ()

    @property
    def now(self) -> Editing | None:
        return self._now

    @property
    def unsaved(self) -> tuple[Step, ...]:
        """The steps that are lost with this flow: those that its cell does not say, or its file, and those that are offered."""
        now, saved = self._now, self._saved
        if now is None:
            return self.offered
        if len(now.done) >= len(saved) and all(map(is_, now.done, saved)):
            return (*self.offered, *now.done[len(saved) :])
        text = now.text
        if text is None or text == self._as_read:
            return self.offered
        return (*self.offered, Step((Text(text),), Restore(), "what was not saved"))

    def keep_draft(self, of: Callable[[], str]) -> None:
        """From now on what is unsaved is kept beside the store; what an ended kernel has left of the same flow is offered."""
        if self._draft is None:
            self._draft = Draft(of, lambda: self.unsaved)
            self.offered = (*self._draft.left, *self.offered)
            self.watch(self._draft.still.again)

    def on(self, base: FlowSpec) -> Editing:
        """The edits on what the flow is now without them."""
        with self._lock:
            self._now = begun(base) if self._now is None else self._now.on(base)
            return self._now

    def change(self, base: Traced, how: Callable[[Editing], Editing]) -> Editing:
        """Edit, undo or redo. FlowError with the reason, and then nothing has changed."""
        with collector_paused():  # a look for garbage may take as long as the edit: what is edited is drawn first
            with self._lock:
                self._now = how(self.on(base.spec))
            self._tell(base)
        return self._now

    def drop(self) -> tuple[Step, ...]:
        """Without any edits, and without those that are offered; a document is what was loaded."""
        with self._lock:
            dropped, self.offered = (*self.offered, *self.pending), ()
            if self._now is not None:
                first = self._now.done[0].written if self._now.done else self._now.written
                self._now = replace(begun(self._now.base), written=first)
        self._tell()
        return dropped

    def take_over(self, base: Traced) -> Editing:
        """The edits that are offered, and then those that were made since."""
        with self._lock:
            now = self.on(base.spec)
            steps, self.offered = (*self.offered, *now.done), ()
            self._now = replayed(now.base, steps, written=now.done[0].written if now.done else now.written)
        self._tell(base)
        return self._now

    def apply_to(self, traced: Traced) -> Traced:
        """What was traced, with the edits: new nodes are bound to the functions that are known here."""
        with self._lock:
            if not self.pending:
                return traced
            editing = self.on(traced.spec)
            if self._made is None or self._made[0] is not traced or self._made[1] is not editing:
                functions, unbound = bind(editing.spec, {**known_tasks(), **traced.functions})
                spec, mistyped = typed(editing.spec, functions)
                problems = [*traced.problems, *unbound, *mistyped, *editing.lost]
                made = Traced(spec, functions, problems)
                self._made = (traced, editing, made) if not unbound else None  # what is not known may be, the next time
                return made
            return self._made[2]

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change; the answer ends it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    @property
    def fresh(self) -> Traced | None:
        """What the flow is without edits, for who is being told here of a change of them: it has just been traced."""
        return getattr(self._told, "base", None)

    def _tell(self, base: Traced | None = None) -> None:
        self.mark = object()
        self._told.base = base
        try:
            for watcher in list(self._watchers):
                watcher()
        finally:
            self._told.base = None

    @property
    def is_stale(self) -> bool:
        """Whether the file is not any more what was read of it, or written to it, here."""
        if self.file is None or not self.file.exists():
            return False
        try:
            return text_of(self.file) != self._as_read
        except FlowError:  # it can't be read any more
            return True

    def reading(self, text: str) -> None:
        """The file was read again."""
        self._as_read, self._saved = text, self.pending
        self._tell()

    def save(self, text: str, path: Path, *, overwrite: bool) -> None:
        """Write the document. FlowError `changed-on-disk` where somebody else has written the file since it was read here."""
        same = self.file is not None and path.resolve() == self.file.resolve()
        if same and not overwrite and self.is_stale:
            raise FlowError(
                f"{os.fspath(path)} has changed on the disk since it was read here: nothing was written. Read it again: reload(), or "
                "write over it: save(overwrite=True)",
                code="changed-on-disk",
            )
        _written(path.resolve(), text)
        self.file, self._as_read = path, text
        if self._now is not None and self._now.written is not None:  # a cell does not say what a file does
            self._saved = self.pending
        self._tell()


def _written(path: Path, text: str) -> None:
    """Write a file as a whole: where that fails, what was there stays. OSError, which names it."""
    part = path.with_name(f".{path.name}.{getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None


def _copied(offered: tuple[Step, ...], file: Path | None, as_read: str | None, now: Editing | None) -> Edits:
    made = Edits(offered)
    made.file, made._as_read, made._now = file, as_read, now
    return made


class Specified(Protocol):
    """A flow, as far as it is a document."""

    @property
    def spec(self) -> FlowSpec: ...


class Editable:
    """The words of a flow for its edits."""

    edits_made: Edits

    if TYPE_CHECKING:

        @property
        def name(self) -> str: ...

        own_name: str

        @property
        def spec(self) -> FlowSpec: ...
        def to_yaml(self, path: Any = None) -> str: ...
        def _unedited(self) -> Traced: ...

    def apply(self, *edits: Said, title: str = "") -> Self:
        """Edit the flow, in one step: `flow.apply({"edit": "rename", "node": "a", "to": "b"})`, or with the classes of
        `stratix_tasks.edits.words`. What it says from now on is run, drawn and saved; views show it at once. FlowError, with the
        reason, and then nothing has changed.
        """
        made = [edit_of(one) for one in edits]
        self.edits_made.change(self._unedited(), lambda now: now.apply(made, title))
        return self

    def undo(self) -> Self:
        """Take the last step back. FlowError `nothing-to-undo`."""
        self.edits_made.change(self._unedited(), lambda now: now.undo())
        return self

    def redo(self) -> Self:
        """Do the step again that was taken back last. FlowError `nothing-to-redo`."""
        self.edits_made.change(self._unedited(), lambda now: now.redo())
        return self

    @property
    def edits(self) -> list[str]:
        """What was edited, step by step, the last one last; of a decorated flow what its cell does not say."""
        return [step.title for step in self.edits_made.pending]

    def drop(self) -> Self:
        """Forget all edits: the flow is what its cell, or its document, says."""
        self.edits_made.drop()
        return self

    def reapply(self) -> Self:
        """Make the edits of the definition before this one, or those that an ended kernel left, on this one, too."""
        self._keep_draft()
        self.edits_made.take_over(self._unedited())
        return self

    def _keep_draft(self) -> None:
        """An editor shows the flow: what is edited outlives this kernel from now on."""
        edits, name = self.edits_made, self.own_name
        edits.keep_draft(lambda: f"{name} {edits.file.resolve() if edits.file is not None else ''}")

    def diff(self, other: Specified | FlowSpec) -> Compared:
        """What is added, removed and changed in another flow, or in another version of this one; it shows itself as one graph."""
        spec = getattr(other, "spec", other)
        if not isinstance(spec, FlowSpec):
            raise FlowError(f"diff() takes another flow, not {type(other).__name__}", code="bad-arguments")
        return compared(self.spec, spec)

    def reload(self) -> Self:
        """Take the flow from its file again, as a step that can be undone. FlowError `no-file`; `bad-document`."""
        file = self.edits_made.file
        if file is None:
            raise FlowError(f"flow '{self.name}' comes from no file", code="no-file")
        text = text_of(file)
        self.apply(Text(text), title=f"read {file.name} again")
        self.edits_made.reading(text)
        return self

    def save(self, path: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> Path:
        """Write the flow as YAML into the file that it was loaded from, or into `path`; the answer is where. FlowError `no-file`;
        `changed-on-disk` where the file is not what was read, unless `overwrite`; `not-portable`.
        """
        where = Path(path) if path is not None else self.edits_made.file
        if where is None:
            raise FlowError(f"flow '{self.name}' comes from no file: save('{self.name}.yaml')", code="no-file")
        self.edits_made.save(self.to_yaml(), where, overwrite=overwrite)
        return where
