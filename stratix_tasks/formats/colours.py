"""The colours of pictures, by theme: those of the live view, `widget/src/view/style.css`."""

from __future__ import annotations

FILLS = {
    "pending": "#a99fad",
    "queued": "#fcd14e",
    "running": "#1860f2",
    "paused": "#f5a524",
    "retrying": "#f5a524",
    "waiting": "#8250f0",
    "completed": "#2ac769",
    "failed": "#fb4e4e",
    "upstream": "#f97316",
    "cancelled": "#3d3d3d",
    "skipped": "#c3bcc7",
    "planned": "#7c8aa5",
}
"""The fills of the live view; those that carry white text are in `WHITE`."""
DIFFERENT = {"added": "completed", "removed": "failed", "changed": "paused"}
"""As what nodes are painted where two flows are drawn as one."""
WHITE = ("running", "cancelled", "planned", "waiting")
THEMES = {
    "light": {
        "paper": "#fbfbfd",
        "card": "#ffffff",
        "ink": "#1b2230",
        "quiet": "#5b6475",
        "line": "#d9dee8",
        "edge": "#aab4c5",
        "taken": "#5b6a84",
    },
    "dark": {
        "paper": "#14171e",
        "card": "#1d222c",
        "ink": "#e8ebf2",
        "quiet": "#9aa5b8",
        "line": "#323a49",
        "edge": "#566178",
        "taken": "#a3afc4",
    },
}
TEXTS = {
    "light": {
        "pending": "#6d6472",
        "queued": "#7a5c00",
        "running": "#1452d0",
        "paused": "#8a5200",
        "retrying": "#8a5200",
        "waiting": "#6638d6",
        "completed": "#0f7a3a",
        "failed": "#c01f1f",
        "upstream": "#b34a00",
        "cancelled": "#3d3d3d",
        "skipped": "#6d6472",
        "planned": "#4a5a78",
    },
    "dark": {
        "pending": "#b9b0bf",
        "queued": "#fcd14e",
        "running": "#7eaaff",
        "paused": "#ffbe55",
        "retrying": "#ffbe55",
        "waiting": "#b79bff",
        "completed": "#4cdd87",
        "failed": "#ff8080",
        "upstream": "#ff9c52",
        "cancelled": "#b3b8c0",
        "skipped": "#b0a8b6",
        "planned": "#a3b3d1",
    },
}
