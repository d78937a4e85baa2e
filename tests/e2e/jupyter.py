"""A real Jupyter server and a real browser for the tests: one server a session, a notebook file a test."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
KERNEL = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel"
START = 90.0
LABEXTENSIONS = Path(__file__).parents[2] / "stratix_tasks" / "view"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Server:
    """JupyterLab (`app="lab"`) or Notebook 7 (`app="notebook"`) on the loopback address, with folders of its own."""

    def __init__(self, root: Path, app: str = "lab") -> None:
        self.root, self.app = root, app
        self.port, self.token = free_port(), secrets.token_hex(16)
        self.home = Path(tempfile.mkdtemp(prefix="stratix-jupyter-"))
        names = {"CONFIG": "c", "DATA": "d", "RUNTIME": "r"}
        env = {**os.environ, **{f"JUPYTER_{name}_DIR": str(self.home / folder) for name, folder in names.items()}}
        env |= {
            "IPYTHONDIR": str(self.home / "i"),
            "STRATIX_STORE": str(root / "store"),
            "STRATIX_CONFIG": str(self.home / "stratix"),
        }
        env |= {"JUPYTERLAB_SETTINGS_DIR": str(self.home / "s"), "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "w")}
        self.log = self.home / "log"
        expose = "LabApp" if app == "lab" else "JupyterNotebookApp"
        self.process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    f"jupyter{app}" if app == "lab" else "notebook",
                    "--no-browser",
                    "--allow-root",
                ),
                *(
                    "--ip=127.0.0.1",
                    f"--port={self.port}",
                    "--ServerApp.port_retries=0",
                    f"--IdentityProvider.token={self.token}",
                ),
                *(f"--ServerApp.root_dir={root}", f"--{expose}.expose_app_in_browser=True"),
                f"--LabServerApp.extra_labextensions_path={LABEXTENSIONS}",
                "--LabApp.news_url=None",
                "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
            ],
            env=env,
            cwd=root,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self._wait()

    def _wait(self) -> None:
        limit = time.monotonic() + START
        while time.monotonic() < limit:
            try:
                urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=2).read()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError(f"Jupyter did not come up:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def notebook(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook; the answer is its address."""
        made: list[dict[str, Any]] = [
            {
                "cell_type": "code",
                "id": f"c{i}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for i, source in enumerate(cells)
        ]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        document = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": made}
        (self.root / f"{name}.ipynb").write_text(json.dumps(document))
        place = f"lab/tree/{name}.ipynb" if self.app == "lab" else f"notebooks/{name}.ipynb"
        return f"{self.url}/{place}?token={self.token}" + ("&reset" if self.app == "lab" else "")


class Notebook:
    """One notebook, open in a page."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        page.goto(url)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_function(f"{KERNEL}?.status=='idle'", timeout=60_000)

    def run_all(self) -> None:
        """Run every cell, without waiting for them."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")

    def run(self, cell: int) -> None:
        """Run one cell to its end."""
        run = """cell => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
            return window.jupyterapp.commands.execute("notebook:run-cell");
        }"""
        self.page.evaluate(run, cell)

    def value(self, expression: str) -> str:
        """The repr of an expression in the kernel; waits for a running cell."""
        asked = f"async e => (await {KERNEL}.requestExecute({{code: '', user_expressions: {{x: e}}}}).done).content.user_expressions.x"
        answer = self.page.evaluate(asked, expression)
        if answer.get("status") != "ok":
            raise AssertionError(f"{expression}: {answer.get('ename')}: {answer.get('evalue')}")
        return str(answer["data"]["text/plain"])

    def execute(self, code: str) -> None:
        """Run code over the page's kernel connection, without waiting for it."""
        self.page.evaluate(f"code => {{ window.stratixDone = {KERNEL}.requestExecute({{code}}).done }}", code)

    def interrupt(self) -> None:
        self.page.evaluate(f"{KERNEL}.interrupt()")
