"""The ports: what the engine asks of the world, in one file. Adapters are tiny; each port has one contract suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stratix_tasks.core.facts import Fact
from stratix_tasks.core.waits import Kind
from stratix_tasks.spec.executors import Described


@dataclass(slots=True)
class Encoded:
    """A result made ready to be recorded: `codec` and `payload` as facts carry them; `frame` holds the bytes of a `+frame` codec."""

    codec: str
    payload: Any
    frame: bytes | None = None
    summary: dict[str, Any] | None = None


class Place(NamedTuple):
    """Where a frame is: its file, and the offsets where it begins and ends."""

    path: Path
    start: int
    end: int


class Journal(Protocol):
    """Append-only truth of one engine.

    `commit` returns once the operating system has the bytes: they survive `kill -9`.
    """

    def commit(
        self, run: bytes, seq: int, epoch: int, facts: Sequence[Fact], payloads: Sequence[tuple[int, int, bytes]] = ()
    ) -> Sequence[Place]:
        """Write the payload frames `(unit, attempt, bytes)`, then the facts numbered from `seq`, in one write.

        Returns where each payload frame is.

        StoreError `disk-full` leaves the file as it was.
        """

    def note(self, run: bytes, epoch: int, kind: str, rows: Sequence[Any]) -> bool:
        """Write what gates nothing: `logs`, `metrics` or `artifacts` rows. False when there is no room: they are dropped."""

    def free_ballast(self) -> bool:
        """Give back the room that was kept for the last words on a full disk. False when there was none."""

    def restore_ballast(self) -> bool:
        """Keep that room again. False when there is none."""

    def close(self) -> None: ...


Check = Callable[[bytes], None]
"""Asked of the bytes of a value before they are kept anywhere; what it raises keeps them from that."""


class Objects(Protocol):
    """Encodes values and keeps large ones, content-addressed."""

    def encode(self, value: Any, what: str = "the result", check: Check | None = None) -> Encoded:
        """Any thread. StoreError `not-storable` names the type; `disk-full` when there is no room. What `check` raises."""

    def encode_apart(self, value: Any, what: str = "the result", check: Check | None = None) -> Encoded:
        """The same without a frame, for what no payload frame stands beside."""

    def decode(self, codec: str, payload: Any, frame: bytes | None) -> Any:
        """The value again, equal to what was encoded.

        StoreError when it is missing, damaged or signed by someone else.
        """

    def preview(self, summary: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """What a person is shown of a value by its summary; None where there is none, or where it is lost."""


class Executor(Described, Protocol):
    """*What* runs at a node: a function, or nothing, where it only waits."""

    @property
    def function(self) -> Callable[..., Any] | None:
        """Its body, which takes the node's arguments; of one that waits a declaration that is never called; None where the
        node names it."""

    @property
    def runner(self) -> str | None:
        """The runner that it wants; None for the one that fits its function."""

    @property
    def waits(self) -> Kind | None:
        """How it waits; None for one that does not."""

    @property
    def health(self) -> Callable[[], Any] | None:
        """What answers whether all that it needs is there; None where nothing does."""


@dataclass(frozen=True, slots=True)
class Traits:
    """*Where* bodies run, as data: what may be asked of a runner, and what it takes."""

    where: str = ""
    """Where that is, for people."""
    bodies: frozenset[str] = frozenset(("def", "async def"))
    """The kinds of functions that it runs."""
    killable: bool = False
    """Whether a body that does not stop within its grace can be ended all the same."""
    suspendable: bool = False
    """Whether a body can be stopped where it is, not at its checkpoints alone."""
    remote: bool = False
    """Whether bodies run in another process, which reads recorded results itself."""
    places: str = ""
    """What its own places are called; empty where it has as many as the engine."""
    size: int = 0
    """How many these are; 0 for one for each core."""
    placeless: bool = False
    """Whether its bodies only wait for other runs, so that they take no place of the engine that those need."""
    bodiless: bool = False
    """Whether nothing runs, so that it takes no place and no limit of an attempt: what it waits for ends it."""


RUNNERS = {
    "thread": Traits("in a thread", bodies=frozenset(("def",))),
    "async": Traits("on a loop", bodies=frozenset(("async def",))),
    "inline": Traits("on the engine's loop"),
    "process": Traits(
        "in a process",
        bodies=frozenset(("def",)),
        killable=True,
        suspendable=True,
        remote=True,
        places="the worker processes",
    ),
    "child": Traits("on a loop", bodies=frozenset(), placeless=True),
    "wait": Traits(bodies=frozenset(), bodiless=True),
}
"""Runners that come with the package, by name; plugins bring more (`executors/runners.py`). On `child` nodes wait for runs that they have
started; `wait` stands in place of one: the machine itself is what such a node runs on."""
NAMED_RUNNERS = tuple(name for name, traits in RUNNERS.items() if traits.bodies)
"""Those that a node can ask for."""


class Runner(Protocol):
    """Accepts attempts and answers each with exactly one done event; never retries, never writes states."""

    def submit(self, attempts: Sequence[Any]) -> None: ...

    def stop(self, attempt: Any) -> None:
        """Ask its body to end. One that is `killable` has `kill`, too, which waits for nothing."""

    def hold(self, attempt: Any) -> None:
        """Park its body, at once where it is `suspendable`, else at its next checkpoint."""

    def release(self, attempt: Any) -> None:
        """Let it go on."""

    def close(self) -> None: ...
