"""The trace of one flow: every task that is called while its body runs is placed as a node.

This is on the path of every start, so placing a node copies a template that each task keeps, and touches nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Protocol

from stratix_tasks.dsl.again import Placed, are_same_options, given_of, is_said_again
from stratix_tasks.dsl.capture import is_knit, literal
from stratix_tasks.dsl.definition import BaseTask, Called
from stratix_tasks.dsl.marks import Marked, each_of, element_of, with_elements
from stratix_tasks.dsl.options import loop_fields, references_in
from stratix_tasks.dsl.references import (
    Joined,
    Operand,
    Reference,
    asked_of,
)
from stratix_tasks.dsl.refusing import Later, Refusing, user_line
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.model import FlowSpec, Loop, NodeSpec
from stratix_tasks.spec.names import needs_of, task_names
from stratix_tasks.spec.nesting import is_tree
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.secrets import Secret
from stratix_tasks.spec.values import ASKED, ATOMS, Expr, Object, Pin, Ref, are_plain, leaves, says_same

TRACE: ContextVar[Trace | None] = ContextVar("stratix_trace", default=None)
FILLED = (Later, Secret)
"""What stands for something else in a value, and is filled in where it stands."""
LONGEST = 64
"""Characters of a name."""


def _named(update: Mapping[str, Any]) -> set[str]:
    """The nodes that a node which is placed needs to complete."""
    each, when = update.get("each"), update.get("when")
    values = [update["args"], when, *(each.over.values() if each is not None else ())]
    return {*update.get("needs", ()), *(name for name, wants in needs_of(values) if wants != ASKED)}


def _holds(task: BaseTask) -> bool:
    """Whether a node of it is more than its call says, or to keep it would keep alive what its function holds."""
    return task.special or task.template.undo is not None or getattr(task.fn, "__closure__", None) is not None


def trace_of(word: str) -> Trace:
    """The trace of the flow whose body is running. FlowError `no-flow` outside of one."""
    trace = TRACE.get()
    if trace is None:
        raise FlowError(f"{word}() belongs in the body of a @flow", code="no-flow")
    return trace


@dataclass(slots=True)
class Traced:
    """What tracing yields: the document, the tasks by their `call`, and what is wrong."""

    spec: FlowSpec
    functions: dict[str, BaseTask]
    problems: list[Problem]
    body: bytes | None = None
    """The document as text, once that was made."""

    def wrong(self, checked: Iterable[Problem]) -> list[Problem]:
        """All of it, with what the document's checks tell, but for warnings of what tracing has told with its line."""
        codes = {problem.code for problem in self.problems}
        return [*self.problems, *(one for one in checked if not one.warning or one.code not in codes)]


class Callee(Protocol):
    """A flow, as the trace of the flow that calls it sees it."""

    fn: Callable[..., Any]
    own_name: str
    template_name: str
    node_fields: Mapping[str, Any]
    map_fields: Mapping[str, Any]

    @property
    def name(self) -> str: ...
    @property
    def static(self) -> frozenset[str]: ...
    @property
    def made_defaults(self) -> Mapping[str, Any]: ...
    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]: ...
    def trace(self, static: Mapping[str, Any] | None = None, *, inside: Trace | None = None) -> Traced: ...


