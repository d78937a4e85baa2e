"""Ways that are chosen inside of loops inside of ways."""

from typing import Any

from definition_workers import give

from stratix_tasks import each, expr, first_of, flow, switch, when


@flow
def digit(n: str, char: str) -> str:
    two = expr("${{ inputs.char }} ${{ inputs.n }}")
    return switch(n, {"1": lambda: give.options(name="one")(char), "2": lambda: give.options(name="two")(two)})


@flow
def letter(char: str) -> Any:
    with when(char == "a"):
        is_a = give.options(name="is_a")("it is a")
    with when(char == "b"):
        is_b = give.options(name="is_b")("it is b")
        digits = digit.options(name="digits", after=[is_b], key="{n}").map(each(["1", "2"]), char=char)
    return first_of(is_a, digits)


@flow
def letters_and_numbers() -> list[Any]:
    begin = give.options(name="begin")("begins")
    letters = letter.options(name="letters", after=[begin], key="{char}").map(each(["a", "b"]))
    return [begin, letters, give.options(name="end", after=[letters])("ends")]
