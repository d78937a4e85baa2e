"""Objects: results made ready to be recorded, large ones kept content-addressed in `objects/<2>/<sha256>`.

Pickles are signed with a key of the user's own (config folder, mode 0600) and refused when the signature is not theirs:
a store that someone sent you can't run code.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as signed
from os import environ, fsync, getpid, replace, urandom
from os import open as open_file
from pathlib import Path
from typing import Any, cast

from stratix_tasks.core.ports import Check, Encoded
from stratix_tasks.errors import StoreError, StratixError, in_words
from stratix_tasks.runners.native import loads
from stratix_tasks.store import codecs
from stratix_tasks.store.journal import FULL, disk_full
from stratix_tasks.store.previews import preview
from stratix_tasks.store.summaries import summarise

FRAME = 32 << 10
"""Bytes up to which a result is a frame of the journal; larger ones are files."""
INLINE = 2 << 10
"""Bytes up to which a preview stands in the summary itself."""
PIECE = 1 << 20
"""Bytes that are compared at a time."""
SIGNATURE = 32


class ObjectStore:
    """Encodes in any thread; `decode` gives an equal value back."""

    def __init__(self, directory: Path) -> None:
        self.directory, self._config = directory, config_folder()  # a body may say that home is elsewhere

    def encode(self, value: Any, what: str = "the result", check: Check | None = None) -> Encoded:
        """StoreError `not-storable` says what can't be stored, its type and where it is; `disk-full` when there is no room."""
        if codecs.is_fact_scalar(value):
            if check is not None and type(value) is str:
                check(value.encode())
            return Encoded("json", value)
        summary = summarise(value)
        codec, data, tagged = self._bytes(value, what)
        if check is not None:
            check(data)
        if codec == "json" and len(data) <= codecs.SMALL and _fact_safe(tagged, data):
            return Encoded("json", tagged, None, summary)
        self._preview(value, summary, check)
        if len(data) <= FRAME:
            return Encoded(f"{codec}+frame", [len(data)], data, summary)
        return Encoded(f"{codec}+object", [len(data), self.keep(data)], None, summary)

    def _preview(self, value: Any, summary: dict[str, Any] | None, check: Check | None) -> None:
        """Puts what is shown of a value into its summary: a small one itself, a larger one as the name of an object.

        It is left out where it can't be kept, or holds what may not be: the result is recorded all the same.
        """
        made = preview(value) if summary is not None else None
        if made is None or summary is None:
            return
        data = codecs.to_json(made)
        try:
            if check is not None:
                check(data)
            summary["preview"] = made if len(data) <= INLINE else self.keep(data, durably=False)
        except StratixError:
            return

    def preview(self, summary: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The preview that a summary holds or names; None where there is none, or where it is lost."""
        found = (summary or {}).get("preview")
        try:
            return cast(dict[str, Any] | None, codecs.from_json(self.read(found)) if type(found) is str else found)
        except StoreError:
            return None

    def encode_apart(self, value: Any, what: str = "the result", check: Check | None = None) -> Encoded:
        """The same without a frame, for what no payload frame stands beside: its bytes are kept here. Raises the same."""
        encoded = self.encode(value, what, check)
        if encoded.frame is None:
            return encoded
        codec, payload = encoded.codec.replace("+frame", "+object"), [len(encoded.frame), self.keep(encoded.frame)]
        return Encoded(codec, payload, None, encoded.summary)

    def keep_value(self, value: Any) -> list[Any]:
        """A value as `[codec, payload]`, for a fact."""
        encoded = self.encode_apart(value, "a value")
        return [encoded.codec, encoded.payload]

    def fetch(self, kept: list[Any]) -> Any:
        """The value that `keep_value` made data."""
        return self.decode(kept[0], kept[1], None)

    def decode(self, codec: str, payload: Any, frame: bytes | None) -> Any:
        """StoreError `damaged` or `foreign-signature`."""
        name, _, place = codec.partition("+")
        if not place:
            return codecs.untagged(payload)
        data = frame if place == "frame" else self.read(payload[1])
        if data is None or len(data) != payload[0]:
            raise StoreError(
                "a recorded result is cut short; the store is damaged there: fork() from the node that made it makes it again",
                code="damaged",
            )
        return self._value(name, data)

    def keep(self, data: bytes, *, durably: bool = True) -> str:
        """Write bytes under their SHA-256, durably unless they may be lost; nothing to do when they are there and sound."""
        digest = sha256(data).hexdigest()
        path = self._path(digest)
        if _holds(path, data):
            return digest
        temporary = path.with_name(f"{digest}.{getpid()}.{urandom(4).hex()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                if durably:
                    fsync(file.fileno())
            replace(temporary, path)  # noqa: PTH105 - as it was before any body ran
            if durably:
                _sync_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if error.errno in FULL:
                raise disk_full(self.directory) from error
            raise StoreError(
                f"a result can't be stored in {self.directory}: {error.strerror}", code="unwritable"
            ) from error
        return digest

    def read(self, digest: str) -> bytes:
        """The bytes of a digest, checked."""
        try:
            data = self._path(digest).read_bytes()
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise StoreError(
                    f"object {digest[:12]}… is not in the store any more: fork() from the node that made it makes it again",
                    code="damaged",
                ) from error
            raise StoreError(f"object {digest[:12]}… can't be read: {error.strerror}", code="unreadable") from error
        if sha256(data).hexdigest() != digest:
            raise StoreError(
                f"object {digest[:12]}… is damaged: fork() from the node that made it makes it again", code="damaged"
            )
        return data

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise StoreError(f"not an object's name: {digest!r}", code="damaged")
        return self.directory / digest[:2] / digest

    def _bytes(self, value: Any, what: str) -> tuple[str, bytes, Any]:
        """Codec, bytes, and of JSON the data."""
        if type(value) is bytes and len(value) > codecs.SMALL:
            return "bytes", value, None
        try:
            tagged = codecs.to_tagged(value)
            data = codecs.to_json(tagged)
            if b"NaN" not in data or not codecs.has_odd_nan(tagged):
                return "json", data, tagged
        except (codecs.NotPlain, RecursionError, ValueError):
            pass
        array = codecs.array_bytes(value)
        if array is not None:
            return "npy", array, None
        return *(codecs.table_bytes(value) or ("pickle", _pickle(value, what, user_key(self._config)))), None

    def _value(self, name: str, data: bytes) -> Any:
        if name == "json":
            return codecs.from_json(data)
        if name == "bytes":
            return data
        if name == "npy":
            return codecs.array_from(data)
        if name in ("arrow", "frame"):
            return codecs.table_from(name, data)
        if name == "pickle":
            return _unpickle(data, user_key(self._config))
        raise StoreError(f"this version does not know the codec '{name}'; upgrade stratix-tasks", code="newer-store")


class OfDocument:
    """The values that stand in one document: one that stands there twice is one again when the document is read."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._given: dict[int, tuple[Any, list[Any], int]] = {}
        self._read: dict[int, Any] = {}

    def keep(self, value: Any) -> list[Any]:
        """As `ObjectStore.keep_value`; of what was given before the same, which bears a number from then on."""
        if id(value) not in self._given:
            data = self._objects.keep_value(value)
            self._given[id(value)] = value, data, len(self._given)
            return data
        _, data, number = self._given[id(value)]
        if len(data) == _ALONE:
            data.append(number)
        return data

    def fetch(self, kept: list[Any]) -> Any:
        """The value that `keep` made data."""
        if len(kept) == _ALONE:
            return self._objects.fetch(kept)
        number = kept[_ALONE]
        if number not in self._read:
            self._read[number] = self._objects.fetch(kept)
        return self._read[number]


_ALONE = 2


def _fact_safe(tagged: Any, data: bytes) -> bool:
    """Whether JSON data can stand in a fact: its writer keeps 64-bit integers and finite floats only."""
    return b"NaN" not in data and b"Infinity" not in data and not _wide(tagged)


def _wide(tagged: Any) -> bool:
    if type(tagged) is int:
        return not -(1 << 63) <= tagged < 1 << 63
    if type(tagged) is dict:
        return any(_wide(part) for part in tagged.values())
    return type(tagged) is list and any(map(_wide, tagged))


def _pickle(value: Any, what: str, key: bytes) -> bytes:
    from stratix_tasks.runners import pickles

    try:
        data = pickles.checked(value)
    except Exception as error:
        raise StoreError(
            f"{what} can't be stored: {codecs.blame(value, what.removeprefix('the '))} ({type(error).__name__}: {pickles.said(error)}). "
            "Return data (numbers, text, lists, dicts, arrays, data frames, models), and open files, connections, iterators "
            "and generators in the task that uses them",
            code="not-storable",
        ) from error
    return signed(key, data, "sha256") + data


def _unpickle(data: bytes, key: bytes) -> Any:
    signature, body = data[:SIGNATURE], data[SIGNATURE:]
    if not compare_digest(signature, signed(key, body, "sha256")):
        raise StoreError(
            "a recorded result is a pickle that was not signed by you, so it is not opened: it could run code. "
            "Retry the node to make it again, or copy the signing key of the account that made it",
            code="foreign-signature",
        )
    try:
        return loads(body)
    except Exception as error:
        raise StoreError(
            f"a recorded result can't be read here ({in_words(error)}): define or import what it is made of, "
            "as it was when it was recorded, or fork() from the node that made it",
            code="unreadable",
        ) from error


def config_folder() -> Path:
    """Where the user's signing key lives: STRATIX_CONFIG, else XDG_CONFIG_HOME/stratix or ~/.config/stratix."""
    given = environ.get("STRATIX_CONFIG")
    if given:
        return Path(given)
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "stratix"


@cache
def user_key(folder: Path) -> bytes:
    """The user's own 32 bytes, made on first use."""
    path = folder / "signing.key"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = _make_key(path)
    if len(key) != 32:
        raise StoreError(
            f"the signing key {path} is damaged: delete it; pickled results made with it can't be opened any more",
            code="damaged",
        )
    return key


def _make_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{getpid()}.{urandom(4).hex()}")
    fd = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(urandom(32))
    try:
        os.link(temporary, path)  # the first of two processes wins
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_bytes()


def _sync_folder(folder: Path) -> None:
    fd = open_file(folder, os.O_RDONLY)
    try:
        fsync(fd)
    finally:
        os.close(fd)


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file has just these bytes: what made a damaged object again must mend it."""
    try:
        with path.open("rb") as file:
            sound = all(file.read(PIECE) == data[at : at + PIECE] for at in range(0, len(data), PIECE))
            return sound and not file.read(1)
    except OSError:
        return False
