"""The asyncio shell: inbox, turns, timers, and the life of a run."""
