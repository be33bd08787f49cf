"""The server as a process: start, refusals, work that outlives it, and its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.guard import is_loopback, same_origin
from tests.browser.served import free_port

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def server(home: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start a server and wait until it says where it is; end it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", "--json"],
        cwd=ROOT,
        env=os.environ | {"AIMASS_HOME": str(home), "AIMASS_PORT": str(port), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
            if process.stdout is not None:
                process.stdout.read()


def ready(process: subprocess.Popen[str], port: int) -> dict[str, object]:
    """Wait for the line with the address, then for the first answer."""
    assert process.stdout is not None
    said: dict[str, object] = json.loads(process.stdout.readline())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=30).raise_for_status()
        except httpx.TransportError:
            continue
        return said
    raise TimeoutError


def _until(so: Callable[[], Any], *, seconds: float = 30) -> Any:
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not (found := so()) and time.monotonic() < deadline:
        pause.wait(0.02)
    return found


def up(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "up"],
        cwd=ROOT,
        env=os.environ | {"AIMASS_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home, port = tmp_path_factory.mktemp("server") / "home", free_port()
    (home / "uploads" / "broken.part").mkdir(parents=True)
    with server(home, port) as process:
        said = ready(process, port)
        assert said["url"] == f"http://localhost:{port}"
        assert said["loopback_only"] is True
        yield f"http://localhost:{port}", home


def test_pages_and_api_are_served(running: tuple[str, Path]) -> None:
    url, _ = running

    page = httpx.get(url)

    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert httpx.get(f"{url}/_stcore/health").text == "ok"
    assert httpx.get(f"{url}/api/health").json()["status"] == "ok"


def test_what_an_earlier_server_left_half_sent_is_swept(running: tuple[str, Path]) -> None:
    _, home = running

    assert list((home / "uploads").glob("*.part")) == []


def test_a_name_that_points_here_is_refused(running: tuple[str, Path]) -> None:
    url, _ = running

    answer = httpx.get(url, headers={"Host": "evil.example"})

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_session_from_another_sites_page_is_refused(running: tuple[str, Path]) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    address = running[0].replace("http", "ws") + "/_stcore/stream"

    with pytest.raises(InvalidStatus, match="403"):
        connect(address, origin="http://evil.example", subprotocols=["streamlit"])  # type: ignore[list-item,arg-type]


def test_a_session_from_its_own_page_is_taken(running: tuple[str, Path]) -> None:
    from websockets.sync.client import connect

    address = running[0].replace("http", "ws") + "/_stcore/stream"

    with connect(address, origin=running[0], subprotocols=["streamlit"]) as session:  # type: ignore[list-item,arg-type]
        assert session.subprotocol == "streamlit"


def test_a_file_that_breaks_off_leaves_nothing(running: tuple[str, Path]) -> None:
    url, home = running
    port = int(url.rpartition(":")[2])
    head = (
        f"PUT /api/v1/uploads?name=torn.csv HTTP/1.1\r\nHost: localhost:{port}\r\n"
        "Content-Length: 1000\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + b"half")
        begun = _until(lambda: list((home / "uploads").glob("*.part")))

    assert begun
    assert _until(lambda: not list((home / "uploads").glob("*.part")))
    assert not list((home / "uploads").glob("*/torn.csv"))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sends_a_file(running: tuple[str, Path], tmp_path: Path) -> None:
    url, home = running
    (tmp_path / "a.csv").write_bytes(b"x\n1\n")

    done = subprocess.run(
        ["curl", "-sS", "-T", str(tmp_path / "a.csv"), f"{url}/api/v1/uploads?name=a.csv"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    reply = json.loads(done.stdout)
    assert (reply["name"], reply["bytes"]) == ("a.csv", 4)
    assert (home / "uploads" / reply["upload"] / "a.csv").read_bytes() == b"x\n1\n"


def test_a_held_workspace_is_named_with_its_server(running: tuple[str, Path]) -> None:
    url, home = running

    second = up(home, AIMASS_PORT=str(free_port()))
    command = subprocess.run(
        [sys.executable, "-m", "app.cli", "evaluate", "pd", "--json"],
        cwd=ROOT,
        env=os.environ | {"AIMASS_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert second.returncode == 1
    assert url in second.stderr
    assert "Traceback" not in second.stderr
    assert command.returncode == 1
    assert json.loads(command.stdout)["error"]["type"] == "ConflictError"
    assert url in command.stdout


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = up(tmp_path, AIMASS_PORT=str(port))

    assert done.returncode == 1
    assert f"port {port} must be free" in done.stderr


def test_other_machines_are_not_served_without_a_key(tmp_path: Path) -> None:
    done = up(tmp_path, AIMASS_HOST="0.0.0.0", AIMASS_PORT=str(free_port()))

    assert done.returncode == 1
    assert "AIMASS_API_KEY" in done.stderr


def test_an_address_of_another_machine_is_named(tmp_path: Path) -> None:
    done = up(tmp_path, AIMASS_HOST="192.0.2.1", AIMASS_API_KEY="k", AIMASS_PORT=str(free_port()))

    assert done.returncode == 1
    assert "AIMASS_HOST must be an address of this machine" in done.stderr


def test_with_a_key_the_api_demands_it(tmp_path: Path) -> None:
    port = free_port()
    with server(tmp_path, port, AIMASS_API_KEY="secret") as process:
        said = ready(process, port)
        url = f"http://127.0.0.1:{port}"

        without = httpx.get(f"{url}/api/v1/models")
        with_key = httpx.get(f"{url}/api/v1/models", headers={"Authorization": "Bearer secret"})
        upload = httpx.put(f"{url}/api/v1/uploads?name=a.csv", content=b"x")

    assert said["loopback_only"] is False
    assert (without.status_code, with_key.status_code, upload.status_code) == (401, 200, 401)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_told_to_stop_lets_go_of_the_workspace(tmp_path: Path, number: int) -> None:
    port = free_port()
    with server(tmp_path, port) as process:
        ready(process, port)
        process.send_signal(number)
        code = process.wait(30)
        assert process.stderr is not None
        log = process.stderr.read()

    assert code == 0
    assert "Traceback" not in log
    assert not (tmp_path / "server.json").exists()
    with server(tmp_path, port) as again:
        assert ready(again, port)["url"] == f"http://localhost:{port}"


@pytest.mark.parametrize(
    ("host", "so"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_elsewhere(host: str, so: bool) -> None:
    assert is_loopback(host) is so


@pytest.mark.parametrize(
    ("headers", "so"),
    [
        ({"host": "localhost:8501"}, True),
        ({"host": "localhost:8501", "origin": "http://localhost:8501"}, True),
        ({"host": "Bank.example", "origin": "https://bank.example"}, True),
        ({"host": "localhost:8501", "origin": "http://localhost:9000"}, False),
        ({"host": "localhost:8501", "origin": "null"}, False),
        ({"host": "localhost:8501", "origin": "http://evil.example"}, False),
    ],
)
def test_an_origin_must_be_the_host(headers: dict[str, str], so: bool) -> None:
    assert same_origin(headers) is so
