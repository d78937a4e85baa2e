"""Rounds, each of a task, two side by side, and one that waits for both."""

from typing import Any

from definition_workers import join, work

from stratix_tasks import expr, flow, repeat


@flow
def around(state: dict[str, int]) -> Any:
    begin = work.options(name="begin")(expr("${{ inputs.state['round'] + 1 }}"))
    left, right = work.options(name="left")(begin), work.options(name="right")(begin)
    return {"round": join.options(name="meet")(left, right)[0], "of": state["of"]}


@flow
def so_many_rounds(rounds: int) -> Any:
    first = {"round": 0, "of": rounds}
    return repeat(around.options(name="again"), first, until=lambda out: out["round"] >= out["of"])
