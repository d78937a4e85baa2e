"""SVG as PNG, by resvg: no browser, no system library."""

from __future__ import annotations

from pathlib import Path

FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "~/.fonts",
    "~/.local/share/fonts",
)


def to_png(svg: str, *, scale: int = 2) -> bytes:
    """A picture of an SVG text.

    Text is drawn with the system's fonts; without any font the picture has its shapes alone.
    """
    import resvg_py

    folders = [str(path) for name in FONT_FOLDERS if (path := Path(name).expanduser()).is_dir()]
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, zoom=scale, font_dirs=folders or None, sans_serif_family=sans_serif(folders)
        )
    )


def sans_serif(folders: list[str]) -> str | None:
    """A family that is there, for the generic `sans-serif`."""
    for family, file in (
        ("DejaVu Sans", "DejaVuSans.ttf"),
        ("Liberation Sans", "LiberationSans-Regular.ttf"),
        ("Arial", "Arial.ttf"),
    ):
        if any(next(Path(folder).rglob(file), None) for folder in folders):
            return family
    return None
