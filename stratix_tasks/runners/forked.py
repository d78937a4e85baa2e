"""A body that forks: its child is a copy of the whole process, and must not go on with what the process was at."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from os import getpid


def end_child(home: int, error: BaseException | None = None) -> None:
    """End this process when it is not `home`, the one in which the body began: the child that a body forked has come back
    out of the body. An answer from it would be taken for the body's own, or for that of the next one.

    It ends as a script does whose last line was the body's: what it printed is out, its exit code tells of the error.
    """
    if getpid() == home:
        return
    code = 0 if error is None else 1
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        with suppress(Exception):
            traceback.print_exception(error)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF)
