"""The scorecard: what can be set and what it costs."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aimass_core.models import estimate
from aimass_core.models.estimate import Estimate
from aimass_core.models.family import Choice, Family, Span
from aimass_core.settings import Device

Trend = Literal["none", "up", "down", "auto"]
"""How the bad rate may run over the bins of a number."""

EVERY = "*"
"""Stands for all number columns where a setting names features."""


class BinEdit(BaseModel):
    """One change to the bins by hand, on top of what was learnt and of the edits before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["move", "merge", "split"] = Field(description="What is done.")
    feature: str = Field(min_length=1, description="Feature whose bins change.")
    edge: float | None = Field(
        default=None, description="Number: the edge that moves or, merging its two bins, goes."
    )
    to: float | None = Field(default=None, description="Number: where the edge moves, or a bin is split.")
    labels: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Category: labels whose groups are merged, or labels that get a group of their own.",
    )

    @model_validator(mode="after")
    def _complete(self) -> BinEdit:
        needs_edge, needs_to = self.kind in ("move", "merge"), self.kind in ("move", "split")
        if self.labels is not None:
            if self.kind == "move":
                raise ValueError("labels have no edge to move; merge or split their groups")
            if self.edge is not None or self.to is not None:
                raise ValueError("an edit has either labels or edges, not both")
            if self.kind == "merge" and len(set(self.labels)) < 2:
                raise ValueError("merging groups needs a label of each, so at least two")
            return self
        if needs_edge != (self.edge is not None) or needs_to != (self.to is not None):
            wanted = {"move": "`edge` and `to`", "merge": "`edge` alone", "split": "`to` alone"}[self.kind]
            raise ValueError(f"to {self.kind} bins of a number, give {wanted}; of a category, `labels`")
        if any(value is not None and not math.isfinite(value) for value in (self.edge, self.to)):
            raise ValueError("edges must be finite numbers")
        return self


