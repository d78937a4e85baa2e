"""The ports: what the engine asks of the world, in one file. Adapters are tiny; each port has one contract suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stratix_tasks.core.facts import Fact


@dataclass(slots=True)
class Encoded:
    """A result made ready to be recorded: `codec` and `payload` as facts carry them; `frame` holds the bytes of a `+frame` codec."""

    codec: str
    payload: Any
    frame: bytes | None = None
    summary: dict[str, Any] | None = None


class Journal(Protocol):
    """Append-only truth of one engine.

    `commit` returns once the operating system has the bytes: they survive `kill -9`.
    """

    def commit(
        self, run: bytes, seq: int, epoch: int, facts: Sequence[Fact], payloads: Iterable[tuple[int, int, bytes]] = ()
    ) -> None:
        """Write the payload frames `(unit, attempt, bytes)`, then the facts numbered from `seq`, in one write.

        StoreError `disk-full` leaves the file as it was.
        """

    def note(self, run: bytes, epoch: int, kind: str, rows: Sequence[Any]) -> None:
        """Write what gates nothing: `logs` or `metrics` rows. Dropped when the disk is full."""

    def free_ballast(self) -> bool:
        """Give back the room that was kept for the last words on a full disk. False when there was none."""

    def restore_ballast(self) -> bool:
        """Keep that room again. False when there is none."""

    def close(self) -> None: ...


class Objects(Protocol):
    """Encodes values and keeps large ones, content-addressed."""

    def encode(self, value: Any) -> Encoded:
        """Any thread. StoreError `not-storable` names the type; `disk-full` when there is no room."""

    def decode(self, codec: str, payload: Any, frame: bytes | None) -> Any:
        """The value again, equal to what was encoded.

        StoreError when it is missing, damaged or signed by someone else.
        """


class Runner(Protocol):
    """Accepts attempts and answers each with exactly one done event; never retries, never writes states.

    All are called in the engine's thread and do not wait for bodies.
    """

    def submit(self, attempts: Sequence[Any]) -> None: ...

    def stop(self, attempt: Any) -> None:
        """Ask the body to end."""

    def hold(self, attempt: Any) -> None:
        """Suspend the body, at once or at its next checkpoint; SUSPENDED tells that it is."""

    def release(self, attempt: Any) -> None:
        """Let it go on."""

    def kill(self, attempt: Any) -> None:
        """End a body that does not listen; only of a runner in `machine.KILLABLE`."""

    def close(self) -> None: ...
