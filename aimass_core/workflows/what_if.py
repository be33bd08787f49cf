"""What if one case were otherwise: what each feature can be set to, and what a change does to the score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimass_core.decide.policy import Outcome, Policy
from aimass_core.features.values import to_labels
from aimass_core.schema import Column
from aimass_core.workflows.case import Case, prepared

if TYPE_CHECKING:
    from aimass_core.bundle import Bundle
    from aimass_core.workflows.explaining import RowExplanation

Value = float | int | str | bool | date | None
"""What a feature can be set to; None is missing."""

_EPOCH = datetime(1970, 1, 1)
_SPAN = (0.01, 0.99)
_MOST_STEPS = 10_000
"""More steps than this cannot be told apart by hand: the step becomes the next power of ten."""
_MOST_DECIMALS = 6
_ALIKE = 0.9
"""Share of different values that must have no more decimals than the step."""
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Span:
    """Where a slider begins and ends, and its step; in the feature's own unit."""

    low: float
    high: float
    step: float
    decimals: int

    def nearest(self, value: float) -> float:
        """Return the position of the slider for a value, which may lie beyond its ends."""
        inside = min(max(value, self.low), self.high)
        return round(min(self.low + round((inside - self.low) / self.step) * self.step, self.high), 9)


@dataclass(frozen=True, slots=True)
class Control:
    """What one feature is in a case and can be set to.

    Attributes
    ----------
    start : its value after the repairs.
    span : where a slider makes sense; None for what is no number, and for a feature with one value.
    labels : labels known from training; categories only.
    middle : typical number, where a slider stands while the value is missing.
    """

    column: Column
    start: Value
    span: Span | None = None
    labels: tuple[str, ...] = ()
    middle: float = 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """What one feature is and adds in two versions of a case.

    Attributes
    ----------
    before, after : its value as text.
    added_before, added_after : its contributions, log-odds.
    error : standard error of their difference; 0 where exact, NaN where unknown.
    """

    feature: str
    before: str
    after: str
    added_before: float
    added_after: float
    error: float

    @property
    def by(self) -> float:
        """How much more log-odds it adds after than before."""
        return self.added_after - self.added_before


def controls(bundle: Bundle, case: Case, order: Sequence[str] = ()) -> tuple[Control, ...]:
    """Return what every feature of the model is in this case and can be set to.

    Parameters
    ----------
    order : features that come first, in this order.

    Raises
    ------
    DataError
        When a column is absent or a value of the case does not fit.
    """
    frame = prepared(bundle, case).frame
    codes = bundle.encoder.transform(frame)[0]
    made = {
        column.name: _control(bundle, j, column, float(codes[j]), to_labels(frame[column.name]).iloc[0])
        for j, column in enumerate(bundle.encoder.columns)
    }
    ranked = [name for name in order if name in made]
    return tuple(made[name] for name in dict.fromkeys([*ranked, *made]))


def _control(bundle: Bundle, j: int, column: Column, code: float, label: str | None) -> Control:
    if column.kind == "category":
        return Control(column, label, labels=bundle.encoder.labels[column.name])
    if math.isnan(code):
        start: Value = None
    elif column.kind == "boolean":
        start = code != 0
    elif column.kind in ("date", "timestamp"):
        moment = _EPOCH + timedelta(days=code)
        if column.kind == "timestamp":  # days as a fraction are exact to some microseconds
            moment = (moment + timedelta(microseconds=500)).replace(microsecond=0)
        start = moment.date() if column.kind == "date" else moment
    else:
        start = round(code) if column.kind == "integer" else code
    if column.kind not in ("integer", "number"):
        return Control(column, start)
    seen = bundle.applicants[:, j]
    seen = seen[np.isfinite(seen)]
    own = [] if math.isnan(code) else [code]
    middle = float(np.median(seen)) if len(seen) else float(sum(own))
    return Control(column, start, span(seen, own, whole=column.kind == "integer"), middle=middle)


def span(seen: npt.NDArray[np.float64], own: Sequence[float] = (), *, whole: bool = False) -> Span | None:
    """Return where a slider over these values begins and ends: their 1 % and 99 % quantiles.

    Parameters
    ----------
    seen : finite values that occur.
    own : values that must be within, whatever the quantiles.
    whole : only whole numbers make sense.

    Returns
    -------
    None when there is nothing to slide over: one value, or numbers that a browser cannot tell apart.
    """
    if not len(seen) and not own:
        return None
    ends = [*(np.quantile(seen, _SPAN) if len(seen) else ()), *own]
    low, high = float(min(ends)), float(max(ends))
    if high <= low or max(abs(low), abs(high)) >= _EXACT:
        return None
    places = 0 if whole else decimals(np.append(seen, own))
    step = 10.0**-places
    while (high - low) / step > _MOST_STEPS:
        step *= 10
    places = max(0, round(-math.log10(step)))
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Span(round(low, places), round(high, places), round(step, places), places)


def decimals(values: npt.NDArray[np.float64]) -> int:
    """Return how many decimals these values have, 0 to 6; the odd ones out of ten different do not count."""
    found = np.unique(values[np.isfinite(values)])
    for places in range(_MOST_DECIMALS):
        if not len(found) or np.mean(np.isclose(found, np.round(found, places), rtol=1e-12)) >= _ALIKE:
            return places
    return _MOST_DECIMALS


def settled(changes: Mapping[str, Value], found: Sequence[Control]) -> dict[str, Value]:
    """Return the changes that change something, in the order of the features."""
    return {
        control.column.name: changes[control.column.name]
        for control in found
        if control.column.name in changes and not same(changes[control.column.name], control.start)
    }


def same(one: Value, other: Value) -> bool:
    """Return whether two values of a feature are the same; true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def outcome(bundle: Bundle, case: Case, probability: float) -> Outcome | None:
    """Return what the policy of the case does at this probability; None where no policy was set."""
    if case.low is None or case.high is None:
        return None
    return Policy(kind=bundle.manifest.kind, low=case.low, high=case.high).outcome(probability)


def differences(before: RowExplanation, after: RowExplanation) -> list[Difference]:
    """Return every feature whose value or contribution differs between two versions, largest step first.

    Both must be measured from the same reference: then the steps add up to the change of the log-odds.
    """
    made = [
        Difference(
            feature=name,
            before=before.display[name],
            after=after.display[name],
            added_before=before.values[name],
            added_after=after.values[name],
            error=math.hypot(before.errors[name], after.errors[name]),
        )
        for name in before.values
    ]
    kept = [item for item in made if abs(item.by) > 1e-9 or item.before != item.after]
    return sorted(kept, key=lambda item: (-round(abs(item.by), 9), item.feature))
