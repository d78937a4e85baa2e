"""The guardian: what it was told before its parent died is done, also when it was told before it began."""

from __future__ import annotations

import os
import select
import subprocess
import sys

from stratix_tasks.runners import guardian

LONG = 60


def test_it_hears_what_was_said_before_it_began() -> None:
    """A parent that has died by then leaves its groups to it all the same; one that was taken back lives."""
    watched, spared = (subprocess.Popen(["sleep", "1000"], start_new_session=True) for _ in range(2))
    try:
        heard, told = os.pipe()
        os.write(told, b"+%d\n+%d\n-%d\n" % (watched.pid, spared.pid, spared.pid))
        nobody = "0"  # no parent has this number: it is gone from the beginning
        command = [sys.executable, "-I", "-S", guardian.__file__, nobody]
        subprocess.run(command, stdin=heard, timeout=LONG, check=True)
        os.close(heard)
        os.close(told)
        assert watched.wait(LONG) == -9
        end = os.pidfd_open(spared.pid)
        assert select.select([end], [], [], 0)[0] == []
        os.close(end)
    finally:
        for one in (watched, spared):
            one.kill()
            one.wait()
