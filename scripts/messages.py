"""Writes widget/src/model/messages.ts: what Python and the front end say to each other, as Python has it.

The messages are the types of stratix_tasks/view/messages.py; the states come from core/states.py, the flags of records
from view/source.py, the verbs from core/allowed.py. With `check` nothing is written: it fails where the file is not what
it would be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from stratix_tasks.core.allowed import VERBS
from stratix_tasks.core.states import State
from stratix_tasks.view import messages, source

FILE = Path(__file__).parent.parent / "widget" / "src" / "model" / "messages.ts"
HEAD = "// Written by scripts/messages.py from stratix_tasks/view/messages.py: change it there."
ATOMS = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null", Any: "unknown"}
WIDE = 90
"""Characters of a tuple up to which it stands in one line."""
LINE = 120
"""Characters of a union up to which it stands in one line."""
NAMED = {hint: name for name, hint in vars(messages).items() if get_args(hint) or is_typeddict(hint)}
"""Names of what is defined there, by what it is."""


def script(hint: Any) -> str:
    """A type of Python as TypeScript writes it where it is used."""
    return NAMED[hint] if hint in NAMED else spelled(hint)


def spelled(hint: Any) -> str:
    """A type without its own name. TypeError for one that has no form in TypeScript here."""
    if hint in ATOMS:
        return ATOMS[hint]
    kind, parts = get_origin(hint), get_args(hint)
    if kind is Literal:
        return " | ".join("true" if part is True else f'"{part}"' if type(part) is str else str(part) for part in parts)
    if kind in (Union, UnionType):
        return " | ".join(script(part) for part in parts)
    if kind is list:
        inner = script(parts[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind is tuple:
        return row([place(part) for part in parts])
    if kind is dict:
        made = f"Record<{script(parts[0])}, {script(parts[1])}>"
        return made if parts[0] is str else f"Partial<{made}>"
    raise TypeError(f"no form in TypeScript is known for {hint!r}: add one to scripts/messages.py")


def place(part: Any) -> str:
    """A place of a tuple; with its name, where it has one."""
    if get_origin(part) is Annotated:
        hint, name = get_args(part)
        return f"{name}: {script(hint)}"
    return script(part)


def row(parts: Iterable[str]) -> str:
    """A tuple or list; where it is long a line each, as the formatter has it."""
    line = f"[{', '.join(parts)}]"
    return line if len(line) <= WIDE else "[\n" + "".join(f"  {part},\n" for part in parts) + "]"


def names(words: Iterable[str]) -> str:
    return row([f'"{word}"' for word in words])


def defined(name: str, hint: Any) -> Iterator[str]:
    """A type of a message under its name."""
    if not is_typeddict(hint):
        text = f"export type {name} = {spelled(hint)};"
        wide = len(text) > LINE and get_origin(hint) in (Union, UnionType, Literal)
        yield text if not wide else f"export type {name} =\n  | " + spelled(hint).replace(" | ", "\n  | ") + ";"
        return
    if hint.__doc__:
        first, *more = cleandoc(hint.__doc__).split("\n")
        yield "\n".join([f"/** {first}", *(f" * {line}".rstrip() for line in more)]) + " */"
    yield f"export interface {name} {{"
    for field, inner in get_type_hints(hint, include_extras=True).items():
        is_loose = get_origin(inner) is NotRequired
        quoted = field if field.isidentifier() else f'"{field}"'
        yield f"  {quoted}{'?' if is_loose else ''}: {script(get_args(inner)[0] if is_loose else inner)};"
    yield "}"


def written() -> str:
    """The whole file."""
    flags = {name: value for name, value in vars(source).items() if name.isupper() and type(value) is int}
    return "\n".join(
        [
            HEAD,
            "",
            f"export const STATES = {names(state.label for state in State)} as const;",
            f"export const VERBS = {names(VERBS)} as const;",
            *(f"export const {name} = {value};" for name, value in flags.items()),
            *(line for hint, name in NAMED.items() for line in ("", *defined(name, hint))),
            "",
        ]
    )


def main(check: bool) -> None:
    text = written()
    if check and FILE.read_text(encoding="utf-8") != text:
        sys.exit(f"{FILE.name} is not what view/messages.py says: run `python scripts/messages.py` and commit the file")
    if not check:
        FILE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main("check" in sys.argv[1:])
