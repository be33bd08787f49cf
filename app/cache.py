"""What pages keep between reruns: small results, bounded, keyed by ids that never change their meaning.

`st.cache_data` copies what it returns on every call: cache aggregates, never tables. An argument that begins
with an underscore is not part of the key. A data set version never changes, but its roles do: where they
matter, :func:`roles_key` is part of the key.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import streamlit as st

from aimass_core.clean.recipe import Recipe
from aimass_core.schema import ROW_ID
from aimass_core.settings import Device, settings
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.clean.distribution import Distribution
    from aimass_core.evaluate.report import Report
    from aimass_core.explain.summary import Summary
    from aimass_core.intake.profile import Profile
    from aimass_core.intake.suspects import Suspects
    from aimass_core.workflows.cleaning import CleaningPreview, RepairsTried
    from aimass_core.workflows.cleaning_sample import Prepared

CHANGES = 2_000
"""Most changed cells that are listed one by one."""


def roles_key(version: Version) -> str:
    """Return a short key of a version's present roles."""
    text = "\n".join(f"{column.name}\t{column.role}" for column in version.schema)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def profile(ws: Workspace, version: Version) -> Profile:
    """Return the profile of a version under its present roles."""
    return _profile(ws, version, version.version_id, roles_key(version))


@st.cache_resource(max_entries=16, show_spinner="Reading every column once…")
def _profile(_ws: Workspace, _version: Version, version_id: str, roles: str) -> Profile:
    from aimass_core.workflows import importing

    return importing.profile(_ws, _version)


def preview(ws: Workspace, version: Version, recipe: Recipe) -> CleaningPreview:
    """Return what a recipe would do to a version, with up to :data:`CHANGES` changed cells."""
    return _preview(ws, version, recipe, version.version_id, roles_key(version), recipe.model_dump_json())


@st.cache_resource(max_entries=16, show_spinner="Trying the recipe…")
def _preview(
    _ws: Workspace, _version: Version, _recipe: Recipe, version_id: str, roles: str, recipe: str
) -> CleaningPreview:
    from aimass_core.workflows import cleaning

    repairs = Recipe(repairs=_recipe.repairs)
    key = repairs.model_dump_json()
    return cleaning.preview(
        _ws,
        _version,
        _recipe,
        limit=CHANGES,
        device=settings().device,
        repaired=_repaired(_ws, _version, repairs, version_id, key),
        prepared=_prepared(_ws, _version, repairs, version_id, roles, key) if _recipe.steps else None,
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _repaired(
    _ws: Workspace, _version: Version, _recipe: Recipe, version_id: str, repairs: str
) -> RepairsTried:
    """Keep what repairs change, so that another step does not count all rows again."""
    from aimass_core.intake import repair
    from aimass_core.intake.suspects import telling
    from aimass_core.workflows import cleaning

    rules, _ = repair.every_rule(_recipe.repairs, _version.schema)
    columns = telling(rules, _distinct(_ws, _version, version_id))
    suspects = _suspects(_ws, _version, version_id, columns)
    return cleaning.try_repairs(_ws, _version, _recipe, limit=CHANGES, suspects=suspects)


@st.cache_resource(max_entries=8, show_spinner=False)
def _distinct(_ws: Workspace, _version: Version, version_id: str) -> dict[str, int]:
    """Keep how many different values each column of the sample has."""
    rows = _raw_rows(_ws, _version, version_id)
    return {name: int(rows[name].nunique()) for name in _version.schema.names}


@st.cache_resource(max_entries=8, show_spinner=False)
def _suspects(
    _ws: Workspace, _version: Version, version_id: str, columns: tuple[str, ...]
) -> Suspects | None:
    """Keep the few rows that can be duplicates at all, so that not all rows are compared each time."""
    from aimass_core.workflows import cleaning

    return cleaning.find_suspects(_ws, _version, columns)


@st.cache_resource(max_entries=2, show_spinner=False)
def _prepared(
    _ws: Workspace, _version: Version, _recipe: Recipe, version_id: str, roles: str, repairs: str
) -> Prepared:
    """Keep the sample that steps are tried on: 20,000 rows of numbers, of which nothing travels."""
    from aimass_core.workflows import cleaning_sample

    raw = _raw_rows(_ws, _version, version_id)
    plain = _plain(_ws, _version, version_id, roles)
    return cleaning_sample.prepare(_version, _recipe, raw, plain=plain)


@st.cache_resource(max_entries=2, show_spinner=False)
def _plain(_ws: Workspace, _version: Version, version_id: str, roles: str) -> Prepared:
    """Keep the sample as it is without repairs: a repair then costs no more than the columns it touches."""
    from aimass_core.workflows import cleaning_sample

    return cleaning_sample.prepare(_version, Recipe(), _raw_rows(_ws, _version, version_id))


@st.cache_resource(max_entries=2, show_spinner=False)
def _raw_rows(_ws: Workspace, _version: Version, version_id: str) -> pd.DataFrame:
    """Keep the sample that recipes are tried on; it is read only."""
    from aimass_core.workflows import cleaning_sample

    return cleaning_sample.raw_rows(_ws, _version)


def before_after(
    ws: Workspace, version: Version, recipe: Recipe, column: str
) -> tuple[Distribution, Distribution]:
    """Return the distribution of a column before and after a recipe."""
    roles = roles_key(version)
    return _before_after(ws, version, recipe, column, version.version_id, roles, recipe.model_dump_json())


@st.cache_resource(max_entries=64, show_spinner="Counting before and after…")
def _before_after(
    _ws: Workspace, _version: Version, _recipe: Recipe, column: str, version_id: str, roles: str, recipe: str
) -> tuple[Distribution, Distribution]:
    from aimass_core.workflows import cleaning

    return cleaning.column_before_after(
        _ws,
        _version,
        _recipe,
        column,
        device=settings().device,
        raw=_raw_rows(_ws, _version, version_id),
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def device(setting: Device) -> dict[str, Any]:
    """Return what the device is (name, memory in bytes, threads), found out once per process."""
    from aimass_core import device as devices

    return devices.describe(setting)


@st.cache_resource(max_entries=32, show_spinner=False)
def report(_ws: Workspace, run_id: str) -> Report:
    """Return the evaluation of a run; a run never changes."""
    from aimass_core.workflows import evaluating

    return evaluating.report(_ws, run_id)


@st.cache_resource(max_entries=32, show_spinner="Explaining a sample of the test rows…")
def summary(_ws: Workspace, run_id: str) -> Summary:
    """Return the explanation of a run as a whole; a run never changes."""
    from aimass_core.workflows import explaining

    return explaining.global_explanation(_ws, run_id)


@st.cache_resource(max_entries=2, show_spinner=False)
def tested(_ws: Workspace, run_id: str) -> pd.DataFrame:
    """Return the scores of a run's test rows, shared and read only: _row, part, y, probability, log_odds."""
    from aimass_core.workflows import evaluating

    scored = evaluating.scores(_ws, run_id)
    return scored[scored["part"] == "test"]


def last_row(ws: Workspace, version: Version) -> int:
    """Return the number of the last row; cleaning keeps the file's numbers, so it may exceed the count."""
    return _last_row(ws, version, version.version_id)


@st.cache_resource(max_entries=256, show_spinner=False)
def _last_row(_ws: Workspace, _version: Version, version_id: str) -> int:
    found = datasets.page(_ws, _version, limit=1, order_by=ROW_ID, descending=True, columns=[])
    return int(found[ROW_ID].iloc[0]) if len(found) else 1
