"""What is looked for again and again until it is there, or time is over."""

from stratix_tasks import flow, repeat, task


@task
def one_more(count: int) -> int:
    return count + 1


@flow
def looks_in_vain() -> int:
    return repeat(one_more.options(name="look"), 0, until=lambda n: n == -5, every="20ms", within="200ms")
