"""A model's reasons over many rows: how features act, for whom, over time, in two models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError, SettingsError
from aimass_core.evaluate import periods
from aimass_core.evaluate.conditions import Feature
from aimass_core.schema import ROW_ID, TEMPORAL, Column
from aimass_core.workflows import evaluating, scrutiny
from aimass_core.workspace import datasets, explanations, picked, reason_sums, registry, runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.explanations import Stored

if TYPE_CHECKING:
    from aimass_core.explain.agreement import Agreement
    from aimass_core.explain.contributions import Contributions
    from aimass_core.explain.mix import ReasonMix

LIVE_ROWS = 2_000
"""Most test rows explained while somebody waits."""
LIVE_SECONDS = 3.0
"""Longest that may take on a plain processor core, as far as it can be foretold."""
MOST_CELLS = 6_000_000
"""Most contributions held in memory at once: 48 MB; more rows are sampled."""
LEAST_DECISIONS = 100
"""Explained decisions from which on their reasons are followed over time."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Source:
    """Explained rows that views are made of.

    Attributes
    ----------
    stored : the explanation of many rows they come from; None when they were explained for this.
    part : what these rows are, for a person.
    rows_total : how many of them there are; more than `found` has where they were sampled.
    reference_text, method : what contributions are measured from, and how they were found.
    """

    found: Contributions
    stored: Stored | None
    part: str
    rows_total: int
    reference_text: str
    method: str


def newest(ws: Workspace, run_id: str) -> str:
    """Return the id of the newest stored explanation of a run, empty while there is none."""
    return next((item.explanation_id for item in explanations.of_run(ws, run_id)), "")


def source(ws: Workspace, run_ref: str) -> Source | None:
    """Return explained rows of a run: the newest stored ones, else a seeded sample of test rows.

    None when nothing is stored and explaining would take longer than somebody waits.

    Raises
    ------
    NotFoundError, DataError
        When there is no such run, its model is gone, or it has no test rows.
    """
    run = runs.get(ws, run_ref)
    found = newest(ws, run.run_id)
    return _kept(ws, explanations.get(ws, found)) if found else _live(ws, run)


