"""A located tree as a FlowSpec. Every kind of field has its reader here; all problems are collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from pydantic import ValidationError

from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.runners import can_be_named, named_runners
from stratix_tasks.formats.yaml_inputs import InputReader
from stratix_tasks.formats.yaml_reading import WRONG, Reader, Reading, absent, shown
from stratix_tasks.formats.yaml_tree import Mapping, Node, Scalar, Sequence
from stratix_tasks.formats.yaml_values import Values
from stratix_tasks.spec.fields import IN_DEFAULTS, IN_FLOW, IN_NODE, LOOP, MAP, Kind, Option
from stratix_tasks.spec.joins import join
from stratix_tasks.spec.mapped import could_be_named
from stratix_tasks.spec.model import Defaults, Each, FlowSpec, InputSpec, Loop, NodeSpec, Shared, Ui
from stratix_tasks.spec.values import LATE
from stratix_tasks.spec.vocabulary import BODIES, RUNNERS_LATER

VERSION = 1
_WITH_NULL = frozenset(option.name for option in IN_NODE if option.kind is Kind.VALUE)
"""Options of which null is a value."""


class FlowReader:
    """Reads flows into specs. `excused` are nodes that need not be told that they call nothing."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.values = reading, Values(reading)
        self.excused: set[str] = set()
        self.unread: set[tuple[str, str]] = set()
        """Arguments, by node, that are there and can't be read: nobody need be told that they are missing."""
        self._prefix = ""
        self._input = InputReader(reading, self.values, self._options)
        self._of_kind: dict[Kind, Callable[[Option, Node], Any]] = {
            Kind.TEXT: lambda option, node: reading.text(node, option.name),
            Kind.WHOLE: lambda option, node: reading.whole(node, option.name, option.least),
            Kind.NUMBER: lambda option, node: reading.number(node, option.name),
            Kind.DURATION: lambda option, node: reading.duration(node, option.name, option.some),
            Kind.CHOICE: lambda option, node: reading.choice(node, option.name, option.words),
            Kind.NAMES: lambda option, node: reading.one_or_more(node, option.name, names=True),
            Kind.TEXTS: lambda option, node: reading.one_or_more(node, option.name),
            Kind.RUNNER: self._runner,
            Kind.SIZES: self._pools,
            Kind.SWITCH: lambda option, node: reading.switch(node, option.name),
            Kind.RETRY: self._parted,
            Kind.TIMEOUT: self._parted,
            Kind.JOIN: self._join,
            Kind.CALL: lambda option, node: self._call(node),
            Kind.CONDITION: lambda option, node: self.values.condition(node, option.name),
            Kind.POLICIES: lambda option, node: self._policies(node, option.name) or WRONG,
            Kind.DEFAULTS: lambda option, node: self._defaults(node),
            Kind.INPUTS: lambda option, node: self._inputs(node),
            Kind.VALUE: lambda option, node: self.values.pin(node, option.name),
        }

    def flow(self, node: Node, name: str = "") -> FlowSpec:
        """The spec of a flow, as far as it can be read. `name` is that of a sub-flow's entry."""
        reading = self.reading
        readers: dict[str, Reader] = {
            "flow": partial(reading.name, what="the name of a flow"),
            **self._options(IN_FLOW),
            "inputs": self._inputs,
            "tasks": self._tasks,
            "finally": self._finally,
            "flows": self._flows,
            "output": self.values.value,
            "ui": self._ui,
        }
        if not name:
            readers = {"stratix": self._version, "objects": lambda _: WRONG, **readers}
            if isinstance(node, Mapping) and "objects" in node.items:
                self._objects(node.items["objects"])  # before what stands there is named
        made = reading.fields(node, readers, "a flow")
        self._once(node, "tasks", "finally")
        if not name and isinstance(node, Mapping):
            self._required(node)
        made.pop("stratix", None)
        made["tasks"] = {**made.get("tasks", {}), **made.pop("finally", {})}
        made.setdefault("flow", name or "unnamed")
        return FlowSpec.model_construct(**made)

    def _once(self, node: Node, first: str, second: str) -> None:
        """A name stands in one of two mappings: the nodes of a flow are one."""
        if not isinstance(node, Mapping):
            return
        here, there = node.items.get(first), node.items.get(second)
        if not isinstance(here, Mapping) or not isinstance(there, Mapping):
            return
        for name in here.items.keys() & there.items.keys():
            message = f"'{name}' stands under {second} again, after line {here.keys[name].line}"
            self.reading.wrong(there.keys[name], "duplicate-key", message, "Name one of them otherwise.")

    def _required(self, node: Mapping) -> None:
        for field, example in (("stratix", "stratix: 1"), ("flow", "flow: my_flow")):
            if field not in node.items or absent(node.items[field]):
                self.reading.wrong(node, "missing-field", f"the document has no '{field}'", f"Begin with {example}.")

    def _objects(self, node: Node) -> None:
        """The folder of stored objects, which lies beside the document or below."""
        text = self.reading.text(node, "objects")
        if text is WRONG:
            return
        parts = text.replace("\\", "/").split("/")
        if not text or parts[0] == "" or ".." in parts or ":" in text:
            hint = "Write a path that begins at the document's own folder, such as objects: my_objects."
            self.reading.wrong(node, "bad-value", f"objects can't lie in {text!r}", hint)
            return
        self.values.objects = text

    def _version(self, node: Node) -> Any:
        version = self.reading.whole(node, "stratix")
        if version is not WRONG and version != VERSION:
            hint = "Update stratix-tasks." if version > VERSION else ""
            message = f"this is version {version} of the format, and version {VERSION} is read"
            return self.reading.wrong(node, "version", message, hint)
        return version

    def _flows(self, node: Node) -> dict[str, FlowSpec]:
        made = {}
        outer = self._prefix
        for name, inner in self.reading.entries(node, "flows").items():
            self._prefix = f"{outer}{name}."
            made[name] = self.flow(inner, name)
        self._prefix = outer
        return made

    def _pools(self, option: Option, node: Node) -> dict[str, int]:
        made = {}
        for name, size in self.reading.entries(node, option.name).items():
            if isinstance(size, Mapping):
                self.reading.wrong(size, "not-available", f"the rate of pool '{name}' is not available in this version")
            else:
                made[name] = self.reading.whole(size, f"the size of pool '{name}'", option.least)
        return {name: size for name, size in made.items() if size is not WRONG}

    def _ui(self, node: Node) -> Any:
        made = self.reading.fields(node, {"positions": self._positions}, "ui")
        return Ui.model_construct(**made) if made.get("positions") else WRONG

    def _positions(self, node: Node) -> Any:
        made = {}
        for name, place in self.reading.entries(node, "positions").items():
            at = self.reading.listed(place, partial(self.reading.number, what="a position"), "a position")
            if at is not WRONG and len(at) == 2:
                made[name] = (float(at[0]), float(at[1]))
            elif at is not WRONG:
                self.reading.wrong(place, "bad-value", "a position is two numbers, [x, y]")
        return made

    # ------------------------------------------------------------------ inputs

    def _inputs(self, node: Node) -> dict[str, InputSpec]:
        return {name: self.input(name, inner) for name, inner in self.reading.entries(node, "inputs").items()}

    def input(self, name: str, node: Node) -> InputSpec:
        """An input, as far as it can be read."""
        return self._input.read(name, node)

    # ------------------------------------------------------------------ tasks

    @cached_property
    def _in_node(self) -> dict[str, Reader]:
        reading = self.reading
        return {
            "call": self._call,
            "flow": partial(reading.name, what="the name of a flow"),
            "uses": partial(reading.text, what="uses"),
            "needs": partial(reading.one_or_more, what="needs", names=True),
            "when": partial(self.values.condition, what="when"),
            "catch": partial(reading.one_or_more, what="catch", names=True),
            "each": self._each,
            "loop": self._loop,
            **self._options(IN_NODE),
        }

    def _tasks(self, node: Node) -> dict[str, NodeSpec]:
        made = {}
        for name, inner in self.reading.entries(node, "tasks").items():
            self.reading.task = self._prefix + name
            made[name] = self.node(inner)
        self.reading.task = ""
        return made

    def _finally(self, node: Node) -> dict[str, NodeSpec]:
        """What runs at the end of the flow."""
        return {name: made.but({"always": True}) for name, made in self._tasks(node).items()}

    def node(self, node: Node) -> NodeSpec:
        """A task, as far as it can be read."""
        reading = self.reading
        readers: dict[str, Reader] = {**self._in_node, "with": partial(self._arguments, names=self._mapped(node))}
        made = reading.fields(node, readers, "a task", keep_null=_WITH_NULL)
        entries = node.items if isinstance(node, Mapping) else {}
        if (
            (not isinstance(node, Mapping) and not absent(node))
            or entries.keys() - readers.keys()
            or any(not absent(entries[body]) for body in entries.keys() & BODIES)
        ):
            self.excused.add(reading.task)
        if "with" in made:
            made["args"] = made.pop("with")
        if "loop" in made:  # what is repeated stands in there
            body, made["loop"] = made["loop"]
            made.update(body)
            self.excused.add(reading.task)
        return NodeSpec.made(made)

    def _options(self, options: Iterable[Option]) -> dict[str, Reader]:
        return {option.name: partial(self._option, option) for option in options}

    def _option(self, option: Option, node: Node) -> Any:
        """Its value, or what that is in the run."""
        if not option.from_values or not isinstance(node, Scalar) or "${{" not in node.text:
            return self._of_kind[option.kind](option, node)
        value = self.values.value(node)
        if value is WRONG or type(value) in LATE:
            return value
        hint = f"Write it plainly, or as one reference: {option.name}: ${{{{ inputs.x }}}}."
        return self.reading.wrong(node, "bad-value", f"{option.name} can't be put together from text", hint)

    def _defaults(self, node: Node) -> Any:
        readers: dict[str, Reader] = {**self._options(IN_DEFAULTS), "for": partial(self._policies, what="for")}
        made = self.reading.fields(node, readers, "defaults")
        if "for" in made:
            made["for_"] = made.pop("for")
        return Defaults.model_construct(**made) if made else WRONG

    def _policies(self, node: Node, what: str) -> dict[str, Shared]:
        read = partial(self.reading.fields, readers=self._options(IN_DEFAULTS), what=f"an entry of {what}")
        return {name: Shared.model_construct(**read(inner)) for name, inner in self.reading.entries(node, what).items()}

    def _call(self, node: Node) -> Any:
        text = self.reading.text(node, "call")
        if text is WRONG or (text and not any(map(str.isspace, text)) and text.count(":") <= 1):
            return text
        hint = "Write module:name, or the name of a @task."
        return self.reading.wrong(node, "bad-value", f"call names a function, which {text!r} can't be", hint)

    def _mapped(self, node: Node) -> frozenset[str]:
        """What arguments can name of what is mapped."""
        each = node.items.get("each") if isinstance(node, Mapping) else None
        return could_be_named(self._variables(each.items)) if isinstance(each, Mapping) else frozenset()

    def _arguments(self, node: Node, names: frozenset[str]) -> dict[str, Any]:
        entries = self.reading.entries(node, "with")
        made = {name: self.values.value(value, names) for name, value in entries.items()}
        extra = entries.get("*")
        if extra is not None and not isinstance(extra, Sequence):
            made["*"] = self.reading.wrong(extra, "bad-value", 'the arguments under "*" must be a list')
        self.unread |= {(self.reading.task, name) for name, value in made.items() if value is WRONG}
        return {name: value for name, value in made.items() if value is not WRONG}

    def _runner(self, option: Option, node: Node) -> Any:
        try:
            if isinstance(node, Scalar) and can_be_named(node.text):
                return node.text
            there = named_runners()
        except ExecutorError as error:  # a plugin, which may be where it comes from, asks for what is not there
            return self.reading.wrong(node, error.code, error.message)
        if isinstance(node, Scalar) and node.text in RUNNERS_LATER:
            message = f"runner '{node.text}' is not available in this version"
            return self.reading.wrong(node, "not-available", message, f"There are {', '.join(there)}.")
        return self.reading.choice(node, option.name, there)

    def _parted(self, option: Option, node: Node) -> Any:
        """A mapping of its parts, or the first of them alone."""
        if isinstance(node, Scalar):
            first = option.parts[0]
            alone = self._option(replace(first, name=option.name), node)
            return alone if alone is WRONG else self._model(option, node, {first.name: alone})
        return self._model(option, node, self.reading.fields(node, self._options(option.parts), option.name))

    def _join(self, option: Option, node: Node) -> Any:
        given: Any = node.text if isinstance(node, Scalar) else {}
        if isinstance(node, Mapping):
            given = {name: self.values.value(value) for name, value in node.items.items()}
        try:
            return join(given)
        except ValueError as error:
            return self.reading.wrong(node, "bad-value", f"{option.name}: {error}")

    def _model(self, option: Option, node: Node, made: dict[str, Any]) -> Any:
        """A checked model; a refusal stands at the field that is wrong."""
        assert option.model is not None
        try:
            return option.model.model_validate(made)
        except ValidationError as error:
            for one in error.errors():
                field = str(one["loc"][0]) if one["loc"] else ""
                place = node.items.get(field, node) if isinstance(node, Mapping) else node
                self.reading.wrong(place, "bad-value", f"{field}: {one['msg']}")
            return WRONG

    # ------------------------------------------------------------------ each

    def _each(self, node: Node) -> Any:
        reading = self.reading
        if not isinstance(node, Mapping):
            hint = "Write each: {as: x, in: …}."
            return reading.wrong(node, "bad-value", f"each must be a mapping, not {shown(node)}", hint)
        entries = node.items
        names = self._variables(entries)
        readers: dict[str, Reader] = {
            "as": partial(reading.name, what="the name of a loop variable"),
            "in": self.values.value,
            "over": self._over,
            "by": partial(reading.choice, what="by", allowed=("zip", "product")),
            "key": lambda inner: self.values.value(inner, names),
            **self._options(option for option in MAP if option.kind is not Kind.KEY),
        }
        made = reading.fields(node, readers, "each")
        short = {"as", "in"} & entries.keys()
        if short and ("over" in entries or len(short) == 1):
            hint = "Write each: {as: x, in: …} for one argument, or each: {over: {x: …, y: …}}."
            return reading.wrong(node, "bad-value", "each has `as` with `in`, or `over`", hint)
        if short:
            empty = [name for name in ("as", "in") if isinstance(entries[name], Scalar) and name not in made]
            if empty and not reading.problems:
                return reading.wrong(
                    node, "bad-value", f"each needs a value for `{empty[0]}`", "A list or a reference."
                )
            if "as" not in made or "in" not in made:
                return WRONG
            made["over"] = {made.pop("as"): made.pop("in")}
        over = entries.get("over")
        if isinstance(over, Mapping) and len(made.get("over", ())) < len(over.items):
            return WRONG
        made.setdefault("over", {})
        return Each.model_construct(**made)

    def _loop(self, node: Node) -> Any:
        readers: dict[str, Reader] = {
            "flow": partial(self.reading.name, what="the name of a flow"),
            "call": self._call,
            **self._options(LOOP),
        }
        made = self.reading.fields(node, readers, "loop")
        body = {name: made.pop(name) for name in ("flow", "call") if name in made}
        if len(body) != 1 and isinstance(node, Mapping):
            return self.reading.wrong(node, "nothing-to-do", "loop repeats a flow or a call", "Write loop: {flow: …}.")
        return body, Loop.model_construct(**made)

    def _variables(self, entries: dict[str, Node]) -> frozenset[str]:
        over, single = entries.get("over"), entries.get("as")
        names = set(over.items) if isinstance(over, Mapping) else set()
        return frozenset({*names, single.text} if isinstance(single, Scalar) else names)

    def _over(self, node: Node) -> dict[str, Any]:
        made = {name: self.values.value(value) for name, value in self.reading.entries(node, "over").items()}
        return {name: value for name, value in made.items() if value is not WRONG}
