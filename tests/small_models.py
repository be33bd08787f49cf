"""Small trained models for tests of what comes after training."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from aimass_core.bundle import Bundle, Manifest, versions
from aimass_core.clean.recipe import MissingStep, RareStep, Step
from aimass_core.clean.steps import fit_steps
from aimass_core.features.encoder import Encoder
from aimass_core.models import catalog
from aimass_core.schema import Column
from aimass_core.split import SplitConfig

MEMBERS = (
    {"family": "scorecard", "config": {"bins": 5}},
    {"family": "boosting", "config": {"trees": 15, "min_child": 5}},
)
QUICK: dict[str, dict[str, Any]] = {
    # The clock must not choose in tests, so its budget is never used up.
    "auto": {"budget_seconds": 600, "families": ("scorecard", "boosting"), "folds": 2, "tries": 1},
    "scorecard": {"bins": 5},
    "additive": {"bags": 2, "pairs": 2, "rounds": 60, "smoothing": 0},
    "boosting": {"trees": 25, "min_child": 5},
    "tabm": {"members": 3, "width": 16, "depth": 1, "bins": 4, "embedding": 3, "epochs": 3},
    "dann": {"width": 16, "depth": 1, "bins": 4, "embedding": 3, "epochs": 3},
    "transformer": {"width": 8, "depth": 1, "heads": 2, "bins": 4, "epochs": 3},
    "autoencoder": {"width": 16, "depth": 1, "code": 8, "bins": 4, "pretraining": 2, "epochs": 3},
    "anomaly": {"width": 16, "epochs": 4},
    "isolation": {"trees": 20},
    "bagging": {"members": MEMBERS[1:], "bags": 3},
    "residual": {"members": MEMBERS, "folds": 2},
    "stacking": {"members": MEMBERS, "folds": 2},
    "blend": {"members": MEMBERS},
}
"""Settings of every family that keep a training well under a second."""
FAMILIES = tuple(key for key, card in catalog.FAMILIES.items() if card.labelled)
"""Families that learn from a target."""
COLUMNS = (
    Column(name="income", kind="number"),
    Column(name="town", kind="category"),
    Column(name="late", kind="integer"),
    Column(name="since", kind="date"),
    Column(name="owner", kind="boolean"),
)


def applicants(rows: int = 400, *, seed: int = 0) -> pd.DataFrame:
    """Make rows with numbers, labels, a date, a boolean and missing values; `y` is the target.

    Income and late payments interact, so that no explanation is right by being additive.
    """
    random = np.random.default_rng(seed)
    income = random.normal(40_000, 12_000, rows).round(2)
    late = random.integers(0, 5, rows)
    town = random.choice(["Ulm", "Rom", "Oslo", "Bonn"], rows, p=[0.4, 0.3, 0.29, 0.01])
    odds = -2.5 + 0.6 * late - (income - 40_000) / 10_000 * (1 + (town == "Rom")) * (late > 1)
    frame = pd.DataFrame(
        {
            "income": income,
            "town": town,
            "late": late,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, rows), unit="D"),
            "owner": random.random(rows) < 0.5,
            "y": (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64),
        }
    )
    frame.loc[random.random(rows) < 0.15, "income"] = np.nan
    frame.loc[random.random(rows) < 0.05, "town"] = None
    return frame


def train(
    family: str,
    frame: pd.DataFrame,
    *,
    columns: tuple[Column, ...] = COLUMNS,
    steps: tuple[Step, ...] = (MissingStep(columns=("income",), indicator=True), RareStep(min_share=0.05)),
    repairs: tuple[dict[str, Any], ...] = (),
    kind: str = "credit",
    seed: int = 0,
) -> Bundle:
    """Train a model on all rows of a frame and put it into a bundle."""
    encoder = Encoder.fit(frame, columns)
    encoded = encoder.transform(frame)
    fitted = fit_steps(encoded, encoder, steps, device="cpu")
    X, y = fitted.apply(encoded).X, frame["y"].to_numpy()
    estimator = catalog.build(
        family, QUICK[family], categorical=fitted.categorical, names=fitted.names, device="cpu", seed=seed
    ).fit(X, y)
    reference, pool = X[:80], X[-200:]
    manifest = Manifest(
        family=family,
        config=catalog.check_config(family, QUICK[family]).model_dump(mode="json"),
        columns=columns,
        repairs=repairs,
        target="y",
        positive=("1",),
        negative=("0",),
        kind=kind,  # type: ignore[arg-type]
        dataset="made",
        dataset_version=1,
        dataset_version_id="v",
        dataset_sha256="0" * 64,
        split=SplitConfig(),
        rows={"train": len(frame)},
        seed=seed,
        device="cpu",
        versions=versions(),
        created_at="2026-01-01T00:00:00+00:00",
        metrics={"test.auc": 0.75, "test.ks": None},
    )
    return Bundle(
        manifest=manifest,
        encoder=encoder,
        steps=fitted,
        estimator=estimator,
        reference=reference,
        reference_log_odds=estimator.log_odds(reference),
        applicants=pool,
        applicants_log_odds=estimator.log_odds(pool),
    )


@cache
def small(family: str) -> Bundle:
    """Return one trained model of a family, the same for all tests of a process."""
    return train(family, applicants())
