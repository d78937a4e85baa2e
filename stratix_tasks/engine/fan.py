"""A fan-out as it was resolved: what is mapped over, and what all items share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Fan:
    """An expanded fan-out: the mapped columns, and the broadcast arguments, resolved once."""

    columns: dict[str, Sequence[Any]]
    product: bool
    broadcast: dict[str, Any]
    sizes: tuple[int, ...]

    def item(self, index: int) -> dict[str, Any]:
        """The mapped arguments of one item; of a product the last one varies fastest."""
        if not self.product:
            return {name: column[index] for name, column in self.columns.items()}
        chosen = {}
        for name, size in zip(reversed(self.columns), reversed(self.sizes), strict=True):
            index, at = divmod(index, size)
            chosen[name] = self.columns[name][at]
        return chosen
