"""Who may talk to the server: the first thing every request meets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aimass_core.settings import settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Refuses what comes from elsewhere.

    Without a configured key the server is for this machine only: the client must be on loopback, and the
    address it asks for must be loopback too, since a page of another site can have its name point here (DNS
    rebinding). With or without a key, a browser may open a session or change something only from a page of
    this server: the origin it names must be the host it asks.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer it with 403."""
        if scope["type"] in ("http", "websocket"):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            reason = self._reason(scope, headers)
            if reason is not None:
                await _refuse(scope, receive, send, reason)
                return
        await self._app(scope, receive, send)

    @staticmethod
    def _reason(scope: Scope, headers: Mapping[str, str]) -> str | None:
        client = (scope.get("client") or ("",))[0]
        if settings().api_key is None and not (is_loopback(client) and is_loopback(host_name(headers))):
            return (
                "Without a key this server answers only its own machine, under the name localhost. "
                "Set AIMASS_API_KEY to serve others."
            )
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and not same_origin(headers):
            return (
                "The page that asks is not one of this server. If a proxy stands between, it must pass the "
                "Host header on."
            )
        return None


def same_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether a request names no origin (no browser does that) or that of the host it asks.

    Parameters
    ----------
    headers : by name in lower case.
    """
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def host_name(headers: Mapping[str, str]) -> str:
    """Return the host a request asks for, without the port and the brackets of an IPv6 address."""
    try:
        return urlsplit("//" + headers.get("host", "")).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this very machine."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


async def _refuse(scope: Scope, receive: Receive, send: Send, reason: str) -> None:
    from starlette.responses import JSONResponse

    problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": reason}
    response = JSONResponse(problem, status_code=403, media_type="application/problem+json")
    if scope["type"] == "websocket" and "websocket.http.response" not in _extensions(scope):
        await send({"type": "websocket.close", "code": 1008, "reason": "forbidden"})
        return
    await response(scope, receive, send)


def _extensions(scope: Scope) -> Iterable[str]:
    return scope.get("extensions") or {}
