"""The chart of a training under way."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from app.charts.template import COUNT, GOOD, NEUTRAL, NUMBER, figure, plain


def training(
    steps: Sequence[int], losses: Sequence[float | None], metrics: Sequence[float | None], *, metric_name: str
) -> go.Figure:
    """Draw the training loss and the validation measure, step by step.

    A measure that is a loss shares the axis of the training loss; another one has its own.

    Parameters
    ----------
    steps : numbers of the steps (epochs, trees).
    losses, metrics : one value a step, or None where the step reported none.
    metric_name : name of the validation measure.
    """
    made = figure(height=240, x_title="Step", x_format=COUNT, y_format=NUMBER, legend=True)
    name = plain(metric_name.replace("_", " ") or "measure")
    has_loss = any(value is not None for value in losses)
    if has_loss:
        made.add_trace(_track(steps, losses, "Training loss", "loss %{y:.4f}", NEUTRAL, "dot"))
        made.update_yaxes(title_text="Loss")
    if any(value is not None for value in metrics):
        apart = has_loss and "loss" not in metric_name.lower()
        label = f"Validation {name} (right)" if apart else f"Validation {name}"
        track = _track(steps, metrics, label, name + " %{y:.4f}", GOOD, "solid")
        if apart:
            track.update(yaxis="y2")
            made.update_layout(
                yaxis2={
                    "overlaying": "y",
                    "side": "right",
                    "showgrid": False,
                    "tickformat": NUMBER,
                    "title": {"text": name},
                    "automargin": True,
                }
            )
        made.add_trace(track)
    return made


def _track(
    steps: Sequence[int], values: Sequence[float | None], name: str, hover: str, shade: str, style: str
) -> go.Scatter:
    points = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
    return go.Scatter(
        x=[step for step, _ in points],
        y=[value for _, value in points],
        mode="lines+markers" if len(points) < 3 else "lines",
        name=name,
        line={"color": shade, "width": 2.5, "dash": style},
        hovertemplate=f"step %{{x:,}}<br>{hover}",
    )
