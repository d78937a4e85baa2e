"""Binding: which values a unit of a run needs, and where they are.

Each sub-flow is a scope with inputs of its own, known by the unit of its group; `tasks.x` means a unit of the same scope.
Everything here happens in the engine's thread and runs nothing of the user's. What is wanted is given as `Work`: a function
of a reader, over values that were taken at that moment, which does its part there (with `LOOP`) or in another thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from inspect import Parameter, signature
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.block import ALL, EACH, FLOW, MAP, SETTLED, UNDO, Block, Kind
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ends import end_of, first_failed, told_of
from stratix_tasks.core.joins import scope_completed
from stratix_tasks.core.ports import Objects
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import MISSING, Spans, State
from stratix_tasks.core.states import TERMINAL, S
from stratix_tasks.core.targets import label
from stratix_tasks.core.waits import wait_for
from stratix_tasks.engine.fan import Fan, Items, counted, fan_of, keys_of, refused
from stratix_tasks.engine.memory import Memory, Shelf
from stratix_tasks.engine.reading import ATOMS, LOOP, Away, ByReference, Load, Once, Reader, Source, load
from stratix_tasks.engine.resolving import NONE, Scope, Seen, evaluate, names_in, resolve
from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.spec.inputs import fresh
from stratix_tasks.spec.joins import Settled
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.names import around
from stratix_tasks.spec.values import Expr, Ref

Work = Callable[[Reader], Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]
AGAIN: Any = object()
"""What work gives that was only a step: ask again."""
Place = tuple[int, int]
"""A scope: the group that it lies in, and its place among the group's scopes."""
ROOT: Place = (-1, 0)
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
        run_id: str = "",
    ) -> None:
        self.core, self.state = core, core.state
        called = {
            name: one.function for name, one in EXECUTORS.items() if one.waits is None and one.function is not None
        }
        self.functions = {call: Function.of(task) for call, task in {**called, **functions}.items()}
        self.inputs, self._source, self._summarise = inputs, source, summarise
        self._objects, self.run_id = objects, run_id
        self._scopes: dict[int, dict[int, Once]] = {}
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
            named = partial(_resolved, args, self.scope_of(unit, args.values()))
        sets, function = self._sets(unit), self.functions.get(policy.call, NOTHING)
        positional, gone = function.positional, self._gone(unit)
        absent = gone and gone & _defaults(function.call)
        if s.node(unit).phase == UNDO:
            absent = set(s.node(unit).spec.args) - _taken(function.call)

        def work(reader: Reader) -> Arguments:
            own = ByReference(reader) if policy.traits.remote else reader
            made = {**named(own), **_given(sets, own)}
            if absent:
                made = {name: value for name, value in made.items() if name in sets or name not in absent}
            return _positioned(made, positional) if positional or "*" in made else ((), made)

        return work

    def _gone(self, unit: int) -> set[str]:
        """Arguments that a join went on without: what stands for one is a task that has not completed, or lost."""
        s = self.state
        r, k, b = s.place(s.node_of(unit))
        block, there = r.block, s.winners.get(b + k)
        if block.joins[k] == ALL:
            return set()
        found = set()
        for name, value in block.nodes[k].spec.args.items():
            if type(value) is Ref and value.scope == "tasks":
                need = b + block.index[value.name]
                if s.status[need] != S.COMPLETED or (there is not None and need not in there):
                    found.add(name)
        return found

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
        """Work that gives the node's `when`, or a word for why it does not run. FlowError when it is no boolean."""
        if self.state.status[unit] == S.OPEN:
            return self._to_until(unit)
        spec = self.state.node(unit).spec
        if spec.catch and self._caught(unit) is None:
            return lambda _reader: NO_ERROR
        if spec.when is None:
            return lambda _reader: True
        when, scope = spec.when, self.scope_of(unit, (spec.when,))
        return lambda reader: _verdict(when, scope, reader)

    def _to_until(self, unit: int) -> Work:
        """Work that tells whether the last round of a loop that has ended was the last one at all."""
        until = self.state.node(unit).spec.loop.until
        scope, output = self.scope_of(unit, (until,)), self._to_round(unit)
        return lambda reader: _verdict(until, scope, reader, {"output": output(reader)})

    def _to_round(self, unit: int, index: int | None = None) -> Work:
        """Work that gives the output of a round of a loop: of the last one that opened, or of another."""
        s = self.state
        i = s.kids[unit][-1] if index is None else s.home[s.item(unit, index)]
        r = s.stretches[i]
        output = r.block.spec.output
        return partial(resolve, output, self._scope((unit, r.index), r.base, r.block, names_in((output,))))

    def _caught(self, unit: int) -> int | None:
        """The first unit that failed of those that a node catches; None where nothing did, but for what a person ended."""
        s = self.state
        r, k, b = s.place(s.node_of(unit))
        caught = [b + r.block.index[name] for name in r.block.nodes[k].spec.catch]
        failed = [u for u in caught if s.status[u] in (S.FAILED, S.UPSTREAM_FAILED)]
        return min(failed, key=lambda u: (s.ended[u], u), default=None)

    def _around(self, unit: int, values: Iterable[Any]) -> Mapping[str, Any]:
        """What is around a unit, as far as values of its document name it."""
        words = around(list(values))
        return {word: _AROUND[word](self, unit) for word in words} if words else NONE

    def _error(self, unit: int) -> dict[str, Any] | None:
        failed = self._caught(unit)
        return None if failed is None else told_of(self.state, failed)

    def _end(self, unit: int) -> dict[str, Any]:
        """What the flow whose end runs has come to."""
        s = self.state
        r, _, b = s.place(s.node_of(unit))
        failed = first_failed(s, range(b, b + r.block.n))
        error = None if failed is None else told_of(s, failed)
        return {"status": end_of(s, r.block, b).label, "error": error}

    def to_expand(self, unit: int) -> Work:
        """Open a group, afresh: work that resolves a sub-flow's inputs, or gives a mapped node's number of items and their keys."""
        self.forget(unit)
        s = self.state
        if s.kind(unit) in (FLOW, Kind.LOOP):
            inputs = self._inputs((unit, 0))
            return lambda reader: (inputs.get(reader), (0, None, None, ()))[1]
        fan, name, each = self.fan(unit), label(s, unit), s.node(unit).spec.each
        asked = tuple(one for one in (each.key, each.where) if one is not None)
        scope = self.scope_of(unit, asked) if asked else None

        def work(reader: Reader) -> tuple[int, list[str] | None, dict[str, Any] | None, Spans]:
            made = fan.get(reader)
            frozen = {word: self._frozen(word, column) for word, column in made.walked.items()}
            keys, out = None, list[tuple[int, int]]()
            if scope is not None:
                keys = None if each.key is None else keys_of(name, each.key, made, scope, reader)
                out = [] if each.where is None else refused(each.where, made, scope, reader)
            return made.count, keys, frozen or None, out

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
            begin, block = self._begin((unit, 0))
            output = block.spec.output
            return partial(resolve, output, self._scope((unit, 0), begin, block, names_in((output,))))
        if s.kind(unit) is EACH:
            return self._to_gather_scopes(unit)
        if s.kind(unit) is Kind.LOOP:
            return self._to_round(unit)
        if s.node(unit).gather == SETTLED:
            return self._to_settle(unit)
        items = [item for item in s.members(unit) if s.status[item] == S.COMPLETED]
        cache, values = self.core.cache, s.values
        done = [cache.get(item, values[item]) for item in items]
        if not any(value is MISSING or type(value) is Stored for value in done):
            return lambda _reader: done
        held = [self.held(item) for item in items]
        return lambda reader: [reader.give(one) for one in held]

    def _to_gather_scopes(self, unit: int) -> Work:
        """The outputs of a mapped flow's scopes that came to a good end."""
        s, found = self.state, list[Work]()
        settled, told = s.node(unit).gather == SETTLED, list[Callable[[Any], Settled]]()
        for i, _, _ in s.scopes(unit):
            r = s.stretches[i]
            output = r.block.spec.output
            names = names_in((output,))
            for at in range(r.count):
                begin = r.base + at * r.block.n
                done = scope_completed(s, r.block, begin)
                if done:
                    found.append(partial(resolve, output, self._scope((unit, r.index + at), begin, r.block, names)))
                if settled:
                    told.append(self._settled(unit, r.index + at, *_end_of(s, begin, begin + r.block.n, done=done)))
                    found += () if done else (_nothing,)
        if settled:
            return lambda reader: [make(one(reader)) for make, one in zip(told, found, strict=True)]
        return lambda reader: [one(reader) for one in found]

    def _to_settle(self, unit: int) -> Work:
        """Every item of a map, however it ended."""
        s = self.state
        held = [(item, self.held(item)) for item in s.members(unit)]
        told = [self._settled(unit, at, S(s.status[item]), s.error.get(item)) for at, (item, _) in enumerate(held)]
        return lambda reader: [make(reader.give(one)) for make, (_, one) in zip(told, held, strict=True)]

    def _settled(self, unit: int, at: int, state: S, error: dict[str, Any] | None) -> Callable[[Any], Settled]:
        key, status = self.state.key(unit, at), state.label
        return lambda value: Settled(str(at) if key is None else key, status, value, error)

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

    def scope(self, scope: Place, names: Iterable[str] | None) -> Scope:
        """What is known in a scope now, of the tasks that are named; of all with None."""
        return self._scope(scope, *self._begin(scope), names)

    def _scope(
        self,
        scope: Place,
        begin: int,
        block: Block,
        names: Iterable[str] | None,
        winners: tuple[int, ...] | None = None,
    ) -> Scope:
        """Where its units begin, and its block, are known. A join that fired knows of its `winners` and no other."""
        s, tasks = self.state, dict[str, Seen]()
        for name in block.names if names is None else names:
            u = begin + block.index[name]
            if winners is None or u in winners or s.status[u] != S.COMPLETED:
                tasks[name] = Seen(self.held(u), state_of(s, u).label, s.summary.get(u))
            else:
                tasks[name] = _LATE
        return Scope(self.inputs if scope == ROOT else self._inputs(scope), tasks, self._summarise)

    def _begin(self, scope: Place) -> tuple[int, Block]:
        """Where the units of a scope begin, and its block."""
        group, index = scope
        if group < 0:
            return 0, self.state.root
        s = self.state
        if s.kind(group) is FLOW:
            i, begin, _ = next(iter(s.scopes(group)))
            return begin, s.stretches[i].block
        begin = s.item(group, index)
        return begin, s.stretches[s.home[begin]].block

    def scope_of(self, unit: int, values: Collection[Any]) -> Scope:
        """The scope that a node stands in, as far as values of the document name it."""
        s, names = self.state, names_in(values)
        r, k, b = s.place(s.node_of(unit))
        if names is None:
            names = {r.block.names[need] for need in r.block.needs[k]}
        parent = s.parent(b + k)
        scope = ROOT if parent < 0 else (parent, s.index(b + k))
        made = self._scope(scope, b, r.block, names, s.winners.get(b + k))
        found = self._around(unit, values)
        return replace(made, around=found) if found else made

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
        scope = self.scope_of(unit, (*left.values(), *spec.args.values()))
        columns = {name: columns.get(name) or _column(name, each.over[name], scope) for name in each.over}
        apart = policy.traits.remote

        def broadcast(reader: Reader) -> dict[str, Any]:
            own = ByReference(reader) if apart else reader
            return {**_resolved(spec.args, scope, own), **_given(sets, own)}

        return lambda reader: fan_of(
            columns, broadcast, product=each.by == "product", flatten=each.flatten, reader=reader
        )

    def _items(self, each: Each, over: Any, unit: int) -> Items | None:
        """The results of a mapped node that is mapped over are looked up one by one, when their item starts; keys need them
        all at once.
        """
        if type(over) is not Ref or over.scope != "tasks" or over.path or each.key is not None or each.flatten:
            return None
        if each.where is not None:
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

    def _inputs(self, scope: Place) -> Once:
        """The inputs of a sub-flow's scope."""
        group, index = scope
        known = self._scopes.setdefault(group, {})
        inputs = known.get(index)
        if inputs is None:
            inputs = known[index] = Once(self._to_inputs(group, index))
        return inputs

    def _to_inputs(self, unit: int, index: int) -> Work:
        r, k, _ = self.state.place(unit)
        flow = r.block.inner[k].spec
        kind = self.state.kind(unit)
        given_by = self._to_mapped(unit, index) if kind is EACH else self._to_given(unit)
        if kind is Kind.LOOP:
            given_by = self._to_carry(unit, index, given_by)

        def work(reader: Reader) -> dict[str, Any]:
            given = given_by(reader)
            left = {name: one.default for name, one in flow.inputs.items() if name not in given}
            if not reader.waits and not all(type(default) in ATOMS for default in left.values()):
                raise Away
            left = {name: fresh(default) for name, default in left.items()}
            return {name: given[name] if name in given else left[name] for name in flow.inputs}

        return work

    def _to_given(self, unit: int) -> Work:
        """What a sub-flow is given; without what a join went on without, where its input has a default."""
        s = self.state
        r, k, _ = s.place(unit)
        args, inputs = s.node(unit).spec.args, r.block.inner[k].spec.inputs
        scope, sets = self.scope_of(unit, args.values()), self._sets(unit)
        gone = self._gone(unit)
        args = {name: value for name, value in args.items() if name not in gone or inputs[name].required}
        return lambda reader: {**_resolved(args, scope, reader), **_given(sets, reader)}

    def _to_carry(self, unit: int, index: int, given_by: Work) -> Work:
        """What a round is given: as the first one, and what the round before gave."""
        carry = self.state.node(unit).spec.loop.carry
        if carry is None or not index:
            return given_by
        before = self._to_round(unit, index - 1)
        return lambda reader: {**given_by(reader), carry: before(reader)}

    def _to_mapped(self, unit: int, index: int) -> Work:
        """What one scope of a mapped flow is given."""
        fan = self.fan(unit)

        def work(reader: Reader) -> dict[str, Any]:
            made = fan.get(reader)
            return {**made.broadcast, **{name: reader.give(value) for name, value in made.item(index).items()}}

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
        for known in self._fans, self._scopes:
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
        for known in (self._fans, *self._scopes.values()):
            for unit in [unit for unit, once in known.items() if not once.made]:
                del known[unit]


