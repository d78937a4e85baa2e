"""`python`: a function of the user's, which the node names by `call`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from stratix_tasks.core.waits import Kind
from stratix_tasks.spec.cards import PLAIN


class Python:
    """All that it takes, and the kind of runner that fits it, is told by the function."""

    name, field = "python", "call"
    description = "A function of yours."
    function: Callable[..., Any] | None = None
    hints: Mapping[str, Any] = MappingProxyType({})
    required: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    runner: str | None = None
    waits: Kind | None = None
    step = ""
    card = PLAIN
    usual: Mapping[str, Any] = MappingProxyType({})
    health: Callable[[], Any] | None = None

    def refusal(self, option: str) -> str:
        return ""

    def unfit(self, argument: str, value: Any) -> str:
        return ""

    def schema(self, refs: str) -> dict[str, Any]:
        return {}

    def clash(self, arguments: Mapping[str, Any]) -> str:
        return ""
