"""A snapshot as one HTML file: the live view's front end, with the data in it.

It opens offline and asks no network for anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';
 style-src 'unsafe-inline'; script-src 'unsafe-inline' blob:; img-src data:">
<title>{title}</title>
<style>{css}
body {{ margin: 0; padding: 20px; background: #eef0f5; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #0d1015; }} }}
#view .stx-main {{ height: calc(100vh - 130px) !important; min-height: 320px; }}
</style>
</head>
<body>
<div id="view"></div>
<script type="application/json" id="snapshot">{data}</script>
<script type="text/plain" id="module">{esm}</script>
<script type="module">
const text = document.getElementById("module").textContent.replaceAll("<\\\\/script", "</script");
const url = URL.createObjectURL(new Blob([text], {{ type: "text/javascript" }}));
const {{ renderStatic }} = await import(url);
renderStatic(JSON.parse(document.getElementById("snapshot").textContent), document.getElementById("view"));
</script>
</body>
</html>
"""


def to_html(snapshot: Mapping[str, Any], *, esm: str, css: str) -> str:
    """A page that shows the snapshot. Neither data nor code can end their script element."""
    data = json.dumps({**snapshot, "mode": "static"}).replace("<", "\\u003c")
    return PAGE.format(
        title=escape(snapshot["flow"]["name"]), css=css, data=data, esm=esm.replace("</script", "<\\/script")
    )
