"""Gathers that have what they ask for before all of their items have ended, and keep these."""

from __future__ import annotations

from typing import Any

import pytest
from gated import LONG, collect, gate, gates, states, until

from stratix_tasks import Engine, Flow, each, flow, n_of


@pytest.mark.parametrize("door", ["python", "yaml"])
@pytest.mark.parametrize("mapped", ["items", "scopes"])
def test_a_gather_that_keeps_its_losers_goes_on_with_them(engine: Engine, mapped: str, door: str) -> None:
    """What needs its value has what was there when it had enough; the rest ends as it does, and changes nothing of that."""
    prefix = f"{mapped} {door}"

    @flow(name="gated_one")
    def gated_one(name: str) -> Any:
        return gate(name)

    def keeps(names: Any) -> Any:
        body = gate if mapped == "items" else gated_one
        return collect(body.options(name="many", gather=n_of(2), losers="keep").map(each(names)))

    made = flow(name=f"keeps_losers_{mapped}")(keeps)
    if door == "yaml":
        made = Flow.from_yaml(made.to_yaml(), allow=["gated"])
    names = [f"{prefix} {i}" for i in range(4)]
    run = engine.start(made, {"names": names})
    for name in names:
        gates.arrive(name)
    gates.let(names[2]), gates.let(names[0])
    until(run, lambda: states(run)["collect"] == "completed")
    assert states(run)["many"] == "open"
    assert "went on with 2 of them" in run.why("many")
    gates.let(names[3]), gates.let(names[1])
    assert run.wait(LONG) == "completed"
    assert run.result() == run.output("many") == [names[0], names[2]]
    assert states(run)["many"] == "completed"
