"""Binding: which values a unit of a run needs, and where they are.

Each sub-flow is a scope with inputs of its own, known by the unit of its group; `tasks.x` means a unit of the same scope.
Everything here happens in the engine's thread and runs nothing of the user's. What is wanted is given as `Work`: a function
of a reader, over values that were taken at that moment, which does its part there (with `LOOP`) or in another thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from inspect import Parameter, signature
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.block import FLOW, MAP, Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ports import Objects
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import MISSING
from stratix_tasks.core.states import TERMINAL, S
from stratix_tasks.core.targets import label
from stratix_tasks.core.waits import wait_for
from stratix_tasks.engine.fan import Fan, Items, fan_of, keys_of
from stratix_tasks.engine.memory import Memory, Shelf
from stratix_tasks.engine.reading import ATOMS, LOOP, Away, ByReference, Load, Once, Reader, Source, load
from stratix_tasks.engine.resolving import NONE, Scope, Seen, names_in, resolve
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.inputs import fresh
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.values import Ref

Work = Callable[[Reader], Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]
AGAIN: Any = object()
"""What work gives that was only a step: ask again."""
ROOT = -1
"""The scope of the outermost flow: its inputs are the run's."""


class Function(NamedTuple):
    """What a node calls, and its parameters that must be passed by position; `*` last when it takes any number."""

    call: Callable[..., Any]
    positional: tuple[str, ...]

    @classmethod
    def of(cls, task: Any) -> Function:
        function = getattr(task, "fn", task)
        code = getattr(function, "__code__", None)
        if code is None:
            return cls(function, ())
        takes_any = bool(code.co_flags & 0x04)
        if "__wrapped__" in vars(function):  # it passes on what it is given, as the function that it wraps wants it
            return cls(function, _positional(function))
        names = code.co_varnames[: code.co_argcount if takes_any else code.co_posonlyargcount]
        return cls(function, (*names, "*") if takes_any else names)


def _positional(function: Callable[..., Any]) -> tuple[str, ...]:
    parameters = signature(function).parameters.values()
    if any(one.kind is Parameter.VAR_POSITIONAL for one in parameters):
        return (*(one.name for one in parameters if one.kind in _PLACED), "*")
    return tuple(one.name for one in parameters if one.kind is Parameter.POSITIONAL_ONLY)


_PLACED = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
NOTHING = Function(lambda: None, ())
"""Of a node that calls nothing, or what is not known here."""


