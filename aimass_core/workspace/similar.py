"""Rows that are looked up for a comparison: by number, by distance of contributions, decided before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aimass_core.schema import ROW_ID
from aimass_core.workspace.cells import Cell, row_values
from aimass_core.workspace.connection import Workspace, quoted
from aimass_core.workspace.datasets import Version, selected

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Past:
    """What a stored decision came to; `input` only where it was asked for."""

    decision_id: str
    model_id: str
    model: str
    subject: str | None
    outcome: str
    probability: float
    decided_at: datetime
    input: dict[str, Cell] | None = None


def sampled_rows(ws: Workspace, version: Version, *, rows: int, seed: int = 0) -> list[int]:
    """Return the numbers of a random sample of rows, in order; all where there are no more than `rows`."""
    found = ws.rows(
        f"SELECT {ROW_ID} AS n FROM {version.table} ORDER BY hash({ROW_ID}, ?::BIGINT), {ROW_ID} LIMIT ?",
        [seed, rows],
    )
    return sorted(int(item["n"]) for item in found)


def rows_of(
    ws: Workspace, version: Version, numbers: Sequence[int], columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the rows of these numbers in the order of the file; ``_row`` comes first."""
    return ws.frame(
        f"SELECT {selected(version, columns)} FROM {version.table} WHERE {ROW_ID} IN (SELECT unnest(?)) "
        f"ORDER BY {ROW_ID}",
        [[int(number) for number in numbers] or [-1]],
    )


def rows_by_text(ws: Workspace, version: Version, column: str, values: Sequence[str]) -> dict[str, list[int]]:
    """Return the numbers of the rows whose column reads as one of these texts, by text."""
    name = f"CAST({quoted(version.schema.column(column).name)} AS VARCHAR)"
    found = ws.rows(
        f"SELECT {name} AS value, list({ROW_ID} ORDER BY {ROW_ID}) AS numbers FROM {version.table} "
        f"WHERE {name} IN (SELECT unnest(?)) GROUP BY 1",
        [list(values) or [""]],
    )
    return {item["value"]: [int(number) for number in item["numbers"]] for item in found}


def nearest_contributions(
    ws: Workspace, explanation_id: str, wanted: Mapping[str, float], *, k: int, without: int | None = None
) -> pd.DataFrame:
    """Return the k rows whose contributions are nearest to these: _row, distance, typical.

    Distances are Euclidean, in log-odds; `typical` is their median over all rows, the same in each row. Of
    equally near ones (to nine decimals) the lowest row numbers come first.

    Parameters
    ----------
    wanted : contribution of each feature.
    without : number of a row that is left out: the one itself.
    """
    return ws.frame(
        "SELECT *, median(distance) OVER () AS typical FROM ("
        "SELECT c._row, round(sqrt(sum((c.contribution - w.value) ** 2)), 9) AS distance "
        "FROM contributions AS c JOIN (SELECT unnest(?) AS feature, unnest(?) AS value) AS w "
        "ON w.feature = c.feature WHERE c.explanation_id = ? AND c._row <> ? "
        "GROUP BY c._row) ORDER BY distance, _row LIMIT ?",
        [
            *(list(wanted), [float(value) for value in wanted.values()]),
            *(explanation_id, -1 if without is None else without, k),
        ],
    )


def contributions_of(ws: Workspace, explanation_id: str, numbers: Sequence[int]) -> pd.DataFrame:
    """Return the contributions of these rows: _row, feature, contribution."""
    return ws.frame(
        "SELECT _row, feature, contribution FROM contributions "
        "WHERE explanation_id = ? AND _row IN (SELECT unnest(?)) ORDER BY _row, feature",
        [explanation_id, [int(number) for number in numbers] or [-1]],
    )


def explained_targets(ws: Workspace, version: Version, explanation_id: str, target: str) -> pd.DataFrame:
    """Return how often each value of the target occurs among explained rows: value, rows."""
    name = quoted(version.schema.column(target).name)
    return ws.frame(
        f"SELECT v.{name} AS value, count(*) AS rows FROM explained_rows AS r JOIN {version.table} AS v "
        "ON v._row = r._row WHERE r.explanation_id = ? GROUP BY 1",
        [explanation_id],
    )


def decisions_by_text(
    ws: Workspace, model_names: Sequence[str], column: str, values: Sequence[str]
) -> dict[str, Past]:
    """Return the newest decision of these models on each input whose column reads as one of these texts.

    A whole number is found whether its input wrote it with a point (`12.0`) or without.
    """
    wanted = {text: text for text in values} | {f"{text}.0": text for text in values if text.isdigit()}
    found = ws.rows(
        "SELECT * EXCLUDE (place) FROM (SELECT *, row_number() OVER "
        "(PARTITION BY value ORDER BY decided_at DESC, decision_id DESC) AS place FROM "
        "(SELECT d.decision_id, d.model_id, m.name || '@' || m.version AS model, d.subject, d.outcome, "
        "d.probability, d.decided_at, json_extract_string(d.input, CAST(? AS VARCHAR)) AS value "
        "FROM decisions AS d JOIN models AS m USING (model_id) WHERE m.name IN (SELECT unnest(?))) "
        "WHERE value IN (SELECT unnest(?))) WHERE place = 1",
        [_pointer(column), list(model_names) or [""], list(wanted) or [""]],
    )
    return {wanted[str(item.pop("value"))]: Past(**item) for item in found}


def past_decisions(ws: Workspace, model_names: Sequence[str], *, limit: int) -> list[Past]:
    """Return the newest decisions of these models with their inputs, newest first."""
    found = ws.rows(
        "SELECT d.decision_id, d.model_id, m.name || '@' || m.version AS model, d.subject, d.outcome, "
        "d.probability, d.decided_at, CAST(d.input AS VARCHAR) AS input FROM decisions AS d "
        "JOIN models AS m USING (model_id) WHERE m.name IN (SELECT unnest(?)) "
        "ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT ?",
        [list(model_names) or [""], limit],
    )
    return [Past(**{**item, "input": row_values(item["input"])}) for item in found]


def latest_decision(ws: Workspace, model_names: Sequence[str]) -> tuple[int, str]:
    """Return how many decisions these models made and the id of the newest: what they are kept under."""
    (found,) = ws.rows(
        "SELECT count(*) AS n, coalesce(max(d.decision_id), '') AS newest FROM decisions AS d "
        "JOIN models AS m USING (model_id) WHERE m.name IN (SELECT unnest(?))",
        [list(model_names) or [""]],
    )
    return int(found["n"]), str(found["newest"])


def text_of(value: Any) -> str | None:
    """Return a value as the database writes it as text: whole numbers without a point; None when missing."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _pointer(name: str) -> str:
    """Return the JSON pointer (RFC 6901) of a key, whatever characters it has."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
