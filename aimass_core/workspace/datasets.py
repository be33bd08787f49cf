"""Data sets and their immutable versions: the list of them, their roles, profiles and rows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.schema import ROW_ID, Column, Schema
from aimass_core.workspace import audit
from aimass_core.workspace.connection import Workspace, new_id, now, quoted

if TYPE_CHECKING:
    import duckdb

_REF = re.compile(r"^(?P<name>.+)@(?P<version>\d+)$")

_SELECT = """
    SELECT v.version_id, v.dataset, v.version, v.parent_id, v.table_name, v.row_count,
        CAST(coalesce(r.columns, v.columns) AS VARCHAR) AS columns, CAST(v.repairs AS VARCHAR) AS repairs,
        v.source_name, v.source_sha256, v.source_bytes, CAST(v.read_options AS VARCHAR) AS read_options,
        v.created_at, v.created_by, v.note
    FROM dataset_versions v LEFT JOIN (
        SELECT version_id, arg_max(columns, set_at) AS columns FROM dataset_roles GROUP BY version_id
    ) r USING (version_id)"""


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version of a data set.

    ``table`` is quoted and qualified, ready for SQL; its first column is ``_row`` (1 = first row of the
    file). ``schema`` has the latest roles. ``repairs`` are all repairs since the raw file, as JSON objects.
    """

    version_id: str
    dataset: str
    version: int
    parent_id: str | None
    table: str
    rows: int
    schema: Schema
    repairs: tuple[dict[str, Any], ...]
    source_name: str
    source_sha256: str
    source_bytes: int
    created_at: datetime
    created_by: str
    note: str
    read_options: dict[str, Any]

    @property
    def ref(self) -> str:
        """The version as people write it: ``name@3``."""
        return f"{self.dataset}@{self.version}"


def new_table() -> str:
    """Return a quoted, qualified name for the table of a new version."""
    return f"data.{quoted('v_' + new_id().replace('-', ''))}"


def checked_name(name: str) -> str:
    """Return a data set's name without outer blanks.

    Raises
    ------
    SettingsError
        When it is empty, longer than 100 characters, or has a control character or ``@``.
    """
    name = name.strip()
    expected = "a data set's name must have 1 to 100 characters, without @ and control characters"
    if not name or len(name) > 100 or "@" in name or any(not c.isprintable() for c in name):
        came = "the name is empty" if not name else f"{name[:100]!r} came"
        raise SettingsError(expected, came, "Choose another name")
    return name


def add_version(
    cursor: duckdb.DuckDBPyConnection,
    *,
    dataset: str,
    table: str,
    schema: Schema,
    rows: int,
    parent: Version | None,
    repairs: Sequence[Mapping[str, Any]] = (),
    source_name: str,
    source_sha256: str,
    source_bytes: int,
    read_options: Mapping[str, Any] | None = None,
    actor: str,
    note: str = "",
) -> str:
    """Record a table as the next version of a data set and return its id.

    Call it inside ``ws.writing()``, beside the statement that made the table, so that both are kept or none.

    Parameters
    ----------
    parent : version it came from; None for the first.
    repairs : all repairs since the raw file, the parent's included.
    source_sha256, source_bytes : of the file as it was uploaded.
    """
    dataset = checked_name(dataset)
    found = cursor.execute(
        "SELECT coalesce(max(version), 0) FROM dataset_versions WHERE dataset = ?", [dataset]
    ).fetchone()
    version_id = new_id()
    cursor.execute(
        f"INSERT INTO dataset_versions VALUES ({', '.join('?' * 16)})",
        [
            version_id,
            dataset,
            (found[0] if found else 0) + 1,
            parent.version_id if parent else None,
            table,
            rows,
            len(schema),
            _columns_json(schema),
            json.dumps([dict(item) for item in repairs], ensure_ascii=False),
            source_name,
            source_sha256,
            source_bytes,
            json.dumps(dict(read_options or {}), ensure_ascii=False),
            now(),
            actor,
            note,
        ],
    )
    return version_id


def versions(ws: Workspace, dataset: str | None = None) -> list[Version]:
    """Return the versions of one data set, or of all, newest first."""
    where = "WHERE v.dataset = ?" if dataset is not None else ""
    rows = ws.rows(
        f"{_SELECT} {where} ORDER BY v.created_at DESC, v.version DESC",
        [dataset] if dataset is not None else [],
    )
    return [_version(row) for row in rows]


def datasets(ws: Workspace) -> list[Version]:
    """Return the newest version of every data set, the most recently changed first."""
    newest: dict[str, Version] = {}
    for version in versions(ws):
        known = newest.get(version.dataset)
        if known is None or version.version > known.version:
            newest[version.dataset] = version
    return sorted(newest.values(), key=lambda version: version.created_at, reverse=True)


