"""Waits until somebody lets it go on, with what is needed for that."""

from typing import Any

from definition_workers import give

from stratix_tasks import flow, signal


@flow
def asked_to_go_on() -> Any:
    told = signal.options(name="pause")("go-on")
    return give.options(name="last")({"asked": told["asked"], "data": told["data"]})
