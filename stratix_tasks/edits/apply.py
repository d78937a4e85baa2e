"""What each edit does: a document and an edit give another document, and what takes that back. Nothing here has a clock or a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from stratix_tasks.edits import words
from stratix_tasks.edits.fields import BODY, mapping, set_field, set_in_flow
from stratix_tasks.edits.groups import grouped, unpacked
from stratix_tasks.edits.places import Place, flow_at, free, known, node_at, replaced
from stratix_tasks.edits.references import in_flow, node_renamed, renamed, rewritten, variable_renamed
from stratix_tasks.edits.words import Edit, Point
from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import HERE
from stratix_tasks.formats.yaml import load as load_text
from stratix_tasks.formats.yaml_parts import fragment_of, node_of
from stratix_tasks.spec.disabled import NOTHING, left_of, left_of_node
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.layout import layout
from stratix_tasks.spec.mapped import variables
from stratix_tasks.spec.model import NAME, FlowSpec, NodeSpec, Ui
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.values import Pin, Ref

_NAME = re.compile(NAME)


def apply(spec: FlowSpec, edit: Edit) -> tuple[FlowSpec, words.Restore]:
    """The document with an edit, and the edit that takes it back. FlowError, with the reason, where it can't be."""
    made = _APPLY[type(edit)](spec, edit)
    fields = {name: part for name, part in spec.__dict__.items() if part is not made.__dict__[name]}
    return made, words.Restore(fields)


# ---------------------------------------------------------------------- nodes


def _add(spec: FlowSpec, edit: words.Add) -> FlowSpec:
    around, _, name = edit.node.rpartition(".")
    place, node = flow_at(spec, around), node_of(edit.says)
    name = _new_name(place.flow, name) if name else free(_base(node), place.flow.tasks)
    spec = replaced(spec, place.chain, lambda flow: _with(flow, {name: node}))
    return spec if edit.at is None else _placed(spec, {".".join(filter(None, (around, name))): edit.at})


def _base(node: NodeSpec) -> str:
    """What a node is called that nobody gave a name."""
    said = (node.call or node.flow or node.uses or "task").rpartition(":")[2].rpartition(".")[2]
    return said if _NAME.fullmatch(said) else "task"


def _new_name(flow: FlowSpec, name: str) -> str:
    """A name for a node. FlowError `bad-name`, `taken`."""
    if not _NAME.fullmatch(name):
        hint = "Write letters from a to z, in either case, digits and _, at most 64, not a digit first."
        raise FlowError(f"'{name}' can't be the name of a node. {hint}", code="bad-name")
    if name in flow.tasks:
        raise FlowError(f"there is a node '{name}' already in flow '{flow.flow}'", code="taken")
    return name


def _with(flow: FlowSpec, tasks: Mapping[str, NodeSpec]) -> FlowSpec:
    return flow.but({"tasks": {**flow.tasks, **tasks}})


def _paste(spec: FlowSpec, edit: words.Paste) -> FlowSpec:
    place, found = flow_at(spec, edit.into), fragment_of(edit.text)
    for name in list(found.tasks):
        fresh = free(name, {*place.flow.tasks, *(found.tasks.keys() - {name})})
        found = found if fresh == name else _moved(node_renamed(found, name, fresh), name, fresh)
    for name, flow in list(found.flows.items()):
        there = place.find(name)
        if there is not None and there.flow != flow:
            found = _flow_renamed(found, name, lambda one: place.find(one) is not None)
    missing = {name: flow for name, flow in found.flows.items() if place.find(name) is None}
    tasks = found.tasks
    spec = replaced(spec, place.chain, lambda flow: _with(flow, tasks).but({"flows": {**flow.flows, **missing}}))
    prefix = f"{edit.into}." if edit.into else ""
    if edit.at is None or (found.ui is None and not place.flow.tasks):
        return spec  # the layout places them
    if found.ui is None:
        return _placed(spec, _spread(prefix, found, edit.at))
    left, top = (min(axis) for axis in zip(*found.ui.positions.values(), strict=True))
    x, y = edit.at
    return _placed(
        spec, {prefix + name: (x + at[0] - left, y + at[1] - top) for name, at in found.ui.positions.items()}
    )


def _spread(prefix: str, found: FlowSpec, at: Point) -> dict[str, Point]:
    """Where nodes stand that come without places: as they were laid out, were they alone."""
    graph = Graph(found)
    edges = [(need, number) for number, needs in enumerate(graph.needs) for need in needs]
    laid = layout([_room(graph, number) for number in range(len(graph.names))], edges, [-1] * len(graph.names))
    left, top = (min(axis) for axis in zip(*laid.places, strict=True))
    return {
        prefix + name: (at[0] + x - left, at[1] + y - top)
        for name, (x, y) in zip(graph.names, laid.places, strict=True)
    }


