"""What a document can say of an executor, and what is wrong with a node that uses one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from stratix_tasks.errors import ExecutorError
from stratix_tasks.spec.cards import Card
from stratix_tasks.spec.mapped import variables
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import REMOVE, Problem, Remedy, did_you_mean, instead, name_instead
from stratix_tasks.spec.values import leaves
from stratix_tasks.spec.vocabulary import EXECUTORS_LATER

Wrong = tuple[tuple[str, ...], Problem]
"""The fields that lead to a mistake in a node, and what it is."""


class Described(Protocol):
    """An executor as far as a document is concerned."""

    @property
    def name(self) -> str: ...

    @property
    def field(self) -> str:
        """By which field of a node it is said: `uses`, with its name, or one of its own."""

    @property
    def description(self) -> str: ...

    @property
    def step(self) -> str:
        """What it does to others in place of running a body: "finish" or "cancel"; empty where it runs or waits."""

    @property
    def waits(self) -> object:
        """How it waits, so that what comes of it is what somebody says; None for one that does not."""

    @property
    def hints(self) -> Mapping[str, Any]:
        """What it takes and yields (`return`), as annotations of a function would say it."""

    @property
    def required(self) -> frozenset[str]:
        """The arguments that can't be left out."""

    @property
    def written(self) -> frozenset[str]:
        """The arguments that say what it does: they are written, and no wire of an editor goes there."""

    @property
    def card(self) -> Card:
        """How a node that uses it looks."""

    @property
    def usual(self) -> Mapping[str, Any]:
        """What holds for arguments that a node says nothing of, as far as that is known."""

    def refusal(self, option: str) -> str:
        """Why a node that uses it can't have an option, and what it can have; nothing when it can."""

    def unfit(self, argument: str, value: Any) -> str:
        """Why a value can't be this argument; nothing when it can."""

    def schema(self, refs: str) -> dict[str, Any]:
        """The JSON Schema of its arguments, whose definitions are referred to by the template `refs` (`{model}` in it is their
        name); empty where nothing more is known of them than their names.
        """

    def clash(self, arguments: Mapping[str, Any]) -> str:
        """Why these arguments, which are all that it is given and each of which fits, can't stand together; nothing when they
        can.
        """


Executors = Mapping[str, Described]


def usable(executors: Executors) -> dict[str, Described]:
    """Those that `uses` can name."""
    return {name: one for name, one in executors.items() if one.field == "uses"}


def arguments_of(executor: Described) -> list[str]:
    return [name for name in executor.hints if name != "return"]


def executor_problem(uses: str, executors: Executors, node: str = "") -> Problem | None:
    """Why `uses` can't name this; None when it can."""
    try:
        if uses in executors and executors[uses].field == "uses":
            return None
        known = usable(executors)
    except ExecutorError as error:  # a plugin, which may be where it comes from, asks for what is not there
        return Problem(error.code, error.message, node)
    if uses in EXECUTORS_LATER:
        hint = f"There are {', '.join(known)}."
        return Problem("not-available", f"executor '{uses}' is not available in this version", node, hint=hint)
    hint = did_you_mean(uses, known) or "Register it: engine.executors.register(name, executor)."
    message, remedy = f"there is no executor '{uses}'", instead(uses, known)
    return Problem("unknown-executor", message, node, hint=hint, remedy=remedy)


def use_problems(node: NodeSpec, name: str, executors: Executors) -> Iterator[Wrong]:
    """What is wrong with a node that uses something."""
    uses = node.uses or ""
    unknown = executor_problem(uses, executors, name)
    if unknown is not None:
        yield ("uses",), unknown
        return
    executor = executors[uses]
    yield from _arguments(node, name, executor)
    given = [(field,) for field, about in NodeSpec.model_fields.items() if getattr(node, field) != about.default]
    limits = node.timeout.model_dump(exclude_none=True) if node.timeout is not None else {}
    for path in [*given, *(("timeout", limit) for limit in limits)]:
        if why := executor.refusal(path[-1]):
            yield path, Problem("bad-option", why, name, remedy=REMOVE)


def _arguments(node: NodeSpec, name: str, executor: Described) -> Iterator[Wrong]:
    wanted, named = arguments_of(executor), variables(node)
    over = {} if node.each is None else {name: value for name, value in node.each.over.items() if name not in named}
    given = {**node.args, **over}
    unknown = [argument for argument in given if argument not in wanted]
    for argument in unknown:
        path = ("with", argument) if argument in node.args else ("each", "over", argument)
        message = f"'{executor.name}' takes no argument '{argument}'"
        hint, remedy = did_you_mean(argument, wanted), name_instead(argument, wanted)
        yield path, Problem("bad-arguments", message, name, hint=hint, remedy=remedy)
    for argument in wanted if not unknown else ():  # one that is spelled otherwise is not told twice
        if argument in executor.required and argument not in given:
            message, hint = f"'{executor.name}' needs the argument '{argument}'", f"Add it: with: {{{argument}: …}}."
            yield ("with",), Problem("bad-arguments", message, name, hint=hint, remedy=Remedy("fill", argument))
    wrong = list(_unfit(node, name, executor, over, wanted))
    yield from wrong
    if (
        unknown
        or wrong
        or over
        or not executor.required <= node.args.keys()
        or next(leaves(node.args), None) is not None
    ):
        return  # what is not known yet is judged when the node starts
    if why := executor.clash(node.args):
        yield ("with",), Problem("bad-arguments", f"'{executor.name}': {why}", name)


def _unfit(
    node: NodeSpec, name: str, executor: Described, over: Mapping[str, Any], wanted: list[str]
) -> Iterator[Wrong]:
    for argument in wanted:
        items = over.get(argument)
        literals = [node.args[argument]] if argument in node.args else items if isinstance(items, list | tuple) else []
        path = ("with", argument) if argument in node.args else ("each", "over", argument)
        for value in literals:
            if next(leaves(value), None) is None and (why := executor.unfit(argument, value)):
                yield path, Problem("bad-value", f"{argument}: {why}", name)
