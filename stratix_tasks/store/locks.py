"""Who is alive: each engine holds a lock on a file of its own for as long as it lives. No clock takes part.

The lock goes when the process dies, however it dies. A stopped or sleeping process still holds it: it is not dead.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from functools import lru_cache
from os import getpid
from pathlib import Path


@lru_cache
def boot_id() -> str:
    """Changes at each start of the machine; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def start_time(pid: int) -> str:
    """When a process was started, in the kernel's ticks: a pid that is used again differs in it.

    Empty where unknown.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def namespace() -> str:
    """Where this process's pids mean something: a container has pids of its own. Empty where unknown."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


class EngineLock:
    """Held from construction to `release`, or to the end of the process. A forked child gives up its copy."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.path = folder / engine
        self._pid = getpid()
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)  # only someone who asks whether it is alive may hold it, for a moment
            who = {
                "host": socket.gethostname(),
                "boot_id": boot_id(),
                "pid": self._pid,
                "start_time": start_time(self._pid),
                "namespace": namespace(),
            }
            os.write(self._fd, json.dumps(who).encode())
            os.register_at_fork(after_in_child=self._forked)
        except BaseException:
            self.release()
            raise

    def _forked(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def release(self, *, left: bool = False) -> None:
        """Let go of it. Its file stays where something was `left` undone, as if the process had died: who recovers looks for it."""
        if self._fd >= 0 and getpid() == self._pid:
            if not left:
                self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1


def alive(folder: Path, engine: str) -> bool:
    """Whether an engine's process lives: its lock is held, and by the process that took it. Asking takes no lock away.

    A lock that only a forked child of a dead process still holds is nobody's.
    """
    try:
        fd = os.open(folder / engine, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _lives(os.read(fd, 4096))
    finally:
        os.close(fd)
    return False


def _lives(written: bytes) -> bool:
    """Whether the process that a held lock file names may live: only what is certain counts as death."""
    try:
        who = json.loads(written)
        pid, started, booted = int(who["pid"]), str(who["start_time"]), str(who["boot_id"])
    except (ValueError, KeyError, TypeError):
        return True  # being written, or by another version: the lock is held
    if booted and boot_id() and booted != boot_id():
        return False  # the machine was started again since
    if who.get("host") != socket.gethostname() or who.get("namespace", "") != namespace():
        return True  # of another container: its pids say nothing here
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # someone else's process
    return _state(pid) not in ("Z", "X") and start_time(pid) in (started, "")


def _state(pid: int) -> str:
    """One letter of the kernel's; empty where unknown."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
