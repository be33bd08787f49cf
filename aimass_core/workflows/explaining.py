"""Why a model scores as it does: as a whole, and for one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aimass_core.errors import DataError
from aimass_core.workflows import evaluating, wording
from aimass_core.workflows.case import Case, bundle_of, row_frame
from aimass_core.workflows.case import prepared as prepared_case
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle, Prepared
    from aimass_core.explain.reasons import Reasons
    from aimass_core.explain.references import ReferenceName
    from aimass_core.explain.summary import Summary
    from aimass_core.explain.wording import Dictionary


@dataclass(frozen=True, slots=True)
class RowExplanation:
    """One row with its score and the reasons for it.

    Attributes
    ----------
    values : contributions in log-odds by feature, in the order of the model; with `base` they add up to
        `log_odds`.
    errors : their standard errors; 0 where exact, NaN where unknown.
    display : the row's value of each feature, as text.
    typical : the typical value of each feature among the reference rows, as text.
    probability : of the positive class.
    reference_text : what contributions are measured from.
    additivity : gap between the score and the sum, log-odds.
    outcome : what the probability is of.
    row_id : the row's number in the data set; None for a row that was typed in.
    target : the row's own target value; None where unknown.
    part : "training", "validation", "test" or "" where unknown: a model knows its training rows.
    """

    run_id: str
    run: str
    values: dict[str, float]
    errors: dict[str, float]
    base: float
    log_odds: float
    probability: float
    reasons: Reasons
    display: dict[str, str]
    typical: dict[str, str]
    reference: ReferenceName
    reference_text: str
    method: str
    additivity: float
    outcome: str
    row_id: int | None
    target: str | None
    part: str


def global_explanation(ws: Workspace, run_ref: str) -> Summary:
    """Return the explanation of a model as a whole, made when it was trained.

    Raises
    ------
    NotFoundError, DataError
        When there is no such run, or its bundle is missing or was edited.
    """
    from aimass_core.explain.summary import Summary

    evaluating.bundle(ws, run_ref)  # checks the seal of the file that is read
    path = evaluating.bundle_path(ws, run_ref) / "explanation.json"
    return Summary.model_validate_json(path.read_bytes())


def explain_row(
    ws: Workspace,
    run_ref: str,
    row: int | Mapping[str, Any],
    *,
    reference: ReferenceName = "population",
    cutoff: float | None = None,
) -> RowExplanation:
    """Explain one row of the data set a run was trained on, or one that is given.

    Parameters
    ----------
    row : the row's number in the data set version (1 = first row of the file), or its raw values by column.
    cutoff : probability from which a row is declined or blocked; needed by reference `cutoff`.

    Raises
    ------
    NotFoundError
        When there is no such run or row.
    DataError
        When a column is absent or a value does not fit.
    SettingsError
        When the reference cannot be used.
    """
    run = runs.get(ws, run_ref)
    model = evaluating.bundle(ws, run.run_id)
    row_id = None if isinstance(row, Mapping) else int(row)
    frame = _given(row) if isinstance(row, Mapping) else row_frame(ws, run.version_id, int(row))
    target = _target(model, frame)
    part = ""
    if row_id is not None:
        part = _part(ws, run.run_id, row_id, known=model.manifest.target is None or target is not None)
    prepared = model.prepare(frame, repaired=row_id is not None)
    words = wording.dictionary(ws, model.manifest.dataset)
    return _explained(
        run,
        model,
        prepared,
        words,
        reference=reference,
        cutoff=cutoff,
        row_id=row_id,
        target=target,
        part=part,
    )


def explain_case(ws: Workspace, case: Case, *, changes: Mapping[str, Any] | None = None) -> RowExplanation:
    """Explain a case, with some of its values changed to try what would happen.

    Raises
    ------
    NotFoundError, DataError, SettingsError
        As :func:`explain_row`.
    """
    model = bundle_of(ws, case)
    found = prepared_case(model, case, changes)
    return _explained(
        runs.get(ws, case.run_id),
        model,
        found,
        wording.dictionary(ws, model.manifest.dataset),
        reference=case.reference,
        cutoff=case.high if case.reference == "cutoff" else None,
        row_id=case.row_id,
        target=None,
        part="",
    )


def _explained(
    run: Run,
    model: Bundle,
    prepared: Prepared,
    words: Dictionary,
    *,
    reference: ReferenceName,
    cutoff: float | None,
    row_id: int | None,
    target: str | None,
    part: str,
) -> RowExplanation:
    from aimass_core.explain.reasons import reasons
    from aimass_core.explain.shapley import explain
    from aimass_core.explain.wording import worded

    found = explain(model, prepared.X, reference=reference, cutoff=cutoff)
    display = model.display(prepared.frame)[0]
    outcome = model.outcome
    return RowExplanation(
        run_id=run.run_id,
        run=run.name,
        values={name: float(value) for name, value in zip(found.names, found.values[0], strict=True)},
        errors={name: float(value) for name, value in zip(found.names, found.errors[0], strict=True)},
        base=found.base,
        log_odds=float(found.log_odds[0]),
        probability=float(model.score_prepared(prepared.X).probability[0]),
        reasons=worded(reasons(found, 0, display, outcome=outcome), words, outcome=outcome),
        display=display,
        typical=found.typical,
        reference=found.reference,
        reference_text=found.reference_text,
        method=found.method,
        additivity=found.additivity,
        outcome=outcome,
        row_id=row_id,
        target=target,
        part=part,
    )


def _given(row: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    if not row:
        raise DataError("a row to explain must have values", "it is empty", "Fill in the features")
    return pd.DataFrame({str(name): pd.Series([value], dtype=object) for name, value in row.items()})


def _target(model: Bundle, frame: pd.DataFrame) -> str | None:
    from aimass_core.workflows.target import labels

    if model.manifest.target is None or model.manifest.target not in frame.columns:
        return None
    found = labels(frame[model.manifest.target])[0]
    return None if found is None else str(found)


def _part(ws: Workspace, run_id: str, row_id: int, *, known: bool) -> str:
    found = evaluating.scores(ws, run_id, row_id=row_id)
    if len(found):
        return str(found["part"].iloc[0])
    return "training" if known else ""
