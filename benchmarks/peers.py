"""Other people's models as they would be used, on the same rows: the peers of the model benchmarks."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.public import Part

Floats = npt.NDArray[np.float64]
Peer = Callable[[Part], Floats]
"""Learns from the training rows of a part and returns the probability of its test rows."""


def tuned_lightgbm(part: Part) -> Floats:
    """LightGBM with the settings measured best on Taiwan: 250 trees of 15 leaves at rate 0.03…"""
    import lightgbm

    model = lightgbm.LGBMClassifier(
        n_estimators=250,
        learning_rate=0.03,
        num_leaves=15,
        min_child_samples=50,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.6,
        reg_lambda=5.0,
        random_state=0,
        verbosity=-1,
    )
    model.fit(part.X, part.y, categorical_feature=list(part.categorical))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that an array has not
        return np.asarray(model.predict_proba(part.test_X))[:, 1]


def binned_logistic(part: Part) -> Floats:
    """scikit-learn's logistic regression on 20 quantile bins a number and one bin a label."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

    numbers = _numbers(part)
    bins = KBinsDiscretizer(20, encode="onehot", strategy="quantile", quantile_method="averaged_inverted_cdf")
    parts = make_column_transformer(
        (bins, numbers), (OneHotEncoder(handle_unknown="ignore"), list(part.categorical))
    )
    model = make_pipeline(parts, LogisticRegression(C=0.1, max_iter=2_000))
    return _fitted(model, part)


def ebm(part: Part) -> Floats:
    """InterpretML's explainable boosting machine as it is."""
    from interpret.glassbox import ExplainableBoostingClassifier

    kinds = ["nominal" if j in part.categorical else "continuous" for j in range(part.X.shape[1])]
    model = ExplainableBoostingClassifier(feature_types=kinds, random_state=0, n_jobs=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(part.X, part.y)
        return np.asarray(model.predict_proba(part.test_X)[:, 1])


def perceptron(part: Part) -> Floats:
    """scikit-learn's MLP on standardised numbers and one-hot labels, early stopping."""
    from sklearn.compose import make_column_transformer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    parts = make_column_transformer(
        (StandardScaler(), _numbers(part)),
        (OneHotEncoder(handle_unknown="ignore"), list(part.categorical)),
    )
    return _fitted(make_pipeline(parts, MLPClassifier(early_stopping=True, random_state=0)), part)


PEERS: dict[str, tuple[str, Peer]] = {
    "lightgbm": ("LightGBM, tuned", tuned_lightgbm),
    "logistic": ("scikit-learn logistic on bins", binned_logistic),
    "ebm": ("InterpretML EBM as is", ebm),
    "perceptron": ("scikit-learn MLP, standardised", perceptron),
}


def _numbers(part: Part) -> list[int]:
    return [j for j in range(part.X.shape[1]) if j not in part.categorical]


def _fitted(model: Any, part: Part) -> Floats:
    """Fit a peer that takes no missing values: they become the column's median."""
    typical = np.nan_to_num(np.nanmedian(part.X, axis=0))
    X, test = (np.where(np.isnan(rows), typical, rows) for rows in (part.X, part.test_X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bins merged, epochs used up
        model.fit(X, part.y)
        return np.asarray(model.predict_proba(test)[:, 1])
