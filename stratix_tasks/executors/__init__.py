"""What runs at a node: entries of one registry, behind the port `Executor` in `core/ports.py`."""
