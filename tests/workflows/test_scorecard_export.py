"""SQL of a scorecard against Python: raw rows in, the same score out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimass_core.bundle import Bundle
from aimass_core.clean.fitted import FittedOutliers
from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep
from aimass_core.errors import SettingsError
from aimass_core.evaluate.calibrators import Calibrator
from aimass_core.intake.engine import engine
from aimass_core.models.families.scorecard import BinEdit
from aimass_core.schema import Column
from aimass_core.workflows.scorecard_export import bundle_sql
from tests import small_models
from tests.small_models import applicants

EXACT = 1e-9
COLUMNS = (
    Column(name='in"come', kind="number"),
    Column(name="town's", kind="category"),
    Column(name="late */ --", kind="integer"),
    Column(name="since", kind="date"),
    Column(name="seen", kind="timestamp"),
    Column(name="owner", kind="boolean"),
)
TABLE = 'raw "rows"'
QUICK: dict[str, dict[str, Any]] = {
    "quantile": {"bins": 12, "special": {'in"come': [-999.0, 25_000.0]}},
    "optimal": {"method": "optimal", "trend": "auto", "special": {'in"come': [-999.0]}, "rare_share": 0.05},
}


def raw(rows: int, *, seed: int = 0) -> pd.DataFrame:
    """Rows whose names and labels have quotes, with codes, dates, times and gaps."""
    random = np.random.default_rng(seed)
    frame = applicants(rows, seed=seed)
    names = {"Ulm": 'O\'Neill "x"', "Rom": "a -- b", "Oslo": "Łódź 东京", "Bonn": "50%;"}
    made = pd.DataFrame(
        {
            'in"come': frame["income"],
            "town's": frame["town"].map(names),
            "late */ --": frame["late"].astype("float64"),
            "since": frame["since"].dt.date,
            "seen": pd.Timestamp("2021-03-04") + pd.to_timedelta(random.integers(0, 10**13, rows), unit="us"),
            "owner": frame["owner"],
            "y": frame["y"],
        }
    )
    made.loc[random.random(rows) < 0.05, 'in"come'] = -999
    made.loc[random.random(rows) < 0.03, "seen"] = pd.NaT
    made.loc[random.random(rows) < 0.03, "late */ --"] = np.nan
    return made


def trained(monkeypatch: pytest.MonkeyPatch, method: str, **changes: Any) -> Bundle:
    monkeypatch.setitem(small_models.QUICK, "scorecard", QUICK[method])
    steps = (
        OutlierStep(columns=("late */ --",), factor=0.5, action="cap"),
        MissingStep(columns=('in"come',), indicator=True),
        RareStep(min_share=0.05),
    )
    return small_models.train("scorecard", raw(900), **{"columns": COLUMNS, "steps": steps, **changes})


def by_sql(
    sql: str, frame: pd.DataFrame, folder: Path, *, types: dict[str, str] | None = None
) -> pd.DataFrame:
    """Run a SELECT over the rows in a database in memory; columns stored by these types."""
    wanted = {
        'in"come': "DOUBLE",
        "town's": "VARCHAR",
        "late */ --": "BIGINT",
        "since": "DATE",
        "seen": "TIMESTAMP",
        "owner": "BOOLEAN",
        **(types or {}),
    }
    with engine(folder) as connection:
        connection.register("given", frame)
        cells = [
            f"CAST({_quoted(name)} AS {kind}) AS {_quoted(name)}"
            for name, kind in wanted.items()
            if name in frame
        ]
        connection.execute(
            f"CREATE TABLE {_quoted(TABLE)} AS SELECT row_number() OVER () AS id, {', '.join(cells)} "
            "FROM given"
        )
        found: pd.DataFrame = connection.execute(sql).df()
    return found.sort_values("id", ignore_index=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def agree(bundle: Bundle, frame: pd.DataFrame, folder: Path, *, types: dict[str, str] | None = None) -> None:
    found = by_sql(bundle_sql(bundle, table=TABLE, keep=("id",)), frame, folder, types=types)
    expected = bundle.score(frame)
    np.testing.assert_allclose(found["log_odds"], expected.log_odds, rtol=0, atol=EXACT)
    np.testing.assert_allclose(found["probability"], expected.probability, rtol=0, atol=EXACT)
    points = bundle.estimator.score_points(bundle.prepare(frame).X).sum(axis=1)
    np.testing.assert_allclose(found["score_points"], points, rtol=0, atol=EXACT)


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_100_000_rows_score_alike(method: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = trained(monkeypatch, method)
    frame = raw(100_000, seed=5).drop(columns="y")

    agree(bundle, frame, tmp_path)

    assert bundle.score(frame).log_odds.std() > 0.5


@pytest.mark.parametrize("method", ["quantile", "optimal"])
def test_values_at_the_borders_score_alike(
    method: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = trained(monkeypatch, method)
    edges = bundle.estimator.binning_.edges
    money = [float(value) for value in edges[0]]
    near = [np.nextafter(value, way) for value in money for way in (-np.inf, np.inf)]
    odd = [*money, *near, -999.0, -999.0000001, 25_000.0, 0.0, -0.0, 1e300, -1e300, np.nan, np.inf, -np.inf]
    days = [pd.Timestamp(0) + pd.Timedelta(days=float(v) + step) for v in (*edges[3], 0) for step in (0, 1)]
    times = [
        pd.Timestamp(0) + pd.Timedelta(microseconds=round(float(value) * 86_400e6) + step)
        for value in (*edges[4], 0)
        for step in (-1, 0, 1)
    ]
    rows = max(len(odd), len(days), len(times))
    base = raw(rows, seed=9).drop(columns="y")
    base['in"come'] = np.resize(odd, rows)
    base["since"] = [day.date() for day in np.resize(np.array(days, dtype=object), rows)]
    base["seen"] = pd.Series(list(np.resize(np.array(times, dtype=object), rows))).astype("datetime64[us]")
    base["late */ --"] = np.resize([-3.0, 0, 1, 2, 3, 4, 5, 50, np.nan], rows)
    base["town's"] = np.resize(
        np.array(['O\'Neill "x"', "never seen", "", " 50%;", None], dtype=object), rows
    )
    base["owner"] = np.resize(np.array([True, False, None], dtype=object), rows)

    agree(bundle, base, tmp_path)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=True, allow_infinity=True),
            st.one_of(st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
            st.integers(-(2**40), 2**40),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_value_scores_alike(
    shared_bundle: Bundle, scratch: Path, cells: list[tuple[float, str | None, int]]
) -> None:
    frame = raw(len(cells), seed=2).drop(columns="y")
    frame['in"come'] = [money for money, _, _ in cells]
    frame["town's"] = pd.Series([town for _, town, _ in cells], dtype=object)
    frame["late */ --"] = [float(late) for _, _, late in cells]

    agree(shared_bundle, frame, scratch)


@pytest.fixture(scope="module")
def shared_bundle() -> Bundle:
    with pytest.MonkeyPatch.context() as patch:
        return trained(patch, "quantile")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


REPAIRS: tuple[dict[str, Any], ...] = (
    {"kind": "trim", "columns": None, "case": "keep"},
    {"kind": "sentinel", "column": "town's", "values": ["?", "n/a"]},
    {"kind": "label", "column": "town's", "mapping": {"It's": "a -- b"}},
    {"kind": "type", "column": 'in"come', "to": "number", "was": "text"},
    {"kind": "sentinel", "column": 'in"come', "values": [-999.0, "-998"]},
    {"kind": "range", "column": 'in"come', "low": -5_000.0, "high": 90_000.0},
    {"kind": "range", "column": "since", "low": "2020-02-01", "high": None},
    {"kind": "range", "column": "seen", "low": None, "high": "2021-06-01"},
    {"kind": "sentinel", "column": "since", "values": ["2020-06-06"]},
    {"kind": "duplicates", "columns": None},
    {"kind": "sentinel", "column": "gone", "values": ["x"]},
)


def test_repairs_are_done_in_sql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = trained(monkeypatch, "quantile", repairs=REPAIRS)
    frame = raw(3_000, seed=6).drop(columns="y")
    money = frame['in"come'].astype(object).map(lambda value: None if value != value else f"{value:,.2f}")
    odd = [
        " $1,234.50 ",
        "12 %",
        "€ -5",
        "-999",
        "-998.0",
        "1e4",
        "+.5",
        "5.",
        "nonsense",
        "",
        "1,23",
        "95000",
    ]
    frame['in"come'] = [*odd, *money.iloc[len(odd) :]]
    towns = [" a  --\tb ", "It's", " ? ", "n/a", "", "\u00a0", "a\u00a0-- b", "50%;\n"]
    frame["town's"] = [*towns, *frame["town's"].iloc[len(towns) :]]

    agree(bundle, frame, tmp_path, types={'in"come': "VARCHAR"})


@pytest.mark.parametrize(
    ("repair", "words"),
    [
        ({"kind": "type", "column": "since", "to": "date", "was": "text"}, "`since` from text to date"),
        ({"kind": "sentinel", "column": "town's", "values": [7.0]}, "codes for missing in `town's`"),
    ],
)
def test_a_repair_that_databases_do_differently_is_refused_by_name(
    repair: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = trained(monkeypatch, "quantile", repairs=(repair,))

    with pytest.raises(SettingsError, match=words):
        bundle_sql(bundle, table=TABLE)


@pytest.mark.parametrize("action", ["cap", "blank", "drop"])
def test_every_kind_of_step_is_folded_in(
    action: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    steps = (
        OutlierStep(columns=('in"come', "since", "seen"), factor=0.5, action=action),  # type: ignore[arg-type]
        MissingStep(columns=('in"come', "seen", "owner", "town's"), method="mode", indicator=True),
        MissingStep(columns=("late */ --",), method="constant", constant=3),
        OutlierStep(columns=('in"come',), factor=0.5, action="cap"),
        RareStep(min_share=0.2),
    )
    bundle = trained(monkeypatch, "quantile", steps=steps)
    frame = raw(5_000, seed=7).drop(columns="y")
    frame['in"come'] *= 1.5
    frame["seen"] += pd.to_timedelta(np.arange(5_000) % 400 - 200, unit="D")

    agree(bundle, frame, tmp_path)

    limits = bundle.steps.steps[0]
    assert isinstance(limits, FittedOutliers)
    assert (frame['in"come'] > limits.high[0]).sum() > 100


@pytest.mark.parametrize("knots", [1, 2, 7])
def test_a_calibration_is_done_in_sql(knots: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    places = tuple(np.linspace(-1.5, 0.5, knots))
    values = tuple(np.cumsum(np.linspace(0.1, 0.9, knots)) - 2)
    bundle = replace(
        trained(monkeypatch, "quantile"), calibrator=Calibrator("isotonic", places, values, 0.3, 1.7)
    )

    agree(bundle, raw(5_000, seed=8).drop(columns="y"), tmp_path)


def test_edited_bins_are_those_of_the_sql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = trained(monkeypatch, "quantile")
    card = bundle.estimator
    edits = [
        BinEdit(kind="merge", feature='in"come', edge=float(card.learnt_.edges[0][2])),
        BinEdit(kind="split", feature="late */ --", to=2.0)
        if 2.0 not in card.learnt_.edges[2]
        else BinEdit(kind="merge", feature="late */ --", edge=2.0),
    ]
    rows = raw(900)
    X = bundle.prepare(rows).X

    edited = replace(bundle, estimator=card.with_edits(edits, X, rows["y"]))

    assert bundle_sql(edited, table=TABLE) != bundle_sql(bundle, table=TABLE)
    agree(edited, raw(5_000, seed=3).drop(columns="y"), tmp_path)


def test_names_that_clash_or_are_empty_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = trained(monkeypatch, "quantile")

    with pytest.raises(SettingsError, match="must not be named"):
        bundle_sql(bundle, table="t", keep=("probability",))
    with pytest.raises(SettingsError, match="needs a name"):
        bundle_sql(bundle, table="schema.")
    assert 'FROM "bank"."loans"' in bundle_sql(bundle, table="bank.loans")


def test_a_name_cannot_end_a_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = bundle_sql(trained(monkeypatch, "quantile"), table=TABLE, name="x\n; DROP TABLE loans; --")

    assert all(line.startswith("--") or "DROP" not in line for line in sql.split("\n"))
    assert "late * / --" in sql
