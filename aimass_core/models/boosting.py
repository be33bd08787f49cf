"""LightGBM behind the common interface."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from aimass_core.jobs.progress import Progress, Report
from aimass_core.models.base import BinaryClassifier, Floats

MODEL_FILE = "lightgbm.txt"
METRICS = {"log_loss": "binary_logloss", "auc": "auc", "average_precision": "average_precision"}


class BoostingClassifier(BinaryClassifier):
    """Gradient-boosted trees (Ke et al., NeurIPS 2017), deterministic for a seed.

    With validation rows training stops when their measure has not improved for `patience` trees
    and the best number of trees is kept. The default measure is log loss: ranking can be best
    after a dozen trees, when all scores are still near the mean and far from calibrated.

    Attributes
    ----------
    booster_ : the LightGBM booster.
    trees_ : number of trees used.
    """

    family = "boosting"

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
        settings = {
            "objective": "binary",
            "metric": METRICS[self.metric],
            "learning_rate": self.rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": min(self.min_child, max(1, len(X) // 10)),
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
        names = [f"f{j}" for j in range(X.shape[1])]
        data = lgb.Dataset(
            X,
            y,
            weight=weight,
            feature_name=names,
            categorical_feature=list(self.categorical),
            params=settings,
            free_raw_data=True,
        )
        callbacks: list[Any] = []
        watched, watched_names = [], []
        if validation is not None:
            watched, watched_names = [data.create_valid(validation[0], validation[1])], ["validation"]
            callbacks.append(lgb.early_stopping(self.patience, verbose=False))
        if progress is not None:
            callbacks.append(_reporter(progress, self.trees, self.metric))
        booster = lgb.train(
            settings, data, self.trees, valid_sets=watched, valid_names=watched_names, callbacks=callbacks
        )
        best = booster.best_iteration
        used = best if best > 0 else booster.current_iteration()
        self.trees_ = int(used)
        self.booster_ = lgb.Booster(model_str=booster.model_to_string(num_iteration=used))

    def _log_odds(self, X: Floats) -> Floats:
        return np.asarray(self.booster_.predict(X, raw_score=True), dtype=np.float64)

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
