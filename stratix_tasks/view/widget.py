"""The live widget: few synced traits, one message handler. The front end speaks by custom messages alone.

The handler may run in any thread of the kernel, so it only hands over. Patches leave from the engine's thread,
coalesced.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from stratix_tasks.errors import FlowError, StratixError, TransitionError
from stratix_tasks.view._kernel_compat import keep_on_subshell
from stratix_tasks.view.change import change, was_at
from stratix_tasks.view.messages import Kept, Point, Refusal, Snapshot, Told
from stratix_tasks.view.paths import paths_from
from stratix_tasks.view.saved import MIME
from stratix_tasks.view.snapshot import patch, snapshot
from stratix_tasks.view.source import LEADS, Editor, Lead, Source

WIDGET = "application/vnd.jupyter.widget-view+json"
STATIC = Path(__file__).parent / "static"
EVERY = 0.066
"""Seconds between patches."""


_EDITOR: dict[str, Callable[[Editor, dict[str, Any]], Any]] = {
    "edit": lambda editor, said: editor.edit(said["edits"], said.get("title", "")),
    "open": lambda editor, said: editor.open(said["name"], said["data"], said["at"]),
    "history": lambda editor, said: editor.history(said["do"], said.get("path", "")),
    "palette": lambda editor, said: editor.palette(said["node"], said["side"], said["port"]),
    "stub": lambda editor, said: editor.stub(said["name"], said["node"], said["side"], said["port"]),
    "fits": lambda editor, said: editor.fits(said["source"]),
    "form": lambda editor, said: editor.form(said["nodes"]),
    "text": lambda editor, _: editor.text(),
    "check": lambda editor, said: editor.check(said["text"]),
    "mend": lambda editor, said: editor.mend(said["text"], said["at"]),
    "python": lambda editor, _: editor.python(),
    "copy": lambda editor, said: editor.copy(said["nodes"]),
    "complete": lambda editor, said: editor.complete(said["node"], said["text"], said["at"], said["of"]),
    "value": lambda editor, said: editor.value(said["text"]),
    "sample": lambda editor, said: editor.sample(said["source"]),
    "evaluate": lambda editor, said: editor.evaluate(said["node"], said["text"]),
}
"""What is asked of who edits."""


def _given_back(edits: Iterable[Mapping[str, Any]]) -> set[str]:
    """The nodes that edits give back to the layout."""
    moved = (dict(edit.get("places") or {}) for edit in edits if edit.get("edit") == "move")
    return {name for places in moved for name, place in places.items() if place is None}


class FlowView(anywidget.AnyWidget):
    """One view of a flow or run; several views of one run are independent.

    `lead` gives the source that is shown after a request that leads to another run, `keep` what the file of a notebook is to
    keep of a source.
    """

    _esm = STATIC / "widget.js"
    _css = STATIC / "widget.css"
    snapshot = traitlets.Dict().tag(sync=True)
    _stop: Callable[[], None] = staticmethod(lambda: None)  # one that could not be made is closed, too

    def __init__(self, source: Source, lead: Lead, keep: Callable[[Source], Kept], *, editing: bool = False) -> None:
        self._source, self._lead, self._keep = source, lead, keep
        self._home, self._editing = source, editing
        self._stays: dict[str, Point] = {}
        self._in_order = threading.Lock()
        self._seq = 0
        self._dirty: set[int] = set()
        self._flushing = False
        self._told = self._whole()
        super().__init__(snapshot=self._told)
        keep_on_subshell(self.comm)
        self.on_msg(FlowView._heard)
        self._stop = self._watch()

    def close(self) -> None:
        """Stop watching."""
        self._stop()
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and what a notebook keeps of it: with its name, so that the view is live where a kernel has it."""
        made = super()._repr_mimebundle_(**options)
        live, meta = made if isinstance(made, tuple) else (made or {}, {})
        data = self._keep(self._source)
        if WIDGET in live and MIME in data:
            data[MIME]["view"] = live[WIDGET]
        return {**live, **data}, meta

    # ------------------------------------------------------------------ to the front end; in the engine's thread

    def _watch(self) -> Callable[[], None]:
        mine = weakref.ref(self)

        def changed(nodes: set[int]) -> None:
            view = mine()
            if view is not None:
                view._changed(nodes)

        return self._source.watch(changed)

    def _changed(self, nodes: set[int]) -> None:
        """After a turn."""
        self._dirty |= nodes
        if not self._flushing:
            self._flushing = True
            self._source.later(EVERY, self._flush)

    def _flush(self) -> None:
        dirty, self._dirty, self._flushing = self._dirty, set(), False
        if self._source.run_info() is None:
            self._differ()
            return
        self._seq += 1
        head, data = patch(self._source, dirty, self._seq)
        self._tell(head, data)

    def _resync(self) -> None:
        with self._in_order:
            self._told = self._next()
            self._tell({"type": "snapshot", "snapshot": self._told})

    def _differ(self) -> None:
        """What has changed in a flow, which may be edited in several threads: what is told last is what is."""
        with self._in_order:
            before, self._told = self._told, self._next()
            if before["run"] is None and before["mode"] == self._told["mode"]:
                self._tell(change(before, self._told))
            else:
                self._tell({"type": "snapshot", "snapshot": self._told})

    def _next(self) -> Snapshot:
        """Under a number of its own: who has not heard it asks for all."""
        self._seq += 1
        return self._whole()

    def _whole(self) -> Snapshot:
        if not self._editing or self._source.editor is None:
            return snapshot(self._source, seq=self._seq)
        made = snapshot(self._source, seq=self._seq, mode="edit", stays=self._stays)
        placed = set(made["edit"]["placed"])  # which stand where they stood before, when an undo takes that back
        now = {node["name"]: (node["x"], node["y"]) for node in made["nodes"]}
        stood, was = list(self._stays.values()), was_at(list(self._stays), list(now))
        self._stays = {
            name: stood[old] if name in placed and old >= 0 else at
            for (name, at), old in zip(now.items(), was, strict=True)
        }
        return made

    def _tell(self, message: Told, *buffers: bytes) -> None:
        self.send(message, buffers=list(buffers))

    # ------------------------------------------------------------------ from the front end; any thread of the kernel

    def _heard(self, content: dict[str, Any], _buffers: Any) -> None:
        if content.get("type") == "request" and content.get("verb") in LEADS:
            self._apart(content, lambda: self._go(content))
        elif content.get("type") == "keep":
            self._apart(content, lambda: self._keep(self._source))
        elif content.get("type") == "paths":
            self._apart(content, lambda: paths_from(str(content["text"])))
        elif content.get("type") == "items":  # there may be very many to be sorted
            self._apart(content, lambda: self._items(content))
        else:
            self._source.later(0.0, lambda: self._handle(content))

    def _apart(self, content: dict[str, Any], make: Callable[[], Any]) -> None:
        """Answer in a thread of its own: what waits for the engine, or takes long."""
        threading.Thread(target=self._answer, args=(content, make), name="stratix-view", daemon=True).start()

    def _items(self, content: dict[str, Any]) -> Any:
        return self._source.items(content["node"], content["start"], content["stop"], content.get("query"))

    def _handle(self, content: dict[str, Any]) -> None:
        kind = content.get("type")
        if kind == "resync":
            self._resync()
        elif kind == "request":
            self._request(content)
        elif kind == "inspect":
            self._answer(content, lambda: self._source.inspect(content["node"], content.get("item")))
        elif kind == "can":
            self._answer(content, lambda: self._source.can(content["node"], content.get("item")))
        elif kind == "inputs":
            self._answer(content, self._source.fields)
        elif kind == "about":
            self._answer(content, self._source.about)
        elif kind == "mode":
            self._turn(bool(content["edit"]))
        elif kind in _EDITOR:
            self._answer(content, lambda: self._edited(_EDITOR[kind], content))

    def _turn(self, editing: bool) -> None:
        """Edit the flow, or show it; where a run of it is shown, the flow that it came from."""
        self._editing, self._stays = editing, {}
        if editing and self._source is not self._home and self._home.editor is not None:
            self._show(self._home)
        self._resync()

    def _edited(self, ask: Callable[[Editor, dict[str, Any]], Any], content: dict[str, Any]) -> Any:
        if self._source.editor is None:
            raise FlowError("a run is what its flow was when it began: edit the flow", code="not-available")
        if content["type"] != "edit":
            return ask(self._source.editor, content)
        stood = self._stays
        loose = _given_back(content["edits"])
        self._stays = {name: at for name, at in stood.items() if name not in loose}
        try:
            made = ask(self._source.editor, content)
        except Exception:
            self._stays = stood
            raise
        if loose:  # which may have had no place in the document, so that nothing was edited
            self._resync()
        return made

    def _show(self, source: Source) -> None:
        self._stop()
        self._source, self._dirty = source, set()
        self._stop = self._watch()

    def _request(self, content: dict[str, Any]) -> None:
        try:
            future = self._source.request(str(content.get("verb")), content.get("target"), content.get("args") or {})
        except Exception as error:
            self._reply(content, None, error)
            return
        future.add_done_callback(lambda done: self._reply(content, None, done.exception()))

    def _go(self, content: dict[str, Any]) -> None:
        """Show another run."""
        shown = self._source.run_info()
        fresh = self._lead(
            content["verb"], content.get("target"), content.get("args") or {}, shown["id"] if shown else None
        )
        self._show(fresh)
        fresh.later(0.0, self._resync)

    def _answer(self, content: dict[str, Any], make: Callable[[], Any]) -> None:
        try:
            self._reply(content, make(), None)
        except Exception as error:
            self._reply(content, None, error)

    def _reply(self, content: dict[str, Any], result: Any, error: BaseException | None) -> None:
        told: Refusal | None = None
        if error is not None:
            told = {
                "code": getattr(error, "code", "error"),
                "message": error.message if isinstance(error, StratixError) else str(error),
                "redo": error.redo if isinstance(error, TransitionError) else "",
            }
        self._tell({"type": "reply", "id": content["id"], "ok": error is None, "error": told, "result": result})
