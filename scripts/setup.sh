#!/bin/sh
# Makes .venv and installs the package into it. Needs Python >= 3.11; says what is missing.
set -eu
cd "$(dirname "$0")/.."

find_python() {
    for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    echo "stratix-tasks needs Python 3.11 or newer; none is on PATH. Install it, or set PYTHON=/path/to/python." >&2
    exit 1
fi

if [ ! -x .venv/bin/python ]; then
    rm -rf .venv
    if ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            echo "The venv module is missing: installing python$version-venv"
            apt-get update -qq && apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
            "$python" -m venv .venv
        else
            echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt-get install python$version-venv" >&2
            exit 1
        fi
    fi
fi
.venv/bin/python -m pip install -q -e . 
