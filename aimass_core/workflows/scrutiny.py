"""Looking harder at runs that are there: two beside each other, money, weak spots, noise, time.

Nothing here trains: everything comes from the scores a run gave its test rows, and from its model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError, SettingsError
from aimass_core.evaluate import compare, periods, tradeoff
from aimass_core.evaluate import drift as drifting
from aimass_core.evaluate import segments as segmenting
from aimass_core.evaluate import sensitivity as disturbing
from aimass_core.evaluate import value as valuing
from aimass_core.evaluate.conditions import Feature
from aimass_core.evaluate.value import Payoff, Value
from aimass_core.schema import ROW_ID, TEMPORAL, Column
from aimass_core.workflows import evaluating
from aimass_core.workspace import audit, datasets, runs, validations
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle
    from aimass_core.workspace.datasets import Version

DISTURBED_ROWS = 2_000
LEAST_REFERENCE = 200
"""Validation rows from which on they are the reference of drift."""
REFERENCE_ROWS = 20_000
"""Training rows scored at most, a seeded sample, where they have to be it."""
Vector = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tested:
    """The rows two runs were both tested on: what happened, and what each said."""

    a: runs.Run
    b: runs.Run
    y: Ints
    p_a: Vector
    p_b: Vector
    left_out: int
    """Test rows of either run that the other has learnt from or not seen."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same rows."""

    a: str
    b: str
    rows: int
    bads: int
    left_out: int
    auc: compare.Difference
    others: tuple[compare.Difference, ...]


def tested(ws: Workspace, a: str, b: str) -> Tested:
    """Return the rows that were test rows of both runs, so that neither has learnt from any.

    Raises
    ------
    NotFoundError
        When there is no such run.
    SettingsError
        When the two are on other data, or want other things.
    DataError
        When they share no test row.
    """
    first, second = runs.get(ws, a), runs.get(ws, b)
    for run in (first, second):
        _needs_target(run)
    if first.version_id != second.version_id:
        raise SettingsError(
            "two runs can be compared on one version of a data set",
            f"`{first.name}` and `{second.name}` were trained on different ones",
            "Choose runs on the same version",
        )
    wanted = [(run.spec["target"], sorted(run.spec.get("positive") or ())) for run in (first, second)]
    if wanted[0] != wanted[1]:
        raise SettingsError(
            "two runs can be compared when they predict the same outcome",
            f"`{first.name}` predicts {wanted[0][0]} and `{second.name}` {wanted[1][0]}",
            "Choose runs with the same target",
        )
    scores = [_test_scores(ws, run) for run in (first, second)]
    both = scores[0].merge(scores[1], on=ROW_ID, suffixes=("_a", "_b"))
    if not len(both):
        raise DataError(
            "the two runs must share test rows",
            f"`{first.name}` and `{second.name}` were tested on different rows",
            "Train both with the same split and seed",
        )
    return Tested(
        a=first,
        b=second,
        y=both["y_a"].to_numpy(),
        p_a=both["probability_a"].to_numpy(),
        p_b=both["probability_b"].to_numpy(),
        left_out=len(scores[0]) + len(scores[1]) - 2 * len(both),
    )


def compared(ws: Workspace, a: str, b: str, *, replicates: int = 500) -> Comparison:
    """Say by how much two runs differ: AUC by DeLong's test, the other measures by the bootstrap.

    Raises
    ------
    NotFoundError, SettingsError, DataError
        As :func:`tested`.
    """
    rows = tested(ws, a, b)
    return Comparison(
        a=rows.a.name,
        b=rows.b.name,
        rows=len(rows.y),
        bads=int(rows.y.sum()),
        left_out=rows.left_out,
        auc=compare.delong(rows.y, rows.p_a, rows.p_b),
        others=compare.bootstrap_difference(rows.y, rows.p_a, rows.p_b, replicates=replicates),
    )


@dataclass(frozen=True, slots=True)
class SameRates:
    """Two runs with one rate held equal, and the whole line of each."""

    a: str
    b: str
    held: tradeoff.SameRate
    line_a: tradeoff.TradeOff
    line_b: tradeoff.TradeOff


