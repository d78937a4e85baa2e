"""Ways inside of ways; what was done last on the one that was taken is the value."""

from definition_workers import work

from stratix_tasks import expr, first_of, flow, otherwise, when


@flow
def whatever_was_done(payload: str, right: bool, deep: bool) -> str:
    one = work.options(name="one")(expr("1 ${{ inputs.payload }}"))
    with when(right == True):  # noqa: E712 - a condition of the flow
        two = work.options(name="two")(expr("2 ${{ tasks.one.output }}"))
        with when(deep == True):  # noqa: E712
            three = work.options(name="three")(expr("3 ${{ tasks.two.output }}"))
    with otherwise():
        four = work.options(name="four")(expr("4 ${{ tasks.one.output }}"))
        with when(deep == True):  # noqa: E712
            five = work.options(name="five")(expr("5 ${{ tasks.four.output }}"))
    return first_of(three, five, two, four, one)
