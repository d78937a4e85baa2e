"""Output of a worker process as its engine reads it: piece by piece, wherever the pieces end."""

from __future__ import annotations

import os
from typing import Any

import pytest

from stratix_tasks.runners.output import CAP, Stream

MARK = b"\0mark\0"


class Heard:
    """Stands for an attempt and its host: what was written, and how many lines were dropped."""

    def __init__(self) -> None:
        self.host = self
        self.text, self.dropped = "", 0

    def write(self, _stream: str, text: str) -> None:
        self.text += text

    def note(self, _attempt: Any, kind: str, row: tuple[int]) -> None:
        assert kind == "dropped"
        self.dropped += row[0]


def hear(pieces: list[bytes]) -> Heard:
    """What is heard of pieces that come one after the other."""
    read, write = os.pipe()
    stream, heard = Stream(read, "stdout", MARK), Heard()
    for piece in pieces:
        os.write(write, piece)
        stream.take(heard)  # type: ignore[arg-type]
    os.close(write)
    stream.rest(heard)  # type: ignore[arg-type]
    stream.close()
    return heard


LINES = [b"%d\n" % number for number in range(CAP + 3)]
WHOLE = b"".join(LINES[:CAP]).decode()


@pytest.mark.parametrize("cut", [0, 1, 3, 5, 6, 7, 9, 12])
def test_each_line_beyond_the_cap_is_counted_once(cut: int) -> None:
    """Also one that comes in two pieces: it is neither shown in part nor counted twice."""
    ends = b"".join(LINES[CAP - 1 :])
    pieces = [b"".join(LINES[: CAP // 2]), b"".join(LINES[CAP // 2 : CAP - 1]), ends[:cut], ends[cut:], MARK]
    heard = hear([piece for piece in pieces if piece])
    assert (heard.text, heard.dropped) == (WHOLE, 3)


def test_only_line_feeds_end_a_line() -> None:
    """A carriage return or a form feed is part of a line, beyond the cap as before it."""
    odd = [b"a\rb\x0c%d\n" % number for number in range(CAP + 2)]
    pieces = [b"".join(odd[at : at + 300]) for at in range(0, len(odd), 300)]
    heard = hear(pieces)
    assert (heard.text.count("\n"), heard.dropped) == (CAP, 2)
    assert heard.text.endswith(f"b\x0c{CAP - 1}\n")


def test_the_mark_ends_the_output_wherever_it_is_cut() -> None:
    """What stands behind it is another body's."""
    for cut in range(len(MARK)):
        heard = hear([b"mine" + MARK[:cut], MARK[cut:]])
        assert heard.text == "mine"
