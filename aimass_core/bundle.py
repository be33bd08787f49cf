"""A trained model on disk: all it takes to score raw rows, in files that hold data and no code.

::

    manifest.json           what the model is, and the SHA-256 of every other file
    encoder.json            columns to matrix          steps.json   what cleaning learnt
    model/                  the family's own files     reference.safetensors   rows to explain against
    calibrator.json         how log-odds are corrected; only where they are
    …                       further files of the training (scores, explanation), sealed the same way
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from aimass_core import sealed
from aimass_core.errors import DataError
from aimass_core.schema import Column, Schema
from aimass_core.split import SplitConfig

if TYPE_CHECKING:
    import pandas as pd

    from aimass_core.clean.steps import FittedSteps
    from aimass_core.evaluate.calibrators import Calibrator
    from aimass_core.features.encoder import Encoder
    from aimass_core.intake.change import RuleCount

FORMAT = 1
"""Layout of the folder that this program writes and reads."""
CALIBRATOR = "calibrator.json"

_SHAPING = (
    *("aimass", "torch", "lightgbm", "scikit-learn", "numpy", "scipy", "pandas", "duckdb", "shap"),
    *("interpret-core", "tabm", "rtdl_num_embeddings", "optuna"),
)

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]


class Manifest(BaseModel):
    """What a bundle is and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = Field(default=FORMAT, description="Layout of the folder.")
    family: str = Field(description="Key of the model family.")
    config: dict[str, Any] = Field(description="Settings of the family, all of them.")
    columns: tuple[Column, ...] = Field(description="Feature columns a row to be scored must have.")
    repairs: tuple[dict[str, Any], ...] = Field(description="Repairs from the raw file on, in order.")
    target: str | None = Field(description="Name of the target column; none when learnt without one.")
    positive: tuple[str, ...] = Field(description="Target values whose probability is scored.")
    negative: tuple[str, ...] = Field(description="The other target values.")
    kind: Literal["credit", "fraud"] = Field(description="What is decided with it.")
    dataset: str = Field(description="Name of the data set.")
    dataset_version: int = Field(description="Version number of the data set.")
    dataset_version_id: str = Field(description="Id of the data set version.")
    dataset_sha256: str = Field(description="SHA-256 of the file the data set came from.")
    split: SplitConfig = Field(description="How rows were divided.")
    protected: tuple[str, ...] = Field(default=(), description="Protected columns trained on, on the record.")
    domain: str | None = Field(default=None, description="Column whose domains the model was kept blind to.")
    rows: dict[str, int] = Field(description="Rows used: train, validation, test, without a target, dropped.")
    seed: int = Field(description="Random seed of the training.")
    device: str = Field(description="Device it was trained on.")
    versions: dict[str, str] = Field(description="Versions of the program and of the libraries.")
    created_at: str = Field(description="When, in UTC, ISO 8601.")
    metrics: dict[str, float | None] = Field(description="Flat measures (test.auc…); none where undefined.")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows as the estimator takes them."""

    X: Matrix
    names: tuple[str, ...]
    counts: tuple[RuleCount, ...]
    frame: pd.DataFrame
    """The same rows after the repairs, feature columns only."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Probability of the positive class and its log-odds (natural logarithm), shape (n,) each; calibrated."""

    probability: Vector
    log_odds: Vector


