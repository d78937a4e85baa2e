"""A measured row and its bar."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Row:
    """`got` is held against `bar`; `ours` and `baseline` are what it was made of, in `unit`."""

    name: str
    unit: str
    ours: float
    baseline: float
    got: float
    kind: Literal["at most", "at least", "told only"]
    bar: float

    @property
    def ok(self) -> bool:
        """Whether the bar holds; what is told only has none."""
        if self.kind == "told only":
            return True
        return self.got >= self.bar if self.kind == "at least" else self.got <= self.bar

    def __str__(self) -> str:
        bar = "" if self.kind == "told only" else f"{self.kind} {self.bar:g} {'ok' if self.ok else 'MISSED'}"
        return f"{self.name:38} {self.ours:10.2f} {self.baseline:10.2f}   {self.got:9.2f} {self.unit:8} {bar}"

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "ok": self.ok}


HEAD = f"{'':38} {'ours':>10} {'baseline':>10}   {'got':>9}"
