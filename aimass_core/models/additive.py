"""The explainable additive model: curves and pair tables found by boosting, read by eye."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from scipy.special import expit

from aimass_core.jobs.progress import Report
from aimass_core.models import additive_fit
from aimass_core.models.additive_report import shapes
from aimass_core.models.additive_terms import Axis, Effects, Floats, Pair, Terms, purified
from aimass_core.models.base import BinaryClassifier
from aimass_core.models.monotone import directions
from aimass_core.models.offset import TakesOffset

MODEL_FILE = "terms.safetensors"


class AdditiveClassifier(TakesOffset, BinaryClassifier):
    """Explainable boosting machine (Lou et al., KDD 2013; Nori et al. 2019), fitted by InterpretML.

    ``log_odds = intercept + sum of a curve per feature + sum of a table per chosen pair``. Missing
    values have a bin of their own in every curve; labels one bin each; labels not seen in training
    add nothing. Curves are the mean over `bags` models, each learnt from another part of the
    training rows and stopped by the validation rows or, without them, by the rows it left out.
    Pair tables hold only what the two curves cannot say.

    Attributes
    ----------
    terms_ : the curves and tables, which scores are made of.
    intercept_ : mean log-odds of the training rows; with `points` it sums to `log_odds`.
    report_ : what a page shows of the curves.
    """

    family = "additive"

    def __init__(
        self,
        *,
        bags: int = 8,
        pairs: int = 10,
        bins: int = 256,
        pair_bins: int = 32,
        rate: float = 0.015,
        leaves: int = 2,
        min_child: int = 4,
        smoothing: int = 200,
        rounds: int = 5_000,
        patience: int = 100,
        validation_share: float = 0.15,
        rows_per_bag: int = 200_000,
        monotone: Mapping[str, str] | None = None,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.bags = bags
        self.pairs = pairs
        self.bins = bins
        self.pair_bins = pair_bins
        self.rate = rate
        self.leaves = leaves
        self.min_child = min_child
        self.smoothing = smoothing
        self.rounds = rounds
        self.patience = patience
        self.validation_share = validation_share
        self.rows_per_bag = rows_per_bag
        self.monotone = monotone
        self.categorical = categorical
        self.names = names
        self.device = device
        self.seed = seed

    def _fit(
        self,
        X: Floats,
        y: Floats,
        weight: Floats,
        validation: tuple[Floats, Floats] | None,
        domain: npt.NDArray[np.int64] | None,
        progress: Report | None,
    ) -> None:
        constraints = directions(
            self.monotone or {}, names=self.names, columns=X.shape[1], categorical=self.categorical
        )
        used = weight > 0
        X, y, weight = X[used], y[used], weight[used]
        offset, held_offset = self._offsets or (None, None)
        offset = None if offset is None else offset[used]
        # InterpretML's limits on the size of a leaf and its stops are in units of a row of weight 1.
        weight = weight / weight.mean()
        held_out = 0 if validation is None else len(validation[1])
        membership = additive_fit.bags(
            y,
            held_out,
            count=self.bags,
            share=self.validation_share,
            most=self.rows_per_bag,
            seed=self.seed,
        )
        rows, target, weights = X, y, weight
        if validation is not None:
            rows, target = np.vstack([X, validation[0]]), np.concatenate([y, validation[1]])
            weights = np.concatenate([weight, np.ones(held_out)])
        start = offset
        if offset is not None and validation is not None:
            start = np.concatenate([offset, np.zeros(held_out) if held_offset is None else held_offset])
        fitted = additive_fit.fit(
            rows,
            target,
            weights,
            categorical=self.categorical,
            monotone=constraints,
            membership=membership,
            settings={
                "interactions": min(self.pairs, X.shape[1] * (X.shape[1] - 1) // 2),
                "max_bins": self.bins,
                "max_interaction_bins": min(self.pair_bins, self.bins),
                "learning_rate": self.rate,
                "max_leaves": self.leaves,
                "min_samples_leaf": self.min_child,
                "smoothing_rounds": self.smoothing,
                "interaction_smoothing_rounds": self.smoothing // 2,
                "max_rounds": self.rounds,
                "early_stopping_rounds": self.patience,
                "validation_size": self.validation_share,
            },
            seed=self.seed,
            progress=progress,
            offset=start,
        )
        settle = None if validation is None else np.zeros(len(y)) if offset is None else offset
        terms, report = self._made(fitted, X, y, weight, settle=settle)
        effects = terms.effects(X, weight)
        self.terms_ = terms
        self.effects_ = effects
        self.intercept_ = effects.base
        self.report_ = report

    def _made(
        self, fitted: additive_fit.Fitted, X: Floats, y: Floats, weight: Floats, *, settle: Floats | None
    ) -> tuple[Terms, dict[str, Any]]:
        """Return the purified terms and the report on them.

        With `settle`, the log-odds that the model adds to, the intercept is found again on the
        training rows: InterpretML settles it on all rows it is given, and validation rows are to say
        no more than when to stop.
        """
        raw = Terms(fitted.intercept, fitted.axes, fitted.pair_axes, fitted.curves, fitted.pairs)
        _, coarse = raw.codes(X)
        share = weight / weight.sum()
        shares = tuple(
            np.asarray(np.bincount(codes, weights=share, minlength=axis.size), dtype=np.float64)
            for codes, axis in zip(coarse, raw.pair_axes, strict=True)
        )
        axes, curves, pairs, moved = purified(raw.axes, raw.pair_axes, raw.curves, raw.pairs, shares)
        terms = Terms(raw.intercept + moved, axes, raw.pair_axes, curves, pairs)
        if settle is not None:
            shift = _settled(settle + terms.log_odds(X), y, share)
            terms = Terms(terms.intercept + shift, axes, raw.pair_axes, curves, pairs)
        of_bags = [
            purified(
                raw.axes,
                raw.pair_axes,
                [curve[bag] for curve in fitted.bag_curves],
                [
                    Pair(pair.first, pair.second, tables[bag])
                    for pair, tables in zip(raw.pairs, fitted.bag_tables, strict=True)
                ],
                shares,
            )[1]
            for bag in range(self.bags)
        ]
        return terms, shapes(terms, of_bags, X, weight, names=self.names)

    def _log_odds(self, X: Floats) -> Floats:
        return self.terms_.log_odds(X)

    def points(self, X: npt.ArrayLike) -> Floats:
        """Return exact Shapley values against all training rows, shape (n, p), in log-odds.

        They are centred: over the training rows each column has the mean 0. With `intercept_`
        they sum to `log_odds`.
        """
        return self.effects_.values(self._matrix(X))

    def contributions(self, X: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, float]:
        """Return exact Shapley values against reference rows, in closed form.

        Returns
        -------
        values : shape (n, p), in log-odds.
        base : mean log-odds of the reference; ``base + values.sum(axis=1)`` is `log_odds`.
        """
        rows = self._matrix(reference)
        effects = self.terms_.effects(rows, np.ones(len(rows)))
        return effects.values(self._matrix(X)), effects.base

    def report(self) -> dict[str, Any]:
        """Return the curves and pair tables for a page, as JSON values."""
        return {"shapes": self.report_}

    def _write(self, folder: Path) -> dict[str, Any]:
        terms = self.terms_
        arrays: dict[str, Floats] = {}
        for name, axes in (("axis", terms.axes), ("pair_axis", terms.pair_axes)):
            for j, axis in enumerate(axes):
                kind, values = ("cuts", axis.cuts) if axis.cuts is not None else ("known", axis.known)
                assert values is not None
                arrays[f"{name}.{j}.{kind}"] = np.ascontiguousarray(values)
        arrays |= {f"curve.{j}": np.ascontiguousarray(curve) for j, curve in enumerate(terms.curves)}
        arrays |= {f"pair.{k}": np.ascontiguousarray(pair.table) for k, pair in enumerate(terms.pairs)}
        arrays |= {f"effect.{k}": np.ascontiguousarray(t) for k, t in enumerate(self.effects_.tables)}
        save_file(arrays, folder / MODEL_FILE)
        return {
            "intercept": terms.intercept,
            "base": self.effects_.base,
            "pairs": [[pair.first, pair.second] for pair in terms.pairs],
            "shapes": self.report_,
        }

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        try:
            arrays = load_file(folder / MODEL_FILE)
        except Exception as error:  # the library has an exception of its own, which is not a ValueError
            raise ValueError(str(error)) from error
        p = self.n_features_in_
        terms = Terms(
            float(learnt["intercept"]),
            tuple(_axis(arrays, f"axis.{j}") for j in range(p)),
            tuple(_axis(arrays, f"pair_axis.{j}") for j in range(p)),
            tuple(arrays[f"curve.{j}"] for j in range(p)),
            tuple(Pair(int(i), int(j), arrays[f"pair.{k}"]) for k, (i, j) in enumerate(learnt["pairs"])),
        )
        tables = [arrays[f"effect.{k}"] for k in range(p + 2 * len(terms.pairs))]
        self.terms_ = terms
        self.effects_ = Effects.of(terms, float(learnt["base"]), tables)
        self.intercept_ = self.effects_.base
        self.report_ = learnt["shapes"]


def _axis(arrays: Mapping[str, Floats], name: str) -> Axis:
    if f"{name}.cuts" in arrays:
        return Axis(arrays[f"{name}.cuts"], None)
    return Axis(None, arrays[f"{name}.known"])


def _settled(log_odds: Floats, y: Floats, share: Floats) -> float:
    """Return what added to the scores makes their mean probability that of the target (Newton's method)."""
    shift = 0.0
    for _ in range(50):
        p = expit(log_odds + shift)
        step = float(share @ (y - p)) / max(float(share @ (p * (1 - p))), 1e-12)
        shift += max(-1.0, min(1.0, step))
        if abs(step) < 1e-12:
            break
    return shift
