"""What a training may be told besides: its name and kind, how rows are divided, calibration, seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from aimass_core.models.catalog import FAMILIES
from aimass_core.schema import TEMPORAL, Column
from aimass_core.settings import settings
from aimass_core.split import SplitConfig
from aimass_core.workspace.datasets import Version
from app import forms
from app.panels.train_built import built

_KINDS: dict[str, str] = {"credit": "Credit: will it be repaid?", "fraud": "Fraud: is it genuine?"}
_METHODS: dict[str, str] = {
    "stratified": "At random, same share of bads",
    "time": "By time: test on the latest",
    "group": "By customer: none in two parts",
}
_CALIBRATIONS: dict[str, str] = {
    "none": "None: as the model gives them",
    "auto": "Whichever is best, none unless it gains clearly",
    "platt": "Platt: a line on the log-odds",
    "isotonic": "Isotonic: a rising curve",
}


def name(version: Version, prefix: str) -> str:
    """Ask for the name that runs are called by."""
    return st.text_input(
        "Name",
        value=version.dataset,
        max_chars=60,
        key=f"{prefix}.name",
        persist_state="session",
        help="Each run is named after this and its family.",
    ).strip()


def kind(version: Version, column: str | None, prefix: str) -> Literal["credit", "fraud"]:
    """Ask what is decided with the model."""
    looks_like_fraud = "fraud" in f"{version.dataset} {version.source_name} {column}".lower()
    chosen = st.segmented_control(
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
    return "fraud" if chosen == "fraud" else "credit"


def split(version: Version, prefix: str) -> SplitConfig | None:
    """Ask how rows are divided; None while a column for it is missing or a share does not fit."""
    method = st.segmented_control(
        "Test rows",
        list(_METHODS),
        default="stratified",
        required=True,
        format_func=_METHODS.__getitem__,
        key=f"{prefix}.split",
        wrap=True,
        persist_state="session",
        help="The model is measured on rows it never saw. By time is the hardest and most honest test.",
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
        "seed": "Seed of the division",
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
    return built(SplitConfig, values)


def calibration(prefix: str) -> str:
    """Ask how probabilities are corrected on the validation rows."""
    return st.selectbox(
        "Calibration of probabilities",
        list(_CALIBRATIONS),
        format_func=_CALIBRATIONS.__getitem__,
        key=f"{prefix}.calibration",
        persist_state="session",
        help="Learnt on the validation rows. Evaluate shows the reliability before and after.",
    )


def numbers(prefix: str) -> dict[str, Any]:
    """Ask for seed and bootstrap samples; settings of the spec."""
    left, right = st.columns(2)
    seed = left.number_input(
        "Random seed of the models",
        0,
        2**31 - 1,
        settings().seed,
        key=f"{prefix}.seed",
        persist_state="session",
        help="Same data, settings and seed: same model.",
    )
    bootstrap = right.number_input(
        "Bootstrap samples",
        0,
        2_000,
        200,
        50,
        key=f"{prefix}.bootstrap",
        persist_state="session",
        help="For the 95% intervals of every measure; 0 for none.",
    )
    return {"seed": int(seed), "bootstrap": int(bootstrap)}


def domain_families() -> list[str]:
    """Return the titles of the families that can be made blind to a domain."""
    return [family.title for family in FAMILIES.values() if "domain_weight" in family.config.model_fields]


def domain(version: Version, column: str | None, prefix: str) -> str | None:
    """Ask for the column that networks are made blind to."""
    kinds = ("category", "boolean", "integer")
    known = [c.name for c in version.schema if c.name != column and c.kind in kinds and c.role != "id"]
    return st.selectbox(
        f"Domain column ({', '.join(domain_families())} only)",
        known,
        index=None,
        placeholder="None: an ordinary network",
        key=f"{prefix}.domain",
        persist_state="session",
        filter_mode="contains",
        help="A portfolio, country or channel. Domain-adversarial training (Ganin et al. 2016): what is "
        "learnt on one carries over to another. The column itself is then not a feature.",
    )


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
