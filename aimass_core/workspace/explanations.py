"""Explanations of many rows at once: one line a row, one line a row and feature."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimass_core.errors import NotFoundError
from aimass_core.workspace.connection import Workspace, new_id, now
from aimass_core.workspace.exports import FORMULA_STARTS

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_FIELDS = (
    "explanation_id, job_id, run_id, part, row_count, base, reference, CAST(facts AS VARCHAR) AS facts, "
    "seconds, created_at, created_by"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One finished explanation of many rows.

    Attributes
    ----------
    part : which rows were explained, for a person.
    base : what contributions start from, log-odds.
    facts : `reference_text`, `method`, `additivity`, `features` (in the order of the model).
    """

    explanation_id: str
    job_id: str
    run_id: str
    part: str
    row_count: int
    base: float
    reference: str
    facts: dict[str, Any]
    seconds: float
    created_at: datetime
    created_by: str


def add(
    cursor: duckdb.DuckDBPyConnection,
    *,
    job_id: str,
    run_id: str,
    part: str,
    base: float,
    reference: str,
    facts: Mapping[str, Any],
    seconds: float,
    rows: Path,
    contributions: Path,
    actor: str,
) -> str:
    """Add an explanation inside a transaction and return its id.

    Parameters
    ----------
    rows : Parquet file of _row, log_odds, probability.
    contributions : Parquet file of _row, feature, contribution, error.
    """
    explanation_id = new_id()
    cursor.execute(
        "INSERT INTO explained_rows SELECT ?, _row, log_odds, probability FROM read_parquet(?)",
        [explanation_id, str(rows)],
    )
    cursor.execute(
        "INSERT INTO contributions SELECT ?, _row, feature, contribution, error FROM read_parquet(?)",
        [explanation_id, str(contributions)],
    )
    cursor.execute(
        "INSERT INTO explanations (explanation_id, job_id, run_id, part, row_count, base, reference, facts, "
        "seconds, created_at, created_by) SELECT ?, ?, ?, ?, count(*), ?, ?, ?, ?, ?, ? "
        "FROM explained_rows WHERE explanation_id = ?",
        [
            *(explanation_id, job_id, run_id, part, float(base), reference),
            *(json.dumps(dict(facts), ensure_ascii=False), float(seconds), now(), actor, explanation_id),
        ],
    )
    return explanation_id


