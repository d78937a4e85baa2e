"""Two side by side, one of which may fail; what waits for both goes on without it."""

from typing import Any

from definition_workers import join, work

from stratix_tasks import flow, task


@task
def does(name: str, broken: str) -> str:
    if name == broken:
        raise ValueError(f"{name} is broken")
    return f"{name} is done"


@flow
def one_may_fail(broken: str) -> Any:
    needed = does.options(name="needed")("needed", broken)
    extra = does.options(name="extra", allow_failure=True)("extra", broken)
    return work.options(name="after")(join.options(name="meet")(needed, extra))
