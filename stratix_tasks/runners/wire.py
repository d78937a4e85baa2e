"""A socket between an engine and one of its worker processes: whole messages, each a pickle with its length in front."""

from __future__ import annotations

import socket
from collections.abc import Callable
from select import POLLIN, poll
from struct import Struct
from typing import Any

from stratix_tasks.runners.native import Lock, dumps, loads

LENGTH = Struct("<Q")


def readable(link: socket.socket, seconds: float) -> bool:
    """Wait until there is something to read or the other side has gone; False when there is nothing after `seconds`.

    By `poll`, for `select` knows only the first 1,024 file descriptors of a process.
    """
    watched = poll()
    watched.register(link, POLLIN)
    return bool(watched.poll(seconds * 1000))


class Wire:
    """Any thread may send; one receives. `wait` is called before it reads, and returns when there is something to read, or
    False when nothing comes any more.
    """

    def __init__(self, link: socket.socket, wait: Callable[[], bool] | None = None) -> None:
        self.socket, self._wait = link, wait
        self._sending = Lock()

    def send(self, *message: Any) -> None:
        """OSError when the other side has gone."""
        data = dumps(message, 5)
        with self._sending:
            self.socket.sendall(LENGTH.pack(len(data)))
            self.socket.sendall(data)

    def receive(self) -> Any:
        """The next message as a tuple; None when the other side has gone."""
        head = self._read(LENGTH.size)
        data = self._read(LENGTH.unpack(head)[0]) if head is not None else None
        return None if data is None else loads(data)

    def close(self) -> None:
        self.socket.close()

    def _read(self, size: int) -> bytearray | None:
        data = bytearray(size)
        view, at = memoryview(data), 0
        while at < size:
            if self._wait is not None and not self._wait():
                return None
            try:
                count = self.socket.recv_into(view[at:], min(size - at, 1 << 20))
            except OSError:
                return None
            if not count:
                return None
            at += count
        return data
