"""The panel that brings a file into the workspace: where it lies, how it reads, what it shall be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from aimass_core.intake import readers
from aimass_core.intake.readers import FileInfo, Limits, ReadOptions
from aimass_core.settings import settings
from aimass_core.workflows import importing
from aimass_core.workspace.connection import Workspace
from app import forms, state, uploads
from app.exports import file_name
from app.text import code, count, counted, escape, size
from app.upload_component import large_upload

KINDS = ("csv", "tsv", "txt", "data", "gz", "parquet", "xlsx")
UPLOAD_MB = 200
"""Largest file that Streamlit's uploader takes; it keeps the whole file in the server's memory."""
PREVIEW_COLUMNS = 40
"""Columns of the file shown before it is imported."""

_ROUND, _KEPT = "data.import.round", "data.import.kept"
_EXCEL_ONLY, _TEXT_ONLY = ("sheet",), ("encoding", "delimiter", "quote", "decimal")


@dataclass(frozen=True, slots=True)
class Source:
    """A file on the server's disk; an upload is deleted once it is imported, an inbox file never."""

    path: Path
    upload: str | None = None


def panel(ws: Workspace, *, expanded: bool) -> None:
    """Show the whole way from choosing a file to a new data set version."""
    with st.expander("Import a file", expanded=expanded, icon=":material/upload_file:"):
        way = st.segmented_control(
            "Where is the file?", list(_WAYS), default=next(iter(_WAYS)), required=True, key="data.import.way"
        )
        source = _WAYS[way](ws) if way else None
        if source is not None:
            _read(ws, source)


def _from_browser(ws: Workspace) -> Source | None:
    given = st.file_uploader(
        f"CSV, TSV, gzip, Parquet or Excel, up to {UPLOAD_MB} MB",
        type=KINDS,
        key=f"data.import.file.{st.session_state.get(_ROUND, 0)}",
    )
    if given is None:
        return None
    known: dict[str, str] = st.session_state.setdefault(_KEPT, {})
    if given.file_id not in known:
        with uploads.receiving(uploads.safe_name(given.name)) as (upload, file):
            file.write(given.getbuffer())
        known[given.file_id] = upload
    return _uploaded(known[given.file_id])


def _from_stream(ws: Workspace) -> Source | None:
    st.caption(
        f"Goes straight to the server's disk, up to {size(settings().max_upload_mb * 1e6)}. "
        "Keep this page open until it is done."
    )
    arrived = large_upload(key=f"data.import.stream.{st.session_state.get(_ROUND, 0)}")
    waiting = {item.upload: item for item in uploads.pending()}
    if not waiting:
        return None
    chosen = st.selectbox(
        "Files that have arrived and wait",
        list(waiting),
        index=list(waiting).index(arrived) if arrived in waiting else None,
        placeholder="Choose a file",
        format_func=lambda upload: f"{waiting[upload].name} ({size(waiting[upload].bytes)})",
        key=f"data.import.arrived.{arrived or 'none'}",
    )
    return _uploaded(chosen) if chosen else None


def _from_inbox(ws: Workspace) -> Source | None:
    files = importing.inbox_files(ws, settings())
    folder = settings().inbox or ws.home / "inbox"
    if not files:
        st.info(f"The inbox folder on the server is empty. Put a file into {code(folder)} and come back.")
        return None
    by_name = {file.name: file for file in files}
    name = st.selectbox(
        "File in the server's inbox folder",
        list(by_name),
        index=None,
        placeholder="Choose a file",
        format_func=lambda name: f"{name} ({size(by_name[name].bytes)})",
        key="data.import.inbox",
    )
    return Source(by_name[name].path) if name else None


def _uploaded(upload: str) -> Source:
    return Source(uploads.path_of(upload), upload)


_WAYS: dict[str, Callable[[Workspace], Source | None]] = {
    "This computer": _from_browser,
    "This computer, large file": _from_stream,
    "Inbox on the server": _from_inbox,
}


def _read(ws: Workspace, source: Source) -> None:
    key = f"data.import.{file_name(source.path.name)}"
    found = readers.sniff(source.path)
    options = ReadOptions()
    if found.kind == "excel" and len(found.sheets) > 1:
        sheet = st.selectbox("Sheet of the workbook", found.sheets, key=f"{key}.sheet")
        options = ReadOptions(sheet=sheet)
    if found.kind != "parquet" and st.toggle("Read it differently", key=f"{key}.differently"):
        hidden = _TEXT_ONLY if found.kind == "excel" else ()
        values = forms.fields(
            ReadOptions, key=key, initial=options, exclude=(*hidden, *_EXCEL_ONLY), columns=3
        )
        options = forms.build(ReadOptions, values)
        found = readers.sniff(source.path, options)
    _preview(found)
    name = st.text_input("Name of the data set", _stem(source.path.name), max_chars=100, key=f"{key}.name")
    note = st.text_input("Note (optional)", key=f"{key}.note", placeholder="Where it comes from, what for")
    if st.button("Import", type="primary", icon=":material/download_done:", key=f"{key}.go"):
        _import(ws, source, name=name, note=note, options=options)


def _import(ws: Workspace, source: Source, *, name: str, note: str, options: ReadOptions) -> None:
    chosen = settings()
    with st.spinner(f"Importing {escape(source.path.name)}…", show_time=True):
        version = importing.import_file(
            ws,
            source.path,
            name=name,
            options=options,
            limits=Limits.of(chosen),
            actor=chosen.user,
            note=note,
        )
    if source.upload:
        uploads.discard(source.upload)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    state.choose(state.DATASET, version.ref)
    state.flash(
        f"Imported {code(source.path.name)} as {code(version.ref)}: {counted(version.rows, 'row')}, "
        f"{counted(len(version.schema), 'column')}. Check the roles, then clean it."
    )
    st.rerun()


def _preview(found: FileInfo) -> None:
    facts = [found.kind.upper() if found.kind != "excel" else "Excel", size(found.bytes)]
    if found.compression and found.compression != "none":
        facts.append(str(found.compression))
    if found.encoding:
        facts.append(f"encoding {found.encoding}")
    if found.delimiter:
        facts.append("delimiter " + {"\t": "tab", " ": "blank"}.get(found.delimiter, code(found.delimiter)))
    if found.columns:
        facts.append(f"{count(len(found.columns))} columns")
    st.markdown(" · ".join(facts))
    if found.preview:
        shown = list(found.columns[:PREVIEW_COLUMNS])
        if len(shown) < len(found.columns):
            st.caption(f"The first {count(len(shown))} columns:")
        st.dataframe(
            pd.DataFrame([row[: len(shown)] for row in found.preview], columns=shown),
            hide_index=True,
            height=212,
            key="data.import.preview",
            alt="First rows of the file as it will be read",
        )


def _stem(name: str) -> str:
    stem = Path(name).name.replace("@", "-")
    for suffix in (".gz", *(f".{kind}" for kind in KINDS)):
        stem = stem.removesuffix(suffix)
    return stem[:100]
