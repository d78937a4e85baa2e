"""Places: how many bodies may run at a time, for an engine, its pools and its runners; and what a body of a run takes of them."""

from __future__ import annotations

from collections.abc import Mapping

from stratix_tasks.core.agenda.books import Claims
from stratix_tasks.core.limits import Claim, Slots
from stratix_tasks.core.node import Policy
from stratix_tasks.runners.cores import cores


class Places:
    """What all runs of an engine share."""

    def __init__(self, concurrency: int, pools: Mapping[str, int]) -> None:
        self.engine = Slots("engine", concurrency, "the engine's concurrency")
        self.runners: dict[str, Slots] = {}
        """Of runners that have places of their own."""
        self.pools = {name: Slots(name, size) for name, size in pools.items()}

    def claims(self, spec_pools: Mapping[str, int], flow: str, concurrency: int | None) -> Claims:
        """What a body of one run takes: a place of the run's own limit, of the engine's, of its pools; a sub-flow takes
        those of its pools alone.

        The same limits are the same claim, but for those of a fan-out with a limit of its own.
        """
        own = (Slots("run", concurrency, "the run's concurrency"),) if concurrency is not None else ()
        known: dict[tuple[Slots | None, tuple[str, ...]], Claim] = {}

        def pool(name: str) -> Slots:
            if name in self.pools:
                return self.pools[name]
            return self.pools.setdefault(f"{flow}:{name}", Slots(name, spec_pools[name]))

        def claim(policy: Policy, most: int | None) -> Claim:
            max_ = () if most is None else (Slots("max", most, "the map's max"),)
            if policy.bodiless:
                return max_
            if policy.whole:
                return tuple(map(pool, policy.pool))
            runner = self._of_runner(policy)
            key = runner, policy.pool
            if key not in known:
                workers = (runner,) if runner is not None else ()
                engine = () if policy.traits.placeless else (self.engine,)
                known[key] = (*own, *engine, *workers, *map(pool, policy.pool))
            return (*known[key], *max_)

        return claim

    def _of_runner(self, policy: Policy) -> Slots | None:
        name, traits = policy.runner, policy.traits
        if not traits.places:
            return None
        if name not in self.runners:
            self.runners[name] = Slots(name, traits.size or cores(), traits.places)
        return self.runners[name]
