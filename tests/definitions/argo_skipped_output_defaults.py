"""What stands in for the value of a task that was skipped: a default of who takes it, or one where it is taken."""

from stratix_tasks import first_of, flow, task, when


@task
def says(words: str = "from the default") -> str:
    return words


@flow
def without_it(wanted: bool = False) -> list[str]:
    with when(wanted == True):  # noqa: E712 - a condition of the flow
        source = says.options(name="source")("from the source")
    by_default = says.options(name="by_its_default", join="settled")(source)
    by_input = says.options(name="by_its_input")(first_of(source, "from the document"))
    return [first_of(source, "from the output"), by_default, by_input]
