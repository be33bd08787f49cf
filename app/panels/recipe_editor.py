"""The cleaning recipe as a list of sentences that can be added to, changed, moved and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import streamlit as st
from pydantic import BaseModel

from aimass_core.clean.recipe import MissingStep, OutlierStep, RareStep, Recipe, Step
from aimass_core.intake.repair import (
    DuplicateRepair,
    LabelRepair,
    RangeRepair,
    Repair,
    SentinelRepair,
    TrimRepair,
    TypeRepair,
)
from aimass_core.schema import NUMERIC, TEMPORAL, Schema
from aimass_core.workflows import cleaning
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import forms
from app.recipe_text import rule_text
from app.ui import section

REPAIRS: dict[str, type[BaseModel]] = {
    "Codes that mean missing": SentinelRepair,
    "Impossible values": RangeRepair,
    "Type of a column": TypeRepair,
    "Labels": LabelRepair,
    "Blanks and case": TrimRepair,
    "Duplicate rows": DuplicateRepair,
}
STEPS: dict[str, type[BaseModel]] = {
    "Outliers": OutlierStep,
    "Missing values": MissingStep,
    "Rare labels": RareStep,
}
_LABELS = {
    "factor": "Factor (× IQR)",
    "to": "Type to have",
    "low": "Smallest possible",
    "high": "Largest possible",
    "indicator": "Add an indicator column",
    "min_share": "Smallest share of rows",
    "values": "Codes, parted by commas",
    "mapping": "Label as it is → as it should be",
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where the draft of one version lies in the session."""

    version: Version

    @property
    def key(self) -> str:
        return f"clean.draft.{self.version.version_id}"

    def get(self, ws: Workspace) -> Recipe:
        if self.key not in st.session_state:
            st.session_state[self.key] = cleaning.recipe(ws, self.version)
        return cast(Recipe, st.session_state[self.key])

    def put(self, recipe: Recipe) -> None:
        """Keep a changed draft and draw the page anew, with fresh forms."""
        st.session_state[self.key] = recipe
        st.session_state[f"{self.key}.round"] = self.round + 1
        st.session_state.pop(f"{self.key}.editing", None)
        st.rerun()

    @property
    def round(self) -> int:
        return int(st.session_state.get(f"{self.key}.round", 0))

    @property
    def editing(self) -> tuple[str, int] | None:
        return cast("tuple[str, int] | None", st.session_state.get(f"{self.key}.editing"))

    def edit(self, part: str, position: int) -> None:
        st.session_state[f"{self.key}.editing"] = (part, position)
        st.rerun()


def editor(ws: Workspace, version: Version) -> Recipe:
    """Show the recipe of a version for editing and return it as it stands, kept or not."""
    kept = _Kept(version)
    recipe = kept.get(ws)
    with st.container(horizontal=True):
        if st.button(
            "Suggest a recipe",
            icon=":material/auto_fix_high:",
            key="clean.suggest",
            type="secondary" if recipe.repairs or recipe.steps else "primary",
            help="Fills the recipe from the findings of the data set; then change what you like.",
        ):
            kept.put(cleaning.suggest(ws, version))
        if st.button("Empty it", icon=":material/delete_sweep:", key="clean.empty",
                     disabled=not (recipe.repairs or recipe.steps)):  # fmt: skip
            kept.put(Recipe())
    left, right = st.columns(2)
    with left:
        section("Repairs", help="Learn nothing from the data; together they make the next version.")
        repairs = _part(kept, "repairs", recipe.repairs, REPAIRS, version.schema)
    with right:
        section("Steps", help="Learnt on the training rows of each run and kept in the model.")
        steps = _part(kept, "steps", recipe.steps, STEPS, version.schema)
    changed = Recipe(repairs=cast("tuple[Repair, ...]", repairs), steps=cast("tuple[Step, ...]", steps))
    if changed != recipe:
        kept.put(changed)
    return recipe


def forget(version: Version) -> None:
    """Drop the draft of a version, once it was applied."""
    st.session_state.pop(_Kept(version).key, None)


def _part(
    kept: _Kept, part: str, rules: tuple[BaseModel, ...], kinds: dict[str, type[BaseModel]], schema: Schema
) -> tuple[BaseModel, ...]:
    key = f"clean.{part}.{kept.round}"
    if not rules:
        st.caption(f"No {part} yet.")
    for position, rule in enumerate(rules):
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"{position + 1}. {rule_text(cast('Repair | Step', rule))}")
            with st.container(horizontal=True, gap="small"):
                if _small("Change", f"{key}.edit.{position}", "edit"):
                    kept.edit(part, position)
                if position and _small("Move up", f"{key}.up.{position}", "arrow_upward"):
                    swapped = list(rules)
                    swapped[position - 1 : position + 1] = rule, rules[position - 1]
                    return tuple(swapped)
                if _small("Remove", f"{key}.remove.{position}", "close"):
                    return rules[:position] + rules[position + 1 :]
    editing = kept.editing
    if editing and editing[0] == part and editing[1] < len(rules):
        position = editing[1]
        made = _form(type(rules[position]), f"{key}.change", schema, "Save the change", rules[position])
        return rules if made is None else (*rules[:position], made, *rules[position + 1 :])
    with st.expander(f"Add to the {part}", icon=":material/add:"):
        kind = st.selectbox("What about?", list(kinds), key=f"{key}.kind")
        made = _form(kinds[kind], f"{key}.add.{kinds[kind].__name__}", schema, "Add", None)
    return rules if made is None else (*rules, made)


def _form(
    kind: type[BaseModel], key: str, schema: Schema, submit: str, initial: BaseModel | None
) -> BaseModel | None:
    st.caption((kind.__doc__ or "").split("\n\n")[0].replace("\n", " "))
    names = _fitting(kind, schema)
    if not names:
        st.info("No column of this data set is of a type that this applies to.")
        return None
    return forms.form(
        kind,
        key=key,
        submit=submit,
        initial=initial,
        choices={"column": names, "columns": names},
        labels=_LABELS,
        exclude=("kind", "was"),
        columns=1,
    )


def _fitting(kind: type[BaseModel], schema: Schema) -> list[str]:
    """Return the columns that a kind of rule can be about."""
    numbers = NUMERIC - {"boolean"}
    wanted = {
        RangeRepair: numbers | TEMPORAL,
        LabelRepair: {"category", "text", "integer", "number"},
        TrimRepair: {"category", "text"},
        OutlierStep: numbers | TEMPORAL,
        RareStep: {"category"},
    }.get(kind)
    columns = schema.by_role("feature") if kind in STEPS.values() else schema.columns
    return [column.name for column in columns if wanted is None or column.kind in wanted]


def _small(label: str, key: str, icon: str) -> bool:
    return st.button(label, key=key, type="tertiary", icon=f":material/{icon}:")
