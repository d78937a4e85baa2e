"""The private parts of ipykernel that a live view needs, all in one place and each guarded: a kernel without them still works.

ipykernel 7.4 sends comm messages to the shell that last published on their comm, which is the main one: clicks would wait for a
blocking cell. ipykernel 6 handles no comm message while a cell runs, unless it is helped along.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any


def keep_on_subshell(comm: Any) -> bool:
    """Let messages of a comm be handled in the subshell that they come in on (ipykernel 7.4). Whether it was needed."""
    if getattr(comm, "_reply_subshell_for", None) is None:
        return False
    try:
        comm._reply_subshell_for = None
    except AttributeError:
        return False
    return True


def kernel() -> Any:
    """The running IPython kernel, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None)


def is_batch() -> bool:
    """Whether cells are run by who takes no input, as nbclient, nbconvert and papermill: nobody is there to use a live view, and
    what they keep of one is its state with the front end in it.
    """
    return not getattr(kernel(), "_allow_stdin", True)


def major() -> int:
    """ipykernel's major version; 0 when there is none, or another thread is importing it just now."""
    version = getattr(sys.modules.get("ipykernel"), "__version__", "")
    try:
        return int(str(version).split(".")[0])
    except ValueError:
        return 0


def pump() -> None:
    """Handle the comm messages that wait behind a running cell (ipykernel 6, main thread); nothing to do elsewhere."""
    if major() != 6 or threading.current_thread() is not threading.main_thread():
        return
    running = kernel()
    if running is None:
        return
    try:
        _drain(running)
    except (AttributeError, KeyError, TypeError, ValueError):
        return


def _drain(running: Any) -> None:
    import zmq

    running.shell_stream.flush(zmq.POLLIN)
    waiting, kept = running.msg_queue, []
    while waiting.qsize():
        entry = waiting.get_nowait()
        _, dispatch, args = entry
        if dispatch != running.dispatch_shell or not args or not _message_type(running, args[0]).startswith("comm_"):
            kept.append(entry)
            continue
        _dispatch(running, dispatch, args)
    for entry in kept:
        waiting.put_nowait(entry)


def _message_type(running: Any, message: Any) -> str:
    _, frames = running.session.feed_identities(message, copy=False)
    return str(json.loads(bytes(frames[1].bytes)).get("msg_type", ""))


def _dispatch(running: Any, dispatch: Any, args: Any) -> None:
    """Run one message's handler to its end, and put the cell's own parent back."""
    identity, parent, handler = (
        running._parent_ident["shell"],
        running.get_parent("shell"),
        running.saved_sigint_handler,
    )
    coroutine = dispatch(*args)
    try:
        while True:
            coroutine.send(None)
    except StopIteration:
        pass
    finally:
        running.set_parent(identity, parent, "shell")
        running.saved_sigint_handler = handler
