"""The scorecard: logistic regression on bins, one table of points per feature."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from aimass_core.errors import SettingsError
from aimass_core.jobs.progress import Report
from aimass_core.models import binning_edits, scorecard_bins, scorecard_solve, scorecard_table
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.binning import Binning, Ints, summed
from aimass_core.models.binning_optimal import Direction, Rules
from aimass_core.models.families.scorecard import BinEdit, LearntBins


class ScorecardClassifier(BinaryClassifier):
    """Logistic regression in which every feature adds the points of its bin.

    ``log_odds = intercept_ + sum over j of tables_[j][bin of feature j]``: the closed form that
    credit scorecards are read by. Missing values and special codes have bins of their own; labels not seen
    in training add nothing. Points are centred: over the training rows each feature adds 0 on average.

    Method `quantile`: many bins of equal size; the likelihood is penalised by ``l2 / 2 * points**2`` and,
    between neighbouring bins of a number, by ``smoothing / 2 * difference**2`` (the first-order P-spline
    penalty of Eilers & Marx, Statistical Science 11, 1996), so that narrow bins do not follow noise.

    Method `optimal`: few bins found by exact search (:mod:`aimass_core.models.binning_optimal`); a bin's
    points are its weight of evidence times the feature's coefficient, which is never below 0, so a trend of
    the bad rate is a trend of the points (Siddiqi, Credit Risk Scorecards, 2006).

    Attributes
    ----------
    binning_ : bins, edits included. learnt_ : bins as they were learnt, before the edits.
    tables_ : log-odds points of each bin, one array per feature.
    intercept_ : log-odds of a row whose features all add 0.
    evidence_ : weight of evidence of each bin towards bad, one array per feature.
    coefficients_ : coefficient of each feature's evidence, shape (p,); None for method `quantile`.
    rows_, bads_ : weight of the training rows, and of the bad ones, in each bin.
    """

    family = "scorecard"
    _labels: tuple[tuple[str, ...], ...] = ()

    def __init__(
        self,
        *,
        method: Literal["quantile", "optimal"] = "quantile",
        bins: int = 20,
        l2: float = 1.0,
        smoothing: float = 10.0,
        most_bins: int = 8,
        pre_bins: int = 50,
        min_share: float = 0.05,
        criterion: Literal["likelihood", "information"] = "likelihood",
        penalty: float = 1.0,
        trend: Direction = "none",
        trends: Mapping[str, Direction] | None = None,
        rare_share: float = 0.01,
        prior: float = 10.0,
        special: Mapping[str, Sequence[float]] | None = None,
        edits: Sequence[BinEdit | Mapping[str, Any]] = (),
        edited_from: Sequence[LearntBins | Mapping[str, Any]] = (),
        base_score: float = 600.0,
        base_odds: float = 50.0,
        double_odds: float = 20.0,
        max_iterations: int = 500,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.method = method
        self.bins = bins
        self.l2 = l2
        self.smoothing = smoothing
        self.most_bins = most_bins
        self.pre_bins = pre_bins
        self.min_share = min_share
        self.criterion = criterion
        self.penalty = penalty
        self.trend = trend
        self.trends = trends
        self.rare_share = rare_share
        self.prior = prior
        self.special = special
        self.edits = edits
        self.edited_from = edited_from
        self.base_score = base_score
        self.base_odds = base_odds
        self.double_odds = double_odds
        self.max_iterations = max_iterations
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def name_labels(self, labels: Sequence[Sequence[str]]) -> None:
        """Be told the text of the label codes 0, 1, … of each column; edits that name labels need it."""
        self._labels = tuple(tuple(texts) for texts in labels)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the matrix columns; x0, x1, … where none were given."""
        given = self.names or getattr(self, "feature_names_in_", ())
        if len(given) == self.n_features_in_:
            return tuple(map(str, given))
        return tuple(f"x{j}" for j in range(self.n_features_in_))

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """Text of the label codes of each column, as :meth:`name_labels` was told; may be empty."""
        return self._labels

    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        started = time.monotonic()
        rules = self._rules(y, weight)
        learnt = scorecard_bins.learnt(self, X, y, weight, rules, progress, started)
        edits = binning_edits.read(self.edits)
        settled = {bins.feature for bins in scorecard_bins.edited_from(self)}
        binning = binning_edits.applied(learnt, edits, self.column_names, self._labels, settled=settled)
        codes = binning.codes(X)
        rows, bads = _counted(codes, binning, y, weight)
        self._need_rows(binning, rows, {edit.feature for edit in edits} - settled)
        evidence = [_evidence(rules, *counts) for counts in zip(rows, bads, strict=True)]
        coefficients = None
        if self.method == "quantile":
            points, intercept = scorecard_solve.on_bins(
                scorecard_solve.bins_design(codes, binning),
                y,
                weight,
                scorecard_solve.bins_penalty(binning, l2=self.l2, smoothing=self.smoothing),
                self.max_iterations,
                progress,
                started,
            )
            tables = np.split(points, binning.offsets[1:])
        else:
            coefficients, intercept = scorecard_solve.on_evidence(
                np.column_stack([evidence[j][codes[:, j]] for j in range(X.shape[1])]),
                y,
                weight,
                l2=self.l2,
                max_iterations=self.max_iterations,
                progress=progress,
                steps_done=X.shape[1],
                started=started,
            )
            tables = [coefficients[j] * evidence[j] for j in range(X.shape[1])]
        self.learnt_ = learnt
        self.binning_ = binning
        self.rows_, self.bads_ = rows, bads
        self.evidence_ = evidence
        self.coefficients_ = coefficients
        self.tables_ = []
        for table, held in zip(tables, rows, strict=True):
            centred, mean = _centred(table, held)
            self.tables_.append(centred)
            intercept += mean
        self.intercept_ = float(intercept)

    def _rules(self, y: Floats, weight: Floats) -> Rules:
        rows, bads = float(weight.sum()), float(weight @ y)
        return Rules(
            criterion=self.criterion,
            most=self.most_bins,
            least_rows=self.min_share * rows,
            penalty=self.penalty,
            prior=self.prior,
            rows=rows,
            bads=bads,
        )

    def _need_rows(self, binning: Binning, rows: list[Floats], features: Iterable[str]) -> None:
        for name in features:
            j = self.column_names.index(name)
            if (rows[j][: binning.ordinary(j)] <= 0).any():
                raise SettingsError(
                    f"every bin of `{name}` must hold training rows",
                    "after the edits by hand one holds none",
                    "Merge it with its neighbour, or undo the edit",
                )

    def with_edits(self, edits: Sequence[BinEdit], X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Return a copy with other edits on the learnt bins, without training all of it again.

        Only features whose bins change get new points: by their evidence and the coefficient they have, or
        (method `quantile`) by a fit of these points alone, with all others as they are.

        Parameters
        ----------
        edits : all edits, in order, also those that this scorecard was trained with.
        X, y : the training rows; y is 1 for the positive class, else 0.

        Raises
        ------
        SettingsError
            When an edit does not fit the bins, or a bin is left without rows.
        """
        matrix, target = self._matrix(X), np.asarray(y, dtype=np.float64)
        weight = np.ones(len(target))
        made = copy.copy(self)
        made.edits = tuple(edits)
        made.binning_ = binning_edits.applied(self.learnt_, edits, self.column_names, self._labels)
        made.rows_, made.bads_ = list(self.rows_), list(self.bads_)
        made.tables_, made.evidence_ = list(self.tables_), list(self.evidence_)
        rules = self._rules(target, weight)
        odds = self._log_odds(matrix)
        for j in range(matrix.shape[1]):
            if _same(self.binning_, made.binning_, j):
                continue
            codes = made.binning_.column(j, matrix[:, j])
            size = made.binning_.sizes[j]
            made.rows_[j] = summed(codes, weight, size)
            made.bads_[j] = summed(codes, target, size)
            made.evidence_[j] = _evidence(rules, made.rows_[j], made.bads_[j])
            if self.coefficients_ is not None:
                table = self.coefficients_[j] * made.evidence_[j]
                made.intercept_ -= _centred(self.coefficients_[j] * self.evidence_[j], self.rows_[j])[1]
            else:
                before = self.tables_[j][self.binning_.column(j, matrix[:, j])]
                block = scorecard_solve.feature_penalty(
                    made.binning_, j, l2=self.l2, smoothing=self.smoothing
                )
                block -= self.l2 / size  # the intercept is free, so the mean of the points has no price
                table = scorecard_solve.on_one_feature(
                    codes, odds - before, target, weight, block, np.zeros(size)
                )
            made.tables_[j], mean = _centred(table, made.rows_[j])
            made.intercept_ += mean
        self._need_rows(made.binning_, made.rows_, {edit.feature for edit in edits})
        return made

    def learnt_bins(self, features: Iterable[str]) -> tuple[LearntBins, ...]:
        """Return the learnt bins of features, for the setting `edited_from`."""
        return tuple(
            scorecard_bins.kept(self, self.column_names.index(name)) for name in dict.fromkeys(features)
        )

    def _log_odds(self, X: Floats) -> Floats:
        return np.asarray(self.intercept_ + self._points(X).sum(axis=1))

    def bin_codes(self, X: npt.ArrayLike) -> Ints:
        """Return the bin of each value, shape (n, p)."""
        return self.binning_.codes(self._matrix(X))

    def points(self, X: npt.ArrayLike) -> Floats:
        """Return the log-odds each feature adds, shape (n, p); with `intercept_` they sum to `log_odds`."""
        return self._points(self._matrix(X))

    def _points(self, X: Floats) -> Floats:
        return np.column_stack(
            [table[self.binning_.column(j, X[:, j])] for j, table in enumerate(self.tables_)]
        )

    def contributions(self, X: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, float]:
        """Return exact Shapley values against reference rows.

        For an additive model the Shapley value of a feature is its points less the mean of its
        points over the reference (Lundberg & Lee, NeurIPS 2017, linear SHAP).

        Returns
        -------
        values : shape (n, p), in log-odds.
        base : mean log-odds of the reference; ``base + values.sum(axis=1)`` is `log_odds`.
        """
        mean = self.points(reference).mean(axis=0)
        return self.points(X) - mean, float(self.intercept_ + mean.sum())

    @property
    def scaling(self) -> tuple[float, float]:
        """Offset and factor of the score: ``score = offset - factor * log_odds`` (Siddiqi 2006)."""
        factor = self.double_odds / math.log(2.0)
        return self.base_score - factor * math.log(self.base_odds), factor

    def score_points(self, X: npt.ArrayLike) -> Floats:
        """Return the scaled points of each feature, shape (n, p); a row's sum is its score, high is good.

        The points of the intercept are shared equally among the features, as is usual.
        """
        offset, factor = self.scaling
        points = self.points(X)
        return np.asarray((offset - factor * self.intercept_) / points.shape[1] - factor * points)

    def report(self) -> dict[str, Any]:
        """Return the table of points, for the pages: ``{"points": {…}}`` as JSON values."""
        return {"points": scorecard_table.as_json(self)}

    def _write(self, folder: Path) -> dict[str, Any]:
        return {
            "binning": self.binning_.to_json(),
            "learnt": self.learnt_.to_json(),
            "tables": _listed(self.tables_),
            "intercept": self.intercept_,
            "evidence": _listed(self.evidence_),
            "coefficients": None if self.coefficients_ is None else self.coefficients_.tolist(),
            "rows": _listed(self.rows_),
            "bads": _listed(self.bads_),
            "labels": self._labels,
        }

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        self.binning_ = Binning.from_json(learnt["binning"])
        self.tables_ = _arrays(learnt["tables"])
        self.intercept_ = float(learnt["intercept"])
        # Scorecards saved before bins could be edited hold only the three above.
        self.learnt_ = Binning.from_json(learnt.get("learnt", learnt["binning"]))
        self.evidence_ = _arrays(learnt.get("evidence", []))
        coefficients = learnt.get("coefficients")
        self.coefficients_ = None if coefficients is None else np.array(coefficients, dtype=np.float64)
        self.rows_, self.bads_ = _arrays(learnt.get("rows", [])), _arrays(learnt.get("bads", []))
        self.name_labels(learnt.get("labels", ()))


def _counted(codes: Ints, binning: Binning, y: Floats, weight: Floats) -> tuple[list[Floats], list[Floats]]:
    """Weight of all rows, and of the bad ones, in each bin of each feature."""
    rows, bads = [], []
    for j, size in enumerate(binning.sizes):
        rows.append(summed(codes[:, j], weight, size))
        bads.append(summed(codes[:, j], weight * y, size))
    return rows, bads


def _evidence(rules: Rules, rows: Floats, bads: Floats) -> Floats:
    """Weight of evidence towards bad; a bin without rows says nothing."""
    return np.where(rows > 0, rules.evidence(rows, bads), 0.0)


def _centred(table: Floats, held: Floats) -> tuple[Floats, float]:
    """Return points less their mean over the rows, and that mean; a bin without rows has no points."""
    mean = float(table @ held / held.sum())
    return np.where(held > 0, table - mean, 0.0), mean


def _same(one: Binning, other: Binning, j: int) -> bool:
    pairs = ((one.edges[j], other.edges[j]), (one.groups[j], other.groups[j]))
    return all(a is b or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs)


def _listed(arrays: Sequence[Floats]) -> list[list[float]]:
    return [array.tolist() for array in arrays]


def _arrays(items: Sequence[Sequence[float]]) -> list[Floats]:
    return [np.array(item, dtype=np.float64) for item in items]
