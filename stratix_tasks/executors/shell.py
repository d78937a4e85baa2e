"""`shell.run`: a command, whose lines land on its node as they come.

It runs in a process group of its own, which is ended as a whole: when the node is stopped (first it is asked, then killed),
when the command has ended and left something behind, and, by the guardian, when this process dies.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from codecs import getincrementaldecoder
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from os import getpid
from pathlib import PurePath
from threading import Lock
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from stratix_tasks.errors import ExecutorError
from stratix_tasks.runners.guardian import Guardian
from stratix_tasks.runners.secrets import Masks
from stratix_tasks.spec.cards import Said
from stratix_tasks.spec.model import Duration

if TYPE_CHECKING:
    from stratix_tasks.runners.body import Body

SHELL = ("/bin/sh", "-c")
TAIL = 2_000
"""Characters of the end of what was written that an error shows."""
PIECE = 1 << 16
LAST = 1.0
"""Seconds for the last words of a command that was ended."""


class ShellConfig(BaseModel):
    """What `shell.run` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: list[str] | str
    """The program and its arguments, each by itself; no shell looks at them. With `shell: true` a text for `/bin/sh`."""
    shell: bool = False
    """Whether the command is a text that a shell reads: whatever stands in it is code, also what was filled in."""
    cwd: str | None = None
    """The folder in which it runs."""
    env: dict[str, str] = {}
    """Variables beside those of this process."""
    stdin: str | bytes | None = None
    """What it reads; without it there is nothing to read."""
    exit_codes: list[int] = [0]
    """Those that mean it went well."""
    max_output: int = Field(default=2**20, ge=0)
    """Characters that are kept of stdout, and of stderr, in the value: the last ones."""
    kill_after: Duration = 3.0
    """Seconds that it has to end by itself when the node is stopped (SIGTERM), before it is killed: less than the node's
    `grace`, which is 5 s where it is not said.
    """

    @field_validator("command", "env", mode="before")
    @classmethod
    def _as_texts(cls, said: Any) -> Any:
        """Numbers and paths that come with the run are what they are written as."""
        if isinstance(said, list | tuple):
            return [_text(one) for one in said]
        return {name: _text(one) for name, one in said.items()} if isinstance(said, dict) else said

    @field_validator("command")
    @classmethod
    def _says_something(cls, command: list[str] | str) -> list[str] | str:
        if not command or not command[0].strip():
            raise ValueError("name a program")
        return command

    @model_validator(mode="after")
    def _as_said(self) -> ShellConfig:
        if self.shell and not isinstance(self.command, str):
            raise ValueError("with shell: true the command is one text")
        if not self.shell and isinstance(self.command, str):
            raise ValueError("write the command as a list, such as [ls, -l]; a text takes shell: true")
        return self


def _text(one: Any) -> Any:
    return str(one) if isinstance(one, int | float | Decimal | PurePath) and not isinstance(one, bool) else one


class Ended(TypedDict):
    """How a command ended. A negative code is the number of the signal that ended it."""

    exit_code: int
    stdout: str
    stderr: str


class ShellError(ExecutorError):
    """A command ended with a code that does not mean it went well, or could not begin (`exit_code` is None then)."""

    code = "shell"

    def __init__(self, message: str, exit_code: int | None = None, stderr: str = "") -> None:
        super().__init__(message)
        self.exit_code, self.stderr = exit_code, stderr


