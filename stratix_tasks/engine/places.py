"""Places: how many bodies may run at a time, for an engine, its pools and its worker processes; and the lanes to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stratix_tasks.core.lanes import Lane, Slots
from stratix_tasks.core.plan import Policy
from stratix_tasks.runners.cores import cores


class Places:
    """What all runs of an engine share."""

    def __init__(self, concurrency: int, pools: Mapping[str, int]) -> None:
        self.engine = Slots("engine", concurrency)
        self.workers = Slots("process", cores())
        self.pools = {name: Slots(name, size) for name, size in pools.items()}

    def lanes(
        self, spec_pools: dict[str, int], flow: str, concurrency: int | None
    ) -> Callable[[Policy | None, int | None], Lane]:
        """How one run gets its lanes: its own limit, the engine's, its pools'.

        Units with the same limits share a lane.
        """
        own = (Slots("run", concurrency),) if concurrency is not None else ()
        lanes: dict[tuple[bool, tuple[str, ...]], Lane] = {}

        def pool(name: str) -> Slots:
            if name in self.pools:
                return self.pools[name]
            return self.pools.setdefault(f"{flow}:{name}", Slots(name, spec_pools[name]))

        def lane(policy: Policy | None, most: int | None) -> Lane:
            if policy is not None and policy.waits:
                return Lane(()) if most is None else Lane((Slots("max", most),))
            names = () if policy is None else policy.pools
            apart = policy is not None and policy.killable
            if most is None and (apart, names) in lanes:
                return lanes[apart, names]
            limits = (*own, self.engine, *((self.workers,) if apart else ()), *map(pool, names))
            if most is not None:
                return Lane((*limits, Slots("max", most)))
            lanes[apart, names] = Lane(limits)
            return lanes[apart, names]

        return lane
