"""What a type checker must refuse: one error a line that is marked so. Checked by mypy and pyright; never run."""

from __future__ import annotations

from stratix_tasks import approval, each, finish, flow, sleep, task


@task
def double(x: int) -> int:
    return 2 * x


@task
def label(x: str) -> str:
    return x


@flow
def wrong(n: int) -> str:
    double("two")  # error
    double(x=1, y=2)  # error
    label(double(n))  # error
    double.map(each(["a", "b"]))  # error
    label(double.map(each([1, 2])))  # error
    sleep("5m", timeout="1d")  # error
    label(approval("Ship it?"))  # error
    approval.map(each([1, 2]))  # error
    finish(n, status="done")  # error
    return double(n)  # error


wrong("many")  # error
