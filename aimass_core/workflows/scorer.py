"""One model with the policy in force: from raw rows to decisions, storing nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aimass_core.decide.policy import Policy
from aimass_core.errors import DataError, NotFoundError, SettingsError
from aimass_core.workflows import wording
from aimass_core.workflows.rows import to_frame
from aimass_core.workspace import datasets
from aimass_core.workspace.cases import Decision, StoredPolicy
from aimass_core.workspace.cells import Cell, row_sha256
from aimass_core.workspace.connection import Workspace, new_id, now

if TYPE_CHECKING:
    from aimass_core.bundle import Bundle, Prepared, Scores
    from aimass_core.explain.references import ReferenceName
    from aimass_core.explain.wording import Dictionary
    from aimass_core.workspace.registry import Model

MAX_SECONDS = 600.0
"""Longest that the reasons of one call may take on a plain processor core, as far as it can be foretold."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model version, its bundle and one version of its policy.

    `id_columns` are the columns whose value names the subject, the first that a row has; `words` is the
    reason dictionary in force.
    """

    model: Model
    bundle: Bundle
    stored_policy: StoredPolicy
    policy: Policy
    id_columns: tuple[str, ...]
    words: Dictionary

    @classmethod
    def of(cls, ws: Workspace, model: Model, bundle: Bundle, stored: StoredPolicy) -> Scorer:
        """Join the parts.

        Raises
        ------
        SettingsError
            When the policy is of another kind than the model.
        DataError
            When the stored policy was spoilt.
        """
        try:
            policy = Policy.model_validate(stored.policy)
        except ValueError as error:
            raise DataError(
                f"version {stored.version} of the policy of `{model.name}` must be readable",
                str(error),
                "Restore the workspace from a backup",
            ) from error
        if policy.kind != bundle.manifest.kind:
            raise SettingsError(
                f"the policy of `{model.name}` must be one for {bundle.manifest.kind}",
                f"version {stored.version} is for {policy.kind}",
                "Set a policy of that kind",
            )
        words = wording.dictionary(ws, bundle.manifest.dataset)
        return cls(model, bundle, stored, policy, id_columns(ws, bundle), words)

    def decide(
        self,
        rows: Sequence[Mapping[str, Cell]],
        *,
        batch_id: str,
        source: str,
        actor: str,
        reference: ReferenceName = "population",
        reasons: bool = True,
        subjects: Sequence[str | None] | None = None,
        stored: bool = True,
    ) -> list[Decision]:
        """Decide checked rows, in order; no row's decision depends on another row.

        Parameters
        ----------
        rows : as :func:`aimass_core.workflows.rows.checked` returns them.
        subjects : whom each row is about; by default the value of the id column.
        stored : the decisions will be kept, so each gets an id.
        """
        columns = self.bundle.input_columns
        prepared = self.bundle.prepare(to_frame(rows, columns))
        scores = self.bundle.score_prepared(prepared.X)
        outcomes = self.policy.outcomes(scores.probability)
        why = self.why(prepared, reference=reference) if reasons else [unexplained()] * len(rows)
        seal = bundle_sha256(self.bundle)
        moment = now()
        return [
            Decision(
                decision_id=new_id() if stored else "",
                batch_id=batch_id,
                model_id=self.model.model_id,
                policy_id=self.stored_policy.policy_id,
                source=source,
                subject=subjects[i] if subjects is not None else self.subject(row),
                input=dict(row),
                input_sha256=row_sha256(row),
                probability=float(scores.probability[i]),
                log_odds=float(scores.log_odds[i]),
                outcome=outcomes[i],
                reasons=why[i],
                reference=reference,
                decided_at=moment,
                decided_by=actor,
                bundle_sha256=seal,
                model=f"{self.model.name}@{self.model.version}",
                policy_version=self.stored_policy.version,
            )
            for i, row in enumerate(rows)
        ]

    def score(self, rows: Sequence[Mapping[str, Cell]]) -> Scores:
        """Score checked rows without deciding."""
        return self.bundle.score(to_frame(rows, self.bundle.input_columns))

    def why(self, prepared: Prepared, *, reference: ReferenceName) -> list[dict[str, Any]]:
        """Return the reasons of each prepared row, with what they are measured from.

        Every row is explained with the same effort, whether it comes alone or in a file: the same row always
        gets the same reasons.
        """
        from aimass_core.explain.reasons import reasons
        from aimass_core.explain.shapley import explain
        from aimass_core.explain.wording import worded

        found = explain(self.bundle, prepared.X, reference=reference, cutoff=self.policy.high)
        values = self.bundle.display(prepared.frame)
        outcome = self.bundle.outcome
        frame = {
            "explained": True,
            "base": float(found.base),
            "reference_text": found.reference_text,
            "method": found.method,
        }
        return [
            {
                **worded(
                    reasons(found, i, values[i], outcome=outcome), self.words, outcome=outcome
                ).model_dump(mode="json"),
                **frame,
            }
            for i in range(len(found))
        ]

    def subject(self, row: Mapping[str, Cell]) -> str | None:
        """Return the row's value of the id column as text, or None when it has none."""
        for name in self.id_columns:
            value = row.get(name)
            if value is not None and value == value:
                return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        return None

    def explainable(self) -> int:
        """Return how many rows can be explained in one call within the time a caller may wait."""
        from aimass_core.explain.shapley import seconds_a_row

        return max(1, int(MAX_SECONDS / seconds_a_row(self.bundle)))


def unexplained() -> dict[str, Any]:
    """Return what is stored in the place of reasons that were not asked for."""
    return {"explained": False, "principal": [], "tail": [], "favourable": []}


def id_columns(ws: Workspace, bundle: Bundle) -> tuple[str, ...]:
    """Return the id columns of the data set the model learnt from; none when it is gone."""
    try:
        version = datasets.get(ws, bundle.manifest.dataset_version_id)
    except NotFoundError:
        return ()
    return tuple(column.name for column in version.schema.by_role("id"))


def bundle_sha256(bundle: Bundle) -> str:
    """Return the SHA-256 of the bundle's manifest, which itself seals every file of the bundle.

    Raises
    ------
    DataError
        When the manifest cannot be read.
    """
    if bundle.path is None:
        raise DataError("a decision needs a model that is kept in the workspace", "this one was never saved")
    try:
        return hashlib.sha256((bundle.path / "manifest.json").read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            f"the model in {bundle.path.name} must be readable",
            error.strerror or str(error),
            "Restore the workspace from a backup",
        ) from error
