"""The rows of a training: read, divided, cleaned and encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import TypeAdapter

from aimass_core.clean.recipe import Step
from aimass_core.clean.steps import fit_steps
from aimass_core.device import resolve
from aimass_core.errors import DataError
from aimass_core.features.encoder import Encoder
from aimass_core.schema import ROW_ID
from aimass_core.split import Split, split, split_unlabelled
from aimass_core.workflows.target import labels

if TYPE_CHECKING:
    from aimass_core.clean.steps import FittedSteps
    from aimass_core.schema import Column
    from aimass_core.workflows.training import TrainingSpec

Matrix = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Values = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that have a target, and all of them for the reference.

    Attributes
    ----------
    y : 1 for the positive class; 0 for all rows when there is no target.
    """

    everything: pd.DataFrame
    frame: pd.DataFrame
    y: Ints
    without_target: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an estimator is fitted to; in order of time when rows are divided by time.

    Attributes
    ----------
    kept : positions of the training rows that cleaning left, of all rows.
    held_out : matrix and target of the validation rows, in the order of their positions; None without any.
    groups : group of each training row; None unless rows are divided by group.
    """

    encoder: Encoder
    steps: FittedSteps
    X: Matrix
    y: Ints
    kept: Ints
    held_out: tuple[Matrix, Ints] | None
    domain: Values | None
    groups: Values | None


def read(path: Path, spec: TrainingSpec) -> Rows:
    """Read the rows of a job.

    Raises
    ------
    DataError
        When no row has a target.
    """
    everything = pd.read_parquet(path)
    if spec.target is None:
        return Rows(everything, everything, np.zeros(len(everything), dtype=np.int64), 0)
    found = labels(everything[spec.target])
    known = np.array([label is not None for label in found], dtype=bool)
    if not known.any():
        raise DataError(
            f"target `{spec.target}` must have values", "all are missing", "Choose another target"
        )
    frame = everything.loc[known].reset_index(drop=True)
    y = np.isin(found[known].astype(str), list(spec.positive or ())).astype(np.int64)
    return Rows(everything, frame, y, int((~known).sum()))


def divide(rows: Rows, spec: TrainingSpec) -> Split:
    """Divide the rows; by time, each part is in order of time, rows of one moment in file order."""
    config = spec.split
    moments = rows.frame[config.time_column].to_numpy() if config.time_column else None
    groups = rows.frame[config.group_column].to_numpy(dtype=object) if config.group_column else None
    if spec.target is None:
        parts = split_unlabelled(len(rows.frame), config=config, time=moments, groups=groups)
    else:
        parts = split(rows.y, config=config, time=moments, groups=groups)
    if moments is None:
        return parts
    _, rank = np.unique(moments, return_inverse=True)

    def ordered(part: Ints) -> Ints:
        return part[np.argsort(rank[part], kind="stable")]

    return replace(parts, train=ordered(parts.train), validation=ordered(parts.validation))


def prepare(
    rows: Rows,
    parts: Split,
    features: tuple[Column, ...],
    recipe: Sequence[dict[str, Any]],
    spec: TrainingSpec,
) -> Prepared:
    """Learn cleaning and encoding on the training rows and apply them to training and validation rows.

    Parameters
    ----------
    recipe : the steps of the data set's recipe, as JSON values.
    """
    training = rows.frame.iloc[parts.train]
    encoder = Encoder.fit(training, features)
    encoded = encoder.transform(training)
    steps = fit_steps(encoded, encoder, _steps(recipe, encoder.names), device=resolve(spec.device))
    applied = steps.apply(encoded, training=True)
    kept = parts.train[applied.kept]
    held_out = None
    if len(parts.validation):
        found = steps.apply(encoder.transform(rows.frame.iloc[parts.validation])).X
        held_out = (found, rows.y[parts.validation])
    return Prepared(
        encoder=encoder,
        steps=steps,
        X=applied.X,
        y=rows.y[kept],
        kept=kept,
        held_out=held_out,
        domain=named(rows, kept, spec.domain),
        groups=named(rows, kept, spec.split.group_column),
    )


def unlabelled(rows: Rows, parts: Split, prepared: Prepared, spec: TrainingSpec) -> Matrix:
    """Return the matrix of the rows without a target, for estimators that learn from them too, shape (m, p).

    When rows are divided by time, those later than the training rows are left out: the test stands for a time
    that nothing is known of yet. So are rows of a group that is tested, and all cleaning would drop.
    """
    frame = rows.everything
    none = ~frame[ROW_ID].isin(rows.frame[ROW_ID]).to_numpy()
    config = spec.split
    if config.time_column and none.any():
        moments = frame[config.time_column]
        none &= (moments <= rows.frame[config.time_column].iloc[parts.train].max()).to_numpy(dtype=bool)
    if config.group_column and none.any():
        tested = rows.frame[config.group_column].iloc[parts.test].dropna()
        none &= ~frame[config.group_column].isin(tested).to_numpy()
    encoded = prepared.encoder.transform(frame.loc[none])
    return prepared.steps.apply(encoded, training=True).X


def named(rows: Rows, kept: Ints, column: str | None) -> Values | None:
    """Return the labels of a column, those that are missing as one more; None without a column."""
    if column is None:
        return None
    names = labels(rows.frame[column].iloc[kept])
    return np.array(["missing" if name is None else name for name in names])


def _steps(items: Sequence[dict[str, Any]], names: Sequence[str]) -> tuple[Step, ...]:
    """Return the recipe's steps on the features; a step on none of them is left out."""
    found: list[Step] = []
    for step in TypeAdapter(tuple[Step, ...]).validate_python(tuple(items)):
        if step.columns is None:
            found.append(step)
            continue
        kept = tuple(name for name in step.columns if name in names)
        if kept:
            found.append(step.model_copy(update={"columns": kept}))
    return tuple(found)
