"""Where runs are kept: journal, catalog, objects, and the DuckDB projection that analysis reads."""
