"""What a family of models says of itself: purpose, settings, search space, cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from aimass_core.settings import Device

if TYPE_CHECKING:
    from aimass_core.models.estimate import Estimate

Metric = Literal["log_loss", "auc", "average_precision"]
"""Validation measures that can decide when training stops."""

Group = Literal["readable", "trees", "network", "ensemble", "automatic", "unlabelled"]
"""Where the Train page lists a family."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range of numbers to be searched: `low` to `high`, both included.

    `log`: orders of magnitude are equally likely. `whole`: whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Values to be searched among."""

    values: tuple[str | int | float | bool | None, ...]


Space = Mapping[str, Span | Choice]
"""Settings of a family that a search may change, and over what."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of model.

    Attributes
    ----------
    title, summary : name and one sentence for people.
    purpose : when to choose it. strengths, limits : one short clause each.
    cost : what training takes, in words.
    config : its settings, a frozen model.
    estimator : where its class is, ``package.module:Class``; loaded only when needed.
    estimate : time and memory of a fit, from settings, rows, columns and device.
    space : settings a search may change; empty when there is nothing to search.
    labelled : whether it learns from a target; False for anomaly scores.
    order : place in lists, small first.
    """

    key: str
    title: str
    summary: str
    purpose: str
    strengths: tuple[str, ...]
    limits: tuple[str, ...]
    cost: str
    group: Group
    config: type[BaseModel]
    estimator: str
    estimate: Callable[[Any, int, int, Device], Estimate]
    order: int
    space: Space = field(default_factory=dict)
    labelled: bool = True
