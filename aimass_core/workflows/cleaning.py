"""Cleaning a data set: suggest a recipe, look at what it does, apply it, take the result away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from aimass_core import device as devices
from aimass_core.clean import distribution
from aimass_core.clean import suggest as suggestion
from aimass_core.clean.distribution import Distribution
from aimass_core.clean.recipe import Recipe, Step
from aimass_core.clean.steps import FittedSteps, fit_steps
from aimass_core.errors import DataError, SettingsError
from aimass_core.features.encoder import Encoder
from aimass_core.intake import repair
from aimass_core.intake import suspects as suspects_of
from aimass_core.intake.change import Change, RuleCount
from aimass_core.intake.suspects import Suspects
from aimass_core.schema import ROW_ID, TEMPORAL, Column, Schema
from aimass_core.settings import Device
from aimass_core.workflows.cleaning_sample import PREVIEW_ROWS, Prepared, prepare, raw_rows
from aimass_core.workspace import audit, datasets, exports
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CleaningPreview:
    """What a recipe would do.

    Attributes
    ----------
    repair_counts : cells and rows by rule, exact, on all rows
    step_counts : the same for steps, on `step_rows` rows; each training learns them anew on its own rows
    changes : some of the changes, from every rule that makes any
    rows_before, rows_after : rows of this version and of the next
    step_rows : rows the steps were tried on; `sampled` says whether they are a sample
    step_rows_kept : those of them that training would use
    device : where the steps ran
    """

    repair_counts: tuple[RuleCount, ...]
    step_counts: tuple[RuleCount, ...]
    changes: tuple[Change, ...]
    rows_before: int
    rows_after: int
    step_rows: int
    step_rows_kept: int
    sampled: bool
    device: str

    @property
    def counts(self) -> tuple[RuleCount, ...]:
        """Counts of repairs, then of steps."""
        return self.repair_counts + self.step_counts


def recipe(ws: Workspace, version: Version) -> Recipe:
    """Return the recipe attached to a version; an empty one when there is none."""
    stored = datasets.recipe_json(ws, version.version_id)
    return Recipe() if stored is None else Recipe.model_validate(stored)


def read_recipe(data: Any) -> Recipe:
    """Read a recipe from JSON values that somebody wrote.

    Raises
    ------
    SettingsError
        When it is not a recipe; names the first fault.
    """
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise SettingsError(
            "a cleaning recipe must have repairs and steps of known kinds",
            f"{place}: {first['msg']}",
            "Change it there",
        ) from error


def suggest(ws: Workspace, version: Version) -> Recipe:
    """Return a first recipe from the findings of the version's profile."""
    from aimass_core.workflows import importing

    return suggestion.suggest(importing.profile(ws, version))


@dataclass(frozen=True, slots=True)
class RepairsTried:
    """What the repairs of a recipe change: counts by rule on all rows, and some of the changes."""

    counts: tuple[RuleCount, ...]
    changes: tuple[Change, ...]


def find_suspects(ws: Workspace, version: Version, columns: Sequence[str]) -> Suspects | None:
    """Return the rows of a version that share their values in these columns with another row."""
    with ws.reading() as cursor:
        return suspects_of.find(cursor, version.table, version.schema, columns)


def try_repairs(
    ws: Workspace, version: Version, recipe: Recipe, *, limit: int = 100, suspects: Suspects | None = None
) -> RepairsTried:
    """Count on all rows what the repairs of a recipe would change, and show up to `limit` changes.

    Parameters
    ----------
    suspects : by :func:`find_suspects`, where they are known; the counts are the same, and come sooner

    Raises
    ------
    DataError, SettingsError
        When a repair does not fit the columns.
    """
    if not recipe.repairs:
        return RepairsTried((), ())
    with ws.reading() as cursor:
        counts, changes = repair.preview(
            cursor, version.table, recipe.repairs, version.schema, limit=limit, suspects=suspects
        )
    return RepairsTried(counts, tuple(changes))


