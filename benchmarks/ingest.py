"""Import and profile of a 1,000,000 x 30 CSV beside pandas and DuckDB; start of the program."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.rows import Row, against, alone

_SEED = 0


def run(*, quick: bool = False) -> list[Row]:
    """Measure in processes of their own, ours and the peers' in turn, the order turned round each time.

    Time is from the call to its return, imports of libraries left out; memory is the highest of the process.
    We and DuckDB store the table in a file; pandas only parses into memory, so a target against it asks us to
    check, number, compress and store within a fifth of the time that parsing takes. A row of its own says how
    long DuckDB takes to parse and keep nothing: no import that reads with DuckDB can be faster than that.
    Targets are judged at the full size only.
    """
    rows, repeats = (200_000, 2) if quick else (1_000_000, 5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bank.csv"
        make_csv(path, rows)
        path.read_bytes()  # so that the first to read it does not pay for the disk
        measured: dict[str, list[dict[str, float]]] = {name: [] for name in _TASKS}
        for turn in range(repeats):
            for name in list(_TASKS)[:: -1 if turn % 2 else 1]:
                measured[name].append(_measure(name, path, Path(folder)))
    case = f"{rows:,} x 30 CSV"

    def of(name: str, key: str) -> list[float]:
        return [item[key] for item in measured[name]]

    def beside(peer: str, metric: str, key: str, at_most: float | None = None) -> Row:
        return against(
            "ingest", f"import {case}", metric, of("ours", key), of(peer, key), _PEERS[peer], at_most=at_most
        )

    faster, slower = sorted(_PEERS, key=lambda name: statistics.median(of(name, "seconds")))
    found = [
        beside(faster, "seconds", "seconds", None if quick else 1.2),
        beside(slower, "seconds", "seconds"),
        against(
            "ingest",
            f"the least that reading by DuckDB can take, {case}: parse, keep nothing",
            "seconds",
            of("floor", "seconds"),
            of("pandas", "seconds"),
            _PEERS["pandas"],
        ),
        *(beside(peer, "CPU seconds", "cpu") for peer in _PEERS),
        beside("pandas", "peak MB", "megabytes", None if quick else 0.7),
        beside("duckdb", "peak MB", "megabytes"),
        against(
            "ingest",
            f"profile with findings, {case} stored",
            "seconds",
            of("profile", "seconds"),
            of("profile", "peer_seconds"),
            "duckdb SUMMARIZE",
            at_most=None if quick else 0.4,
        ),
    ]
    starts = 3 if quick else 9
    found.append(
        alone(
            "ingest", "import aimass_core", "ms", _starts(["-c", "import aimass_core"], starts), at_most=150
        )
    )
    command = ["-c", "import sys; sys.argv = ['aimass', '--help']; from app.cli import main; main()"]
    found.append(alone("ingest", "aimass --help", "ms", _starts(command, starts, bare=False), at_most=400))
    return found


def make_csv(path: Path, rows: int) -> None:
    """Write a seeded table of a bank: ids, amounts, counts, labels, dates, with missing values."""
    import duckdb

    fields = ["i AS customer_id"]
    fields += [f"round(exp(8 + 2 * random() + random()), 2) AS amount_{k}" for k in range(8)]
    fields += [f"round(100 * random(), 4) AS rate_{k}" for k in range(5)]
    fields += [f"CAST(1000 * random() * random() AS INTEGER) AS count_{k}" for k in range(8)]
    fields += [
        f"['north', 'south', 'east', 'west'][1 + CAST(floor(4 * random()) AS INTEGER)] AS region_{k}"
        for k in range(4)
    ]
    fields += [
        "DATE '2020-01-01' + CAST(1000 * random() AS INTEGER) AS opened",
        "CASE WHEN random() < 0.2 THEN NULL ELSE round(1e6 * random(), 2) END AS income",
        "CAST(18 + 60 * random() AS INTEGER) AS age",
        "CAST(random() < 0.2 AS INTEGER) AS defaulted",
    ]
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"SELECT setseed({(_SEED % 100) / 100})")
        connection.execute(f"COPY (SELECT {', '.join(fields)} FROM range({rows}) t(i)) TO '{path}' (HEADER)")


def _ours(path: Path, folder: Path) -> dict[str, float]:
    from aimass_core.workflows import importing
    from aimass_core.workspace.connection import open_workspace

    with tempfile.TemporaryDirectory(dir=folder) as home:
        ws = open_workspace(Path(home))
        spent = _timed(lambda: importing.import_file(ws, path, name="bank", actor="benchmark"))
        ws.close()
    return spent


def _profile(path: Path, folder: Path) -> dict[str, float]:
    from aimass_core.intake import quality
    from aimass_core.workflows import importing
    from aimass_core.workspace.connection import open_workspace

    with tempfile.TemporaryDirectory(dir=folder) as home:
        ws = open_workspace(Path(home))
        version = importing.import_file(ws, path, name="bank", actor="benchmark")
        with ws.reading() as cursor:
            # Both find the table in memory, and each goes first once.
            cursor.execute(f"SELECT max(COLUMNS(*)) FROM {version.table}").fetchall()
            acts = {
                "peer_seconds": lambda: cursor.execute(f"SUMMARIZE {version.table}").fetchall(),
                "seconds": lambda: quality.profile(cursor, version.table, version.schema),
            }
            spent = dict.fromkeys(acts, 0.0)
            for name in ("peer_seconds", "seconds", "seconds", "peer_seconds"):
                spent[name] += _timed(acts[name])["seconds"] / 2
        ws.close()
    return spent


def _pandas(path: Path, folder: Path) -> dict[str, float]:
    import pandas as pd

    return _timed(lambda: pd.read_csv(path))


def _duckdb(path: Path, folder: Path) -> dict[str, float]:
    import duckdb

    with tempfile.TemporaryDirectory(dir=folder) as home, duckdb.connect(f"{home}/peer.duckdb") as connection:
        sql = f"CREATE TABLE bank AS SELECT * FROM read_csv('{path}')"
        return _timed(lambda: connection.execute(sql))


def _floor(path: Path, folder: Path) -> dict[str, float]:
    import duckdb

    with duckdb.connect() as connection:
        sql = f"SELECT max(COLUMNS(*)) FROM read_csv('{path}')"
        return _timed(lambda: connection.execute(sql).fetchall())


_TASKS: dict[str, Callable[[Path, Path], dict[str, float]]] = {
    "ours": _ours,
    "pandas": _pandas,
    "duckdb": _duckdb,
    "floor": _floor,
    "profile": _profile,
}


_PEERS = {
    "pandas": "pandas.read_csv (parses into memory only)",
    "duckdb": "duckdb read_csv (parses, stores in a file)",
}


def _timed(act: Callable[[], object]) -> dict[str, float]:
    """Return seconds by the clock and of all cores together; what is made is let go after the clock stops."""
    cpu, start = time.process_time(), time.perf_counter()
    kept = act()
    spent = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    del kept
    return spent


def _measure(name: str, path: Path, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", name, str(path), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2_000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _starts(arguments: list[str], repeats: int, *, bare: bool = True) -> list[float]:
    """Return milliseconds of a new process; ``bare`` takes off what an empty one needs."""
    found = []
    for _ in range(repeats + 1):
        taken = _process(arguments) - (_process(["-c", "pass"]) if bare else 0)
        found.append(1_000 * taken)
    return found[1:]


def _process(arguments: list[str]) -> float:
    done = _timed(lambda: subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True))
    return done["seconds"]


def main() -> None:
    """Do one task in this process and print its measures as JSON."""
    name, path, folder = sys.argv[1:]
    measured = _TASKS[name](Path(path), Path(folder))
    measured["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
