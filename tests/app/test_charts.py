"""The chart template and the charts of one column."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from aimass_core.clean import distribution
from app.charts import profile, template

BACKGROUNDS = {"light": "#FFFFFF", "dark": "#0E1520"}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("background", BACKGROUNDS.values(), ids=BACKGROUNDS)
@pytest.mark.parametrize(
    "colour", [template.GOOD, template.BAD, template.MIDDLE, template.NEUTRAL, *template.PALETTE]
)
def test_colours_stand_out_on_both_themes(colour: str, background: str) -> None:
    low, high = sorted((luminance(colour), luminance(background)))

    assert (high + 0.05) / (low + 0.05) >= 3


def test_things_beyond_the_palette_start_over() -> None:
    assert template.colour(len(template.PALETTE)) == template.colour(0)
    assert template.dash(len(template.DASHES) + 1) == template.dash(1)


def test_text_from_data_is_no_html() -> None:
    assert template.plain("<b>a</b> & <a href='x'>") == "&lt;b&gt;a&lt;/b&gt; &amp; &lt;a href='x'&gt;"
    assert template.plain("x" * 99, longest=10) == "xxxxxxxxx…"


def test_a_histogram_is_as_wide_as_its_bins() -> None:
    made = profile.histogram([(0.0, 1.0, 5), (1.0, 3.0, 7)])

    (bars,) = made.data
    assert list(bars.x) == [0.5, 2.0]
    assert list(bars.width) == [1.0, 2.0]
    assert list(bars.y) == [5, 7]


def test_days_are_drawn_as_dates() -> None:
    made = profile.histogram([(0.0, 2.0, 5)], days=True)

    (bars,) = made.data
    assert list(bars.x) == [datetime(1970, 1, 2)]
    assert list(bars.width) == [2 * 86_400_000]


def test_labels_are_plain_and_the_most_frequent_on_top() -> None:
    made = profile.labels([("<b>a</b>", 9), (None, 2), ("", 1)])

    (bars,) = made.data
    assert list(bars.x) == [1, 2, 9]
    assert list(made.layout.yaxis.ticktext) == ["(empty)", "(missing)", "&lt;b&gt;a&lt;/b&gt;"]


def pair(before: list[object], after: list[object], kind: str) -> tuple[distribution.Distribution, ...]:
    """Count two columns of the same kind."""
    return distribution.pair(
        pd.Series(before, dtype="float64" if kind == "number" else object),
        pd.Series(after, dtype="float64" if kind == "number" else object),
        (kind, kind),  # type: ignore[arg-type]
        sampled=False,
    )


def test_numbers_before_and_after_use_the_same_bins() -> None:
    before, after = pair([1.0, 2.0, 100.0], [1.0, 2.0, 5.0], "number")

    made = profile.before_after(before, after, x_title="a<b>")

    assert [trace.name for trace in made.data] == ["Before", "After"]
    assert list(made.data[0].x) == list(made.data[1].x)
    assert (sum(made.data[0].y), sum(made.data[1].y)) == (3, 3)
    assert made.layout.xaxis.title.text == "a&lt;b&gt;"


def test_labels_before_and_after_are_side_by_side_with_what_is_missing() -> None:
    before, after = pair(["a", "a", "?"], ["a", "a", None], "category")

    made = profile.before_after(before, after)

    rows = {trace.name: dict(zip(made.layout.yaxis.ticktext, trace.x, strict=True)) for trace in made.data}
    assert rows["Before"] == {"a": 2, "?": 1, "(missing)": 0}
    assert rows["After"] == {"a": 2, "?": 0, "(missing)": 1}


def test_a_changed_type_is_drawn_apart() -> None:
    before, after = pair(["1", "x"], ["1", "x"], "category")

    assert list(profile.one(before, name="Before").data[0].x) == [1, 1]
    assert sum(profile.one(pair([1.0], [1.0], "number")[1], name="After").data[0].y) == 1
    assert profile.before_after_data(before, after)["when"] == ["before"] * 3 + ["after"] * 3
