"""Secrets where bodies run: they are opened at dispatch, and what bodies say and yield is told without them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from stratix_tasks.core.ports import Encoded, Objects
from stratix_tasks.errors import StratixError
from stratix_tasks.spec.secrets import Sealed, Secret, SecretText, mask, opened

LEAST = 6
"""Characters from which on a secret is looked for in what bodies yield: shorter ones stand in any bytes by chance."""
ENCODINGS = ("utf-8", "utf-16-le", "utf-32-le")
"""In which texts stand in the bytes of results: the last two in arrays and columns."""


def no_secrets(name: str) -> NoReturn:
    """Of an engine that has none."""
    raise StratixError(f"there is no secret '{name}' here", code="missing-secret")


class Masks:
    """The secrets that bodies of one run were given, by name. Any thread. Without one it is false, and costs nothing."""

    def __init__(self, values: Mapping[str, str] = {}) -> None:
        self.values: Mapping[str, str] = {}
        self.longest = 0
        """Characters of the longest form in which one may stand in a text."""
        self._known: tuple[re.Pattern[str], Mapping[str, str]] = re.compile(r"(?!)"), {}
        """What finds the forms of all, and the name of each form."""
        self._lock = Lock()
        for name, value in values.items():
            self.learn(name, value)

    def __bool__(self) -> bool:
        return bool(self.values)

    def learn(self, name: str, value: str) -> None:
        """From now on it is masked, when this returns, whoever else learns it meanwhile."""
        if self.values.get(name) == value:
            return
        with self._lock:
            forms = {**self._known[1], **dict.fromkeys(_forms(value), name)}
            longest_first = sorted(forms, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)"), forms
            self.longest = max(map(len, forms), default=0)
            self.values = {**self.values, name: value}  # last: who finds it here takes it as masked

    def text(self, text: str) -> str:
        """A text in which the names stand in the place of the secrets."""
        pattern, forms = self._known
        return pattern.sub(lambda match: mask(forms[match[0]]), text)

    def data(self, data: Any) -> Any:
        """JSON data, or a tuple, with its texts so."""
        kind = type(data)
        if kind is str:
            return self.text(data)
        if kind is list or kind is tuple:
            return kind(map(self.data, data))
        return {name: self.data(part) for name, part in data.items()} if kind is dict else data

    def named(self, value: Any) -> Any:
        """What a body has made: of a secret itself its name."""
        if type(value) is not str or not value:
            return value
        return next((Secret(name) for name, secret in self.values.items() if secret == value), value)

    def check(self, data: bytes) -> None:
        """StratixError `secret-in-result` where one stands in what is about to be recorded."""
        for form, name in self._known[1].items():
            if len(form) < LEAST:
                continue
            raw = form.encode("utf-8", "replace")
            if any(form.encode(encoding, "replace") in data for encoding in ENCODINGS) or raw.hex().encode() in data:
                raise StratixError(
                    f"what would be recorded holds the secret '{name}': yield what was made with it, without it. (The secret "
                    "alone can be yielded: its name is recorded then)",
                    code="secret-in-result",
                )


def _forms(value: str) -> set[str]:
    """How a secret may stand in a text: itself, its lines, and as it is quoted in JSON, Python and URLs, or in base64."""
    whole = {value, *(line for line in map(str.strip, value.splitlines()) if len(line) > 3)}
    quoted = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    sent = (
        {quote(value, safe=""), quote(value), quote_plus(value), b64encode(value.encode()).decode()} if value else set()
    )
    return {form for form in whole | quoted | sent if form}


def hiding(masks: Masks) -> tuple[Callable[[str], str], list[bool]]:
    """How texts are told, and a list that has an element once something in one of them was hidden."""
    found: list[bool] = []

    def told(text: str) -> str:
        masked = masks.text(text)
        if masked != text:
            found.append(True)
        return masked

    return told, found


def encode(objects: Objects, masks: Masks, value: Any, *, apart: bool = False) -> tuple[Any, Encoded]:
    """What a body yields, made ready to be recorded, and the value as it is from then on: a secret is its name.

    What `Objects.encode` raises; StratixError `secret-in-result`.
    """
    make = objects.encode_apart if apart else objects.encode
    if not masks:
        return value, make(value)
    value = masks.named(value)
    encoded = make(value, check=masks.check)
    encoded.summary = masks.data(encoded.summary)
    return value, encoded


def reveal(
    args: tuple[Any, ...], kwargs: dict[str, Any], find: Callable[[str], str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a body with their secrets. What `find` raises. Every body comes by here, and few have any."""
    for one in (*args, *kwargs.values()):
        kind = type(one)
        if kind is Secret or kind is SecretText or kind is Sealed:
            return tuple(opened(one, find) for one in args), {name: opened(one, find) for name, one in kwargs.items()}
    return args, kwargs