def same_rate(
    ws: Workspace, a: str, b: str, *, held: tradeoff.Held, at: float, replicates: int = 500
) -> SameRates:
    """Compare two runs at the same approval rate, or at the same bad rate among those approved.

    Raises
    ------
    NotFoundError, SettingsError, DataError
        As :func:`tested`; also when the rate is not above 0 and at most 1.
    """
    rows = tested(ws, a, b)
    return SameRates(
        a=rows.a.name,
        b=rows.b.name,
        held=tradeoff.same_rate(rows.y, rows.p_a, rows.p_b, held=held, at=at, replicates=replicates),
        line_a=tradeoff.trade_off(rows.y, rows.p_a),
        line_b=tradeoff.trade_off(rows.y, rows.p_b),
    )


def value(ws: Workspace, run_ref: str, payoff: Payoff, *, replicates: int = valuing.REPLICATES) -> Value:
    """Return what a run is worth in money on its test rows."""
    run = _needs_target(runs.get(ws, run_ref))
    scores = _test_scores(ws, run)
    return valuing.value(
        scores["y"].to_numpy(), scores["probability"].to_numpy(), payoff=payoff, replicates=replicates
    )


def payoff(ws: Workspace, run_ref: str) -> Payoff | None:
    """Return what the analyst said outcomes are worth for a run, or None while nobody has."""
    found = validations.payoff(ws, runs.get(ws, run_ref).run_id)
    return None if found is None else Payoff.model_validate(found["payoff"])


def currency(ws: Workspace, run_ref: str) -> str:
    """Return the currency that was kept with it; empty while none was."""
    found = validations.payoff(ws, runs.get(ws, run_ref).run_id)
    return "" if found is None else str(found.get("currency", ""))


def keep_payoff(ws: Workspace, run_ref: str, payoff: Payoff, *, currency: str = "", actor: str) -> None:
    """Keep what outcomes are worth for a run, with who said so."""
    run = runs.get(ws, run_ref)
    with ws.writing() as cursor:
        content = {"payoff": payoff.model_dump(mode="json"), "currency": currency}
        validations.set_payoff(ws, run.run_id, content, actor=actor)
        audit.record(cursor, "run.payoff", run.run_id, {"run": run.name, **content}, actor=actor)


def weak_spots(
    ws: Workspace, run_ref: str, *, by: segmenting.By = "surprise", depth: int = 3, min_rows: int = 100
) -> segmenting.Segments:
    """Find groups of test rows for which a run is worst, told apart by all columns that may tell.

    Protected columns count among them, whether the model has learnt from them or not: where it is worst for
    one sex, somebody must see it.

    Raises
    ------
    NotFoundError, DataError
        When there is no such run, its model is gone, or there are too few test rows.
    """
    run = _needs_target(runs.get(ws, run_ref))
    scores = _test_scores(ws, run)
    version = datasets.get(ws, run.version_id)
    learnt = {column.name for column in evaluating.bundle(ws, run.run_id).input_columns}
    columns = tuple(
        column
        for column in version.schema
        if column.kind != "text"
        and column.name != run.spec["target"]
        and (column.name in learnt or column.role == "protected")
    )
    frame = _rows(ws, version, scores[ROW_ID].to_numpy(), columns)
    return segmenting.weak_spots(
        scores["y"].to_numpy(),
        scores["probability"].to_numpy(),
        features_of(frame, columns),
        by=by,
        depth=depth,
        min_rows=min_rows,
    )


def sensitivity(
    ws: Workspace, run_ref: str, *, cutoff: float, level: float = 0.25, rows: int = DISTURBED_ROWS
) -> disturbing.Sensitivity:
    """Disturb test rows of a run, a seeded sample, and see which answers change.

    Raises
    ------
    NotFoundError, DataError
        When there is no such run, or its model is gone.
    SettingsError
        When the level is not above 0 and at most 1.
    """
    run = _needs_target(runs.get(ws, run_ref))
    model = evaluating.bundle(ws, run.run_id)
    scores = _test_scores(ws, run)
    total = len(scores)
    if total > rows:
        chosen = np.sort(np.random.default_rng(0).permutation(total)[:rows])
        scores = scores.iloc[chosen]
    version = datasets.get(ws, run.version_id)
    frame = _rows(ws, version, scores[ROW_ID].to_numpy(), model.input_columns)
    return disturbing.sensitivity(
        _scorer(model),
        model.encoder.transform(frame),
        scores["y"].to_numpy(),
        [
            disturbing.Disturbed(
                column.name,
                categorical=column.kind in ("category", "boolean"),
                whole=column.kind in ("integer", *TEMPORAL),
            )
            for column in model.encoder.columns
        ],
        cutoff=cutoff,
        level=level,
        rows_total=total,
    )


