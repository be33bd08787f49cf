"""The server: pages, HTTP API and job runner in one ASGI process, which alone owns the workspace."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Mount

from aimass_core.errors import AimassError, SettingsError
from aimass_core.settings import Settings
from app import context, uploads, warm
from app.api import create_api
from app.guard import Guard, is_loopback

_MAIN = Path(__file__).resolve().parent / "main.py"
_GRACE_SECONDS = 3  # for requests under way when the server is told to stop
_BACKLOG = 512


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    try:
        ws = await run_in_threadpool(context.workspace)
        await run_in_threadpool(uploads.sweep, ws)
        await run_in_threadpool(context.runner)
        loading = warm.Warming(ws)
    except AimassError as error:
        print(f"aimass: {error}", file=sys.stderr, flush=True)
        raise
    # Streamlit turns uvicorn's log on again: names of files and subjects have no place in it
    logging.getLogger("uvicorn.access").disabled = True
    try:
        yield
    finally:
        await run_in_threadpool(loading.stop)
        await run_in_threadpool(context.close)


app = st.App(_MAIN, lifespan=_lifespan, routes=[Mount("/api", create_api())], middleware=[Middleware(Guard)])
"""The ASGI application; `aimass up` serves it, and so does `uvicorn app.server:app`."""


def serve(chosen: Settings, *, ready: Callable[[str], None]) -> None:
    """Serve until told to stop (Ctrl-C, SIGTERM).

    Parameters
    ----------
    ready : called with the address once the workspace is open and the server listens.

    Raises
    ------
    SettingsError
        When the port is taken, the address is not this machine's, or it is open to others without a key.
    ConflictError
        When another process holds the workspace.
    """
    check_address(chosen)
    listening = _listen(chosen)
    try:
        context.workspace()  # here, not in the lifespan: an error must reach the person, not uvicorn's log
        ready(address(chosen))
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        with suppress(KeyboardInterrupt):  # uvicorn has ended everything in order before it passes this on
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()
        context.close()


def check_address(chosen: Settings) -> None:
    """Refuse to listen to other machines without a key.

    Raises
    ------
    SettingsError
        When the host is not loopback and there is no key.
    """
    if chosen.api_key is None and not is_loopback(chosen.host):
        raise SettingsError(
            "without a key the server listens on this machine only",
            f"AIMASS_HOST is {chosen.host}",
            "Set AIMASS_API_KEY to serve other machines, or unset AIMASS_HOST",
        )


def address(chosen: Settings) -> str:
    """Return the address to open in a browser."""
    everywhere = chosen.host in ("", "0.0.0.0", "::")
    host = "localhost" if everywhere or is_loopback(chosen.host) else chosen.host
    return f"http://{f'[{host}]' if ':' in host else host}:{chosen.port}"


def _listen(chosen: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        if os.name != "nt":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((chosen.host, chosen.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise SettingsError(
                f"port {chosen.port} must be free",
                "another program listens on it"
                if error.errno == errno.EADDRINUSE
                else "this user may not use it",
                "Stop that program, or set AIMASS_PORT to another port",
            ) from error
        raise SettingsError(
            "AIMASS_HOST must be an address of this machine", f"came '{chosen.host}': {error}", ""
        ) from error
    return listening
