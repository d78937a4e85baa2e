"""Parts that are cut, worked on side by side, and put together."""

from stratix_tasks import each, flow, task


@task
def cut(parts: int) -> list[dict[str, int]]:
    return [{"size": n + 1} for n in range(parts)]


@task
def double(part: dict[str, int]) -> int:
    return part["size"] * 2


@task
def total(sizes: list[int]) -> int:
    return sum(sizes)


@flow
def doubled_parts(parts: int = 4) -> int:
    return total(double.map(each(cut(parts))))
