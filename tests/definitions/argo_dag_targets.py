"""Only what leads to a target is run."""

from stratix_tasks import Static, flow, task


@task
def say(word: str) -> str:
    return word


@flow
def as_far_as(targets: Static[list[str]] = ["E"]) -> None:
    wanted = set(targets)
    a = say.options(name="a")("A")
    b = say.options(name="b", after=[a], enabled=bool(wanted & {"B", "D"}))("B")
    c = say.options(name="c", after=[a], enabled=bool(wanted & {"C", "D", "E"}))("C")
    say.options(name="d", after=[b, c], enabled="D" in wanted)("D")
    say.options(name="e", after=[c], enabled="E" in wanted)("E")
