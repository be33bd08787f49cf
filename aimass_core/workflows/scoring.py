"""Scoring and deciding: policies, rows and whole files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimass_core.decide.default import Costs, policy_by_share
from aimass_core.decide.default import default_policy as policy_from
from aimass_core.decide.policy import Policy
from aimass_core.errors import SettingsError
from aimass_core.evaluate.cutoff import cutoff_table
from aimass_core.evaluate.ranking import rank
from aimass_core.intake.chunks import opened
from aimass_core.intake.readers import Limits, ReadOptions
from aimass_core.workflows import evaluating
from aimass_core.workflows.rows import checked, counted_from
from aimass_core.workflows.score_output import output
from aimass_core.workflows.scorer import Scorer
from aimass_core.workspace import cases, registry
from aimass_core.workspace.cases import Decision, StoredPolicy
from aimass_core.workspace.connection import Workspace, new_id
from aimass_core.workspace.spool import spool

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.explain.references import ReferenceName

CHUNK = 2_000
"""Rows of a file that are decided at once."""


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
        When there are too few or too many rows, or too many for reasons as slow as this model's.
    DataError
        When a row lacks a column or holds a value that does not fit; names row and column.
    """
    chosen = scorer(ws, model_ref, actor=actor)
    raw = checked(rows, chosen.bundle.input_columns)
    if subjects is not None and len(subjects) != len(raw):
        raise SettingsError(
            "there must be one subject for each row", f"{len(subjects):,} for {len(raw):,} rows came"
        )
    if reasons and len(raw) > (most := chosen.explainable()):
        raise SettingsError(
            f"at most {most:,} rows of `{chosen.model.name}` can be decided with reasons at once",
            f"{len(raw):,} came, and the reasons of this model take long to work out",
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


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What became of a file: `model` is "name@version", `outcomes` counts rows by outcome."""

    rows: int
    out: Path
    model: str
    outcomes: dict[str, int]
    explained: bool
    stored: bool
    batch_id: str


def score_file(
    ws: Workspace,
    model_ref: str,
    path: Path,
    out: Path,
    *,
    actor: str,
    store: bool = False,
    reasons: bool | None = None,
    reference: ReferenceName = "population",
    options: ReadOptions | None = None,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScoreResult:
    """Decide every row of a file and write a file of decisions; on any error there is no such file.

    Parameters
    ----------
    path : CSV, Parquet or Excel; it is read as an import would read it, and not kept as a data set.
    out : file to write, .csv or .parquet: row number, id columns, probability, log-odds, outcome, reasons
        and, if stored, the decision's id.
    store : keep each row as a decision, all or none.
    reasons : whether to explain each row. None explains all rows, or, where that would take more than some
        ten minutes (large files, slow networks), none; the column is then empty.
    progress : called after each chunk with rows done and rows in all.

    Raises
    ------
    NotFoundError
        When no such model is registered.
    SettingsError
        When the name of `out` does not fit.
    DataError
        When the file cannot be read or a row does not fit the model; names row and column.
    """
    if out.exists() and path.exists() and out.samefile(path):
        raise SettingsError("the file to write must not be the one to read", f"both are {out.name}")
    chosen = scorer(ws, model_ref, actor=actor)
    batch_id, outcomes, rows = new_id(), Counter[str](), 0
    with opened(path, scratch=ws.home / "tmp", options=options, limits=limits) as file:
        if reasons is None:
            reasons = file.total <= chosen.explainable()
        ids = [name for name in chosen.id_columns if name in file.names]
        with output(out, ids) as written, spool(ws) if store else nullcontext() as kept:
            for chunk in file.chunks(CHUNK):
                with counted_from(rows):
                    made = chosen.decide(
                        checked(chunk, chosen.bundle.input_columns),
                        batch_id=batch_id,
                        source=path.name,
                        actor=actor,
                        reference=reference,
                        reasons=reasons,
                        stored=store,
                    )
                written.write(rows + 1, made)
                if kept is not None:
                    kept.write(made)
                outcomes.update(decision.outcome for decision in made)
                rows += len(made)
                if progress is not None:
                    progress(rows, file.total)
    name = f"{chosen.model.name}@{chosen.model.version}"
    return ScoreResult(rows, out, name, dict(outcomes), reasons, store, batch_id)


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
    """Return the policy that the model's errors on its validation rows suggest; nothing is stored.

    A model learnt without a target made no errors that could be known: its policy goes by the share of rows.
    A run without goods and bads among its validation rows is judged by its test rows, and the note says so.

    Parameters
    ----------
    costs : what the two errors cost; by default 5 to 1 for credit and 25 to 1 for fraud.
    """
    model = registry.get(ws, model_ref)
    manifest = evaluating.bundle(ws, model.run_id).manifest
    kind = manifest.kind
    if manifest.target is None:
        return policy_by_share(kind=kind)
    scored = evaluating.scores(ws, model.run_id)
    held_out = scored[scored["part"] == "validation"]
    if held_out["y"].nunique() == 2:
        table = cutoff_table(rank(held_out["y"].to_numpy(), held_out["probability"].to_numpy()))
        return policy_from(table, kind=kind, costs=costs)
    return policy_from(evaluating.report(ws, model.run_id).cutoffs, kind=kind, costs=costs, rows="test")
