"""Comparing runs, reading their reports, registering models, and the bundles they are kept in."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimass_core.evaluate.measure import Measure
from aimass_core.evaluate.report import Report
from aimass_core.schema import ROW_ID
from aimass_core.workspace import datasets, registry, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.registry import Model

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle

MEASURES = ("auc", "gini", "ks", "average_precision", "brier", "log_loss")
"""Measures of the leaderboard, best first by the first."""
_KEPT = 8  # bundles held in memory
_SCORES_KEPT = 2  # tables of scores held in memory, some ten MB each at a million rows


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """One run beside the others, measured on its test rows."""

    run_id: str
    run: str
    family: str
    dataset: str
    """`name@version`, or the version's id when the data set is gone."""
    version_id: str
    measures: dict[str, Measure]
    train_auc: float
    validation_auc: float
    train_rows: int
    test_rows: int
    test_bads: int
    seconds: float
    created_at: datetime
    created_by: str
    registered: tuple[str, ...]
    """Models this run is a version of, as `name@version`."""


def leaderboard(ws: Workspace, dataset: str | None = None) -> list[LeaderboardRow]:
    """Return runs side by side, the highest test AUC first; runs without one come last.

    Parameters
    ----------
    dataset : a data set's name for the runs on all its versions, or `name@version` or a version id for the
        runs on that one.

    Raises
    ------
    NotFoundError
        When there is no such data set.
    """
    refs = {version.version_id: version.ref for version in datasets.versions(ws)}
    wanted = None if dataset is None else _version_ids(ws, dataset)
    registered = registry.of_runs(ws)
    rows = [
        _row(run, refs.get(run.version_id, run.version_id), registered.get(run.run_id, []))
        for run in runs.runs(ws)
        if wanted is None or run.version_id in wanted
    ]
    return sorted(rows, key=_order)


def report(ws: Workspace, run_ref: str) -> Report:
    """Return the evaluation of a run on its test rows.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    return Report.model_validate(runs.report(ws, runs.get(ws, run_ref).run_id))


def register(ws: Workspace, run_ref: str, *, name: str, note: str = "", actor: str) -> Model:
    """Register a run, by id or name, as the next version of a model.

    Raises
    ------
    NotFoundError, SettingsError, ConflictError
        As :func:`aimass_core.workspace.registry.register`.
    DataError
        When its bundle is missing or was edited.
    """
    run = runs.get(ws, run_ref)
    bundle(ws, run.run_id)
    return registry.register(ws, run.run_id, name=name, note=note, actor=actor)


def bundle(ws: Workspace, run_ref: str) -> Bundle:
    """Return the trained model of a run, by id or name; the last few are kept in memory.

    Raises
    ------
    NotFoundError
        When there is no such run, or its bundle is gone.
    DataError
        When the bundle was edited or torn.
    """
    return _CACHE.get(bundle_path(ws, run_ref))


def bundle_path(ws: Workspace, run_ref: str) -> Path:
    """Return the folder of a run's bundle."""
    return ws.bundles / runs.get(ws, run_ref).bundle


def scores(ws: Workspace, run_ref: str, *, row_id: int | None = None) -> pd.DataFrame:
    """Return the scores a run gave its validation and test rows: _row, part, y, probability, log_odds.

    The frame is shared by all who ask: it must not be changed.

    Parameters
    ----------
    row_id : only the row of this number.

    Raises
    ------
    NotFoundError, DataError
        As :func:`bundle`.
    """
    bundle(ws, run_ref)  # checks the seal of the file that is read
    path = bundle_path(ws, run_ref) / "test_scores.parquet"
    found = _read_scores(path, path.stat().st_mtime_ns)
    return found if row_id is None else found[found[ROW_ID] == row_id]


def extra(ws: Workspace, run_ref: str, name: str) -> dict[str, Any] | None:
    """Return what a training had to show besides its measures: `search`, `calibration`, the family's own.

    Parameters
    ----------
    name : what is wanted; None comes back when this run has nothing of that name.

    Raises
    ------
    NotFoundError, DataError
        As :func:`bundle`.
    """
    bundle(ws, run_ref)  # checks the seal of the file that is read
    path = bundle_path(ws, run_ref) / f"{name}.json"
    if not name.isidentifier() or not path.is_file():
        return None
    found = json.loads(path.read_text("utf-8"))
    return found if isinstance(found, dict) else {name: found}


@lru_cache(maxsize=_SCORES_KEPT)
def _read_scores(path: Path, stamp: int) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path)


class _Cache:
    """The bundles used last, read once each, whatever number of threads ask."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._loading: dict[Path, threading.Lock] = {}
        self._bundles: OrderedDict[Path, tuple[int, Bundle]] = OrderedDict()

    def get(self, path: Path) -> Bundle:
        from aimass_core.bundle import Bundle

        with self._lock:
            turn = self._loading.setdefault(path, threading.Lock())
        with turn:
            stamp = _stamp(path)
            with self._lock:
                found = self._bundles.get(path)
                if found is not None and found[0] == stamp:
                    self._bundles.move_to_end(path)
                    return found[1]
                self._bundles.pop(path, None)
            loaded = Bundle.load(path)
            with self._lock:
                self._bundles[path] = (stamp, loaded)
                while len(self._bundles) > self._kept:
                    gone, _ = self._bundles.popitem(last=False)
                    self._loading.pop(gone, None)
            return loaded


_CACHE = _Cache(_KEPT)


def _stamp(path: Path) -> int:
    """Return when the newest file of a bundle was changed, 0 without one: an edited bundle is read again."""
    return max((file.stat().st_mtime_ns for file in path.rglob("*") if file.is_file()), default=0)


def _version_ids(ws: Workspace, dataset: str) -> set[str]:
    found = {version.version_id for version in datasets.versions(ws, dataset)}
    return found or {datasets.get(ws, dataset).version_id}


def _row(run: runs.Run, ref: str, models: list[Model]) -> LeaderboardRow:
    def number(key: str) -> float:
        return float(run.metrics.get(key, float("nan")))

    def count(key: str) -> int:
        return int(run.metrics.get(key, 0))

    return LeaderboardRow(
        run_id=run.run_id,
        run=run.name,
        family=run.family,
        dataset=ref,
        version_id=run.version_id,
        measures={
            key: Measure(
                value=number(f"test.{key}"),
                low=number(f"test.{key}.low"),
                high=number(f"test.{key}.high"),
            )
            for key in MEASURES
        },
        train_auc=number("train.auc"),
        validation_auc=number("validation.auc"),
        train_rows=count("train.rows"),
        test_rows=count("test.rows"),
        test_bads=count("test.bads"),
        seconds=run.seconds,
        created_at=run.created_at,
        created_by=run.created_by,
        registered=tuple(f"{model.name}@{model.version}" for model in models),
    )


def _order(row: LeaderboardRow) -> tuple[bool, float]:
    value = row.measures[MEASURES[0]].value
    undefined = value != value
    return undefined, 0.0 if undefined else -value
