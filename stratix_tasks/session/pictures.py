"""Flows and runs as pictures, each with the document in it, so that `load_flow` opens the flow again from what one was sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from stratix_tasks.errors import FlowError
from stratix_tasks.formats.carried import in_html, in_png, in_svg

if TYPE_CHECKING:
    from stratix_tasks.look.sources import FlowSource, RunSource

Place = str | os.PathLike[str] | None
Theme = Literal["light", "dark"]


class Pictured:
    """The words of flows and runs for their pictures."""

    if TYPE_CHECKING:

        def _shown(self) -> FlowSource | RunSource: ...

    def to_svg(self, path: Place = None, *, theme: Theme = "light") -> str:
        """The graph as SVG; written to `path` too, if given."""
        from stratix_tasks.session.display import picture, written

        shown = self._shown()
        svg, document = picture(shown, theme=theme), self._carried(shown)
        return written(in_svg(svg, document) if document else svg, path)

    def to_png(self, path: Place = None, *, theme: Theme = "light") -> bytes:
        """The graph as PNG; written to `path` too, if given."""
        from stratix_tasks.session.display import png, written

        shown = self._shown()
        made, document = png(shown, theme=theme), self._carried(shown)
        return written(in_png(made, document) if document else made, path)

    def to_html(self, path: Place = None) -> str:
        """The graph as one HTML page that opens offline; written to `path` too, if given."""
        from stratix_tasks.session.display import page, written

        shown = self._shown()
        made, document = page(shown), self._carried(shown)
        return written(in_html(made, document) if document else made, path)

    def to_dot(self, path: Place = None) -> str:
        """The graph in Graphviz' language; written to `path` too, if given."""
        from stratix_tasks.formats.dot import to_dot
        from stratix_tasks.session.display import drawn, written

        return written(to_dot(drawn(self._shown())), path)

    def to_mermaid(self, path: Place = None) -> str:
        """The graph as a Mermaid flowchart; written to `path` too, if given."""
        from stratix_tasks.formats.mermaid import to_mermaid
        from stratix_tasks.session.display import drawn, written

        return written(to_mermaid(drawn(self._shown())), path)

    def _carried(self, shown: FlowSource | RunSource) -> str:
        """The document; nothing where a text can't say the flow."""
        from stratix_tasks.formats.yaml import dump

        try:
            return dump(shown.root.spec)
        except FlowError:
            return ""
