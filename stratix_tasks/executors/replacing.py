"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


@contextmanager
def replacing(place: Path, *, only_new: bool = False) -> Iterator[IO[bytes]]:
    """A file to write to, beside its place; it is put there when all is written, and taken away when that fails.

    A file that was there is replaced, and its mode kept; with `only_new` that is a FileExistsError. IsADirectoryError.
    """
    if place.is_dir():
        raise IsADirectoryError(f"{place} is a folder")
    place.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", delete=False) as file:
        made = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if place.exists():
                shutil.copymode(place, made)
            else:
                made.chmod(0o666 & ~_umask())
            if only_new:
                os.link(made, place)  # which fails where there is one, in one step
                made.unlink()
            else:
                made.replace(place)
        except BaseException:
            with suppress(OSError):
                made.unlink()
            raise


def _umask() -> int:
    """What this process takes from the modes of new files, asked without changing it for a moment, as `os.umask` would."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Umask:")).split()[1], 8)
    return 0o022
