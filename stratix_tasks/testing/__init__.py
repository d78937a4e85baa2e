"""What tests of flows, and of the engine, stand on: time under the test's control."""

from stratix_tasks.testing.clock import VirtualClock, VirtualLoop

__all__ = ["VirtualClock", "VirtualLoop"]
