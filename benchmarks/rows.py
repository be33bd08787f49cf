"""The rows every benchmark writes, and the table and file made of them."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """One measure of one case, beside a peer's where there is one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str = Field(description="Name of the benchmark.")
    case: str = Field(description="What was done, and on what.")
    metric: str = Field(description="What was measured, with its unit.")
    ours: float | None = Field(description="Our value: the median of the repeats.")
    peer: float | None = Field(default=None, description="The peer's value: the median of the repeats.")
    peer_name: str | None = Field(default=None, description="The peer, with its version.")
    ratio: float | None = Field(default=None, description="Ours by the peer's: the median over the repeats.")
    spread: float | None = Field(
        default=None, description="Highest less lowest repeat (of the ratio, if any)."
    )
    target: str | float | None = Field(
        default=None,
        description="What is demanded, such as `ratio <= 1.2`, or the least value; None: nothing.",
    )
    met: bool | None = Field(default=None, description="Whether it is; None where nothing is demanded.")


def against(
    benchmark: str,
    case: str,
    metric: str,
    ours: Sequence[float],
    peer: Sequence[float],
    peer_name: str,
    *,
    at_most: float | None = None,
) -> Row:
    """Return the row of repeats that were measured in pairs, one of ours beside one of the peer's."""
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    ratio = statistics.median(ratios)
    return Row(
        benchmark=benchmark,
        case=case,
        metric=metric,
        ours=statistics.median(ours),
        peer=statistics.median(peer),
        peer_name=peer_name,
        ratio=ratio,
        spread=max(ratios) - min(ratios),
        target=None if at_most is None else f"ratio <= {at_most:g}",
        met=None if at_most is None else ratio <= at_most,
    )


def alone(
    benchmark: str, case: str, metric: str, ours: Sequence[float], *, at_most: float | None = None
) -> Row:
    """Return the row of repeats that have no peer."""
    value = statistics.median(ours)
    return Row(
        benchmark=benchmark,
        case=case,
        metric=metric,
        ours=value,
        spread=max(ours) - min(ours),
        target=None if at_most is None else f"<= {at_most:g}",
        met=None if at_most is None else value <= at_most,
    )


def failed(benchmark: str, case: str, metric: str, *, at_most: float | None = None) -> Row:
    """Return the row of what could not be measured, which meets nothing; its case says why."""
    target = None if at_most is None else f"<= {at_most:g}"
    return Row(benchmark=benchmark, case=case, metric=metric, ours=None, target=target, met=False)


def line(row: Row) -> str:
    """Return a row as one line of text, for what is measured one by one."""
    target = f" (target {row.target}: {_text(row.met)})" if row.met is not None else ""
    value = "not measured" if row.ours is None else _text(row.ours)
    return f"{row.case}, {row.metric}: {value}{target}"


def merged(earlier: Sequence[Row], made: Sequence[Row]) -> list[Row]:
    """Return earlier rows with those of the same case and metric replaced, then the new ones."""
    again = {(row.case, row.metric): row for row in made}
    kept = [again.pop((row.case, row.metric), row) for row in earlier]
    return kept + list(again.values())


def read(path: Path) -> list[Row]:
    """Return the rows that :func:`write` wrote."""
    return [Row.model_validate(item) for item in json.loads(path.read_text("utf-8"))]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a text table."""
    head = ("case", "metric", "ours", "peer", "peer_name", "ratio", "spread", "target", "met")
    cells = [head, *(tuple(_text(getattr(row, name)) for name in head) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as a JSON list; undefined numbers become null."""
    data = [
        {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.model_dump().items()}
        for row in rows
    ]
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and abs(value) < 1_000
        else (f"{value:,.0f}" if isinstance(value, float) else str(value))
    )
