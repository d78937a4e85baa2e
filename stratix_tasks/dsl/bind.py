"""Binding: the `call` of a node to the function that it names. Loading never imports; this does, where allowed.

A call is found among the tasks that are known already, by `module:name` or, for those of a notebook, by name; else
its module is imported, if the user has allowed it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from types import GenericAlias
from typing import Any, cast

from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.task import task_of
from stratix_tasks.errors import FlowError, in_words
from stratix_tasks.spec.annotations import annotation, described, has_classes
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.mapped import passed
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.problems import Path, Problem, Remedy, did_you_mean, name_instead, nearest, node_path
from stratix_tasks.spec.types import hints_of, unknown_in
from stratix_tasks.spec.values import LEAVES, Pin, Ref, is_plain, leaves


def bind(
    spec: FlowSpec, known: Mapping[str, BaseTask], allow: Collection[str] = ()
) -> tuple[dict[str, BaseTask], list[Problem]]:
    """Every `call` of a flow and its sub-flows to its task, and why the others have none.

    `known` are tasks by `module:name` or by name; `allow` are modules (their submodules count) that may be imported.
    Problems tell of calls that can't be found, may not be imported, or don't take the arguments given.
    """
    binder = _Binder(known, allow)
    for name, node in nodes(spec):
        binder.node(name, node)
    return binder.functions, binder.problems


def typed(spec: FlowSpec, functions: Mapping[str, BaseTask]) -> tuple[FlowSpec, list[Problem]]:
    """The flow with literals as their parameters' annotations want them (dates, durations, enums, paths, tuples), and
    those that can't be."""
    problems: list[Problem] = []
    return _typed(spec, functions, problems, ""), problems


