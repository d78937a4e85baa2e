"""Frames between a kernel and a worker process: a length, a kind, a payload; over a socket that no third process shares.

As each worker has a channel of its own there is no lock to be held: a worker can be stopped or killed at any byte, and
only its own channel is left with half a frame.
"""

from __future__ import annotations

import socket
from enum import IntEnum
from struct import Struct

HEAD = Struct("<BQ")
CHUNK = 1 << 20


class Kind(IntEnum):
    RUN = 0
    STOP = 1
    READY = 2
    NOTES = 3
    OK = 4
    FAIL = 5
    STOPPED = 6


def send(channel: socket.socket, kind: Kind, payload: bytes = b"") -> None:
    """OSError when the other side has gone."""
    if len(payload) < CHUNK:
        channel.sendall(HEAD.pack(kind, len(payload)) + payload)
    else:
        channel.sendall(HEAD.pack(kind, len(payload)))
        channel.sendall(payload)


class Frames:
    """What has come in and is not yet taken."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._data = bytearray()
        self.ended = False

    def receive(self, *, wait: bool) -> bool:
        """Take in what is there; False when nothing was. `ended` tells that the other side has gone."""
        try:
            data = self._channel.recv(CHUNK, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        self.ended = not data
        self._data += data
        return bool(data)

    def pop(self) -> tuple[Kind, bytes] | None:
        """The next whole frame."""
        if len(self._data) < HEAD.size:
            return None
        kind, length = HEAD.unpack_from(self._data)
        end = HEAD.size + length
        if len(self._data) < end:
            return None
        with memoryview(self._data) as view:
            payload = bytes(view[HEAD.size : end])
        del self._data[:end]
        return Kind(kind), payload
