"""A plugin that the other one requires: an executor without a domain."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

KNOWN: dict[str, str] = {}


class Learned(BaseModel):
    word: str
    means: str


class Learn:
    name, description, Config = "learn", "Learns a word.", Learned

    def execute(self, context: Any, config: Learned) -> str:
        KNOWN[config.word] = config.means
        return config.word


KNOWN["hello"] = "hi"
plugin = SimpleNamespace(executors={"learn": Learn})