CARD = 220.0, 130.0
"""Pixels that a card in an editor may take."""


def _room(graph: Graph, number: int) -> Point:
    """About how much a node takes: one that holds a flow as much as that has nodes, one behind the other."""
    inner = graph.inner(number)
    return (CARD[0] * max(len(inner.names), 1) + 80.0, CARD[1] + 80.0) if inner is not None else CARD


def _flow_renamed(spec: FlowSpec, name: str, is_taken: Callable[[str], bool]) -> FlowSpec:
    """A fragment with a flow called otherwise."""
    fresh = next(one for i in range(2, 10_000) if not is_taken(one := f"{name}_{i}") and one not in spec.flows)
    tasks = {one: node.but({"flow": fresh}) if node.flow == name else node for one, node in spec.tasks.items()}
    flows = {fresh if one == name else one: flow for one, flow in spec.flows.items()}
    return spec.but({"tasks": tasks, "flows": flows})


def _remove(spec: FlowSpec, edit: words.Remove) -> FlowSpec:
    for path in edit.nodes:
        place, name = node_at(spec, path)
        spec = _placed(replaced(spec, place.chain, lambda flow, gone=name: _without(flow, gone)), {path: None})  # type: ignore[misc]
    return spec


def _without(flow: FlowSpec, gone: str) -> FlowSpec:
    tasks = {name: _unwired(node, gone) for name, node in flow.tasks.items() if name != gone}
    output = left_of(flow.output, {gone})
    return flow.but({"tasks": tasks, "output": None if output is NOTHING else output})


def _unwired(node: NodeSpec, source: str) -> NodeSpec:
    """A node without what it takes of another one, and without waiting for it. What conditions and texts ask for stays, and is told
    as a problem."""
    node, _ = left_of_node(node, {source})
    changed: dict[str, Any] = {
        field: tuple(one for one in names if one != source)
        for field in ("needs", "catch")
        if source in (names := getattr(node, field))
    }
    if node.each is not None and source in _named_whole(node.each.over):
        over = {name: value for name, value in node.each.over.items() if not _is_output(value, source)}
        changed["each"] = mapping(node.each, over)
    return node.but(changed) if changed else node


def _named_whole(values: Mapping[str, Any]) -> set[str]:
    return {value.name for value in values.values() if type(value) is Ref and value.scope == "tasks"}


def _is_output(value: Any, source: str) -> bool:
    return type(value) is Ref and (value.scope, value.name) == ("tasks", source)


def _rename(spec: FlowSpec, edit: words.Rename) -> FlowSpec:
    place, name = node_at(spec, edit.node)
    if edit.to == name:
        return spec
    _new_name(place.flow, edit.to)
    spec = replaced(spec, place.chain, lambda flow: node_renamed(flow, name, edit.to))
    path = edit.node.rpartition(".")[0]
    return _moved(spec, edit.node, f"{path}.{edit.to}" if path else edit.to)


def _replace(spec: FlowSpec, edit: words.Replace) -> FlowSpec:
    place, name = node_at(spec, edit.node)
    node, fresh = place.flow.tasks[name], node_of(edit.says)
    mapped = {*node.each.over} if node.each is not None else set()
    args = {**_fitted(node.args, [port for port in edit.ports if port not in mapped]), **fresh.args}
    body = {field: getattr(fresh, field) for field in BODY}
    return replaced(spec, place.chain, lambda flow: _with(flow, {name: node.but({**body, "args": args})}))


def _fitted(args: Mapping[str, Any], ports: list[str]) -> dict[str, Any]:
    """Arguments for other ports: those of the same name, then what is left in order; all of them where no ports are told."""
    if not ports:
        return dict(args)
    kept = {name: value for name, value in args.items() if name in ports}
    free_ports = iter([port for port in ports if port not in kept])
    wires = [value for name, value in args.items() if name not in kept and type(value) is Ref]
    return {**kept, **dict(zip(free_ports, wires, strict=False))}


# ---------------------------------------------------------------------- wires


