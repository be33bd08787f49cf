"""The table of points: every bin of every feature with what it holds and what it adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from aimass_core.errors import DataError
from aimass_core.models import binning_edits

if TYPE_CHECKING:
    from aimass_core.models.binning import Floats
    from aimass_core.models.scorecard import ScorecardClassifier

BinKind = Literal["range", "labels", "special", "missing", "unseen"]


@dataclass(frozen=True, slots=True)
class BinRow:
    """One bin of one feature.

    Attributes
    ----------
    low, high : range ``low < x <= high``, None where open; of a special code both are the code.
    codes, labels : label codes of a group, and their texts where they are known.
    rows, bads : weight of the training rows, and of the bad ones.
    bad_rate : None without rows.
    evidence : weight of evidence, ln(share of the goods / share of the bads) with the prior; high is good.
    information : what the bin adds to the feature's information value.
    log_odds : what the bin adds to the log-odds of bad. points : the same on the scale of the score.
    """

    feature: str
    number: int
    kind: BinKind
    low: float | None
    high: float | None
    codes: tuple[float, ...]
    labels: tuple[str, ...]
    rows: float
    bads: float
    bad_rate: float | None
    evidence: float
    information: float
    log_odds: float
    points: float


def of_feature(card: ScorecardClassifier, j: int) -> tuple[BinRow, ...]:
    """Return the bins of one feature: ranges or groups, special codes, missing, unseen.

    Raises
    ------
    DataError
        When the scorecard was saved before bins kept their counts.
    """
    if not card.rows_:
        raise DataError(
            "a table of points needs the counts of the bins",
            "this scorecard was trained by a version that did not keep them",
            "Train it again",
        )
    binning, name = card.binning_, card.column_names[j]
    rows, bads, evidence = card.rows_[j], card.bads_[j], -card.evidence_[j]
    offset, factor = card.scaling
    shared = (offset - factor * card.intercept_) / len(card.tables_)
    good, bad = _shares(rows, bads)
    found = []
    for k in range(binning.sizes[j]):
        kind = _kind(card, j, k)
        low, high, codes = _content(card, j, k, kind)
        texts = card.labels[j] if j < len(card.labels) else ()
        found.append(
            BinRow(
                feature=name,
                number=k,
                kind=kind,
                low=low,
                high=high,
                codes=codes,
                labels=tuple(texts[int(code)] for code in codes if int(code) < len(texts))
                if kind == "labels"
                else (),
                rows=float(rows[k]),
                bads=float(bads[k]),
                bad_rate=float(bads[k] / rows[k]) if rows[k] > 0 else None,
                evidence=float(evidence[k]),
                information=float((good[k] - bad[k]) * evidence[k]),
                log_odds=float(card.tables_[j][k]),
                points=float(shared - factor * card.tables_[j][k]),
            )
        )
    return tuple(found)


def table(card: ScorecardClassifier) -> tuple[BinRow, ...]:
    """Return the bins of all features; raises as :func:`of_feature`."""
    return tuple(row for j in range(len(card.tables_)) for row in of_feature(card, j))


def information_value(rows: tuple[BinRow, ...]) -> float:
    """Return the information value of one feature: the sum over its bins."""
    return float(sum(row.information for row in rows))


def as_json(card: ScorecardClassifier) -> dict[str, Any]:
    """Return the table with the scale of the score and the edits, as JSON values."""
    offset, factor = card.scaling
    return {
        "rows": [asdict(row) for row in table(card)],
        "intercept": card.intercept_,
        "offset": offset,
        "factor": factor,
        "coefficients": None
        if card.coefficients_ is None
        else dict(zip(card.column_names, card.coefficients_.tolist(), strict=True)),
        "edits": [edit.model_dump(mode="json") for edit in binning_edits.read(card.edits)],
    }


def words(row: BinRow, show: Callable[[float], str] = lambda value: f"{value:,.10g}") -> str:
    """Return what falls into a bin, for people: "1,000 < x ≤ 2,500", "clerk, nurse", "missing"."""
    if row.kind == "range":
        if row.low is None and row.high is None:
            return "all values"
        if row.low is None:
            return f"≤ {show(row.high)}" if row.high is not None else ""
        return f"> {show(row.low)}" if row.high is None else f"> {show(row.low)} to {show(row.high)}"
    if row.kind == "labels":
        return ", ".join(row.labels or [f"code {code:g}" for code in row.codes])
    if row.kind == "special":
        return f"code {show(row.low or 0.0)}"
    return {"missing": "missing", "unseen": "not seen in training"}[row.kind]


def _shares(rows: Floats, bads: Floats) -> tuple[Floats, Floats]:
    """Share of all goods and of all bads in each bin."""
    goods = rows - bads
    return goods / max(goods.sum(), 1e-300), bads / max(bads.sum(), 1e-300)


def _kind(card: ScorecardClassifier, j: int, k: int) -> BinKind:
    binning = card.binning_
    if k < binning.ordinary(j):
        return "range" if binning.edges[j] is not None else "labels"
    if k < binning.missing(j):
        return "special"
    return "missing" if k == binning.missing(j) else "unseen"


def _content(
    card: ScorecardClassifier, j: int, k: int, kind: BinKind
) -> tuple[float | None, float | None, tuple[float, ...]]:
    edges, known, groups = card.binning_.edges[j], card.binning_.known[j], card.binning_.groups[j]
    if kind == "range" and edges is not None:
        return (
            float(edges[k - 1]) if k else None,
            float(edges[k]) if k < len(edges) else None,
            (),
        )
    if kind == "special":
        code = float(card.binning_.special[j][k - card.binning_.ordinary(j)])
        return code, code, ()
    if kind == "labels" and known is not None and groups is not None:
        return None, None, tuple(float(code) for code in known[groups == k])
    return None, None, ()
