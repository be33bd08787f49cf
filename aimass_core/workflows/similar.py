"""Past cases that are like one case: rows of the data set and stored decisions, with what became of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from aimass_core.errors import DataError, NotFoundError
from aimass_core.evaluate.calibration import wilson
from aimass_core.explain import similar
from aimass_core.explain.similar import Scale
from aimass_core.schema import ROW_ID
from aimass_core.workflows import evaluating
from aimass_core.workflows.case import Case, bundle_of, prepared
from aimass_core.workflows.rows import to_frame
from aimass_core.workflows.similar_pool import (
    Pool,
    PoolName,
    Vector,
    inputs,
    model_names,
    outcomes,
    rows_and_outcomes,
)
from aimass_core.workspace import datasets, explanations, runs
from aimass_core.workspace import similar as stored
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.explanations import Stored
from aimass_core.workspace.joblog import JobLog
from aimass_core.workspace.similar import Past

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.bundle import Bundle

By = Literal["features", "contributions"]

K = 10
"""Neighbours that are shown."""
_DIFFERS = 3


@dataclass(frozen=True, slots=True)
class Differs:
    """A feature in which a neighbour differs: its text here and there, and by how much."""

    feature: str
    here: str
    there: str
    by: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One near case.

    Attributes
    ----------
    row_id : its row in the data set; None for a decision on a row that is not there.
    distance : see :class:`Similar`. y : 1 really bad, 0 really good, NaN unknown.
    part : "test", "validation", "training" or "" where unknown.
    past : what was decided on it, by a model of the same name; None where nothing was.
    differs : in what it differs most, strongest first.
    """

    row_id: int | None
    distance: float
    probability: float
    y: float
    part: str
    past: Past | None
    differs: tuple[Differs, ...]


