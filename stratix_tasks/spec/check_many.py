"""What runs more than once: fan-outs and loops, and what they ask of each element or round."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any

from stratix_tasks.spec.check_values import value_findings
from stratix_tasks.spec.durations import text
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL, wanted
from stratix_tasks.spec.mapped import MOST_ITEMS, variables
from stratix_tasks.spec.model import NAME, Each, Loop, NodeSpec
from stratix_tasks.spec.problems import REMOVE, Finding, Path, Problem, did_you_mean, instead
from stratix_tasks.spec.streams import could_stream
from stratix_tasks.spec.values import Expr, Ref, Template, leaves
from stratix_tasks.spec.vocabulary import RESERVED, SCOPES

_NAME = re.compile(NAME)


def each_findings(graph: Graph, path: Path, name: str, node: NodeSpec, each: Each) -> Iterator[Finding]:
    for variable, value in each.over.items():
        if variable in SCOPES or not _NAME.fullmatch(variable) or variable in RESERVED:
            message = f"'{variable}' can't be the name of a loop variable"
            hint = "It is the name of the parameter that takes one element of each."
            yield Finding((*path, "over"), Problem("bad-name", message, name, hint=hint), variable)
        if variable in node.args and variable not in variables(node):
            message = f"'{variable}' stands in `each` and in `with`: an argument is either mapped or the same for all"
            yield Finding((*path, "over"), Problem("twice", message, name, hint="Take one of them away."), variable)
        yield from value_findings(graph, (*path, "over", variable), name, value)
        yield from _counted(path, name, variable, value)
    yield from _sizes(path, name, each)
    yield from _too_few(path, name, node, each)
    if each.by == "product" and len(each.over) == 1:
        message = "by: product means nothing where one argument is mapped: there is nothing to cross it with"
        hint = "Take by away, or map another argument, too."
        yield Finding((*path, "by"), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    if not each.over:
        hint = "Name the arguments and what they run over: each: {as: x, in: …}."
        yield Finding(path, Problem("nothing-to-map", "each maps over nothing", name, hint=hint))
    if each.barrier and could_stream(graph, graph.index[name]) is None:
        message = "barrier means nothing here: it waits for all of what it is mapped over anyway"
        hint = (
            "Only a fan-out over the whole result of another one, without key, where and flatten, goes on item by item."
        )
        yield Finding((*path, "barrier"), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    if each.losers is not None and each.gather in (ALL, "settled"):
        message = f"losers means nothing where gather is {each.gather}: nothing is gone without"
        hint = "Say gather: any, first_success or n_of, or take losers away."
        yield Finding((*path, "losers"), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    if each.where is not None:
        yield from value_findings(graph, (*path, "where"), name, each.where, frozenset(each.over))
        if not _varies(each.where, frozenset((*each.over, "each"))):
            hint = f"Name one, such as {next(iter(each.over), 'x')} > 0, or use when for all of them."
            message = "where names no mapped argument, so that it is the same for all"
            yield Finding((*path, "where"), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    if each.key is not None:
        yield from _key(graph, (*path, "key"), name, each)


def _counted(path: Path, name: str, variable: str, value: Any) -> Iterator[Finding]:
    """What is counted to, where the document tells it."""
    number = value["range"] if type(value) is dict and set(value) == {"range"} else 0
    if next(leaves(number), None) is None and (type(number) is not int or not 0 <= number <= MOST_ITEMS):
        message = f"'{variable}' counts to {number!r}: it takes a whole number from 0 to {MOST_ITEMS}"
        yield Finding(
            (*path, "over", variable), Problem("bad-each", message, name, hint="Write {range: 10}, or a reference.")
        )


def _sizes(path: Path, name: str, each: Each) -> Iterator[Finding]:
    """How many items there are, where the document tells it."""
    known = {variable: size for variable, value in each.over.items() if (size := _size(value)) is not None}
    if each.flatten:
        return
    if each.by == "zip" and len({*known.values()}) > 1:
        lengths = ", ".join(f"{variable}: {size}" for variable, size in known.items())
        message, hint = f"mapped arguments must be equally long ({lengths})", "Write by: product to cross them."
        yield Finding((*path, "over"), Problem("bad-each", message, name, hint=hint))
        return
    if each.by == "product" and len(known) == len(each.over) and prod(known.values()) > MOST_ITEMS:
        message = f"it maps over {prod(known.values())} items, at most {MOST_ITEMS} can be"
        yield Finding((*path, "over"), Problem("bad-each", message, name, hint="Map over lists of what there is."))


def _too_few(path: Path, name: str, node: NodeSpec, each: Each) -> Iterator[Finding]:
    """What is gathered of fewer items than that, where the document tells how many there are. A function may add to them."""
    sizes = [_size(value) for value in each.over.values()]
    known = [size for size in sizes if size is not None]
    if not known or each.flatten or (each.by == "product" and len(known) < len(sizes)):
        return
    total = prod(known) if each.by == "product" else min(known)
    least = wanted(each.gather, total)
    if least > total:
        message = f"gather takes {least} of its items, and there are {total}: it fails as too-few"
        hint = f"Write n_of: {total} or less, or map over more." if total else "Map over something, or gather all."
        added = node.call is not None
        hint += " Only a body that adds items by current().spawn can come to more." if added else ""
        yield Finding((*path, "gather"), Problem("impossible-join", message, name, hint=hint, warning=added))


def _size(value: Any) -> int | None:
    """How many elements there are in what is mapped over; None where that comes with the run."""
    if type(value) is dict and set(value) == {"range"}:
        return value["range"] if type(value["range"]) is int and value["range"] <= MOST_ITEMS else None
    return len(value) if type(value) in (list, tuple) else None


def _key(graph: Graph, path: Path, name: str, each: Each) -> Iterator[Finding]:
    variables = frozenset(each.over)
    yield from value_findings(graph, path, name, each.key, variables)
    if not any(_varies(leaf, variables | {"each"}) for leaf in leaves(each.key)):
        example = next(iter(variables), "x")
        hint = f"Name one, such as '${{{{ {example} }}}}'."
        yield Finding(
            path, Problem("bad-key", "the key names no mapped argument, so that all are alike", name, hint=hint)
        )


def loop_findings(graph: Graph, path: Path, name: str, node: NodeSpec, loop: Loop) -> Iterator[Finding]:
    if node.each is not None:
        hint = "Put the loop into a flow, and map that."
        yield Finding(path, Problem("twice", "a node is either mapped or repeated", name, hint=hint))
    if loop.until is not None:
        yield from value_findings(graph, (*path, "until"), name, loop.until, frozenset(("output",)))
        if not _varies(loop.until, frozenset(("output",))):
            message, hint = "until asks nothing of the round", "Ask its output, as in output.loss < 0.1."
            yield Finding((*path, "until"), Problem("no-effect", message, name, hint=hint))
    elif loop.on_max != "fail" or loop.within is not None:
        message = "without until it runs max rounds and is done"
        yield Finding(path, Problem("no-effect", message, name, hint="Say until, or take on_max and within away."))
    if loop.max == 1 and loop.every is not None:
        message, hint = (
            "every means nothing with max: 1: there is no second round",
            "Take it away, or allow more rounds.",
        )
        yield Finding((*path, "every"), Problem("no-effect", message, name, hint=hint, remedy=REMOVE))
    elif loop.every is not None and loop.within is not None and loop.every >= loop.within:
        message = (
            f"every is {text(loop.every)}, and all rounds are over after {text(loop.within)}: there is no second one"
        )
        yield Finding(
            (*path, "every"), Problem("no-effect", message, name, hint="Write a shorter time, or a longer within.")
        )
    if loop.carry is not None and loop.carry not in node.args:
        hint, remedy = did_you_mean(loop.carry, node.args), instead(loop.carry, node.args)
        message = f"carry names '{loop.carry}', which is no argument of the first round"
        yield Finding((*path, "carry"), Problem("bad-arguments", message, name, hint=hint, remedy=remedy), loop.carry)


def _varies(leaf: Any, variables: frozenset[str]) -> bool:
    if type(leaf) is Template:
        return any(_varies(part, variables) for part in leaf.parts)
    if type(leaf) is Expr:
        return any(re.search(rf"(?<![\w.]){variable}\b", leaf.text) for variable in variables)
    return type(leaf) is Ref and leaf.scope == "each"
