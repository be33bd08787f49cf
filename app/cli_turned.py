"""What would let a row pass, for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli_reply import table

if TYPE_CHECKING:
    from aimass_core.explain.counterfactual import Turned
    from aimass_core.workspace.connection import Workspace


def turned(ws: Workspace, run_id: str, row_id: int, below: float | None) -> Turned:
    """Return the nearest changes that would let a row of the run's data set pass.

    Parameters
    ----------
    below : probability to come below; by default the lower cut-off of the model's policy.

    Raises
    ------
    SettingsError
        When there is neither a policy nor a probability.
    """
    from aimass_core.workflows import case, counterfactuals

    return counterfactuals.of_case(ws, case.of_row(ws, run_id, row_id), goal=below)


def text(found: Turned) -> str:
    """Return the answer as text for people."""
    if found.status == "passes":
        return f"The outcome is {found.outcome} already: nothing would have to change."
    if found.impossible is not None:
        return f"No allowed change turns the outcome. {found.impossible.reason}"
    rows = [
        (
            str(place),
            change.feature,
            change.before_text,
            change.after_text,
            f"{answer.probability:.4f}",
            answer.outcome,
        )
        for place, answer in enumerate(found.answers, start=1)
        for change in answer.changes
    ]
    heads = ("way", "feature", "now", "would have to be", "probability", "outcome")
    return f"To come below {found.goal:.4f}:\n\n{table(rows, heads=heads)}"
