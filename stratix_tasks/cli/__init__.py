"""The command `stratix`. Exit codes: 0 ok, 1 the run failed, 2 bad input, 130 interrupted."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The entry point of `stratix`."""
    from stratix_tasks.cli.requests import app

    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
