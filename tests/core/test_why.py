"""Why a node is in its state: one sentence that says what it waits for and what to do."""

from __future__ import annotations

import pytest
from driver import Body, World, chain_of

from stratix_tasks.core.decide.of_run import pause_run
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.why import why


def reason(world: World, name: str) -> str:
    return world.why(name)


def test_a_breakpoint_is_named() -> None:
    """A node that its breakpoint holds says so, and what lets it go; one that a person paused says that."""
    world = World(chain_of(2)).start().request("breakpoint", "n0").until("n0", State.HELD)
    assert reason(world, "n0") == "'n0' stands at its breakpoint, before it starts; resume('n0') lets it go."
    world.request("resume", "n0").settle()
    assert reason(world, "n0") == "'n0' completed."


def test_a_rollback_is_named() -> None:
    """What a rollback set back says so, and that it waits for the run to be resumed."""
    world = World(chain_of(3)).start().settle().request("rollback", to="n2")
    assert reason(world, "n0") == "'n0' waits for 'n1'. A rollback set it back."
    assert reason(world, "n1") == "'n1' is ready and waits for the run to be resumed. A rollback set it back."


def test_an_attempt_lost_with_its_kernel_is_named() -> None:
    """After a death of the owner, a node says that its attempt was lost, also when the facts are read again."""
    world = World(chain_of(1), lambda _name, _tried: Body(50)).start().request("pause")
    world.die_and_recover()
    lost = "waits for the run to be resumed. Its attempt 1 was lost with the kernel that ran it."
    assert reason(world, "n0") == f"'n0' is ready and {lost}"
    assert why(world.folded(), "n0", world.now) == f"'n0' is ready and {lost}"


def test_too_many_recoveries_are_named() -> None:
    """A run that is paused because its kernels died says how often, and that a body may be why."""
    world = World(chain_of(1, max_recoveries=0), lambda _name, _tried: Body(50)).start().die_and_recover()
    assert world.run is RunState.PAUSED
    assert "its kernel died 1× while bodies ran, and one of them may be why" in reason(world, "n0")


@pytest.mark.parametrize(("held", "wanted"), [("code-changed", "recover(changed='rerun')"), ("disk", "free some")])
def test_the_reason_of_a_pause_is_named(held: str, wanted: str) -> None:
    """What waits for a paused run says why it is paused and what to do."""
    world = World(chain_of(2)).start()
    pause_run(world.core, world.now, reason=held, drain=True)
    world.settle()
    assert (world.run, world.state("n0")) == (RunState.PAUSED, State.READY)
    assert wanted in reason(world, "n0")


def test_a_result_without_room_is_named() -> None:
    """A body that is parked because its run has no room says what it waits for, not that it came to a checkpoint."""
    world = World(chain_of(1), lambda _name, _tried: Body(9, parks=True)).start()
    pause_run(world.core, world.now, reason="disk")
    world._turn(*world.core.drain())
    world.until("n0", State.SUSPENDED)
    assert "it waits for room on the disk: free some, then resume()" in reason(world, "n0")


def test_an_abandoned_body_is_named() -> None:
    """A body that did not stop in its grace is said to run still."""
    deaf = World(chain_of(1), lambda _name, _tried: Body(500, stops=None)).start().until("n0", State.RUNNING)
    deaf.request("cancel", "n0").until("n0", State.CANCELLED)
    assert reason(deaf, "n0") == "'n0' was cancelled (user). Its body did not stop in its grace, and still runs."