def get(ws: Workspace, explanation_id: str) -> Stored:
    """Return one explanation.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = _read(ws, "explanation_id = ?", explanation_id)
    if not found:
        raise NotFoundError("the explanation must exist", f"there is no {explanation_id!r}")
    return found[0]


def of_run(ws: Workspace, run_id: str) -> list[Stored]:
    """Return the explanations of a run, newest first."""
    return _read(ws, "run_id = ?", run_id)


def by_job(ws: Workspace, job_id: str) -> Stored | None:
    """Return what a job made, or None."""
    found = _read(ws, "job_id = ?", job_id)
    return found[0] if found else None


def rows(
    ws: Workspace, explanation_id: str, *, offset: int = 0, limit: int = 100, riskiest: bool = True
) -> pd.DataFrame:
    """Return explained rows with their strongest reason against: _row, log_odds, probability, top, by."""
    order = "r.log_odds DESC" if riskiest else "r.log_odds"
    with ws.reading() as cursor:
        return cursor.execute(
            "SELECT r._row, r.log_odds, r.probability, arg_max(c.feature, c.contribution) AS top, "
            "max(c.contribution) AS by FROM (SELECT * FROM explained_rows AS r WHERE r.explanation_id = ? "
            f"ORDER BY {order}, r._row LIMIT ? OFFSET ?) AS r JOIN contributions AS c ON "
            "c.explanation_id = r.explanation_id AND c._row = r._row GROUP BY ALL "
            f"ORDER BY {order}, r._row",
            [explanation_id, int(limit), int(offset)],
        ).df()


def by_feature(ws: Workspace, explanation_id: str) -> pd.DataFrame:
    """Return for each feature: mean_abs, mean, error (mean standard error), top (rows where it leads)."""
    with ws.reading() as cursor:
        return cursor.execute(
            "SELECT feature, avg(abs(contribution)) AS mean_abs, avg(contribution) AS mean, "
            "avg(error) AS error, count(*) FILTER (place = 1 AND contribution > 0) AS top FROM "
            "(SELECT *, row_number() OVER (PARTITION BY _row ORDER BY contribution DESC, feature) AS place "
            "FROM contributions WHERE explanation_id = ?) GROUP BY feature ORDER BY mean_abs DESC, feature",
            [explanation_id],
        ).df()


def matrix(
    ws: Workspace, explanation_id: str, features: Sequence[str], *, rows: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the numbers of explained rows, in order, and their contributions, shape (n, features).

    Parameters
    ----------
    features : in the order of the columns returned.
    rows : most rows; beyond, the same pseudo-random choice of them each time.
    """
    with ws.reading() as cursor:
        chosen = cursor.execute(
            "SELECT _row FROM (SELECT _row FROM explained_rows WHERE explanation_id = ? "
            "ORDER BY hash(_row), _row LIMIT ?) ORDER BY _row",
            [explanation_id, int(rows)],
        ).fetchnumpy()["_row"]
        cells = cursor.execute(
            "WITH places AS (SELECT _row, row_number() OVER (ORDER BY _row) - 1 AS at "
            "FROM unnest(?) AS t(_row)), "
            "names AS (SELECT unnest(?) AS feature, unnest(range(?)) AS at) "
            "SELECT p.at AS i, n.at AS j, c.contribution AS value FROM contributions AS c "
            "JOIN places AS p ON p._row = c._row JOIN names AS n ON n.feature = c.feature "
            "WHERE c.explanation_id = ?",
            [chosen, list(features), len(features), explanation_id],
        ).fetchnumpy()
    values = np.zeros((len(chosen), len(features)))
    values[cells["i"], cells["j"]] = cells["value"]
    return np.asarray(chosen, dtype=np.int64), values


def of_row(ws: Workspace, explanation_id: str, row_id: int) -> pd.DataFrame:
    """Return the contributions of one row, strongest first: feature, contribution, error."""
    with ws.reading() as cursor:
        return cursor.execute(
            "SELECT feature, contribution, error FROM contributions WHERE explanation_id = ? AND _row = ? "
            "ORDER BY abs(contribution) DESC, feature",
            [explanation_id, int(row_id)],
        ).df()


def export(ws: Workspace, explanation_id: str, path: Path) -> None:
    """Write all contributions to a Parquet or CSV file, by the file's ending, one line a row and feature."""
    options = "CSV, HEADER" if path.suffix == ".csv" else "PARQUET"
    found = get(ws, explanation_id)
    starts = ", ".join(f"chr({ord(start)})" for start in FORMULA_STARTS)
    part = path.with_name(f"{path.name}.part")
    try:
        with ws.reading() as cursor:
            cursor.execute(
                "COPY (SELECT c._row, r.log_odds, r.probability, CAST($base AS DOUBLE) AS base, "
                f"CASE WHEN left(c.feature, 1) IN ({starts}) THEN chr(39) || c.feature ELSE c.feature END "
                "AS feature, c.contribution, c.error FROM contributions AS c JOIN explained_rows AS r "
                "ON r.explanation_id = c.explanation_id AND r._row = c._row "
                "WHERE c.explanation_id = $id ORDER BY c._row, abs(c.contribution) DESC) "
                f"TO '{str(part).replace(chr(39), chr(39) * 2)}' (FORMAT {options})",
                {"id": explanation_id, "base": found.base},
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(ws: Workspace, condition: str, value: str) -> list[Stored]:
    with ws.reading() as cursor:
        cursor.execute(
            f"SELECT {_FIELDS} FROM explanations WHERE {condition} "
            "ORDER BY created_at DESC, explanation_id DESC",
            [value],
        )
        found = cursor.fetchall()
    return [
        Stored(*(json.loads(cell) if place == 7 else cell for place, cell in enumerate(row))) for row in found
    ]
