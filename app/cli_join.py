"""The command that joins a table of events to a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from app.cli_reply import Reply, say

Emit = Callable[[Reply, bool], None]


def command(emit: Emit) -> Callable[..., None]:
    """Return the command `join`, which answers through `emit`."""

    def join(
        dataset: Annotated[str, typer.Argument(help="Rows: NAME for the newest version, or NAME@2.")],
        events: Annotated[str, typer.Argument(help="Events: NAME for the newest version, or NAME@2.")],
        key: Annotated[str, typer.Option(help="Column of the rows that names the customer.")],
        events_time: Annotated[str, typer.Option(help="When each event happened.")],
        events_key: Annotated[str | None, typer.Option(help="Default: named as --key.")] = None,
        time: Annotated[
            str | None, typer.Option(help="When each row was decided; only earlier events count.")
        ] = None,
        as_of: Annotated[
            str | None, typer.Option(help="Without --time: count back from then; default: the last event.")
        ] = None,
        value: Annotated[
            list[str] | None, typer.Option(help="Numeric column of the events; may be repeated.")
        ] = None,
        measure: Annotated[
            list[str] | None,
            typer.Option(help="sum, count, mean or max; may be repeated. Default: sum and count."),
        ] = None,
        windows: Annotated[int, typer.Option(help="Number of windows; 1 is the latest.")] = 12,
        window_days: Annotated[int, typer.Option(help="Length of a window in days.")] = 30,
        zero: Annotated[bool, typer.Option("--zero/--missing", help="What a sum without events is.")] = True,
        note: Annotated[str, typer.Option(help="What you want to remember about it.")] = "",
        json: Annotated[
            bool, typer.Option("--json", help="Print exactly one JSON object on standard output.")
        ] = False,
    ) -> None:
        """Make the next version of a data set with columns made of earlier events, one a window."""
        settings = {
            "key": key,
            "events_key": events_key,
            "time": time,
            "as_of": as_of,
            "events_time": events_time,
            "values": tuple(value or ()),
            "windows": windows,
            "window_days": window_days,
            "zero": zero,
            **({"measures": tuple(measure)} if measure else {}),
        }
        emit(joined(dataset, events, settings, note=note), json)

    return join


def joined(dataset: str, events: str, settings: dict[str, Any], *, note: str) -> Reply:
    """Join events to a data set as its next version."""
    from pydantic import ValidationError

    from aimass_core.errors import SettingsError
    from aimass_core.settings import settings as environment
    from aimass_core.workflows import joining
    from aimass_core.workspace import datasets
    from app.cli_workspace import opened

    try:
        join = joining.EventJoin(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        place = "--" + str(first["loc"][0]).replace("_", "-").removesuffix("s")
        place = {"--window": "--windows", "--window-day": "--window-days"}.get(place, place)
        raise SettingsError("the settings of a join must fit", f"{place}: {first['msg']}", "") from error
    with opened() as ws:
        rows, happened = datasets.get(ws, dataset), datasets.get(ws, events)
        say(f"Joining {happened.rows:,} events of {happened.ref} to {rows.rows:,} rows of {rows.ref} …")
        done = joining.apply(
            ws,
            rows,
            happened,
            join,
            actor=environment().user,
            note=note,
            max_columns=environment().max_columns,
        )
    made, counted = done.version, done.counted
    columns = joining.joins(made)[-1]["columns"]
    data = {
        "dataset": made.dataset,
        "version": made.version,
        "ref": made.ref,
        "version_id": made.version_id,
        "parent": rows.ref,
        "events": happened.ref,
        "columns": columns,
        "counts": asdict(counted),
        "warnings": list(done.warnings),
        "join": join.model_dump(mode="json"),
    }
    lines = [
        f"{made.ref}: {len(columns):,} new columns, {columns[0]} to {columns[-1]}.",
        f"{counted.rows_matched:,} of {counted.rows:,} rows have a key that is in the events; "
        f"{counted.rows_with_events:,} have events in the windows.",
    ]
    if counted.rows_without_time:
        lines.append(f"{counted.rows_without_time:,} rows have no time; their new columns are missing.")
    lines += [f"Warning: {text}" for text in done.warnings]
    lines.append("Rows that are scored later must bring these columns themselves: join them first.")
    return Reply(data, "\n".join(lines))
