"""What the README promises about speed, measured: `make bench` prints a table and writes benchmarks.json."""
