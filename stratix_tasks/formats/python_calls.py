"""Arguments of a node as those of a call: by position where they must be given, else by name."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, Signature
from keyword import iskeyword

from stratix_tasks.spec.code import Code, Group, prefixed, quoted

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_MANY = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def arguments(
    signature: Signature, named: Mapping[str, Code], extra: tuple[Code, ...], clashing: Mapping[str, Code]
) -> tuple[Code, ...]:
    """The arguments of a call.

    `extra` are the further positional ones, `clashing` the keywords that are named as parameters which take none.
    ValueError for what no call can say.
    """
    left = dict(named)
    placed: list[Code] = []
    parameters = signature.parameters.values()
    for parameter in parameters:
        if parameter.kind not in _POSITIONAL or parameter.name not in left:
            break
        by_name = parameter.kind is Parameter.POSITIONAL_OR_KEYWORD and parameter.default is not Parameter.empty
        if by_name and not extra and not _more_required(signature, parameter.name, left):
            break
        placed.append(left.pop(parameter.name))
    for parameter in parameters:
        if parameter.kind is Parameter.POSITIONAL_ONLY and parameter.name in left:
            raise ValueError(f"argument '{parameter.name}' is given by its position, and one before it is not given")
        if parameter.kind in _MANY and parameter.name in left:
            raise ValueError(f"argument '{parameter.name}' has the name of those that take all others")
        if extra and parameter.kind in _POSITIONAL and parameter.name not in named:
            raise ValueError(f"further arguments are given, and '{parameter.name}' before them is not")
    keywords = {**left, **clashing}
    plain = tuple(prefixed(f"{name}=", code) for name, code in keywords.items() if is_word(name))
    odd = {name: code for name, code in keywords.items() if not is_word(name)}
    spread = Group("**{", tuple(prefixed(f"{quoted(name)}: ", code) for name, code in odd.items()), "}")
    return (*placed, *extra, *plain, *((spread,) if odd else ()))


def _more_required(signature: Signature, name: str, given: Mapping[str, Code]) -> bool:
    """Whether a positional-only argument behind this one is given."""
    names = list(signature.parameters)
    behind = [signature.parameters[other] for other in names[names.index(name) + 1 :]]
    return any(other.kind is Parameter.POSITIONAL_ONLY and other.name in given for other in behind)


def is_word(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)