@dataclass(frozen=True, slots=True)
class Similar:
    """The nearest cases and what they were searched among.

    Attributes
    ----------
    by : features: distance is the mean difference of the features, 0 to 1; contributions: the Euclidean
        distance in log-odds.
    typical : median distance of all that were searched.
    searched, of : cases searched, and how many there are.
    pool_known, pool_bad : those searched whose outcome is known, and those that were bad.
    skipped : stored decisions that this model cannot take.
    """

    by: By
    pool: PoolName
    neighbours: tuple[Neighbour, ...]
    typical: float
    searched: int
    of: int
    pool_known: int
    pool_bad: int
    skipped: int = 0

    @property
    def known(self) -> int:
        """Neighbours whose outcome is known."""
        return sum(1 for item in self.neighbours if item.y == item.y)

    @property
    def bad(self) -> int:
        """Neighbours that were really bad."""
        return sum(1 for item in self.neighbours if item.y == 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval (Wilson 1927) of the share of bads among cases like these; NaN when none is known."""
        return wilson(self.bad, self.known)

    @property
    def pool_rate(self) -> float:
        """Share of bads among all that were searched; NaN when no outcome is known."""
        return self.pool_bad / self.pool_known if self.pool_known else math.nan

    @property
    def differing(self) -> list[tuple[str, int]]:
        """Features in which the neighbours differ most, with the number of neighbours."""
        counts: dict[str, int] = {}
        for item in self.neighbours:
            for differs in item.differs:
                counts[differs.feature] = counts.get(differs.feature, 0) + 1
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def by_features(ws: Workspace, case: Case, among: Pool, *, k: int = K) -> Similar:
    """Return the cases of a pool whose features are nearest, without the case itself.

    Raises
    ------
    NotFoundError
        When the pool has no other case.
    DataError
        When a value of the case does not fit.
    """
    bundle = bundle_of(ws, case)
    own = prepared(bundle, case)
    scale = Scale.of(bundle.applicants, categorical=bundle.steps.categorical, players=bundle.players)
    places = np.flatnonzero(_others(ws, case, among))
    _some(len(places))
    distance = similar.distances(among.X, own.X[0], scale)[places]
    near = similar.nearest(distance, among.rows[places], k=k)
    found = places[near]
    frame, past = _frame_of(ws, bundle, case, among, found)
    there = bundle.prepare(frame, repaired=past is None)
    made = _neighbours(
        ws,
        bundle,
        case,
        rows=[int(among.rows[place]) if past is None else None for place in found],
        distances=distance[near],
        probabilities=bundle.score_prepared(there.X).probability,
        y=among.y[found],
        differs=_differs(bundle, similar.differences(there.X, own.X[0], scale), own.frame, shown=there.frame),
        past=past,
    )
    y = among.y[places]
    return Similar(
        by="features",
        pool=among.name,
        neighbours=made,
        typical=float(np.median(distance)),
        searched=len(places),
        of=among.of,
        pool_known=int((~np.isnan(y)).sum()),
        pool_bad=int((y == 1).sum()),
        skipped=among.skipped,
    )


def by_contributions(ws: Workspace, case: Case, among: Stored, *, k: int = K) -> Similar:
    """Return the rows of a stored explanation whose scores were moved alike, without the case itself.

    Raises
    ------
    DataError
        When a value of the case does not fit, or the explanation is of another run.
    """
    if among.run_id != case.run_id:
        raise DataError("the explanation must be of the run of the case", "it is of another run")
    bundle = bundle_of(ws, case)
    version = datasets.get(ws, runs.get(ws, case.run_id).version_id)
    own = _contributions(ws, bundle, case, among)
    twins = _twins(ws, case)
    near = stored.nearest_contributions(ws, among.explanation_id, own, k=k + len(twins))
    near = near[~near[ROW_ID].isin(twins)].head(k).reset_index(drop=True)
    numbers = [int(number) for number in near[ROW_ID]]
    _some(len(numbers))
    frame, y = rows_and_outcomes(ws, bundle, version, numbers)
    moved = stored.contributions_of(ws, among.explanation_id, numbers)
    wide = moved.pivot(index=ROW_ID, columns="feature", values="contribution")
    names = list(bundle.encoder.names)
    apart = np.abs(wide.loc[numbers, names].to_numpy() - np.array([own[name] for name in names]))
    known, bad = 0, 0
    if bundle.manifest.target is not None:
        counted = stored.explained_targets(ws, version, among.explanation_id, bundle.manifest.target)
        sides = outcomes(bundle, counted["value"])
        known = int(counted["rows"][~np.isnan(sides)].sum())
        bad = int(counted["rows"][sides == 1].sum())
    return Similar(
        by="contributions",
        pool="all",
        neighbours=_neighbours(
            ws,
            bundle,
            case,
            rows=list(numbers),
            distances=near["distance"].to_numpy(),
            probabilities=bundle.score(frame, repaired=True).probability,
            y=y,
            differs=_differs(bundle, apart, prepared(bundle, case).frame, shown=frame),
            past=None,
        ),
        typical=float(near["typical"].iloc[0]),
        searched=among.row_count,
        of=among.row_count,
        pool_known=known,
        pool_bad=bad,
    )


def _some(cases: int) -> None:
    if not cases:
        raise NotFoundError("there must be other cases to compare with", "there are none", "Look elsewhere")


def _others(ws: Workspace, case: Case, among: Pool) -> npt.NDArray[np.bool_]:
    """Return which cases of a pool are not the case itself."""
    if among.name != "decisions":
        return ~np.isin(among.rows, _twins(ws, case))
    version = datasets.get(ws, runs.get(ws, case.run_id).version_id)
    names = [column.name for column in version.schema.by_role("id")][:1]
    own = [stored.text_of(case.values.get(name)) for name in names]
    return np.array(
        [
            item.decision_id != case.decision_id
            and (own in ([], [None]) or own != [stored.text_of(inputs(item).get(name)) for name in names])
            for item in among.past
        ],
        dtype=bool,
    )


def _twins(ws: Workspace, case: Case) -> list[int]:
    """Return the rows of the data set that are the case itself: its number, or its value of the id column."""
    if case.row_id is not None:
        return [case.row_id]
    version = datasets.get(ws, runs.get(ws, case.run_id).version_id)
    for column in version.schema.by_role("id"):
        text = stored.text_of(case.values.get(column.name))
        if text is not None:
            return stored.rows_by_text(ws, version, column.name, [text]).get(text, [])
    return []


def _frame_of(
    ws: Workspace, bundle: Bundle, case: Case, among: Pool, places: npt.NDArray[np.int64]
) -> tuple[pd.DataFrame, list[Past] | None]:
    """Return the cases at these places of a pool, nearest first, and their decisions where they are some."""
    if among.name == "decisions":
        past = [among.past[int(place)] for place in places]
        return to_frame([inputs(item) for item in past], bundle.input_columns), past
    version = datasets.get(ws, runs.get(ws, case.run_id).version_id)
    frame, _ = rows_and_outcomes(ws, bundle, version, [int(among.rows[place]) for place in places])
    return frame, None


def _contributions(ws: Workspace, bundle: Bundle, case: Case, among: Stored) -> dict[str, float]:
    """Return the contributions of the case as the explanation measured them: stored, or made the same way."""
    from aimass_core.explain.shapley import explain

    if case.row_id is not None:
        known = explanations.of_row(ws, among.explanation_id, case.row_id)
        if len(known):
            return dict(zip(known["feature"], map(float, known["contribution"]), strict=True))
    cutoff = JobLog(ws).get(among.job_id).spec.get("cutoff")
    found = explain(
        bundle,
        prepared(bundle, case).X,
        reference=among.reference,  # type: ignore[arg-type]  # only its names are ever stored
        cutoff=cutoff,
        effort="batch",
    )
    return dict(zip(found.names, map(float, found.values[0]), strict=True))


def _differs(
    bundle: Bundle, apart: similar.Matrix, own: pd.DataFrame, *, shown: pd.DataFrame
) -> list[tuple[Differs, ...]]:
    """Return for each neighbour in what it differs most; `apart` has shape (k, features)."""
    names, here = bundle.encoder.names, bundle.display(own)[0]
    made = []
    for gaps, there in zip(apart, bundle.display(shown), strict=True):
        order = sorted(range(len(gaps)), key=lambda j: (-round(float(gaps[j]), 9), j))[:_DIFFERS]
        made.append(
            tuple(
                Differs(names[j], here[names[j]], there[names[j]], float(gaps[j]))
                for j in order
                if gaps[j] > 1e-9
            )
        )
    return made


def _neighbours(
    ws: Workspace,
    bundle: Bundle,
    case: Case,
    *,
    rows: list[int | None],
    distances: Vector,
    probabilities: Vector,
    y: Vector,
    differs: list[tuple[Differs, ...]],
    past: list[Past] | None,
) -> tuple[Neighbour, ...]:
    """Put neighbours together; rows get the decision made on them, decisions the row they were made on."""
    version = datasets.get(ws, runs.get(ws, case.run_id).version_id)
    keys = version.schema.by_role("id")
    decided: list[Past | None] = list(past) if past is not None else [None] * len(rows)
    really = y.copy()
    if keys and past is not None:
        texts = [stored.text_of(inputs(item).get(keys[0].name)) for item in past]
        found = stored.rows_by_text(ws, version, keys[0].name, [text for text in texts if text])
        rows = [found[text][0] if text and len(found.get(text, ())) == 1 else None for text in texts]
        numbers = sorted({number for number in rows if number is not None})
        if numbers:
            _, known = rows_and_outcomes(ws, bundle, version, numbers)
            by_row = dict(zip(numbers, known, strict=True))
            really = np.array([math.nan if row is None else by_row[row] for row in rows])
    elif keys:
        numbers = [number for number in rows if number is not None]
        frame = stored.rows_of(ws, version, numbers, [keys[0].name]).set_index(ROW_ID)[keys[0].name]
        texts = [None if row is None else stored.text_of(frame.loc[row]) for row in rows]
        made = stored.decisions_by_text(
            ws, model_names(ws, case.run_id), keys[0].name, [text for text in texts if text]
        )
        decided = [made.get(text) if text else None for text in texts]
    scores = evaluating.scores(ws, case.run_id)
    scores = scores[scores[ROW_ID].isin([row for row in rows if row is not None])]
    parts = dict(zip(scores[ROW_ID], scores["part"], strict=True))
    learnt = ~np.isnan(really) | (bundle.manifest.target is None)
    return tuple(
        Neighbour(
            row_id=row,
            distance=float(distances[place]),
            probability=float(probabilities[place]) if decided_here is None else decided_here.probability,
            y=float(really[place]),
            part="" if row is None else str(parts.get(row, "training" if learnt[place] else "")),
            past=decided[place],
            differs=differs[place],
        )
        for place, row in enumerate(rows)
        for decided_here in [past[place] if past is not None else None]
    )
