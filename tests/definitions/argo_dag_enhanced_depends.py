"""Needs of several kinds: of a success, of any end, of one of several."""

from stratix_tasks import flow, status, task, when


@task
def passes() -> None:
    pass


@task
def fails() -> None:
    raise ValueError("it was meant to")


@flow
def conditions_on_ends() -> None:
    top = passes.options(name="top")()
    good = passes.options(name="good", after=[top])()
    bad = fails.options(name="bad", after=[top])()
    with when((status(bad) == "completed") | (status(bad) == "failed")):
        passes.options(name="however_it_ended", after=[top])()
    one = passes.options(name="one_will_do", after=[good, bad], join="first_success")()
    both = passes.options(name="needs_both", after=[good, bad])()
    passes.options(name="last", after=[one, both], join="first_success", losers="keep")()
