"""How a command ends: errors of ours as text and exit code, never as a traceback."""

from __future__ import annotations

import sys
from shlex import quote
from typing import Any

from rich.console import Console
from typer.core import TyperGroup

from stratix_tasks.errors import FlowError, InputError, StoreError, StratixError, TaskFailed, TransitionError

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class Commands(TyperGroup):
    """The group of all commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for. SystemExit with the code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except StratixError as error:
            tell(error)
            sys.exit(BAD_INPUT if isinstance(error, FlowError | InputError | StoreError) else FAILED)


def tell(error: StratixError) -> None:
    """Say what is wrong, with what can be done here."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]{type(error).__name__}[/] ", end="")
    console.print(str(error), markup=False)
    if isinstance(error, TaskFailed) and error.run:
        commands = f"`stratix retry {error.run}`, `stratix skip {error.run} {quote(error.node)}`"
        console.print(f"  At the command line: {commands}.", markup=False)
    if isinstance(error, TransitionError) and error.redo:
        console.print("Here redo=True is --redo.", markup=False)