@dataclass(slots=True, eq=False)
class Trace:
    """One flow being traced: `branch` numbers the open `when` blocks, `condition` is what they demand together.

    `functions` is shared with the traces of sub-flows; `above` are the flows whose bodies are being traced around
    this one. `before` is what the last trace of this flow placed, as long as this one says the same.
    """

    flow: str
    above: tuple[Callee, ...] = ()
    before: Sequence[Placed | None] = ()
    nodes: dict[str, NodeSpec] = field(default_factory=dict)
    functions: dict[str, BaseTask] = field(default_factory=dict)
    flows: dict[str, FlowSpec] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    branch: tuple[int, ...] = ()
    condition: Expr | None = None
    catch: tuple[str, ...] = ()
    """What the block that is open catches, and in `caught` what was placed in it so far."""
    caught: set[str] = field(default_factory=set)
    always: bool = False
    branches: int = 0
    closed: tuple[tuple[int, ...], Expr] | None = None
    held: dict[int, tuple[Any, Object]] = field(default_factory=dict)
    variables: dict[int, str] = field(default_factory=dict)
    """Of what is mapped right now that of which parts are named: what documents call it, by the identity of its mark."""
    said: list[Placed | None] = field(default_factory=list)
    """Each node that was placed; None for those that can't be taken again."""

    @property
    def _then(self) -> Placed | None:
        """What was placed last time where something is being placed now."""
        at = len(self.said)
        return self.before[at] if at < len(self.before) else None

    def said_with(self, task: BaseTask, options: Mapping[str, Any]) -> BaseTask | None:
        """The task of last time, where it was this one with these options."""
        then = None if self._then is None else self._then.task
        if then is None or type(then) is not type(task) or then.fn is not task.fn:
            return None
        return then if are_same_options(then.options_given, {**task.options_given, **options}) else None

    def place(self, task: BaseTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reference:
        """A task called in the flow: one node."""
        then = self._then
        if then is not None and not kwargs and self._is_plain and is_said_again(then, task, args, self):
            return self._take(then)
        self._of_no_map(task)
        named, before = task.bind(args, kwargs), len(self.problems)
        for name, part in named.items():
            if type(part) not in ATOMS:
                named[name] = self.value(part)
        if task.template.join != ALL:  # it may go on without what was skipped
            del self.problems[before:]
        given = given_of(args) if self._is_plain and not kwargs and not _holds(task) else None
        reference = self._add(task, task.template, {"args": named}, task.arity)
        if given is not None:
            name = reference._ref.name
            self.said[-1] = Placed(task, given, self.nodes[name], reference._ref)
        return reference

    def _of_no_map(self, placed: BaseTask | Callee) -> None:
        """What is called or repeated has no use for what is said of a fan-out."""
        if placed.map_fields:
            option, name = next(iter(placed.map_fields)), placed.template_name
            self.fail(f"option '{option}' is for a fan-out: call .map(…)", name, "bad-option")

    @property
    def can_be_kept(self) -> bool:
        """Whether all that was said can be told apart at a glance when it is said again."""
        return None not in self.said and not self.flows and not self.problems

    @property
    def is_last(self) -> bool:
        """Whether this is, node by node, what was said last time."""
        return 0 < len(self.said) == len(self.before) and not self.flows and not self.problems

    @property
    def _is_plain(self) -> bool:
        """Whether what is placed here hangs on nothing but what it is called with."""
        return not self.branch and not self.catch and not self.always

    def _take(self, then: Placed) -> Reference:
        """The node of last time."""
        name = then.ref.name
        self.closed = None
        self.said.append(then)
        self.nodes[name] = then.node
        self.functions.setdefault(then.node.call or name, then.task)
        return Reference(then.ref, self, then.task.arity)

    def place_map(self, task: BaseTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reference:
        """`task.map(…)`: one mapped node; arguments marked by `each` are taken apart, the others are broadcast."""
        named = task.bind(args, kwargs)
        each, rest = each_of(self, named, task.map_fields, task.template_name)
        before = len(self.problems)
        node_args = {name: self.value(part) for name, part in rest.items()}
        self.variables = {}
        if task.template.join != ALL:
            del self.problems[before:]
        return self._add(task, task.template, {"args": node_args, "each": each}, None)

    def place_mapped_flow(self, flow: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reference:
        """`flow.map(…)`: a scope of that flow for each element."""
        each, rest = each_of(self, flow.bind(args, kwargs), flow.map_fields, flow.name)
        reference = self._place_flow(flow, rest, {"each": each})
        self.variables = {}
        return reference

    def place_loop(self, body: Any, args: tuple[Any, ...], kwargs: dict[str, Any], said: dict[str, Any]) -> Reference:
        """`repeat(…)`: a task or flow in rounds."""
        if not hasattr(body, "template_name"):
            self.fail(
                "repeat() takes a @task or a @flow, and what its first round is called with", code="bad-arguments"
            )
        named, name = body.bind(args, kwargs), body.template_name
        if said["carry"] is None and args:
            said["carry"] = next(iter(named))
        if said["until"] is not None:
            said["until"] = self.condition_of(said["until"], ("output",), "until", name)
        try:
            fields = loop_fields(said)
        except (ValueError, TypeError) as error:
            self.fail(f"repeat(): {error}", name, "bad-option")
        if fields.get("carry") not in (None, *named):
            self.fail(f"repeat(): carry={said['carry']!r} is no argument of the first round", name, "bad-option")
        loop = Loop.model_construct(**fields)
        self._of_no_map(body)
        if isinstance(body, BaseTask):
            return self._add(body, body.template, {"args": self._parts(named, dict), "loop": loop}, None)
        return self._place_flow(body, named, {"loop": loop})

    def place_flow(self, flow: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reference:
        """A flow called in the flow: a group; its document goes into `flows`, identical ones once."""
        self._of_no_map(flow)
        return self._place_flow(flow, flow.bind(args, kwargs), {})

    def _place_flow(self, flow: Callee, given: dict[str, Any], more: dict[str, Any]) -> Reference:
        static = {name: given.pop(name) for name in flow.static if name in given}
        for name, part in static.items():
            if isinstance(part, Operand | Joined):
                self.fail(f"static input '{name}' must be a plain value, not a reference", flow.name, "bad-arguments")
        before = len(self.problems)
        node_args = {name: self.value(part) for name, part in {**flow.made_defaults, **given}.items()}
        if flow.node_fields.get("join", ALL) != ALL:  # it may go on without what was skipped
            del self.problems[before:]
        if any(other.fn is flow.fn for other in self.above):
            if static:
                self.fail("a flow that runs itself has no static inputs: they are frozen when it is traced", flow.name)
            node = NodeSpec.made({"flow": flow.own_name, **flow.node_fields})
            return self._add(flow, node, {"args": node_args, **more}, None)
        traced = flow.trace(static, inside=self)
        node = NodeSpec.made({"flow": self._flow_name(traced.spec), **flow.node_fields})
        reference = self._add(flow, node, {"args": node_args, **more}, None)
        name = reference._ref.name
        self.problems += [replace(p, node=f"{name}.{p.node}".rstrip(".")) for p in traced.problems]
        return reference

    def value(self, part: Any) -> Any:
        """A Python value as a value of the document."""
        kind = type(part)
        if kind in ATOMS:
            return part
        if kind is Reference:
            if part._trace is not self:
                self._foreign(part)
            if part._branch and part._branch != self.branch[: len(part._branch)]:
                self._may_be_skipped(part)
            return part._ref
        if kind is list or kind is tuple or kind is dict:
            return self._parts(part, kind) if is_tree(part) and not is_knit(part, FILLED) else literal(part, self)
        return self._other(part)

    def _parts(self, part: Any, kind: Any) -> Any:
        """The parts of a container one by one; those that are containers are known to be a tree."""
        if kind is dict:
            return {key: self._part(inner) for key, inner in part.items()}
        return kind(part if are_plain(part) else map(self._part, part))

    def _part(self, part: Any) -> Any:
        kind = type(part)
        return self._parts(part, kind) if kind is list or kind is tuple or kind is dict else self.value(part)

    def condition_of(self, asked: Any, words: tuple[str, ...], option: str, node: str) -> Expr:
        """What an option asks of values that are known later: a text, or a function that is called with what stands for them."""
        if isinstance(asked, str):
            return Expr(asked, task_names(asked))
        try:
            told = asked_of(asked, words)
        except TypeError as error:
            self.fail(f"{option}= is called with {', '.join(words)}: {error}", node, "bad-option")
        self.uses(told._references())
        return told.expr

    def uses(self, references: tuple[Reference, ...]) -> None:
        """Checks of references that stand in a condition."""
        for reference in references:
            self.value(reference)

    def fail(self, message: str, node: str = "", code: str = "bad-flow") -> NoReturn:
        """FlowError with the user's line."""
        line = user_line()[1]
        where = f"{node}: " if node else ""
        raise FlowError(f"line {line}: {where}{message}", code=code, problems=[])

    def _other(self, part: Any) -> Any:
        if isinstance(part, Refusing):
            self.uses(part._references())
            return with_elements(self, part._value())
        if isinstance(part, Secret):
            return Ref("secrets", part.name)
        if isinstance(part, Marked):
            return element_of(self, part)
        if issubclass(type(part), Called):
            self._uncalled(part.fn.__name__)
        return literal(part, self)

    def _uncalled(self, name: str) -> NoReturn:
        what = f"'{name}' stands here itself, and not what it returns: write {name}(…)"
        self.fail(f"{what}; where a body is to have the function, give it {name}.fn", code="not-called")

    def _add(self, task: Any, template: NodeSpec, update: dict[str, Any], arity: Any) -> Reference:
        self.closed, self.held = None, {}
        name = task.template_name
        if task.special:
            update.update(self._special(task))
        if name in self.nodes:
            if "name" in task.options_given:
                self.fail(f"two nodes are named '{name}'; names given by options(name=…) must differ", code="bad-name")
            name = self._free(name)
        if self.condition is not None:
            update["when"] = self.condition
        call = template.call
        if call is not None:
            known = self.functions.setdefault(call, task)
            if known is not task and known.fn is not task.fn:
                update["call"] = self._free_call(call, task)
        if self.catch:
            if self.caught.isdisjoint(_named(update)):  # what needs another one in the block runs when that has run
                update["catch"] = self.catch
            self.caught.add(name)
        if self.always:
            update["always"] = True
        if task.options_given:
            self.uses(tuple(references_in(task.options_given)))
        if template.pin is not None:
            update["pin"] = self._pinned(name, template.pin.value)
        if template.undo is not None:
            self._undo(template.undo, task.options_given["undo"])
        self.nodes[name] = template.but(update)
        self.before = ()  # something else is said
        self.said.append(None)
        line = user_line()[1] if self.branch else 0
        return Reference(Ref("tasks", name), self, arity, self.branch, line)

    def _pinned(self, name: str, given: Any) -> Pin:
        """A value that stands in place of what a node gives."""
        value = self.value(given)
        if any(type(leaf) is not Object for leaf in leaves(value)):
            self.fail("pin= takes a value as it is, not what comes with the run", name, "bad-option")
        return Pin(value)

    def _undo(self, call: str, undo: Any) -> None:
        """What takes a task back is known by its name, as tasks are."""
        if not isinstance(undo, str):
            self.functions.setdefault(call, undo if isinstance(undo, BaseTask) else BaseTask(undo, {}))

    def _special(self, task: Any) -> Mapping[str, Any]:
        """`after` becomes `needs`. What stands in a branch can be waited for outside of it: who waits is skipped with it."""
        after = task.options_given.get("after", ())
        names = []
        for reference in after if isinstance(after, list | tuple) else [after]:
            if type(reference) is not Reference or reference._ref.scope != "tasks":
                self.fail("after= takes what tasks return, one or a list", task.template_name, "bad-option")
            if reference._trace is not self:
                self._foreign(reference)
            names.append(reference._ref.name)
        return {"needs": tuple(dict.fromkeys(names))} if names else {}

    def _free(self, name: str) -> str:
        count = self.counts.get(name, 1)
        while True:
            count += 1
            candidate = f"{name}_{count}"
            if len(candidate) > LONGEST:
                candidate = f"{name[: LONGEST - len(str(count)) - 1]}_{count}"
            if candidate not in self.nodes:
                self.counts[name] = count
                return candidate

    def _free_call(self, call: str, task: BaseTask) -> str:
        """Another function of the same module and name (a lambda, or one made in a loop) is told apart by a number."""
        count = 2
        while self.functions.setdefault(f"{call}@{count}", task).fn is not task.fn:
            count += 1
        return f"{call}@{count}"

    def _flow_name(self, spec: FlowSpec) -> str:
        name, count = spec.flow, 1
        while name in self.flows and not says_same(self.flows[name], spec):
            count += 1
            name = f"{spec.flow}_{count}"
        self.flows[name] = spec
        return name

    def _foreign(self, part: Reference) -> NoReturn:
        self.fail(
            f"{part!r} belongs to another flow, or to an earlier trace of this one: pass it in as an input",
            code="foreign-reference",
        )

    def _may_be_skipped(self, part: Reference) -> None:
        """Once a line, however many cases of a `switch` take the value there."""
        line = user_line()[1]
        problem = Problem(
            "may-be-skipped",
            f"'{part._ref.name}' is made in a branch (line {part._line}) and used outside of it (line {line}), "
            "where it may have been skipped.",
            node=part._ref.name,
            line=line,
            hint="Join the branches with first_of(a, b), or use it inside its block.",
        )
        if problem not in self.problems:
            self.problems.append(problem)
