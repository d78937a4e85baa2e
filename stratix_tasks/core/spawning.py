"""Spawning: an item of a mapped node adds another one to it, while it runs.

A spawned item is known by the item that spawned it and a name: a body that says the same again, since it is retried or
its owner has died, adds nothing. What it is mapped to stands in its fact, so that every owner has it.
"""

MOST = 100_000
"""Items that may be spawned into a node: a flow that has no end comes to one here."""
