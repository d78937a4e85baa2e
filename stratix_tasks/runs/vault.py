"""The vault: where the values of secrets come from. They are looked up when a body wants one, and kept nowhere.

What the engine was given counts first (a mapping, or a file), then the environment, then, if the engine was given nothing, a file
beside the store.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.spec.secrets import NAME

PREFIX = "STRATIX_SECRET_"
"""Before a secret's name in the environment, so that a flow can't ask for whatever else stands there."""
BESIDE = ("secrets.toml", ".env")
"""Files in the folder in which the store lies; the first that is there."""
Given = Mapping[str, str] | str | os.PathLike[str] | None


class Vault:
    """Any thread. `beside` tells the folder in which the store lies."""

    def __init__(self, given: Given, beside: Callable[[], Path]) -> None:
        if given is not None and not isinstance(given, Mapping | str | os.PathLike):
            raise InputError(
                f"secrets= is a mapping of names to texts, or a file (.toml, .env), not a {type(given).__name__}",
                code="bad-option",
            )
        self._given, self._beside = given, beside

    def find(self, name: str) -> str:
        """StratixError `missing-secret` tells where it could stand; `bad-secrets` for a file that can't be read."""
        for where, known in self._sources(name):
            if name in known:
                return _text(name, known[name], where)
        raise StratixError(
            f"there is no secret '{name}': set {PREFIX}{name} in the environment of this process, or write it into {self._place()}",
            code="missing-secret",
        )

    def has(self, name: str) -> bool:
        try:
            self.find(name)
        except StratixError:
            return False
        return True

    def _sources(self, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        given = self._given
        if isinstance(given, Mapping):
            yield "secrets=", given
        elif given is not None:
            yield str(given), _read(Path(given))
        if PREFIX + name in os.environ:
            yield "the environment", {name: os.environ[PREFIX + name]}
        if given is None and (file := self._file_beside()).is_file():
            yield str(file), _read(file)

    def _place(self) -> str:
        if self._given is None:
            return str(self._file_beside())
        return "what Engine(secrets=…) is given" if isinstance(self._given, Mapping) else os.fspath(self._given)

    def _file_beside(self) -> Path:
        """The one that is there, or would be."""
        folder = self._beside()
        return next((folder / name for name in BESIDE if (folder / name).is_file()), folder / BESIDE[0])


def _read(file: Path) -> Mapping[str, Any]:
    """What stands in a file; an error tells nothing of it."""
    try:
        text = file.read_text(encoding="utf-8")
        return tomllib.loads(text) if file.suffix == ".toml" else _env(text)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text, or no TOML"
        raise StratixError(f"the secrets in {file} can't be read: {why}", code="bad-secrets") from None


def _text(name: str, value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise StratixError(
            f"the secret '{name}' in {where} is a {type(value).__name__}, not a text", code="bad-secrets"
        )
    return value


def _env(text: str) -> dict[str, str]:
    """Lines `NAME=value`; `export` before them, quotes around values, and comments are left away."""
    made = {}
    for line in map(str.strip, text.splitlines()):
        name, mark, value = line.removeprefix("export ").partition("=")
        if mark and NAME.fullmatch(name := name.strip()):
            made[name] = _unquoted(value.strip())
    return made


_QUOTED = re.compile(r"""(["'])(.*?)\1\s*(\s#.*)?""")


def _unquoted(value: str) -> str:
    if (quoted := _QUOTED.fullmatch(value)) is not None:
        return quoted[2]
    return f" {value}".partition(" #")[0].strip()
