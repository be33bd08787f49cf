"""A workspace with something on every page, some of it named by someone who means harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from aimass_core.clean.recipe import MissingStep, OutlierStep, Recipe
from aimass_core.decide.policy import Policy
from aimass_core.intake.repair import DuplicateRepair
from aimass_core.workflows import cleaning, evaluating, importing, scoring
from aimass_core.workspace.joblog import JobLog
from tests.trained import make_trained, train

HTML = "<img src=x onerror=alert(1)>"
MARKDOWN = "**zq** :red[zq] `zq` $zq$ [zq](javascript:alert(2)) ![zq](http://zq.example/i.png)"
SCRIPT = "<script>alert(3)</script>"
FOREIGN = "年龄 😀 \"double\" 'single'"
HOSTILE = f"{HTML} {MARKDOWN} {FOREIGN}"[:100]
"""The name of a data set and of a run."""


def hostile_rows(rows: int = 400) -> pd.DataFrame:
    """Return rows whose columns and labels are HTML, markdown, scripts, emoji and Chinese."""
    random = np.random.default_rng(1)
    risk = random.normal(size=rows)
    return pd.DataFrame(
        {
            HTML: risk.round(3),
            MARKDOWN: random.choice([HTML, MARKDOWN, SCRIPT, "=1+1"], rows),
            FOREIGN: random.choice(["好", "坏 😀", '"'], rows),
            SCRIPT: random.integers(0, 90, rows),
            "default": (risk + random.normal(size=rows) > 0.8).astype(int),
        }
    )


def fill(home: Path) -> None:
    """Make the workspace and let go of it, so that a server can take it.

    It holds the data set `loans` with one model of each family, and one of hostile names whose run, model,
    policy and decisions carry hostile texts too.
    """
    made = make_trained(home)
    ws = made.ws
    scoring.decide(ws, "boosting", made.rows(20), source="form", actor="ana")
    path = home / "hostile.csv"
    hostile_rows().to_csv(path, index=False)
    version = importing.import_file(ws, path, name=HOSTILE, actor=HTML, note=MARKDOWN)
    version = importing.set_roles(ws, version, {"default": "target"}, actor=HTML)
    recipe = Recipe(
        repairs=(DuplicateRepair(),),
        steps=(OutlierStep(columns=(HTML,)), MissingStep(columns=(MARKDOWN,), method="mode")),
    )
    version = cleaning.apply(ws, version, recipe, actor=HTML, note=MARKDOWN)
    run_id = train(
        ws, dataset=version.ref, family="boosting", config={"trees": 20, "min_child": 10}, name=HOSTILE[:60]
    )
    evaluating.register(ws, run_id, name="年龄", note=f"{HTML} {MARKDOWN}", actor=HTML)
    policy = Policy(kind="credit", low=0.1, high=0.3, note=f"{HTML} {MARKDOWN}")
    scoring.set_policy(ws, "年龄", policy, actor=HTML)
    rows = hostile_rows(3).drop(columns="default").to_dict("records")
    scoring.decide(
        ws,
        "年龄",
        [{str(name): value for name, value in row.items()} for row in rows],
        source=HTML,
        actor=HTML,
        subjects=[HTML, MARKDOWN, FOREIGN],
    )
    store = JobLog(ws)
    for job in store.active():  # trained in this process; a server would take them for its own to go on with
        store.change(job.job_id, "done", {})
    ws.close()