def get(ws: Workspace, ref: str) -> Version:
    """Return one version by ``name`` (its newest), ``name@3`` or version id.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    match = _REF.match(ref)
    if match:
        where, parameters = "v.dataset = ? AND v.version = ?", [match["name"], int(match["version"])]
    else:
        where, parameters = "v.dataset = ? OR v.version_id = ?", [ref, ref]
    rows = ws.rows(f"{_SELECT} WHERE {where} ORDER BY v.version DESC LIMIT 1", parameters)
    if rows:
        return _version(rows[0])
    names = [version.dataset for version in datasets(ws)]
    known = ", ".join(f"`{n}`" for n in names[:8]) + (", …" if len(names) > 8 else "")
    came = f"the data sets are {known}" if names else "there is no data set yet"
    raise NotFoundError(f"data set `{ref}` must exist", came, "Choose one of these or import a file")


def set_roles(ws: Workspace, version_id: str, schema: Schema, *, actor: str) -> None:
    """Keep these roles and notes as the present ones of a version."""
    version = get(ws, version_id)
    before = {column.name: column.role for column in version.schema}
    changed = {c.name: c.role for c in schema if before.get(c.name) != c.role}
    with ws.writing() as cursor:
        cursor.execute(
            "INSERT INTO dataset_roles VALUES (?, ?, ?, ?)",
            [version_id, _columns_json(schema), now(), actor],
        )
        audit.record(cursor, "dataset.roles", version_id, {"ref": version.ref, "roles": changed}, actor=actor)


def recipe_json(ws: Workspace, version_id: str, *, at: datetime | None = None) -> dict[str, Any] | None:
    """Return the cleaning recipe attached to a version, or None.

    Parameters
    ----------
    at : the one that was attached at this moment; default: the present one.
    """
    rows = ws.rows(
        "SELECT CAST(recipe AS VARCHAR) AS recipe FROM dataset_recipes "
        "WHERE version_id = ? AND (? IS NULL OR set_at <= ?) ORDER BY set_at DESC LIMIT 1",
        [version_id, at, at],
    )
    return json.loads(rows[0]["recipe"]) if rows else None


def set_recipe(ws: Workspace, version_id: str, recipe: Mapping[str, Any], *, actor: str) -> None:
    """Attach a cleaning recipe to a version; the latest one counts."""
    version = get(ws, version_id)
    text = json.dumps(dict(recipe), ensure_ascii=False)
    with ws.writing() as cursor:
        cursor.execute("INSERT INTO dataset_recipes VALUES (?, ?, ?, ?)", [version_id, text, now(), actor])
        audit.record(cursor, "dataset.recipe", version_id, {"ref": version.ref}, actor=actor)


def profile_json(ws: Workspace, version_id: str, roles_hash: str) -> dict[str, Any] | None:
    """Return the stored profile made under these roles, or None."""
    rows = ws.rows(
        "SELECT CAST(profile AS VARCHAR) AS profile FROM profiles WHERE version_id = ? AND roles_hash = ? "
        "ORDER BY made_at DESC LIMIT 1",
        [version_id, roles_hash],
    )
    return json.loads(rows[0]["profile"]) if rows else None


def set_profile(ws: Workspace, version_id: str, roles_hash: str, profile: Mapping[str, Any]) -> None:
    """Keep a profile for :func:`profile_json`."""
    text = json.dumps(dict(profile), ensure_ascii=False)
    with ws.writing() as cursor:
        cursor.execute("INSERT INTO profiles VALUES (?, ?, ?, ?)", [version_id, roles_hash, text, now()])


def page(
    ws: Workspace,
    version: Version,
    *,
    offset: int = 0,
    limit: int = 50,
    order_by: str | None = None,
    descending: bool = False,
    where_row: int | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return one page of rows; ``_row`` comes first.

    Parameters
    ----------
    offset, limit : rows to skip and to return, at most 10,000.
    order_by : column to sort by, missing values last; None keeps the order of the file.
    where_row : only the row of this number.
    columns : columns to return; None for all.

    Raises
    ------
    DataError
        When a column is not in the data set.
    SettingsError
        When offset or limit is out of range.
    """
    if offset < 0 or not 0 <= limit <= 10_000:
        raise SettingsError("a page must start at 0 or later and have 0 to 10,000 rows", f"{offset}, {limit}")
    select = selected(version, columns)
    if where_row is not None:
        return ws.frame(f"SELECT {select} FROM {version.table} WHERE {ROW_ID} = ?", [where_row])
    if order_by is None or order_by == ROW_ID:
        if not descending and _dense(ws, version):
            return ws.frame(
                f"SELECT {select} FROM {version.table} WHERE {ROW_ID} > ? AND {ROW_ID} <= ? "
                f"ORDER BY {ROW_ID}",
                [offset, offset + limit],
            )
        order = f"{ROW_ID} {'DESC' if descending else 'ASC'}"
    else:
        version.schema.column(order_by)
        order = f"{quoted(order_by)} {'DESC' if descending else 'ASC'} NULLS LAST, {ROW_ID}"
    # Only the sort key is sorted; the other columns are fetched for the rows of the page alone.
    numbers = [
        row[ROW_ID]
        for row in ws.rows(
            f"SELECT {ROW_ID} FROM {version.table} ORDER BY {order} LIMIT ? OFFSET ?", [limit, offset]
        )
    ]
    frame = ws.frame(
        f"SELECT {select} FROM {version.table} WHERE {ROW_ID} IN (SELECT unnest(?))", [numbers or [-1]]
    )
    return frame.set_index(ROW_ID, drop=False).loc[numbers].reset_index(drop=True)


