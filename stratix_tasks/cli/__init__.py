"""The command `stratix`. Exit codes: 0 ok, 1 the run failed, 2 bad input, 130 interrupted."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper


def main() -> None:
    """The entry point of `stratix`. What the encoding of a terminal has no letters for ends no run: it is a ? there."""
    from stratix_tasks.cli.requests import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