class Run:
    name = "shell.run"
    description = "A command; what it yields has exit_code, stdout and stderr."
    Config = ShellConfig
    card = Said(title="Shell", icon="terminal", accent="#64748b", subtitle="{command}")

    async def execute(self, context: Body, config: ShellConfig) -> Ended:
        guardian = _guardian()
        masks = context.masks
        beginning = asyncio.ensure_future(_begin(config, masks))
        try:
            process = await asyncio.shield(beginning)
        except asyncio.CancelledError:  # it may run already, and only what has begun can be ended as a whole
            begun = await beginning
            await _end(begun, config.kill_after)
            begun.close()
            raise
        guardian.watch(process.pid)
        spoken = asyncio.gather(
            _lines(process.stdout, sys.stdout, config.max_output, masks),
            _lines(process.stderr, sys.stderr, config.max_output, masks),
            _feed(process, config.stdin),
        )
        try:
            await process.exited
            _kill(process.pid)  # what it left behind in its group, which may still hold its output
            out, err, _ = await spoken
            code = await process.wait()
        except BaseException:
            await _end(process, config.kill_after)
            await asyncio.wait((spoken,), timeout=LAST)
            spoken.cancel()
            raise
        finally:
            guardian.forget(process.pid)
            process.close()
        if code not in config.exit_codes:
            shown = _shown(config.command, masks)
            raise ShellError(
                f"{shown} ended with exit code {code}: {err[-TAIL:].strip()}".rstrip(": "), code, err[-TAIL:]
            )
        return Ended(exit_code=code, stdout=out, stderr=err)


_lock = Lock()
_made: dict[int, Guardian] = {}


def _guardian() -> Guardian:
    """This process's: what it starts ends with it."""
    with _lock:
        if getpid() not in _made:
            _made[getpid()] = Guardian()
        return _made[getpid()]


class Started(Process):
    """A process whose own end can be waited for: `wait` may wait for all who hold its output as well."""

    def __init__(self, transport: asyncio.SubprocessTransport, heard: Heard, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(transport, heard, loop)
        self.exited, self.close = heard.exited, transport.close


class Heard(SubprocessStreamProtocol):
    """Hears of a process; `exited` is done when it has ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=PIECE, loop=loop)
        self.exited: asyncio.Future[None] = loop.create_future()

    def process_exited(self) -> None:
        super().process_exited()
        if not self.exited.done():
            self.exited.set_result(None)


async def _begin(config: ShellConfig, masks: Masks) -> Started:
    argv: Sequence[str] = (*SHELL, config.command) if isinstance(config.command, str) else config.command
    stdin = PIPE if config.stdin is not None else DEVNULL
    loop = asyncio.get_running_loop()
    try:
        transport, heard = await loop.subprocess_exec(
            lambda: Heard(loop),
            *argv,
            stdin=stdin,
            stdout=PIPE,
            stderr=PIPE,
            cwd=config.cwd,
            env={**os.environ, **config.env},
            start_new_session=True,
        )
        return Started(transport, heard, loop)
    except (OSError, ValueError) as error:
        raise ShellError(f"{_shown(config.command, masks)} can't begin: {error}") from None


async def _lines(stream: asyncio.StreamReader | None, to: Any, most: int, masks: Masks) -> str:
    """What is written there is the node's, line by line; the end of it, at most `most` characters, without secrets."""
    assert stream is not None
    decode, kept = getincrementaldecoder("utf-8")("replace").decode, ""
    while data := await stream.read(PIECE):
        text = decode(data)
        to.write(text)
        kept = (kept + text)[-most - masks.longest :] if most else ""
    return masks.text(kept)[-most:]


async def _feed(process: Process, stdin: str | bytes | None) -> None:
    if stdin is None or process.stdin is None:
        return
    with suppress(ConnectionError):  # it reads no further
        process.stdin.write(stdin.encode() if isinstance(stdin, str) else stdin)
        await process.stdin.drain()
    process.stdin.close()


async def _end(process: Started, patience: float) -> None:
    """Ask the group to end, and kill it when it does not in time, or when nobody waits any more."""
    _kill(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(asyncio.shield(process.exited), patience)
    except (TimeoutError, asyncio.CancelledError):
        pass
    finally:
        _kill(process.pid)
    await process.exited


def _kill(group: int, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _shown(command: list[str] | str, masks: Masks) -> str:
    text = masks.text(command if isinstance(command, str) else " ".join(command))
    return text if len(text) < 200 else f"{text[:200]}…"
