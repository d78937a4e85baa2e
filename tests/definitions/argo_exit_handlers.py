"""What runs at the end of a flow, and hears how it ended."""

from stratix_tasks import always, expr, flow, task, when


@task
def work(code: str) -> int:
    if code != "0":
        raise ValueError(code)
    return 0


@task
def say(words: str) -> str:
    return words


@flow
def told_at_the_end(code: str) -> int:
    done = work(code)
    with always() as scope:
        say.options(name="letter")(expr("${{ run.flow }} ${{ scope.status }}"))
        with when(scope.status == "completed"):
            say.options(name="glad")("well done")
        with when(scope.status != "completed"):
            say.options(name="sad")("what a pity")
    return done
