"""The last run of a flow, on whose values an editor tries what is typed."""

from __future__ import annotations

from itertools import islice

from stratix_tasks.session.default import default_engine
from stratix_tasks.session.run import Run
from stratix_tasks.spec.model import FlowSpec, NodeSpec

NEWEST, MOST = 50, 5
"""Runs that are looked at: of all, and of flows with that name."""


def last_run(spec: FlowSpec) -> Run | None:
    """The newest run of a flow in the store of the default engine, if it is among the newest of all. Another module may have a flow
    of the same name: a run in which no node does what it does here is none of this one.
    """
    named = (run for run in default_engine().runs(limit=NEWEST) if run.flow == spec.flow)
    return next((run for run in islice(named, MOST) if _is_of(run._live.core.state.root.spec, spec)), None)


def _is_of(ran: FlowSpec, spec: FlowSpec) -> bool:
    both = ran.tasks.keys() & spec.tasks.keys()
    return not spec.tasks or any(_do_the_same(ran.tasks[name], spec.tasks[name]) for name in both)


def _do_the_same(one: NodeSpec, other: NodeSpec) -> bool:
    """A document may call a task of the notebook by its name alone."""
    calls = [node.call or "" for node in (one, other)]
    if any(":" not in call for call in calls):
        calls = [call.rpartition(":")[2] for call in calls]
    return calls[0] == calls[1] and (one.uses, one.flow) == (other.uses, other.flow)