def _connect(spec: FlowSpec, edit: words.Connect) -> FlowSpec:
    place, target = node_at(spec, edit.target)
    around = edit.target.rpartition(".")[0]
    node = place.flow.tasks[target]
    source = edit.source.removeprefix(f"{around}.") if around else edit.source
    if source.startswith("inputs."):
        name = source.removeprefix("inputs.")
        if name not in place.flow.inputs:
            hint = did_you_mean(name, place.flow.inputs)
            raise FlowError(f"flow '{place.flow.flow}' has no input '{name}'. {hint}".rstrip(), code="unknown-input")
        wire = Ref("inputs", name, edit.path)
    else:
        known(place.flow, source)
        wire = Ref("tasks", source, edit.path)
    made = replaced(spec, place.chain, lambda flow: _with(flow, {target: _wired(node, wire, edit.port)}))
    if cycle := Graph(flow_at(made, around).flow).cycle():
        raise FlowError(f"that would go in a circle: {' → '.join(cycle)}", code="cycle")
    return made


def _wired(node: NodeSpec, wire: Ref, port: str) -> NodeSpec:
    if not port:
        if wire.scope == "inputs":
            raise FlowError("an input is there from the beginning: name the argument that takes it", code="bad-edit")
        return node.but({"needs": tuple(dict.fromkeys((*node.needs, wire.name)))})
    if node.each is not None and port in node.each.over:
        return node.but({"each": node.each.but({"over": {**node.each.over, port: wire}})})
    return node.but({"args": {**node.args, port: wire}})


def _disconnect(spec: FlowSpec, edit: words.Disconnect) -> FlowSpec:
    place, target = node_at(spec, edit.target)
    around = edit.target.rpartition(".")[0]
    source = edit.source.removeprefix(f"{around}.") if around else edit.source
    node = place.flow.tasks[target]
    if edit.port:
        if edit.port not in node.args:
            hint = did_you_mean(edit.port, node.args)
            raise FlowError(f"'{target}' is given no argument '{edit.port}'. {hint}".rstrip(), code="bad-edit")
        made = node.but({"args": {name: value for name, value in node.args.items() if name != edit.port}})
    elif source.startswith("inputs."):
        gone = source.removeprefix("inputs.")
        args = {
            name: value
            for name, value in node.args.items()
            if not (type(value) is Ref and (value.scope, value.name) == ("inputs", gone))
        }
        made = node.but({"args": args})
    else:
        made = _unwired(node, source)
    if made is node or made == node:
        raise FlowError(f"'{target}' takes nothing of '{source}' that a wire stands for", code="bad-edit")
    return replaced(spec, place.chain, lambda flow: _with(flow, {target: made}))


# ---------------------------------------------------------------------- what is said


def _set(spec: FlowSpec, edit: words.Set) -> FlowSpec:
    place, name = node_at(spec, edit.node)
    made = set_field(place.flow.tasks[name], edit.field, edit.value)
    return replaced(spec, place.chain, lambda flow: _with(flow, {name: made}))


def _pin(spec: FlowSpec, edit: words.Pin) -> FlowSpec:
    return _with_pin(spec, edit.node, node_of({"call": "x", "pin": edit.value}).pin)


def _unpin(spec: FlowSpec, edit: words.Unpin) -> FlowSpec:
    return _with_pin(spec, edit.node, None)


def _with_pin(spec: FlowSpec, path: str, pin: Pin | None) -> FlowSpec:
    place, name = node_at(spec, path)
    made = place.flow.tasks[name].but({"pin": pin})
    return replaced(spec, place.chain, lambda flow: _with(flow, {name: made}))


def _set_flow(spec: FlowSpec, edit: words.SetFlow) -> FlowSpec:
    place = flow_at(spec, edit.node)
    made = replaced(spec, place.chain, lambda flow: set_in_flow(flow, edit.field, edit.value))
    return _run_as(made, spec.flow, made.flow) if made.flow != spec.flow else made


def _run_as(flow: FlowSpec, old: str, new: str) -> FlowSpec:
    """A flow whose nodes, and those of the flows in it, run one around them that is called otherwise now."""
    if old in flow.flows:  # that is meant there
        return flow
    tasks = {name: node.but({"flow": new}) if node.flow == old else node for name, node in flow.tasks.items()}
    return flow.but({"tasks": tasks, "flows": {name: _run_as(inner, old, new) for name, inner in flow.flows.items()}})


def _rename_input(spec: FlowSpec, edit: words.RenameInput) -> FlowSpec:
    place = flow_at(spec, edit.node)
    old, new = edit.input, edit.to
    if old not in place.flow.inputs:
        hint = did_you_mean(old, place.flow.inputs)
        raise FlowError(f"flow '{place.flow.flow}' has no input '{old}'. {hint}".rstrip(), code="unknown-input")
    if not _NAME.fullmatch(new) or new in place.flow.inputs:
        raise FlowError(f"'{new}' can't be the name of an input, or is one already", code="bad-name")

    def inside(flow: FlowSpec) -> FlowSpec:
        made = in_flow(flow, renamed("inputs", old, new))
        return made.but({"inputs": {new if name == old else name: one for name, one in flow.inputs.items()}})

    made = replaced(spec, place.chain, inside)
    return made if not place.chain else _callers(Place((), (made,)), place.chain, old, new)


