"""Edits of a scorecard's bins that are not trained yet: kept in the session and in the address.

The address makes them survive a reload of the browser and lets them be shared; only the edits of the run
that it names are taken from it.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import cast

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from aimass_core.models.families.scorecard import BinEdit

NAME = "bins"
"""Name in the address."""

_EDITS: TypeAdapter[tuple[BinEdit, ...]] = TypeAdapter(tuple[BinEdit, ...])
_LONGEST = 20_000  # bytes of edits unpacked from an address


def get(run_id: str, trained: tuple[BinEdit, ...]) -> tuple[BinEdit, ...]:
    """Return the draft of a run: that of the session, else of the address, else what it was trained with."""
    key = _key(run_id)
    if key not in st.session_state:
        st.session_state[key] = _from_address(run_id, trained)
    return cast("tuple[BinEdit, ...]", st.session_state[key])


def put(run_id: str, edits: tuple[BinEdit, ...], trained: tuple[BinEdit, ...]) -> None:
    """Keep a changed draft; controls made for the former one are made anew."""
    st.session_state[_key(run_id)] = edits
    st.session_state[f"{_key(run_id)}.round"] = turn(run_id) + 1
    write(run_id, edits, trained)


def write(run_id: str, edits: tuple[BinEdit, ...], trained: tuple[BinEdit, ...]) -> None:
    """Put the draft into the address, or nothing when it is what the run was trained with."""
    if edits != trained:
        packed = packed_edits(run_id, edits)
        if st.query_params.get(NAME) != packed:
            st.query_params[NAME] = packed
    elif NAME in st.query_params:
        del st.query_params[NAME]


def turn(run_id: str) -> int:
    """Return how often the draft was changed, for keys of controls that must start afresh."""
    return int(st.session_state.get(f"{_key(run_id)}.round", 0))


def packed_edits(run_id: str, edits: tuple[BinEdit, ...]) -> str:
    """Return edits as short text for an address."""
    plain = {"run": run_id, "edits": [edit.model_dump(mode="json", exclude_none=True) for edit in edits]}
    packed = zlib.compress(json.dumps(plain, separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpacked(text: str, run_id: str) -> tuple[BinEdit, ...] | None:
    """Return the edits in an address; None when they are of another run, or cannot be read."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        reader = zlib.decompressobj()
        found = json.loads(reader.decompress(packed, _LONGEST))
        if not isinstance(found, dict) or found.get("run") != run_id:
            return None
        return _EDITS.validate_python(tuple(found["edits"]))
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError, ValidationError):
        return None


def _from_address(run_id: str, trained: tuple[BinEdit, ...]) -> tuple[BinEdit, ...]:
    text = st.query_params.get(NAME)
    found = unpacked(text, run_id) if text else None
    return trained if found is None else found


def _key(run_id: str) -> str:
    return f"scorecard.draft.{run_id}"
