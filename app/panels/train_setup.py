"""The upper part of Train: what is predicted, from what, and by which models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import streamlit as st
from pydantic import BaseModel

from aimass_core.errors import SettingsError
from aimass_core.models.catalog import FAMILIES
from aimass_core.schema import TEMPORAL, Column
from aimass_core.settings import settings
from aimass_core.split import SplitConfig
from aimass_core.workflows import target as targets
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version
from app import forms
from app.boundary import show_error
from app.text import code, count, counted, share

Settings = TypeVar("Settings", bound=BaseModel)

_KINDS: dict[str, str] = {"credit": "Credit: will it be repaid?", "fraud": "Fraud: is it genuine?"}
_METHODS: dict[str, str] = {
    "stratified": "At random, same share of bads",
    "time": "By time: test on the latest",
    "group": "By customer: none in two parts",
}


def show(ws: Workspace, version: Version) -> list[TrainingSpec]:
    """Show the whole set-up and return one specification a chosen family; none while it is not complete."""
    prefix = f"train.{version.version_id}"
    found = _target(ws, version, prefix)
    if found is None:
        return []
    column, positive = found
    left, right = st.columns(2)
    with left:
        families = _families(prefix)
    with right:
        kind = _kind(version, column, prefix)
        name = st.text_input(
            "Name",
            value=version.dataset,
            max_chars=60,
            key=f"{prefix}.name",
            persist_state="session",
            help="Each run is named after this and its family.",
        ).strip()
    split = _split(version, prefix)
    extra = _features(version, column, prefix)
    domain = _domain(version, column, prefix) if "dann" in families else None
    configs = {key: _config(key, prefix) for key in families}
    if not families:
        st.info("Choose at least one model family.", icon=":material/arrow_upward:")
        return []
    if not name:
        st.info("Give the training a name.", icon=":material/arrow_upward:")
        return []
    if any(config is None for config in configs.values()) or split is None:
        return []
    return [
        TrainingSpec(
            dataset=version.ref,
            target=column,
            positive=positive,
            kind=kind,
            family=key,
            config=config or {},
            name=f"{name} {key}",
            domain=domain if key == "dann" else None,
            split=split,
            device=settings().device,
            **extra,
        )
        for key, config in configs.items()
    ]


def _target(ws: Workspace, version: Version, prefix: str) -> tuple[str, tuple[str, ...]] | None:
    named = version.schema.target
    known = [column.name for column in version.schema if column.role not in ("id", "ignore")]
    known += [column.name for column in version.schema.by_role("ignore")]
    left, right = st.columns(2)
    column = left.selectbox(
        "Target (what is predicted)",
        known,
        index=known.index(named.name) if named and named.name in known else None,
        placeholder="Choose a column",
        key=f"{prefix}.target",
        persist_state="session",
        filter_mode="contains",
        help="The column that says how it turned out. Set its role on Data to have it chosen here.",
    )
    if column is None:
        st.info("Choose the column to be predicted.", icon=":material/arrow_upward:")
        return None
    classes = targets.target_classes(ws, version, column)
    labels = [label for label, _ in classes]
    problem = _problem(column, classes)
    if problem is not None:
        show_error(problem)
        return None
    positive = right.multiselect(
        "Bad outcome (the value whose probability is wanted)",
        labels,
        default=[targets.guess(classes)] if len(classes) == 2 else [],
        key=f"{prefix}.positive.{column}",
        persist_state="session",
        select_all=False,
        help="Several values may count as bad. All others count as good.",
    )
    st.markdown(_counts(classes, positive, version.rows))
    if not positive:
        st.info(
            f"{code(column)} has {counted(len(classes), 'value')}: say which of them are the bad outcome.",
            icon=":material/arrow_upward:",
        )
        return None
    if len(positive) == len(classes):
        st.warning("At least one value must be left as the good outcome.", icon=":material/warning:")
        return None
    return column, tuple(positive)


def _problem(column: str, classes: Sequence[tuple[str, int]]) -> SettingsError | None:
    """Return what is wrong with a target that cannot be trained on, whatever is chosen as positive."""
    if 2 <= len(classes) <= targets.MOST_CLASSES:
        return None
    if len(classes) > 2:
        return SettingsError(
            f"target `{column}` must have a few values that can be told apart",
            f"it has more than {targets.MOST_CLASSES}",
            "Choose another target",
        )
    came = f"it has only '{classes[0][0]}'" if classes else "all its values are missing"
    return SettingsError(f"target `{column}` must have two classes", came, "Choose another target")


def _counts(classes: Sequence[tuple[str, int]], positive: Sequence[str], rows: int) -> str:
    known = sum(number for _, number in classes)
    parts = [
        f"{code(label)} {'bad' if label in positive else 'good'}: {count(number)} ({share(number / known)})"
        for label, number in classes[:8]
    ]
    if len(classes) > 8:
        parts.append(f"{count(len(classes) - 8)} more")
    if rows > known:
        parts.append(f"{count(rows - known)} without a target are left out")
    return " · ".join(parts)


def _families(prefix: str) -> list[str]:
    chosen = st.pills(
        "Model families",
        list(FAMILIES),
        selection_mode="multi",
        default=list(FAMILIES),
        format_func=lambda key: FAMILIES[key].title,
        key=f"{prefix}.families",
        wrap=True,
        persist_state="session",
        help="Each chosen family becomes a run of its own, trained one after the other.",
    )
    for key in chosen:
        st.caption(f"**{FAMILIES[key].title}.** {FAMILIES[key].summary}")
    return list(chosen)


def _kind(version: Version, column: str, prefix: str) -> Literal["credit", "fraud"]:
    looks_like_fraud = "fraud" in f"{version.dataset} {version.source_name} {column}".lower()
    kind = st.segmented_control(
        "Kind of decision",
        list(_KINDS),
        default="fraud" if looks_like_fraud else "credit",
        required=True,
        format_func=_KINDS.__getitem__,
        key=f"{prefix}.kind",
        wrap=True,
        persist_state="session",
        help="Credit: approve, refer, decline. Fraud: allow, challenge, block.",
    )
    return "fraud" if kind == "fraud" else "credit"


def _split(version: Version, prefix: str) -> SplitConfig | None:
    with st.expander("Split into training and test rows", icon=":material/call_split:"):
        method = st.segmented_control(
            "How",
            list(_METHODS),
            default="stratified",
            required=True,
            format_func=_METHODS.__getitem__,
            key=f"{prefix}.split",
            wrap=True,
            persist_state="session",
        )
        values: dict[str, Any] = {"method": method}
        usable = True
        if method == "time":
            columns = [c for c in version.schema if c.role == "time" or c.kind in TEMPORAL]
            values["time_column"] = _column("Time column", columns, f"{prefix}.time")
            usable = values["time_column"] is not None
        if method == "group":
            columns = [c for c in version.schema if c.role in ("group", "id")]
            columns += [c for c in version.schema if c.role not in ("group", "id", "target")]
            values["group_column"] = _column(
                "Customer column (its rows stay together)", columns, f"{prefix}.group"
            )
            usable = values["group_column"] is not None
        names = {
            "test_share": "Test rows, share of all",
            "validation_share": "Validation rows, share of training",
        }
        values |= (
            forms.fields(
                SplitConfig,
                key=f"{prefix}.shares",
                initial=SplitConfig(seed=settings().seed),
                labels=names,
                exclude=("method", "time_column", "group_column"),
                columns=3,
            )
            | values
        )
    if not usable:
        st.info(
            "This split needs a column: choose one above, or set its role on Data.",
            icon=":material/arrow_upward:",
        )
        return None
    return _built(SplitConfig, values)


def _column(label: str, columns: Sequence[Column], key: str) -> str | None:
    names = [column.name for column in columns]
    return st.selectbox(
        label,
        names,
        index=0 if names else None,
        placeholder="There is no such column",
        key=key,
        persist_state="session",
        filter_mode="contains",
    )


def _features(version: Version, column: str, prefix: str) -> dict[str, Any]:
    """Ask what may be learnt from: protected columns, domain, seed, bootstrap."""
    protected = [c.name for c in version.schema.by_role("protected") if c.name != column]
    features = [c.name for c in version.schema.by_role("feature") if c.name != column]
    found: dict[str, Any] = {}
    with st.expander("Columns and seed", icon=":material/tune:"):
        st.markdown(f"{counted(len(features), 'column')} with the role *feature* are learnt from.")
        if protected:
            listed = ", ".join(code(name) for name in protected[:12]) + (" …" if len(protected) > 12 else "")
            st.markdown(f"Protected, kept out and used to measure fairness only: {listed}.")
            found["allow_protected"] = st.toggle(
                "Train on protected columns as well (this is put on the record)",
                key=f"{prefix}.protected",
                persist_state="session",
            )
            if found["allow_protected"]:
                st.warning(
                    "Training on protected characteristics is unlawful for many credit decisions. "
                    f"The run will say that {settings().user} allowed it.",
                    icon=":material/gavel:",
                )
        left, right = st.columns(2)
        found["seed"] = int(
            left.number_input(
                "Random seed of the models",
                0,
                2**31 - 1,
                settings().seed,
                key=f"{prefix}.seed",
                persist_state="session",
                help="Same data, settings and seed: same model.",
            )
        )
        found["bootstrap"] = int(
            right.number_input(
                "Bootstrap samples",
                0,
                2_000,
                200,
                50,
                key=f"{prefix}.bootstrap",
                persist_state="session",
                help="For the 95% intervals of every measure; 0 for none.",
            )
        )
    return found


def _domain(version: Version, column: str, prefix: str) -> str | None:
    kinds = ("category", "boolean", "integer")
    known = [c.name for c in version.schema if c.name != column and c.kind in kinds and c.role != "id"]
    with st.expander("Domain the network is made blind to", icon=":material/domain_disabled:"):
        return st.selectbox(
            "Domain column (DANN network only)",
            known,
            index=None,
            placeholder="None: an ordinary network",
            key=f"{prefix}.domain",
            persist_state="session",
            filter_mode="contains",
            help="A portfolio, country or channel. Domain-adversarial training (Ganin et al. 2016): what is "
            "learnt on one carries over to another. The column itself is then not a feature.",
        )


def _config(key: str, prefix: str) -> dict[str, Any] | None:
    family = FAMILIES[key]
    with st.expander(f"Settings: {family.title}", icon=":material/settings:"):
        values = forms.fields(family.config, key=f"{prefix}.{key}", columns=3)
    built = _built(family.config, values)
    return None if built is None else built.model_dump()


def _built(model: type[Settings], values: dict[str, Any]) -> Settings | None:
    """Return the settings, or None with the reason shown when a value does not fit."""
    try:
        return forms.build(model, values)
    except SettingsError as error:
        show_error(error)
        return None
