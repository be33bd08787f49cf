"""What would turn a decision: time, validity and share of answers over declined rows of Taiwan default.

A tree and a network model learn two thirds of the public file. The rows asked about are those of the last
third that the default policy (a missed bad costs five times a good turned away) declines, spread evenly over
the score. The rules are the guessed ones: sex, age and marital status fixed, whole numbers. An answer is
valid when the changed raw row, scored again alone through the whole bundle, passes and no rule is broken;
that is checked here once more, apart from the engine.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

from aimass_core.bundle import Bundle, Manifest, versions
from aimass_core.clean.steps import fit_steps
from aimass_core.decide.default import default_policy
from aimass_core.evaluate.cutoff import cutoff_table
from aimass_core.evaluate.ranking import rank
from aimass_core.explain.counterfactual import Counterfactual, Turned
from aimass_core.explain.recourse_rules import ChangeRules, default_rules
from aimass_core.features.encoder import Encoder
from aimass_core.models.catalog import build, check_config
from aimass_core.schema import Column
from aimass_core.split import SplitConfig
from aimass_core.workflows import counterfactuals
from aimass_core.workflows.case import Case
from aimass_core.workspace.cells import plain
from benchmarks.public import TAIWAN_TARGET, shared
from benchmarks.rows import Row, alone

DECLINED = 200
SECONDS = 1.0
"""Longest that the 95th percentile may take, on two processor cores."""
_LABELS = ("GENDER", "EDUCATION", "MARRIAGE")


def rows(*, quick: bool) -> list[Row]:
    """Return the rows of both models; `quick` asks about fewer rows."""
    frame = pd.read_csv(shared("credit/taiwan_default.csv"))
    found = []
    for family in ("boosting", "dann"):
        found += of_family(frame, family, count=20 if quick else DECLINED)
    return found


def of_family(frame: pd.DataFrame, family: str, *, count: int) -> list[Row]:
    """Train one model and ask what would turn each of its declined rows."""
    order = np.random.default_rng(0).permutation(len(frame))
    cut = 2 * len(frame) // 3
    bundle = trained(frame.iloc[order[:cut]], family)
    rest = frame.iloc[order[cut:]].reset_index(drop=True)
    probability = bundle.score(rest).probability
    policy = default_policy(cutoff_table(rank(rest[TAIWAN_TARGET].to_numpy(), probability)), kind="credit")
    declined = np.flatnonzero(probability >= policy.high)
    declined = declined[np.argsort(probability[declined], kind="stable")]
    asked = declined[np.unique(np.linspace(0, len(declined) - 1, count).astype(int))]
    rules = default_rules(bundle.input_columns)
    seconds, answered, valid = [], 0, []
    for i in asked:
        values = {str(name): plain(value) for name, value in rest.iloc[i].items()}
        case = Case("", values, False, "population", policy.low, policy.high)
        began = time.perf_counter()
        answer = counterfactuals.of_bundle(bundle, case, goal=None, rules=rules)
        seconds.append(time.perf_counter() - began)
        answered += bool(answer.answers)
        valid += [_valid(bundle, values, answer, given, rules) for given in answer.answers]
    case_text = f"counterfactuals, {family}, {len(asked)} declined rows of Taiwan default"
    worst = float(np.quantile(seconds, 0.95))
    share = float(np.mean(valid)) if valid else float("nan")
    return [
        alone("shapley", case_text, "seconds a row, 95th percentile", [worst], at_most=SECONDS),
        alone("shapley", case_text, "seconds a row, median", [float(np.median(seconds))]),
        Row(
            benchmark="shapley",
            case=case_text,
            metric="share of answers that are valid",
            ours=share,
            target="= 1",
            met=share == 1.0,
        ),
        alone("shapley", case_text, "share of rows with an answer", [answered / len(asked)]),
        alone("shapley", case_text, "answers a row", [len(valid) / len(asked)]),
    ]


def _valid(
    bundle: Bundle, values: dict[str, Any], answer: Turned, given: Counterfactual, rules: ChangeRules
) -> bool:
    changed = {**values, **{change.feature: change.after for change in given.changes}}
    names = [column.name for column in bundle.input_columns]
    both = pd.DataFrame([values, changed])
    score = float(bundle.score(both.iloc[[1]]).probability[0])
    encoded = bundle.encoder.transform(both)
    before, after = (dict(zip(names, row.tolist(), strict=True)) for row in encoded)
    return score < answer.goal <= answer.probability and not rules.broken(before, after)


def trained(frame: pd.DataFrame, family: str) -> Bundle:
    """Return a model of the public rows as a bundle, with its default settings."""
    columns = tuple(
        Column(name=name, kind="category" if name in _LABELS else "integer")
        for name in frame.columns
        if name not in ("ID", TAIWAN_TARGET)
    )
    encoder = Encoder.fit(frame, columns)
    encoded = encoder.transform(frame)
    steps = fit_steps(encoded, encoder, (), device="cpu")
    X, y = steps.apply(encoded).X, frame[TAIWAN_TARGET].to_numpy()
    model = build(family, {}, categorical=steps.categorical, names=steps.names, device="cpu", seed=0).fit(
        X, y
    )
    pool = X[:2_000]
    odds = model.log_odds(pool)
    manifest = Manifest(
        family=family,
        config=check_config(family, {}).model_dump(mode="json"),
        columns=columns,
        repairs=(),
        target=TAIWAN_TARGET,
        positive=("1",),
        negative=("0",),
        kind="credit",
        dataset="taiwan",
        dataset_version=1,
        dataset_version_id="public",
        dataset_sha256="0" * 64,
        split=SplitConfig(),
        rows={"train": len(frame)},
        seed=0,
        device="cpu",
        versions=versions(),
        created_at="2026-01-01T00:00:00+00:00",
        metrics={},
    )
    return Bundle(manifest, encoder, steps, model, pool[:200], odds[:200], pool, odds)