def fed_hints(spec: FlowSpec, functions: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The annotations of inputs that are made by classes, such as an Enum or a model: of a parameter that such an input is
    given to as it is, and that says the same of it in a document. `functions` is asked, by `call`, where there are any.
    """
    made = {name: one for name, one in spec.inputs.items() if _may_be_made(one)}
    found: dict[str, Any] = {}
    known = functions() if made else {}
    for node in spec.tasks.values() if made else ():
        fed = {argument: value.name for argument, value in node.args.items() if _is_input(value, made)}
        hints = hints_for(node, spec, known) if fed else {}
        for argument, name in fed.items():
            if argument in hints and _says_the_same(hints[argument], made[name]) and has_classes(hints[argument]):
                found.setdefault(name, hints[argument])
    return found


def _is_input(value: Any, names: Collection[str]) -> bool:
    return type(value) is Ref and value.scope == "inputs" and value.name in names and not value.path


def _may_be_made(one: InputSpec) -> bool:
    """Whether a class may stand behind what a document says."""
    return bool(one.choices or one.fields or "Literal[" in one.type or unknown_in(one.type))


def hints_for(node: NodeSpec, spec: FlowSpec, functions: Mapping[str, Any]) -> dict[str, Any]:
    """The annotations of what a node of a flow calls: of a function its own, of a flow what its inputs say and feed."""
    if node.flow in spec.flows and node.flow is not None:
        inner = spec.flows[node.flow]
        said = {name: annotation(one) for name, one in inner.inputs.items()}
        return {**said, **fed_hints(inner, lambda: functions)}
    function = functions.get(node.call or "")
    return hints_of(getattr(function, "fn", function)) if function is not None else {}


def wanted(node: NodeSpec, spec: FlowSpec, functions: Mapping[str, Any], *, item: bool = False) -> dict[str, Any]:
    """The annotations of what a node of a flow is given, by argument; of what a fan-out goes over, but for an `item` of it, that
    it is many of these.
    """
    hints = hints_for(node, spec, functions)
    if node.each is None:
        return hints
    over = dict.fromkeys(node.each.over) if not item else {}
    flat = {name for name in over if node.each.flatten}
    return {
        name: GenericAlias(Iterable, (hint,)) if name in over else hint
        for name, hint in hints.items()
        if name not in flat
    }


def _says_the_same(hint: Any, one: InputSpec) -> bool:
    said = described(hint)
    return (said["type"], said.get("choices", ()), said.get("fields", {})) == (one.type, one.choices, one.fields)


def nodes(spec: FlowSpec, prefix: str = "") -> Iterator[tuple[str, NodeSpec]]:
    """All nodes by name, those of sub-flows after the flow's name."""
    for name, node in spec.tasks.items():
        yield prefix + name, node
    for name, inner in spec.flows.items():
        yield from nodes(inner, f"{prefix}{name}.")


class _Binder:
    def __init__(self, known: Mapping[str, BaseTask], allow: Collection[str]) -> None:
        self.known, self.allow = known, allow
        self.functions: dict[str, BaseTask] = {}
        self.problems: list[Problem] = []
        self._failed: dict[str, Problem] = {}
        self._signatures: dict[str, Mapping[str, inspect.Parameter]] = {}

    def node(self, name: str, node: NodeSpec) -> None:
        for call in (node.call, node.undo):
            if call is not None:
                self._call(name, node, call)

    def _call(self, name: str, node: NodeSpec, call: str) -> None:
        if call not in self.functions and call not in self._failed:
            self._find(call)
        if call in self._failed:
            problem = self._failed[call]
            field = "call" if call == node.call else "undo"
            self.problems.append(replace(problem, node=name, at=(*node_path(name), field)))
        elif call == node.call and (wrong := _mismatch(self.functions[call], self._parameters(call), node)) is not None:
            self.problems.append(replace(wrong, node=name, at=(*node_path(name), *wrong.at)))

    def _parameters(self, call: str) -> Mapping[str, inspect.Parameter]:
        if call not in self._signatures:
            self._signatures[call] = inspect.signature(self.functions[call].fn).parameters
        return self._signatures[call]

    def _find(self, call: str) -> None:
        module, colon, qualname = call.rpartition(":")
        found = self.known.get(call)
        if found is None and module in ("", "__main__"):
            found = self.known.get(qualname) or self.known.get(f"__main__:{qualname}")
        if found is not None:
            self.functions[call] = found
        elif not colon or module == "__main__":
            define = (
                "The notebook or script that wrote it can't be imported: define" if module == "__main__" else "Define"
            )
            hint = (
                f"{did_you_mean(qualname, _names(self.known))} {define} @task {qualname}, or write module:name.".strip()
            )
            near = nearest(qualname, _names(self.known))
            self._fail(call, "unknown-call", f"no task '{qualname}' is known here", hint, near)
        elif not any(module == allowed or module.startswith(f"{allowed}.") for allowed in self.allow):
            top = module.split(".")[0]
            hint = f"If you trust it: load_flow(…, allow=['{top}'])."
            self._fail(call, "not-allowed", f"'{call}' would import the module '{module}', which is not allowed", hint)
        else:
            self._import(call, module, qualname)

    def _import(self, call: str, module: str, qualname: str) -> None:
        try:
            found: Any = importlib.import_module(module)
        except (Exception, SystemExit) as error:
            why = f"importing '{module}' failed: {in_words(error)}"
            self._fail(call, "unknown-call", why, "Install it, or correct `call`.")
            return
        for part in qualname.split("."):
            if not hasattr(found, part):
                self._fail(call, "unknown-call", f"there is no '{part}' in '{module}'", did_you_mean(part, vars(found)))
                return
            found = getattr(found, part)
        try:
            self.functions[call] = found if isinstance(found, BaseTask) else cast(BaseTask, task_of(found, {}))
        except FlowError as error:
            self._fail(call, error.code, error.message, "Name a function or a @task.")

    def _fail(self, call: str, code: str, message: str, hint: str, near: str = "") -> None:
        self._failed[call] = Problem(code, message, hint=hint, remedy=Remedy("replace", call, near) if near else None)


def _names(known: Mapping[str, BaseTask]) -> set[str]:
    return {name.rpartition(":")[2] for name in known}


def _mismatch(function: BaseTask, parameters: Mapping[str, inspect.Parameter], node: NodeSpec) -> Problem | None:
    """Why the arguments can't be those of the function; its place is one in the node."""
    given = passed(node)
    kinds = {parameter.kind for parameter in parameters.values()}
    for name in given:
        takes = inspect.Parameter.VAR_POSITIONAL if name == "*" else inspect.Parameter.VAR_KEYWORD
        if name not in parameters and takes not in kinds:
            what = "no further positional arguments" if name == "*" else f"no argument '{name}'"
            hint = f"{did_you_mean(name, parameters)} It is {function!r}.".strip()
            where: Path = ("with", name) if name in node.args else ("each", "over", name)
            remedy = name_instead(name, [one for one in parameters if one not in given])
            return Problem("bad-arguments", f"'{node.call}' takes {what}", hint=hint, at=where, remedy=remedy)
    for name in function.needed:
        if name not in given and "*" not in given:
            message, hint = (
                f"'{node.call}' needs the argument '{name}'",
                f"Add it: with: {{{name}: …}}. It is {function!r}.",
            )
            return Problem("bad-arguments", message, hint=hint, at=("with",), remedy=Remedy("fill", name))
    return None


def _typed(spec: FlowSpec, functions: Mapping[str, BaseTask], problems: list[Problem], prefix: str) -> FlowSpec:
    tasks = {name: _typed_node(prefix + name, node, spec, functions, problems) for name, node in spec.tasks.items()}
    flows = {name: _typed(inner, functions, problems, f"{prefix}{name}.") for name, inner in spec.flows.items()}
    return spec.model_copy(update={"tasks": tasks, "flows": flows})


def _typed_node(
    name: str, node: NodeSpec, spec: FlowSpec, functions: Mapping[str, BaseTask], problems: list[Problem]
) -> NodeSpec:
    hints = wanted(node, spec, functions)
    over = node.each.over if node.each is not None else {}
    args = _converted(name, node, node.args, hints, ("with",), problems)
    defaults = _defaults(node, spec)
    for argument, value in _converted(name, node, defaults, hints, ("with",), problems).items():
        if type(value) is not type(defaults[argument]) or value != defaults[argument]:
            args[argument] = value
    columns = _converted(name, node, over, hints, ("each", "over"), problems)
    update: dict[str, Any] = {"args": {**node.args, **args}} if args else {}
    if node.each is not None and columns:
        update["each"] = node.each.model_copy(update={"over": {**over, **columns}})
    if node.pin is not None and node.call is not None and "return" in hints:
        update["pin"] = _typed_pin(node, node.pin, hints["return"])
    return node.model_copy(update=update) if update else node


def _converted(
    name: str, node: NodeSpec, values: Mapping[str, Any], hints: Mapping[str, Any], place: Path, problems: list[Problem]
) -> dict[str, Any]:
    """What is another value as its annotation wants it. Of what can't be it the check of the document tells, where that is plain, or
    the input of a flow."""
    made = {}
    for argument, value in values.items():
        if argument not in hints or type(value) in LEAVES or next(leaves(value), None) is not None:
            continue
        try:
            converted = convert(value, hints[argument])
        except ValueError as error:
            if node.flow is None and not is_plain(value):
                at = (*node_path(name), *place, argument)
                problems.append(Problem("type-mismatch", f"argument '{argument}': {error}", name, at=at))
            continue
        if not _is_as_good(value, converted):
            made[argument] = converted
    return made


def _is_as_good(value: Any, converted: Any) -> bool:
    """Whether they are the same, but for numbers that are as good as they stand: whole ones for a float. In Python a body gets them
    as they are written, too.
    """
    if type(value) is list and type(converted) is list:
        return value is converted or all(map(_is_as_good, value, converted))
    if type(value) is dict and type(converted) is dict:
        return value.keys() == converted.keys() and all(_is_as_good(value[key], converted[key]) for key in value)
    return converted is value or (type(value) in (int, bool) and type(converted) in (int, float) and converted == value)


def _typed_pin(node: NodeSpec, pin: Pin, hint: Any) -> Pin:
    """A value that stands in place of what a function returns, as that is annotated; of a fan-out a list of these. Of what is not
    that the check of the document tells.
    """
    if next(leaves(pin.value), None) is not None or (node.each is not None and node.each.gather == "settled"):
        return pin
    with suppress(ValueError):
        return Pin(convert(pin.value, hint if node.each is None else GenericAlias(list, (hint,))))
    return pin


def _defaults(node: NodeSpec, spec: FlowSpec) -> dict[str, Any]:
    """Defaults of a flow inside that its classes may make something else of; for they are plain in a document."""
    inner = spec.flows.get(node.flow or "")
    known = inner.inputs if inner is not None else {}
    return {name: one.default for name, one in known.items() if not (one.required or name in node.args)}