class Binding:
    """The values of one run. `source(stored)` is how a recorded result is read, here or in another process: a function and its
    arguments; `summarise(value)` tells the shape of a value.
    """

    def __init__(
        self,
        core: Core,
        functions: Mapping[str, Any],
        inputs: dict[str, Any],
        source: Source,
        summarise: Callable[[Any], dict[str, Any] | None],
        memory: Memory,
        objects: Objects,
    ) -> None:
        self.core, self.state = core, core.state
        called = {name: one.function for name, one in core.state.root.executors.items()}
        self.functions = {call: Function.of(task) for call, task in {**called, **functions}.items()}
        self.inputs, self._source, self._summarise = inputs, source, summarise
        self._objects = objects
        self._scopes: dict[int, Once] = {}
        self._fans: dict[int, Once] = {}
        self._loads: WeakValueDictionary[int, Load] = WeakValueDictionary()
        self._read: deque[tuple[Stored, Any]] = deque()
        self.shelf = Shelf(core, memory)

    # ------------------------------------------------------------------ what the engine asks

    def arguments(self, unit: int) -> Arguments:
        """Positional and named arguments of a unit's body, at once. Away where they have to be prepared."""
        s = self.state
        r = s.stretches[s.home[unit]]
        block = r.block
        k = (unit - r.base) % block.n
        if s.sets or (s.spawned and unit in s.spawned):
            return self._at_once(unit)
        if block.items:
            once = self._fans.get(r.parent)
            fan = None if once is None else once.value
            if fan is None or fan.looked_up:
                return self._at_once(unit)
            named = fan.item(r.index + unit - r.base)
            if fan.broadcast:
                named = {**fan.broadcast, **named}
        else:
            program = block.nodes[k].arguments
            if program is None:
                return self._at_once(unit)
            named, b = {}, unit - k
            cache, values = self.core.cache, s.values
            for name, need, literal in program:
                got = literal
                if need >= 0:
                    got = cache.get(b + need, MISSING)
                    if got is MISSING:
                        got = values[b + need]
                        if got is MISSING or type(got) is Stored:
                            return self._at_once(unit)
                named[name] = got
        positional = self.functions[block.policies[k].call].positional
        return _positioned(named, positional) if positional or "*" in named else ((), named)

    def _at_once(self, unit: int) -> Arguments:
        got: Arguments = self.to_arguments(unit)(LOOP)
        if got is AGAIN:
            raise Away
        return got

    def to_arguments(self, unit: int) -> Work:
        """Work that gives the arguments of a unit's body, or `AGAIN` when only what all items share was missing."""
        s = self.state
        node, policy = s.map_of(unit), s.policy(unit)
        if node >= 0:
            fan = self._made_fan(node)
            if fan is None:
                return partial(_first, self.fan(node))
            named: Work = partial(_given, {**fan.broadcast, **self._item(fan, unit)})
        else:
            args = s.node(unit).spec.args
            named = partial(_resolved, args, self._scope_of(unit, args.values()))
        sets, positional = self._sets(unit), self.functions.get(policy.call, NOTHING).positional

        def work(reader: Reader) -> Arguments:
            own = ByReference(reader) if policy.traits.remote else reader
            made = {**named(own), **_given(sets, own)}
            return _positioned(made, positional) if positional or "*" in made else ((), made)

        return work

    def to_wait(self, unit: int, at: float) -> Work:
        """Work that gives, as arguments, the time `at` and what a node without a body waits for since then."""
        named, limit = self.to_arguments(unit), self.state.policy(unit).timeout.attempt
        executor = self.state.node(unit).executor
        assert executor is not None and executor.waits is not None
        kind = executor.waits

        def work(reader: Reader) -> Any:
            got = named(reader)
            if got is AGAIN:
                return got
            args = {name: reader.open(value) for name, value in got[1].items()}
            return (at,), wait_for(kind, args, limit, at)

        return work

    def to_condition(self, unit: int) -> Work:
        """Work that gives the node's `when`. FlowError when it is no boolean."""
        when = self.state.node(unit).spec.when
        scope = self._scope_of(unit, (when,))
        assert when is not None

        def work(reader: Reader) -> bool:
            verdict = resolve(when, scope, reader)
            if not isinstance(verdict, bool):
                raise FlowError(
                    f"the condition `{when.text}` gave {verdict!r}, not true or false; compare it with something"
                )
            return verdict

        return work

    def to_expand(self, unit: int) -> Work:
        """Open a group, afresh: work that resolves a sub-flow's inputs, or gives a mapped node's number of items and their keys."""
        self.forget(unit)
        s = self.state
        if s.kind(unit) is FLOW:
            inputs = self._inputs(unit)
            return lambda reader: (inputs.get(reader), (0, None, None))[1]
        fan, name, each = self.fan(unit), label(s, unit), s.node(unit).spec.each
        scope = None if each.key is None else self._scope_of(unit, (each.key,))

        def work(reader: Reader) -> tuple[int, list[str] | None, dict[str, Any] | None]:
            made = fan.get(reader)
            frozen = {word: self._frozen(word, column) for word, column in made.walked.items()}
            keys = None if scope is None else keys_of(name, each.key, made, scope, reader)
            return made.count, keys, frozen or None

        return work

    def _frozen(self, name: str, column: list[Any]) -> dict[str, Any]:
        """A column for the fact that opens the group. StoreError `not-storable` names it."""
        encoded = self._objects.encode_apart(column, f"the mapped '{name}'")
        return {"codec": encoded.codec, "payload": encoded.payload}

    def to_output(self) -> Work:
        """Work that gives the run's own value."""
        output = self.state.root.spec.output
        return partial(resolve, output, self.scope(ROOT, names_in((output,))))

    def item(self, unit: int) -> dict[str, Any] | None:
        """What is held of an item's arguments; None where what is mapped over is not resolved now."""
        fan = self._made_fan(self.state.map_of(unit))
        return None if fan is None else {**fan.broadcast, **self._item(fan, unit)}

    def _item(self, fan: Fan, unit: int) -> dict[str, Any]:
        """The mapped arguments of an item; of one that was spawned they are those of its fact."""
        s = self.state
        spawned = s.spawned.get(unit) if s.spawned else None
        if spawned is None:
            return fan.item(s.index(unit))
        return {name: self._told(data) for name, data in spawned.items()}

    def _sets(self, unit: int) -> dict[str, Any]:
        """What is held of the arguments that a person gave in place of the flow's."""
        return {name: self.kept(value) for name, value in self.state.given(unit).items()}

    # ------------------------------------------------------------------ what is held

    def held(self, unit: int) -> Any:
        """A unit's result, or a `Once` for it: None when it was skipped, a list of the completed items' for a mapped node."""
        cache = self.core.cache
        got = cache.get(unit, MISSING)
        if got is not MISSING:
            return got
        got = self.state.values[unit]
        if type(got) is Stored:
            return self._recorded(unit, got)
        if got is not MISSING:
            return got
        if self.state.status[unit] != S.COMPLETED:
            return None
        made = Once(self._to_gather(unit))
        try:
            got = made.get(LOOP)
        except Exception:  # Away, or what is wrong with it: who reads it is told
            return made
        if not self.shelf.gone:
            cache[unit] = got
        return got

    def _to_gather(self, unit: int) -> Work:
        s = self.state
        if s.kind(unit) is FLOW:
            output = self._begin(unit)[1].spec.output
            return partial(resolve, output, self.scope(unit, names_in((output,))))
        items = [item for item in s.members(unit) if s.status[item] == S.COMPLETED]
        cache, values = self.core.cache, s.values
        done = [cache.get(item, values[item]) for item in items]
        if not any(value is MISSING or type(value) is Stored for value in done):
            return lambda _reader: done
        held = [self.held(item) for item in items]
        return lambda reader: [reader.give(one) for one in held]

    def _recorded(self, unit: int, stored: Stored) -> Any:
        """Plain JSON is made a value; another result is one that is to be read, once for all who need it at a time."""
        if stored.codec == "json":
            got = self.core.cache[unit] = load(self._source, stored)
            return got
        found = self._loads.get(unit)
        if found is None or found.stored is not stored:
            found = self._loads[unit] = Load(stored, self._source, self._read)
        return found

    def kept(self, value: Any) -> Any:
        """What is held of a value that stands in a fact other than a result's."""
        if type(value) is not Stored:
            return value
        return load(self._source, value) if value.codec == "json" else Load(value, self._source)

    def _told(self, data: Mapping[str, Any]) -> Any:
        return self.kept(Stored(data["codec"], data["payload"], -1, 0))

    def scope(self, scope: int, names: Iterable[str] | None) -> Scope:
        """What is known in a scope now, of the tasks that are named; of all with None."""
        s = self.state
        begin, block = self._begin(scope)
        tasks = {
            name: Seen(self.held(u), state_of(s, u).label, s.summary.get(u))
            for name in (block.names if names is None else names)
            for u in (begin + block.index[name],)
        }
        return Scope(self.inputs if scope == ROOT else self._inputs(scope), tasks, self._summarise)

    def _begin(self, scope: int) -> tuple[int, Block]:
        """Where the units of a sub-flow begin, and its block."""
        if scope == ROOT:
            return 0, self.state.root
        i, begin, _ = next(iter(self.state.scopes(scope)))
        return begin, self.state.stretches[i].block

    def _scope_of(self, unit: int, values: Iterable[Any]) -> Scope:
        """The scope that a node stands in, as far as values of the document name it."""
        names = names_in(values)
        r, k, _ = self.state.place(unit)
        if names is None:
            names = {r.block.names[need] for need in r.block.needs[k]}
        return self.scope(self.state.parent(unit), names)

    # ------------------------------------------------------------------ what is resolved once

    def fan(self, unit: int) -> Once:
        """The mapped columns of a node; kept, so that a hundred thousand items share one."""
        fan = self._fans.get(unit)
        if fan is None:
            fan = self._fans[unit] = Once(self._to_fan(unit))
        return fan

    def _made_fan(self, node: int) -> Fan | None:
        """None where it has to be prepared. Whatever is wrong with it is raised."""
        fan = self.fan(node)
        if not fan.made:
            with suppress(Away):
                fan.get(LOOP)
        return fan.value

    def _to_fan(self, unit: int) -> Work:
        policy, sets = self.state.policy(unit), self._sets(unit)
        spec = self.state.node(unit).spec
        each = spec.each
        columns: dict[str, Work] = {name: partial(_give, sets.pop(name)) for name in each.over if name in sets}
        for name, data in self.state.frozen.get(unit, {}).items():
            columns.setdefault(name, partial(_give, self._told(data)))
        for name in each.over.keys() - columns.keys():
            items = self._items(each, each.over[name], unit)
            columns |= {} if items is None else {name: partial(_give, items)}
        left = {name: over for name, over in each.over.items() if name not in columns}
        scope = self._scope_of(unit, (*left.values(), *spec.args.values()))
        columns = {name: columns.get(name) or partial(resolve, each.over[name], scope) for name in each.over}
        apart = policy.traits.remote

        def broadcast(reader: Reader) -> dict[str, Any]:
            own = ByReference(reader) if apart else reader
            return {**_resolved(spec.args, scope, own), **_given(sets, own)}

        return lambda reader: fan_of(columns, broadcast, product=each.by == "product", reader=reader)

    def _items(self, each: Each, over: Any, unit: int) -> Items | None:
        """The results of a mapped node that is mapped over are looked up one by one, when their item starts; keys need them
        all at once.
        """
        if type(over) is not Ref or over.scope != "tasks" or over.path or each.key is not None:
            return None
        s = self.state
        r, _, b = s.place(unit)
        source = b + r.block.index[over.name]
        expanded = s.kind(source) is MAP and source in s.kids
        if (
            not expanded
            or s.status[source] != S.COMPLETED
            or source in self.core.cache
            or s.values[source] is not MISSING
        ):
            return None
        return Items(self.held, [one for one in s.members(source) if s.status[one] == S.COMPLETED])

    def _inputs(self, scope: int) -> Once:
        """A sub-flow's inputs."""
        inputs = self._scopes.get(scope)
        if inputs is None:
            inputs = self._scopes[scope] = Once(self._to_inputs(scope))
        return inputs

    def _to_inputs(self, unit: int) -> Work:
        args, flow = self.state.node(unit).spec.args, self._begin(unit)[1].spec
        scope, sets = self._scope_of(unit, args.values()), self._sets(unit)

        def work(reader: Reader) -> dict[str, Any]:
            given = {**_resolved(args, scope, reader), **_given(sets, reader)}
            left = {name: one.default for name, one in flow.inputs.items() if name not in given}
            if not reader.waits and not all(type(default) in ATOMS for default in left.values()):
                raise Away
            left = {name: fresh(default) for name, default in left.items()}
            return {name: given[name] if name in given else left[name] for name in flow.inputs}

        return work

    # ------------------------------------------------------------------ memory

    def take_read(self) -> None:
        """Results that were read stay in memory as long as there is room."""
        while self._read:
            stored, value = self._read.popleft()  # a Load put it there, in whatever thread needed it
            if self.state.values[stored.unit] is stored:
                self.core.cache[stored.unit] = value
                self.shelf.put(stored.unit, stored)
        self.shelf.trim()

    def keep(self, recorded: Iterable[tuple[int, int, str, list[Any]]]) -> None:
        """Large results are recorded: the oldest make room for them, if there is too little."""
        for unit, attempt, codec, payload in recorded:
            self.shelf.put(unit, Stored(codec, payload, unit, attempt))
        self.shelf.trim()
        if self.shelf.gone:
            self._forget_ended()

    def _forget_ended(self) -> None:
        """What ended groups had resolved holds values too; it is resolved again if one of them is retried."""
        status = self.state.status
        for known in (self._fans, self._scopes):
            for unit in [unit for unit in known if status[unit] in TERMINAL]:
                del known[unit]

    def forget(self, unit: int) -> None:
        """Its sources may have changed: resolve again when next asked."""
        self._fans.pop(unit, None)
        self._scopes.pop(unit, None)
        self.core.cache.pop(unit, None)

    def give_up(self) -> None:
        """What is being made took too long: nobody waits for it any more, and it is made afresh when it is needed."""
        self._loads.clear()
        for known in (self._fans, self._scopes):
            for unit in [unit for unit, once in known.items() if not once.made]:
                del known[unit]


def _first(once: Once, reader: Reader) -> Any:
    once.get(reader)
    return AGAIN


def _give(held: Any, reader: Reader) -> Any:
    return reader.give(held)


def _given(held: dict[str, Any], reader: Reader) -> dict[str, Any]:
    return {name: reader.give(value) for name, value in held.items()}


def _resolved(args: dict[str, Any], scope: Scope, reader: Reader) -> dict[str, Any]:
    return {name: resolve(value, scope, reader) for name, value in args.items()}


def _positioned(named: dict[str, Any], positional: tuple[str, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Named arguments with those up front that must be passed by position."""
    named = dict(named)
    extra, more = named.pop("*", ()), named.pop("**", NONE)
    args = []
    for name in positional:
        if name in named:
            args.append(named.pop(name))
        elif name != "*":
            break
    return (*args, *extra), {**named, **more}
