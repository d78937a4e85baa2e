#!/bin/sh
# Style, types, floors, and that the committed bundle is what the sources build.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/ruff check .
.venv/bin/ruff format --check stratix_tasks tests benchmarks scripts
.venv/bin/mypy
.venv/bin/lint-imports
sh scripts/widget.sh check
sh scripts/widget.sh build
git diff --exit-code -- stratix_tasks/view/static
