"""Edits for Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from stratix_tasks.spec.model import FlowSpec


@st.composite
def edits_of(draw: Any, spec: FlowSpec) -> dict[str, Any]:
    """An edit that may or may not be possible."""
    nodes = [*spec.tasks]
    some = st.sampled_from([*nodes, "nobody"])
    names = st.sampled_from(["a1", "b1", "c1", *nodes])
    values = st.sampled_from([None, 3, "x", True, "30s", "${{ tasks.a1.output }}", ["a"], {"max": 2}])
    point = st.tuples(st.integers(-99, 99), st.integers(-99, 99))
    return draw(  # type: ignore[no-any-return]
        st.fixed_dictionaries(
            {
                "edit": st.just("add"),
                "says": st.sampled_from([{"call": "m:x"}, {"uses": "wait.sleep", "with": {"seconds": 1}}]),
            }
        )
        | st.fixed_dictionaries({"edit": st.just("remove"), "nodes": st.lists(some, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"edit": st.just("rename"), "node": some, "to": names})
        | st.fixed_dictionaries(
            {"edit": st.just("connect"), "source": some, "target": some, "port": st.sampled_from(["", "p"])}
        )
        | st.fixed_dictionaries({"edit": st.just("disconnect"), "source": some, "target": some})
        | st.fixed_dictionaries(
            {
                "edit": st.just("set"),
                "node": some,
                "field": st.sampled_from(
                    ["retry", "timeout", "when", "with.p", "enabled", "pool", "needs", "description", "each", "always"]
                ),
                "value": values,
            }
        )
        | st.fixed_dictionaries(
            {
                "edit": st.just("set-flow"),
                "field": st.sampled_from(["inputs.q", "timeout", "output", "tags", "description"]),
                "value": values,
            }
        )
        | st.fixed_dictionaries(
            {
                "edit": st.just("group"),
                "nodes": st.lists(some, min_size=1, max_size=3, unique=True),
                "flow": st.sampled_from(["g1", "g2"]),
            }
        )
        | st.fixed_dictionaries({"edit": st.just("ungroup"), "node": st.sampled_from(["g1", "g2", *nodes])})
        | st.fixed_dictionaries(
            {"edit": st.just("move"), "places": st.dictionaries(some, st.none() | point, max_size=2)}
        )
        | st.fixed_dictionaries(
            {"edit": st.just("replace"), "node": some, "says": st.just({"call": "m:z"}), "ports": st.just(["p", "q"])}
        )
    )
