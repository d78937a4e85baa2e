"""The words of a definition: the options and fields there are, those of a later version, and names that are taken."""

from __future__ import annotations

from stratix_tasks.spec import fields

TASK = frozenset(option.name for option in fields.TASK if option.of_tasks)
"""Options of a task."""
MAP = frozenset(option.name for option in fields.MAP)
"""Options of a fan-out."""
FLOW = frozenset(option.name for option in fields.FLOW)
"""Options of a flow."""
OF_ALL = frozenset(("defaults", "positions"))
"""What a flow says of its nodes: options for all that say nothing else, and where the editor has put them."""
START = frozenset(("key", "priority", "tags", "until"))
"""Options of one start of a flow."""
GROUP = frozenset(option.name for option in fields.TASK if option.of_flows)
"""Options of a flow that is called in another one."""
LATER = frozenset(
    (
        "alerts",
        "cache",
        "hooks",
        "overlap",
        "resources",
        "schedule",
    )
)
"""Named in the public contract, not in this version."""
BODIES = ("call", "flow", "uses")
"""What a node is: it has exactly one of these fields."""
EXECUTORS_LATER = frozenset(("python",))
RUNNERS_LATER = ("kernel", "dask")
SCOPES = ("inputs", "tasks", "secrets")
"""First words of an expression; no loop variable can have these names."""
SEEN = ("status", "output", "summary")
"""What an expression may ask of a task."""
FACTS = ("rows", "columns", "shape", "type", "length")
"""What `summary` holds."""
FUNCTIONS = frozenset(
    (
        *("size", "string", "int", "uint", "double", "bytes", "type", "dyn", "timestamp", "duration", "has"),
        *("contains", "startsWith", "endsWith", "matches"),
        *("all", "exists", "exists_one", "existsOne", "map", "filter"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    )
)
"""What an expression can call."""
RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "true",
        "var",
        "void",
        "while",
    ]
)
"""Words that CEL keeps for itself, so that no node, input or loop variable can be named so."""
