"""One case beside what the same card or customer did before, and what is unusual about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError
from aimass_core.explain.robust import FEWEST, Robust, modified_z
from aimass_core.schema import ROW_ID, Column
from aimass_core.workflows.case import Case, bundle_of, prepared
from aimass_core.workflows.similar_pool import outcomes
from aimass_core.workspace import datasets, runs
from aimass_core.workspace import history as stored
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from aimass_core.workspace.similar import text_of

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle

MOST = 50
"""Rows of the history that are looked at, the last before the case."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the case against the history.

    Attributes
    ----------
    here : its value in the case, NaN when missing. before : its values in the history, oldest first.
    """

    column: Column
    here: float
    before: Vector
    against: Robust


@dataclass(frozen=True, slots=True)
class Label:
    """A label of the case against the history: `seen` of `rows` rows before had the same."""

    column: Column
    here: str
    seen: int
    rows: int
    usual: str
    """The most frequent label before; "" without a history."""

    @property
    def unusual(self) -> bool:
        """Whether it was never seen before, in a history that is long enough to say so."""
        return self.rows >= FEWEST and self.seen == 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Time since the row before, against the gaps before that; both in seconds, or in the unit of the column.

    `against` compares log10(1 + gap): gaps are skewed, and a short one is as telling as a long one.
    """

    since: float
    usual: float
    against: Robust


@dataclass(frozen=True, slots=True)
class History:
    """A case and the rows of its group strictly before it.

    Attributes
    ----------
    group, key : the column of the group and its value. time : the column of the time.
    moment : when the case was.
    earlier, same_time, undated : rows of the group before it in all, at the very same time, without a time.
    rows : row numbers, shape (n,), the last :data:`MOST` before it, oldest first.
    times : when they were. texts : their features as text. y : 1 really bad, 0 really good, NaN unknown.
    here : features of the case as text.
    """

    group: str
    key: str
    time: Column
    moment: datetime | float
    earlier: int
    same_time: int
    undated: int
    rows: npt.NDArray[np.int64]
    times: list[Any]
    texts: list[dict[str, str]]
    y: Vector
    here: dict[str, str]
    numbers: tuple[Number, ...]
    labels: tuple[Label, ...]
    gap: Gap | None

    @property
    def enough(self) -> bool:
        """Whether there is enough of it to call anything unusual."""
        return len(self.rows) >= FEWEST


def columns(ws: Workspace, case: Case) -> tuple[Column, Column] | None:
    """Return the columns of the group and of the time; None where the data set lacks one."""
    schema = datasets.get(ws, runs.get(ws, case.run_id).version_id).schema
    groups, times = schema.by_role("group"), schema.by_role("time")
    return (groups[0], times[0]) if groups and times else None


def lacking(ws: Workspace, case: Case) -> list[str]:
    """Return which of the two columns the case has no value of; none where there are no such columns."""
    found = columns(ws, case)
    return [column.name for column in found or () if text_of(case.values.get(column.name)) in (None, "")]


def of_case(ws: Workspace, case: Case) -> History:
    """Return what the group of a case did before it.

    Raises
    ------
    DataError
        When the data set has no group or time, the case lacks one, or its time cannot be read.
    """
    version = datasets.get(ws, runs.get(ws, case.run_id).version_id)
    found = columns(ws, case)
    if found is None:
        raise DataError(
            f"`{version.ref}` must have a column with the role `group` and one with the role `time`",
            "one of them is missing",
            "Set the roles under Data",
        )
    group, time = found
    missing = lacking(ws, case)
    if missing:
        raise DataError(
            f"the case must have its `{group.name}` and its `{time.name}`",
            f"missing: {' and '.join(f'`{name}`' for name in missing)}",
            "Send these columns with the row, though the model does not use them",
        )
    key, text = str(text_of(case.values[group.name])), str(case.values[time.name])
    moment = stored.moment_of(ws, version, time=time.name, text=text)
    if moment is None:
        raise DataError(
            f"`{time.name}` must be a date and time, or a number, that can be compared",
            f"'{text[:40]}' came",
            "Send it as 2026-11-22 19:16:03; in the data set, give the role `time` to a date",
        )
    return _made(ws, case, version, group, time, key, moment)


def _made(
    ws: Workspace,
    case: Case,
    version: Version,
    group: Column,
    time: Column,
    key: str,
    moment: datetime | float,
) -> History:
    bundle = bundle_of(ws, case)
    target = bundle.manifest.target
    names = [column.name for column in bundle.input_columns]
    wanted = list(dict.fromkeys([time.name, *names, *([target] if target else [])]))
    which = {"group": group.name, "key": key, "time": time.name, "moment": str(moment)}
    frame = stored.before(ws, version, **which, columns=wanted, limit=MOST)
    earlier, same_time, undated = stored.counts(ws, version, **which)
    own = prepared(bundle, case).frame
    texts, here = bundle.display(frame) if len(frame) else [], bundle.display(own)[0]
    numbers, labels = _compared(bundle, frame, own, texts, here)
    times = list(frame[time.name])
    return History(
        group=group.name,
        key=key,
        time=time,
        moment=moment,
        earlier=earlier,
        same_time=same_time - (case.row_id is not None),
        undated=undated,
        rows=frame[ROW_ID].to_numpy(dtype=np.int64),
        times=times,
        texts=texts,
        y=outcomes(bundle, frame[target]) if target else np.full(len(frame), np.nan),
        here=here,
        numbers=numbers,
        labels=labels,
        gap=_gap(times, moment),
    )


def _compared(
    bundle: Bundle, frame: pd.DataFrame, own: pd.DataFrame, texts: list[dict[str, str]], here: dict[str, str]
) -> tuple[tuple[Number, ...], tuple[Label, ...]]:
    before, now = bundle.encoder.transform(frame), bundle.encoder.transform(own)[0]
    numbers: list[Number] = []
    labels: list[Label] = []
    for j, column in enumerate(bundle.encoder.columns):
        values = np.append(before[:, j], now[j])
        flag = column.kind == "integer" and set(values[np.isfinite(values)]) <= {0.0, 1.0}
        if column.kind in ("integer", "number") and not flag:
            against = modified_z(float(now[j]), before[:, j])
            numbers.append(Number(column, float(now[j]), before[:, j], against))
        elif column.kind in ("category", "boolean") or flag:
            said = [row[column.name] for row in texts]
            usual = max(sorted(set(said)), key=said.count) if said else ""
            labels.append(Label(column, here[column.name], said.count(here[column.name]), len(said), usual))
    return tuple(numbers), tuple(labels)


def _gap(times: list[Any], moment: datetime | float) -> Gap | None:
    """Return the time since the last row, None without one."""
    if not times:
        return None
    at = np.array([_seconds(value) for value in [*times, moment]])
    gaps = np.diff(at)
    against = modified_z(math.log10(1 + gaps[-1]), np.log10(1 + gaps[:-1]))
    usual = float(np.median(gaps[:-1])) if len(gaps) > 1 else math.nan
    return Gap(float(gaps[-1]), usual, against)


def _seconds(value: Any) -> float:
    from aimass_core.workspace.cells import plain

    found = plain(value)
    if isinstance(found, datetime):
        return (found.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    return float(found)
