"""Waits until somebody lets it go on, and says what is needed for that."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from stratix_tasks import ask, flow, task


class Needed(BaseModel):
    asked: str
    data: Path | None = None


@task
def last(told: Needed) -> dict[str, Any]:
    return {"asked": told.asked, "data": told.data}


@flow
def asked_to_go_on() -> dict[str, Any]:
    return last(ask.options(name="pause")("What is needed to go on?", Needed))
