"""Would more data help, and what does each group of features add?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aimass_core.workflows import feature_groups, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workflows.validation_spec import ValidationSpec
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.runs import Run
from app import ui
from app.charts import validation as charts
from app.panels import evaluate_jobs
from app.panels.evaluate_validation import pick
from app.tables import table
from app.text import count, counted, escape, interval, measure

_VERDICT = {"helps": "Helps", "harms": "Harms", "open": "Cannot be told"}


def learning_curve(ws: Workspace, run: Run) -> None:
    """Start and show the learning curve of a run."""
    st.caption(
        "The run is trained on 12.5%, 25%, 50% and 100% of its training rows and measured on its test rows. "
        "Where the curve is still rising, more data would help; where it is flat, better features would."
    )
    key = f"evaluate.curve.{run.run_id}"
    spec = ValidationSpec(run=run.run_id, method="learning-curve", seeds=_seeds(key, 3))
    evaluate_jobs.start(ws, spec, key=key)
    evaluate_jobs.failure(ws, run.run_id, "learning-curve")
    found = pick(ws, run, "learning-curve")
    if found is None or found.validation.curve is None:
        return
    curve = found.validation.curve
    st.markdown(f"**{escape(curve.text, longest=400)}**")
    ui.chart(
        charts.learning(curve),
        pd.DataFrame([point.model_dump() for point in curve.points]),
        "Learning curve",
        note=f"Measured on {count(found.validation.test_rows)} test rows, the same for all; "
        "each step to the right is a doubling.",
        key=f"evaluate.chart.{found.validation_id}",
        alt=f"AUC by number of training rows. {curve.text}",
    )


def groups(ws: Workspace, run: Run) -> None:
    """Start and show what each group of features adds to a run."""
    st.caption(
        "The run is trained again without one group of features at a time. What its AUC then loses is what "
        "the group adds that no other feature can stand in for."
    )
    key = f"evaluate.groups.{run.run_id}"
    trained = TrainingSpec.model_validate(run.spec).model_copy(update={"dataset": run.version_id})
    columns = training.plan(ws, trained).features
    if len(columns) < 2:
        st.info("The run learns from one feature: there is nothing to leave out.", icon=":material/info:")
        return
    chosen = _groups(feature_groups.guessed(columns), [column.name for column in columns], key)
    spec = ValidationSpec(run=run.run_id, method="feature-groups", seeds=_seeds(key, 2), groups=chosen)
    evaluate_jobs.start(ws, spec, key=key)
    evaluate_jobs.failure(ws, run.run_id, "feature-groups")
    found = pick(ws, run, "feature-groups")
    if found is None:
        return
    result = found.validation
    helping = [group for group in result.groups if group.verdict == "helps"]
    st.markdown(
        f"**{len(helping)} of {counted(len(result.groups), 'group')} clearly help; with all features the AUC "
        f"is {measure(result.full_auc)}.**"
    )
    ui.chart(
        charts.gains(result.groups),
        pd.DataFrame(
            [
                {**group.model_dump(exclude={"features"}), "features": ", ".join(group.features)}
                for group in result.groups
            ]
        ),
        "Gain of each feature group",
        note=f"Measured on {count(result.test_rows)} test rows, with 95% intervals (DeLong, and the seeds).",
        key=f"evaluate.chart.{found.validation_id}",
        alt=f"Gain in AUC of {len(result.groups)} groups of features, with intervals",
    )
    table(
        pd.DataFrame(
            {
                "Group": [group.name for group in result.groups],
                "Gain in AUC": [f"{group.gain:+.4f}" for group in result.groups],
                "95% interval": [interval(group.low, group.high, 4) for group in result.groups],
                "Verdict": [_VERDICT[group.verdict] for group in result.groups],
                "AUC without": [measure(group.auc_without) for group in result.groups],
                "Features": [", ".join(group.features) for group in result.groups],
            }
        ),
        "Feature groups",
        key=f"evaluate.gains.{found.validation_id}",
    )


def _groups(found: feature_groups.Groups, names: list[str], key: str) -> dict[str, tuple[str, ...]] | None:
    """Show the groups that names and roles suggest; return those of the analyst, None for the suggested."""
    with st.expander(f"Groups: {len(found)} suggested by names and roles", icon=":material/category:"):
        st.dataframe(
            pd.DataFrame(
                {"Group": list(found), "Features": [", ".join(members) for members in found.values()]}
            ),
            hide_index=True,
            alt="Suggested groups of features",
        )
        own = st.multiselect(
            "Or only this group",
            names,
            key=f"{key}.own",
            persist_state="session",
            select_all=False,
            placeholder="Choose features that belong together",
        )
    return {"chosen group": tuple(own)} if own else None


def _seeds(key: str, default: int) -> int:
    return int(
        st.number_input(
            "Seeds",
            1,
            10,
            default,
            key=f"{key}.seeds",
            persist_state="session",
            width=120,
            help="Each training is done so many times with other random numbers; the spread is shown.",
        )
    )
