"""One row under one model, wherever it comes from: a data set, or a decision that was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aimass_core.errors import DataError, NotFoundError
from aimass_core.workflows import evaluating
from aimass_core.workflows.rows import to_frame
from aimass_core.workspace import cases, datasets, registry, runs
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle, Prepared
    from aimass_core.explain.references import ReferenceName
    from aimass_core.workspace.cases import Decision, StoredPolicy


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked about: a row, the run that scores it, and what its reasons are measured from.

    Attributes
    ----------
    values : the row by column; raw as it came in, or as it stands in the data set.
    repaired : the row stands in the data set version itself, whose repairs are done already.
    reference : what contributions are measured from.
    low, high : cut-offs of the policy that decides, probabilities; None where no policy was set.
    row_id : number of the row in its data set; None for a decision.
    decision_id : None for a row of the data set.
    """

    run_id: str
    values: dict[str, Any]
    repaired: bool
    reference: ReferenceName
    low: float | None
    high: float | None
    row_id: int | None = None
    decision_id: str | None = None

    @property
    def key(self) -> str:
        """A text that only this case has, for the keys of widgets and caches."""
        return f"{self.run_id}.{self.decision_id or self.row_id}.{self.reference}"


def of_row(ws: Workspace, run_ref: str, row_id: int, *, reference: ReferenceName = "population") -> Case:
    """Return a row of the data set that a run was trained on as a case.

    Raises
    ------
    NotFoundError
        When there is no such run or row.
    """
    run = runs.get(ws, run_ref)
    frame = row_frame(ws, run.version_id, row_id)
    stored = policy_of(ws, run.run_id)
    return Case(
        run_id=run.run_id,
        values={str(name): _plain(frame[name].iloc[0]) for name in frame.columns},
        repaired=True,
        reference=reference,
        low=None if stored is None else float(stored.policy["low"]),
        high=None if stored is None else float(stored.policy["high"]),
        row_id=row_id,
    )


def of_decision(ws: Workspace, decision: Decision) -> Case:
    """Return a stored decision as a case, under the model and the policy that decided.

    Raises
    ------
    NotFoundError
        When its model or policy is gone.
    """
    model = registry.get(ws, decision.model_id)
    policy = cases.policy_by_id(ws, decision.policy_id).policy
    return Case(
        run_id=model.run_id,
        values=dict(decision.input),
        repaired=False,
        reference=decision.reference,  # type: ignore[arg-type]  # only its names are ever stored
        low=float(policy["low"]),
        high=float(policy["high"]),
        decision_id=decision.decision_id,
    )


def policy_of(ws: Workspace, run_id: str) -> StoredPolicy | None:
    """Return the policy in force for the newest model that a run is registered as; None without one."""
    models = registry.of_runs(ws).get(run_id, [])
    return cases.policy(ws, models[-1].name) if models else None


def prepared(bundle: Bundle, case: Case, changes: Mapping[str, Any] | None = None) -> Prepared:
    """Return the case as the estimator takes it, with some values changed.

    Raises
    ------
    DataError
        When a column is absent or a value does not fit.
    """
    values = {**case.values, **(changes or {})}
    columns = bundle.input_columns
    absent = [column.name for column in columns if column.name not in values]
    if absent:
        raise DataError(
            "every feature of the model must be a column of the row", f"missing: `{absent[0]}`", "Add it"
        )
    return bundle.prepare(to_frame([values], columns), repaired=case.repaired)


def row_frame(ws: Workspace, version_id: str, row_id: int) -> pd.DataFrame:
    """Return one row of a data set version as a frame.

    Raises
    ------
    NotFoundError
        When there is no such row.
    """
    version = datasets.get(ws, version_id)
    frame = datasets.page(ws, version, limit=1, where_row=row_id)
    if not len(frame):
        raise NotFoundError(
            f"row {row_id:,} must be in `{version.ref}`",
            f"it has {version.rows:,} rows",
            "Rows are numbered as in the file, from 1; cleaning may have dropped this one",
        )
    return frame


def bundle_of(ws: Workspace, case: Case) -> Bundle:
    """Return the model of a case, read once and kept."""
    return evaluating.bundle(ws, case.run_id)


def _plain(value: Any) -> Any:
    from aimass_core.workspace.cells import plain

    found = plain(value)
    return None if found != found else found
