"""Paths that begin as somebody types them. Folders are listed; no file is opened."""

from __future__ import annotations

import os
from heapq import nsmallest
from pathlib import Path

MOST = 40


def paths_from(text: str) -> list[str]:
    """Up to `MOST`, in order, folders with a slash at their end; hidden ones where their dot is typed. None where a folder can't be
    listed. What is relative begins at the working directory, and stays relative, as `~` stays."""
    folder, begun = os.path.split(text)
    around = text[: len(text) - len(begun)]
    try:
        with os.scandir(Path(folder).expanduser()) as entries:
            fit = (entry for entry in entries if _fits(entry.name, begun))
            return nsmallest(MOST, (f"{around}{entry.name}{'/' * entry.is_dir()}" for entry in fit))
    except (OSError, ValueError, RuntimeError):  # also: nobody knows where `~` is
        return []


def _fits(name: str, begun: str) -> bool:
    return name.startswith(begun) and (begun != "" or not name.startswith("."))
