"""The rows that a cleaning recipe is tried on: some of a version, repaired and encoded as for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aimass_core.clean.recipe import Recipe
from aimass_core.features.encoder import Encoder
from aimass_core.intake import repair
from aimass_core.intake.repair_sql import CellRule
from aimass_core.schema import ROW_ID, Column, Schema
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PREVIEW_ROWS = 20_000
"""Steps are previewed on all rows up to this many, else on a seeded sample of this size."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Repaired and encoded rows, shape (n, p), that steps are tried on, with their row numbers."""

    encoder: Encoder
    X: NDArray[np.float64]
    rows: NDArray[np.int64]


def raw_rows(ws: Workspace, version: Version) -> pd.DataFrame:
    """Return the rows that recipes are tried on, as they are in the version; `_row` comes first."""
    return datasets.sample(ws, version, rows=PREVIEW_ROWS)


def prepare(
    version: Version, recipe: Recipe, raw: pd.DataFrame, *, plain: Prepared | None = None
) -> Prepared:
    """Repair and encode the rows of :func:`raw_rows`.

    Parameters
    ----------
    plain : the same rows prepared without any repair, where they are at hand: columns that no repair touches
        are taken from them.

    Raises
    ------
    DataError, SettingsError
        When a repair does not fit the columns.
    """
    columns = features(version.schema, recipe)
    if plain is None:
        return _encoded(version, recipe, columns, raw)
    rules, _ = repair.every_rule(recipe.repairs, version.schema)
    touched = {rule.column for rule in rules if isinstance(rule, CellRule)}
    anew = tuple(c for c in columns if c.name in touched or c.name not in plain.encoder.names)
    if not anew and columns == plain.encoder.columns:
        return plain
    parts = [plain] if not anew else [_encoded(version, recipe, anew, raw), plain]
    labels: dict[str, tuple[str, ...]] = {}
    X = np.empty((len(raw), len(columns)), dtype=np.float64)
    for j, column in enumerate(columns):
        part = next(part for part in parts if column.name in part.encoder.names)
        X[:, j] = part.X[:, part.encoder.names.index(column.name)]
        if column.kind == "category":
            labels[column.name] = part.encoder.labels[column.name]
    return Prepared(Encoder(columns, labels), X, plain.rows)


def features(schema: Schema, recipe: Recipe) -> tuple[Column, ...]:
    """Return the columns that steps work on: features as they are after the repairs, free text left out."""
    after = repair.schema_after(recipe.repairs, schema)
    return tuple(column for column in after.by_role("feature") if column.kind != "text")


def _encoded(version: Version, recipe: Recipe, columns: Sequence[Column], raw: pd.DataFrame) -> Prepared:
    names = {column.name for column in columns}
    before = Schema(columns=tuple(column for column in version.schema if column.name in names))
    frame = repair.apply_to_frame(raw, recipe.repairs, before)[0]
    encoder = Encoder.fit(frame, tuple(columns))
    return Prepared(encoder, encoder.transform(frame), frame[ROW_ID].to_numpy())
