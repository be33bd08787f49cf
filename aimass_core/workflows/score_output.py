"""A file of decisions, written a part at a time and there only when it is whole."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from aimass_core.errors import DataError, SettingsError
from aimass_core.workspace.cases import Decision
from aimass_core.workspace.cells import plain
from aimass_core.workspace.exports import FORMULA_STARTS

ADDED = ("probability", "log_odds", "outcome", "reasons", "decision_id")
"""Columns that follow the row number and the file's id columns."""


class Output(Protocol):
    """Takes decisions in the order of the file."""

    def write(self, first: int, decisions: Sequence[Decision]) -> None:
        """Add decisions; `first` is the row number of the first."""


@contextmanager
def output(path: Path, id_columns: Sequence[str]) -> Iterator[Output]:
    """Open a CSV or Parquet file for decisions, by the ending of its name; on any error there is none.

    CSV is UTF-8; text that a spreadsheet would take for a formula gets a leading apostrophe.

    Raises
    ------
    SettingsError
        When the name ends in neither .csv nor .parquet, or its folder does not exist.
    DataError
        When it cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise SettingsError(
            "the file to write must end in .csv or .parquet", f"it is {path.name}", "Choose such a name"
        )
    if not path.parent.is_dir():
        raise SettingsError(
            "the folder of the file to write must exist", f"{path.parent} does not", "Make it first"
        )
    part = path.with_name(f".{path.name}.part")
    try:
        with _csv(part, id_columns) if kind == ".csv" else _parquet(part, id_columns) as made:
            yield made
        part.replace(path)
    except OSError as error:
        raise DataError(
            f"the file {path.name} must be writable",
            error.strerror or str(error),
            "Free some space or choose another folder; nothing was kept",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def main_reasons(decision: Decision) -> str:
    """Return the principal reasons as one text; empty when there are none."""
    return " ".join(reason["text"] for reason in decision.reasons["principal"])


def _record(row: int, decision: Decision, id_columns: Sequence[str]) -> list[Any]:
    return [
        row,
        *(decision.input.get(name) for name in id_columns),
        decision.probability,
        decision.log_odds,
        decision.outcome,
        main_reasons(decision) if decision.reasons["explained"] else None,
        decision.decision_id or None,
    ]


@contextmanager
def _csv(path: Path, id_columns: Sequence[str]) -> Iterator[Output]:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([_harmless(name) for name in ("row", *id_columns, *ADDED)])

        class Csv:
            def write(self, first: int, decisions: Sequence[Decision]) -> None:
                writer.writerows(
                    [_harmless(value) for value in _record(row, decision, id_columns)]
                    for row, decision in enumerate(decisions, start=first)
                )

        yield Csv()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else plain(value)


@contextmanager
def _parquet(path: Path, id_columns: Sequence[str]) -> Iterator[Output]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [
        pa.field("row", pa.int64()),
        *(pa.field(name, pa.string()) for name in id_columns),
        pa.field("probability", pa.float64()),
        pa.field("log_odds", pa.float64()),
        *(pa.field(name, pa.string()) for name in ADDED[2:]),
    ]
    texts = [i for i, field in enumerate(fields) if field.type == pa.string()]
    with pq.ParquetWriter(path, pa.schema(fields)) as writer:

        class Parquet:
            def write(self, first: int, decisions: Sequence[Decision]) -> None:
                records = [
                    _record(row, decision, id_columns) for row, decision in enumerate(decisions, start=first)
                ]
                columns = [list(values) for values in zip(*records, strict=True)]
                for i in texts:
                    columns[i] = [None if value is None else str(value) for value in columns[i]]
                arrays = [pa.array(values, field.type) for values, field in zip(columns, fields, strict=True)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)))

        yield Parquet()
