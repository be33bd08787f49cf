"""The curves and pair tables of a model that is a sum of them, ready to be shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, pairwise
from typing import Any, Literal

ShapeKind = Literal["number", "date", "label"]
Show = Callable[[int, float], str]
"""Text of a value of a matrix column."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One step of a curve.

    Attributes
    ----------
    text : what falls into it. low, high : range of a number, None where open or for labels.
    log_odds : what it adds to the log-odds, against the average of the training rows.
    spread : standard deviation between the bags of the model; None where it has none.
    rows : weight of the training rows in it.
    """

    text: str
    low: float | None
    high: float | None
    log_odds: float
    spread: float | None
    rows: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What one feature adds by itself.

    Attributes
    ----------
    kind : whether the bins have an order and edges; those of a date are days since 1970-01-01.
    bins : ranges from low to high, or labels.
    apart : bins that stand outside: missing, special codes, labels not seen in training.
    importance : mean absolute log-odds over the training rows.
    """

    feature: str
    kind: ShapeKind
    bins: tuple[Bin, ...]
    apart: tuple[Bin, ...]
    importance: float


@dataclass(frozen=True, slots=True)
class PairTable:
    """What two features add together that neither says alone.

    Attributes
    ----------
    texts : what falls into each bin of the first and of the second feature.
    log_odds, rows : tables, the first feature along the first dimension.
    """

    features: tuple[str, str]
    texts: tuple[tuple[str, ...], tuple[str, ...]]
    log_odds: tuple[tuple[float, ...], ...]
    rows: tuple[tuple[float, ...], ...]
    importance: float


@dataclass(frozen=True, slots=True)
class Shapes:
    """All terms of a model, the most important first.

    Attributes
    ----------
    rows : training rows behind them. bags : whether the curves are a mean over bags, with a spread.
    """

    curves: tuple[Curve, ...]
    pairs: tuple[PairTable, ...]
    rows: float
    bags: bool


def of_terms(
    report: Mapping[str, Any], show: Show, *, flags: Sequence[int] = (), dates: Collection[str] = ()
) -> Shapes:
    """Read the ``shapes`` report of an additive model.

    Parameters
    ----------
    show : text of a value of a column. flags : columns of 0 and 1, shown by their two values.
    dates : names of the features that are days.
    """
    curves, pairs = [], []
    for term in report["terms"]:
        columns, axes = term["columns"], term["axes"]
        if len(columns) == 1:
            curves.append(_curve(term, columns[0], axes[0], show, columns[0] in flags))
            continue
        texts = [
            _texts(column, axis, show, column in flags) for column, axis in zip(columns, axes, strict=True)
        ]
        kept = [_kept(term["rows"], axis) for axis in (0, 1)]
        pairs.append(
            PairTable(
                features=(str(term["features"][0]), str(term["features"][1])),
                texts=(tuple(texts[0][i] for i in kept[0]), tuple(texts[1][k] for k in kept[1])),
                log_odds=tuple(tuple(term["scores"][i][k] for k in kept[1]) for i in kept[0]),
                rows=tuple(tuple(term["rows"][i][k] for k in kept[1]) for i in kept[0]),
                importance=float(term["importance"]),
            )
        )
    return Shapes(_dated(curves, dates), tuple(pairs), float(report["rows"]), bags=True)


def of_points(
    report: Mapping[str, Any], show: Mapping[str, Callable[[float], str]], *, dates: Collection[str] = ()
) -> Shapes:
    """Read the ``points`` report of a scorecard; `show`: text of a value, by feature; `dates`: as above."""
    curves = []
    total = 0.0
    for feature, group in groupby(report["rows"], key=lambda row: row["feature"]):
        rows = list(group)
        total = sum(row["rows"] for row in rows)
        inside = [row for row in rows if row["kind"] in ("range", "labels")]
        curves.append(
            Curve(
                feature=str(feature),
                kind="number" if any(row["kind"] == "range" for row in inside) else "label",
                bins=tuple(_bin_of_points(row, show[feature]) for row in inside),
                apart=tuple(
                    _bin_of_points(row, show[feature])
                    for row in rows
                    if row not in inside and (row["rows"] > 0 or row["log_odds"])
                ),
                importance=sum(row["rows"] * abs(row["log_odds"]) for row in rows) / max(total, 1e-300),
            )
        )
    curves.sort(key=lambda curve: -curve.importance)
    return Shapes(_dated(curves, dates), (), total, bags=False)


