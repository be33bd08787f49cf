"""The views of the Explain page, and those of the model as a whole: only the open one is worked out."""

from __future__ import annotations

from collections.abc import Callable

from aimass_core.settings import settings
from aimass_core.workflows import explanation_page
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import cache, ui
from app.boundary import boundary
from app.context import runner
from app.panels import (
    case_stability,
    explain_agreement,
    explain_dependence,
    explain_many,
    explain_model,
    explain_over_time,
    explain_row,
    explain_segments,
    explain_shapes,
    explain_wording,
    papers,
)

VIEW = "explain_view"
WHOLE = "explain_whole"
"""Keys of the selectors, also their names in the address."""


def _importance(ws: Workspace, run: Run) -> None:
    case_stability.model_line(ws, run.run_id)
    summary = cache.summary(ws, run.run_id)
    explain_model.show(summary)
    papers.save(
        lambda: explanation_page.of_model(ws, run.run_id, summary, actor=settings().user),
        f"{run.name} as a whole",
        key="explain.whole.save",
    )


def _whole(ws: Workspace, run: Run) -> None:
    found = dict(WHOLE_VIEWS)
    if not explain_shapes.offered(ws, run):
        found.pop(explain_shapes.SECTION)
    view = ui.views(WHOLE, list(found), label="Question")
    with boundary():
        found[view](ws, run)


WHOLE_VIEWS: dict[str, Callable[[Workspace, Run], None]] = {
    "What matters": _importance,
    explain_shapes.SECTION: explain_shapes.show,
    "How a feature acts": explain_dependence.show,
    "By segment": explain_segments.show,
    "This month against last": explain_over_time.show,
    "Two models' reasons": explain_agreement.show,
}
"""The questions about a model as a whole, by what they are called, in this order."""

VIEWS: dict[str, Callable[[Workspace, Run], None]] = {
    "One row": explain_row.show,
    "The model as a whole": _whole,
    "Many rows": lambda ws, run: explain_many.show(ws, runner(), run),
    explain_wording.VIEW: explain_wording.show,
}
"""The views of the page by what they are called, in this order."""


def show(ws: Workspace, run: Run) -> None:
    """Show the views and the open one; an error there leaves the rest of the page alone."""
    view = ui.views(VIEW, list(VIEWS))
    with boundary():
        VIEWS[view](ws, run)
