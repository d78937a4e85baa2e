"""Loops over numbers: so many, from one to another, as many as an input says, downwards, with a form."""

from stratix_tasks import count, each, flow, task


@task
def said(n: int, first: int = 0, step: int = 1, form: str = "%d") -> str:
    return form % (first + step * n)


@flow
def sequences(size: int = 3) -> list[list[str]]:
    return [
        said.options(name="counted").map(each(count(5))),
        said.options(name="between").map(each(count(6)), first=100),
        said.options(name="as_many").map(each(count(size)), first=200),
        said.options(name="down").map(each(count(6)), first=5, step=-1),
        said.options(name="named").map(each(count(5)), form="user%02X"),
    ]
