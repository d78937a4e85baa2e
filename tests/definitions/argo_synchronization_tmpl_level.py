"""Of all runs together only so many do it at a time as the pool of the engine has places."""

from stratix_tasks import each, expr, flow, uses


@flow
def three_at_a_time(seconds: list[str] = ["0.1", "0.1", "0.1", "0.1", "0.1"]) -> list[str]:
    hold = uses("shell.run").options(name="hold", pool="machines")
    hold.map(command=["sh", "-c", "sleep $0; printf done", each(seconds)])
    return expr("${{ tasks.hold.output.map(one, one.stdout) }}")
