"""How a node that uses an executor looks as a card: a title, an icon, a colour, and what its second line says.

An executor says it as data, `card = {"title": "Mail", "icon": "mail", "accent": "#0d8a80", "subtitle": "to {to}"}`. An icon is a
name of `ICONS` or the path of one, which is checked, and a colour one that is seen on light and dark cards alike, so that no view
has to trust what a plugin brings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, TypedDict

from stratix_tasks.spec.durations import text as duration_text
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.text import dump

ICONS = {
    "bell": "M-3.8 2.4H3.8L2.8 0.8V-1A2.8 2.8 0 0 0 -2.8 -1V0.8ZM-1 4.4H1",
    "bolt": "M0.8 -4.8L-3.2 0.8H0L-0.8 4.8L3.2 -0.8H0Z",
    "chart": "M-4.4 -4.4V4.2H4.6M-1.8 2V0.4M0.8 2V-2M3.4 2V-3.8",
    "chat": "M-4.6 -3.8H4.6V2.4H-0.6L-3 4.6V2.4H-4.6Z",
    "chip": "M-3 -3H3V3H-3ZM-1.2 -3V-4.8M1.2 -3V-4.8M-1.2 4.8V3M1.2 4.8V3M-4.8 -1.2H-3M-4.8 1.2H-3M3 -1.2H4.8M3 1.2H4.8",
    "clock": "M-4.4 0A4.4 4.4 0 1 0 4.4 0A4.4 4.4 0 1 0 -4.4 0M0 -2.4V0.2L1.8 1.4",
    "cloud": "M-2.6 3H2.8A2.4 2.4 0 0 0 3.2 -1.8A3.4 3.4 0 0 0 -3.2 -1.6A2.4 2.4 0 0 0 -2.6 3Z",
    "copy": "M-1.8 -4.4H4V1.8H-1.8ZM-1.8 -1.8H-4V4.4H1.8V1.8",
    "cross": "M-4.4 0A4.4 4.4 0 1 0 4.4 0A4.4 4.4 0 1 0 -4.4 0M-1.6 -1.6L1.6 1.6M1.6 -1.6L-1.6 1.6",
    "database": "M-4 -3A4 1.6 0 0 1 4 -3A4 1.6 0 0 1 -4 -3V3A4 1.6 0 0 0 4 3V-3M-4 0A4 1.6 0 0 0 4 0",
    "file": "M-3.4 -4.6H0.8L3.4 -2V4.6H-3.4ZM0.8 -4.6V-2H3.4",
    "flag": "M-3.2 4.8V-4.2H3.8L2 -1.6L3.8 1H-3.2",
    "flow": "M-4.8 -1.6H-1.8V1.6H-4.8ZM1.8 -4.6H4.8V-1.4H1.8ZM1.8 1.4H4.8V4.6H1.8ZM-1.8 0H0V-3H1.8M0 0V3H1.8",
    "folder": "M-4.6 -3.6H-1.4L-0.2 -2.2H4.6V3.8H-4.6Z",
    "form": "M-3.8 -3.4H3.8V3.4H-3.8ZM-1.8 -1.2H1.8M-1.8 1.2H0.4",
    "gear": "M-1.9 0A1.9 1.9 0 1 0 1.9 0A1.9 1.9 0 1 0 -1.9 0M0 -4.8V-3.2M0 3.2V4.8M-4.8 0H-3.2M3.2 0H4.8M-3.4 -3.4L-2.3 -2.3"
    "M2.3 2.3L3.4 3.4M-3.4 3.4L-2.3 2.3M2.3 -2.3L3.4 -3.4",
    "globe": "M-4.4 0A4.4 4.4 0 1 0 4.4 0A4.4 4.4 0 1 0 -4.4 0M-4.4 0H4.4M0 -4.4Q-3.6 0 0 4.4M0 -4.4Q3.6 0 0 4.4",
    "key": "M-4.6 1.8A2.4 2.4 0 1 0 0.2 1.8A2.4 2.4 0 1 0 -4.6 1.8M-0.5 0.1L4.4 -4.4M2.4 -2.6L4.4 -0.6",
    "mail": "M-4.6 -3.4H4.6V3.4H-4.6ZM-4.6 -3L0 0.6L4.6 -3",
    "moon": "M0.6 -3.8A3.9 3.9 0 1 0 3.9 1.2A3.4 3.4 0 0 1 0.6 -3.8Z",
    "notebook": "M-3.4 -4.6H3.8V4.6H-3.4ZM-1.2 -4.6V4.6M-4.6 -2.2H-3.4M-4.6 2.2H-3.4M0.8 -2H2",
    "pencil": "M-3.8 3.8L-3 0.8L2 -4.2L4.2 -2L-0.8 3Z",
    "person": "M-2 -2.2A2 2 0 1 0 2 -2.2A2 2 0 1 0 -2 -2.2M-3.8 4Q-3.8 1.4 0 1.4Q3.8 1.4 3.8 4",
    "search": "M-4.4 -0.8A3.4 3.4 0 1 0 2.4 -0.8A3.4 3.4 0 1 0 -4.4 -0.8M1.4 1.8L4.4 4.6",
    "signal": "M-2.6 2.8H-2.5M-2.8 -0.6A3.4 3.4 0 0 1 0.6 2.8M-2.8 -3.8A6 6 0 0 1 3.8 2.8",
    "table": "M-4.6 -3.8H4.6V3.8H-4.6ZM-4.6 -1.2H4.6M-4.6 1.4H4.6M-1 -1.2V3.8",
    "terminal": "M-4.6 -3.8H4.6V3.8H-4.6ZM-2.6 -1.4L-0.8 0.2L-2.6 1.8M0.6 1.8H2.6",
}
"""Icons by name, as strokes around the middle: numbers from -6 to 6, so that no font is needed for them."""
REACH, LONGEST = 6.0, 600
TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
"""How many numbers each command of a path takes."""
SURFACES = ("#ffffff", "#1d222c")
"""What cards are painted on, in either theme."""
CONTRAST = 3.0
"""Of a colour to both: what WCAG asks of what is not text."""
MOST = 120
"""Characters of a second line."""
_FORMS = ("", "duration")


class Said(TypedDict, total=False):
    """What an executor says of its card; the subtitle is a text with arguments in braces, `{url}`, or `{wait:duration}` of seconds."""

    title: str
    icon: str
    accent: str
    subtitle: str


@dataclass(frozen=True, slots=True)
class Card:
    """What is said of it, checked: `icon` is a path, `accent` a colour, or empty; `parts` is the subtitle: texts, each with the
    argument that comes behind it and how that is told."""

    title: str = ""
    icon: str = ""
    accent: str = ""
    parts: tuple[tuple[str, str, str], ...] = ()

    def subtitle(self, given: Mapping[str, Any], mapped: Mapping[str, Any], usual: Mapping[str, Any]) -> str:
        """The second line of a node with these arguments, those it maps over, and what holds where it says nothing; empty where none
        of those that it wants is there."""
        told, any_there = [], False
        for text, argument, form in self.parts:
            value = given.get(argument, usual.get(argument))
            shown = _each(mapped[argument], form) if argument in mapped else _shown(value, form)
            told += [text, shown]
            any_there |= bool(shown) or not argument
        line = " ".join("".join(c if c.isprintable() else " " for c in "".join(told)).split())
        return (line if len(line) <= MOST else line[: MOST - 1] + "…") if any_there else ""


PLAIN = Card()


def card_of(said: Any, arguments: Iterable[str]) -> Card:
    """What an executor with these arguments says of its card. ValueError with all that is wrong in it."""
    if not isinstance(said, Mapping):
        raise ValueError(f"its `card` is a mapping with any of {', '.join(_ASKED)}, not {said!r}")
    wrong = list(_wrong(said, tuple(arguments)))
    if wrong:
        raise ValueError("; ".join(wrong))
    icon: str = said.get("icon", "")
    parts = Formatter().parse(said.get("subtitle", ""))
    told = tuple((text, name or "", form or "") for text, name, form, _ in parts)
    return Card(said.get("title", ""), ICONS.get(icon, icon), said.get("accent", ""), told)


def _wrong(said: Mapping[str, Any], arguments: tuple[str, ...]) -> Iterator[str]:
    for name, value in said.items():
        if name not in _ASKED:
            yield f"its card has no {name!r}: {did_you_mean(str(name), _ASKED)}"
        elif not isinstance(value, str):
            yield f"the {name} of its card is a text, not {value!r}"
        elif value and (why := _ASKED[name](value, arguments)):
            yield why


def _of_title(value: str, _: tuple[str, ...]) -> str:
    return (
        ""
        if value.isprintable() and len(value) <= 40
        else "the title of its card has one line, of at most 40 characters"
    )


def _of_icon(value: str, _: tuple[str, ...]) -> str:
    if value in ICONS or _is_path(value):
        return ""
    if re.fullmatch(r"[a-z-]+", value):
        return f"there is no icon {value!r}: {did_you_mean(value, ICONS)}"
    commands = " ".join(TAKES)
    return (
        f"the icon of its card is none of {', '.join(ICONS)}, nor a path of at most {LONGEST} characters, with the commands {commands} "
        f"and numbers from {-REACH:g} to {REACH:g}"
    )


def _is_path(value: str) -> bool:
    """Commands with as many numbers as they take, within reach, and nothing else."""
    if len(value) > LONGEST or not _PATH.fullmatch(value):
        return False
    for command, rest in _COMMAND.findall(value):
        numbers, takes = [float(number) for number in _NUMBER.findall(rest)], TAKES[command]
        if (
            any(abs(number) > REACH for number in numbers)
            or bool(numbers) != bool(takes)
            or (takes and len(numbers) % takes)
            or _NUMBER.sub("", rest).strip(" ,")
        ):
            return False
    return True


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMMAND = re.compile(r"([A-Z])([^A-Z]*)")
_PATH = re.compile(rf"M[{''.join(TAKES)}\d .,-]*", re.ASCII)


def _of_accent(value: str, _: tuple[str, ...]) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        return f"the accent of its card is a colour such as '#0d8a80', not {value!r}"
    if _is_readable(value):
        return ""
    return f"the accent {value} of its card is not seen well on light and dark cards alike: {_nearest(value)} is"


def _is_readable(colour: str) -> bool:
    return all(contrast(colour, surface) >= CONTRAST for surface in SURFACES)


def contrast(colour: str, other: str) -> float:
    """How much two colours differ in lightness, from 1 to 21, as WCAG has it."""
    light, dark = sorted((_lightness(colour), _lightness(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _lightness(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _nearest(colour: str) -> str:
    """The same colour, as much lighter or darker as it has to be."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    to = 255 if contrast(colour, SURFACES[1]) < CONTRAST else 0
    mixed = ("#" + "".join(f"{round(part + (to - part) * step / 64):02x}" for part in parts) for step in range(1, 64))
    return next(filter(_is_readable, mixed), "#64748b")


