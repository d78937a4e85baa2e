"""Drafts: edits that nobody has saved, kept in a file beside the store while an editor shows their flow. They outlive their kernel."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from os import getpid
from pathlib import Path

import orjson

from stratix_tasks.edits.editing import Step
from stratix_tasks.edits.words import Restore, data_of, edit_of
from stratix_tasks.errors import StratixError
from stratix_tasks.session.default import default_engine
from stratix_tasks.session.still import Still
from stratix_tasks.store.locks import alive
from stratix_tasks.store.store import place

STILL = 0.5
"""Seconds after an edit in which a kernel that is killed loses it."""


class Draft:
    """The draft of one flow by this kernel, and what another one, which has ended, left of the same flow.

    `of` tells that flow from all others; `unsaved` gives the steps that would be lost. What can't be written is not kept: who edits must
    not meet that.
    """

    def __init__(self, of: Callable[[], str], unsaved: Callable[[], tuple[Step, ...]]) -> None:
        self._of, self._unsaved = of, unsaved
        self._engine = default_engine()
        self._folder = place(self._engine.path) / "drafts"
        self._mine: Path | None = None
        self._left = self._newest_left()
        self.left = _read(self._left) if self._left is not None else ()
        self.still = Still(STILL, self.write)

    def _newest_left(self) -> Path | None:
        name, locks = self._name(), self._folder.parent / "locks"
        others = [path for path in self._folder.glob(f"{name}-*.json") if not path.stem.endswith(self._engine.id)]
        ended = [path for path in others if not alive(locks, path.stem.removeprefix(f"{name}-"))]
        return max(ended, key=lambda path: path.stat().st_mtime_ns, default=None)

    def _name(self) -> str:
        return sha256(self._of().encode()).hexdigest()[:16]

    def write(self) -> None:
        """Keep what would be lost now; nothing where nothing would."""
        written = _written(self._unsaved())
        gone = [one for one in (self._left, self._mine) if one is not None]
        with suppress(OSError, StratixError):
            path = None
            if written is not None:
                path = self._engine.store.path / "drafts" / f"{self._name()}-{self._engine.id}.json"
                path.parent.mkdir(exist_ok=True)
                part = path.with_suffix(f".{getpid()}.part")
                part.write_bytes(written)
                part.replace(path)
            self._left, self._mine = None, path
            for one in gone:
                if one != path:
                    one.unlink(missing_ok=True)


def _written(steps: tuple[Step, ...]) -> bytes | None:
    said = [{"title": step.title, "edits": [data_of(edit) for edit in step.edits]} for step in steps]
    try:
        return orjson.dumps(said) if said else None
    except TypeError:  # values of Python, which JSON has no word for
        return None


def _read(path: Path) -> tuple[Step, ...]:
    """What was written; nothing of what was not written here."""
    try:
        said = orjson.loads(path.read_bytes())
        return tuple(Step(tuple(map(edit_of, one["edits"])), Restore(), str(one["title"])) for one in said)
    except (ValueError, KeyError, TypeError, StratixError):
        return ()
