"""Who may call the HTTP API: loopback without a key, anyone who shows the key with one."""

from __future__ import annotations

import hmac

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api_problems import Problem, Refusal, refused, response
from app.guard import host_name, is_loopback, same_origin

MAX_BODY = 50_000_000
"""Largest request body, in bytes; files have a route of their own."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ApiGuard:
    """Refuses requests before anything reads them.

    In this order: the API key if one is set, otherwise an address and a Host that are this machine's own (a
    web page elsewhere can point its own name at 127.0.0.1); an Origin other than this server's on requests
    that change something (there is no login yet whose token could show that the request is meant); a body
    that is too large.

    Parameters
    ----------
    api_key : key to demand; None serves this machine only.
    uploads : path whose routes stream large bodies to disk; they check key, caller and size themselves.
    open_path : path that answers without the key, for monitors.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        api_key: SecretStr | None,
        uploads: str = "/v1/uploads",
        open_path: str = "/health",
        max_body: int = MAX_BODY,
    ) -> None:
        self._app = app
        self._key = api_key.get_secret_value().encode() if api_key is not None else None
        self._uploads = uploads
        self._open_path = open_path
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path = scope["path"]
        route = path.removeprefix(scope.get("root_path", ""))
        if route == self._uploads or route.startswith(self._uploads + "/"):
            await self._app(scope, receive, send)
            return
        problem = (
            self._caller(scope, headers, path, route)
            or self._origin(scope, headers, path)
            or self._announced_size(headers, path)
        )
        if problem is not None:
            extra = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
            await response(problem, extra)(scope, receive, send)
            return
        await self._app(scope, self._counted(receive, path), send)

    def _caller(self, scope: Scope, headers: Headers, path: str, route: str) -> Problem | None:
        if self._key is not None:
            if route == self._open_path or hmac.compare_digest(_shown_key(headers), self._key):
                return None
            return refused(
                401,
                "key",
                "The API key is missing or wrong",
                path,
                expected="every request must show the API key",
                came="another key came" if _shown_key(headers) else "no key came",
                todo="Send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
            )
        client = (scope.get("client") or ("",))[0]
        if is_loopback(client) and is_loopback(host_name(headers)):
            return None
        return refused(
            403,
            "local-only",
            "This server answers its own machine only",
            path,
            expected="without an API key, requests must come from this machine and to localhost",
            came="this one came from or to another name",
            todo="Set AIMASS_API_KEY on the server and send that key",
        )

    def _origin(self, scope: Scope, headers: Headers, path: str) -> Problem | None:
        origin = headers.get("origin")
        foreign = not same_origin(headers) or headers.get("sec-fetch-site") == "cross-site"
        if scope["method"] in _SAFE or not foreign:
            return None
        return refused(
            403,
            "origin",
            "Web pages of other sites may not call this API",
            path,
            expected="a request of a browser must come from this server's own pages",
            came=f"it came from {origin or 'another site'}",
            todo="Call the API from a program, or from this server's pages",
        )

    def _announced_size(self, headers: Headers, path: str) -> Problem | None:
        length = headers.get("content-length", "0")
        return self._too_large(path) if length.isdecimal() and int(length) > self._max_body else None

    def _too_large(self, path: str) -> Problem:
        return refused(
            413,
            "too-large",
            "The request is too large",
            path,
            expected=f"a request must have at most {self._max_body / 1e6:,.0f} MB",
            came="this one has more",
            todo="Send the rows in parts, or score them as a file",
        )

    def _counted(self, receive: Receive, path: str) -> Receive:
        """Pass the body on while it is small enough, whatever length was announced."""
        seen = 0

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_body:
                raise Refusal(self._too_large(path))
            return message

        return counting


def _shown_key(headers: Headers) -> bytes:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    shown = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    return shown.encode("latin-1", "replace")
