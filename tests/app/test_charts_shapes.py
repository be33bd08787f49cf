"""Charts of curves and pair tables draw what they are given."""

from __future__ import annotations

import pytest

from aimass_core.explain.shapes import Bin, Curve, PairTable
from app.charts import shapes


def number(kind: str = "number") -> Curve:
    edges = [None, 0.0, 10.0, 20.0, 1_000_000.0, None]
    rows = [100, 400, 490, 9, 1]
    bins = tuple(
        Bin(f"bin {k}", edges[k], edges[k + 1], value, 0.1, rows[k])
        for k, value in enumerate([-1.0, -0.5, 0.5, 0.8, 1.2])
    )
    missing = Bin("missing", None, None, 0.3, 0.0, 20)
    return Curve("income <b>", kind, bins, (missing,), 0.4)  # type: ignore[arg-type]


def test_a_curve_steps_from_edge_to_edge_over_its_band() -> None:
    made = shapes.curve(number(), whole=True)

    lower, upper, line, rows = made.data
    assert line.line.shape == "hv"
    assert list(line.y) == [-1.0, -0.5, 0.5, 0.8, 1.2, 1.2]
    assert list(line.x)[1:-1] == [0.0, 10.0, 20.0, 1_000_000.0]
    assert line.x[0] < 0
    assert line.x[-1] > 1_000_000
    assert upper.y[0] - lower.y[0] == pytest.approx(0.2)
    assert rows.yaxis == "y2"
    assert made.layout.xaxis.title.text == "income &lt;b&gt;"


def test_the_tails_are_out_of_view_unless_asked() -> None:
    made = shapes.curve(number())

    assert made.layout.xaxis.range[1] == 20.0
    assert shapes.curve(number(), whole=True).layout.xaxis.range is None


def test_days_become_dates() -> None:
    found = number("date")

    line = shapes.curve(found, whole=True).data[2]

    assert list(line.x)[1:4] == ["1970-01-01", "1970-01-11", "1970-01-21"]


def test_labels_become_bars_the_lowest_first() -> None:
    bins = (Bin("Ulm", None, None, 0.7, 0.0, 10), Bin("<i>Rom", None, None, -0.2, 0.0, 5))

    made = shapes.curve(Curve("town", "label", bins, (), 0.3))

    assert list(made.data[0].x) == [-0.2, 0.7]
    assert list(made.layout.yaxis.ticktext) == ["&lt;i&gt;Rom", "Ulm"]
    assert list(made.data[0].marker.color) == [shapes.GOOD, shapes.BAD]


def test_a_number_of_one_bin_is_a_bar() -> None:
    made = shapes.curve(Curve("flat", "number", (Bin("all values", None, None, 0.0, 0.0, 10),), (), 0.0))

    assert made.data[0].type == "bar"


def test_cells_of_a_pair_without_rows_stay_empty_and_colours_are_even() -> None:
    table = PairTable(
        ("age", "town"),
        (("below 30", "30 to below 50", "from 50"), ("Ulm", "Rom")),
        ((0.1, -0.4), (0.2, 9.0), (0.0, 0.3)),
        ((5, 6), (7, 0), (1, 2)),
        0.1,
    )

    made = shapes.pair(table)

    heat = made.data[0]
    assert [list(row) for row in heat.z] == [[0.1, -0.4], [0.2, None], [0.0, 0.3]]
    assert (heat.zmin, heat.zmax) == (-0.4, 0.4)
    assert list(made.layout.yaxis.ticktext) == ["&lt; 30", "30", "50"]
    assert list(made.layout.xaxis.ticktext) == ["Ulm", "Rom"]
