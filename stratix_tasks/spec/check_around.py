"""What is around (`error`, `scope`, `attempt`, `each`) means something only where it is there; the run is everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.late import OF_RUN, asked_text
from stratix_tasks.spec.model import NodeSpec, Retry, of_error
from stratix_tasks.spec.names import around, mentions
from stratix_tasks.spec.problems import Finding, Path, Problem
from stratix_tasks.spec.scope import own_problems

_OF_RETRY = frozenset(("attempt", "error"))
_MEANT = {
    "attempt": (
        "in the arguments of what runs a body, and in retry.when and retry.delay",
        "Give it to the task that runs: with: {n: ${{ attempt }}}.",
    ),
    "each": (
        "where something is mapped: in its arguments, where and key",
        "A flow that is mapped takes it as an input: with: {n: ${{ each.index }}}.",
    ),
    "error": ("in a node that catches one", "Say which: catch: [x]. In Python: with failed(x) as error."),
    "scope": ("at the end of a flow", "Put the node under finally. In Python: with always() as scope."),
}
"""Where each word for what is around is there, and what to do."""


def around_findings(name: str, node: NodeSpec, executors: Executors) -> Iterator[Finding]:
    """Of a node what its expressions ask for that is not there."""
    places = [(path, words) for path, value in _places(node) if (words := around(value) - {"run"})]
    if not places:
        return
    here = {word for word, there in (("error", node.catch), ("scope", node.always)) if there}
    mapped = node.each.over.keys() if node.each is not None else frozenset[str]()
    waits = getattr(executors.get(node.uses or ""), "waits", None) is not None
    runs_body = node.flow is None and node.loop is None and not waits
    for path, words in places:
        known = here | ({"attempt"} if runs_body and path[0] == "with" else set())
        known |= {"each"} if mapped and path[0] in ("with", "each") and path[1] != "over" else set()
        known |= mapped if path[0] == "each" and path[1] != "over" else set()  # a mapped argument may have that name
        for word in sorted(words - known):
            yield Finding(("tasks", name, *path), _not_there(word, name), word)


def retry_findings(path: Path, name: str, retry: Retry) -> Iterator[Finding]:
    """The same of what a retry asks of an error."""
    if retry.when is not None:
        yield from _retry(
            (*path, "when"), name, retry.when.text, "Ask such as error.status in [429, 503], attempt < 3."
        )
    if of_error(retry.delay):
        yield from _retry(
            (*path, "delay"), name, asked_text(retry.delay), "Ask such as error.retry_after, 5 * attempt."
        )


def around_output(output: Any) -> Iterator[Finding]:
    """The same of what a flow gives."""
    for word in sorted(around(output) - {"run"}):
        yield Finding(("output",), _not_there(word), word)


def _not_there(word: str, node: str = "") -> Problem:
    where, hint = _MEANT[word]
    return Problem("unknown-name", f"`{word}` is there only {where}", node, hint=hint)


def _retry(path: Path, name: str, text: str, hint: str) -> Iterator[Finding]:
    for problem, word in own_problems(text, name):
        yield Finding(path, problem, word)
    roots = {mention.root for mention in mentions(text)}
    if roots.isdisjoint(_OF_RETRY) or roots - _OF_RETRY - OF_RUN:
        message = f"retry.{path[-1]} asks the error of an attempt, or its number, with what is of the run: `{text}`"
        word = min(roots - _OF_RETRY - OF_RUN, default="")
        yield Finding(path, Problem("unknown-name", message, name, hint=hint), word)


def _places(node: NodeSpec) -> Iterator[tuple[Path, Any]]:
    """Where in a node expressions stand, but for retry.when."""
    yield from ((("with", argument), value) for argument, value in node.args.items())
    yield ("when",), node.when
    if node.each is not None:
        yield from ((("each", "over", argument), value) for argument, value in node.each.over.items())
        yield from ((("each", word), getattr(node.each, word)) for word in ("where", "key"))
    if node.loop is not None:
        yield ("loop", "until"), node.loop.until
