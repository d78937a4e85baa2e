"""Scopes: what is known in each, its inputs, what its groups yield, and what is around a node in it.

Each scope has inputs of its own; `tasks.x` means a unit of the same scope. All of it belongs to the engine's thread and runs
nothing of the user's: what is wanted is given as `Work`, a function of a reader over values that were taken at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from stratix_tasks.core import targets
from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.joins import WAIT, scope_ended
from stratix_tasks.core.node import EACH, FLOW, MAP, SETTLED, Kind
from stratix_tasks.core.results import Stored
from stratix_tasks.core.scope import last_round
from stratix_tasks.core.state import COMPLETED, MISSING
from stratix_tasks.core.state import each as flat
from stratix_tasks.core.states import TERMINAL, S
from stratix_tasks.core.streams import Sources, feeds, source_of
from stratix_tasks.core.undo import at_own_end
from stratix_tasks.engine.around import around_of, error_of, lacking
from stratix_tasks.engine.calls import NOTHING, Function, defaults_of
from stratix_tasks.engine.fan import Fan, Items, about_item, column_of, fan_of, is_of_item
from stratix_tasks.engine.held import Held
from stratix_tasks.engine.memory import Memory
from stratix_tasks.engine.reading import ATOMS, LOOP, Away, ByReference, Once, Reader, Source
from stratix_tasks.engine.resolving import Scope, Seen, fresh, names_in, resolve_whole
from stratix_tasks.engine.work import Work, give_held, given_held, nothing, resolved
from stratix_tasks.spec.joins import Settled
from stratix_tasks.spec.mapped import variables
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.values import Ref

Place = tuple[int, int]
"""A scope: the group that it lies in, and its place among the group's scopes."""
ROOT: Place = (-1, 0)
"""The scope of the outermost flow: its inputs are the run's."""
_LATE = Seen(None, S(S.CANCELLED).label, None)
"""Of a task that a join went on without: whatever became of it after."""


