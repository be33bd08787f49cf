"""The target: its classes, and which of them is the one whose probability is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from aimass_core.errors import DataError, SettingsError
from aimass_core.features.values import to_labels
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version

MOST_CLASSES = 50
"""Distinct target values up to which they are listed."""

_BAD = (
    ("1", "true", "yes", "y", "t"),
    ("bad", "default", "defaulted", "fraud", "fraudulent", "charged off", "charged-off", "chargeoff", "late"),
    ("positive", "pos", "delinquent", "non-performing", "npl", "loss", "churn", "churned"),
)
_WORDS = frozenset(word for words in _BAD for word in words)


_KNOWN: dict[tuple[str, str], list[tuple[str, int]]] = {}
_MOST_KNOWN = 256


def target_classes(ws: Workspace, version: Version, column: str) -> list[tuple[str, int]]:
    """Return the labels of a column with their counts, most frequent first; missing values are left out.

    At most 51 labels come back, so that more than 50 can be told. A version never changes, so its classes are
    counted once per process.

    Raises
    ------
    DataError
        When the column is not in the data.
    """
    kind = version.schema.column(column).kind
    known = _KNOWN.get((version.version_id, column))
    if known is not None:
        return list(known)
    found: dict[str, int] = {}
    for value, count in datasets.value_counts(ws, version, column, limit=MOST_CLASSES + 2):
        if value is None or not value.strip():
            continue
        label = _as_number(value) if kind in ("integer", "number") else value
        found[label] = found.get(label, 0) + count
    classes = sorted(found.items(), key=lambda item: (-item[1], item[0]))[: MOST_CLASSES + 1]
    while len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.pop(next(iter(_KNOWN)), None)
    _KNOWN[version.version_id, column] = classes
    return list(classes)


def labels(series: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Return target values as the labels of :func:`target_classes`; None where missing or blank."""
    found = to_labels(series).to_numpy(dtype=object)
    return np.array(
        [None if pd.isna(value) or not str(value).strip() else str(value) for value in found], object
    )


def settle(
    column: str, classes: Sequence[tuple[str, int]], positive: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the labels whose probability is wanted, guessed when none are named.

    The guess is the label that reads like a bad outcome ("1", "yes", "bad", "default", "fraud"…), or else the
    rarer one.

    Raises
    ------
    DataError
        When the target has one class, or more than can be classes.
    SettingsError
        When it has three or more and none is named, or the named ones are not there or are all of them.
    """
    listed = ", ".join(f"'{label}' ({count:,} rows)" for label, count in classes[:10])
    listed += ", …" if len(classes) > 10 else ""
    if len(classes) < 2:
        raise DataError(
            f"target `{column}` must have two classes",
            f"it has only {listed}" if classes else "all its values are missing",
            "Choose another target",
        )
    if not positive:
        if len(classes) > 2:
            raise SettingsError(
                f"target `{column}` must have two classes, or the positive ones must be named",
                f"it has {len(classes):,}: {listed}"
                if len(classes) <= MOST_CLASSES
                else f"it has more than {MOST_CLASSES}",
                "Choose another target, or say which values count as positive",
            )
        return (guess(classes),)
    known = {label for label, _ in classes}
    wanted = tuple(dict.fromkeys(_like(value, known) for value in positive))
    unknown = [value for value in wanted if value not in known]
    if unknown:
        named = ", ".join(f"'{value}'" for value in unknown)
        raise SettingsError(
            f"the positive values must occur in `{column}`",
            f"{named} does not; it has {listed}",
            "Choose among these",
        )
    if len(wanted) == len(known):
        raise SettingsError(
            f"at least one value of `{column}` must not count as positive",
            f"all of them do: {listed}",
            "Take one out",
        )
    return wanted


def guess(classes: Sequence[tuple[str, int]]) -> str:
    """Return which of two labels is the bad outcome: by its name, or else the rarer one."""
    (common, _), (rare, _) = sorted(classes, key=lambda item: (-item[1], item[0]))
    named = [label for label in (common, rare) if label.strip().lower() in _WORDS]
    return named[0] if len(named) == 1 else rare


def _as_number(text: str) -> str:
    """Write a number the way labels are written: 1.0 is 1."""
    value = float(text)
    return str(int(value)) if value.is_integer() else str(value)


def _like(value: str, known: set[str]) -> str:
    """Return the label that is meant: 1.0 means 1, True means true, blanks around do not count."""
    text = str(value)
    for candidate in (text, text.strip(), text.strip().lower()):
        if candidate in known:
            return candidate
    try:
        number = _as_number(text)
    except (ValueError, OverflowError):
        return text
    return number if number in known else text
