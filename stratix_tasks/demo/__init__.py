"""The demo: a year of flights from New York, and how well their delays can be foreseen."""
