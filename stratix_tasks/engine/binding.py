"""Binding: which values a unit of a run needs, and where they are: what the engine asks.

Everything here happens in the engine's thread and runs nothing of the user's. What is wanted is given as `Work`: a function
of a reader, over values that were taken at that moment, which does its part there (with `LOOP`) or in another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.joins import is_untold
from stratix_tasks.core.node import FLOW, OF_INPUTS, UNDO, Kind
from stratix_tasks.core.ports import Objects
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import MISSING
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import label
from stratix_tasks.core.undo import undone
from stratix_tasks.core.units import Spans, Stretch
from stratix_tasks.core.waits import wait_for
from stratix_tasks.engine.around import caught
from stratix_tasks.engine.calls import NOTHING, Function, defaults_of, parameters_of, positioned
from stratix_tasks.engine.fan import Fan, keys_of, refused
from stratix_tasks.engine.memory import Memory
from stratix_tasks.engine.reading import ATOMS, LOOP, Away, ByReference, Load, Once, Reader, Source
from stratix_tasks.engine.resolving import NONE, Scope, evaluate, resolve_whole
from stratix_tasks.engine.scopes import ROOT, Scopes
from stratix_tasks.engine.work import Work, given_held, resolved
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.graph import looked_up
from stratix_tasks.spec.late import JOIN, resolved_options
from stratix_tasks.spec.values import Expr

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
NO_ERROR = "no-error"
"""Why a node that catches is skipped: nothing failed."""
AGAIN: Any = object()
"""What work gives that was only a step: ask again."""


class Binding(Scopes):
    """The values of one run."""

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
        called = {name: one.function for name, one in core.state.root.executors.items()}
        known = {call: Function.of(task) for call, task in {**called, **functions}.items()}
        super().__init__(core, inputs, source, summarise, memory, known, run_id)
        self._objects = objects

    def arguments(self, unit: int, function: Function) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
        """Positional and named arguments of a unit's body, at once, and whether they are atoms alone, as far as that is known. Away
        where they have to be prepared.
        """
        s = self.state
        r = s.stretches[s.home[unit]]
        block = r.block
        if s.sets or (s.spawned and unit in s.spawned):
            return self._at_once(unit)
        if block.items:
            once = self._fans.get(r.parent)
            fan = None if once is None else once.value
            if fan is None or fan.own:
                return self._at_once(unit)
            named = fan.item(r.index + unit - r.base)
            if fan.looked_up and any(type(held) is Once or type(held) is Load for held in named.values()):
                return self._at_once(unit)
            if fan.broadcast:
                named = {**fan.broadcast, **named}
            plain = fan.plain
        else:
            k = (unit - r.base) % block.n
            program = block.nodes[k].arguments
            if program is None:
                return self._at_once(unit)
            named, b, plain = {}, unit - k, True
            cache, values = self.core.cache, s.values
            for name, need, literal in program:
                got = literal
                if need >= 0:
                    got = values[b + need]
                    if got is MISSING or type(got) is Stored:
                        got = cache.get(b + need, MISSING)
                        if got is MISSING:
                            return self._at_once(unit)
                        plain = False
                elif need == OF_INPUTS:
                    got = self._input(r, b, literal)
                    if (
                        type(type(got)) is not type or type(got) not in ATOMS
                    ):  # a class of the user's may have a `__hash__`
                        return self._at_once(unit)
                named[name] = got
        if function.positional or "*" in named:
            return *positioned(named, function.positional), plain
        return (), named, plain

    def _input(self, r: Stretch, b: int, name: str) -> Any:
        """An input of the scope that begins at `b`, where it is at hand; else what is no plain value."""
        if r.parent < 0:
            return self.inputs.get(name, MISSING)
        group = self.state.parent(b)
        once = self._fans.get(group)
        if once is not None:
            fan = once.value
            if fan is None or fan.looked_up:
                return MISSING
            item = fan.item(self.state.index(b))
            return item[name] if name in item else fan.broadcast.get(name, MISSING)
        known = self._scopes.get(group)
        inputs = known.get(0) if known is not None and r.step else None
        return MISSING if inputs is None or inputs.value is None else inputs.value.get(name, MISSING)

    def _at_once(self, unit: int) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
        got = self.to_arguments(unit)(LOOP)
        if got is AGAIN:
            raise Away
        return *got, False

    def to_arguments(self, unit: int) -> Work:
        """Work that gives the arguments of a unit's body, or `AGAIN` when only what all items share was missing."""
        s = self.state
        node, policy, sets = s.map_of(unit), s.policy(unit), self._sets(unit)
        if node >= 0:
            fan = self._made_fan(node)
            if fan is None:
                return partial(_first, self.fan(node))
            item = self._item(fan, unit)
            given = {name: held for name, held in item.items() if name not in fan.variables}
            named: Work = partial(given_held, {**fan.broadcast, **given})
            if fan.own:
                own, scope, known = fan.own, self.scope_of(unit, fan.own.values()), {**item, **sets}
                named = _with_own(named, lambda reader: resolved(own, scope, reader, known))
            sets = {name: held for name, held in sets.items() if name not in fan.variables}
        else:
            args = s.node(unit).spec.args
            named = partial(resolved, args, self.scope_of(unit, args.values()))
        function = self.functions.get(policy.call, NOTHING)
        positional, absent, usual = function.positional, self._left_out(unit), dict[str, Any]()
        if (
            s.node(unit).phase == UNDO
        ):  # it is given what it asks for, of the arguments and the value of what it takes back
            asked, back = parameters_of(function.call), s.policy(undone(s, unit)).call
            absent = set(s.node(unit).spec.args) - asked
            usual = {
                name: one for name, one in defaults_of(self.functions.get(back, NOTHING).call).items() if name in asked
            }

        def work(reader: Reader) -> Arguments:
            own = ByReference(reader) if policy.traits.remote else reader
            made = {**usual, **named(own), **given_held(sets, own)}
            if absent:
                made = {name: value for name, value in made.items() if name in sets or name not in absent}
            return positioned(made, positional) if positional or "*" in made else ((), made)

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
            return (at, wait_for(kind, args, limit, at)), {}

        return work

    def to_step(self, unit: int) -> Work:
        """Work that gives, as arguments, what a step gives, ready to be recorded."""
        named, what = self.to_arguments(unit), f"the value of node '{label(self.state, unit)}'"

        def work(reader: Reader) -> Any:
            value = reader.open(named(reader)[1].get("value"))
            made = self._encoded(value, what, reader)
            return (value, made.codec, made.payload, made.summary, None, None), {}

        return work

    def to_pinned(self, unit: int) -> Work:
        """Work that gives the value that stands in place of a node, as it is recorded."""
        pin, what = self.state.node(unit).spec.pin, f"the value pinned to node '{label(self.state, unit)}'"
        scope = self.scope_of(unit, ())

        def work(reader: Reader) -> dict[str, Any]:
            made = self._encoded(reader.open(resolve_whole(pin.value, scope, reader)), what, reader)
            return {"codec": made.codec, "payload": made.payload, "summary": made.summary}

        return work

    def _encoded(self, value: Any, what: str, reader: Reader) -> Any:
        """Ready to be recorded; StoreError that names it."""
        if type(value) not in ATOMS and not reader.waits:
            raise Away
        return self._objects.encode_apart(value, what)

    def to_condition(self, unit: int) -> Work:
        """Work that gives the node's `when`, or a word for why it does not run. FlowError when it is no boolean."""
        if self.state.status[unit] == S.OPEN:
            return self._to_until(unit)
        spec = self.state.node(unit).spec
        if spec.catch and caught(self.state, unit) is None:
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

    def to_options(self, unit: int) -> Work:
        """Work that gives those of a node's options that come with the run, as plain data; first how many its join waits for.
        FlowError that names a wrong one."""
        spec, name = self.state.node(unit).spec, label(self.state, unit)
        untold = is_untold(self.state, unit)
        late = {place: value for place, value in looked_up(spec).items() if (place[0] == JOIN) == untold}
        scope = self.scope_of(unit, late.values())

        def work(reader: Reader) -> dict[str, Any]:
            values = {place: reader.open(resolve_whole(value, scope, reader)) for place, value in late.items()}
            try:
                return resolved_options(spec, values)
            except ValueError as error:
                raise FlowError(f"'{name}': {error}", code="bad-option") from None

        return work

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
                out = [] if each.where is None else refused(each.where, made, scope, reader, keys)
            return made.count, keys, frozen or None, out

        return work

    def _frozen(self, name: str, column: list[Any]) -> dict[str, Any]:
        """A column for the fact that opens the group. StoreError `not-storable` names it."""
        encoded = self._objects.encode_apart(column, f"the mapped '{name}'")
        return {"codec": encoded.codec, "payload": encoded.payload}

    def to_output(self) -> Work:
        """Work that gives the run's own value."""
        return self._to_value(ROOT, 0, self.state.root)

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


def _verdict(expr: Expr, scope: Scope, reader: Reader, item: Mapping[str, Any] = NONE) -> bool:
    verdict = evaluate(expr, scope, reader, item)
    if not isinstance(verdict, bool):
        raise FlowError(f"the condition `{expr.text}` gave {verdict!r}, not true or false; compare it with something")
    return verdict


def _with_own(shared: Work, own: Work) -> Work:
    return lambda reader: {**shared(reader), **own(reader)}


def _first(once: Once, reader: Reader) -> Any:
    once.get(reader)
    return AGAIN
