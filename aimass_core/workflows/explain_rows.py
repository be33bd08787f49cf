"""What the worker does to explain many rows: files in, files out; it never opens the workspace."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from aimass_core.bundle import Bundle
from aimass_core.explain.shapley import Explanation, explain
from aimass_core.jobs.progress import Progress, Report
from aimass_core.schema import ROW_ID
from aimass_core.workflows.explanations import ExplanationSpec

CHUNK = 1_000
"""Rows explained at once: what memory the job takes does not depend on how many rows there are."""

_ROWS = pa.schema([(ROW_ID, pa.int64()), ("log_odds", pa.float64()), ("probability", pa.float64())])
_LONG = pa.schema(
    [
        (ROW_ID, pa.int64()),
        ("feature", pa.dictionary(pa.int32(), pa.string())),
        ("contribution", pa.float64()),
        ("error", pa.float64()),
    ]
)


def compute(folder: Path, report: Report) -> None:
    """Explain the rows of ``input/rows.parquet`` in chunks.

    Writes ``rows.parquet``, ``contributions.parquet`` and ``explanation.json`` to output.
    """
    began = time.monotonic()
    asked = json.loads((folder / "input" / "explanation.json").read_text("utf-8"))
    spec = ExplanationSpec.model_validate(asked["spec"])
    bundle = Bundle.load(Path(asked["bundle"]))
    source = folder / "input" / "rows.parquet"
    ids = None if asked["ids"] is None else np.array(asked["ids"], dtype=np.int64)
    total = min(spec.rows, pq.read_metadata(source).num_rows) if ids is None else len(ids)
    output, done, gap = folder / "output", 0, 0.0
    found: Explanation | None = None
    report(Progress(step=0, steps=total, message=f"Explaining {total:,} rows"))
    with (
        pq.ParquetWriter(output / "rows.parquet", _ROWS) as rows,
        pq.ParquetWriter(output / "contributions.parquet", _LONG) as long,
    ):
        for frame in _frames(source, ids, total):
            prepared = bundle.prepare(frame, repaired=True)
            found = explain(bundle, prepared.X, reference=spec.reference, cutoff=spec.cutoff, effort="batch")
            gap = max(gap, found.additivity)
            _write(rows, long, frame[ROW_ID].to_numpy(dtype=np.int64), found, bundle, prepared.X)
            done += len(frame)
            report(
                Progress(
                    step=done,
                    steps=total,
                    message=f"Explained {done:,} of {total:,} rows",
                    seconds=time.monotonic() - began,
                )
            )
    assert found is not None  # prepare refuses a job without rows
    result = {
        "run": spec.run,
        "part": f"{spec.part} rows",
        "rows": done,
        "base": found.base,
        "reference": found.reference,
        "seconds": time.monotonic() - began,
        "facts": {
            "reference_text": found.reference_text,
            "method": found.method,
            "additivity": gap,
            "features": list(found.names),
        },
    }
    (output / "explanation.json").write_text(json.dumps(result, ensure_ascii=False), "utf-8")


def _frames(path: Path, ids: np.ndarray | None, total: int) -> Iterator[pd.DataFrame]:
    """Give the wanted rows in file order, in chunks."""
    left = total
    for batch in pq.ParquetFile(path).iter_batches(batch_size=CHUNK):
        frame = batch.to_pandas()
        if ids is not None:
            frame = frame[np.isin(frame[ROW_ID].to_numpy(), ids)]
        frame = frame.iloc[:left].reset_index(drop=True)
        left -= len(frame)
        if len(frame):
            yield frame
        if not left:
            return


def _write(
    rows: pq.ParquetWriter,
    long: pq.ParquetWriter,
    ids: np.ndarray,
    found: Explanation,
    bundle: Bundle,
    X: np.ndarray,
) -> None:
    probability = bundle.score_prepared(X).probability
    rows.write_table(pa.table([ids, found.log_odds, probability], schema=_ROWS))
    features = pa.DictionaryArray.from_arrays(
        pa.array(np.tile(np.arange(len(found.names), dtype=np.int32), len(ids))), pa.array(list(found.names))
    )
    long.write_table(
        pa.table(
            [np.repeat(ids, len(found.names)), features, found.values.ravel(), found.errors.ravel()],
            schema=_LONG,
        )
    )
