"""Training a model: what is asked for, whether it can be done, and the three parts of the job."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aimass_core.jobs.job import Handler
from aimass_core.models import catalog
from aimass_core.models.search_config import SearchConfig
from aimass_core.settings import Device
from aimass_core.split import SplitConfig
from aimass_core.workflows import columns, leaks, target, training_checks
from aimass_core.workflows.training_record import record, unused_name
from aimass_core.workspace import datasets, exports
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.intake.leakage import Leak
    from aimass_core.models.estimate import Estimate
    from aimass_core.schema import Column
    from aimass_core.workspace.datasets import Version

KIND = "training"
"""Kind of the job."""

# Measured on a 2-core cloud machine with the sample bank: the jobs' own time less that of the fit.
_AROUND_SECONDS = 4.0  # the worker's start, measuring, explaining, saving
_SAMPLING_SECONDS = 4.0  # more for a network, whose contributions are sampled
_EXPLAINED_EXACTLY = frozenset({"readable", "trees"})  # groups of families


class TrainingSpec(BaseModel):
    """What to train on what; what is left out is filled in by :func:`check`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(description="Data set: `name`, `name@version` or a version id.")
    target: str | None = Field(default=None, description="Target column; empty: the one with that role.")
    positive: tuple[str, ...] | None = Field(
        default=None, description="Target values whose probability is wanted; empty: guessed."
    )
    kind: Literal["credit", "fraud"] = Field(default="credit", description="What is decided with the model.")
    family: str = Field(default="boosting", description="Key of the model family.")
    config: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the family that differ from the defaults."
    )
    name: str = Field(default="", max_length=120, description="Name of the run; empty: made from the rest.")
    split: SplitConfig = Field(default=SplitConfig(), description="How rows are divided.")
    features: tuple[str, ...] | None = Field(
        default=None, description="Columns to learn from; empty: all with the role `feature`."
    )
    allow_protected: bool = Field(
        default=False, description="Learn from protected columns as well; this is put on the record."
    )
    domain: str | None = Field(
        default=None, description="Column whose domains the network is made blind to; for dann only."
    )
    search: SearchConfig | None = Field(
        default=None, description="Search for the best settings of the family first; empty: no search."
    )
    calibration: Literal["none", "platt", "isotonic", "auto"] = Field(
        default="none",
        description="How probabilities are corrected on the validation rows: none; platt: a line on the "
        "log-odds; isotonic: a rising curve; auto: whichever is best there, none unless it gains clearly.",
    )
    unlabelled: bool = Field(
        default=False, description="Train without a target; for families of anomaly scores only."
    )
    device: Device = Field(default="auto", description="Where the model trains.")
    seed: int = Field(default=0, ge=0, description="Random seed of the model.")
    bootstrap: int = Field(
        default=200, ge=0, le=2_000, description="Bootstrap samples for the intervals; 0 for none."
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A spec with nothing left open, and what a person should know before it starts.

    `without_target` rows are left out; `notes` say what was guessed or left out; `leaks` are features that
    may know the answer.
    """

    spec: TrainingSpec
    version: Version
    features: tuple[Column, ...]
    classes: tuple[tuple[str, int], ...]
    without_target: int
    notes: tuple[str, ...]
    leaks: tuple[Leak, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that have a target."""
        return self.version.rows - self.without_target

    @property
    def negative(self) -> tuple[str, ...]:
        """Target values that do not count as positive."""
        return tuple(label for label, _ in self.classes if label not in (self.spec.positive or ()))

    @property
    def protected(self) -> tuple[str, ...]:
        """Protected columns that are learnt from."""
        return tuple(column.name for column in self.features if column.role == "protected")


def target_classes(ws: Workspace, version: Version, column: str) -> list[tuple[str, int]]:
    """Return the labels of a column with their counts, most frequent first; at most 51.

    Raises
    ------
    DataError
        When the column is not in the data.
    """
    return target.target_classes(ws, version, column)


def check(ws: Workspace, spec: TrainingSpec) -> TrainingSpec:
    """Return the spec with nothing left open; raises as :func:`plan`."""
    return plan(ws, spec).spec


def plan(ws: Workspace, spec: TrainingSpec) -> Plan:
    """Check a spec against the data, before any work starts.

    Raises
    ------
    NotFoundError
        When the data set or the family does not exist.
    DataError
        When a column is not there, the target has one class, or no feature is left.
    SettingsError
        When the settings contradict each other or the data: three classes and no positive one, a protected
        column as a feature, a family's setting out of range, a GPU that is not there…
    """
    from aimass_core.device import resolve

    version = datasets.get(ws, spec.dataset)
    family = training_checks.labelled(spec)
    config = training_checks.settings(family, spec)
    if spec.device == "cuda":
        resolve(spec.device)
    split = columns.complete_split(version, spec.split)
    name, positive, classes, without, notes = _outcome(ws, spec, version)
    if name is not None:
        training_checks.rows(spec, split, classes, positive)
    domain = columns.checked_domain(version, spec, name)
    features, left_out = columns.features(version, spec, name, domain)
    training_checks.features(config, features)
    suspects = leaks.suspected(ws, version, name, features) if name is not None else ()
    notes += [*left_out, *(f"{leaks.told(leak)} The model learns from it." for leak in suspects)]
    whole = spec.model_copy(
        update={
            "dataset": version.ref,
            "target": name,
            "positive": positive or None,
            "config": config.model_dump(mode="json"),
            "name": _run_name(ws, spec, version),
            "split": split,
            "features": tuple(column.name for column in features),
        }
    )
    return Plan(whole, version, features, tuple(classes), without, tuple(notes), suspects)


def _outcome(
    ws: Workspace, spec: TrainingSpec, version: Version
) -> tuple[str | None, tuple[str, ...], list[tuple[str, int]], int, list[str]]:
    """Return target, positive labels, classes, rows without a target and notes; no target when unlabelled."""
    if spec.unlabelled:
        return None, (), [], 0, ["There is no target: rows are ranked by how unusual they are."]
    name = columns.target_name(version, spec.target)
    classes = target.target_classes(ws, version, name)
    positive = target.settle(name, classes, spec.positive)
    notes = (
        []
        if spec.positive
        else [f"{columns.listed(positive)} counts as positive in `{name}`; this was guessed."]
    )
    without = version.rows - sum(count for _, count in classes)
    if len(classes) > target.MOST_CLASSES:
        without = 0  # not all values are listed; the worker counts the rows without one
    if without:
        notes.append(f"{without:,} of {version.rows:,} rows have no target and are left out.")
    return name, positive, classes, without, notes


def estimate(ws: Workspace, spec: TrainingSpec) -> Estimate:
    """Estimate time and memory of the whole job before the start; raises as :func:`plan`."""
    found = plan(ws, spec)
    fit = catalog.estimate(
        found.spec.family, found.spec.config, found.rows, len(found.features), found.spec.device
    )
    quick = catalog.family(found.spec.family).group in _EXPLAINED_EXACTLY
    around = _AROUND_SECONDS + (0.0 if quick else _SAMPLING_SECONDS)
    if found.spec.search is not None:
        around += found.spec.search.budget_seconds
    return replace(fit, seconds=fit.seconds + around, most_seconds=fit.most_seconds + around)


def title(spec: TrainingSpec) -> str:
    """Return what the job is called in lists."""
    return f"Train {spec.name or spec.family} on {spec.dataset}"


def prepare(ws: Workspace, spec: dict[str, Any], folder: Path) -> None:
    """Write the rows and everything the worker must know into the job's input folder."""
    found = plan(ws, TrainingSpec.model_validate(spec))
    version, whole = found.version, found.spec
    wanted = {whole.target, whole.split.time_column, whole.split.group_column, whole.domain}
    wanted |= {column.name for column in found.features}
    kept = [name for name in version.schema.names if name in wanted]
    exports.export_parquet(ws, version, folder / "input" / "rows.parquet", kept)
    recipe = datasets.recipe_json(ws, version.version_id) or {}
    (folder / "input" / "training.json").write_text(
        json.dumps(
            {
                "spec": whole.model_dump(mode="json"),
                "features": [column.model_dump(mode="json") for column in found.features],
                "negative": found.negative,
                "protected": found.protected,
                "steps": recipe.get("steps", []),
                "repairs": version.repairs,
                "dataset": version.dataset,
                "dataset_version": version.version,
                "dataset_version_id": version.version_id,
                "dataset_sha256": version.source_sha256,
                "notes": found.notes,
            },
            ensure_ascii=False,
        ),
        "utf-8",
    )


HANDLER: Handler[Workspace] = Handler(
    prepare=prepare, compute="aimass_core.workflows.fitting:compute", record=record
)
"""The three parts of a training job; its spec is a :class:`TrainingSpec` as JSON."""


def _run_name(ws: Workspace, spec: TrainingSpec, version: Version) -> str:
    return unused_name(ws, spec.name.strip() or f"{version.dataset} {spec.family}")
