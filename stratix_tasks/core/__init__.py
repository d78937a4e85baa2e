"""The pure core: it decides, and knows no asyncio, clock, file, DuckDB or pandas."""
