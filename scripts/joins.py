"""The page on joins, made from the core: `python scripts/joins.py` writes docs/joins.md, `… check` tells whether it is so."""

from __future__ import annotations

import sys
from pathlib import Path

from stratix_tasks.core.block import Block
from stratix_tasks.core.joins import GO, WAIT, verdict
from stratix_tasks.core.node import ALL, ANY, FIRST, N_OF, SETTLED, Join, Node
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S

PAGE = Path(__file__).parent.parent / "docs" / "joins.md"
JOINS: dict[str, tuple[Join, int]] = {
    "all": (ALL, 1),
    "any": (ANY, 1),
    "first_success": (FIRST, 1),
    "n_of: 2": (N_OF, 2),
    "settled": (SETTLED, 1),
}
ENDS = (S.COMPLETED, S.FAILED, S.UPSTREAM_FAILED, S.CANCELLED, S.SKIPPED)
OTHERS = {"is under way": S.RUNNING, "completed": S.COMPLETED, "failed": S.FAILED, "was skipped": S.SKIPPED}
SAID = {GO: "fires", WAIT: "waits", S.UPSTREAM_FAILED: "fails", S.SKIPPED: "is skipped"}
HEAD = """# Joins

How a node waits for what it needs: `task.options(join=…)` in Python, `join:` in a document. This page is made from the code
that decides it (`core/joins.py`), so it can't be wrong about it.

Each table is of a node that needs two others, `a` and `b`: down the side how `a` ended, across the join. *Fires* means that the
node begins, *fails* that it ends `upstream_failed`, *is skipped* that it ends `skipped`.
"""
TAIL = """
## What the arguments get

| how the source ended | the argument gets |
|---|---|
| completed, and the join was made from it | its value |
| completed, but `any`, `first_success` or `n_of` fired without it | as if it had not completed: a late value changes nothing |
| failed, `upstream_failed`, cancelled, skipped | the parameter's default; without one None |

## What becomes of the rest

`any`, `first_success` and `n_of` go on without the others. With `losers="cancel"`, which is what happens where nothing is said,
what nobody else needs is cancelled, reason `lost the join`; with `losers="keep"` it goes on. So do the items of a fan-out that gathers
so: what needs its value has it at once, and it ends itself when all of them have. A failure that a join went on without
is taken up: it is not the run's.

## What may fail

A node with `options(allow_failure=True)`, `allow_failure: true`, may fail: for who waits for `all`, its bad end is as good as its
completion, and the argument gets its default, else None where the annotation allows it, else it is a problem before anything
runs. Its failure, and what failed before it and had no other user, is not the run's.

## As many as the run tells

`join=n_of(k)` with a reference, `join: {n_of: "${{ inputs.k }}"}`: the number, or share, is looked up as soon as it is there, and
recorded. A node that tells it is none of those that the join counts: it has to have completed. A number that no join of so many can
wait for fails the node (`impossible-join`).

## What is only asked about

A node that names a status, as in `when: tasks.a.status == "failed"`, or that catches a failure by `catch: [a]`, waits for the end
of `a`, whatever that is. Such a need is outside of the join.
"""


def said(join: Join, k: int, a: S, b: S) -> str:
    block = Block("m", [Node("a"), Node("b"), Node("x", (0, 1), join=join, k=k)])
    state = State(block)
    state.status[0:2] = bytes((a, b))
    return SAID[verdict(state, 2)]


def page() -> str:
    parts = [HEAD]
    for how, b in OTHERS.items():
        parts.append(f"\n## `b` {how}\n\n| `a` | " + " | ".join(f"`{name}`" for name in JOINS) + " |")
        parts.append("\n|---|" + "---|" * len(JOINS))
        for a in ENDS:
            told = " | ".join(said(join, k, a, b) for join, k in JOINS.values())
            parts.append(f"\n| {S(a).label} | {told} |")
        parts.append("\n")
    return "".join([*parts, TAIL])


def main(asked: list[str]) -> int:
    if asked == ["check"]:
        same = PAGE.exists() and PAGE.read_text() == page()
        print("docs/joins.md is as the code says" if same else "docs/joins.md is old: python scripts/joins.py")
        return 0 if same else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
