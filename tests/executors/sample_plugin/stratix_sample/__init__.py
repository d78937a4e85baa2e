"""A plugin: a domain of executors, which says words that another plugin brings, and a runner."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel, Field

from stratix_sample import words
from stratix_sample.lanes import Lanes


class Said(BaseModel):
    word: str
    times: int = Field(default=1, ge=1)


class Say:
    name, description, Config = "sample.say", "Says a word.", Said
    card = {"title": "Say", "icon": "chat", "accent": "#0d8a80", "subtitle": "{word} × {times}"}

    async def execute(self, context: Any, config: Said) -> str:
        return " ".join([words.KNOWN.get(config.word, config.word)] * config.times)

    def health_check(self) -> bool:
        return bool(words.KNOWN)


plugin = SimpleNamespace(requires=("sample_words",), domains={"sample": {"say": Say}}, runners={"lanes": Lanes})