@dataclass(frozen=True)
class Bundle:
    """A trained model with everything before and around it.

    Attributes
    ----------
    reference : prepared training rows, a seeded sample of at most 200; shape (m, p).
    applicants : prepared rows of the whole data set, also those without an outcome, a seeded sample of at
        most 2,000 in random order; shape (a, p).
    reference_log_odds, applicants_log_odds : their scores, as :meth:`score_prepared` gives them.
    calibrator : how the estimator's log-odds are corrected; None where they are not.
    path : the folder it was loaded from or saved to.
    """

    manifest: Manifest
    encoder: Encoder
    steps: FittedSteps
    estimator: Any
    reference: Matrix
    reference_log_odds: Vector
    applicants: Matrix
    applicants_log_odds: Vector
    calibrator: Calibrator | None = None
    path: Path | None = None

    @property
    def input_columns(self) -> tuple[Column, ...]:
        """Columns a row to be scored must have; its other columns are ignored."""
        return self.manifest.columns

    @property
    def players(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Features with the matrix columns that belong to each (its missing-indicator counts with it)."""
        return self.steps.players

    @property
    def outcome(self) -> str:
        """What the probability is of, for sentences: default, fraud or, learnt blindly, being unusual."""
        from aimass_core.models.catalog import family

        if self.calibrator is None and not family(self.manifest.family).labelled:
            return "being unusual"
        return {"credit": "default", "fraud": "fraud"}[self.manifest.kind]

    def prepare(self, frame: pd.DataFrame, *, repaired: bool = False) -> Prepared:
        """Turn raw rows into the estimator's matrix.

        Parameters
        ----------
        frame : rows as they stand in a file or a request; further columns are ignored.
        repaired : the rows come from the data set version itself, whose repairs are done already.

        Raises
        ------
        DataError
            When a column is absent, or a value cannot be of its column's kind.
        """
        inputs = self._inputs(frame)
        if not repaired and len(inputs):
            from aimass_core.intake.repair import apply_to_frame, from_json

            columns = Schema(columns=self.input_columns)
            inputs, _ = apply_to_frame(inputs, from_json(self.manifest.repairs), columns)
        applied = self.steps.apply(self.encoder.transform(inputs))
        return Prepared(applied.X, tuple(self.steps.names), tuple(applied.counts), inputs)

    def score(self, frame: pd.DataFrame, *, repaired: bool = False) -> Scores:
        """Score raw rows; each row's score depends on that row alone.

        Raises
        ------
        DataError
            As :meth:`prepare`.
        """
        return self.score_prepared(self.prepare(frame, repaired=repaired).X)

    def score_prepared(self, X: Matrix) -> Scores:
        """Score rows that :meth:`prepare` returned, shape (n, p)."""
        from scipy.special import expit

        if not len(X):
            return Scores(np.empty(0), np.empty(0))
        log_odds = self.calibrated(self.raw_log_odds(X))
        return Scores(expit(log_odds), log_odds)

    def raw_log_odds(self, X: Matrix) -> Vector:
        """Return the estimator's own log-odds of prepared rows, before any calibration, shape (n,)."""
        return np.asarray(self.estimator.log_odds(X), dtype=np.float64) if len(X) else np.empty(0)

    def calibrated(self, raw: Vector) -> Vector:
        """Return the estimator's log-odds as the bundle's, shape (n,)."""
        return raw if self.calibrator is None else self.calibrator.apply(raw)

    def display(self, frame: pd.DataFrame) -> list[dict[str, str]]:
        """Return the feature values of repaired rows as text for people; a label is shown as it came."""
        from aimass_core.features.values import to_labels

        encoded = self.encoder.transform(frame)
        shown: dict[str, list[str]] = {}
        for j, column in enumerate(self.encoder.columns):
            if column.kind == "category":
                labels = to_labels(frame[column.name])
                shown[column.name] = [
                    "missing" if missing else str(label)
                    for label, missing in zip(labels, labels.isna(), strict=True)
                ]
            else:
                shown[column.name] = [self.encoder.display_code(j, float(value)) for value in encoded[:, j]]
        return [dict(zip(shown, row, strict=True)) for row in zip(*shown.values(), strict=True)]

    def save(self, path: Path, *, extras: Mapping[str, bytes] | None = None) -> Bundle:
        """Write the bundle to a new folder, all at once.

        Parameters
        ----------
        path : folder that does not exist yet.
        extras : further files to keep and seal with it, by name.

        Raises
        ------
        ConflictError
            When the folder exists.
        DataError
            When the disk is full; nothing is left behind.
        """

        def write(folder: Path) -> None:
            from safetensors.numpy import save_file

            _write_json(folder / "encoder.json", self.encoder.to_json())
            _write_json(folder / "steps.json", self.steps.to_json())
            if self.calibrator is not None:
                _write_json(folder / CALIBRATOR, self.calibrator.to_json())
            (folder / "model").mkdir()
            self.estimator.save(folder / "model")
            save_file(
                {
                    "population": np.ascontiguousarray(self.reference),
                    "population_log_odds": np.ascontiguousarray(self.reference_log_odds),
                    "applicants": np.ascontiguousarray(self.applicants),
                    "applicants_log_odds": np.ascontiguousarray(self.applicants_log_odds),
                },
                str(folder / "reference.safetensors"),
            )
            for name, content in (extras or {}).items():
                (folder / name).write_bytes(content)

        sealed.write_folder(path, write, self.manifest.model_dump(mode="json"))
        return replace(self, path=path)

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Read a bundle after checking every file against its seal.

        Raises
        ------
        NotFoundError
            When there is no bundle in that folder.
        DataError
            When a file is missing, torn or edited, or a newer program wrote it.
        """
        content = sealed.read_folder(path, newest=FORMAT)
        try:
            return cls._read(path, Manifest.model_validate(content))
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise DataError(
                f"the model in {path.name} must be readable by this program",
                f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}",
                "Train it again, or restore it from a backup",
            ) from error

    @classmethod
    def _read(cls, path: Path, manifest: Manifest) -> Bundle:
        from safetensors.numpy import load_file

        from aimass_core.clean.steps import FittedSteps
        from aimass_core.evaluate.calibrators import Calibrator
        from aimass_core.features.encoder import Encoder
        from aimass_core.models.catalog import load_estimator

        calibration = path / CALIBRATOR
        rows = load_file(str(path / "reference.safetensors"))
        encoder = Encoder.from_json(_read_json(path / "encoder.json"))
        return cls(
            manifest=manifest,
            encoder=encoder,
            steps=FittedSteps.from_json(_read_json(path / "steps.json")),
            estimator=load_estimator(manifest.family, path / "model"),
            reference=rows["population"],
            reference_log_odds=rows["population_log_odds"],
            applicants=rows["applicants"],
            applicants_log_odds=rows["applicants_log_odds"],
            calibrator=Calibrator.from_json(_read_json(calibration)) if calibration.exists() else None,
            path=path,
        )

    def _inputs(self, frame: pd.DataFrame) -> pd.DataFrame:
        names = [column.name for column in self.input_columns]
        absent = [name for name in names if name not in frame.columns]
        if absent:
            named = ", ".join(f"`{name}`" for name in absent[:8]) + (", …" if len(absent) > 8 else "")
            raise DataError(
                "every feature of the model must be a column of the rows",
                f"missing: {named}",
                "Add the column; leave its cells empty where the value is unknown",
            )
        inputs = frame[names].reset_index(drop=True)
        if not inputs.columns.is_unique:
            twice = inputs.columns[inputs.columns.duplicated()][0]
            raise DataError("column names must differ", f"`{twice}` occurs twice", "Rename one of them")
        return inputs


def versions() -> dict[str, str]:
    """Return the versions of the program and of the libraries that shape a score."""
    from importlib.metadata import version

    return {name: version(name) for name in _SHAPING}


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=True), "utf-8")


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
