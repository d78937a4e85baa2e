"""What conditions say, in short: on cards, and on the edges from the nodes that they ask about."""

from __future__ import annotations

import re
from functools import lru_cache

from stratix_tasks.spec.check_conditions import conjuncts, without_brackets
from stratix_tasks.view.source import Outline

_NAMES = re.compile(r"\btasks\.(\w+)\.output\b|\binputs\.(\w+)")
_NEGATED = re.compile(r"!\s*(!*(?:\(.*\)|[\w.\[\]]+))", re.DOTALL)
_ASKED = (
    r"""tasks\.{}\.(?:output\b\.?|(?=status\b))([\w.\[\]]*)\s*(==|!=|>=|<=|>|<)?\s*((?:"[^"]*"|'[^']*'|[^&|?"'])*)"""
)
_SIGNS = {"==": "≠=", "!=": "=≠", ">": "≤>", "<": "≥<", ">=": "<≥", "<=": ">≤"}
"""By comparison the sign where it must not hold, and where it must."""
_TRUTH = ("false", "true")


def in_short(text: str) -> str:
    """With the names that people gave alone."""
    return _NAMES.sub(r"\1\2", text)


def on_edges(outline: Outline) -> dict[str, str]:
    """By an edge's place among the `edges` what the condition of the node that it leads to asks of where it comes from."""
    nodes, found = outline["nodes"], dict[str, str]()
    for number, (a, b, kind) in enumerate(outline["edges"]):
        when = nodes[b]["when"]
        if when is not None and kind != "ends" and (told := asked_of(when, nodes[a]["label"])):
            found[str(number)] = told
    return found


@lru_cache(4096)
def asked_of(when: str, node: str) -> str:
    """What a condition asks of a node of its flow: `> 3`, `≤ 3` for `!(… > 3)`, `rows ≥ least`; nothing where it asks nothing of that."""
    named = re.compile(rf"\btasks\.{re.escape(node)}\b")
    return " & ".join(_plain(part, node) or in_short(part) for part in conjuncts(when) if named.search(part))


def _plain(part: str, node: str, holds: bool = True) -> str | None:
    """Of a comparison of what a node gives, or of its status, that without its name; None of what is none."""
    negated = _NEGATED.fullmatch(part)
    if negated is not None:
        return _plain(without_brackets(negated[1]), node, not holds)
    asked = re.fullmatch(_ASKED.format(re.escape(node)), part)
    if asked is None or (asked[3] and not asked[2]):
        return None
    path, sign, value = asked[1], asked[2], in_short(asked[3].strip())
    left = f"{path} " if path else ""
    if not sign:
        return left + _TRUTH[holds]
    if value in _TRUTH and sign in ("==", "!="):
        is_true = (value == "true") is (sign == "==")
        return left + _TRUTH[is_true is holds]
    return f"{left}{_SIGNS[sign][holds]} {value}"
