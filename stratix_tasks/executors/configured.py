"""An executor as users write it: a class with `name`, `description`, a pydantic `Config` and `execute(context, config)`.

What the house asks of an executor (`core/ports.py`) follows from its `Config` here. The arguments of a node are the fields
of that, each by its alias where it has one; they are checked one by one where a flow is traced or loaded, as far as they are
known there, and together when the node starts.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.fields import FieldInfo

from stratix_tasks.core.ports import RUNNERS, Traits
from stratix_tasks.errors import ExecutorError, InputError
from stratix_tasks.runners.body import current
from stratix_tasks.spec.cards import card_of
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.types import hints_of

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
AN_EXECUTOR = (
    "an executor is a class with a text `description`, a pydantic model `Config` and `execute(self, context, config)`, and "
    "may have `validate_config(self, config)`, `health_check(self)`, the name of a `runner` and a `card`"
)


class Configured:
    """One that users wrote, under the name by which nodes use it. `runners` are those that it may name. ExecutorError `bad-name`,
    `bad-executor`, which tells all that it lacks."""

    field, waits, step = "uses", None, ""
    written: frozenset[str] = frozenset()

    def __init__(self, name: str, executor: Any, runners: Mapping[str, Traits] = RUNNERS) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            rule = "letters, digits and _, in parts between dots, such as 'mail' or 'user.creator'"
            raise ExecutorError(f"{name!r} can't be the name of an executor: write {rule}", code="bad-name")
        if wrong := list(_wrong(executor, runners)):
            raise ExecutorError(f"'{name}' can't be registered: {'; '.join(wrong)}. {AN_EXECUTOR}", code="bad-executor")
        self.name, self.executor = name, executor
        self.description = str(executor.description)
        self.is_async = inspect.iscoroutinefunction(executor.execute)
        self.runner: str | None = getattr(executor, "runner", "async" if self.is_async else None)
        self._where = runners[self.runner].where if self.runner is not None else ""
        self._fields = _fields_of(executor.Config)
        self.required = frozenset(argument for argument, one in self._fields.items() if one.is_required())
        self.usual = {name: one.default for name, one in self._fields.items() if type(one.default) in (str, int, float)}
        self.card = card_of(getattr(executor, "card", {}), self._fields)
        self.hints: dict[str, Any] = {argument: one.annotation for argument, one in self._fields.items()}
        hints = hints_of(executor.execute)
        self.hints |= {"return": hints["return"]} if "return" in hints else {}
        self.function: Callable[..., Any] | None = self._body()
        self.health: Callable[[], Any] | None = getattr(executor, "health_check", None)

    def refusal(self, option: str) -> str:
        if option == "runner" and self.runner is not None:
            return f"'{self.name}' takes no runner: it runs {self._where}"
        return ""

    def unfit(self, argument: str, value: Any) -> str:
        """By the field alone: what its model says of others is left for later."""
        return "; ".join(told for told, at in self._errors({argument: value}) if at[:1] == (argument,))

    def clash(self, arguments: Mapping[str, Any]) -> str:
        if wrong := self._errors(arguments):
            return "; ".join(_placed(told, at) for told, at in wrong)
        try:
            self._asked(self.executor.Config.model_validate(dict(arguments)))
        except (ValueError, InputError) as error:
            return str(error)
        return ""

    def schema(self, refs: str) -> dict[str, Any]:
        """As its model has it. A model of what JSON has no word for is described by its names alone."""
        try:
            made: dict[str, Any] = self.executor.Config.model_json_schema(by_alias=True, ref_template=refs)
        except PydanticInvalidForJsonSchema:
            return {}
        return made

    def config(self, arguments: Mapping[str, Any]) -> Any:
        """The arguments of a node that starts. InputError `bad-config`: another attempt would find them the same."""
        try:
            made = self.executor.Config.model_validate(dict(arguments))
            self._asked(made)
        except ValidationError as error:
            told = "; ".join(_placed(told, at) for told, at in _told(error))
            raise InputError(f"'{self.name}' can't start: {told}", code="bad-config") from None
        except ValueError as error:
            raise InputError(f"'{self.name}' can't start: {error}", code="bad-config") from None
        return made

    def _asked(self, config: Any) -> None:
        """What the executor itself says against a config is raised."""
        validate = getattr(self.executor, "validate_config", None)
        if validate is not None:
            validate(config)

    def _errors(self, arguments: Mapping[str, Any]) -> list[tuple[str, tuple[Any, ...]]]:
        try:
            self.executor.Config.model_validate(dict(arguments))
        except ValidationError as error:
            return _told(error)
        except Exception:  # its model can't be asked of less than all
            return []
        return []

    def _body(self) -> Callable[..., Any]:
        """What runners run. It has the executor's arguments as its signature."""
        execute, config = self.executor.execute, self.config

        async def waiting(**arguments: Any) -> Any:
            return await execute(current(), config(arguments))

        def plain(**arguments: Any) -> Any:
            return execute(current(), config(arguments))

        made: Any = waiting if self.is_async else plain
        made.__name__ = made.__qualname__ = self.name.rpartition(".")[2]
        made.__doc__ = self.description
        made.__signature__ = inspect.Signature(
            [
                inspect.Parameter(
                    argument,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=inspect.Parameter.empty
                    if one.is_required()
                    else one.get_default(call_default_factory=True),
                    annotation=one.annotation,
                )
                for argument, one in self._fields.items()
            ]
        )
        return cast(Callable[..., Any], made)


def _fields_of(config: type[BaseModel]) -> dict[str, FieldInfo]:
    """By argument, those that can't be left out first."""
    fields = {one.alias or name: one for name, one in config.model_fields.items()}
    return dict(sorted(fields.items(), key=lambda item: not item[1].is_required()))


def _wrong(executor: Any, runners: Mapping[str, Traits]) -> list[str]:
    config, execute = getattr(executor, "Config", None), getattr(executor, "execute", None)
    found = []
    if not isinstance(getattr(executor, "description", None), str):
        found.append("it has no text `description`")
    if not (isinstance(config, type) and issubclass(config, BaseModel) and config is not BaseModel):
        found.append("its `Config` is no class of yours made from pydantic's BaseModel")
    if not callable(execute):
        found.append("it has no `execute`")
    else:
        try:
            inspect.signature(execute).bind(None, None)
        except TypeError:
            found.append(f"`execute` takes (context, config), not {inspect.signature(execute)}")
    if (runner := getattr(executor, "runner", None)) is not None:
        kind = "async def" if inspect.iscoroutinefunction(execute) else "def"
        if runner not in runners or runners[runner].bodiless:
            known = [name for name, traits in runners.items() if traits.bodies]
            found.append(f"there is no runner {runner!r}: {did_you_mean(str(runner), known)}")
        elif runners[runner].bodies and kind not in runners[runner].bodies:
            found.append(f"runner '{runner}' runs no `{kind}`")
    if not found:  # else it may have no arguments to name
        try:
            card_of(getattr(executor, "card", {}), _fields_of(executor.Config))
        except ValueError as error:
            found.append(str(error))
    return found


def _told(error: ValidationError) -> list[tuple[str, tuple[Any, ...]]]:
    """Messages, and where each is: without the values, which may be large or secret."""
    return [(one["msg"].removeprefix("Value error, "), one["loc"]) for one in error.errors(include_input=False)]


def _placed(told: str, at: tuple[Any, ...]) -> str:
    return f"{'.'.join(map(str, at))}: {told}" if at else told
