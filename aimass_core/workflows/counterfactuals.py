"""What would turn a case's outcome, under the change rules in force for its data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aimass_core.decide.policy import OUTCOMES, Policy
from aimass_core.errors import DataError, SettingsError
from aimass_core.explain.recourse_rules import ChangeRules, default_rules
from aimass_core.workflows.case import Case, bundle_of
from aimass_core.workflows.rows import to_frame
from aimass_core.workspace import change_rules, datasets
from aimass_core.workspace.change_rules import StoredRules
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.bundle import Bundle, Prepared
    from aimass_core.explain.counterfactual import Turned

ANSWERS = 4
"""Answers given when nobody says how many."""


def of_case(
    ws: Workspace,
    case: Case,
    *,
    goal: float | None = None,
    rules: ChangeRules | None = None,
    wanted: int = ANSWERS,
) -> Turned:
    """Return the nearest changes that turn a case into one that passes.

    Parameters
    ----------
    goal : probability to come below; by default the lower cut-off of the case's policy.
    rules : what may change; by default the rules in force.

    Raises
    ------
    SettingsError
        When there is neither a policy nor a goal, or the goal or the number of answers is out of range.
    NotFoundError, DataError
        When the model is gone, or the row does not fit it.
    """
    bundle = bundle_of(ws, case)
    chosen = rules if rules is not None else in_force(ws, bundle)
    return of_bundle(bundle, case, goal=goal, rules=chosen, wanted=wanted)


def of_bundle(
    bundle: Bundle, case: Case, *, goal: float | None, rules: ChangeRules, wanted: int = ANSWERS
) -> Turned:
    """Return the same for a model at hand; raises as :func:`of_case`."""
    from aimass_core.explain.counterfactual import turn

    below = case.low if goal is None else goal
    if below is None:
        raise SettingsError(
            "changes that turn an outcome need a cut-off",
            "no policy is set for this model, and no probability was given",
            "Set a policy, or say which probability the row must come below",
        )
    columns = bundle.input_columns
    absent = [column.name for column in columns if column.name not in case.values]
    if absent:
        raise DataError(
            "every feature of the model must be a column of the row", f"missing: `{absent[0]}`", "Add it"
        )

    def prepare(changes: Sequence[Mapping[str, Any]]) -> Prepared:
        rows = [{**case.values, **change} for change in changes]
        return bundle.prepare(to_frame(rows, columns), repaired=case.repaired)

    return turn(
        bundle,
        prepare,
        case.values,
        goal=below,
        rules=rules,
        outcome=_outcomes(bundle, case, below),
        wanted=wanted,
    )


def in_force(ws: Workspace, bundle: Bundle) -> ChangeRules:
    """Return the rules for a model's columns: those set for its data set, guessed ones for other columns."""
    defaults = default_rules(bundle.input_columns, protected=bundle.manifest.protected)
    stored = change_rules.rules(ws, bundle.manifest.dataset)
    return defaults if stored is None else _read(stored).within(bundle.input_columns).over(defaults)


def set_rules(ws: Workspace, dataset: str, rules: ChangeRules, *, actor: str) -> StoredRules:
    """Put rules in force for all versions of a data set, on the record.

    Raises
    ------
    NotFoundError
        When there is no such data set.
    SettingsError
        When a rule does not fit its column.
    """
    version = datasets.get(ws, dataset)
    rules.checked(tuple(version.schema))
    return change_rules.set_rules(ws, version.dataset, rules.model_dump(mode="json"), actor=actor)


def set_for_model(ws: Workspace, bundle: Bundle, rules: ChangeRules, *, actor: str) -> StoredRules:
    """Put rules for a model's columns in force; those of other columns of its data set stay.

    Raises
    ------
    NotFoundError, SettingsError
        As :func:`set_rules`.
    """
    names = {column.name for column in bundle.input_columns}
    stored = change_rules.rules(ws, bundle.manifest.dataset)
    old = ChangeRules() if stored is None else _read(stored)
    linked = {name for link in rules.links for name in link.columns}
    others = tuple(
        link for link in old.links if not set(link.columns) <= names and not set(link.columns) & linked
    )
    merged = ChangeRules(
        rules=(*rules.rules, *(rule for rule in old.rules if rule.column not in names)),
        links=(*rules.links, *others),
    )
    return set_rules(ws, bundle.manifest.dataset, merged, actor=actor)


def _read(stored: StoredRules) -> ChangeRules:
    try:
        return ChangeRules.model_validate(stored.rules)
    except ValueError as error:
        raise DataError(
            f"the change rules of `{stored.dataset}` must be readable",
            str(error).splitlines()[0],
            "Set them again",
        ) from error


def _outcomes(bundle: Bundle, case: Case, goal: float) -> Any:
    if case.low is not None and case.high is not None and goal == case.low:
        policy = Policy(kind=bundle.manifest.kind, low=case.low, high=case.high)
        return policy.outcome
    passed, _, refused = OUTCOMES[bundle.manifest.kind]
    return lambda probability: passed if probability < goal else refused
