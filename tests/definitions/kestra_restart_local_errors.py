"""A part that fails has a handler of its own; what was to come after it does not."""

from definition_workers import fail, tell

from stratix_tasks import expr, failed, flow


@flow
def part() -> None:
    near = tell.options(name="near")("close to the end")
    fail.options(name="stop", after=[near])()


@flow
def handled_and_told() -> None:
    before = tell.options(name="before")("before it")
    done = part.options(after=[before])()
    with failed(done):
        tell.options(name="handler")(expr("failed: ${{ error.node }}"))
    tell.options(name="after", after=[done])("after it")
