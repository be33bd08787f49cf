"""Whether the reasons of one case come back under the refits of its model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aimass_core import sealed
from aimass_core.errors import DataError, Fault
from aimass_core.explain.stability import RowStability, of_row
from aimass_core.workflows import case as cases
from aimass_core.workflows import explaining
from aimass_core.workflows.case import Case
from aimass_core.workflows.stability import Result
from aimass_core.workflows.stability_fits import FORMAT
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.models.base import BinaryClassifier

_KEPT = 2  # measurements whose refits stay in memory


@dataclass(frozen=True, slots=True)
class CaseStability:
    """What was found for one case; `note` says why not every refit was compared, or is empty."""

    row: RowStability
    note: str


def of_case(ws: Workspace, found: Result, case: Case) -> CaseStability:
    """Explain a case under the refits of its model and count how often its reasons come back.

    Encoding, cleaning, calibration and the rows compared with stay those of the model: only what the
    estimator learnt differs.

    Raises
    ------
    NotFoundError, DataError, SettingsError
        As :func:`aimass_core.workflows.explaining.explain_case`; or the refits are gone or were edited.
    """
    from aimass_core.explain.shapley import explain

    if found.run_id != case.run_id:
        raise Fault("a case can be compared with refits of its own model only")
    bundle = cases.bundle_of(ws, case)
    mine = explaining.explain_case(ws, case)
    X = cases.prepared(bundle, case).X
    cutoff = case.high if case.reference == "cutoff" else None
    estimators = refits(found.folder)[: found.refits_explained]
    values, probabilities = [], []
    for estimator in estimators:
        model = replace(bundle, estimator=estimator)
        explained = explain(model, X, reference=case.reference, cutoff=cutoff, effort="batch")
        values.append(explained.values[0])
        probabilities.append(float(model.score_prepared(X).probability[0]))
    names = tuple(mine.values)
    row = of_row(
        names,
        np.array([mine.values[name] for name in names]),
        np.array(values),
        probability=mine.probability,
        probabilities=np.array(probabilities),
    )
    note = ""
    if len(estimators) < found.spec.refits:
        note = (
            f"{len(estimators)} of the {found.spec.refits} refits are compared: explaining a row of this "
            "model under all of them would take too long."
        )
    return CaseStability(row, note)


@lru_cache(maxsize=_KEPT)
def refits(folder: Path) -> tuple[BinaryClassifier, ...]:
    """Return the estimators of a sealed folder of refits, read once and kept.

    Raises
    ------
    NotFoundError
        When the folder is gone.
    DataError
        When a file is missing, torn or edited.
    """
    from aimass_core.models.catalog import load_estimator

    content = sealed.read_folder(folder, newest=FORMAT)
    try:
        return tuple(
            load_estimator(content["family"], folder / f"refit-{number:02d}")
            for number in range(1, content["refits"] + 1)
        )
    except (KeyError, TypeError) as error:
        raise DataError(
            f"the refits in {folder.name} must be readable by this program", str(error), "Measure again"
        ) from error
