"""The commands that serve: one's own workspace, or the demo."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from aimass_core.errors import ConflictError, NotFoundError
from aimass_core.settings import settings
from app import context
from app.cli_reply import Reply, say
from app.cli_workspace import announced, held

_SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"


def up(*, answer: Callable[[Reply], None]) -> None:
    """Serve the workspace until told to stop; `answer` is called once with the address."""
    _serve({}, answer)


def demo(*, serve: bool, answer: Callable[[Reply], None]) -> None:
    """Fill the demo workspace if it is not yet, then serve it."""
    if "AIMASS_HOME" not in os.environ:
        os.environ["AIMASS_HOME"] = str(Path.home() / ".aimass-demo")
        settings.cache_clear()
    from aimass_core.workflows.demo import ensure_demo

    if not (_SAMPLES / "applications.csv").exists():
        raise NotFoundError(
            "the sample data must be there", f"{_SAMPLES} lacks it", "Run `python -m sample_data.generate`"
        )
    if serve:
        from app.server import check_address

        check_address(settings())
    try:
        try:
            ws = context.workspace()
        except ConflictError as error:
            raise held(error) from error
        filled = ensure_demo(ws, context.runner(), files=_SAMPLES, actor=settings().user, say=say)
        data = {"home": str(settings().home), **filled.as_json()}
        if not serve:
            answer(Reply({"url": None, **data}, f"The demo workspace is in {settings().home}."))
            return
        _serve(data, answer)
    finally:
        context.close()


def _serve(data: dict[str, Any], answer: Callable[[Reply], None]) -> None:
    from app.server import serve

    chosen = settings()
    with ExitStack() as while_serving:

        def ready(url: str) -> None:
            while_serving.enter_context(announced(chosen.home, url, os.getpid()))
            who = (
                "Only this machine is served; set AIMASS_API_KEY to serve others."
                if chosen.api_key is None
                else f"Listening on {chosen.host}. The HTTP API demands the key; the pages have no login, "
                "so let only a network or a proxy that you trust reach them."
            )
            reply = {"url": url, "home": str(chosen.home), "loopback_only": chosen.api_key is None, **data}
            answer(Reply(reply, f"AI Mass is at {url}\n{who}\nWorkspace: {chosen.home}. Stop with Ctrl-C."))

        try:
            serve(chosen, ready=ready)
        except ConflictError as error:
            raise held(error) from error
