"""Charts of reasons draw what they are given, and names from data stay harmless."""

from __future__ import annotations

import numpy as np
import pytest

from aimass_core.evaluate.conditions import Feature
from aimass_core.explain.agreement import agreement
from aimass_core.explain.contributions import Contributions
from aimass_core.explain.dependence import dependence
from aimass_core.explain.grouping import group
from aimass_core.explain.mix import by_period, shift
from aimass_core.explain.segments import segmented
from app.charts import explaining, reasons

NAMES = ("income <b>", "town")
ROWS = 200


def made() -> tuple[Contributions, list[Feature]]:
    random = np.random.default_rng(0)
    income, town = random.normal(size=ROWS), random.integers(0, 2, ROWS).astype(float)
    income[:10] = np.nan
    town[5:15] = np.nan
    values = np.column_stack([np.nan_to_num(income), np.nan_to_num(town) - 0.5])
    features = [Feature(NAMES[0], income), Feature(NAMES[1], town, ("Ulm <i>", "Rom"))]
    return Contributions(np.arange(1, ROWS + 1), NAMES, values), features


def test_missing_values_stand_left_of_all_others() -> None:
    found, features = made()

    drawn = explaining.dependence(
        dependence(found, features, NAMES[0]), features[0], found.of(NAMES[0]), None
    )

    dots = drawn.data[0]
    assert len(dots.x) == ROWS
    assert max(dots.x[:10]) < np.nanmin(np.asarray(dots.x[10:], dtype=float)) + 1e-9
    assert drawn.layout.xaxis.title.text == "income &lt;b&gt;"
    assert drawn.layout.xaxis.range[0] < min(dots.x[:10])


def test_days_become_dates() -> None:
    found, features = made()
    days = Feature(NAMES[0], np.nan_to_num(features[0].values) * 100 + 18_000)

    drawn = explaining.dependence(
        dependence(found, [days, features[1]], NAMES[0]), days, found.of(NAMES[0]), None, dates=True
    )

    assert str(drawn.data[0].x[0]) == "2019-04-14"


def test_labels_are_lines_with_their_means_and_colours_have_names() -> None:
    found, features = made()
    town = features[1]

    drawn = explaining.dependence(
        dependence(found, features, "town"), town, found.of("town"), (town, group(town, most=6))
    )

    assert list(drawn.layout.yaxis.ticktext)[-1] == "missing"
    assert "Ulm &lt;i&gt;" in drawn.layout.yaxis.ticktext
    assert {trace.name for trace in drawn.data} == {"Ulm &lt;i&gt;", "Rom", "missing", "Mean, 95% interval"}
    assert sum(len(trace.x) for trace in drawn.data[:-1]) == ROWS


def test_dots_of_a_number_carry_its_rank_and_those_without_are_apart() -> None:
    found, features = made()

    drawn = explaining.dependence(
        dependence(found, features, "town"),
        features[1],
        found.of("town"),
        (features[0], group(features[0], most=6)),
    )

    ranked, lost = drawn.data[0], drawn.data[1]
    assert (min(ranked.marker.color), max(ranked.marker.color)) == (0.0, 1.0)
    assert lost.name == "income &lt;b&gt; missing"
    assert len(lost.x) == 10


@pytest.mark.parametrize("signed", [True, False])
def test_heat_map_leaves_out_small_segments(signed: bool) -> None:
    found, features = made()

    drawn = reasons.heat(segmented(found, features[1]), NAMES, signed=signed)

    assert list(drawn.layout.xaxis.ticktext) in (["Ulm &lt;i&gt;", "Rom"], ["Rom", "Ulm &lt;i&gt;"])
    assert np.asarray(drawn.data[0].z).shape == (2, 2)


def test_ranges_are_named_by_where_they_begin() -> None:
    found, _ = made()
    column = Feature("age", np.arange(float(ROWS)))

    drawn = reasons.heat(segmented(found, column), NAMES, signed=True)

    ticks = list(drawn.layout.xaxis.ticktext)
    assert ticks[0] == "&lt; 34"
    assert ticks[1] == "≥ 34"
    assert ticks[-1] == "≥ 167"


def test_bars_over_time_are_whole() -> None:
    found, _ = made()
    mix = by_period(found, np.arange(ROWS) % 3, ("a", "b", "c"))

    drawn = reasons.over_time(mix, [NAMES[0]])

    np.testing.assert_allclose(np.sum([trace.y for trace in drawn.data], axis=0), 1.0)
    changed = reasons.changes(shift(mix, "a", "b").changes)
    assert changed.layout.yaxis.ticktext[0] in ("income &lt;b&gt;", "town", "no reason against")


def test_two_models_side_by_side() -> None:
    found, _ = made()
    agreed = agreement(found, found)

    drawn = reasons.side_by_side(agreed.features, "one <b>", "two")
    dots = reasons.against(found.values[:, 0], found.values[:, 0], found.rows.tolist(), "one <b>", "two")

    assert [trace.name for trace in drawn.data] == ["one &lt;b&gt;", "two"]
    assert dots.layout.xaxis.title.text == "one &lt;b&gt; (log-odds)"
    assert len(dots.data[1].x) == ROWS
