"""Make the sample bank: four files that fit together, twelve months of 2024.

``python -m sample_data.generate [--rows N] [--seed S] [--out FOLDER] [--format csv|parquet]`` writes
customers, applications, transactions and purchases, the true probabilities behind both outcomes
(truth.parquet) and manifest.json: what was planted, and the best AUC that any model could reach.
Work goes in blocks of customers, so memory does not grow with ``--rows``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sample_data.customers import make_applications, make_people
from sample_data.faults import Planted, spoil_applications, spoil_transactions
from sample_data.spending import make_purchases, make_transactions

ROWS = 21_600
"""Card transactions in the committed sample."""
_BLOCK = 400_000


class _Writer:
    """Appends blocks of one table to one file, CSV or Parquet, and remembers its size and hash."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._parquet: pq.ParquetWriter | None = None
        path.unlink(missing_ok=True)

    def add(self, table: pd.DataFrame) -> None:
        if self.path.suffix == ".parquet":
            block = pa.Table.from_pandas(table, preserve_index=False)
            self._parquet = self._parquet or pq.ParquetWriter(self.path, block.schema, compression="zstd")
            self._parquet.write_table(block)
        else:
            table.to_csv(
                self.path,
                mode="a",
                header=self.rows == 0,
                index=False,
                date_format="%Y-%m-%d %H:%M:%S" if "at" in table or "applied_at" in table else "%Y-%m-%d",
                lineterminator="\n",
            )
        self.rows += len(table)

    def close(self) -> dict[str, Any]:
        if self._parquet is not None:
            self._parquet.close()
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return {"rows": self.rows, "bytes": self.path.stat().st_size, "sha256": digest.hexdigest()}


class _Ceiling:
    """Counts true probabilities in fine bins: the AUC that nobody can beat on the realised outcomes."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, 200_001), dtype=np.int64)

    def add(self, probability: np.ndarray, outcome: np.ndarray) -> None:
        logit = np.log(probability / (1 - probability))
        bins = np.clip((logit + 20) * 5000, 0, 200_000).astype(int)
        for label in (0, 1):
            self._counts[label] += np.bincount(bins[outcome == label], minlength=200_001)

    def auc(self) -> float:
        negative, positive = self._counts.astype(float)
        below = np.cumsum(negative) - negative
        return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def generate(
    out: Path, *, rows: int = ROWS, seed: int = 7, suffix: str = "csv", say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Write the sample bank to a folder and return its manifest.

    Parameters
    ----------
    rows : card transactions; beside them applications (1/3), purchases (2/3) and customers (1/8).
    seed : the same seed and rows give the same files.
    suffix : ``csv`` or ``parquet``.

    Raises
    ------
    ValueError
        When rows is below 240 (too few for both outcomes to occur).
    """
    if rows < 240:
        raise ValueError(f"--rows must be at least 240; {rows} came. Use the default of {ROWS:,}.")
    out.mkdir(parents=True, exist_ok=True)
    names = ("customers", "applications", "transactions", "purchases")
    writers = {name: _Writer(out / f"{name}.{suffix}") for name in names} | {
        "truth": _Writer(out / "truth.parquet")
    }
    ceilings = {"applications": _Ceiling(), "transactions": _Ceiling()}
    planted: dict[tuple[str, str, str], dict[str, Any]] = {}
    blocks = [min(_BLOCK, rows - start) for start in range(0, rows, _BLOCK)]
    done = 0
    for number, (count, stream) in enumerate(
        zip(blocks, np.random.SeedSequence(seed).spawn(len(blocks)), strict=True)
    ):
        rng = np.random.default_rng(stream)
        people = make_people(rng, max(30, count // 8), done // 8 + 1)
        applications, true_default = make_applications(rng, people, count // 3, done // 3 + 1)
        transactions, true_fraud = make_transactions(rng, people, count, done + 1)
        ceilings["applications"].add(true_default, applications["defaulted"].to_numpy())
        ceilings["transactions"].add(true_fraud, transactions["fraud"].to_numpy())
        truth = [
            pd.DataFrame({"id": applications["application_id"], "probability": true_default}),
            pd.DataFrame({"id": transactions["transaction_id"], "probability": true_fraud}),
        ]
        spoilt, first_faults, _ = spoil_applications(rng, applications)
        spent, second_faults, _ = spoil_transactions(rng, transactions)
        _merge(planted, first_faults + second_faults)
        writers["customers"].add(people.table)
        writers["applications"].add(spoilt)
        writers["transactions"].add(spent)
        writers["purchases"].add(make_purchases(rng, people, count * 2 // 3, done * 2 // 3 + 1))
        writers["truth"].add(pd.concat(truth, ignore_index=True))
        done += count
        say(f"block {number + 1} of {len(blocks)}: {done:,} of {rows:,} transactions")
    manifest = {
        "seed": seed,
        "rows": rows,
        "files": {writer.path.name: writer.close() for writer in writers.values()},
        "best_possible_auc": {name: round(ceiling.auc(), 4) for name, ceiling in ceilings.items()},
        "planted": list(planted.values()),
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _merge(planted: dict[tuple[str, str, str], dict[str, Any]], found: Planted) -> None:
    for fault in found:
        key = (fault["file"], fault["column"], fault["fault"])
        if key in planted:
            planted[key]["rows"] += fault["rows"]
        else:
            planted[key] = dict(fault)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS, help="card transactions to make")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same files")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv", help="kind of file")
    chosen = parser.parse_args()
    manifest = generate(chosen.out, rows=chosen.rows, seed=chosen.seed, suffix=chosen.format)
    print(json.dumps({key: manifest[key] for key in ("files", "best_possible_auc")}, indent=1))


if __name__ == "__main__":
    main()
