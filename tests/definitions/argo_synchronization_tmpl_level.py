"""Of all runs together only so many do it at a time as the pool of the engine has places."""

from stratix_tasks import each, flow, uses


@flow
def held(long: str) -> str:
    wait = uses("shell.run").options(name="wait", pool="machines")
    return wait(command=["sh", "-c", "sleep $0; printf done", long])["stdout"]


@flow
def three_at_a_time(seconds: list[str] = ["0.1", "0.1", "0.1", "0.1", "0.1"]) -> list[str]:
    return held.options(name="hold").map(each(seconds))