def _kept(ws: Workspace, stored: Stored) -> Source:
    from aimass_core.explain.contributions import Contributions

    names = tuple(str(name) for name in stored.facts["features"])
    rows, values = explanations.matrix(
        ws, stored.explanation_id, names, rows=max(1, MOST_CELLS // max(1, len(names)))
    )
    return Source(
        found=Contributions(rows, names, values),
        stored=stored,
        part=stored.part,
        rows_total=stored.row_count,
        reference_text=str(stored.facts["reference_text"]),
        method=str(stored.facts["method"]),
    )


def _live(ws: Workspace, run: runs.Run) -> Source | None:
    from aimass_core.explain.contributions import LEAST_ROWS, Contributions
    from aimass_core.explain.shapley import explain, seconds_a_row

    bundle = evaluating.bundle(ws, run.run_id)
    tested = _test_rows(ws, run.run_id)
    if not len(tested):
        raise DataError("a view of the model as a whole needs test rows", f"`{run.name}` has none")
    able = int(LIVE_SECONDS / seconds_a_row(bundle, effort="batch"))
    if able < min(len(tested), 10 * LEAST_ROWS):
        return None
    # by a hash of the row's number, so that two runs with the same test rows take the same sample
    chosen = np.sort(
        tested[np.argsort(tested * 2_654_435_761 % 2**32, kind="stable")[: min(LIVE_ROWS, able)]]
    )
    names = [column.name for column in bundle.input_columns]
    frame = picked.rows(ws, datasets.get(ws, run.version_id), chosen.tolist(), names)
    made = explain(bundle, bundle.prepare(frame, repaired=True).X, effort="batch")
    return Source(
        found=Contributions(frame[ROW_ID].to_numpy(dtype=np.int64), made.names, made.values),
        stored=None,
        part="test rows",
        rows_total=len(tested),
        reference_text=made.reference_text,
        method=made.method,
    )


def features(ws: Workspace, run_ref: str, found: Contributions) -> list[Feature]:
    """Return the values of all features for explained rows, in the order of the model."""
    version = datasets.get(ws, runs.get(ws, run_ref).version_id)
    return _values(ws, version, found, tuple(version.schema.column(name) for name in found.names))


def segment_columns(ws: Workspace, run_ref: str) -> tuple[Column, ...]:
    """Return the columns by which reasons can be told apart; protected ones for measurement only."""
    version = datasets.get(ws, runs.get(ws, run_ref).version_id)
    target = runs.get(ws, run_ref).spec.get("target")
    return tuple(
        column
        for column in version.schema
        if column.kind != "text" and column.role in ("feature", "protected", "time") and column.name != target
    )


def column(ws: Workspace, run_ref: str, found: Contributions, name: str) -> Feature:
    """Return the values of one column of the data for explained rows.

    Raises
    ------
    DataError
        When there is no such column, or it is free text.
    """
    version = datasets.get(ws, runs.get(ws, run_ref).version_id)
    return _values(ws, version, found, (version.schema.column(name),))[0]


def _values(
    ws: Workspace, version: datasets.Version, found: Contributions, columns: tuple[Column, ...]
) -> list[Feature]:
    frame = picked.rows(ws, version, found.rows.tolist(), [item.name for item in columns])
    return scrutiny.features_of(frame, columns)


def mix(
    ws: Workspace, run_ref: str, found: Contributions, time_column: str, *, by: periods.By = "month"
) -> tuple[ReasonMix, int]:
    """Return the mix of reasons over time, and how many rows have no time.

    Numbers that order rows are cut into ten equal parts, whatever `by` says.

    Raises
    ------
    DataError
        When there is no such column.
    SettingsError
        When there would be more than 400 periods.
    """
    from aimass_core.explain.mix import by_period

    version = datasets.get(ws, runs.get(ws, run_ref).version_id)
    kind = version.schema.column(time_column).kind
    if kind not in (*TEMPORAL, "integer", "number"):
        raise SettingsError(
            f"`{time_column}` must be a date or a number to order rows by",
            f"it is a {kind}",
            "Choose another",
        )
    moments = picked.rows(ws, version, found.rows.tolist(), [time_column])[time_column].to_numpy()
    cut = periods.cut(moments, by=by if kind in TEMPORAL else "quantile")
    return by_period(found, cut.period, cut.labels), int((cut.period < 0).sum())


@dataclass(frozen=True, slots=True)
class DecisionMix:
    """The mix of reasons of a model's decisions by month.

    Attributes
    ----------
    reference : what those reasons were measured from; decisions measured from anything else are left out.
    """

    mix: ReasonMix
    rows: int
    left_out: int
    reference: str


def decisions(ws: Workspace, run_ref: str) -> int:
    """Return how many decisions with reasons the versions of the model made of this run have."""
    return sum(_references(ws, run_ref).values())


def decision_mix(ws: Workspace, run_ref: str) -> DecisionMix:
    """Return the mix of reasons over the months in which a run's model decided.

    Raises
    ------
    DataError
        When there are fewer than :data:`LEAST_DECISIONS` decisions with reasons.
    """
    from aimass_core.explain.mix import Period, ReasonMix

    known = _references(ws, run_ref)
    if sum(known.values()) < LEAST_DECISIONS:
        raise DataError(
            f"reasons over time need at least {LEAST_DECISIONS} decisions with reasons",
            f"the model has made {sum(known.values()):,}",
            "Look at the test rows, or come back later",
        )
    reference = max(known, key=lambda name: known[name])
    models = [model.model_id for model in registry.of_runs(ws).get(runs.get(ws, run_ref).run_id, [])]
    months, parts = reason_sums.by_month(ws, models, reference)
    names = tuple(name for name, _ in evaluating.bundle(ws, run_ref).players)
    made = []
    for month in months.to_dict("records"):
        own = parts[parts["month"] == month["month"]].set_index("feature").reindex(list(names)).fillna(0.0)
        made.append(
            Period(
                label=str(month["month"]),
                rows=int(month["rows"]),
                top=np.append(own["top"].to_numpy(dtype=np.int64), int(month["without"])),
                sums=own["sums"].to_numpy(dtype=np.float64),
                squares=own["squares"].to_numpy(dtype=np.float64),
                crosses=own["crosses"].to_numpy(dtype=np.float64),
                total=float(month["total"]),
                total_squares=float(month["total_squares"]),
            )
        )
    return DecisionMix(
        mix=ReasonMix(names, tuple(made)),
        rows=known[reference],
        left_out=sum(known.values()) - known[reference],
        reference=reference,
    )


def _references(ws: Workspace, run_ref: str) -> dict[str, int]:
    models = registry.of_runs(ws).get(runs.get(ws, run_ref).run_id, [])
    return reason_sums.references(ws, [model.model_id for model in models]) if models else {}


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs' reasons for the rows that both explained and neither has learnt from.

    `a` and `b` are their contributions for those rows, over the features of either.
    """

    agreement: Agreement
    a: Contributions
    b: Contributions
    reference_a: str
    reference_b: str


def compared(ws: Workspace, run_a: str, a: Source, run_b: str, b: Source) -> Compared:
    """Compare the reasons of two runs on one version of a data set.

    Raises
    ------
    SettingsError
        When the two are on other data, or want other things.
    DataError
        When fewer than 30 test rows of both are explained by both.
    """
    from aimass_core.explain.agreement import agreement, common

    first, second = runs.get(ws, run_a), runs.get(ws, run_b)
    wanted = [
        (run.version_id, run.spec.get("target"), sorted(run.spec.get("positive") or ()))
        for run in (first, second)
    ]
    if wanted[0] != wanted[1]:
        raise SettingsError(
            "reasons can be compared for runs on one version of a data set and with one target",
            f"`{first.name}` and `{second.name}` differ in that",
            "Choose another run",
        )
    rows = np.intersect1d(_test_rows(ws, first.run_id), _test_rows(ws, second.run_id))
    parts = [item.found.taken(np.flatnonzero(np.isin(item.found.rows, rows))) for item in (a, b)]
    one, two = common(parts[0], parts[1])
    return Compared(agreement(one, two), one, two, a.reference_text, b.reference_text)


def _test_rows(ws: Workspace, run_id: str) -> Ints:
    scored = evaluating.scores(ws, run_id)
    return np.asarray(scored.loc[scored["part"] == "test", ROW_ID].to_numpy(), dtype=np.int64)
