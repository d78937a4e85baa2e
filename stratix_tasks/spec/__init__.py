"""The document: FlowSpec, and what can be said about it without running it."""
