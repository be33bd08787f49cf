"""The cases among which similar ones are looked for: rows of a run's data, or decisions of its model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError, NotFoundError
from aimass_core.schema import ROW_ID
from aimass_core.workflows import evaluating
from aimass_core.workflows.rows import to_frame
from aimass_core.workspace import datasets, registry, runs
from aimass_core.workspace import similar as stored
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from aimass_core.workspace.similar import Past

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle

PoolName = Literal["test", "all", "decisions"]

MOST_ROWS = 100_000
"""Most rows that are searched by features; of more, a random sample is."""
MOST_DECISIONS = 5_000
"""Most stored decisions that are searched, the newest."""
_MOST_CELLS = 20_000_000  # 80 MB as float32, whatever the number of features
_CHUNK = 10_000

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pool:
    """Cases among which to look, prepared once.

    Attributes
    ----------
    X : prepared rows, shape (n, p). rows : their row numbers, or places among `past`; shape (n,).
    y : 1 really bad, 0 really good, NaN unknown; shape (n,).
    of : how many there are in all. skipped : decisions that this model cannot take.
    """

    name: PoolName
    X: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    y: Vector
    of: int
    past: tuple[Past, ...] = ()
    skipped: int = 0


def pool(ws: Workspace, run_id: str, name: PoolName) -> Pool:
    """Prepare the cases of a run's data or of its model's decisions, to be searched by features.

    Raises
    ------
    NotFoundError
        When there are none.
    """
    bundle = evaluating.bundle(ws, run_id)
    if name == "decisions":
        return _decided(ws, bundle, run_id)
    version = datasets.get(ws, runs.get(ws, run_id).version_id)
    most = min(MOST_ROWS, max(1, _MOST_CELLS // max(1, bundle.reference.shape[1])))
    if name == "test":
        scores = evaluating.scores(ws, run_id)
        every = np.sort(scores.loc[scores["part"] == "test", ROW_ID].to_numpy(dtype=np.int64))
        if not len(every):
            raise NotFoundError("the run must have test rows", "it has none", "Look among all rows")
        of = len(every)
        if of > most:
            every = np.sort(np.random.default_rng(0).choice(every, most, replace=False))
        numbers = every.tolist()
    else:
        of, numbers = version.rows, stored.sampled_rows(ws, version, rows=most)
    parts = list(_read(ws, bundle, version, numbers))
    return Pool(
        name=name,
        X=np.concatenate([part[0] for part in parts]),
        rows=np.concatenate([part[1] for part in parts]),
        y=np.concatenate([part[2] for part in parts]),
        of=of,
    )


def model_names(ws: Workspace, run_id: str) -> list[str]:
    """Return the names of the models that a run is a version of."""
    return list(dict.fromkeys(model.name for model in registry.of_runs(ws).get(run_id, [])))


def decided(ws: Workspace, run_id: str) -> tuple[int, str]:
    """Return how many decisions the model of a run made, and the id of the newest."""
    return stored.latest_decision(ws, model_names(ws, run_id))


def _read(
    ws: Workspace, bundle: Bundle, version: Version, numbers: Sequence[int]
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], Vector]]:
    """Give prepared rows, their numbers and outcomes, in chunks."""
    for start in range(0, len(numbers), _CHUNK):
        frame = stored.rows_of(ws, version, numbers[start : start + _CHUNK], _columns(bundle))
        X = bundle.prepare(frame, repaired=True).X.astype(np.float32)
        yield X, frame[ROW_ID].to_numpy(dtype=np.int64), _targets(bundle, frame)


def _columns(bundle: Bundle) -> list[str]:
    names = [column.name for column in bundle.input_columns]
    target = bundle.manifest.target
    return [*names, target] if target is not None and target not in names else names


def _targets(bundle: Bundle, frame: pd.DataFrame) -> Vector:
    if bundle.manifest.target is None:
        return np.full(len(frame), np.nan)
    return outcomes(bundle, frame[bundle.manifest.target])


def outcomes(bundle: Bundle, values: pd.Series[Any]) -> Vector:
    """Return target values as 1 (bad), 0 (good) or NaN (unknown)."""
    from aimass_core.workflows.target import labels

    sides = dict.fromkeys(bundle.manifest.negative, 0.0) | dict.fromkeys(bundle.manifest.positive, 1.0)
    return np.array([sides.get(label, math.nan) for label in labels(values)], dtype=np.float64)


def _decided(ws: Workspace, bundle: Bundle, run_id: str) -> Pool:
    names = model_names(ws, run_id)
    found = stored.past_decisions(ws, names, limit=MOST_DECISIONS)
    kept, parts, skipped = [], [], 0
    for model_id in dict.fromkeys(item.model_id for item in found):
        group = [item for item in found if item.model_id == model_id]
        fits = [
            item for item in group if {column.name for column in bundle.input_columns} <= set(inputs(item))
        ]
        try:
            X = bundle.prepare(to_frame([inputs(item) for item in fits], bundle.input_columns)).X
        except DataError:  # another version of the model took a column as another kind
            fits, X = [], np.empty((0, bundle.reference.shape[1]))
        kept += fits
        parts.append(X.astype(np.float32))
        skipped += len(group) - len(fits)
    if not kept:
        raise NotFoundError(
            "there must be stored decisions of this model",
            "there are none" if not found else f"none of {len(found):,} has the features of this version",
            "Decide something under Decisions first",
        )
    order = sorted(range(len(kept)), key=lambda place: kept[place].decision_id)
    matrix = np.concatenate(parts)[order]
    of, _ = stored.latest_decision(ws, names)
    past = tuple(kept[place] for place in order)
    return Pool("decisions", matrix, np.arange(len(kept)), np.full(len(kept), np.nan), of, past, skipped)


def inputs(item: Past) -> dict[str, Any]:
    """Return what a decision was made on."""
    return dict(item.input or {})


def rows_and_outcomes(
    ws: Workspace, bundle: Bundle, version: Version, numbers: Sequence[int]
) -> tuple[pd.DataFrame, Vector]:
    """Return the rows of these numbers in this order, and their outcomes."""
    frame = stored.rows_of(ws, version, numbers, _columns(bundle)).set_index(ROW_ID, drop=False)
    frame = frame.loc[list(numbers)].reset_index(drop=True)
    return frame, _targets(bundle, frame)
