"""What is held of recorded values: in memory, or where it is to be read from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import Kind
from stratix_tasks.core.results import Stored
from stratix_tasks.engine.memory import Memory, Shelf
from stratix_tasks.engine.reading import Away, Load, Once, Reader, Source, load
from stratix_tasks.spec.answers import model_of


class Held:
    """`source(stored)` is how a recorded result is read, here or in another process: a function and its arguments."""

    def __init__(self, core: Core, source: Source, memory: Memory) -> None:
        self.core, self.state, self._source = core, core.state, source
        self._loads: WeakValueDictionary[int, Load] = WeakValueDictionary()
        self._read: deque[tuple[Stored, Any]] = deque()
        self.shelf = Shelf(core, memory)

    def _recorded(self, unit: int, stored: Stored) -> Any:
        """Plain JSON is made a value; another result is one that is to be read, once for all who need it at a time."""
        if stored.codec == "json":
            got = load(self._source, stored)
            if (model := self._model(unit)) is not None:
                return Once(partial(_made, model, got))
            self.core.cache[unit] = got
            return got
        found = self._loads.get(unit)
        if found is None or found.stored is not stored:
            found = self._loads[unit] = Load(stored, self._source, self._read)
        return found

    def _model(self, unit: int) -> Any:
        """What an answer is made, where its model is known here; None for all else."""
        s = self.state
        node = s.node(s.node_of(unit))
        asks = node.is_ended_by("answer") and s.kind(unit) is not Kind.MAP
        return model_of(node.spec.args.get("model")) if asks else None

    def kept(self, value: Any) -> Any:
        """What is held of a value that stands in a fact other than a result's."""
        if type(value) is not Stored:
            return value
        return load(self._source, value) if value.codec == "json" else Load(value, self._source)

    def _told(self, data: Mapping[str, Any]) -> Any:
        return self.kept(Stored(data["codec"], data["payload"], -1, 0))

    def take_read(self) -> None:
        """Results that were read stay in memory as long as there is room."""
        while self._read:
            stored, value = self._read.popleft()  # a Load put it there, in whatever thread needed it
            if self.state.values[stored.unit] is stored:
                self.core.cache[stored.unit] = value
                self.shelf.put(stored.unit, stored)
        self.shelf.trim()

    def keep(self, recorded: Iterable[tuple[int, int, str, list[Any]]]) -> None:
        """Large results are recorded: the oldest make room for them, if there is too little."""
        for unit, attempt, codec, payload in recorded:
            self.shelf.put(unit, Stored(codec, payload, unit, attempt))
        self.shelf.trim()
        if self.shelf.gone:
            self._forget_ended()

    def _forget_ended(self) -> None:
        """What was made of results that leave the memory, and that nobody needs now."""


def _made(model: Any, answer: Any, reader: Reader) -> Any:
    """An answer as the model that asked for it: what checks that is the user's code."""
    if not reader.waits:
        raise Away
    return model.model_validate(answer)
