#!/bin/sh
# Front-end tests, then pytest in two processes (tests/conftest.py tells what each gets), whose summary is the last line.
cd "$(dirname "$0")/.."
front=0
unset PYTHONDONTWRITEBYTECODE  # many tests start processes of their own, which would compile all modules each time
if sh scripts/node.sh --version >/dev/null 2>&1 && [ -f widget/package.json ]; then
    sh scripts/widget.sh test || front=1
else
    echo "Skipped: the front end's tests (no Node 20 or newer)."
fi
if ! .venv/bin/python scripts/browser.py >/dev/null 2>&1; then
    echo "Skipped: browser tests (no Chrome or Chromium)."
fi
[ "$front" = 0 ] || echo "The front end's tests failed (see above)."
.venv/bin/python -m pytest -n 2
back=$?
[ "$back" = 0 ] && [ "$front" = 0 ]
