"""What the items of a map yield is gathered, told as a whole, and mapped again, the odd ones left out."""

from typing import Any

from stratix_tasks import each, flow, task


@task
def sorts(number: int) -> dict[str, Any]:
    return {"number": number, "kind": "odd" if number % 2 else "even"}


@task
def half(one: dict[str, Any]) -> int:
    return one["number"] // 2


@task
def lists(sorted_ones: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['number']} {one['kind']}" for one in sorted_ones)


@task
def says(number: int) -> str:
    return f"{number}"


@flow
def even_halves() -> list[Any]:
    sorted_ones = sorts.map(each([1, 2, 3, 4]))
    told = lists.options(name="all_of_them")(sorted_ones)
    halves = half.options(name="halves", where=lambda one: one["kind"] == "even").map(each(sorted_ones))
    return [told, says.options(name="each_half").map(each(halves))]
