"""The virtual clock and its loop."""

from __future__ import annotations

import asyncio

import pytest

from stratix_tasks.testing import VirtualClock, VirtualLoop


def test_an_hour_costs_nothing_and_order_is_kept() -> None:
    """Timers fire in the order of their times, each at its own, without waiting for it."""
    clock = VirtualClock(at=500.0)
    loop = VirtualLoop(clock)
    seen: list[tuple[str, float]] = []
    for name, seconds in (("hour", 3600.0), ("now", 0.0), ("second", 1.0)):
        loop.call_later(seconds, lambda name=name: seen.append((name, clock())))
    loop.run_forever()
    assert seen == [("now", 500.0), ("second", 501.0), ("hour", 4100.0)]
    loop.close()


def test_coroutines_sleep_in_virtual_time() -> None:
    """`asyncio.sleep`, time-outs and tasks work as ever."""
    clock = VirtualClock()
    loop = VirtualLoop(clock)

    async def both() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(86_400)
        await asyncio.gather(asyncio.sleep(7), asyncio.sleep(5))
        return loop.time()

    assert loop.run_until_complete(both()) == 37.0
    loop.close()


def test_waiting_for_what_cannot_come_is_an_error() -> None:
    """When nothing is left to do, a future that nobody will settle is reported, not waited for."""
    loop = VirtualLoop(VirtualClock())
    with pytest.raises(RuntimeError, match="stopped before Future completed"):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_a_clock_that_is_set_does_not_move_the_loop() -> None:
    """A jump changes Unix time alone: timers of the loop fire when they would have."""
    clock = VirtualClock(at=0.0)
    loop = VirtualLoop(clock)
    seen: list[tuple[float, float]] = []
    loop.call_later(1, clock.jump, -3600)
    loop.call_later(2, lambda: seen.append((loop.time(), clock())))
    loop.run_forever()
    assert seen == [(2.0, -3598.0)]
    loop.close()
