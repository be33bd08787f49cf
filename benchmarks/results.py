"""``python -m benchmarks.results FILE… > benchmarks/RESULTS.md``: the page of results from measured rows.

Each FILE is what ``python -m benchmarks NAME --json FILE`` wrote; its time is when the rows were measured.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import rows
from benchmarks.rows import Row

_LIBRARIES = ("torch", "lightgbm", "interpret-core", "scikit-learn", "numpy", "pandas", "duckdb", "optuna")


def page(found: Mapping[str, Sequence[Row]], *, machine: str, date: str) -> str:
    """Return the page: a table for each benchmark, with its command, the machine and the date.

    Parameters
    ----------
    found : rows of each benchmark, by its name; one measured on another day is ``NAME, DATE``.
    """
    parts = [
        "# Measured",
        "Made by `python -m benchmarks.results`; nothing is typed by hand. A target that is missed says NO.",
        f"Machine: {machine}. Date: {date}. Libraries: "
        + ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
        + ". A table with a date of its own was measured on that day, on the machine of that day.",
    ]
    for name, measured in found.items():
        missed = sum(row.met is False for row in measured)
        judged = sum(row.met is not None for row in measured)
        parts += [
            f"## {name}",
            f"`python -m benchmarks {name.partition(',')[0]}`: {judged - missed} of {judged} targets met.",
            _table(measured),
        ]
    return "\n\n".join(parts) + "\n"


def machine() -> str:
    """Return processor, cores and memory of this machine in a few words."""
    import psutil

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text("utf-8").splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    memory = psutil.virtual_memory().total / 1e9
    return f"{name}, {psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


def _table(measured: Sequence[Row]) -> str:
    lines = [
        "| case | measure | ours | peer | | ratio | spread | target | met |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in measured:
        cells = (
            *(row.case, row.metric, row.ours, row.peer, row.peer_name),
            *(row.ratio, row.spread, row.target, row.met),
        )
        lines.append("| " + " | ".join(_cell(value) for value in cells) + " |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "**NO**"
    text = f"{value:,.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|")


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def main() -> int:
    """Print the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="rows of a benchmark, as JSON")
    found: dict[str, list[Row]] = {}
    today = _day(datetime.now(UTC).timestamp())
    for path in parser.parse_args().files:
        measured = _day(path.stat().st_mtime)
        for row in rows.read(path):
            name = row.benchmark if measured == today else f"{row.benchmark}, {measured}"
            found.setdefault(name, []).append(row)
    sys.stdout.write(page(found, machine=machine(), date=today))
    return 0


if __name__ == "__main__":
    sys.exit(main())
