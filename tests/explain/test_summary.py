"""A model as a whole: importance ranked, points sampled, small enough for a page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from aimass_core.errors import DataError
from aimass_core.explain.shapley import explain
from aimass_core.explain.summary import BEESWARM_FEATURES, Summary, summarise
from aimass_core.schema import Column
from tests.small_models import COLUMNS, FAMILIES, applicants, small, train


@pytest.mark.parametrize("family", FAMILIES)
def test_importance_is_the_mean_absolute_contribution(family: str) -> None:
    model = small(family)
    X = model.prepare(applicants(60, seed=2)).X

    found = summarise(model, X)

    values = explain(model, X, effort="batch").values
    by_name = dict(zip([c.name for c in COLUMNS], np.abs(values).mean(axis=0), strict=True))
    assert {f.feature: f.mean_abs for f in found.features} == pytest.approx(by_name)
    assert [f.mean_abs for f in found.features] == sorted(by_name.values(), reverse=True)
    assert sum(f.share for f in found.features) == pytest.approx(1.0)
    assert found.rows == found.rows_total == 60


def test_drivers_of_the_target_come_out_on_top() -> None:
    model = small("boosting")

    found = summarise(model, model.prepare(applicants(200, seed=3)).X)

    assert {found.features[0].feature, found.features[1].feature} == {"income", "late"}


def test_sample_is_seeded_and_said() -> None:
    model = small("scorecard")
    X = model.prepare(applicants(300, seed=4)).X

    one, two = summarise(model, X, rows=50, seed=1), summarise(model, X, rows=50, seed=1)

    assert one == two
    assert (one.rows, one.rows_total) == (50, 300)
    assert one != summarise(model, X, rows=50, seed=2)


def test_levels_are_ranks_and_none_where_there_is_no_order() -> None:
    model = small("scorecard")
    rows = applicants(40, seed=5)
    found = summarise(model, model.prepare(rows).X)
    swarms = {swarm.feature: swarm for swarm in found.swarms}

    assert set(swarms["town"].levels) == {None}
    late = np.array(swarms["late"].levels, dtype=float)
    assert (np.argsort(np.argsort(late, kind="stable")) >= 0).all()
    assert late.min() >= 0
    assert late.max() <= 1
    assert (late[rows["late"].to_numpy() == 4] > late[rows["late"].to_numpy() == 0].max()).all()


def test_json_holds_everything() -> None:
    model = small("dann")
    found = summarise(model, model.prepare(applicants(20)).X)

    assert Summary.model_validate_json(found.model_dump_json()) == found


def test_many_features_stay_small() -> None:
    random = np.random.default_rng(0)
    extra = tuple(Column(name=f"n{k}", kind="number") for k in range(200))
    numbers = pd.DataFrame(random.normal(size=(120, 200)), columns=[column.name for column in extra])
    frame = pd.concat([applicants(120), numbers], axis=1)
    model = train("scorecard", frame, columns=(*COLUMNS, *extra), steps=())

    found = summarise(model, model.prepare(frame, repaired=True).X)

    assert len(found.features) == 205
    assert len(found.swarms) == BEESWARM_FEATURES
    assert len(found.model_dump_json()) < 300_000


def test_intervals_hold_the_importance_over_all_rows() -> None:
    model = small("scorecard")
    X = model.prepare(applicants(2_000, seed=6)).X
    whole = np.abs(explain(model, X, effort="batch").values).mean(axis=0)
    by_name = dict(zip([c.name for c in COLUMNS], whole, strict=True))

    held = [
        abs(item.mean_abs - by_name[item.feature]) <= 1.96 * item.error
        for seed in range(40)
        for item in summarise(model, X, rows=100, seed=seed).features
        if item.mean_abs > 0
    ]

    assert 0.88 <= np.mean(held) <= 1.0


def test_one_row_has_no_interval() -> None:
    model = small("scorecard")

    found = summarise(model, model.prepare(applicants(1)).X)

    assert all(item.error != item.error for item in found.features)
    assert Summary.model_validate_json(found.model_dump_json()).features[0].error != 0


def test_no_rows_cannot_be_summarised() -> None:
    model = small("scorecard")

    with pytest.raises(DataError, match="there are no test rows"):
        summarise(model, model.prepare(applicants(2).iloc[:0]).X)