NO_ERROR = "no-error"
"""Why a node that catches is skipped: nothing failed."""
_AROUND: dict[str, Callable[[Binding, int], Any]] = {
    "error": Binding._error,
    "scope": Binding._end,
    "run": lambda binding, _unit: {"id": binding.run_id, "flow": binding.state.root.spec.flow},
}
_LATE = Seen(None, S(S.CANCELLED).label, None)
"""Of a task that a join went on without: whatever became of it after."""


def _end_of(s: State, a: int, b: int, *, done: bool) -> tuple[S, dict[str, Any] | None]:
    """How a scope ended, and by which error."""
    failed = [u for u in range(a, b) if s.status[u] == S.FAILED]
    if done or not failed:
        return (S.COMPLETED if done else S.CANCELLED), None
    first = min(failed, key=lambda u: s.ended[u])
    return S.FAILED, s.error.get(first)


def _nothing(_reader: Reader) -> None:
    """Of a scope without a value."""


def _taken(function: Callable[..., Any]) -> set[str]:
    """What takes something back is given what it asks for, of the arguments and the value of that."""
    try:
        return set(signature(function).parameters)
    except (TypeError, ValueError):
        return set()


def _defaults(function: Callable[..., Any]) -> set[str]:
    """Parameters that a function has defaults for."""
    try:
        parameters = signature(function).parameters
    except (TypeError, ValueError):
        return set()
    return {name for name, one in parameters.items() if one.default is not Parameter.empty}


def _verdict(expr: Expr, scope: Scope, reader: Reader, item: Mapping[str, Any] = NONE) -> bool:
    verdict = evaluate(expr, scope, reader, item)
    if not isinstance(verdict, bool):
        raise FlowError(f"the condition `{expr.text}` gave {verdict!r}, not true or false; compare it with something")
    return verdict


def _column(name: str, over: Any, scope: Scope) -> Work:
    """What an argument is mapped over; `{"range": n}` counts."""
    if type(over) is dict and set(over) == {"range"}:
        return lambda reader: counted(reader.open(resolve(over["range"], scope, reader)), name)
    return partial(resolve, over, scope)


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
