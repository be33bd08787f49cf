"""AUC of the three families on UCI's "default of credit card clients", Taiwan 2005, beside peers.

Three stratified folds with seed 0; each family with its default settings, fitted through the same
encoder as in the product, on two thirds of 30,000 rows. What a model needs to stop early it carves
from its training rows; test rows only measure. Peers are fitted on the same rows in the same run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from aimass_core.evaluate.discrimination import auc
from aimass_core.features.encoder import Encoder
from aimass_core.models.catalog import build
from aimass_core.schema import Column
from benchmarks.rows import Row

TARGET = "default.payment.next.month"
CATEGORIES = ("GENDER", "EDUCATION", "MARRIAGE")
TARGETS = {"scorecard": 0.768, "boosting": 0.783, "dann": 0.775}
"""Mean AUC that the defaults must reach."""

Floats = npt.NDArray[np.float64]
Peer = Callable[[pd.DataFrame, npt.NDArray[np.int64], pd.DataFrame], Floats]


def run(*, quick: bool = False) -> list[Row]:
    """Return a row per family: mean AUC over the folds, highest less lowest, and a peer's.

    With `quick` only the first fold is measured, and no target is judged.

    Raises
    ------
    FileNotFoundError
        When the public data set is not there.
    """
    frame = pd.read_csv(_path())
    folds = list(_folds(frame))[: 1 if quick else 3]
    rows = []
    for family, (peer_name, peer) in PEERS.items():
        ours = [_ours(family, frame, train, test) for train, test in folds]
        theirs = [_theirs(peer, frame, train, test) for train, test in folds]
        mean, peer_mean = float(np.mean(ours)), float(np.mean(theirs))
        rows.append(
            Row(
                benchmark="credit",
                case=f"{family}, Taiwan default, {len(folds)} of 3 folds",
                metric="auc",
                ours=mean,
                peer=peer_mean,
                peer_name=peer_name,
                ratio=mean / peer_mean,
                spread=None if quick else max(ours) - min(ours),
                target=None if quick else TARGETS[family],
                met=None if quick else mean >= TARGETS[family],
            )
        )
    return rows


def _path() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = Path(os.environ.get("AIMASS_SHARED", beside)) / "credit" / "taiwan_default.csv"
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name} is not at {path.parent}; set AIMASS_SHARED to the folder of the public data"
        )
    return path


def _folds(frame: pd.DataFrame) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    yield from StratifiedKFold(3, shuffle=True, random_state=0).split(frame, frame[TARGET])


def _columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    return tuple(
        Column(name=name, kind="category" if name in CATEGORIES else "integer")
        for name in frame.columns
        if name not in ("ID", TARGET)
    )


def _ours(
    family: str, frame: pd.DataFrame, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]
) -> float:
    encoder = Encoder.fit(frame.iloc[train], _columns(frame))
    model = build(family, {}, categorical=encoder.categorical, device="cpu", seed=0)
    model.fit(encoder.transform(frame.iloc[train]), frame[TARGET].to_numpy()[train])
    scores = model.predict_proba(encoder.transform(frame.iloc[test]))[:, 1]
    return auc(frame[TARGET].to_numpy()[test], scores)


def _theirs(
    peer: Peer, frame: pd.DataFrame, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]
) -> float:
    features = frame[[column.name for column in _columns(frame)]]
    target = frame[TARGET].to_numpy()
    return auc(target[test], peer(features.iloc[train], target[train], features.iloc[test]))


def _standardised() -> Any:
    """Numbers to mean 0 and deviation 1, categories one-hot."""
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), list(CATEGORIES)), remainder=StandardScaler()
    )


def _logistic(X: pd.DataFrame, y: npt.NDArray[np.int64], test: pd.DataFrame) -> Floats:
    model = make_pipeline(_standardised(), LogisticRegression(max_iter=1_000)).fit(X, y)
    return np.asarray(model.predict_proba(test)[:, 1])


def _lightgbm(X: pd.DataFrame, y: npt.NDArray[np.int64], test: pd.DataFrame) -> Floats:
    import lightgbm

    model = lightgbm.LGBMClassifier(random_state=0, verbosity=-1).fit(X, y)
    return np.asarray(model.predict_proba(test)[:, 1])


def _perceptron(X: pd.DataFrame, y: npt.NDArray[np.int64], test: pd.DataFrame) -> Floats:
    network = MLPClassifier(early_stopping=True, random_state=0)
    model = make_pipeline(_standardised(), network).fit(X, y)
    return np.asarray(model.predict_proba(test)[:, 1])


PEERS: dict[str, tuple[str, Peer]] = {
    "scorecard": ("scikit-learn LogisticRegression, standardised", _logistic),
    "boosting": ("LightGBM, library defaults", _lightgbm),
    "dann": ("scikit-learn MLPClassifier, standardised, early stopping", _perceptron),
}