class LearntBins(BaseModel):
    """Bins of one feature as they were learnt when edits of them were made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str = Field(min_length=1, description="Feature.")
    edges: list[float] | None = Field(default=None, description="Number: inner edges, ascending.")
    groups: list[list[str]] | None = Field(default=None, description="Category: labels of each group.")

    @model_validator(mode="after")
    def _complete(self) -> LearntBins:
        if (self.edges is None) == (self.groups is None):
            raise ValueError("give the edges of a number or the groups of a category")
        edges = self.edges or []
        if not all(map(math.isfinite, edges)) or any(a >= b for a, b in pairwise(edges)):
            raise ValueError("edges must be finite and ascending")
        return self


class ScorecardConfig(BaseModel):
    """Settings of the scorecard: logistic regression on bins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["quantile", "optimal"] = Field(
        default="quantile",
        description="Quantile: many bins of equal size with smoothed points. Optimal: few bins found by "
        "exact search, weight of evidence, one coefficient per feature.",
    )
    bins: int = Field(default=20, ge=2, le=100, description="Quantile method: most bins per number.")
    l2: float = Field(
        default=1.0, ge=1e-6, le=1e6, description="Penalty on points (quantile) or coefficients (optimal)."
    )
    smoothing: float = Field(
        default=10.0,
        ge=0,
        le=1e6,
        description="Quantile method: penalty on the step from one bin to the next; 0: none.",
    )
    most_bins: int = Field(default=8, ge=2, le=50, description="Optimal method: most bins per feature.")
    pre_bins: int = Field(
        default=50, ge=2, le=500, description="Optimal method: quantile bins that the search joins."
    )
    min_share: float = Field(
        default=0.05, ge=0, le=0.5, description="Optimal method: least share of the rows in a bin, 0 to 1."
    )
    criterion: Literal["likelihood", "information"] = Field(
        default="likelihood",
        description="Optimal method: what the bins maximise. Likelihood: log likelihood less a penalty per "
        "bin. Information: information value.",
    )
    penalty: float = Field(
        default=1.0,
        ge=0,
        le=1_000,
        description="Optimal method: price of a further bin, in units of half the logarithm of the rows "
        "(1: the Bayesian information criterion).",
    )
    trend: Trend = Field(
        default="none",
        description="Optimal method: how the bad rate runs over the bins of every number. Auto: up or down, "
        "whichever fits better, unless neither fits.",
    )
    trends: dict[str, Trend] | None = Field(
        default=None, description="Optimal method: feature → trend, where it differs from the one above."
    )
    rare_share: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        description="Optimal method: labels with a smaller share of the rows are treated as one, 0 to 1.",
    )
    prior: float = Field(
        default=10.0,
        gt=0,
        le=1e6,
        description="Optimal method: rows at the overall bad rate added to each bin, so that small bins do "
        "not claim much.",
    )
    special: dict[str, list[float]] | None = Field(
        default=None,
        description="Number feature → codes with a bin of their own, such as -999; `*` for all of them.",
    )
    edits: tuple[BinEdit, ...] = Field(default=(), description="Changes by hand, in order.")
    edited_from: tuple[LearntBins, ...] = Field(
        default=(),
        description="Bins that the edits begin from, so that they mean the same on other rows; the bins of "
        "other features are learnt anew.",
    )
    base_score: float = Field(default=600.0, ge=-1e6, le=1e6, description="Score at the base odds.")
    base_odds: float = Field(default=50.0, gt=0, le=1e9, description="Goods per bad at the base score.")
    double_odds: float = Field(
        default=20.0, gt=0, le=1e6, description="Points that double the odds of being good."
    )
    max_iterations: int = Field(default=500, ge=10, le=10_000, description="Most steps of the optimiser.")

    @field_validator("special", mode="before")
    @classmethod
    def _typed(cls, value: Any) -> Any:
        """Read codes typed with commas between them, as a form gives them."""
        if not isinstance(value, dict):
            return value
        return {
            name: [part.strip() for part in codes.split(",") if part.strip()]
            if isinstance(codes, str)
            else codes
            for name, codes in value.items()
        } or None

    @field_validator("trends", mode="before")
    @classmethod
    def _none_for_empty(cls, value: Any) -> Any:
        return value or None

    def speaks_of(self) -> tuple[tuple[str, str, bool | None], ...]:
        """Return which settings name which features, and whether those must be numbers (None: either)."""
        found: list[tuple[str, str, bool | None]] = []
        found += [("special", name, True) for name in self.special or {} if name != EVERY]
        found += [("trends", name, True) for name in self.trends or {}]
        found += [("edits", edit.feature, edit.labels is None) for edit in self.edits]
        found += [("edited_from", bins.feature, bins.edges is not None) for bins in self.edited_from]
        return tuple(found)

    @model_validator(mode="after")
    def _fitting(self) -> ScorecardConfig:
        for name, codes in (self.special or {}).items():
            if not codes or not all(map(math.isfinite, codes)):
                raise ValueError(f"special codes of `{name}` must be one or more finite numbers")
        if self.method == "quantile" and (self.trend != "none" or self.trends):
            raise ValueError("a trend needs the optimal method; set method to optimal")
        return self


def _estimate(config: ScorecardConfig, rows: int, columns: int, device: Device) -> Estimate:
    return estimate.scorecard(rows, columns, iterations=config.max_iterations)


FAMILY = Family(
    key="scorecard",
    title="Scorecard",
    summary="Logistic regression on bins: points per feature that can be read, edited and added by hand.",
    purpose="When every point must be explained, agreed and written down.",
    strengths=("Read, checked and edited by hand", "Exact reasons", "Exported to Excel and SQL"),
    limits=("Finds no interaction by itself",),
    cost="Seconds",
    group="readable",
    config=ScorecardConfig,
    estimator="aimass_core.models.scorecard:ScorecardClassifier",
    estimate=_estimate,
    order=10,
    space={
        "method": Choice(("quantile", "optimal")),
        "bins": Span(5, 40, whole=True),
        "l2": Span(0.1, 100, log=True),
        "smoothing": Span(0.1, 300, log=True),
        "most_bins": Span(3, 15, whole=True),
        "penalty": Span(0.1, 4, log=True),
    },
)
