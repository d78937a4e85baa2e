"""What stands for the result of a node, as a person gave it or as it is pinned, held against what the node gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Any

from stratix_tasks.errors import InputError
from stratix_tasks.spec.annotations import worded
from stratix_tasks.spec.answers import Fields, answered, by_model, model_of
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.fit import Types
from stratix_tasks.spec.inputs import shown
from stratix_tasks.spec.types import type_text
from stratix_tasks.spec.values import Ref, leaves


@dataclass(frozen=True, slots=True)
class Gives:
    """What a node gives: a value of an annotation; where it asks people, an answer to `fields`, of which its model is made."""

    hint: Any = Any
    fields: Fields | None = None
    model: Any = None

    def fitted(self, node: str, value: Any) -> Any:
        """A value as the node would give it: converted as inputs are; an answer as JSON data. InputError `type-mismatch`,
        `bad-answer`.
        """
        if self.fields is not None:
            return self._answer(node, worded(value), self.fields)
        try:
            return convert(value, self.hint)
        except ValueError as error:
            raise self._misfit(node, value, f": {error}") from None

    def _answer(self, node: str, value: Any, fields: Fields) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise self._misfit(node, value, "")
        return answered(node, fields, value) if self.model is None else by_model(node, self.model, value)

    def _misfit(self, node: str, value: Any, why: str) -> InputError:
        wanted = (
            type_text(self.hint) if self.fields is None else f"an answer, such as {{'{next(iter(self.fields))}': …}}"
        )
        message = f"{shown(value)} can't stand for what '{node}' gives, which is {wanted}{why}"
        return InputError(message, code="type-mismatch")


NOTHING_SAID = Gives()


def gives(types: Types, name: str, *, item: bool = False) -> Gives:
    """What a node of a flow gives, or with `item` each item of it. Of a wait that is what somebody says: anything, where it asks
    for no fields.
    """
    node = types.spec.tasks.get(name)
    if node is None:
        return NOTHING_SAID
    executor = types.executors.get(node.uses) if node.uses is not None else None
    if executor is None or executor.waits is None:
        return Gives(types.one(node) if item else types.whole(Ref("tasks", name)))
    fields = node.args.get("fields")
    if not isinstance(fields, Mapping) or next(leaves(fields), None) is not None:
        return NOTHING_SAID
    if node.each is not None and not item:
        return Gives(GenericAlias(list, (dict,)))
    return Gives(fields=dict(fields), model=model_of(node.args.get("model")))