def preview(
    ws: Workspace,
    version: Version,
    recipe: Recipe,
    *,
    limit: int = 100,
    device: Device = "auto",
    repaired: RepairsTried | None = None,
    prepared: Prepared | None = None,
) -> CleaningPreview:
    """Try a recipe without keeping anything.

    Parameters
    ----------
    limit : most changes to show, half for repairs and half for steps
    repaired, prepared : of the same version and repairs, where they are known already; a change of the steps
        then costs nothing else

    Raises
    ------
    DataError, SettingsError
        When the recipe does not fit the columns.
    """
    if repaired is None:
        repaired = try_repairs(ws, version, recipe, limit=limit)
    counts = repaired.counts
    half = max(1, limit // 2) if recipe.steps else limit
    changes = _shared(repaired.changes, half)
    tried = _try_steps(ws, version, recipe, limit=limit - len(changes), device=device, prepared=prepared)
    dropped = sum(count.rows for count in counts if count.column is None)
    return CleaningPreview(
        repair_counts=counts,
        step_counts=tried.counts,
        changes=(*changes, *tried.changes),
        rows_before=version.rows,
        rows_after=version.rows - dropped,
        step_rows=tried.rows,
        step_rows_kept=tried.kept,
        sampled=tried.rows < version.rows,
        device=tried.device,
    )


def apply(ws: Workspace, version: Version, recipe: Recipe, *, actor: str, note: str = "") -> Version:
    """Make the next version by the repairs of a recipe and attach its steps.

    All of it is kept or, on any error, none. Without repairs the steps are attached to this version.

    Raises
    ------
    DataError, SettingsError
        When the recipe does not fit the columns, or its steps leave nothing to train on.
    """
    _try_steps(ws, version, recipe, limit=0, device="auto")
    steps = Recipe(steps=recipe.steps).model_dump(mode="json")
    with ws.writing() as cursor:
        if not recipe.repairs:
            datasets.set_recipe(ws, version.version_id, steps, actor=actor)
            return datasets.get(ws, version.version_id)
        table = datasets.new_table()
        done = repair.apply(cursor, version.table, table, recipe.repairs, version.schema)
        if not done.rows:
            raise DataError("cleaning must leave rows", "no row is left", "Take repairs out of the recipe")
        version_id = datasets.add_version(
            cursor,
            dataset=version.dataset,
            table=table,
            schema=done.schema,
            rows=done.rows,
            parent=version,
            repairs=(*version.repairs, *repair.to_json(done.repairs)),
            source_name=version.source_name,
            source_sha256=version.source_sha256,
            source_bytes=version.source_bytes,
            read_options=version.read_options,
            actor=actor,
            note=note,
        )
        datasets.set_recipe(ws, version_id, steps, actor=actor)
        audit.record(
            cursor,
            "dataset.clean",
            version_id,
            {
                "parent": version.ref,
                "rows_before": version.rows,
                "rows_after": done.rows,
                "repairs": repair.to_json(done.repairs),
                "counts": [count.model_dump() for count in done.counts],
            },
            actor=actor,
        )
        return datasets.get(ws, version_id)


def column_before_after(
    ws: Workspace,
    version: Version,
    recipe: Recipe,
    column: str,
    *,
    device: Device = "auto",
    raw: pd.DataFrame | None = None,
) -> tuple[Distribution, Distribution]:
    """Return the values of one column before and after a recipe, as counts.

    Counted on all rows up to 20,000, else on a seeded sample. Steps act if the column is a feature, learnt on
    these rows; rows that steps leave out of training are left out after. Duplicate rows are counted.

    Parameters
    ----------
    raw : the rows of :func:`aimass_core.workflows.cleaning_sample.raw_rows`, where they are at hand

    Raises
    ------
    DataError, SettingsError
        When there is no such column, or the recipe does not fit it.
    """
    before = version.schema.column(column)
    after = repair.schema_after(recipe.repairs, version.schema).column(column)
    if raw is None:
        raw = datasets.sample(ws, version, rows=PREVIEW_ROWS, columns=[column])
    raw = raw[[ROW_ID, column]]
    repaired, _ = repair.apply_to_frame(raw, recipe.repairs, Schema(columns=(before,)))
    values = repaired[column]
    steps = [part for step in recipe.steps if (part := _for_column(step, after)) is not None]
    if steps:
        encoder = Encoder.fit(repaired, (after,))
        X = encoder.transform(repaired)
        fitted = fit_steps(X, encoder, steps, device=devices.resolve(device))
        values = _decoded(fitted.apply(X, training=True).X[:, 0], fitted, after)
    sampled = len(raw) < version.rows
    return distribution.pair(raw[column], values, (before.kind, after.kind), sampled=sampled)


def _for_column(step: Step, column: Column) -> Step | None:
    """Return a step for one column alone, None when it does nothing to it."""
    if column.role != "feature" or column.kind == "text":
        return None
    if step.columns is not None and column.name not in step.columns:
        return None
    labels = column.kind == "category"
    if (step.kind == "rare" and not labels) or (step.kind == "outliers" and labels):
        return None
    if step.kind == "missing" and step.columns is None and step.method == "constant":
        return step if isinstance(step.constant, str) == labels else None
    return step.model_copy(update={"columns": (column.name,)})


def _decoded(values: NDArray[np.float64], fitted: FittedSteps, column: Column) -> pd.Series[Any]:
    """Return encoded values as what they stand for."""
    import pandas as pd

    if column.kind in ("integer", "number"):
        return pd.Series(values)
    if column.kind in TEMPORAL:
        return pd.Series(pd.to_datetime(values, unit="D").astype("datetime64[s]"))
    if column.kind == "boolean":
        return pd.Series([None if value != value else value == 1 for value in values], dtype=object)
    return pd.Series([fitted.display(0, value) for value in values], dtype=object)


def export(
    ws: Workspace,
    version: Version,
    path: Path,
    format: Literal["csv", "parquet"] = "csv",  # noqa: A002 — the word that people know
) -> None:
    """Write the rows of a version to a file; text that a spreadsheet would run is made harmless in CSV."""
    if format == "csv":
        exports.export_csv(ws, version, path)
    else:
        exports.export_parquet(ws, version, path)


@dataclass(frozen=True, slots=True)
class _Tried:
    counts: tuple[RuleCount, ...] = ()
    changes: tuple[Change, ...] = ()
    rows: int = 0
    kept: int = 0
    device: str = "cpu"


def _try_steps(
    ws: Workspace,
    version: Version,
    recipe: Recipe,
    *,
    limit: int,
    device: Device,
    prepared: Prepared | None = None,
) -> _Tried:
    chosen = devices.resolve(device)
    if not recipe.steps:
        return _Tried(rows=version.rows, kept=version.rows, device=chosen.type)
    if prepared is None:
        prepared = prepare(version, recipe, raw_rows(ws, version))
    fitted = fit_steps(prepared.X, prepared.encoder, recipe.steps, device=chosen)
    applied = fitted.apply(prepared.X, training=True)
    changes = fitted.changes(prepared.X, limit, rows=prepared.rows) if limit > 0 else []
    return _Tried(applied.counts, tuple(changes), len(prepared.X), int(applied.kept.sum()), chosen.type)


def _shared(changes: Sequence[Change], limit: int) -> list[Change]:
    """Return at most `limit` changes, some of every rule and column."""
    by_rule: dict[tuple[str, str | None], list[Change]] = {}
    for change in changes:
        by_rule.setdefault((change.rule, change.column), []).append(change)
    each = max(1, limit // len(by_rule)) if by_rule else 0
    return [change for items in by_rule.values() for change in items[:each]][:limit]
