"""A real server in a process of its own, for tests and benchmarks that need one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Served:
    """A running server: its address, its workspace and its log."""

    url: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """Return a port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def browser_path() -> str | None:
    """Return the path of an installed Chromium, or None (Playwright's own is tried then)."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def serve(home: Path, *, seconds: float = 90, **environment: str) -> Iterator[Served]:
    """Start ``aimass up`` on a free port, wait until it answers, and stop it at the end.

    Raises
    ------
    RuntimeError
        When it ends or does not answer within ``seconds``; the message holds its log.
    """
    port = free_port()
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    settings = {"AIMASS_HOME": str(home), "AIMASS_PORT": str(port), "AIMASS_DEVICE": "cpu", **environment}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + seconds
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not come up:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield Served(url=url, home=home, log=log, process=process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
