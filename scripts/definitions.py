"""The page on definitions of other engines, with their lines beside ours: `python scripts/definitions.py` writes
docs/definitions.md, `… check` tells whether it is so.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE, FOLDER = ROOT / "docs" / "definitions.md", ROOT / "tests" / "definitions"
ARGO, KESTRA = "argoproj/argo-workflows `examples", "kestra-io/kestra `core/src/test/resources/flows/valids"
CONDUCTOR, SERVERLESS = "conductor-oss/conductor", "serverlessworkflow/specification `examples"
HARNESS = f"{CONDUCTOR} `test-harness/src/test/resources"
ORIGINALS: dict[str, tuple[str, int]] = {
    "argo_map_reduce": (f"{ARGO}/map-reduce.yaml`", 126),
    "argo_retry_backoff": (f"{ARGO}/retry-backoff.yaml`", 21),
    "argo_retry_conditional": (f"{ARGO}/retry-conditional.yaml`", 44),
    "argo_loops_sequence": (f"{ARGO}/loops-sequence.yaml`", 66),
    "argo_dag_enhanced_depends": (f"{ARGO}/dag-enhanced-depends.yaml`", 44),
    "argo_status_reference": (f"{ARGO}/status-reference.yaml`", 34),
    "argo_coinflip_recursive": (f"{ARGO}/coinflip-recursive.yaml`", 30),
    "argo_exit_handlers": (f"{ARGO}/exit-handlers.yaml`", 40),
    "argo_exit_handler_dag_level": (f"{ARGO}/exit-handler-dag-level.yaml`", 48),
    "argo_parameter_aggregation_dag": (f"{ARGO}/parameter-aggregation-dag.yaml`", 89),
    "argo_skipped_output_defaults": (f"{ARGO}/skipped-output-defaults/` (three files)", 101),
    "argo_dag_targets": (f"{ARGO}/dag-targets.yaml`", 46),
    "argo_synchronization_tmpl_level": (f"{ARGO}/synchronization-tmpl-level.yaml`", 28),
    "kestra_inputs": (f"{KESTRA}/inputs.yaml`", 147),
    "kestra_restart_local_errors": (f"{KESTRA}/restart_local_errors.yaml`", 22),
    "kestra_each_switch": (f"{KESTRA}/each-switch.yaml`", 41),
    "kestra_waitfor_max_duration": (f"{KESTRA}/waitfor-max-duration.yaml`", 15),
    "kestra_pause_on_resume": (f"{KESTRA}/pause_on_resume.yaml`", 16),
    "conductor_saga_order_fulfillment": (
        f"{CONDUCTOR} `docs/devguide/cookbook/assets/saga-order-fulfillment.json` (without the compensation beside it)",
        75,
    ),
    "conductor_fork_join_sync_optional_fail": (f"{HARNESS}/fork_join_sync_optional_fail_integration_test.json`", 49),
    "conductor_do_while": (f"{HARNESS}/do_while_integration_test.json`", 117),
    "conductor_exclusive_join": (f"{HARNESS}/exclusive_join_integration_test.json`", 114),
    "serverless_try_catch_then": (f"{SERVERLESS}/try-catch-then.yaml`", 39),
    "serverless_try_catch_retry_reusable": (f"{SERVERLESS}/try-catch-retry-reusable.yaml`", 29),
    "serverless_fork": (f"{SERVERLESS}/fork.yaml`", 26),
}
"""Where each definition comes from, and its lines there that are neither blank nor a comment."""
HEAD = """# Definitions of other engines

Each of these says in our words what a definition of another engine does, once as a document and once in Python. Both are in
`tests/definitions`; the tests there run them and compare their values, how they end, and how each of their nodes does.

Lines that are blank or a comment do not count. To a document those of the functions are added which it calls of the Python
module beside it; the plugins and workers that an original names and holds no code of are in `definition_workers.py`.

| definition | what it shows | of | its lines | our document | our Python |
|---|---|---|---|---|---|
"""
_CALLED = re.compile(r"\b(?:call|undo): (\w+):(\w+)")


def lines(text: str) -> int:
    """Those that are neither blank nor a comment."""
    return sum(1 for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def counted(name: str) -> tuple[int, int]:
    """The lines of a definition: of its document with what that calls of its own module, and of its Python."""
    document, code = (FOLDER / f"{name}.yaml").read_text(), (FOLDER / f"{name}.py").read_text()
    called = {function for module, function in _CALLED.findall(document) if module == name}
    own = [part for part in ast.parse(code).body if isinstance(part, ast.FunctionDef) and part.name in called]
    functions = sum(len(part.decorator_list) + lines(ast.get_source_segment(code, part) or "") for part in own)
    return lines(document) + functions, lines(code)


def about(name: str) -> str:
    """What it shows: the first line of its Python."""
    told = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text())) or ""
    return told.splitlines()[0]


def page() -> str:
    rows = []
    for name, (where, theirs) in ORIGINALS.items():
        document, code = counted(name)
        rows.append(f"| `{name}` | {about(name)} | {where} | {theirs} | {document} | {code} |\n")
    return "".join([HEAD, *rows])


def main(asked: list[str]) -> int:
    if asked == ["check"]:
        same = PAGE.exists() and PAGE.read_text() == page()
        print(
            "docs/definitions.md is as counted" if same else "docs/definitions.md is old: python scripts/definitions.py"
        )
        return 0 if same else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