class Scopes(Held):
    """Of one run; `summarise(value)` tells the shape of a value."""

    def __init__(
        self,
        core: Core,
        inputs: dict[str, Any],
        source: Source,
        summarise: Callable[[Any], dict[str, Any] | None],
        memory: Memory,
        functions: Mapping[str, Function],
        run_id: str,
    ) -> None:
        super().__init__(core, source, memory)
        self.functions = functions
        """By call, or by the name of an executor."""
        self.inputs, self._summarise = inputs, summarise
        self._everywhere: dict[str, dict[str, Any]] = {
            "run": {"id": run_id, "flow": core.state.root.spec.flow, "started": None}
        }
        self._scopes: dict[int, dict[int, Once]] = {}
        self._fans: dict[int, Once] = {}

    def begin(self, at: float) -> None:
        """The run began then, in Unix seconds, as its first fact tells."""
        self._everywhere["run"]["started"] = datetime.fromtimestamp(at, UTC)

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
        if self.state.status[unit] != S.COMPLETED and unit not in self.state.won:
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
            return self._to_value((unit, 0), begin, block)
        if s.kind(unit) is EACH:
            return self._to_gather_scopes(unit)
        if s.kind(unit) is Kind.LOOP:
            return self._to_round(unit)
        if s.node(unit).gather == SETTLED:
            return self._to_settle(unit)
        if unit in s.won:
            items = [s.item(unit, at) for at in flat(s.won[unit])]
        else:
            items = [item for item in s.members(unit) if s.status[item] == COMPLETED]
        cache, values = self.core.cache, s.values
        done = [cache.get(item, values[item]) for item in items]
        if not any(value is MISSING or type(value) is Stored for value in done):
            return lambda _reader: done
        held = [self.held(item) for item in items]
        return lambda reader: [reader.give(one) for one in held]

    def _to_gather_scopes(self, unit: int) -> Work:
        """The outputs of a mapped flow's scopes that came to a good end."""
        s, found = self.state, list[Work]()
        won = {*flat(s.won[unit])} if unit in s.won else None
        settled, told = s.node(unit).gather == SETTLED, list[Callable[[Any], Settled]]()
        for i, _, _ in s.scopes(unit):
            r = s.stretches[i]
            for at in range(r.count):
                begin = r.base + at * r.block.n
                end = scope_ended(s, r.block, begin)
                done = end == S.COMPLETED if won is None else r.index + at in won
                if done:
                    found.append(self._to_value((unit, r.index + at), begin, r.block))
                if settled:
                    error = error_of(s, r.block, begin) if end == S.FAILED else None
                    end = S.CANCELLED if end == WAIT else end  # it lost, and is being stopped
                    told.append(self._settled(unit, r.index + at, end, error))
                    found += () if done else (nothing,)
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

    def _to_round(self, unit: int) -> Work:
        """Work that gives the output of a loop: of its last round that was not skipped."""
        last = last_round(self.state, unit)
        return nothing if last is None else self._to_output_of(last)

    def output_of(self, scope: targets.Scope) -> Once:
        """The value of an item of a mapped flow, or of a round, that has completed."""
        return Once(self._to_output_of(scope))

    def inputs_of(self, scope: targets.Scope) -> Once:
        """What it is given."""
        return self._inputs((scope.group, scope.index))

    def _to_output_of(self, scope: targets.Scope) -> Work:
        block = self.state.stretches[scope.stretch].block
        return self._to_value((scope.group, scope.index), scope.start, block)

    def _to_value(self, scope: Place, begin: int, block: Block) -> Work:
        """Work that gives the value of a scope: its output, or what the step gave that finished it."""
        step = self.state.finisher(block, begin)
        if step is not None and (told := self.state.node(step).step) is not None and told.gives:
            return partial(give_held, self.held(step))
        if block.output.just is not None:
            return partial(give_held, self.held(begin + block.output.just))
        output = block.output.value
        if output is None:  # nor has what takes something back inputs
            return nothing
        return partial(resolve_whole, output, self._scope(scope, begin, block, names_in((output,))))

    # ------------------------------------------------------------------ what is known in a scope

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
                there = s.status[u] == S.OPEN and u in s.won  # what it has not waited for goes on
                tasks[name] = Seen(self.held(u), (S.COMPLETED if there else state_of(s, u)).label, s.summary.get(u))
            else:
                tasks[name] = _LATE
        return Scope(self.inputs if scope == ROOT else self._inputs(scope), tasks, self._summarise, self._everywhere)

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
        if r.block.takes_back is not None:
            return self.scope_of(at_own_end(s, unit), values)
        if names is None:
            names = {r.block.names[need] for need in r.block.needs[k]}
        parent = s.parent(b + k)
        scope = ROOT if parent < 0 else (parent, s.index(b + k))
        made = self._scope(scope, b, r.block, names, s.winners.get(b + k))
        found = around_of(s, unit, values)
        return replace(made, around={**made.around, **found}) if found else made

    def _left_out(self, unit: int) -> set[str]:
        """Those of them for which there is a default."""
        gone = lacking(self.state, unit)
        if not gone:
            return gone
        s = self.state
        r, k, _ = s.place(s.node_of(unit))
        if r.block.nodes[k].spec.flow is None:
            return gone & self._defaults(unit).keys()
        inputs = r.block.inner[k].spec.inputs
        return {name for name in gone if name in inputs and not inputs[name].required}

    def _defaults(self, unit: int) -> dict[str, Any]:
        """Those of what a node calls."""
        return defaults_of(self.functions.get(self.state.policy(unit).call, NOTHING).call)

    def _sets(self, unit: int) -> dict[str, Any]:
        """What is held of the arguments that a person gave in place of the flow's."""
        return {name: self.kept(value) for name, value in self.state.given(unit).items()}

    # ------------------------------------------------------------------ what is resolved once

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
        own = self._defaults(unit) if self.state.node(unit).spec.flow is None else {}
        given_by = self._to_mapped(unit, index) if kind is EACH else self._to_given(unit)
        if kind is Kind.LOOP:
            given_by = self._to_carry(unit, index, given_by)

        def work(reader: Reader) -> dict[str, Any]:
            given = given_by(reader)
            left = {name: own.get(name, one.default) for name, one in flow.inputs.items() if name not in given}
            if not reader.waits and not all(type(default) in ATOMS for default in left.values()):
                raise Away
            left = {name: fresh(default) for name, default in left.items()}
            return {name: given[name] if name in given else left[name] for name in flow.inputs}

        return work

    def _to_given(self, unit: int) -> Work:
        """What a sub-flow is given, but for what has a default and is gone on without."""
        args, left_out = self.state.node(unit).spec.args, self._left_out(unit)
        scope, sets = self.scope_of(unit, args.values()), self._sets(unit)
        args = {name: value for name, value in args.items() if name not in left_out}
        return lambda reader: {**resolved(args, scope, reader), **given_held(sets, reader)}

    def _to_carry(self, unit: int, index: int, given_by: Work) -> Work:
        """What a round is given: as the first one, and what the last one before it gave that was not skipped."""
        carry = self.state.node(unit).spec.loop.carry
        last = last_round(self.state, unit, index) if carry is not None else None
        if last is None:
            return given_by
        before = self._to_output_of(last)
        return lambda reader: {**given_by(reader), carry: before(reader)}

    def _to_mapped(self, unit: int, index: int) -> Work:
        """What one scope of a mapped flow is given."""
        fan, args = self.fan(unit), self.state.node(unit).spec.args
        over = self.state.node(unit).spec.each.over
        of_item = {name: value for name, value in args.items() if is_of_item(value, over)}
        scope = self.scope_of(unit, of_item.values()) if of_item else None
        if scope is not None:
            scope = replace(scope, around={**scope.around, "each": about_item(index, self.state.key(unit, index))})

        def work(reader: Reader) -> dict[str, Any]:
            made = fan.get(reader)
            item = made.item(index)
            if any(value is MISSING for value in item.values()):
                raise Away  # it streams, and what it waits for has not come
            own = resolved(made.own, scope, reader, item) if scope is not None else {}
            given = {name: reader.give(value) for name, value in item.items() if name not in made.variables}
            return {**made.broadcast, **given, **own}

        return work

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
        columns: dict[str, Work] = self._streamed(unit)
        columns |= {
            name: partial(give_held, sets.pop(name)) for name in each.over if name in sets and name not in columns
        }
        for name, data in self.state.frozen.get(unit, {}).items():
            columns.setdefault(name, partial(give_held, self._told(data)))
        for name in each.over.keys() - columns.keys():
            items = self._items(each, each.over[name], unit)
            columns |= {} if items is None else {name: partial(give_held, items)}
        left = {name: over for name, over in each.over.items() if name not in columns}
        apart, left_out = policy.traits.remote, self._left_out(unit)
        args = {name: value for name, value in spec.args.items() if name not in left_out}
        own = {name: value for name, value in args.items() if name not in sets and is_of_item(value, each.over)}
        shared = {name: value for name, value in args.items() if name not in own}
        scope = self.scope_of(unit, (*left.values(), *shared.values()))
        columns = {name: columns.get(name) or column_of(name, each.over[name], scope) for name in each.over}

        def broadcast(reader: Reader) -> dict[str, Any]:
            by = ByReference(reader) if apart else reader
            return {**resolved(shared, scope, by), **given_held(sets, by)}

        return lambda reader: fan_of(
            columns,
            broadcast,
            own=own,
            variables=variables(spec),
            product=each.by == "product",
            flatten=each.flatten,
            reader=reader,
        )

    def _streamed(self, unit: int) -> dict[str, Work]:
        """What a map goes over that streams: results that are looked up one by one, since they come one by one."""
        s = self.state
        source = source_of(s, unit) if unit in s.kids else feeds(s, unit)
        if source < 0:
            return {}
        items = Items(self._arrived, Sources(s, unit, source))
        return {s.node(unit).over: partial(give_held, items)}

    def _arrived(self, unit: int) -> Any:
        return self.held(unit) if self.state.status[unit] == S.COMPLETED else MISSING

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
            or source in s.won
            or s.values[source] is not MISSING
        ):
            return None
        return Items(self.held, [one for one in s.members(source) if s.status[one] == S.COMPLETED])

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
