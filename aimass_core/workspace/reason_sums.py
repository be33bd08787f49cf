"""The reasons of stored decisions, added up month by month where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    import pandas as pd

_PARTS = ("principal", "tail", "favourable")
_SHAPE = '[{"feature":"VARCHAR","contribution":"DOUBLE"}]'


def references(ws: Workspace, model_ids: Sequence[str]) -> dict[str, int]:
    """Return how many explained decisions of these models there are by what they were measured from."""
    rows = ws.rows(
        "SELECT reference, count(*) AS n FROM decisions WHERE list_contains(?, model_id) "
        "AND json_extract_string(reasons, '$.explained') = 'true' "
        "GROUP BY reference ORDER BY n DESC, reference",
        [list(model_ids)],
    )
    return {str(row["reference"]): int(row["n"]) for row in rows}


def by_month(ws: Workspace, model_ids: Sequence[str], reference: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add up the reasons of decisions by month of the decision (UTC) and feature.

    Returns
    -------
    months : month ("2026-11"), rows, without (rows against which nothing speaks), total and total_squares of
        the rows' sums of all absolute contributions.
    features : month, feature, top (rows whose first principal reason it is), sums, squares and crosses of its
        absolute contributions, as :class:`aimass_core.explain.mix.Period` has them.
    """
    lists = ", ".join(f"from_json(json_extract(reasons, '$.{part}'), '{_SHAPE}')" for part in _PARTS)
    found = (
        "WITH found AS (SELECT decision_id, strftime(decided_at, '%Y-%m') AS month, "
        "json_extract_string(reasons, '$.principal[0].feature') AS top, "
        f"flatten([{lists}]) AS parts FROM decisions WHERE list_contains(?, model_id) "
        "AND reference = ? AND json_extract_string(reasons, '$.explained') = 'true'), "
        "weighed AS (SELECT *, coalesce(list_sum(list_transform(parts, lambda x: abs(x.contribution))), 0) "
        "AS total FROM found) "
    )
    values = [list(model_ids), reference]
    months = ws.frame(
        f"{found} SELECT month, count(*) AS rows, count(*) FILTER (top IS NULL) AS without, "
        "sum(total) AS total, sum(total * total) AS total_squares FROM weighed GROUP BY month ORDER BY month",
        values,
    )
    features = ws.frame(
        f"{found}, flat AS (SELECT month, top, total, unnest(parts) AS part FROM weighed) "
        "SELECT month, part.feature AS feature, count(*) FILTER (top = part.feature) AS top, "
        "sum(abs(part.contribution)) AS sums, sum(part.contribution * part.contribution) AS squares, "
        "sum(abs(part.contribution) * total) AS crosses FROM flat GROUP BY ALL ORDER BY month, feature",
        values,
    )
    return months, features
