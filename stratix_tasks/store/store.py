"""A store: the folder, what lies in it, and whether it can be used."""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
from contextlib import suppress
from functools import cached_property
from os import getpid
from pathlib import Path
from typing import Any

from stratix_tasks.errors import InputError, StoreError
from stratix_tasks.store.catalog import Catalog
from stratix_tasks.store.ids import key
from stratix_tasks.store.journal import FULL, disk_full, unwritable
from stratix_tasks.store.objects import ObjectStore
from stratix_tasks.store.reader import Journals

FORMAT = 1
NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "afs", "ceph", "glusterfs", "lustre")


def default_path() -> Path:
    """`STRATIX_STORE`, else `.stratix` in the working directory."""
    return Path(os.environ.get("STRATIX_STORE") or ".stratix")


def folder(path: Any) -> Path:
    """InputError `bad-option` for what is no path of a folder."""
    try:
        named = os.fspath(path)
    except TypeError:
        named = None
    if type(named) is not str or "\0" in named or not named:
        raise InputError(
            f"store= is a folder, as a text or a Path, not {type(path).__name__} {path!r}; without it there is STRATIX_STORE, else "
            ".stratix in the working directory",
            code="bad-option",
        )
    return Path(named)


def place(path: str | os.PathLike[str] | None) -> Path:
    """Where the store of that name lies, whether it is there or not. InputError `bad-option`."""
    return (default_path() if path is None else folder(path)).expanduser().absolute()


class Store:
    """Opens a store, making it when it is not there.

    `write=False` only reads: nothing is created, the media may be read-only.

    StoreError: `read-only`, `disk-full`, `newer-store`, `network`, `no-store`, `unreadable`.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, write: bool = True) -> None:
        self.path = place(path)
        self.write = write
        if write:
            self._make()
        elif not self.path.is_dir():
            raise StoreError(
                f"there is no store in {self.path}; run a flow first, or name another folder", code="no-store"
            )
        elif not os.access(self.path, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            raise StoreError(
                f"the store {self.path} can't be read by this user; its owner may allow it, or name another folder",
                code="unreadable",
            )
        self._check_format()
        self.journals = Journals(self.path / "journal")
        self.objects = ObjectStore(self.path / "objects")
        self.locks = self.path / "locks"

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.path / "catalog.sqlite", self.journals, read_only=not self.write)

    def close(self) -> None:
        """Let go of the catalog; who looks later opens it anew."""
        catalog = self.__dict__.pop("catalog", None)
        if catalog is not None:
            catalog.close()

    def cuts(self) -> dict[str, dict[bytes, tuple[int, int, int]]]:
        """Engine → run (its 10 bytes) → cut (epoch, file, offset), as far as the catalog can be read."""
        found: dict[str, dict[bytes, tuple[int, int, int]]] = {}
        with suppress(StoreError, sqlite3.Error):
            for run, engine, *cut in self.catalog.all_cuts():
                found.setdefault(engine, {})[key(run)] = (cut[0], cut[1], cut[2])
        return found

    def _make(self) -> None:
        kind = mount_type(self.path)
        if kind.startswith(NETWORK):
            raise StoreError(
                f"{self.path} is on a network file system ({kind}), where locks can't be trusted; keep the store on a local disk: "
                'configure(store="…") or STRATIX_STORE',
                code="network",
            )
        try:
            for name in ("journal", "objects", "locks", "archive"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            marker = self.path / "store.json"
            if not marker.exists() or not marker.stat().st_size:
                temporary = marker.with_name(f"store.json.{getpid()}")
                temporary.write_text(json.dumps({"format": FORMAT}))
                temporary.replace(marker)
            if not os.access(self.path / "journal", os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            if error.errno in FULL:
                raise disk_full(self.path) from error
            raise unwritable(self.path, error) from error

    def _check_format(self) -> None:
        try:
            found = json.loads((self.path / "store.json").read_text())["format"]
        except (OSError, ValueError, KeyError, TypeError):
            return  # the journals carry the version too
        if found > FORMAT:
            raise StoreError(
                f"the store {self.path} has format {found}, from a newer version of stratix-tasks (this one knows up to {FORMAT}): "
                "upgrade with pip install -U stratix-tasks, or name another store",
                code="newer-store",
            )


def mount_type(path: Path) -> str:
    """The type of the file system that holds a path, links followed, or nothing where it can't be told."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_bytes().splitlines()]
    except OSError:
        return ""
    kinds = {Path(os.fsdecode(_ESCAPED.sub(_unescaped, point))): kind.decode() for point, kind in mounts}
    real = path.resolve()
    return next((kinds[folder] for folder in (real, *real.parents) if folder in kinds), "")


_ESCAPED = re.compile(rb"\\([0-7]{3})")


def _unescaped(found: re.Match[bytes]) -> bytes:
    """A byte that would end a name in the list of mounts, such as a space."""
    return bytes((int(found[1], 8),))
