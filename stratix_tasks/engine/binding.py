"""Binding: which values a unit of a run needs, and where they are.

Each sub-flow is a scope with inputs of its own; `tasks.x` means a unit of the same scope. Everything here happens in the
engine's thread and runs nothing of the user's. What is wanted is given as `Work`: a function of a reader, over values
that were taken at that moment, which does its part there (with `LOOP`) or in another thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import ROOT, Kind
from stratix_tasks.core.results import Stored
from stratix_tasks.core.states import TERMINAL, State
from stratix_tasks.core.units import MISSING
from stratix_tasks.core.waits import wait_for
from stratix_tasks.engine.fan import Fan, Items, fan_of, keys_of
from stratix_tasks.engine.memory import Memory, Shelf
from stratix_tasks.engine.reading import ATOMS, LOOP, Away, ByReference, Load, Once, Reader, Source, load
from stratix_tasks.engine.resolving import Scope, Seen, names_in, resolve
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.values import Ref

Work = Callable[[Reader], Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]
AGAIN: Any = object()
"""What work gives that was only a step: ask again."""
ELSEWHERE = frozenset(("process",))
"""Runners whose bodies read recorded results themselves."""


class Binding:
    """The values of one run. `source(stored)` is how a recorded result is read, here or in another process: a function and its
    arguments; `summarise(value)` tells the shape of a value.
    """

    def __init__(
        self,
        machine: Machine,
        inputs: dict[str, Any],
        source: Source,
        summarise: Callable[[Any], dict[str, Any] | None],
        memory: Memory,
    ) -> None:
        self.machine, self.plan = machine, machine.plan
        self.inputs, self._source, self._summarise = inputs, source, summarise
        self._scopes: dict[int, Once] = {}
        self._fans: dict[int, Once] = {}
        self._loads: WeakValueDictionary[int, Load] = WeakValueDictionary()
        self._read: deque[tuple[Stored, Any]] = deque()
        self.shelf = Shelf(machine, memory)

    # ------------------------------------------------------------------ what the engine asks

    def arguments(self, unit: int) -> Arguments:
        """Positional and named arguments of a unit's body, at once. Away where they have to be prepared."""
        plan, machine = self.plan, self.machine
        node = machine.node_of[unit]
        if machine.sets or unit in machine.spawned:
            return self._at_once(unit)
        if node != unit:
            fan = self._fans[node].value if node in self._fans else None
            if fan is None or fan.looked_up:
                return self._at_once(unit)
            named = {**fan.broadcast, **fan.item(unit - machine.groups[node].first)}
        else:
            named = {}
            values, units, spec = machine.values, None, plan.specs[unit]
            for name, value in spec.args.items():
                kind = type(value)
                if kind is Ref and value.scope == "tasks" and not value.path:
                    if units is None:
                        units = plan.units[plan.parents[unit]]
                    got = values[units[value.name]]
                    if got is MISSING or type(got) is Stored:
                        return self._at_once(unit)
                    named[name] = got
                elif type(kind) is type and kind in ATOMS:
                    named[name] = value
                else:
                    return self._at_once(unit)
        policy = plan.policies[node]
        assert policy is not None
        return _positioned(named, policy.positional) if policy.positional or "*" in named else ((), named)

    def _at_once(self, unit: int) -> Arguments:
        got: Arguments = self.to_arguments(unit)(LOOP)
        if got is AGAIN:
            raise Away
        return got

    def to_arguments(self, unit: int) -> Work:
        """Work that gives the arguments of a unit's body, or `AGAIN` when only what all items share was missing."""
        node = self.machine.node_of[unit]
        policy = self.plan.policies[node]
        assert policy is not None
        if node != unit:
            fan = self._made_fan(node)
            if fan is None:
                return partial(_first, self.fan(node))
            named: Work = partial(_given, {**fan.broadcast, **self._item(fan, unit, node)})
        else:
            args = self.plan.specs[unit].args
            named = partial(_resolved, args, self._scope_of(unit, args.values()))
        sets = self._sets(unit)

        def work(reader: Reader) -> Arguments:
            own = ByReference(reader) if policy.runner in ELSEWHERE else reader
            made = {**named(own), **_given(sets, own)}
            return _positioned(made, policy.positional) if policy.positional or "*" in made else ((), made)

        return work

    def to_wait(self, unit: int, at: float) -> Work:
        """Work that gives, as arguments, the time `at` and what a node without a body waits for since then."""
        named, policy = self.to_arguments(unit), self.machine.policy(unit)

        def work(reader: Reader) -> Any:
            got = named(reader)
            if got is AGAIN:
                return got
            args = {name: reader.open(value) for name, value in got[1].items()}
            return (at,), wait_for(policy.call, args, policy.timeout.attempt, at)

        return work

    def to_condition(self, unit: int) -> Work:
        """Work that gives the node's `when`. FlowError when it is no boolean."""
        when, scope = self.plan.specs[unit].when, self._scope_of(unit, (self.plan.specs[unit].when,))
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
        if self.plan.kinds[unit] is Kind.FLOW:
            inputs, count = self._inputs(unit), len(self.plan.members.get(unit, ()))
            return lambda reader: (inputs.get(reader), (count, None))[1]
        fan, name, each = self.fan(unit), self.plan.names[unit], self.plan.specs[unit].each
        assert each is not None
        if each.key is None:
            return lambda reader: (fan.get(reader).count, None)
        scope = self._scope_of(unit, (each.key,))

        def work(reader: Reader) -> tuple[int, list[str] | None]:
            made = fan.get(reader)
            return made.count, keys_of(name, each.key, made, scope, reader)

        return work

    def to_output(self) -> Work:
        """Work that gives the run's own value."""
        output = self.plan.spec.output
        return partial(resolve, output, self.scope(ROOT, names_in((output,))))

    def item(self, unit: int, node: int) -> dict[str, Any] | None:
        """What is held of an item's arguments; None where what is mapped over is not resolved now."""
        fan = self._made_fan(node)
        return None if fan is None else {**fan.broadcast, **self._item(fan, unit, node)}

    def _item(self, fan: Fan, unit: int, node: int) -> dict[str, Any]:
        """The mapped arguments of an item; of one that was spawned they are those of its fact."""
        machine = self.machine
        spawned = machine.spawned.get(unit) if machine.spawned else None
        if spawned is None:
            return fan.item(unit - machine.groups[node].first)
        return {name: self.kept(Stored(data["codec"], data["payload"], -1, 0)) for name, data in spawned.items()}

    def _sets(self, unit: int) -> dict[str, Any]:
        """What is held of the arguments that a person gave in place of the flow's."""
        given = self.machine.sets.get(unit)
        return {} if given is None else {name: self.kept(value) for name, value in given.items()}

    # ------------------------------------------------------------------ what is held

    def held(self, unit: int) -> Any:
        """A unit's result, or a `Once` for it: None when it was skipped, a list of the completed items' for a mapped node."""
        machine = self.machine
        got = machine.values[unit]
        if type(got) is Stored:
            return self._recorded(unit, got)
        if got is not MISSING:
            return got
        if machine.state[unit] != State.COMPLETED:
            return None
        made = Once(self._to_gather(unit))
        try:
            got = made.get(LOOP)
        except Exception:  # Away, or what is wrong with it: who reads it is told
            return made
        if not self.shelf.gone:
            machine.values[unit] = got
        return got

    def _to_gather(self, unit: int) -> Work:
        machine, plan = self.machine, self.plan
        if plan.kinds[unit] is Kind.FLOW and machine.node_of[unit] == unit:
            output = plan.flows[unit].output
            return partial(resolve, output, self.scope(unit, names_in((output,))))
        state, values = machine.state, machine.values
        items = [item for item in machine.members(unit) if state[item] == State.COMPLETED]
        done = [values[item] for item in items]
        if not any(value is MISSING or type(value) is Stored for value in done):
            return lambda _reader: done
        held = [self.held(item) for item in items]
        return lambda reader: [reader.give(one) for one in held]

    def _recorded(self, unit: int, stored: Stored) -> Any:
        """Plain JSON is made a value; another result is one that is to be read, once for all who need it at a time."""
        if stored.codec == "json":
            got = self.machine.values[unit] = load(self._source, stored)
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

    def scope(self, scope: int, names: Iterable[str] | None) -> Scope:
        """What is known in a scope now, of the tasks that are named; of all with None."""
        machine, units = self.machine, self.plan.units.get(scope, {})
        tasks = {
            name: Seen(self.held(unit), State(machine.state[unit]).label, machine.summary.get(unit))
            for name in (units if names is None else names)
            for unit in (units[name],)
        }
        return Scope(self.inputs if scope == ROOT else self._inputs(scope), tasks, self._summarise)

    def _scope_of(self, unit: int, values: Iterable[Any]) -> Scope:
        """The scope that a node stands in, as far as values of the document name it."""
        names = names_in(values)
        if names is None:
            names = {self.plan.names[need].rpartition(".")[2] for need in self.plan.needs[unit]}
        return self.scope(self.plan.parents[unit], names)

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
        spec, policy, sets = self.plan.specs[unit], self.plan.policies[unit], self._sets(unit)
        each = spec.each
        assert each is not None
        columns: dict[str, Work] = {name: partial(_give, sets.pop(name)) for name in each.over if name in sets}
        for name in each.over.keys() - columns.keys():
            items = self._items(each, each.over[name], unit)
            columns |= {} if items is None else {name: partial(_give, items)}
        left = {name: over for name, over in each.over.items() if name not in columns}
        scope = self._scope_of(unit, (*left.values(), *spec.args.values()))
        columns = {name: columns.get(name) or partial(resolve, each.over[name], scope) for name in each.over}
        apart = policy is not None and policy.runner in ELSEWHERE

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
        source, machine = self.plan.units[self.plan.parents[unit]][over.name], self.machine
        expanded = self.plan.kinds[source] is Kind.MAP and source in machine.groups
        if not expanded or machine.state[source] != State.COMPLETED or machine.values[source] is not MISSING:
            return None
        return Items(self.held, [one for one in machine.members(source) if machine.state[one] == State.COMPLETED])

    def _inputs(self, scope: int) -> Once:
        """A sub-flow's inputs."""
        inputs = self._scopes.get(scope)
        if inputs is None:
            inputs = self._scopes[scope] = Once(self._to_inputs(scope))
        return inputs

    def _to_inputs(self, unit: int) -> Work:
        args, flow = self.plan.specs[unit].args, self.plan.flows[unit]
        scope, sets = self._scope_of(unit, args.values()), self._sets(unit)

        def work(reader: Reader) -> dict[str, Any]:
            given = {**_resolved(args, scope, reader), **_given(sets, reader)}
            return {name: given.get(name, one.default) for name, one in flow.inputs.items()}

        return work

    # ------------------------------------------------------------------ memory

    def take_read(self) -> None:
        """Results that were read stay in memory as long as there is room."""
        while self._read:
            stored, value = self._read.popleft()  # a Load put it there, in whatever thread needed it
            if self.machine.values[stored.unit] is stored:
                self.machine.values[stored.unit] = value
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
        state = self.machine.state
        for known in (self._fans, self._scopes):
            for unit in [unit for unit in known if state[unit] in TERMINAL]:
                del known[unit]

    def forget(self, unit: int) -> None:
        """Its sources may have changed: resolve again when next asked."""
        self._fans.pop(unit, None)
        self._scopes.pop(unit, None)
        self.machine.values[unit] = MISSING

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
    extra = named.pop("*", ())
    args = []
    for name in positional:
        if name in named:
            args.append(named.pop(name))
        elif name != "*":
            break
    return (*args, *extra), named
