"""Output of a worker process as its engine reads it: piece by piece, wherever the pieces end."""

from __future__ import annotations

import os
from typing import Any

import pytest

from stratix_tasks.runners.ends import HEAD, TAIL
from stratix_tasks.runners.output import LATE, Stream
from stratix_tasks.runners.secrets import Masks

MARK = b"\0mark\0"


class Heard:
    """Stands for an attempt and its host: what was written, and how many lines were left out."""

    def __init__(self) -> None:
        self.host = self
        self.text, self.between = "", 0
        self.masks = Masks()

    def write(self, _stream: str, text: str) -> None:
        self.text += text

    def note(self, _attempt: Any, kind: str, row: tuple[float, str, int]) -> None:
        assert (kind, row[1]) == ("gap", "log")
        self.between += row[2]


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


FIRST, MORE = HEAD, 2 * HEAD
LINES = [b"%d\n" % number for number in range(MORE)]
SHORT = b"".join(LINES[:FIRST] + LINES[-TAIL:]).decode()


@pytest.mark.parametrize("cut", [0, 1, 3, 5, 6, 7, 9, 12])
def test_the_two_ends_of_much_output_are_kept(cut: int) -> None:
    """Each line between them is counted once, also one that comes in two pieces; none is taken in part."""
    late = b"".join(LINES[FIRST - 1 :])
    pieces = [b"".join(LINES[: FIRST // 2]), b"".join(LINES[FIRST // 2 : FIRST - 1]), late[:cut], late[cut:], MARK]
    heard = hear([piece for piece in pieces if piece])
    assert (heard.text, heard.between) == (SHORT, MORE - FIRST - TAIL)


def test_lines_up_to_the_last_ones_are_all_kept() -> None:
    """Nothing is between the two ends, so nothing is left out."""
    heard = hear([b"".join(LINES[: HEAD + TAIL])])
    assert (heard.text, heard.between) == (b"".join(LINES[: HEAD + TAIL]).decode(), 0)


def test_what_is_held_of_much_output_has_a_limit() -> None:
    """Of a line without an end the last part is kept."""
    heard = hear([*LINES[:HEAD], *[b"x" * 60_000] * 10, b"end\n"])
    late = heard.text[len(b"".join(LINES[:HEAD])) :]
    assert late.endswith("xend\n")
    assert len(late) < 3 * LATE


def test_only_line_feeds_end_a_line() -> None:
    """A carriage return or a form feed is part of a line, beyond the first ones as among them."""
    odd = [b"a\rb\x0c%d\n" % number for number in range(MORE)]
    pieces = [b"".join(odd[at : at + 300]) for at in range(0, len(odd), 300)]
    heard = hear(pieces)
    assert (heard.text.count("\n"), heard.between) == (HEAD + TAIL, MORE - HEAD - TAIL)
    assert heard.text.endswith(f"b\x0c{MORE - 1}\n")


def test_the_mark_ends_the_output_wherever_it_is_cut() -> None:
    """What stands behind it is another body's."""
    for cut in range(len(MARK)):
        heard = hear([b"mine" + MARK[:cut], MARK[cut:]])
        assert heard.text == "mine"
