"""The curves of readable models, and what it costs that a model can be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aimass_core.explain import shapes
from aimass_core.explain.shapes import Shapes
from aimass_core.models import catalog
from aimass_core.schema import TEMPORAL
from aimass_core.workflows import evaluating, scrutiny
from aimass_core.workspace import runs
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run

if TYPE_CHECKING:
    from aimass_core.bundle import Bundle
    from aimass_core.evaluate.compare import Difference

_AUC = "test.auc"


def of_run(ws: Workspace, run_ref: str) -> Shapes | None:
    """Return the curves of a run; None when its model is not a sum of curves.

    Raises
    ------
    NotFoundError, DataError
        As :func:`aimass_core.workflows.evaluating.bundle`.
    """
    terms = evaluating.extra(ws, run_ref, "shapes")
    points = None if terms is not None else evaluating.extra(ws, run_ref, "points")
    if terms is None and points is None:
        return None
    bundle = evaluating.bundle(ws, run_ref)
    dates = {column.name for column in bundle.encoder.columns if column.kind in TEMPORAL}
    if terms is not None:
        return shapes.of_terms(terms, partial(_text, bundle), flags=_flags(bundle), dates=dates)
    assert points is not None
    by_name = {name: partial(_text, bundle, j) for j, name in enumerate(bundle.steps.names)}
    return shapes.of_points(points, by_name, dates=dates)


@dataclass(frozen=True, slots=True)
class ReadableCost:
    """The best run that can be read beside the best of all, on the same test rows.

    Attributes
    ----------
    readable, best : the runs; the same one when nothing measures better than a readable model.
    readable_auc, best_auc : on the test rows.
    difference : readable less best, with DeLong's interval; None when they are the same run.
    others : how many runs were looked at.
    """

    readable: Run
    best: Run
    readable_auc: float
    best_auc: float
    difference: Difference | None
    others: int


def readable_cost(ws: Workspace, run_ref: str) -> ReadableCost | None:
    """Say what it costs to read the model, among the runs on the data, target and division of this run.

    None when no readable run, or no other, is among them.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    run = runs.get(ws, run_ref)
    alike = [
        found
        for found in runs.runs(ws, version_id=run.version_id)
        if _question(found) == _question(run) and _auc(found) == _auc(found)
    ]
    readable = [found for found in alike if _is_readable(found)]
    if not readable or len(alike) == len(readable):
        return None
    first, best = max(readable, key=_auc), max(alike, key=_auc)
    if _auc(first) >= _auc(best):
        best = first
    difference = None if first is best else _difference(ws, first, best)
    return ReadableCost(first, best, _auc(first), _auc(best), difference, len(alike))


def _difference(ws: Workspace, first: Run, best: Run) -> Difference:
    from aimass_core.evaluate.compare import delong

    rows = scrutiny.tested(ws, first.run_id, best.run_id)
    return delong(rows.y, rows.p_a, rows.p_b)


def _auc(run: Run) -> float:
    value = run.metrics.get(_AUC)
    return float("nan") if value is None else float(value)


def _is_readable(run: Run) -> bool:
    return run.family in catalog.FAMILIES and catalog.family(run.family).group == "readable"


def _question(run: Run) -> tuple[object, ...]:
    """Return what runs must share to be compared: target and the division into training and test rows."""
    return run.spec.get("target"), sorted(run.spec.get("positive") or ()), run.spec.get("split")


def _text(bundle: Bundle, j: int, value: float) -> str:
    """Return a value of a prepared column for people: dates as dates, labels by their text."""
    if j < len(bundle.encoder.columns) and j not in bundle.steps.categorical:
        return bundle.encoder.display_code(j, value)
    return bundle.steps.display(j, value) or "missing"


def _flags(bundle: Bundle) -> list[int]:
    known = bundle.encoder.columns
    return [j for j in range(len(bundle.steps.names)) if j >= len(known) or known[j].kind == "boolean"]
