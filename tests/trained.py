"""A small workspace with a cleaned data set and one registered model of each family."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aimass_core.clean.recipe import MissingStep, Recipe
from aimass_core.intake.repair import SentinelRepair
from aimass_core.split import SplitConfig
from aimass_core.workflows import cleaning, evaluating, fitting, importing, training
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.joblog import JobLog
from tests.small_models import FAMILIES as LABELLED
from tests.small_models import QUICK

ROWS = 900
FAMILIES: dict[str, dict[str, Any]] = {key: QUICK[key] for key in LABELLED}
"""Families that learn from a target, with settings that keep a training well under a second."""


@dataclass(frozen=True)
class Trained:
    """The open workspace, the raw rows as in the file, and the file.

    Each family is registered under its own name: "scorecard", "boosting", "dann"…
    """

    ws: Workspace
    raw: pd.DataFrame
    path: Path

    def rows(self, count: int, start: int = 0) -> list[dict[str, Any]]:
        """Return raw rows as a client would send them, None where a cell is empty."""
        part = self.raw.iloc[start : start + count].astype(object)
        found: list[dict[str, Any]] = part.where(part.notna(), None).to_dict("records")
        return found


def loans(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Return raw loan applications: income with the code -999, gaps, labels, dates, true or false."""
    random = np.random.default_rng(seed)
    income = random.lognormal(7.5, 0.5, rows).round(2)
    age = random.integers(19, 75, rows)
    job = random.choice(["clerk", "engineer", "nurse", "=cmd|' /C calc'!A0"], rows, p=[0.4, 0.3, 0.2, 0.1])
    risk = -1.2 - 1.5 * (np.log(income) - 7.5) - 0.02 * (age - 45) + 0.8 * (job == "clerk")
    default = random.uniform(size=rows) < 1 / (1 + np.exp(-risk))
    frame = pd.DataFrame(
        {
            "customer": [f"C-{n:05d}" for n in range(1, rows + 1)],
            "income": income,
            "age": age,
            "job": job,
            "since": pd.date_range("2015-01-01", periods=rows, freq="D").strftime("%Y-%m-%d"),
            "owner": random.uniform(size=rows) < 0.4,
            "default": default.astype(int),
        }
    )
    frame.loc[random.choice(rows, rows // 20, replace=False), "income"] = -999
    frame.loc[random.choice(rows, rows // 15, replace=False), "income"] = np.nan
    frame.loc[random.choice(rows, rows // 30, replace=False), "job"] = None
    return frame


def make_trained(home: Path) -> Trained:
    """Import, clean, train and register, as the pages would."""
    ws = open_workspace(home, memory_limit_mb=512, threads=1)
    raw, path = loans(), home / "loans.csv"
    raw.to_csv(path, index=False)
    version = importing.import_file(ws, path, name="loans", actor="ana")
    version = importing.set_roles(
        ws,
        version,
        {"customer": "id", "default": "target", "age": "feature", "since": "feature", "owner": "feature"},
        actor="ana",
    )
    recipe = Recipe(
        repairs=(SentinelRepair(column="income", values=(-999.0,)),),
        steps=(MissingStep(columns=("income",), method="median", indicator=True),),
    )
    version = cleaning.apply(ws, version, recipe, actor="ana")
    for family, config in FAMILIES.items():
        run_id = train(ws, dataset=version.ref, family=family, config=config)
        evaluating.register(ws, run_id, name=family, actor="ana")
    return Trained(ws, raw, path)


def train(ws: Workspace, *, dataset: str, family: str, config: dict[str, Any], **fields: Any) -> str:
    """Train in this process, by the three parts of the real job, and return the run's id."""
    spec = training.TrainingSpec(
        dataset=dataset,
        target="default",
        family=family,
        config=config,
        device="cpu",
        bootstrap=0,
        split=SplitConfig(seed=1),
        **fields,
    )
    store = JobLog(ws)
    asked = spec.model_dump(mode="json")
    job = store.add(kind=training.KIND, title=training.title(spec), spec=asked, actor="ana")
    folder = ws.jobs / job.job_id
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True)
    training.prepare(ws, asked, folder)
    fitting.compute(folder, _silent)
    return str(training.record(ws, job, folder)["run_id"])


def _silent(progress: object) -> None:
    """Take progress and show nothing."""
