"""What goes wrong at first is tried again, each time after a longer while."""

from stratix_tasks import flow, uses

TRIES = "echo >> tries; printf %s $(wc -l < tries); test $(wc -l < tries) -ge 3"


@flow
def stubborn(folder: str) -> str:
    again = {"max": 10, "delay": "10ms", "backoff": 2, "max_delay": "5s"}
    luck = uses("shell.run").options(name="luck", retry=again, timeout={"total": "1m"})
    return luck(command=TRIES, shell=True, cwd=folder)["stdout"]
