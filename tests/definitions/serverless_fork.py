"""Two are called; whoever answers first comes, and the other is not called any longer."""

from typing import Any

from definition_workers import join

from stratix_tasks import expr, flow, uses


@flow
def whoever_comes_first(url: str, alarm: dict[str, str]) -> Any:
    call = uses("http.put")
    nurse = call.options(name="nurse")(url=expr("${{ inputs.url }}/nurses"), json=alarm)
    doctor = call.options(name="doctor")(url=expr("${{ inputs.url }}/doctors"), json=alarm)
    return join.options(name="comes", join="first_success")(nurse["body"], doctor["body"])
