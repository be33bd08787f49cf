"""Learning the bins of a scorecard by its settings: quantiles or optimal, special codes, trends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from aimass_core.errors import SettingsError
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.binning import Binning, Floats, ordinary
from aimass_core.models.binning_edits import position
from aimass_core.models.binning_optimal import Direction, Rules, label_groups, number_edges
from aimass_core.models.families.scorecard import EVERY, LearntBins

if TYPE_CHECKING:
    from aimass_core.models.scorecard import ScorecardClassifier


def learnt(
    card: ScorecardClassifier,
    X: Floats,
    y: Floats,
    weight: Floats,
    rules: Rules,
    progress: Report | None,
    started: float,
) -> Binning:
    """Return the bins that a scorecard's settings find in training rows, before edits by hand.

    Parameters
    ----------
    y : 0 or 1. weight : none negative; rows of weight 0 count as absent.
    started : `time.monotonic()` of the fit, for the progress.

    Raises
    ------
    SettingsError
        When a setting names a feature that is not there, or a category where it is about numbers.
    """
    columns = X.shape[1]
    special, trends = _special(card, columns), _trends(card, columns)
    few = card.bins if card.method == "quantile" else 2
    binning = Binning.fit(X, weight, bins=few, categorical=card.categorical, special=special)
    settled = {position(card.column_names, bins.feature, "bins"): bins for bins in edited_from(card)}
    for j in range(columns) if card.method == "optimal" else ():
        kept = ordinary(X[:, j], special[j]) & (weight > 0)
        part = X[kept, j], y[kept], weight[kept]
        if j in card.categorical:
            known, groups = label_groups(*part, rules, rare_share=card.rare_share)
            binning = binning.changed(j, known=known, groups=groups)
        else:
            edges = number_edges(*part, rules, pre_bins=card.pre_bins, trend=trends[j])
            binning = binning.changed(j, edges=edges)
        if progress is not None:
            progress(
                Progress(
                    step=j + 1,
                    steps=columns + card.max_iterations,
                    message=f"Bins of {j + 1:,} of {columns:,} features",
                    seconds=time.monotonic() - started,
                )
            )
    for j, bins in settled.items():
        binning = _settled(card, binning, j, bins)
    return binning


def edited_from(card: ScorecardClassifier) -> tuple[LearntBins, ...]:
    """Return the bins that a scorecard's settings give instead of learning them."""
    return tuple(
        bins if isinstance(bins, LearntBins) else LearntBins.model_validate(bins) for bins in card.edited_from
    )


def kept(card: ScorecardClassifier, j: int) -> LearntBins:
    """Return the learnt bins of a feature as the setting holds them."""
    edges, known, groups = card.learnt_.edges[j], card.learnt_.known[j], card.learnt_.groups[j]
    if edges is not None:
        return LearntBins(feature=card.column_names[j], edges=edges.tolist())
    assert known is not None
    assert groups is not None
    texts = [card.labels[j][int(code)] for code in known]
    parts = [[text for text, at in zip(texts, groups, strict=True) if at == k] for k in np.unique(groups)]
    return LearntBins(feature=card.column_names[j], groups=parts)


def _settled(card: ScorecardClassifier, binning: Binning, j: int, bins: LearntBins) -> Binning:
    """Return the binning with the given bins of one feature; labels they do not name stand alone."""
    known = binning.known[j]
    if bins.edges is not None:
        if known is not None:
            raise SettingsError("given edges must be of a number", f"`{bins.feature}` is a category", "")
        return binning.changed(j, edges=np.array(bins.edges, dtype=np.float64))
    if known is None:
        raise SettingsError("given groups must be of a category", f"`{bins.feature}` is a number", "")
    texts = card.labels[j] if j < len(card.labels) else ()
    if len(known) and int(known[-1]) >= len(texts):
        raise SettingsError(
            f"groups of labels of `{bins.feature}` need the texts of its labels",
            "they are not known here",
            "Take the edits of this feature out",
        )
    place = {text: k for k, group in enumerate(bins.groups or ()) for text in group}
    free = len(bins.groups or ())
    wanted = [place.get(texts[int(code)], free + i) for i, code in enumerate(known)]
    return binning.changed(j, groups=np.unique(wanted, return_inverse=True)[1].astype(np.int64))


def _special(card: ScorecardClassifier, columns: int) -> tuple[Floats, ...]:
    found: list[set[float]] = [set() for _ in range(columns)]
    for name, codes in (card.special or {}).items():
        for j in range(columns) if name == EVERY else [_number(card, name, "special codes")]:
            if j not in card.categorical:
                found[j].update(map(float, codes))
    return tuple(np.array(sorted(codes), dtype=np.float64) for codes in found)


def _trends(card: ScorecardClassifier, columns: int) -> list[Direction]:
    found: list[Direction] = [card.trend] * columns
    for name, trend in (card.trends or {}).items():
        found[_number(card, name, "a trend")] = trend
    return found


def _number(card: ScorecardClassifier, name: str, what: str) -> int:
    j = position(card.column_names, name, what)
    if j in card.categorical:
        raise SettingsError(
            f"{what} must be about a number",
            f"`{name}` is a category, whose labels are binned one by one",
            f"Take `{name}` out of the setting",
        )
    return j