def time_columns(ws: Workspace, run_ref: str) -> list[str]:
    """Return the columns of a run's data that order rows in time, the likeliest first."""
    run = runs.get(ws, run_ref)
    version = datasets.get(ws, run.version_id)
    named = run.spec["split"].get("time_column")
    found = [column.name for column in version.schema if column.role == "time" or column.kind in TEMPORAL]
    return sorted(found, key=lambda name: (name != named, version.schema.column(name).role != "time"))


def drift(
    ws: Workspace, run_ref: str, column: str, *, by: periods.By = "auto"
) -> tuple[drifting.Drift, periods.Periods]:
    """Measure a run's test rows period by period, their scores against those of the data it was made on.

    The reference are the validation rows. A model scores rows that it has learnt from more sharply than any
    new row, so that training rows would show a shift where there is none; they are the reference only where
    there are fewer than 200 validation rows.

    Raises
    ------
    NotFoundError, DataError
        When there is no such run, its model is gone, or there is no such column.
    SettingsError
        When the column cannot be cut into such periods.
    """
    run = _needs_target(runs.get(ws, run_ref))
    version = datasets.get(ws, run.version_id)
    kind = version.schema.column(column).kind
    if kind not in (*TEMPORAL, "integer", "number"):
        raise SettingsError(
            f"`{column}` must be a date or a number to order rows by", f"it is a {kind}", "Choose another"
        )
    scores = _test_scores(ws, run)
    frame = datasets.frame(ws, version, [column]).set_index(ROW_ID)
    moments = frame.loc[scores[ROW_ID].to_numpy(), column].to_numpy()
    found = periods.cut(moments, by=by)
    measured = drifting.drift(
        scores["y"].to_numpy(),
        scores["probability"].to_numpy(),
        found.period,
        labels=found.labels,
        reference=_reference(ws, run, version),
    )
    return measured, found


def _reference(ws: Workspace, run: runs.Run, version: Version) -> Vector:
    """Return the scores of the validation rows, or else of a seeded sample of the training rows."""
    scored = evaluating.scores(ws, run.run_id)
    validation = scored.loc[scored["part"] == "validation", "probability"].to_numpy()
    if len(validation) >= LEAST_REFERENCE:
        return np.asarray(validation, dtype=np.float64)
    model = evaluating.bundle(ws, run.run_id)
    target = datasets.frame(ws, version, [str(run.spec["target"])])
    held_out = scored[ROW_ID].to_numpy()
    known = target[str(run.spec["target"])].notna().to_numpy()
    rows = target[ROW_ID].to_numpy()[known]
    rows = rows[~np.isin(rows, held_out)]
    if len(rows) > REFERENCE_ROWS:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:REFERENCE_ROWS])
    return model.score(_rows(ws, version, rows, model.input_columns), repaired=True).probability


def _scorer(model: Bundle) -> Callable[[Vector], Vector]:
    return lambda encoded: model.score_prepared(model.steps.apply(encoded).X).probability


def _test_scores(ws: Workspace, run: runs.Run) -> pd.DataFrame:
    scored = evaluating.scores(ws, run.run_id)
    return scored.loc[scored["part"] == "test", [ROW_ID, "y", "probability"]].reset_index(drop=True)


def _rows(ws: Workspace, version: Version, rows: Ints, columns: Sequence[Column]) -> pd.DataFrame:
    """Return these rows of a version, in this order."""
    frame = datasets.frame(ws, version, [column.name for column in columns]).set_index(ROW_ID)
    return frame.loc[rows].reset_index()


def features_of(frame: pd.DataFrame, columns: tuple[Column, ...]) -> list[Feature]:
    """Return these columns as what rows can be told apart by, labels as codes; none may be free text."""
    from aimass_core.features.encoder import Encoder

    encoder = Encoder.fit(frame, columns)
    encoded = encoder.transform(frame)
    found = []
    for j, column in enumerate(encoder.columns):
        if column.kind == "category":
            labels: tuple[str, ...] = (*encoder.labels[column.name], "other")
        else:
            labels = ("no", "yes") if column.kind == "boolean" else ()
        found.append(Feature(column.name, encoded[:, j], labels, _shown(encoder, j)))
    return found


def _shown(encoder: Any, j: int) -> Callable[[float], str]:
    return lambda cut: str(encoder.display_code(j, cut))


def _needs_target(run: runs.Run) -> runs.Run:
    if not run.spec.get("target"):
        raise SettingsError(
            "this needs a run with a target",
            f"`{run.name}` was trained without one: nothing says how its rows turned out",
            "Choose another run",
        )
    return run
