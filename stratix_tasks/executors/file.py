"""`file.read`, `file.write`, `file.copy`, `file.glob`: files of this machine, and of others by a URL.

A path without `scheme://` is one of this machine. Others are reached by fsspec and what it needs for their scheme. A file that
is written is there as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.extras import library
from stratix_tasks.executors.replacing import replacing
from stratix_tasks.spec.cards import Said

if TYPE_CHECKING:
    from stratix_tasks.runners.body import Body

MOST = 100 * 2**20
PIECE = 1 << 20
COLOUR = "#b7791f"


class FileError(ExecutorError):
    """A file is not there, is there already, or is not what was asked for."""

    code = "file"


class Reading(BaseModel):
    """What `file.read` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    """A path, or a URL that fsspec knows, such as `s3://bucket/key`."""
    parse: Literal["text", "bytes", "json"] = "text"
    """What it becomes."""
    encoding: str = "utf-8"
    max_size: int = Field(default=MOST, ge=0)
    """Bytes beyond which it is not read."""


class Writing(BaseModel):
    """What `file.write` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    value: Any
    """A text or bytes, as they are; anything else is written as JSON."""
    encoding: str = "utf-8"
    exists: Literal["replace", "fail"] = "replace"
    """What is done with a file that is there already."""


class Copying(BaseModel):
    """What `file.copy` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1)
    target: str = Field(min_length=1)
    """Where it is put, by its own name: no folder."""
    exists: Literal["replace", "fail"] = "replace"


class Globbing(BaseModel):
    """What `file.glob` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: str = Field(min_length=1)
    """Such as `data/*.csv`; `**` goes through all folders below."""
    least: int = Field(default=0, ge=0)
    """Files of which there must be as many."""


class Read:
    name = "file.read"
    description = "What is in a file: its text, its bytes or its JSON."
    Config = Reading
    card = Said(accent=COLOUR, title="Read a file", icon="file", subtitle="{path}")

    def execute(self, context: Body, config: Reading) -> Any:
        with _opened(config.path) as file:
            data = file.read(config.max_size + 1)
        if len(data) > config.max_size:
            raise FileError(
                f"{config.path} is larger than the {config.max_size:,} bytes that this node takes: raise max_size, or let what needs "
                "it open the file",
                code="file-too-large",
            )
        if config.parse == "bytes":
            return data
        try:
            return data.decode(config.encoding) if config.parse == "text" else _json().loads(data)
        except (UnicodeDecodeError, LookupError, ValueError) as error:
            raise FileError(f"{config.path} can't be read as {config.parse}: {error}", code="file-format") from None


class Write:
    name = "file.write"
    description = "Writes a file as a whole; what it yields is its path."
    Config = Writing
    card = Said(accent=COLOUR, title="Write a file", icon="pencil", subtitle="{path}")

    def execute(self, context: Body, config: Writing) -> str:
        value = config.value
        if isinstance(value, str):
            data = value.encode(config.encoding)
        elif isinstance(value, bytes | bytearray | memoryview):
            data = bytes(value)
        else:
            data = _json().dumps(value, option=_json().OPT_INDENT_2 | _json().OPT_SERIALIZE_NUMPY)
        with _replacing(config.path, config.exists) as file:
            file.write(data)
        return config.path


class Copy:
    name = "file.copy"
    description = "Copies a file, also between a machine and another; what it yields is the path of the copy."
    Config = Copying
    card = Said(accent=COLOUR, title="Copy a file", icon="copy", subtitle="{source} → {target}")

    def execute(self, context: Body, config: Copying) -> str:
        with _opened(config.source) as source, _replacing(config.target, config.exists) as target:
            while piece := source.read(PIECE):
                target.write(piece)
                context.checkpoint()
        return config.target


class Glob:
    name = "file.glob"
    description = "The paths that a pattern fits, in alphabetical order."
    Config = Globbing
    card = Said(accent=COLOUR, title="Find files", icon="search", subtitle="{pattern}")

    def execute(self, context: Body, config: Globbing) -> list[str]:
        found = sorted(_glob(config.pattern))
        if len(found) < config.least:
            raise FileError(f"{len(found)} files fit {config.pattern}, and {config.least} must", code="file-missing")
        return found


# ---------------------------------------------------------------------- here and elsewhere


def _elsewhere(path: str) -> tuple[Any, str] | None:
    """The file system of a URL, and the path in it; None for a file of this machine."""
    scheme, colon, rest = path.partition("://")
    if not colon:
        return None
    if scheme == "file":
        raise FileError(f"write {rest} without file://", code="file-scheme")
    fsspec = library("fsspec", "files", "file")
    try:
        system, inside = fsspec.core.url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise FileError(f"{path} can't be reached: {error}", code="file-scheme") from None
    return system, inside


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    there = _elsewhere(path)
    try:
        with Path(path).open("rb") if there is None else there[0].open(there[1], "rb") as file:
            yield file
    except FileNotFoundError:
        raise FileError(f"there is no file {path}", code="file-missing") from None
    except IsADirectoryError:
        raise FileError(f"{path} is a folder: file.glob lists what is in it", code="file-missing") from None


@contextmanager
def _replacing(path: str, exists: str) -> Iterator[Any]:
    """A file that is put in its place when all is written. FileError `file-exists`."""
    there = _elsewhere(path)
    if there is not None:
        system, inside = there
        if exists == "fail" and system.exists(inside):
            raise _taken(path)
        with system.transaction, system.open(inside, "wb") as file:
            yield file
        return
    try:
        with replacing(Path(path), only_new=exists == "fail") as file:
            yield file
    except FileExistsError:
        raise _taken(path) from None
    except IsADirectoryError:
        raise FileError(f"{path} is a folder: name the file", code="file-exists") from None


def _taken(path: str) -> FileError:
    return FileError(f"{path} is there already, and exists: fail was said", code="file-exists")


def _glob(pattern: str) -> list[str]:
    there = _elsewhere(pattern)
    if there is not None:
        system, inside = there
        return [system.unstrip_protocol(path) for path in system.glob(inside) if system.isfile(path)]
    from glob import glob

    return [path for path in glob(pattern, recursive=True) if Path(path).is_file()]  # noqa: PTH207 - any path is a pattern


def _json() -> Any:
    import orjson

    return orjson
