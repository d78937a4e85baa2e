"""The page on options, made from their table: `python scripts/options.py` writes docs/options.md, `… check` tells whether it
is so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stratix_tasks.core.ports import NAMED_RUNNERS
from stratix_tasks.spec.durations import text as duration
from stratix_tasks.spec.fields import FLOW, IN_DEFAULTS, INPUT, LOOP, MAP, TASK, Kind, Option
from stratix_tasks.spec.joins import WORDS
from stratix_tasks.spec.joins import text as joined
from stratix_tasks.spec.vocabulary import GROUP

PAGE = Path(__file__).parent.parent / "docs" / "options.md"
HEAD = """# Options

All that can be said of a task, a fan-out, a loop, an input and a flow. This page is made from the table that readers, writers,
checks and the JSON Schema go by (`spec/fields.py`), so it names them all. They are called the same in Python, where they are
arguments of `@task`, `.options`, `repeat` and `@flow`, and in documents, where they are keys; what differs is told.
"""
OF_TASK = """*All*: a flow's `defaults` and `policies` can say it. *Group*: it can be said of a flow that is called in another one. *Set*:
`run.set` changes it of what has not started. *Run*: its value may come with the run, as a reference or an expression.

"""
OF_MAP = """Beside those of its task: `fetch.options(max=8).map(each(urls))`; in a document under `each`. For `flatten` there is
`each(flatten(lists))`, too.

A fan-out over the whole result of another one, `store.map(each(fetch.map(each(urls))))`, streams: each of its items begins as soon
as the item of the same place there has completed. An item whose source failed is upstream_failed, one whose source was skipped is
skipped, and what is spawned there comes into it, too. It waits for all of the other one, as whoever reads the list does, where it
says `barrier=True`, has a `key`, `where`, `flatten` or a join, is mapped over anything beside it, needs it for anything else (another
argument, `when`, `after`, an option); where the other one is a flow, gathers otherwise than `all` or may fail
(`allow_failure`); and where somebody gives what it is mapped over by `run.set`.

"""
OF_LOOP = """Arguments of `repeat`; in a document under `loop`.

"""
OF_INPUT = """Beside `type` and `default` in a document; in Python an annotation says it, such as `Annotated[int, Field(ge=0)]`,
`Literal["eu", "us"]`.

"""
KINDS: dict[Kind, str] = {
    Kind.NAME: "a name; in a document the key, of a flow `flow`",
    Kind.NODES: "what tasks return, one or a list; in a document `needs`, with their names",
    Kind.TEXT: "a text",
    Kind.KEY: "a template, `{region}`, or as in a document, `${{ region }}`",
    Kind.WHOLE: "a whole number",
    Kind.NUMBER: "a number",
    Kind.DURATION: "`30s`, `1h30m`, seconds; in Python a `timedelta`, too",
    Kind.CHOICE: "one word",
    Kind.RUNNER: "one word",
    Kind.NAMES: "a name, or a list of names",
    Kind.TEXTS: "a text, or a list of texts",
    Kind.SIZES: "whole numbers by name",
    Kind.SWITCH: "true or false",
    Kind.RETRY: "attempts after the first, or [parts](#retry)",
    Kind.TIMEOUT: "the limit of an attempt, or [parts](#timeout)",
    Kind.CALL: "a function; in a document `module:name`",
    Kind.CONDITION: "a function of what it asks, `lambda e: e.status == 429`, or its text; in a document an expression",
    Kind.JOIN: f"{', '.join(f'`{word}`' for word in WORDS)}, `n_of(2)`, `n_of('80%')`; in a document `n_of: 2`",
    Kind.POLICIES: "options by name",
    Kind.DEFAULTS: "options; under `for` by what nodes call or use, `http.*`",
    Kind.OF_TYPE: "a value of the input's type",
    Kind.CHOICES: "values of the input's type",
    Kind.INPUTS: "inputs by name",
    Kind.VALUE: "any value; none is taken for one, too",
}


def value(option: Option) -> str:
    """What it takes."""
    words = option.words or (NAMED_RUNNERS if option.kind is Kind.RUNNER else ())
    if words:
        return " or ".join(f"`{word}`" for word in words)
    return KINDS[option.kind] + (f", {option.least} or more" if option.least is not None else "")


def default(option: Option) -> str:
    """What holds where nothing is said; nothing where that is none."""
    told: Any = option.default
    if option.kind is Kind.JOIN:
        return f"`{joined(told)}`"
    if option.kind is Kind.DURATION and told is not None:
        return f"`{duration(told)}`"
    if type(told) is bool:
        return f"`{str(told).lower()}`"
    return "" if told in (None, "", (), {}) else f"`{told}`"


def table(options: Iterable[Option], *more: tuple[str, Iterable[str]]) -> str:
    """A row an option; `more` are columns, and the options that have a mark there."""
    heads = ["option", "takes", "where nothing is said", "", *(head for head, _ in more)]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for option in options:
        marks = ["✓" if option.name in names else "" for _, names in more]
        cells = [f"`{option.name}`", value(option), default(option), option.about, *marks]
        rows.append(f"| {' | '.join(cells)} |".replace("  ", " "))
    return "\n".join(rows) + "\n"


def named(options: Iterable[Option]) -> set[str]:
    """Those whose value may come with the run."""
    return {option.name for option in options if option.from_values}


def page() -> str:
    of_all = {option.name for option in IN_DEFAULTS}
    later = {option.name for option in TASK if option.settable}
    parted = [(one.name, "", table(one.parts, ("run", named(one.parts)))) for one in TASK if one.parts]
    parts = [
        ("## A task", OF_TASK, table(TASK, ("all", of_all), ("group", GROUP), ("set", later), ("run", named(TASK)))),
        *((f"### {name}", about, rows) for name, about, rows in parted),
        ("## A fan-out", OF_MAP, table(MAP)),
        ("## A loop", OF_LOOP, table(LOOP)),
        ("## An input", OF_INPUT, table(INPUT)),
        ("## A flow", "", table(FLOW)),
    ]
    return "\n".join([HEAD, *(f"{head}\n\n{about}{rows}" for head, about, rows in parts)])


def main(asked: list[str]) -> int:
    if asked == ["check"]:
        same = PAGE.exists() and PAGE.read_text() == page()
        print("docs/options.md is as the table says" if same else "docs/options.md is old: python scripts/options.py")
        return 0 if same else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
