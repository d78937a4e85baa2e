"""What the definitions of Kestra and Conductor name and hold no code of: plugins and workers, here as tasks."""

from __future__ import annotations

from typing import Any

from stratix_tasks import task


@task
def give(value: Any = None) -> Any:
    return value


@task
def tell(words: str) -> str:
    print(words)
    return words


@task
def fail(message: str = "it was meant to") -> None:
    raise RuntimeError(message)


@task
def work(given: Any = None) -> Any:
    return given


@task
def join(left: Any = None, right: Any = None) -> list[Any]:
    return [left, right]


@task
def measure(text: str) -> int:
    return len(text)
