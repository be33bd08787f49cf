"""A workspace for each test of a page, empty or with two trained runs, and the app that runs on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from aimass_core.jobs.runner import run_now
from aimass_core.settings import settings
from aimass_core.workflows import importing, training
from aimass_core.workflows.training import TrainingSpec
from aimass_core.workspace.connection import Workspace, open_workspace
from aimass_core.workspace.joblog import JobLog
from app import context

ROOT = Path(__file__).resolve().parents[2]
ROWS = 600

OpenPage = Callable[..., AppTest]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder of the workspace that the app opens in this test; nothing is in it yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("AIMASS_HOME", str(folder))
    monkeypatch.setenv("AIMASS_USER", "ana")
    settings.cache_clear()
    yield folder
    context.close()
    settings.cache_clear()


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed workspace with data set `loans` and the runs `loans scorecard` and `loans boosting`."""
    folder = tmp_path_factory.mktemp("trained") / "home"
    ws = open_workspace(folder, memory_limit_mb=1_000, threads=1)
    try:
        importing.import_file(ws, loans(folder / "loans.csv"), name="loans", actor="ana")
        for family in ("scorecard", "boosting"):
            train_one(ws, family)
    finally:
        ws.close()
    return folder


def train_one(ws: Workspace, family: str, *, config: dict[str, Any] | None = None) -> None:
    """Train the run `loans <family>` on the data set `loans`."""
    spec = TrainingSpec(
        dataset="loans",
        target="bad",
        family=family,
        config=config or {},
        name=f"loans {family}",
        bootstrap=20,
        device="cpu",
    )
    run_now(
        ws,
        training.HANDLER,
        kind=training.KIND,
        title=spec.name,
        spec=spec.model_dump(mode="json"),
        store=JobLog(ws),
        actor="ana",
        threads=1,
    )


@pytest.fixture
def trained(home: Path, trained_home: Path) -> Workspace:
    """The app's workspace, a copy of the trained one."""
    shutil.copytree(trained_home, home)
    return context.workspace()


@pytest.fixture
def imported(home: Path, tmp_path: Path) -> Workspace:
    """The app's workspace with the data set `loans` and nothing trained."""
    ws = context.workspace()
    importing.import_file(ws, loans(tmp_path / "loans.csv"), name="loans", actor="ana")
    return ws


@pytest.fixture
def open_page(home: Path) -> OpenPage:
    """Open a page of the whole app, with these names in the address."""

    def opened(key: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(str(ROOT / "pages" / f"{key}.py"))
        return app.run()

    return opened


def shown(elements: Iterable[Any]) -> str:
    """Return the texts of elements as a reader sees them, without escapes."""
    return "\n".join(str(item.value) for item in elements).replace("\\", "").replace("\u2060", "")


def loans(path: Path) -> Path:
    """Write a file of loans in which a low income makes a bad outcome likely; column names are hostile."""
    random = np.random.default_rng(7)
    income = random.lognormal(8, 0.6, ROWS).round(2)
    late = random.poisson(0.6, ROWS)
    chance = 1 / (1 + np.exp(-(-1.2 - 1.4 * (np.log(income) - 8) + 0.9 * late)))
    pd.DataFrame(
        {
            "loan_id": np.arange(1, ROWS + 1),
            "income": income,
            "late **months** <b>": late,
            "region": random.choice(["north", "south", "east"], ROWS),
            "sex": random.choice(["f", "m"], ROWS),
            "bad": (random.uniform(size=ROWS) < chance).astype(int),
        }
    ).to_csv(path, index=False)
    return path
