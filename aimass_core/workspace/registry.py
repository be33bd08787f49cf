"""Registered models: runs that were given a name and a version to serve under."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aimass_core.errors import ConflictError, NotFoundError, SettingsError
from aimass_core.workspace import audit
from aimass_core.workspace.connection import Workspace, new_id, now

_FIELDS = "model_id, name, version, run_id, note, registered_at, registered_by"
_NAME = re.compile(r"[^\W_](?:[\w .-]{0,78}[\w.-])?", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Model:
    """One version of a registered model."""

    model_id: str
    name: str
    version: int
    run_id: str
    note: str
    registered_at: datetime
    registered_by: str


def checked_name(name: str) -> str:
    """Return a model's name without outer blanks.

    Raises
    ------
    SettingsError
        When it cannot be part of an address.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise SettingsError(
            "a model's name must be 1 to 80 letters, digits, spaces, dots, dashes or underscores",
            f"{name[:100]!r}",
            "Choose another name, such as `credit-default`",
        )
    return name


def register(ws: Workspace, run_id: str, *, name: str, note: str = "", actor: str) -> Model:
    """Register a run as the next version of a model.

    Raises
    ------
    SettingsError
        When the name cannot be part of an address.
    NotFoundError
        When there is no such run.
    ConflictError
        When this run already is a version of that model.
    """
    name = checked_name(name)
    with ws.writing() as cursor:
        if cursor.execute("SELECT 1 FROM runs WHERE run_id = ?", [run_id]).fetchone() is None:
            raise NotFoundError(
                f"run `{run_id}` must exist", "there is none of that id", "Choose another run"
            )
        twin = cursor.execute(
            "SELECT version FROM models WHERE name = ? AND run_id = ?", [name, run_id]
        ).fetchone()
        if twin is not None:
            raise ConflictError(
                f"a run must not be registered twice as `{name}`",
                f"it already is version {twin[0]}",
                "Use that version, or choose another name",
            )
        newest = cursor.execute(
            "SELECT coalesce(max(version), 0) FROM models WHERE name = ?", [name]
        ).fetchone()
        version = int(newest[0]) + 1 if newest else 1
        model = Model(new_id(), name, version, run_id, note, now(), actor)
        cursor.execute(
            f"INSERT INTO models ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [model.model_id, name, version, run_id, note, model.registered_at, actor],
        )
        audit.record(
            cursor,
            "model.register",
            model.model_id,
            {"name": name, "version": version, "run": run_id},
            actor=actor,
        )
    return model


def get(ws: Workspace, ref: str) -> Model:
    """Return a model by id, by `name@version`, or the newest version of `name`.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = _models(ws, "WHERE model_id = ?", [ref]) or _models(
        ws, "WHERE name = ? ORDER BY version DESC LIMIT 1", [ref]
    )
    name, at, number = ref.rpartition("@")
    if not found and at and number.isdecimal() and len(number) < 10:
        found = _models(ws, "WHERE name = ? AND version = ?", [name, int(number)])
    if not found:
        known = sorted({model.name for model in models(ws)})
        raise NotFoundError(
            f"model `{ref}` must be registered",
            "the models are " + ", ".join(f"`{n}`" for n in known[:8])
            if known
            else "no model is registered yet",
            "Register a run on the Evaluate page",
        )
    return found[0]


def models(ws: Workspace) -> list[Model]:
    """Return the newest version of each model, newest first."""
    return _models(
        ws,
        "QUALIFY row_number() OVER (PARTITION BY name ORDER BY version DESC) = 1 "
        "ORDER BY registered_at DESC, model_id DESC",
        [],
    )


def history(ws: Workspace, name: str) -> list[Model]:
    """Return all versions of one model, newest first; none when the name is unknown."""
    return _models(ws, "WHERE name = ? ORDER BY version DESC", [name])


def of_runs(ws: Workspace) -> dict[str, list[Model]]:
    """Return the model versions by the run they serve, oldest first."""
    found: dict[str, list[Model]] = {}
    for model in _models(ws, "ORDER BY registered_at, model_id", []):
        found.setdefault(model.run_id, []).append(model)
    return found


def _models(ws: Workspace, clause: str, parameters: list[Any]) -> list[Model]:
    return [Model(**row) for row in ws.rows(f"SELECT {_FIELDS} FROM models {clause}", parameters)]
