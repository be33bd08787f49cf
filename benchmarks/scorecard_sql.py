"""A scorecard's exported SQL beside Python: the largest difference of a score over 100,000 rows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import public
from benchmarks.rows import Row, alone

ROWS = 100_000
EXACT = 1e-9
_ROOT = Path(__file__).resolve().parents[1]


def measure(*, rows: int = ROWS) -> Iterator[Row]:
    """Train a scorecard on Taiwan default by the command line, export it, and score rows both ways.

    Rows are drawn from the file with replacement, a tenth of their cells exchanged between rows, so
    that combinations occur which the file lacks. The SQL runs in DuckDB.
    """
    import duckdb
    import pandas as pd

    from aimass_core.bundle import Bundle

    with tempfile.TemporaryDirectory(prefix="aimass-sql-") as folder:
        home, out = Path(folder) / "home", Path(folder) / "card.sql"
        source = public.shared("credit/taiwan_default.csv")
        _aimass(home, "import", str(source), "--name", "taiwan")
        _aimass(
            home,
            *(
                "train",
                "taiwan",
                "--target",
                public.TAIWAN_TARGET,
                "--positive",
                "1",
                "--family",
                "scorecard",
            ),
            *("--calibration", "platt", "--run", "card", "--model", "card"),
        )
        _aimass(
            home, "export-scorecard", "card", "--format", "sql", "--table", "applicants", "--out", str(out)
        )
        (path,) = (home / "bundles").iterdir()
        random = np.random.default_rng(0)
        frame = pd.read_csv(source)
        drawn = frame.iloc[random.integers(0, len(frame), rows)].reset_index(drop=True)
        for name in drawn.columns:
            moved = random.random(rows) < 0.1
            drawn[name] = drawn[name].where(~moved, drawn[name].sample(frac=1, random_state=0).to_numpy())
        drawn["ID"] = np.arange(rows)
        with duckdb.connect() as connection:
            connection.register("given", drawn)
            connection.execute("CREATE TABLE applicants AS SELECT * FROM given")
            found = connection.execute(out.read_text("utf-8")).df().sort_values("ID", ignore_index=True)
        expected = Bundle.load(path).score(drawn)
        gap = float(np.abs(found["log_odds"].to_numpy() - expected.log_odds).max())
    case = f"scorecard as SQL against Python, {rows:,} rows of Taiwan default"
    yield alone("credit", case, "largest gap, log-odds", [gap], at_most=EXACT)


def _aimass(home: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--json"],
        cwd=_ROOT,
        env=os.environ | {"AIMASS_HOME": str(home), "AIMASS_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"aimass {' '.join(arguments)} failed:\n{done.stderr}{done.stdout}")
