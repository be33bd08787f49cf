"""The bins of a trained scorecard: shown, changed by hand on trial, and trained again."""

from __future__ import annotations

import math
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError, SettingsError
from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.discrimination import auc
from aimass_core.models import scorecard_table
from aimass_core.models.binning_edits import read
from aimass_core.models.families.scorecard import BinEdit
from aimass_core.models.scorecard_table import BinRow, information_value
from aimass_core.schema import TEMPORAL
from aimass_core.workflows import evaluating, fitting_rows
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace import datasets, exports, runs
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.bundle import Bundle
    from aimass_core.models.scorecard import ScorecardClassifier

Floats = npt.NDArray[np.float64]
_KEPT = 2  # runs whose training rows stay in memory
_CHOICES = 150  # places offered for an edge, besides round numbers


@dataclass(frozen=True, slots=True)
class FeatureBins:
    """The bins of one feature; `information` is its information value."""

    feature: str
    rows: tuple[BinRow, ...]
    information: float
    trend: str
    """How the bad rate runs over the ranges: up, down, both ways; empty for categories."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What edits do to the whole scorecard, before and after them; NaN where undefined."""

    part: str
    rows: int
    auc: tuple[float, float]
    log_loss: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Preview:
    """A feature before and after edits, and the effect on training and validation rows."""

    before: FeatureBins
    after: FeatureBins
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Prepared rows of a run; y is 1 for the positive class."""

    X: Floats
    y: Floats
    validation: tuple[Floats, Floats] | None


def offers_bins(ws: Workspace, run_ref: str) -> bool:
    """Whether the model of a run has bins that can be edited: a scorecard with the counts of its bins."""
    estimator = evaluating.bundle(ws, run_ref).estimator
    return hasattr(estimator, "with_edits") and bool(estimator.rows_)


def scorecard(ws: Workspace, run_ref: str) -> ScorecardClassifier:
    """Return the scorecard of a run.

    Raises
    ------
    NotFoundError
        When there is no such run.
    SettingsError
        When its model has no bins that can be shown.
    """
    if not offers_bins(ws, run_ref):
        run = runs.get(ws, run_ref)
        raise SettingsError(
            "only a scorecard has a table of points",
            f"`{run.name}` is of the family {run.family}, or was trained before bins were kept",
            "Choose or train a scorecard",
        )
    return cast("ScorecardClassifier", evaluating.bundle(ws, run_ref).estimator)


def features(ws: Workspace, run_ref: str) -> tuple[FeatureBins, ...]:
    """Return the bins of every feature, the most informative first; raises as :func:`scorecard`."""
    card = scorecard(ws, run_ref)
    found = [_of(card, j) for j in range(len(card.column_names))]
    return tuple(sorted(found, key=lambda item: -item.information))


def edits_of(card: ScorecardClassifier) -> tuple[BinEdit, ...]:
    """Return the edits that a scorecard was trained with."""
    return read(card.edits)


def preview(ws: Workspace, run_ref: str, feature: str, edits: Sequence[BinEdit]) -> Preview:
    """Return what all edits together make of a feature and of the scorecard, without training it again.

    Parameters
    ----------
    edits : every edit, in order, also those that the run was trained with; leaving out the last undoes it.

    Raises
    ------
    NotFoundError, SettingsError
        As :func:`scorecard`; also when an edit does not fit the bins.
    DataError
        When the run's training rows cannot be had again.
    """
    card = scorecard(ws, run_ref)
    rows = _training_rows(ws, run_ref)
    changed = card.with_edits(edits, rows.X, rows.y)
    j = _position(card, feature)
    effects = [_effect("training", card, changed, rows.X, rows.y)]
    if rows.validation is not None:
        effects.append(_effect("validation", card, changed, *rows.validation))
    return Preview(before=_of(card, j), after=_of(changed, j), effects=tuple(effects))


def places(
    ws: Workspace, run_ref: str, feature: str, *, low: float | None, high: float | None
) -> list[float]:
    """Return where an edge of a number may stand: round numbers, and values evenly many rows apart.

    Parameters
    ----------
    low, high : only values above `low` and below `high`; None: open.

    Raises
    ------
    NotFoundError, SettingsError, DataError
        As :func:`preview`.
    """
    card = scorecard(ws, run_ref)
    j = _position(card, feature)
    values = _training_rows(ws, run_ref).X[:, j]
    values = values[~np.isnan(values) & ~np.isin(values, card.binning_.special[j])]
    distinct = np.unique(values)[:-1]  # an edge at the greatest value would leave its upper bin empty
    if low is not None:
        distinct = distinct[distinct > low]
    if high is not None:
        distinct = distinct[distinct < high]
    if len(distinct) <= _CHOICES:
        return [float(value) for value in distinct]
    inside = values[(values >= distinct[0]) & (values <= distinct[-1])]
    spread = np.quantile(inside, np.linspace(0, 1, _CHOICES), method="inverted_cdf")
    columns = evaluating.bundle(ws, run_ref).encoder.columns
    dated = j < len(columns) and columns[j].kind in TEMPORAL
    round_ones = np.empty(0) if dated else _round(float(distinct[0]), float(distinct[-1]))
    return [float(value) for value in np.unique(np.concatenate([spread, round_ones]))]


def _round(low: float, high: float) -> Floats:
    """Return the round numbers between two values: multiples of 1, 2, 5, 10…, at most 51."""
    power = 10.0 ** math.floor(math.log10((high - low) / 50))
    step = next(power * unit for unit in (1, 2, 5, 10) if power * unit * 50 >= high - low)
    first, last = math.ceil(low / step), math.floor(high / step)
    found = [float(f"{step * k:.12g}") for k in range(first, last + 1)]
    return np.array([value for value in found if low <= value <= high])


def shown(bundle: Bundle, j: int) -> Callable[[float], str]:
    """Return how values of a matrix column read for people: dates as dates, numbers with separators."""
    columns = bundle.encoder.columns
    if j < len(columns) and columns[j].kind in TEMPORAL:
        return lambda value: bundle.encoder.display_code(j, value)
    return lambda value: f"{value:,.10g}"


def edit_texts(ws: Workspace, run_ref: str, edits: Sequence[BinEdit]) -> list[str]:
    """Return one line for each edit that says what it does, without its feature's name.

    Raises
    ------
    NotFoundError, SettingsError
        As :func:`scorecard`.
    """
    names = scorecard(ws, run_ref).column_names
    bundle = evaluating.bundle(ws, run_ref)
    return [
        _edit_text(edit, shown(bundle, names.index(edit.feature) if edit.feature in names else len(names)))
        for edit in edits
    ]


def _edit_text(edit: BinEdit, show: Callable[[float], str]) -> str:
    if edit.labels is not None:
        labels = ", ".join(edit.labels)
        return f"join the groups of {labels}" if edit.kind == "merge" else f"part {labels} from their group"
    if edit.kind == "move":
        return f"move the edge {show(edit.edge or 0.0)} to {show(edit.to or 0.0)}"
    if edit.kind == "merge":
        return f"join the bins at the edge {show(edit.edge or 0.0)}"
    return f"new edge at {show(edit.to or 0.0)}"


def retraining(ws: Workspace, run_ref: str, edits: Sequence[BinEdit]) -> TrainingSpec:
    """Return the training of the same scorecard on the same rows with these edits.

    Raises
    ------
    NotFoundError, SettingsError
        As :func:`scorecard`.
    """
    card = scorecard(ws, run_ref)
    run = runs.get(ws, run_ref)
    spec = TrainingSpec.model_validate(run.spec)
    config = {
        **evaluating.bundle(ws, run_ref).manifest.config,
        "edits": [edit.model_dump(mode="json") for edit in edits],
        "edited_from": [
            bins.model_dump(mode="json") for bins in card.learnt_bins(edit.feature for edit in edits)
        ],
    }
    name = run.name if run.name.endswith(" edited") else f"{run.name[:112]} edited"
    # Settings that a search found are those of the run; searching again could find others.
    return spec.model_copy(update={"config": config, "name": name, "search": None})


def _position(card: ScorecardClassifier, feature: str) -> int:
    if feature not in card.column_names:
        raise SettingsError("the feature must be one of the scorecard", f"'{feature}' is not", "Choose one")
    return card.column_names.index(feature)


def _of(card: ScorecardClassifier, j: int) -> FeatureBins:
    rows = scorecard_table.of_feature(card, j)
    rates = [row.bad_rate for row in rows if row.kind == "range" and row.bad_rate is not None]
    steps = {"up" if after > before else "down" for before, after in pairwise(rates) if after != before}
    trend = "both ways" if len(steps) > 1 else next(iter(steps), "")
    return FeatureBins(card.column_names[j], rows, information_value(rows), trend)


def _effect(
    part: str, before: ScorecardClassifier, after: ScorecardClassifier, X: Floats, y: Floats
) -> Effect:
    old, new = before.predict_proba(X)[:, 1], after.predict_proba(X)[:, 1]
    return Effect(part, len(y), (auc(y, old), auc(y, new)), (log_loss(y, old), log_loss(y, new)))


_rows_lock = Lock()
_rows: OrderedDict[tuple[Path, str], _Rows] = OrderedDict()


def _training_rows(ws: Workspace, run_ref: str) -> _Rows:
    """Return the prepared rows a run learnt from; the last few runs' stay in memory."""
    run = runs.get(ws, run_ref)
    key = (ws.home, run.run_id)
    with _rows_lock:
        if key not in _rows:
            _rows[key] = _read_rows(ws, run)
            while len(_rows) > _KEPT:
                _rows.popitem(last=False)
        _rows.move_to_end(key)
        return _rows[key]


