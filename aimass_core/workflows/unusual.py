"""The most unusual rows of a run that has learnt without a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimass_core.schema import ROW_ID
from aimass_core.workflows import evaluating
from aimass_core.workspace import datasets, runs
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    import pandas as pd


def rows(ws: Workspace, run_ref: str, *, limit: int = 20) -> pd.DataFrame:
    """Return the rows of highest score among those the model has not learnt from, with their values.

    Returns
    -------
    `_row`, `part` ("validation" or "test"), `probability`, `log_odds`, then the data set's columns as they
    stand, the most unusual row first.

    Raises
    ------
    NotFoundError, DataError
        As :func:`aimass_core.workflows.evaluating.scores`; or when the data set version is gone.
    """
    import pandas as pd

    run = runs.get(ws, run_ref)
    scored = evaluating.scores(ws, run.run_id)
    top = scored.nlargest(limit, "log_odds", keep="first")[[ROW_ID, "part", "probability", "log_odds"]]
    version = datasets.get(ws, run.version_id)
    values = [datasets.row(ws, version, int(row)) for row in top[ROW_ID]]
    shown = pd.DataFrame(values, index=top.index, columns=list(version.schema.names))
    return pd.concat([top, shown], axis=1).reset_index(drop=True)