def _callers(around: Place, chain: tuple[str, ...], old: str, new: str) -> FlowSpec:
    """A document whose nodes give an input of one of its flows under another name."""
    tasks = {
        name: _given_as(node, old, new) if node.flow is not None and _holds(around, node.flow, chain) else node
        for name, node in around.flow.tasks.items()
    }
    flows = {
        name: _callers(Place((*around.chain, name), (*around.above, flow)), chain, old, new)
        for name, flow in around.flow.flows.items()
    }
    return around.flow.but({"tasks": tasks, "flows": flows})


def _holds(around: Place, flow: str, chain: tuple[str, ...]) -> bool:
    found = around.find(flow)
    return found is not None and found.chain == chain


def _given_as(node: NodeSpec, old: str, new: str) -> NodeSpec:
    changed: dict[str, Any] = {"args": _key_renamed(node.args, old, new)}
    if node.each is not None and old in node.each.over and old not in variables(node):
        each = rewritten(node.each, variable_renamed(old, new))
        changed["each"] = each.but({"over": _key_renamed(each.over, old, new)})
    if node.loop is not None and node.loop.carry == old:
        changed["loop"] = node.loop.but({"carry": new})
    return node.but(changed)


def _key_renamed(values: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in values.items()}


# ---------------------------------------------------------------------- places, groups, the whole


def _move(spec: FlowSpec, edit: words.Move) -> FlowSpec:
    for path in edit.places:
        node_at(spec, path)
    return _placed(spec, edit.places)


def _placed(spec: FlowSpec, places: Mapping[str, Point | None]) -> FlowSpec:
    """Nodes at other places; those at None, and what lies in them, where the layout wants them."""
    had = spec.ui.positions if spec.ui is not None else {}
    gone = {name for name, at in places.items() if at is None}
    kept = {name: at for name, at in had.items() if not any(name == one or name.startswith(f"{one}.") for one in gone)}
    kept.update({name: (float(at[0]), float(at[1])) for name, at in places.items() if at is not None})
    return _at_places(spec, kept)


def _at_places(spec: FlowSpec, positions: dict[str, Point]) -> FlowSpec:
    if positions == (spec.ui.positions if spec.ui is not None else {}):
        return spec
    return spec.but({"ui": Ui.model_construct(positions=positions) if positions else None})


def _moved(spec: FlowSpec, old: str, new: str) -> FlowSpec:
    had = spec.ui.positions if spec.ui is not None else {}
    return _at_places(
        spec,
        {new + name[len(old) :] if name == old or name.startswith(f"{old}.") else name: at for name, at in had.items()},
    )


def _group(spec: FlowSpec, edit: words.Group) -> FlowSpec:
    if not edit.nodes:
        raise FlowError("a group has at least one node", code="bad-edit")
    if not _NAME.fullmatch(edit.flow):
        raise FlowError(f"'{edit.flow}' can't be the name of a flow", code="bad-name")
    places = [node_at(spec, path) for path in edit.nodes]
    place = places[0][0]
    if any(one.chain != place.chain for one, _ in places):
        raise FlowError("what is grouped lies in one flow", code="bad-edit")
    names = tuple(name for _, name in places)
    made = replaced(spec, place.chain, lambda _: grouped(place, names, edit.flow))
    return _placed(made, dict.fromkeys(edit.nodes))


def _ungroup(spec: FlowSpec, edit: words.Ungroup) -> FlowSpec:
    place, name = node_at(spec, edit.node)
    return _placed(replaced(spec, place.chain, lambda _: unpacked(place, name)), {edit.node: None})


def _text(spec: FlowSpec, edit: words.Text) -> FlowSpec:
    return load_text(edit.text, executors=HERE.get().entries)


def _restore(spec: FlowSpec, edit: words.Restore) -> FlowSpec:
    return spec.but(dict(edit.fields))


_APPLY: dict[type[Edit], Callable[[FlowSpec, Any], FlowSpec]] = {
    words.Add: _add,
    words.Paste: _paste,
    words.Remove: _remove,
    words.Rename: _rename,
    words.Connect: _connect,
    words.Disconnect: _disconnect,
    words.Set: _set,
    words.Pin: _pin,
    words.Unpin: _unpin,
    words.SetFlow: _set_flow,
    words.RenameInput: _rename_input,
    words.Replace: _replace,
    words.Move: _move,
    words.Group: _group,
    words.Ungroup: _ungroup,
    words.Text: _text,
    words.Restore: _restore,
}
