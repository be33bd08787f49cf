"""LightGBM behind the common interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy.special import expit

from aimass_core.evaluate.calibration import log_loss
from aimass_core.evaluate.discrimination import auc, average_precision
from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.base import BinaryClassifier, Floats
from aimass_core.models.focal import focal_derivatives
from aimass_core.models.monotone import directions
from aimass_core.models.offset import TakesOffset

MODEL_FILE = "lightgbm.txt"
METRICS = {"log_loss": "binary_logloss", "auc": "auc", "average_precision": "average_precision"}


class BoostingClassifier(TakesOffset, BinaryClassifier):
    """Gradient-boosted trees (Ke et al., NeurIPS 2017), deterministic for a seed.

    With validation rows training stops when their measure has not improved for `patience` trees
    and the best number of trees is kept; they stop at once when it has reached `goal`. The default
    measure is log loss: ranking can be best after a dozen trees, when all scores are still near the
    mean and far from calibrated.

    `monotone` numbers can only raise (up) or only lower (down) the score; missing values are free.
    `balanced` gives both classes the same weight; `focal` is the exponent of the focal loss (Lin et
    al., ICCV 2017). Both are off by default, for they move scores away from probabilities.

    Attributes
    ----------
    booster_ : the LightGBM booster.
    trees_ : number of trees used.
    """

    family = "boosting"
    stages = "trees"
    """The setting that :meth:`staged_log_odds` counts."""

    def __init__(
        self,
        *,
        trees: int = 250,
        rate: float = 0.03,
        leaves: int = 15,
        min_child: int = 50,
        row_share: float = 0.8,
        column_share: float = 0.6,
        l2: float = 5.0,
        patience: int = 50,
        metric: str = "log_loss",
        goal: float | None = None,
        balanced: bool = False,
        focal: float = 0.0,
        monotone: Mapping[str, str] | None = None,
        categorical: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.trees = trees
        self.rate = rate
        self.leaves = leaves
        self.min_child = min_child
        self.row_share = row_share
        self.column_share = column_share
        self.l2 = l2
        self.patience = patience
        self.metric = metric
        self.goal = goal
        self.balanced = balanced
        self.focal = focal
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
        share = float(weight[y == 1].sum() / weight.sum())
        if self.balanced:
            weight = weight * np.where(y == 1, 0.5 / share, 0.5 / (1 - share))
            share = 0.5
        settings = self._settings(len(X), constraints)
        data = lgb.Dataset(
            X,
            y,
            weight=weight,
            feature_name=[f"f{j}" for j in range(X.shape[1])],
            categorical_feature=list(self.categorical),
            params=settings,
            free_raw_data=True,
        )
        # LightGBM cannot train by an objective of ours where no column varies; nothing can be learnt then.
        focal = self.focal > 0 and _varies(data)
        start = float(np.log(share / (1 - share)))  # LightGBM's own objectives begin here by themselves
        offset, held_offset = self._offsets or (None, None)
        if offset is not None:
            start = 0.0  # the level is that of the offset
            data.set_init_score(offset)
        elif focal:
            data.set_init_score(np.full(len(X), start))
        if focal:
            # Its own measures take the scores of such an objective for probabilities: we measure then.
            settings |= {"objective": self._focal(y, weight), "metric": "None"}
        callbacks: list[Any] = []
        watched, watched_names = [], []
        if validation is not None:
            held_out = data.create_valid(validation[0], validation[1])
            if held_offset is not None or focal:
                held_out.set_init_score(
                    np.full(len(validation[1]), start) if held_offset is None else held_offset
                )
            watched, watched_names = [held_out], ["validation"]
            callbacks.append(lgb.early_stopping(self.patience, verbose=False))
            if self.goal is not None:
                callbacks.append(_goal(self.goal, lower_is_better=self.metric == "log_loss"))
        if progress is not None:
            callbacks.append(_reporter(progress, self.trees, self.metric))
        booster = lgb.train(
            settings,
            data,
            self.trees,
            valid_sets=watched,
            valid_names=watched_names,
            feval=self._watched if focal else None,
            callbacks=callbacks,
        )
        best = booster.best_iteration
        used = best if best > 0 else booster.current_iteration()
        if focal:  # the first tree carries the first guess, as LightGBM's own objectives have it
            leaves = max(1, int(booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]))
            for leaf in range(leaves):
                booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + start)
        self.trees_ = int(used)
        self.booster_ = lgb.Booster(model_str=booster.model_to_string(num_iteration=used))

    def _settings(self, rows: int, constraints: tuple[int, ...]) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "objective": "binary",
            "metric": METRICS[self.metric],
            "learning_rate": self.rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": min(self.min_child, max(1, rows // 10)),
            "bagging_fraction": self.row_share,
            "bagging_freq": 1 if self.row_share < 1 else 0,
            "feature_fraction": self.column_share,
            "lambda_l2": self.l2,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            "feature_pre_filter": False,
        }
        if any(constraints):
            settings["monotone_constraints"] = list(constraints)
            settings["monotone_constraints_method"] = "intermediate"
        return settings

    def _focal(self, y: Floats, weight: Floats) -> Callable[[Floats, lgb.Dataset], tuple[Floats, Floats]]:
        def derivatives(scores: Floats, data: lgb.Dataset) -> tuple[Floats, Floats]:
            gradient, curvature = focal_derivatives(scores, y, self.focal)
            return weight * gradient, weight * curvature

        return derivatives

    def _watched(self, scores: Floats, data: lgb.Dataset) -> tuple[str, float, bool]:
        target = np.asarray(data.get_label(), dtype=np.float64)
        p = expit(scores)
        if self.metric == "auc":
            return self.metric, auc(target, p), True
        if self.metric == "average_precision":
            return self.metric, average_precision(target, p), True
        return self.metric, log_loss(target, p), False

    def _log_odds(self, X: Floats) -> Floats:
        return np.asarray(self.booster_.predict(X, raw_score=True), dtype=np.float64)

    def staged_log_odds(self, X: npt.ArrayLike, counts: Sequence[int]) -> Floats:
        """Return the log-odds by the first trees alone, shape (len(counts), n).

        Parameters
        ----------
        counts : numbers of trees, rising, the last at most `trees_`.
        """
        matrix = self._matrix(X)
        found = np.empty((len(counts), len(matrix)))
        total, reached = np.zeros(len(matrix)), 0
        for place, count in enumerate(counts):
            if count > reached:
                total = total + self.booster_.predict(
                    matrix, raw_score=True, start_iteration=reached, num_iteration=count - reached
                )
                reached = count
            found[place] = total
        return found

    def contributions(self, X: npt.ArrayLike) -> tuple[Floats, float]:
        """Return exact path-dependent Shapley values of the trees (Lundberg et al. 2020).

        Returns
        -------
        values : shape (n, p), in log-odds.
        base : ``base + values.sum(axis=1)`` is `log_odds`.
        """
        matrix = self._matrix(X)
        found = np.asarray(self.booster_.predict(matrix, pred_contrib=True), dtype=np.float64)
        return found[:, :-1], float(found[0, -1]) if len(found) else float("nan")

    def _write(self, folder: Path) -> dict[str, Any]:
        (folder / MODEL_FILE).write_text(self.booster_.model_to_string(), encoding="utf-8")
        return {"trees": self.trees_}

    def _read(self, folder: Path, learnt: dict[str, Any]) -> None:
        text = (folder / MODEL_FILE).read_text(encoding="utf-8")
        try:
            self.booster_ = lgb.Booster(model_str=text)
        except lgb.basic.LightGBMError as error:
            raise ValueError(str(error)) from error
        self.trees_ = int(learnt["trees"])


def _reporter(progress: Report, trees: int, metric_name: str) -> Any:
    started = time.monotonic()

    def report(env: Any) -> None:
        step = env.iteration - env.begin_iteration + 1
        metric = float(env.evaluation_result_list[0][2]) if env.evaluation_result_list else None
        progress(
            Progress(
                step=step,
                steps=trees,
                message=f"Tree {step:,} of at most {trees:,}",
                metric_name=metric_name if metric is not None else "",
                metric=metric,
                seconds=time.monotonic() - started,
            )
        )

    report.order = 5  # type: ignore[attr-defined]  # before early stopping, so the last tree is reported
    return report


def _varies(data: lgb.Dataset) -> bool:
    data.construct()
    return any(data.feature_num_bin(j) > 1 for j in range(data.num_feature()))


def _goal(goal: float, *, lower_is_better: bool) -> Any:
    def check(env: Any) -> None:
        value = float(env.evaluation_result_list[0][2])
        if value <= goal if lower_is_better else value >= goal:
            raise lgb.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

    check.order = 20  # type: ignore[attr-defined]  # after progress, so the last tree is reported
    return check
