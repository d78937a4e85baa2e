"""Pictures that carry the flow which they show: its document inside of PNG, SVG and HTML, from which it is opened again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from zlib import crc32

from stratix_tasks.errors import FlowError

NAME = "stratix-flow"
_PNG = b"\x89PNG\r\n\x1a\n"
_HEAD = len(_PNG) + 25
"""A PNG begins with its signature and the chunk that tells its size."""
_TEXT = re.compile(rf"""<(?:metadata|script)[^>]* id="{NAME}"[^>]*>("(?:[^"\\]|\\.)*")<""")


def in_svg(svg: str, document: str) -> str:
    """An SVG with a document in it."""
    at = svg.index(">", svg.index("<svg")) + 1
    return f'{svg[:at]}<metadata id="{NAME}">{_escaped(document)}</metadata>{svg[at:]}'


def in_html(html: str, document: str) -> str:
    """A page with a document in it."""
    at = html.index("</head>")
    return f'{html[:at]}<script type="application/json" id="{NAME}">{_escaped(document)}</script>\n{html[at:]}'


def in_png(png: bytes, document: str) -> bytes:
    """A PNG with a document in it, as international text (iTXt)."""
    body = b"iTXt" + NAME.encode() + b"\0\0\0\0\0" + document.encode()
    chunk = (len(body) - 4).to_bytes(4, "big") + body + crc32(body).to_bytes(4, "big")
    return png[:_HEAD] + chunk + png[_HEAD:]


def is_picture(data: bytes) -> bool:
    """Whether a file is one of those that may carry a flow: no document begins so."""
    head = data[:200].lstrip().lower()
    return head.startswith((_PNG.lower(), b"<svg", b"<?xml", b"<!doctype html", b"<html"))


def document_in(data: bytes) -> str:
    """The document that a picture carries. FlowError `no-flow` for one that carries none."""
    found = next(_texts(data), None) if data.startswith(_PNG) else _written(data.decode("utf-8", "replace"))
    if found is None:
        raise FlowError(
            "this picture carries no flow: only those that to_svg, to_png and to_html wrote can be opened",
            code="no-flow",
        )
    return found


def _written(text: str) -> str | None:
    match = _TEXT.search(text)
    return str(json.loads(match[1], strict=False)) if match is not None else None


def _texts(png: bytes) -> Iterator[str]:
    """Of the chunks of a PNG those that are a document."""
    at = len(_PNG)
    while at + 12 <= len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        name, _, rest = body.partition(b"\0")
        if kind == b"iTXt" and name == NAME.encode() and rest[:2] == b"\0\0":
            yield rest[4:].decode("utf-8", "replace")
        at += 12 + size


def _escaped(document: str) -> str:
    """A text that ends neither an element nor a comment, as JSON."""
    return json.dumps(document).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