def _read_rows(ws: Workspace, run: runs.Run) -> _Rows:
    spec = TrainingSpec.model_validate(run.spec)
    bundle = evaluating.bundle(ws, run.run_id)
    version = datasets.get(ws, run.version_id)
    wanted = {spec.target, spec.split.time_column, spec.split.group_column}
    wanted |= {column.name for column in bundle.input_columns}
    kept = [name for name in version.schema.names if name in wanted]
    with tempfile.TemporaryDirectory(dir=ws.home / "tmp") as folder:
        path = Path(folder) / "rows.parquet"
        exports.export_parquet(ws, version, path, kept)
        found = fitting_rows.read(path, spec)
    parts = fitting_rows.divide(found, spec)

    def prepared(part: npt.NDArray[np.int64], training: bool) -> tuple[Floats, Floats]:
        encoded = bundle.encoder.transform(found.frame.iloc[part])
        applied = bundle.steps.apply(encoded, training=training)
        return applied.X, found.y[part][applied.kept].astype(np.float64)

    X, y = prepared(parts.train, True)
    held_out = prepared(parts.validation, False) if len(parts.validation) else None
    card = cast("ScorecardClassifier", bundle.estimator)
    codes = card.binning_.column(0, X[:, 0])
    if not np.array_equal(np.bincount(codes, minlength=card.binning_.sizes[0]), card.rows_[0]):
        raise DataError(
            "edits need the rows that the run learnt from",
            "the rows of its data set no longer give the counts in its bins",
            "Train it again",
        )
    return _Rows(X, y, held_out)
