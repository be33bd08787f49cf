"""Sends a file of any size from the browser to the server's disk, with progress and a way to stop.

Streamlit's own uploader keeps the whole file in the server's memory; this one streams it to the HTTP API.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from aimass_core.settings import settings
from app import uploads

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

ADDRESS = "/api/v1/uploads"

_STATIC = Path(__file__).resolve().parent / "static"
_TOKEN, _TOKEN_UNTIL = "upload.token", "upload.token.until"
_HTML = """
<div class="upload">
  <label for="file">File to send</label>
  <input id="file" type="file">
  <button class="start" type="button" disabled>Send</button>
  <button class="stop" type="button" hidden>Stop</button>
  <progress max="1" value="0" aria-label="Share of the file that was sent" hidden></progress>
  <p class="said" role="status"></p>
</div>
"""


def large_upload(*, key: str) -> str | None:
    """Show the uploader; return the id of the upload once it has arrived whole, for `uploads.path_of`."""
    data = {"address": ADDRESS, "token": _token(), "most": settings().max_upload_mb * 1_000_000}
    result = _component()(key=key, data=data, on_upload_change=_nothing)
    found = result.get("upload")
    return str(found) if found else None


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "aimass_upload",
        html=_HTML,
        css=(_STATIC / "upload.css").read_text("utf-8"),
        js=(_STATIC / "upload.js").read_text("utf-8"),
    )


def _token() -> str:
    """Return this session's token: the same for half its life, so that reruns do not redraw the component."""
    if st.session_state.get(_TOKEN_UNTIL, 0.0) < time.time():
        st.session_state[_TOKEN] = uploads.issue_token()
        st.session_state[_TOKEN_UNTIL] = time.time() + uploads.TOKEN_SECONDS / 2
    return str(st.session_state[_TOKEN])


def _nothing() -> None:
    """The page reruns by itself when the state changes."""
