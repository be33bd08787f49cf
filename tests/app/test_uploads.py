from __future__ import annotations

import asyncio
import errno
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aimass_core.errors import NotFoundError, SettingsError
from aimass_core.settings import settings
from app import context, uploads
from app.api import create_api

ROUTE = "/v1/uploads"


class Client:
    """Asks the API in this process, as somebody at an address would."""

    def __init__(self, host: str, address: str) -> None:
        self._host, self._address = host, address

    def ask(self, method: str, route: str, **request: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(create_api(), client=(self._host, 50_000))
            async with httpx.AsyncClient(transport=transport, base_url=self._address) as asking:
                return await asking.request(method, route, **request)

        return asyncio.run(asked())

    def put(self, name: str, content: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("PUT", ROUTE, params={"name": name}, content=content, headers=headers)


def client(host: str = "127.0.0.1", address: str = "http://localhost:8501") -> Client:
    return Client(host, address)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("AIMASS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AIMASS_MAX_UPLOAD_MB", "10")
    settings.cache_clear()
    yield tmp_path / "home"
    context.close()
    settings.cache_clear()


@pytest.fixture
def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMASS_API_KEY", "secret")
    settings.cache_clear()


def kept(home: Path) -> list[str]:
    return [str(path.relative_to(home / "uploads")) for path in (home / "uploads").rglob("*")]


def test_a_file_arrives_whole(home: Path) -> None:
    content = bytes(range(256)) * 36_000  # more than two blocks

    answer = client().put("big.csv", content)

    reply = answer.json()
    assert answer.status_code == 201
    assert (reply["name"], reply["bytes"]) == ("big.csv", len(content))
    assert uploads.path_of(reply["upload"]).read_bytes() == content
    assert uploads.path_of(reply["upload"]).name == "big.csv"


def test_files_are_listed_and_deleted() -> None:
    sent = client().put("a.csv", b"x\n1\n").json()["upload"]

    listed = client().ask("GET", ROUTE).json()
    deleted = client().ask("DELETE", f"{ROUTE}/{sent}")

    assert [(item["upload"], item["name"], item["bytes"]) for item in listed] == [(sent, "a.csv", 4)]
    assert deleted.status_code == 204
    assert client().ask("GET", ROUTE).json() == []
    assert client().ask("DELETE", f"{ROUTE}/{sent}").status_code == 404


def test_an_announced_size_that_is_too_large_is_refused_at_once(home: Path) -> None:
    answer = client().put("a.csv", b"x", headers={"Content-Length": "10000001"})

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "10 MB" in answer.json()["detail"]
    assert kept(home) == []


def test_a_file_that_turns_out_too_large_leaves_nothing(home: Path) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(11):  # sent in parts, no size announced
            yield b"x" * 1_000_000

    answer = client().put("a.csv", blocks())

    assert answer.status_code == 413
    assert kept(home) == []


def test_a_disk_without_room_is_told_before_the_file_is_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]

    answer = client().put("a.csv", b"x")

    assert answer.status_code == 507
    assert answer.json()["title"] == "The disk is full"
    assert kept(home) == []


def test_a_disk_that_fills_up_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        file = real(path, mode, *rest, **named)
        if mode == "wb":

            class Full:
                def __enter__(self) -> Full:
                    return self

                def __exit__(self, *_: object) -> None:
                    file.close()

                def write(self, _: bytes) -> int:
                    raise OSError(errno.ENOSPC, "No space left on device")

            return Full()
        return file

    context.workspace()
    monkeypatch.setattr(Path, "open", full)

    answer = client().put("a.csv", b"x")

    assert answer.status_code == 507
    assert kept(home) == []


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.csv", "a.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\a.csv", "a.csv"),
        ("..", None),
        ("", None),
        ("/", None),
        (".hidden.csv", "hidden.csv"),
        ("a\x00b\n.csv", "ab.csv"),
        ("贷款 🏦.csv", "贷款 🏦.csv"),
        ("x" * 500 + ".csv", "x" * 196 + ".csv"),
        ("贷" * 500, "贷" * 66),
    ],
)
def test_a_name_is_the_last_part_and_fits_a_file_system(given: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(SettingsError):
            uploads.safe_name(given)
    else:
        assert uploads.safe_name(given) == name


@pytest.mark.parametrize("upload", ["", "..", "../..", "*", "01a204ba-03d7-70e4-a1eb-2bbd56300629", "a/b"])
def test_what_is_not_an_upload_is_not_found(upload: str) -> None:
    with pytest.raises(NotFoundError):
        uploads.path_of(upload)


def test_a_page_sends_with_its_token(with_key: None) -> None:
    headers = {"X-Upload-Token": uploads.issue_token(), "Origin": "http://localhost:8501"}

    assert client("10.0.0.7").put("a", b"x", headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer secret"}, 201),
        ({"X-API-Key": "secret"}, 201),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"X-Upload-Token": "9999999999.ab.cd"}, 401),
        ({}, 401),
        ({"Authorization": "Bearer secret", "Origin": "http://evil.example"}, 401),
    ],
)
def test_with_a_key_a_program_must_show_it(with_key: None, headers: dict[str, str], status: int) -> None:
    answer = client().put("a", b"x", headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "address", "headers", "status"),
    [
        ("127.0.0.1", "http://localhost:8501", {}, 201),
        ("127.0.0.1", "http://localhost:8501", {"Origin": "http://localhost:8501"}, 403),
        ("127.0.0.1", "http://localhost:8501", {"Origin": "http://evil.example"}, 403),
        ("127.0.0.1", "http://localhost:8501", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("127.0.0.1", "http://evil.example", {}, 403),
        ("10.0.0.7", "http://localhost:8501", {}, 403),
    ],
)
def test_without_a_key_only_programs_of_this_machine_may_send(
    host: str, address: str, headers: dict[str, str], status: int
) -> None:
    answer = client(host, address).put("a", b"x", headers=headers)

    assert answer.status_code == status


def test_a_token_ends() -> None:
    issued = time.time()
    token = uploads.issue_token(now=issued)

    assert uploads.token_is_valid(token, now=issued + uploads.TOKEN_SECONDS - 2)
    assert not uploads.token_is_valid(token, now=issued + uploads.TOKEN_SECONDS + 2)


@pytest.mark.parametrize("change", ["", "1", "x.y.z", "9999999999.0123456789abcdef."])
def test_a_made_up_token_is_worth_nothing(change: str) -> None:
    assert not uploads.token_is_valid(change)


def test_a_token_cannot_be_prolonged() -> None:
    until, nonce, signature = uploads.issue_token().split(".")

    assert not uploads.token_is_valid(f"{int(until) + 1}.{nonce}.{signature}")


def test_old_and_broken_uploads_are_swept_and_others_kept(home: Path) -> None:
    old = client().put("old.csv", b"x").json()["upload"]
    ws = context.workspace()
    (ws.uploads / "half.part").mkdir()

    early = uploads.sweep(ws)
    late = uploads.sweep(ws, now=time.time() + uploads.KEPT_SECONDS + 60)

    assert (early, late) == (1, 1)
    with pytest.raises(NotFoundError):
        uploads.path_of(old)