def _dated(curves: Sequence[Curve], dates: Collection[str]) -> tuple[Curve, ...]:
    return tuple(
        replace(curve, kind="date") if curve.kind == "number" and curve.feature in dates else curve
        for curve in curves
    )


def _curve(term: Mapping[str, Any], j: int, axis: Mapping[str, Any], show: Show, flag: bool) -> Curve:
    texts, cuts = _texts(j, axis, show, flag), axis.get("cuts")
    found = [
        Bin(text, None, None, float(score), float(spread), float(rows))
        for text, score, spread, rows in zip(texts, term["scores"], term["spread"], term["rows"], strict=True)
    ]
    numbers = cuts is not None and not flag
    last = len(found) if cuts is not None else len(found) - 1
    inside = found[1:last]
    if numbers:
        edges: list[float | None] = [None, *(cuts or ()), None]
        ranges = [
            replace(item, low=low, high=high)
            for item, (low, high) in zip(inside, pairwise(edges), strict=True)
        ]
        inside = [
            replace(item, text=_below(item.low, item.high, partial(show, j))) for item in _joined(ranges)
        ]
    return Curve(
        feature=str(term["features"][0]),
        kind="number" if numbers else "label",
        bins=tuple(inside),
        apart=tuple(item for item in (found[0], *found[last:]) if item.rows > 0),
        importance=float(term["importance"]),
    )


def _joined(bins: Sequence[Bin]) -> list[Bin]:
    """Join neighbouring bins that add exactly the same, so that a flat stretch is one step."""
    found: list[Bin] = []
    for item in bins:
        last = found[-1] if found else None
        if last is not None and (last.log_odds, last.spread) == (item.log_odds, item.spread):
            found[-1] = replace(last, high=item.high, rows=last.rows + item.rows)
        else:
            found.append(item)
    return found


def _texts(j: int, axis: Mapping[str, Any], show: Show, flag: bool) -> list[str]:
    if "labels" in axis:
        return ["missing", *(show(j, code) for code in axis["labels"]), "not seen in training"]
    edges: list[float | None] = [None, *axis["cuts"], None]
    if flag and len(edges) == 3:
        return ["missing", "no", "yes"]
    text = partial(show, j)
    return ["missing", *(_below(low, high, text) for low, high in pairwise(edges))]


def _below(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """Text of the range low <= x < high."""
    if low is None:
        return "all values" if high is None else f"below {show(high)}"
    return f"from {show(low)}" if high is None else f"{show(low)} to below {show(high)}"


def _kept(rows: Sequence[Sequence[float]], axis: int) -> list[int]:
    """Return the bins of an axis that hold any training row."""
    sums = [sum(row) for row in rows] if axis == 0 else [sum(column) for column in zip(*rows, strict=True)]
    return [k for k, value in enumerate(sums) if value > 0]


def _bin_of_points(row: Mapping[str, Any], show: Callable[[float], str]) -> Bin:
    low, high = (row["low"], row["high"]) if row["kind"] == "range" else (None, None)
    text = {
        "range": _range(low, high, show),
        "labels": ", ".join(row["labels"]) or ", ".join(f"code {code:g}" for code in row["codes"]),
        "special": f"code {show(row['low'])}" if row["low"] is not None else "special code",
        "missing": "missing",
        "unseen": "not seen in training",
    }[row["kind"]]
    return Bin(text, low, high, float(row["log_odds"]), None, float(row["rows"]))


def _range(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    if low is None:
        return "all values" if high is None else f"up to {show(high)}"
    return f"above {show(low)}" if high is None else f"above {show(low)} to {show(high)}"
