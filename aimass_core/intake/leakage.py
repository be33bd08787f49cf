"""Columns that know the answer: single columns that tell the target far better than an honest feature can."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aimass_core.intake.engine import literal
from aimass_core.schema import TEMPORAL, Column
from aimass_core.workspace.connection import quoted

if TYPE_CHECKING:
    import duckdb

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_CHUNK = 100
_PARTS = 1_000_000
_LEAST = 50
_AUC = 0.97
_GAP = 0.7
_PURE = 0.95
_CAUGHT = 0.25
_HINT_AUC = 0.6
_CERTAIN = 0.9
_AFTER = (
    r"(^|_)(recover(y|ies|ed)|collection_recovery\w*|last_p(y|ay)mnt\w*|last_payment\w*|total_p(y|ay)mnt\w*|"
    r"total_payment\w*|total_rec_\w+|out_prncp\w*|settle(d|ment)\w*|charge_?offs?|write_?off\w*|last_fico\w*|"
    r"next_p(y|ay)mnt\w*|chargeback\w*|investigat\w*|closed?_(date|reason)|collections?_fee|post_\w+)($|_)"
)


@dataclass(frozen=True, slots=True)
class Leak:
    """Why one column is suspected; ``certain`` where its values alone give the target away."""

    column: str
    why: str
    certain: bool


def leaks(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    target: Column,
    columns: Sequence[Column],
    classes: Mapping[str, int],
) -> list[Leak]:
    """Return suspected columns, judged on at most 5,000 random rows of each class.

    A column is suspected when its AUC (the better direction, category labels by their rates on the other half
    of the rows) is 0.97 or more; when whether it is missing differs by 70 points between classes; when ranges
    or labels that hold one class to 95 % catch a quarter of it; or when its name speaks of what happens after
    the outcome and its AUC is 0.6 or more.
    """
    cap = 5_000 if len(columns) <= 300 else 2_000
    shares = {label: min(1.0, cap / count) for label, count in classes.items() if count}
    cases = " ".join(f"WHEN {literal(label)} THEN {int(share * _PARTS)}" for label, share in shares.items())
    answer = f"CAST({quoted(target.name)} AS VARCHAR)"
    where = f"{answer} IS NOT NULL AND hash(_row) % {_PARTS} < CASE {answer} {cases} ELSE 0 END"
    found: list[Leak] = []
    for start in range(0, len(columns), _CHUNK):
        part = columns[start : start + _CHUNK]
        fields = ", ".join(f"{_field(c)} AS c{i}" for i, c in enumerate(part))
        data = cursor.execute(
            f"SELECT {answer} AS y, {fields} FROM {table} WHERE {where} ORDER BY _row"
        ).fetchnumpy()
        y = np.asarray(data["y"]).astype(str)
        weights = 1.0 / np.array([shares[label] for label in y])
        for i, column in enumerate(part):
            raw = data[f"c{i}"]
            values = _codes(raw) if column.kind == "category" else _filled(raw)
            leak = _judge(column, values, y, weights, _positives(y))
            if leak:
                found.append(leak)
    return found


def auc(values: Floats, positive: Flags) -> float:
    """Area under the ROC curve by ranks (ties count half), or NaN where a class is absent."""
    n_pos, n = int(positive.sum()), positive.size
    if n_pos in (0, n):
        return float("nan")
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * (n - n_pos)))


def _judge(
    column: Column, values: Floats, y: NDArray[Any], weights: Floats, labels: Sequence[str]
) -> Leak | None:
    here = ~np.isnan(values)
    best = 0.0
    for label in labels:
        positive = y == label
        if min(positive.sum(), (~positive).sum()) < _LEAST:
            continue
        gap = float(here[positive].mean() - here[~positive].mean())
        if abs(gap) >= _GAP:
            how = "filled" if gap > 0 else "missing"
            share = here[positive].mean() if gap > 0 else 1 - here[positive].mean()
            why = f"it is {how} in {share:.0%} of the rows of class {label!r} and rarely elsewhere"
            return Leak(column.name, why, True)
        scores = _scores(column, values, positive)
        usable = ~np.isnan(scores)
        if min((positive & usable).sum(), (~positive & usable).sum()) >= _LEAST:
            found = auc(scores[usable], positive[usable])
            best = max(best, found, 1 - found)
            if best >= _AUC:
                return Leak(column.name, f"alone it tells class {label!r} with an AUC of {best:.3f}", True)
        caught = _caught(column, values, positive, weights)
        if caught >= _CAUGHT:
            why = f"some of its values come with class {label!r} only, and catch {caught:.0%} of it"
            return Leak(column.name, why, True)
    if best >= _HINT_AUC and re.search(_AFTER, column.name.lower()):
        return Leak(
            column.name,
            f"its name speaks of what follows the outcome, and its AUC is {best:.2f}",
            best >= _CERTAIN,
        )
    return None


def _scores(column: Column, values: Floats, positive: Flags) -> Floats:
    """Return numbers as they are; labels as their rate of positives on the other half of the rows."""
    if column.kind != "category":
        return values
    scores = np.full(values.size, np.nan)
    half = np.arange(values.size) % 2 == 0
    codes = np.where(np.isnan(values), 0, values + 1).astype(np.int64)
    size = int(codes.max()) + 1
    for fit, use in ((half, ~half), (~half, half)):
        total = np.bincount(codes[fit], minlength=size)
        hits = np.bincount(codes[fit], weights=positive[fit], minlength=size)
        rate = (hits + positive.mean()) / (total + 1)
        scores[use] = rate[codes[use]]
    return scores


def _caught(column: Column, values: Floats, positive: Flags, weights: Floats) -> float:
    """Return the share of the positives in bins that are nearly pure in the whole population."""
    if weights[positive].sum() > 0.5 * weights.sum():
        return 0.0
    here = ~np.isnan(values)
    if not here.any():
        return 0.0
    if column.kind == "category":
        codes = values
    else:
        common = np.unique(values[here], return_counts=True)
        mode = common[0][common[1].argmax()]
        rest = values[here & (values != mode)]
        edges = np.unique(np.quantile(rest, np.linspace(0, 1, 21)[1:-1])) if rest.size else np.empty(0)
        codes = np.where(values == mode, -1.0, np.searchsorted(edges, values, side="right").astype(float))
    codes = np.where(here, codes, -2.0)
    _, inverse = np.unique(codes, return_inverse=True)
    hits = np.bincount(inverse, weights=weights * positive)
    total = np.bincount(inverse, weights=weights)
    rows = np.bincount(inverse, weights=positive)
    # Rows of a common class stand for many: none of them in a bin still allows for three (95 % confidence).
    doubt = 3 * float(weights[~positive].max(initial=1.0))
    pure = (hits >= _PURE * (total + doubt)) & (rows >= 20)
    return float(rows[pure].sum() / positive.sum())


def _positives(y: NDArray[Any]) -> list[str]:
    """Return the classes to set against the rest: the rarer of two, else the six most frequent."""
    labels, counts = np.unique(y, return_counts=True)
    order = [str(label) for label in labels[np.argsort(counts)]]
    return order[:1] if len(order) == 2 else order[::-1][:6]


def _field(column: Column) -> str:
    name = quoted(column.name)
    if column.kind == "category":
        return name
    if column.kind in TEMPORAL:
        return f"CAST(epoch({name}) AS DOUBLE)"
    return f"CAST({name} AS DOUBLE)"


def _filled(values: Any) -> Floats:
    array = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return np.where(np.isfinite(array), array, np.nan)


def _codes(values: Any) -> Floats:
    """Return labels as the numbers 0, 1, …, missing as NaN."""
    masked = np.ma.asarray(values)
    missing = np.ma.getmaskarray(masked) | np.array([value is None for value in masked.data])
    codes = np.full(masked.size, np.nan)
    codes[~missing] = np.unique(masked.data[~missing].astype(str), return_inverse=True)[1]
    return codes
