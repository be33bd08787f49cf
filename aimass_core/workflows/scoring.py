"""Scoring and deciding: policies, rows and whole files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aimass_core.decide.default import Costs
from aimass_core.decide.default import default_policy as policy_from
from aimass_core.decide.policy import Policy
from aimass_core.errors import SettingsError
from aimass_core.workflows import evaluating
from aimass_core.workflows.rows import checked
from aimass_core.workflows.scorer import MAX_ESTIMATED, Scorer
from aimass_core.workspace import cases, registry
from aimass_core.workspace.cases import Decision, StoredPolicy
from aimass_core.workspace.connection import Workspace, new_id

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.explain.references import ReferenceName


def scorer(ws: Workspace, model_ref: str, *, actor: str) -> Scorer:
    """Return a model with the policy in force; without one, the default policy is set as its first.

    Raises
    ------
    NotFoundError
        When no such model is registered.
    DataError
        When its bundle is missing or was edited.
    """
    model = registry.get(ws, model_ref)
    stored = cases.policy(ws, model.name)
    if stored is None:
        chosen = default_policy(ws, model_ref)
        stored = cases.set_policy(
            ws, model.name, chosen.model_dump(mode="json"), actor=actor, only_if_none=True
        )
    return Scorer.of(ws, model, evaluating.bundle(ws, model.run_id), stored)


def decide(
    ws: Workspace,
    model_ref: str,
    rows: pd.DataFrame | Sequence[Mapping[str, Any]],
    *,
    source: str,
    actor: str,
    store: bool = True,
    subjects: Sequence[str | None] | None = None,
    reference: ReferenceName = "population",
    reasons: bool = True,
) -> list[Decision]:
    """Decide 1 to 10,000 raw rows; either all are decided (and stored) or none.

    Parameters
    ----------
    model_ref : `name` (newest version), `name@version` or a model's id.
    rows : raw rows, as a frame or as one mapping of column names to values each.
    source : where they came from ("api", "form", a file's name).
    subjects : whom each row is about; by default the value of the id column.
    reference : what the reasons are measured from.
    reasons : False decides without reasons; they can be computed later from what is stored.

    Raises
    ------
    NotFoundError
        When no such model is registered.
    SettingsError
        When there are too few or too many rows, or too many for reasons that are estimated by sampling.
    DataError
        When a row lacks a column or holds a value that does not fit; names row and column.
    """
    chosen = scorer(ws, model_ref, actor=actor)
    raw = checked(rows, chosen.bundle.input_columns)
    if subjects is not None and len(subjects) != len(raw):
        raise SettingsError(
            "there must be one subject for each row", f"{len(subjects):,} for {len(raw):,} rows came"
        )
    if reasons and chosen.estimated and len(raw) > MAX_ESTIMATED:
        raise SettingsError(
            f"at most {MAX_ESTIMATED:,} rows of `{chosen.model.name}` can be decided with reasons at once",
            f"{len(raw):,} came, and the reasons of a network are estimated row by row",
            "Send fewer rows, ask without reasons, or score them as a file",
        )
    made = chosen.decide(
        raw,
        batch_id=new_id(),
        source=source,
        actor=actor,
        reference=reference,
        reasons=reasons,
        subjects=subjects,
        stored=store,
    )
    if store:
        cases.add_decisions(ws, made)
    return made


def policy(ws: Workspace, model_name: str) -> StoredPolicy | None:
    """Return the policy in force for a model, or None while none was set."""
    return cases.policy(ws, model_name)


def policies(ws: Workspace, model_name: str) -> list[StoredPolicy]:
    """Return all versions of a model's policy, newest first."""
    return cases.policies(ws, model_name)


def set_policy(ws: Workspace, model_name: str, policy: Policy, *, actor: str) -> StoredPolicy:
    """Set the next version of a model's policy.

    Raises
    ------
    NotFoundError
        When no such model is registered.
    SettingsError
        When the policy is of another kind than the model.
    """
    model = registry.get(ws, model_name)
    kind = evaluating.bundle(ws, model.run_id).manifest.kind
    if policy.kind != kind:
        raise SettingsError(
            f"the policy of `{model.name}` must be one for {kind}", f"it is for {policy.kind}", ""
        )
    return cases.set_policy(ws, model.name, policy.model_dump(mode="json"), actor=actor)


def default_policy(ws: Workspace, model_ref: str, *, costs: Costs | None = None) -> Policy:
    """Return the policy that the model's errors on its test rows suggest; nothing is stored.

    Parameters
    ----------
    costs : what the two errors cost; by default 5 to 1 for credit and 25 to 1 for fraud.
    """
    model = registry.get(ws, model_ref)
    report = evaluating.report(ws, model.run_id)
    kind = evaluating.bundle(ws, model.run_id).manifest.kind
    return policy_from(report.cutoffs, kind=kind, costs=costs)
