"""Front ends for tests: what is told to a view, and what a view shows of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Condition
from typing import Any, cast

from stratix_tasks import Flow
from stratix_tasks.session.display import kept
from stratix_tasks.view.widget import FlowView


class View(FlowView):
    """A view whose front end is this test."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.told: list[dict[str, Any]] = []
        self.news = Condition()
        self.replies: SimpleQueue[dict[str, Any]] = SimpleQueue()
        super().__init__(*args, **kwargs)

    def _tell(self, message: Any, *buffers: bytes) -> None:
        with self.news:
            self.told.append(message)
            self.news.notify_all()
        if message["type"] == "reply":
            self.replies.put(message)

    def reply(self, kind: str, said: dict[str, Any]) -> dict[str, Any]:
        self._heard({"type": kind, "id": 1, **said}, None)
        return self.replies.get(timeout=60)

    def ask(self, kind: str, **said: Any) -> Any:
        """The answer to a message; AssertionError with the reason for a refusal."""
        reply = self.reply(kind, said)
        assert reply["ok"], reply["error"]
        return reply["result"]

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Until what was told makes it so."""
        with self.news:
            assert self.news.wait_for(is_so, timeout=60)

    def refused(self, kind: str, **said: Any) -> str:
        """The reason of a refusal."""
        return str(self.reply(kind, said)["error"]["message"])

    @property
    def shown(self) -> dict[str, Any]:
        """What the front end shows after all that it was told."""
        return shown(self.snapshot, self.told)


def view_of(sales: Flow[..., Any], editing: bool = True) -> View:
    return View(sales._source(), cast(Any, None), kept, editing=editing)


def shown(first: dict[str, Any], told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a front end shows that began with a snapshot, after all that it was told; AssertionError where something is missing."""
    for message in told:
        if message["type"] == "snapshot":
            first = message["snapshot"]
        elif message["type"] == "change":
            assert message["seq"] == first["seq"] + 1
            first = _changed(first, message)
    return first


def _changed(before: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """As widget/src/model/change.ts does it."""
    was = [*range(len(before["nodes"]))] if change["was"] is None else change["was"]

    def by_node(old: list[Any], name: str) -> list[Any]:
        there = [change["nodes"].get(str(number), {}) for number in range(len(was))]
        return [one[name] if name in one else old[at] for one, at in zip(there, was, strict=True)]

    after = {**before, **change["parts"], "seq": change["seq"], "now": change["now"]}
    after |= {"nodes": by_node(before["nodes"], "info"), "status": by_node(before["status"], "status")}
    if "edit" in before:
        edit = before["edit"]
        by = {"ports": by_node(edit["ports"], "ports"), "gives": by_node(edit["gives"], "gives")}
        after["edit"] = {**edit, **change["edit"], **by}
    return after
