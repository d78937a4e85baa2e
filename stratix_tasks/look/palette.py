"""What can be placed in a flow: the tasks that are known here, executors by their domain, and flows."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from stratix_tasks.look.cards import card_look
from stratix_tasks.look.ports import Ports
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.overlap import element, overlaps
from stratix_tasks.spec.types import choices_of, type_text
from stratix_tasks.view.messages import CardLook, PaletteItem, Port, Says

NOTEBOOK = "__main__"
OURS = "this notebook"
"""The group of its tasks: `notebook` is a domain of executors."""


def palette(ports: Ports, tasks: Mapping[str, Any]) -> list[PaletteItem]:
    """All of it. `tasks` are those of this kernel by `module:name`; of a notebook's the name alone is said where it is enough."""
    ports = Ports(ports.graph, ports.executors, {**ports.functions, **tasks})
    return [*_tasks(ports, tasks), *_executors(ports), *_flows(ports)]


def fed_by(items: list[PaletteItem], given: Any, hints: Mapping[str, Mapping[str, Any]]) -> list[PaletteItem]:
    """Those that take a value of a type, or one element of it each, the best first: with the port that takes it. Last those that take
    it by none, which could only wait for it."""
    found: list[PaletteItem] = []
    one = element(given)
    for item in items:
        takes = hints[item["name"]]
        open_ones = [port for port in item["ports"] if _is_open(item, port, takes, given)]
        fitting = [(port, False, given) for port in open_ones if overlaps(given, takes[port["name"]])]
        if one is not None and not fitting:
            fitting = [(port, True, one[0]) for port in open_ones if overlaps(one[0], takes[port["name"]])]
        if fitting:
            told = [(_rank(kind, takes[port["name"]], port["required"]), port, each) for port, each, kind in fitting]
            rank, port, each = max(told, key=lambda row: row[0])
            found.append({**item, "port": port["name"], "each": each, "rank": max(rank - each, 0)})
        else:
            found.append({**item, "rank": -1})
    return sorted(found, key=lambda item: -item["rank"])


def _is_open(item: PaletteItem, port: Port, takes: Mapping[str, Any], given: Any) -> bool:
    """Whether a wire may go to an argument by itself. To one of an executor, where any value is meant, or it must be given and the types
    tell that it fits: the others are settings."""
    if item["kind"] != "executor" or port["name"] not in takes:
        return port["name"] in takes
    return takes[port["name"]] is Any or (port["required"] and given is not Any)


def feeding(items: list[PaletteItem], wanted: Any, hints: Mapping[str, Mapping[str, Any]]) -> list[PaletteItem]:
    """Those whose result can be what an argument takes, the best first."""
    found: list[PaletteItem] = []
    for item in items:
        given = hints[item["name"]].get("return", Any)
        if overlaps(given, wanted):
            found.append({**item, "rank": _rank(given, wanted, True)})
    return sorted(found, key=lambda item: -item["rank"])


def _rank(given: Any, wanted: Any, required: bool) -> int:
    """A type that is told and the same is better than one that may be, and what must be given than what may; a word that is chosen
    among few is seldom what comes of anything."""
    if given != wanted and choices_of(wanted) is not None:
        return 0
    return (4 if given == wanted and wanted is not Any else 2 if Any not in (given, wanted) else 0) + int(required)


def hints_of(ports: Ports, items: list[PaletteItem], tasks: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What wires can bring each, and what it gives."""
    ports = Ports(ports.graph, ports.executors, {**ports.functions, **tasks})
    nodes = {item["name"]: _node(item["says"]) for item in items}
    return {
        name: {**ports.wirable(node), "return": ports.types.takes(node).get("return", Any)}
        for name, node in nodes.items()
    }


def unwritten(ports: Ports, name: str, takes: Mapping[str, Any], gives: Any) -> PaletteItem:
    """A task of the notebook that is not there yet."""
    item = _item(ports, name, "task", OURS, "", {"call": name})
    given: list[Port] = [
        {"name": one, "type": type_text(hint), "required": True, "text": "", "source": ""}
        for one, hint in takes.items()
    ]
    return {**item, "ports": given, "gives": type_text(gives), "port": next(iter(takes), "")}


def _node(says: Says) -> NodeSpec:
    return NodeSpec.made(says)


def _item(
    ports: Ports, name: str, kind: Any, group: str, doc: str, says: Says, card: CardLook | None = None
) -> PaletteItem:
    node = _node(says)
    gives = ports.gives(node)
    return {
        "name": name,
        "kind": kind,
        "group": group,
        "doc": doc.strip().split("\n", 1)[0],
        "card": card,
        "says": says,
        "ports": ports.of(node),
        "gives": "" if gives is Any else type_text(gives),
        "port": "",
        "each": False,
        "rank": 0,
    }


def _tasks(ports: Ports, tasks: Mapping[str, Any]) -> Iterator[PaletteItem]:
    for call in sorted(name for name in tasks if ":" in name):
        task = tasks[call]
        module, _, name = call.rpartition(":")
        if "<" in name:  # a function inside of another one can't be named
            continue
        short = name if module == NOTEBOOK and tasks.get(name) is task else call
        doc = inspect.getdoc(getattr(task, "fn", task)) or ""
        yield _item(ports, name, "task", OURS if module == NOTEBOOK else module, doc, {"call": short})


def _executors(ports: Ports) -> Iterator[PaletteItem]:
    for name in sorted(ports.executors):
        executor = ports.executors[name]
        if executor.field == "uses":
            group, look = name.partition(".")[0], card_look(executor)
            yield _item(ports, name, "executor", group, executor.description, {"uses": name}, look)


def _flows(ports: Ports) -> Iterator[PaletteItem]:
    for name in dict.fromkeys(ports.graph.known()):
        found = ports.graph.find(name)
        if found is not None and name != ports.graph.spec.flow:
            yield _item(ports, name, "flow", "flows", found.spec.description, {"flow": name})
