"""A scorecard to take away: its table of points, and the SQL that scores a table of raw rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimass_core.clean.fitted import FittedMissing, FittedOutliers, FittedRare
from aimass_core.errors import Fault, SettingsError
from aimass_core.intake.repair import from_json
from aimass_core.intake.scorecard_sql import Card, Groups, Line, Ranges, scorecard_sql
from aimass_core.models import scorecard_table
from aimass_core.workflows import binning, evaluating
from aimass_core.workspace import datasets, runs
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle

Floats = npt.NDArray[np.float64]

_STEPS = (FittedMissing, FittedOutliers, FittedRare)


def points_tables(ws: Workspace, run_ref: str) -> dict[str, pd.DataFrame]:
    """Return the points of a scorecard as sheets: `Points`, `Scale` and `Edits`.

    Raises
    ------
    NotFoundError
        When there is no such run.
    SettingsError
        When its model is not a scorecard.
    """
    import pandas as pd

    run = runs.get(ws, run_ref)
    card, bundle = binning.scorecard(ws, run.run_id), evaluating.bundle(ws, run.run_id)
    rows = []
    for j, name in enumerate(card.column_names):
        show = binning.shown(bundle, j)
        for row in scorecard_table.of_feature(card, j):
            rows.append(
                {
                    "Feature": name,
                    "Bin": scorecard_table.words(row, show),
                    "From (not included)": row.low if row.kind == "range" else None,
                    "To (included)": row.high if row.kind == "range" else None,
                    "Rows": row.rows,
                    "Bads": row.bads,
                    "Bad rate": row.bad_rate,
                    "Weight of evidence": row.evidence,
                    "Information value": row.information,
                    "Log-odds": row.log_odds,
                    "Points": row.points,
                }
            )
    offset, factor = card.scaling
    scale = {
        "Run": run.name,
        "Target": str(bundle.manifest.target),
        "Bad outcome": ", ".join(bundle.manifest.positive),
        "Data set": f"{bundle.manifest.dataset}@{bundle.manifest.dataset_version}",
        "Base score": card.base_score,
        "Base odds (goods per bad)": card.base_odds,
        "Points to double the odds": card.double_odds,
        "Offset": offset,
        "Factor": factor,
        "Intercept (log-odds)": card.intercept_,
        "Score": "sum of the points of the features' bins; offset − factor × log-odds",
    }
    made = binning.edits_of(card)
    edits = [
        {"Number": number, "Feature": edit.feature, "Edit": text}
        for number, (edit, text) in enumerate(
            zip(made, binning.edit_texts(ws, run.run_id, made), strict=True), start=1
        )
    ]
    return {
        "Points": pd.DataFrame(rows),
        "Scale": pd.DataFrame({"What": list(scale), "Value": list(scale.values())}),
        "Edits": pd.DataFrame(edits, columns=["Number", "Feature", "Edit"]),
    }


def sql(
    ws: Workspace, run_ref: str, *, table: str = "applications", keep: tuple[str, ...] | None = None
) -> str:
    """Return one SELECT that gives raw rows the score that Python gives them.

    Parameters
    ----------
    table : table of raw rows, as they are before the data set's repairs.
    keep : columns to give out besides; default: the data set's columns with the role `id`.

    Raises
    ------
    NotFoundError
        When there is no such run.
    SettingsError
        When its model is not a scorecard, or a step or repair cannot be written; says which.
    """
    run = runs.get(ws, run_ref)
    binning.scorecard(ws, run.run_id)
    bundle = evaluating.bundle(ws, run.run_id)
    if keep is None:
        version = datasets.get(ws, run.version_id)
        keep = tuple(column.name for column in version.schema.by_role("id"))
    return bundle_sql(bundle, table=table, keep=keep, name=run.name)


def bundle_sql(bundle: Bundle, *, table: str, keep: tuple[str, ...] = (), name: str = "") -> str:
    """Return the SELECT of a bundle that holds a scorecard; raises as :func:`sql`."""
    manifest, calibrator = bundle.manifest, bundle.calibrator
    offset, factor = bundle.estimator.scaling
    card = Card(
        features=_features(bundle),
        intercept=float(bundle.estimator.intercept_),
        offset=offset,
        factor=factor,
        calibration=None
        if calibrator is None
        else Line(calibrator.knots, calibrator.values, calibrator.low_slope, calibrator.high_slope),
    )
    comment = [
        f"Scorecard {name or manifest.dataset}, trained {manifest.created_at} on "
        f"{manifest.dataset}@{manifest.dataset_version}.",
        f"Probability of {manifest.target} in ({', '.join(manifest.positive)}); log_odds is its natural "
        "logarithm of p / (1 - p).",
        "score_points is high where the risk is low"
        + (", before the calibration that the probability has." if calibrator else "."),
        f"Table {table}: raw rows, before the {len(manifest.repairs):,} repairs of the data set, done here; "
        f"{len(bundle.steps.steps):,} cleaning steps are folded into the ranges.",
        "Runs on DuckDB and PostgreSQL. Times must be in UTC without a time zone.",
    ]
    return scorecard_sql(card, table=table, repairs=from_json(manifest.repairs), keep=keep, comment=comment)


def _features(bundle: Bundle) -> tuple[Ranges | Groups, ...]:
    """Fold steps and bins of each feature into one list of cases, by trying every value that could differ.

    What a step does to a cell depends on that cell alone and is constant between the limits tried, so
    nothing else can come out.
    """
    for step in bundle.steps.steps:
        if not isinstance(step, _STEPS):
            raise SettingsError(
                "cleaning steps must be such that SQL can do them",
                f"the step '{step.rule}' is not",
                "Train without this step, or export the table of points",
            )
    columns = bundle.encoder.columns
    tried = [_values(bundle, j) for j in range(len(columns))]
    deepest = max(len(values) for values in tried)
    X = np.full((deepest, len(columns)), np.nan)
    for j, values in enumerate(tried):
        X[: len(values), j] = values
    points = bundle.estimator.points(bundle.steps.apply(X).X)
    found: list[Ranges | Groups] = []
    for j, ((name, owned), column, values) in enumerate(zip(bundle.players, columns, tried, strict=True)):
        if name != column.name:
            raise Fault("features must be in the order of the columns", f"`{name}` is not `{column.name}`")
        given = points[: len(values), list(owned)].sum(axis=1)
        if column.kind == "category":
            labels = bundle.encoder.labels[column.name]
            pairs = tuple(zip(labels, map(float, given), strict=False))
            found.append(Groups(column, pairs, other=float(given[-2]), missing=float(given[-1])))
        else:
            limits = _limits(bundle, j)
            tests, above = _tests(values[:-1], given[:-1], limits)
            found.append(Ranges(column, tests, above=above, missing=float(given[-1])))
    return tuple(found)


def _limits(bundle: Bundle, j: int) -> Floats:
    """Return the values of a number at which its points could change."""
    card = bundle.estimator.binning_
    limits = [*card.edges[j], *card.special[j]]
    for step in bundle.steps.steps:
        if isinstance(step, FittedOutliers) and j in step.columns:
            limits += [step.low[step.columns.index(j)], step.high[step.columns.index(j)]]
    return np.unique(np.array(limits, dtype=np.float64))


def _values(bundle: Bundle, j: int) -> Floats:
    """Return the values of a column to be tried, the last one missing.

    Category: every known code, another one. Number: for every limit the value just below it, itself and just
    above it.
    """
    column = bundle.encoder.columns[j]
    if column.kind == "category":
        known = len(bundle.encoder.labels[column.name])
        return np.append(np.arange(known + 1, dtype=np.float64), np.nan)
    limits = _limits(bundle, j)
    around = [np.nextafter(limits, -np.inf), limits, np.nextafter(limits, np.inf)]
    values = np.unique(np.concatenate(around))
    return np.append(values if len(values) else np.zeros(1), np.nan)


def _tests(
    values: Floats, points: Floats, limits: Floats
) -> tuple[tuple[tuple[float, bool, float], ...], float]:
    """Return ascending tests for points that are constant from one limit to the next, and those above."""
    tests = []
    for i in range(len(values) - 1):
        if points[i] != points[i + 1]:
            inside = bool(np.isin(values[i], limits))
            bound = values[i] if inside else values[i + 1]  # just below a limit: less than the limit
            tests.append((float(bound), inside, float(points[i])))
    return tuple(tests), float(points[-1])
