#!/bin/sh
# Style, types, floors, and that the front end's messages and bundle are what their sources make.
set -eu
cd "$(dirname "$0")/.."
twice=$(find tests -name 'test_*.py' -exec basename {} \; | sort | uniq -d)
[ -z "$twice" ] || { echo "tests of two folders have one name, so that pytest takes neither: $twice; rename one" >&2; exit 1; }
.venv/bin/ruff check .
.venv/bin/ruff format --check stratix_tasks tests benchmarks scripts
.venv/bin/mypy
.venv/bin/lint-imports
.venv/bin/python scripts/messages.py check
.venv/bin/python scripts/joins.py check
.venv/bin/python scripts/options.py check
.venv/bin/python scripts/definitions.py check
sh scripts/widget.sh check
sh scripts/widget.sh build
git diff --exit-code -- stratix_tasks/view
