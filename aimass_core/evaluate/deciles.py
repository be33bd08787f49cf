"""The decile table of credit scoring."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aimass_core.evaluate.measure import Number
from aimass_core.evaluate.ranking import Ranking


class Decile(BaseModel):
    """One group of rows of similar risk, and all groups down to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(description="1 = riskiest.")
    low: Number = Field(description="Lowest probability in the group.")
    high: Number = Field(description="Highest probability in the group.")
    rows: int = Field(description="Rows in the group.")
    bads: int = Field(description="Bads in the group.")
    goods: int = Field(description="Goods in the group.")
    bad_rate: Number = Field(description="Share of bads in the group.")
    capture: Number = Field(description="Share of all bads in this and riskier groups; NaN without bads.")
    goods_share: Number = Field(description="Share of all goods in this and riskier groups.")
    lift: Number = Field(description="Bad rate of the group over that of all rows; NaN without bads.")
    cumulative_lift: Number = Field(description="The same for this and riskier groups together.")
    ks: Number = Field(description="Distance of capture and goods_share; NaN when one class is absent.")


def deciles(ranking: Ranking, *, groups: int = 10) -> tuple[Decile, ...]:
    """Cut ranked rows into groups of equal size, riskiest first.

    Siddiqi (2017), "Intelligent Credit Scoring": decile table with KS. Equal scores are never split between
    groups, so that the table does not depend on the order of rows; heavy ties give fewer, unequal groups.
    """
    if not ranking.rows:
        return ()
    reached = ranking.cumulative_bads + ranking.cumulative_goods
    wanted = ranking.rows * np.arange(1, groups + 1) / groups
    # the last position whose running count is nearest to each wanted count
    after = np.searchsorted(reached, wanted).clip(max=reached.size - 1)
    before = (after - 1).clip(min=0)
    nearer = np.where(np.abs(reached[before] - wanted) < np.abs(reached[after] - wanted), before, after)
    ends = np.unique(np.append(nearer, reached.size - 1))
    starts = np.concatenate(([0], ends[:-1] + 1))
    return tuple(
        _decile(ranking, number, int(start), int(end))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    )


def _decile(ranking: Ranking, number: int, start: int, end: int) -> Decile:
    bads = int(ranking.bads[start : end + 1].sum())
    goods = int(ranking.goods[start : end + 1].sum())
    all_bads, all_goods = int(ranking.cumulative_bads[end]), int(ranking.cumulative_goods[end])
    capture = _ratio(all_bads, ranking.total_bads)
    goods_share = _ratio(all_goods, ranking.total_goods)
    overall = ranking.total_bads / ranking.rows
    return Decile(
        number=number,
        low=float(ranking.scores[end]),
        high=float(ranking.scores[start]),
        rows=bads + goods,
        bads=bads,
        goods=goods,
        bad_rate=bads / (bads + goods),
        capture=capture,
        goods_share=goods_share,
        lift=_ratio(bads / (bads + goods), overall),
        cumulative_lift=_ratio(all_bads / (all_bads + all_goods), overall),
        ks=abs(capture - goods_share),
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
