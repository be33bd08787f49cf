"""Charts of how well runs separate, rank and predict: one run, or several laid over each other by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from aimass_core.evaluate.calibration import ReliabilityBin
from aimass_core.evaluate.curves import Curve, GainsCurve, KsCurve
from aimass_core.evaluate.deciles import Decile
from aimass_core.evaluate.histogram import ScoreHistogram
from app.charts.template import BAD, GOOD, NEUTRAL, colour, dash, figure, plain

HEIGHT = 400


def roc(curves: Mapping[str, Curve]) -> go.Figure:
    """Draw receiver operating characteristics: share of goods flagged against share of bads found."""
    made = _shares("Goods flagged (false positive rate)", "Bads found (true positive rate)")
    _diagonal(made, "No skill")
    for index, (name, curve) in enumerate(curves.items()):
        hover = (
            "finds %{y:.1%} of the bads<br>flags %{x:.1%} of the goods<br>from probability %{customdata:.3f}"
        )
        _line(made, index, name, curve.x, curve.y, hover, extra=curve.threshold)
    return made


def precision_recall(curves: Mapping[str, Curve], *, base_rates: Mapping[str, float]) -> go.Figure:
    """Draw precision against recall, with the share of bads as the line that chance would reach.

    Parameters
    ----------
    base_rates : share of bads among the test rows of each run, 0–1; equal shares are one line.
    """
    made = _shares("Bads found (recall)", "Bads among flagged (precision)")
    for rate in sorted({round(rate, 4) for rate in base_rates.values() if math.isfinite(rate)}):
        made.add_trace(_reference_line([0, 1], [rate, rate], f"No skill ({rate:.1%})"))
    for index, (name, curve) in enumerate(curves.items()):
        hover = "finds %{x:.1%} of the bads<br>%{y:.1%} of flagged are bad<br>from %{customdata:.3f}"
        _line(made, index, name, curve.x, curve.y, hover, extra=curve.threshold)
    return made


def calibration(bins: Mapping[str, Sequence[ReliabilityBin]]) -> go.Figure:
    """Draw the observed rate of bads against the predicted probability, with 95% intervals, bin by bin."""
    ends = [
        value for group in bins.values() for item in group for value in (item.predicted, item.observed_high)
    ]
    top = min(1.0, 1.05 * max((value for value in ends if math.isfinite(value)), default=1.0))
    made = _shares("Mean predicted probability", "Observed bad rate")
    made.update_xaxes(range=[0, top])
    made.update_yaxes(range=[0, top])
    _diagonal(made, "Perfect")
    for index, (name, group) in enumerate(bins.items()):
        made.add_trace(
            go.Scatter(
                x=[item.predicted for item in group],
                y=[item.observed for item in group],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [item.observed_high - item.observed for item in group],
                    "arrayminus": [item.observed - item.observed_low for item in group],
                    "thickness": 1,
                    "width": 3,
                },
                customdata=[item.rows for item in group],
                mode="lines+markers",
                name=plain(name),
                line={"color": colour(index), "dash": dash(index), "width": 2},
                marker={"size": 7},
                hovertemplate="predicted %{x:.1%}<br>observed %{y:.1%}<br>%{customdata:,} rows",
            )
        )
    return made


def ks(curves: Mapping[str, KsCurve], *, base_rates: Mapping[str, float]) -> go.Figure:
    """Draw how far apart the classes are: both classes for one run, the gap alone for several.

    Parameters
    ----------
    base_rates : share of bads among the test rows of each run, 0–1.
    """
    made = _shares("Rows flagged, riskiest first", "Share of the class flagged")
    made.update_yaxes(title_text="Bads found minus goods flagged" if len(curves) > 1 else None)
    for index, (name, curve) in enumerate(curves.items()):
        rate = base_rates[name]
        flagged = [rate * b + (1 - rate) * g for b, g in zip(curve.bads, curve.goods, strict=True)]
        gaps = [bad - good for bad, good in zip(curve.bads, curve.goods, strict=True)]
        if len(curves) > 1:
            _line(made, index, name, flagged, gaps, "flag %{x:.1%} of rows<br>gap %{y:.1%}")
            continue
        for label, shares, shade, style in (
            ("Bads", curve.bads, BAD, "solid"),
            ("Goods", curve.goods, GOOD, "dash"),
        ):
            made.add_trace(
                go.Scatter(
                    x=flagged,
                    y=list(shares),
                    mode="lines",
                    name=label,
                    line={"color": shade, "dash": style, "width": 2},
                    hovertemplate="flag %{x:.1%} of rows<br>%{y:.1%} of the class",
                )
            )
        if gaps:
            at = max(range(len(gaps)), key=lambda i: gaps[i])
            made.add_trace(
                go.Scatter(
                    x=[flagged[at]] * 2,
                    y=[curve.goods[at], curve.bads[at]],
                    mode="lines",
                    name=f"KS {curve.value:.1%}, at probability {curve.best_threshold:.3f}",
                    line={"color": NEUTRAL, "width": 3},
                    hoverinfo="skip",
                )
            )
    return made


def gains(curves: Mapping[str, GainsCurve]) -> go.Figure:
    """Draw the share of all bads found when the riskiest share of rows is flagged."""
    made = _shares("Rows flagged, riskiest first", "Bads found")
    _diagonal(made, "By chance")
    for index, (name, curve) in enumerate(curves.items()):
        x, y = (0.0, *curve.share), (0.0, *curve.capture)
        _line(made, index, name, x, y, "flag %{x:.1%} of rows<br>find %{y:.1%} of the bads")
    return made


def lift(curves: Mapping[str, GainsCurve]) -> go.Figure:
    """Draw how many times more bads are among the flagged rows than among all."""
    made = _shares("Rows flagged, riskiest first", "Lift (times the bad rate of all rows)")
    made.update_yaxes(range=None, tickformat=".1f", rangemode="tozero")
    made.add_trace(_reference_line([0, 1], [1, 1], "By chance"))
    for index, (name, curve) in enumerate(curves.items()):
        _line(made, index, name, curve.share, curve.lift, "flag %{x:.1%} of rows<br>%{y:.2f} times")
    return made


def histogram(counts: ScoreHistogram, *, log_odds: bool = False) -> go.Figure:
    """Draw how the scores of each class are spread, as shares of the class.

    Parameters
    ----------
    log_odds : the bins are log-odds, not probabilities.
    """
    made = figure(
        height=320,
        x_title="Log-odds" if log_odds else "Predicted probability",
        y_title="Share of the class",
        x_format=None if log_odds else ".0%",
        y_format="~%",
        legend=True,
    )
    pairs = list(zip(counts.edges, counts.edges[1:], strict=False))
    spans = [f"{a:.2f} to {b:.2f}" if log_odds else f"{a:.0%} to {b:.0%}" for a, b in pairs]
    for name, rows, shade, pattern in (("Goods", counts.goods, GOOD, ""), ("Bads", counts.bads, BAD, "/")):
        total = sum(rows) or 1
        made.add_trace(
            go.Bar(
                x=[(a + b) / 2 for a, b in pairs],
                y=[value / total for value in rows],
                width=[b - a for a, b in pairs],
                name=name,
                customdata=list(zip(rows, spans, strict=True)),
                opacity=0.6,
                marker={"color": shade, "pattern": {"shape": pattern, "size": 5, "solidity": 0.25}},
                hovertemplate="%{customdata[1]}<br>%{customdata[0]:,} rows (%{y:.1%} of the class)",
            )
        )
    made.update_layout(barmode="overlay", bargap=0)
    return made


def unlabelled_histogram(counts: ScoreHistogram) -> go.Figure:
    """Draw how log-odds are spread over rows whose outcome is unknown."""
    made = figure(height=320, x_title="Log-odds", y_title="Share of the rows", y_format="~%")
    pairs = list(zip(counts.edges, counts.edges[1:], strict=False))
    total = sum(counts.goods) or 1
    made.add_trace(
        go.Bar(
            x=[(a + b) / 2 for a, b in pairs],
            y=[value / total for value in counts.goods],
            width=[b - a for a, b in pairs],
            customdata=[
                (value, f"{a:.2f} to {b:.2f}") for value, (a, b) in zip(counts.goods, pairs, strict=True)
            ],
            marker={"color": NEUTRAL},
            hovertemplate="%{customdata[1]}<br>%{customdata[0]:,} rows (%{y:.1%})<extra></extra>",
        )
    )
    made.update_layout(bargap=0)
    return made


def deciles(groups: Sequence[Decile], *, bad_rate: float) -> go.Figure:
    """Draw the bad rate of each tenth of the rows, riskiest first, and that of all rows as a line.

    Parameters
    ----------
    bad_rate : share of bads among all rows, 0–1; NaN leaves the line out.
    """
    made = figure(
        height=320, x_title="Tenth of the rows, 1 = riskiest", y_title="Bad rate", y_format=".0%", legend=True
    )
    names = [str(group.number) for group in groups]
    made.add_trace(
        go.Bar(
            x=names,
            y=[group.bad_rate for group in groups],
            customdata=[[group.bads, group.rows] for group in groups],
            name="Tenth",
            marker={"color": BAD},
            hovertemplate="Tenth %{x}: %{y:.1%} bad<br>%{customdata[0]:,} of %{customdata[1]:,} rows",
        )
    )
    if names and math.isfinite(bad_rate):
        made.add_trace(
            _reference_line([names[0], names[-1]], [bad_rate, bad_rate], f"All rows ({bad_rate:.1%})")
        )
    made.update_xaxes(type="category")
    made.update_yaxes(rangemode="tozero")
    return made


def _shares(x_title: str, y_title: str) -> go.Figure:
    made = figure(
        height=HEIGHT, x_title=x_title, y_title=y_title, x_format=".0%", y_format=".0%", legend=True
    )
    made.update_xaxes(range=[0, 1.03])
    made.update_yaxes(range=[0, 1.02])
    return made


def _reference_line(x: Sequence[object], y: Sequence[float], name: str) -> go.Scatter:
    line = {"color": NEUTRAL, "width": 1, "dash": "dot"}
    return go.Scatter(x=list(x), y=list(y), mode="lines", name=name, line=line, hoverinfo="skip")


def _diagonal(made: go.Figure, name: str) -> None:
    made.add_trace(_reference_line([0, 1], [0, 1], name))


def _line(
    made: go.Figure,
    index: int,
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    hover: str,
    *,
    extra: Sequence[float] | None = None,
) -> None:
    made.add_trace(
        go.Scatter(
            x=list(x),
            y=list(y),
            customdata=None if extra is None else list(extra),
            mode="lines",
            name=plain(name),
            line={"color": colour(index), "dash": dash(index), "width": 2},
            hovertemplate=hover,
        )
    )
