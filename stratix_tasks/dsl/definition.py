"""What all kinds of task share: a function with options, and the template of the nodes that it is placed as."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast

from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.refusing import user_line
from stratix_tasks.errors import FlowError
from stratix_tasks.runners.defined import offer
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.types import hints_of, tuple_arity
from stratix_tasks.spec.vocabulary import LATER, MAP, TASK

MANY = ("*", "**")
"""In place of a parameter's name: further positional arguments, and keywords that are named as another parameter."""
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Called:
    """A task or a flow: what stands in a flow is a call of it."""

    fn: Callable[..., Any]


class BaseTask(Called):
    """What both kinds of task share: the function `fn`, its parameters, its options, and the template of its nodes."""

    word = "task"
    allowed = TASK | MAP
    """Names of its options."""
    is_async = False

    def __init__(self, fn: Callable[..., Any], given: Mapping[str, Any]) -> None:
        functools.update_wrapper(cast(Any, self), fn)
        self.fn = fn
        self.parameters, self._required, self._plain = _parameters(fn)
        self._own_name = _node_name(fn)
        offer(fn)
        self._say(given)

    def _say(self, given: Mapping[str, Any]) -> None:
        self.options_given = dict(given)
        self.template_name = self._own_name
        fields, self.map_fields = opts.task_fields(given, self._what)
        self.template_name = str(given.get("name") or self._own_name)
        opts.fitting_runner(fields, self.is_async, self._what)
        self.template = self._template(fields)
        self.special = "after" in given

    def unfit(self, node: NodeSpec) -> Iterator[tuple[tuple[str, ...], str]]:
        """The fields of a node of it that its body can't have, or can't obey, and why."""
        return opts.unfit(node.__dict__, self.is_async, self._what)

    def options(self, **options: Any) -> Self:
        """The same task with other options; those of `@task` stay unless named again.

        docs/options.md lists them, and those for `.map` alone.
        FlowError `unknown-option`, `bad-option`, `not-available`.
        """
        opts.refuse_unknown(options, self.allowed, self._what)
        return self._with(options)

    def _with(self, options: Mapping[str, Any]) -> Self:
        """A body may say options of each node that it places, each time that it is traced: its function is looked into once."""
        other = copy(self)
        other._say({**self.options_given, **options})
        return other

    if not TYPE_CHECKING:  # to a type checker it has no other names

        def __getattr__(self, name: str) -> Any:
            """A task is no run: `submit`, `delay` and their kin, which other tools have, are what a flow does."""
            if name.startswith("_"):
                raise AttributeError(name)
            called = self.template_name
            raise AttributeError(
                f"a task has no '{name}': call {called}(…) in a @flow and start that; outside of one {called}(…) is the plain function"
            )

    def _template(self, fields: Mapping[str, Any]) -> NodeSpec:
        return NodeSpec.made({"call": f"{self.fn.__module__}:{self.fn.__qualname__}", **fields})

    @property
    def _what(self) -> str:
        return f"{self.word} '{self.template_name}'"

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by parameter name; extra positional ones under `*`, keywords named as parameters that take
        none are under `**`. FlowError that shows the signature."""
        names = self.parameters
        if self._plain and not kwargs and self._required <= len(args) <= len(names):
            return dict(zip(names, args, strict=False))
        signature = inspect.signature(self.fn)
        try:
            bound = (signature.bind_partial if self.passes_on else signature.bind)(*args, **kwargs)
        except TypeError as error:
            self._refuse_call(error, kwargs)
        named: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            kind = bound.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                named["*"] = list(value)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                clash = {
                    word: part for word, part in value.items() if word in bound.signature.parameters or word in MANY
                }
                named.update({word: part for word, part in value.items() if word not in clash})
                named.update({"**": clash} if clash else {})
            else:
                named[name] = value
        return named

    @property
    def passes_on(self) -> bool:
        """Whether a decorator takes any arguments for it, so that it may pass others itself, as `mock.patch` does."""
        code = getattr(self.fn, "__code__", None)
        return (
            "__wrapped__" in getattr(self.fn, "__dict__", ())
            and code is not None
            and bool(code.co_flags & inspect.CO_VARARGS)
        )

    @functools.cached_property
    def needed(self) -> tuple[str, ...]:
        """Names of the parameters that must be given."""
        many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        known = () if self.passes_on else inspect.signature(self.fn).parameters.values()
        return tuple(one.name for one in known if one.default is one.empty and one.kind not in many)

    def arity(self) -> int | None:
        """Into how many parts the output can be unpacked, by a `tuple[A, B]` annotation."""
        return tuple_arity(hints_of(self.fn).get("return"))

    def _refuse_call(self, error: TypeError, kwargs: Mapping[str, Any]) -> NoReturn:
        signature = inspect.signature(self.fn)
        unknown = next((name for name in kwargs if name not in signature.parameters), "")
        hint = f" {did_you_mean(unknown, signature.parameters)}" if unknown else ""
        if unknown in self.allowed | LATER:
            hint = f" To set the option '{unknown}', write {self.template_name}.options({unknown}=…)(…)."
        raise FlowError(
            f"line {user_line()[1]}: {self.template_name}: {error}.{hint} It is {_shown(self.fn)}",
            code="bad-arguments",
        ) from None

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Tasks in a class body are its methods, as plain functions are."""
        return self if instance is None else Bound(self, instance)

    def __repr__(self) -> str:
        return f"<{self.word} {_shown(self.fn)}>"


class Bound:
    """A task that is a method, of one object: that is its first argument. All else is the task's."""

    def __init__(self, task: BaseTask, instance: object) -> None:
        self.__func__, self.__self__ = task, instance

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return cast(Any, self.__func__)(self.__self__, *args, **kwargs)

    def map(self, /, *args: Any, **kwargs: Any) -> Any:
        return cast(Any, self.__func__).map(self.__self__, *args, **kwargs)

    def options(self, **options: Any) -> Self:
        return type(self)(self.__func__.options(**options), self.__self__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # while it is read from a pickle it has no task yet
            raise AttributeError(name)
        return getattr(self.__func__, name)

    def __repr__(self) -> str:
        return f"<{self.__func__!r} of {self.__self__!r}>"


def _parameters(fn: Callable[..., Any]) -> tuple[tuple[str, ...], int, bool]:
    """Names, how many are required, and whether a positional call needs no more than zipping."""
    parameters = inspect.signature(fn).parameters.values()
    names = tuple(p.name for p in parameters)
    required = sum(p.default is inspect.Parameter.empty for p in parameters)
    return names, required, all(p.kind in _POSITIONAL for p in parameters)


def _node_name(fn: Callable[..., Any]) -> str:
    import re

    name = re.sub(r"\W", "_", fn.__name__, flags=re.ASCII)
    return "task" if name == "_lambda_" else name[:64]


def _shown(fn: Callable[..., Any]) -> str:
    return f"{fn.__name__}{inspect.signature(fn)}"
