"""The language in Python: tasks, flows, references, control."""