def sample(
    ws: Workspace, version: Version, *, rows: int, seed: int = 0, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return a random sample of rows in the order of the file; ``_row`` comes first.

    The same seed gives the same rows. All rows come when the data set has no more than ``rows``.
    """
    if version.rows <= rows:
        return frame(ws, version, columns)
    return ws.frame(
        f"SELECT {selected(version, columns)} FROM {version.table} WHERE {ROW_ID} IN ("
        f"SELECT {ROW_ID} FROM {version.table} ORDER BY hash({ROW_ID}, ?::BIGINT), {ROW_ID} LIMIT ?) "
        f"ORDER BY {ROW_ID}",
        [seed, rows],
    )


def frame(ws: Workspace, version: Version, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return all rows in the order of the file; ``_row`` comes first."""
    return ws.frame(f"SELECT {selected(version, columns)} FROM {version.table} ORDER BY {ROW_ID}")


def row(ws: Workspace, version: Version, row_id: int) -> dict[str, Any]:
    """Return one row, without ``_row``, as column → value (None is missing).

    Raises
    ------
    NotFoundError
        When the version has no row of that number.
    """
    found = ws.rows(f"SELECT * FROM {version.table} WHERE {ROW_ID} = ?", [row_id])
    if not found:
        raise NotFoundError(
            f"row {row_id:,} must be in `{version.ref}`",
            f"it has {version.rows:,} rows",
            "Rows are numbered as in the file, from 1; cleaning may have dropped this one",
        )
    return {name: value for name, value in found[0].items() if name != ROW_ID}


def row_number(ws: Workspace, version: Version, ref: str) -> int:
    """Return the number of the row that a person names: by its value of the id column, else by its number.

    Raises
    ------
    NotFoundError
        When no row has that id and it is no row's number.
    DataError
        When several rows have that id.
    """
    for column in version.schema.by_role("id"):
        name = f"CAST({quoted(column.name)} AS VARCHAR)"
        found = ws.rows(f"SELECT {ROW_ID} AS n FROM {version.table} WHERE {name} = ? LIMIT 2", [ref])
        if len(found) > 1:
            raise DataError(
                f"one row must have the `{column.name}` '{ref}'", "several have", "Name the row by its number"
            )
        if found:
            return int(found[0]["n"])
    if ref.isascii() and ref.isdigit():
        return int(ref)
    raise NotFoundError(
        f"row '{ref}' must be in `{version.ref}`",
        "no row has that id, and it is not a row's number",
        "Rows are numbered as in the file, from 1",
    )


def value_counts(
    ws: Workspace, version: Version, column: str, *, limit: int = 50
) -> list[tuple[str | None, int]]:
    """Return the most frequent values of a column as text with their counts; None is missing."""
    name = quoted(version.schema.column(column).name)
    rows = ws.rows(
        f"SELECT CAST({name} AS VARCHAR) AS value, count(*) AS n FROM {version.table} "
        "GROUP BY 1 ORDER BY n DESC, value NULLS LAST LIMIT ?",
        [limit],
    )
    return [(item["value"], item["n"]) for item in rows]


def _dense(ws: Workspace, version: Version) -> bool:
    """Whether rows are numbered without gaps, so that a page is a range of row numbers."""
    return bool(ws.rows(f"SELECT max({ROW_ID}) AS top FROM {version.table}")[0]["top"] == version.rows)


def selected(version: Version, columns: Sequence[str] | None) -> str:
    """Return the SQL of these columns, or of all, with ``_row`` first."""
    names = version.schema.names if columns is None else columns
    known = [version.schema.column(name).name for name in names if name != ROW_ID]
    return ", ".join([ROW_ID, *(quoted(name) for name in known)])


def _columns_json(schema: Schema) -> str:
    return json.dumps([column.model_dump() for column in schema], ensure_ascii=False)


def _version(row: dict[str, Any]) -> Version:
    columns = tuple(Column(**item) for item in json.loads(row.pop("columns")))
    return Version(
        table=row.pop("table_name"),
        rows=row.pop("row_count"),
        schema=Schema(columns=columns),
        repairs=tuple(json.loads(row.pop("repairs"))),
        read_options=json.loads(row.pop("read_options")),
        **row,
    )
