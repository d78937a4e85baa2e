"""Each step of a diamond tidies up when it has ended, however that was."""

from stratix_tasks import always, flow, task


@task
def say(word: str) -> str:
    return word


@task
def clean() -> str:
    return "tidied up"


@flow
def tidy(word: str) -> str:
    said = say(word)
    with always():
        clean()
    return said


@flow
def each_tidies_up() -> list[str]:
    a = tidy.options(name="a")("A")
    b = tidy.options(name="b", after=[a])("B")
    c = tidy.options(name="c", after=[a])("C")
    d = tidy.options(name="d", after=[b, c])("D")
    return [a, b, c, d]
