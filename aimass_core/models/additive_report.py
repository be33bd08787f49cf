"""What a page shows of an additive model: its curves and pair tables as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aimass_core.models.additive_terms import Axis, Codes, Floats, Pair, Terms


def shapes(
    terms: Terms, of_bags: Sequence[Sequence[Floats]], X: Floats, weight: Floats, *, names: tuple[str, ...]
) -> dict[str, Any]:
    """Return all terms, the most important first.

    Each has the keys ``features`` (one name or two), ``columns`` (their places in the matrix),
    ``importance`` (mean absolute log-odds over the training rows) and ``axes``; a curve has
    ``scores``, ``spread`` (standard deviation over the bags) and ``rows`` per bin; a pair the same
    without spread, as tables. An axis has the ``cuts`` between the bins of a number or the
    ``labels`` (codes) of a category. Bins come in the order missing, then numbers ascending or
    labels, then (labels only) unseen.

    Parameters
    ----------
    of_bags : the curves of each bag, on the same axes.
    X, weight : training rows.
    """
    fine, coarse = terms.codes(X)
    share = weight / weight.sum()
    named = names or tuple(f"column {j}" for j in range(len(terms.curves)))
    found = []
    for j, curve in enumerate(terms.curves):
        mean = float(share @ curve[fine[j]])
        found.append(
            {
                "features": [named[j]],
                "columns": [j],
                "importance": float(share @ np.abs(curve[fine[j]] - mean)),
                "axes": [_axis(terms.axes[j])],
                "scores": (curve - mean).tolist(),
                "spread": _spread([bag[j] for bag in of_bags], fine[j], share),
                "rows": np.bincount(fine[j], minlength=len(curve)).tolist(),
            }
        )
    found += [_pair(terms, pair, coarse, share, named) for pair in terms.pairs]
    found.sort(key=lambda term: -float(term["importance"]))
    return {"rows": len(X), "terms": found}


def _pair(terms: Terms, pair: Pair, coarse: Codes, share: Floats, named: tuple[str, ...]) -> dict[str, Any]:
    rows, columns = coarse[pair.first], coarse[pair.second]
    height, width = pair.table.shape
    values = pair.table[rows, columns]
    mean = float(share @ values)
    counts = np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)
    return {
        "features": [named[pair.first], named[pair.second]],
        "columns": [pair.first, pair.second],
        "importance": float(share @ np.abs(values - mean)),
        "axes": [_axis(terms.pair_axes[pair.first]), _axis(terms.pair_axes[pair.second])],
        "scores": (pair.table - mean).tolist(),
        "rows": counts.tolist(),
    }


def _spread(curves: Sequence[Floats], codes: Codes, share: Floats) -> list[float]:
    """Standard deviation over the bags, each centred; it says how far to trust a step, not an interval."""
    centred = np.array([curve - share @ curve[codes] for curve in curves])
    return [float(value) for value in centred.std(axis=0)]


def _axis(axis: Axis) -> dict[str, list[float]]:
    if axis.cuts is not None:
        return {"cuts": axis.cuts.tolist()}
    assert axis.known is not None
    return {"labels": axis.known.tolist()}
