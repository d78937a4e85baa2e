"""Which way it goes on hangs on how a task ended."""

from stratix_tasks import first_of, flow, status, task, when


@task
def flaky() -> None:
    raise ValueError("it was meant to")


@task
def say(words: str) -> str:
    return words


@flow
def either_word() -> str:
    ended = flaky()
    with when(status(ended) == "failed"):
        bad = say.options(name="bad")("it did not go well")
    with when(status(ended) == "completed"):
        good = say.options(name="good")("it went well")
    return first_of(bad, good)
