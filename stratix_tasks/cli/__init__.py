"""The command `stratix`. Exit codes: 0 ok, 1 the run failed, 2 bad input, 130 interrupted."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The entry point of `stratix`."""
    import stratix_tasks.cli.requests  # its commands enter themselves
    from stratix_tasks.cli.app import app

    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
