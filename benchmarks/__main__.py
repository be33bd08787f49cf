"""``python -m benchmarks NAME [--json FILE] [--quick] [--only CASE]``: measure what is claimed."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import benchmarks
from benchmarks import rows


def names() -> dict[str, str]:
    """Return the benchmarks, each with the first line of what it says of itself."""
    found = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name in ("__main__", "rows"):
            continue
        source = (Path(benchmarks.__path__[0]) / f"{module.name}.py").read_text(encoding="utf-8")
        if "\ndef run(" in source:
            found[module.name] = source.lstrip('"').partition("\n")[0].rstrip('"')
    return found


def main() -> int:
    """Run one benchmark; return 0 even where a target is missed, 1 where something was not measured."""
    listed = "\n".join(f"  {name:<12} {about}" for name, about in sorted(names().items()))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Measure what is claimed.\n\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", choices=sorted(names()), help="the benchmark to run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows to this file")
    parser.add_argument("--quick", action="store_true", help="smaller data, fewer repeats: under a minute")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CASE",
        help="only cases whose names begin so, where a benchmark has cases; may be repeated; rows of other "
        "cases in the --json file are kept",
    )
    asked = parser.parse_args()
    if asked.name is None:
        parser.print_help()
        return 0
    measure = importlib.import_module(f"benchmarks.{asked.name}").run
    if asked.only and "only" not in inspect.signature(measure).parameters:
        parser.error(f"{asked.name} has no cases to choose among")
    kept = rows.read(asked.json) if asked.only and asked.json and asked.json.exists() else []
    made: list[rows.Row] = []
    for found in measure(quick=asked.quick, **({"only": asked.only} if asked.only else {})):
        row = found if isinstance(found, rows.Row) else rows.Row.model_validate(found)
        made.append(row)
        print(rows.line(row), file=sys.stderr, flush=True)
        if asked.json:  # as they are measured, so that a long run that is stopped has not been for nothing
            rows.write(rows.merged(kept, made), asked.json)
    print(rows.table(made))
    missed = [row for row in made if row.met is False]
    if missed:
        print(f"\n{len(missed)} of {len(made)} targets missed.", file=sys.stderr)
    return 1 if any(row.ours is None and row.met is False for row in made) else 0


if __name__ == "__main__":
    sys.exit(main())