def _of_subtitle(value: str, arguments: tuple[str, ...]) -> str:
    try:
        parts = list(Formatter().parse(value))
    except ValueError as error:
        return f"the subtitle of its card can't be read, {error}: write arguments in braces, such as '{{url}}'"
    for _, name, form, conversion in parts:
        if name is not None and name not in arguments:
            return f"the subtitle of its card names {name!r}, which it does not take: {did_you_mean(name, arguments)}"
        if conversion or (form or "") not in _FORMS:
            return f"the subtitle of its card tells {name!r} as {conversion or form!r}: write {{{name}}} or {{{name}:duration}}"
    return ""


_ASKED = {"title": _of_title, "icon": _of_icon, "accent": _of_accent, "subtitle": _of_subtitle}


def _each(value: Any, form: str) -> str:
    items = value[:MOST] if isinstance(value, list | tuple) else [value]
    return f"each of {', '.join(_shown(item, form) for item in items)}"


def _shown(value: Any, form: str) -> str:
    """A value of the document in short; what comes with the run by its name in braces; of objects nothing is known."""
    if value is None:
        return ""
    if form == "duration" and isinstance(value, int | float) and not isinstance(value, bool):
        return duration_text(float(value))
    if isinstance(value, str):
        return value[: 2 * MOST]
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return " ".join(_shown(one, form) for one in value[:MOST])
    if isinstance(value, dict):
        return f"{{{', '.join(map(str, list(value)[:MOST]))}}}"
    try:
        text = dump(value)
    except ValueError:
        return type(value).__name__
    return _LATE.sub(r"{\1}", text[: 2 * MOST]) if isinstance(text, str) else _shown(text, form)


_LATE = re.compile(r"\$\{\{\s*(?:inputs\.|tasks\.)?(.+?)(?:\.output)?\s*\}\}")
