"""The edits of one flow: what it is without them, the steps that hold, and those that were taken back.

A flow that was loaded from a text has that text changed with it, and no more of it than an edit touches: comments, order and
what an editor does not know stay, and undoing gives it back to the byte.

An Editing never changes; each method gives another one. So who shows it may keep the one that it shows. What makes edits reads
documents, and is imported when one is made: every flow has an Editing, few have edits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stratix_tasks.edits.words import Edit, Restore, Text
from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import HERE
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.values import says_same


class Written:
    """The text of a document after a step, worked out when it is asked for: what it was before, with what the step changed."""

    __slots__ = ("_before", "_said", "_spec")

    def __init__(self, said: str | None, spec: FlowSpec, before: Written | None = None) -> None:
        self._said, self._spec, self._before = said, spec, before

    def text(self) -> str | None:
        """None where no text can say it."""
        open_ones, one = list[Written](), self
        while (before := one._before) is not None:  # another thread may be here, too: both come to the same
            open_ones.append(one)
            one = before
        text = one._said
        for later in reversed(open_ones):
            text = later._said = _edited(text, later._spec)
            later._before = None
        return text


@dataclass(frozen=True, slots=True)
class Step:
    """What one undo takes back: a drag, a field, a paste."""

    edits: tuple[Edit, ...]
    inverse: Restore
    title: str
    written: Written | None = None
    """What the document said before it, where there is one."""


@dataclass(frozen=True, slots=True)
class Editing:
    """`spec` is what `base` became by `done`; `undone` are the steps that a redo does, the next one last. `lost` tells of steps that
    could not be done on a base that changed: they are kept in `done`, and change nothing.
    """

    base: FlowSpec
    spec: FlowSpec
    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()
    lost: tuple[Problem, ...] = ()
    written: Written | None = None
    """What the document says, where it is one: nothing as long as nobody has written it."""

    @property
    def text(self) -> str | None:
        """What the document says, where there is one that can say it."""
        return self.written.text() if self.written is not None else None

    def apply(self, edits: Sequence[Edit], title: str = "") -> Editing:
        """One step of all these edits, or of none: FlowError, with the reason. An edit that changes nothing is no step."""
        step, spec = _step(self.spec, edits, title)
        if (
            step is None
            and self.written is not None
            and any(isinstance(one, Text) and one.text != self.text for one in edits)
        ):
            step = Step(tuple(edits), Restore(), title or _title(edits))  # a comment, or another form
        return self if step is None else self._with(step, spec, ())

    def _with(self, step: Step, spec: FlowSpec, undone: tuple[Step, ...]) -> Editing:
        done = (*self.done, replace(step, written=self.written))
        return replace(self, spec=spec, done=done, undone=undone, written=_written(self.written, step, spec))

    def undo(self) -> Editing:
        """Without the last step. FlowError `nothing-to-undo`."""
        from stratix_tasks.edits.apply import apply

        if not self.done:
            raise FlowError("there is no edit to undo", code="nothing-to-undo")
        *done, step = self.done
        spec, _ = apply(self.spec, step.inverse)
        return replace(self, spec=spec, done=tuple(done), undone=(*self.undone, step), written=step.written)

    def redo(self) -> Editing:
        """With the step again that was taken back last. FlowError `nothing-to-redo`."""
        if not self.undone:
            raise FlowError("there is no edit to redo", code="nothing-to-redo")
        *undone, step = self.undone
        again, spec = _step(self.spec, step.edits, step.title)
        return self._with(again or replace(step, inverse=Restore()), spec, tuple(undone))

    def on(self, base: FlowSpec) -> Editing:
        """The same steps on what the flow is now."""
        if base == self.base:
            return self
        return replayed(base, self.done, self.undone)


def begun(base: FlowSpec, written: Written | None = None) -> Editing:
    """A flow without edits; of a document with what it says."""
    return Editing(base, base, written=written)


def replayed(
    base: FlowSpec, done: Iterable[Step], undone: tuple[Step, ...] = (), written: Written | None = None
) -> Editing:
    """Steps done on another base, and its text, if it has one."""
    now, lost = begun(base, written), list[Problem]()
    for step in done:
        try:
            again, spec = _step(now.spec, step.edits, step.title)
        except FlowError as error:
            told = f"the edit '{step.title}' can't be made any more: {error.message}"
            lost.append(Problem("edit-lost", told, hint=_LOST))
            nothing = replace(step, inverse=Restore(), written=now.written)
            now = replace(now, done=(*now.done, nothing))
        else:
            now = now._with(again or replace(step, inverse=Restore()), spec, ())
    return replace(now, undone=undone, lost=tuple(lost))


_LOST = "Undo it, drop all edits (flow.drop()), or bring back what it names."


def _step(spec: FlowSpec, edits: Sequence[Edit], title: str) -> tuple[Step | None, FlowSpec]:
    from stratix_tasks.edits.apply import apply

    made, before = spec, dict[str, object]()
    for edit in edits:
        made, inverse = apply(made, edit)
        before = {**inverse.fields, **before}
    before = {name: part for name, part in before.items() if part is not made.__dict__[name]}
    if not before or says_same(made, spec):
        return None, spec
    return Step(tuple(edits), Restore(before), title or _title(edits)), made


def _title(edits: Sequence[Edit]) -> str:
    return str(edits[0]) + (f" and {len(edits) - 1} more" if len(edits) > 1 else "")


def _written(before: Written | None, step: Step, spec: FlowSpec) -> Written | None:
    """What a document says after a step."""
    if before is None:
        return None
    texts = [edit.text for edit in step.edits if isinstance(edit, Text)]
    return Written(None, spec, Written(texts[-1], spec) if texts else before)


def _edited(text: str | None, spec: FlowSpec) -> str | None:
    """A text with what a changed flow says; None where none can, or there was none."""
    from stratix_tasks.formats.yaml_edit import edit as edited

    try:
        return edited(text, spec, HERE.get().entries) if text is not None else None
    except FlowError:
        return None
