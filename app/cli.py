"""The command line: `aimass --help`. It loads nothing heavy until a command needs it."""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from app import cli_join, cli_reply
from app.cli_reply import Reply

if TYPE_CHECKING:
    from types import FrameType

    from aimass_core.errors import AimassError

_UsageError: type[Exception] = typer.BadParameter.__bases__[
    0
]  # typer gives its base class no name of its own
_STDOUT = sys.stdout

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="AI Mass: from a raw file to an explained, replayable decision. Every command takes --json. "
    "Exit codes: 0 done, 1 your data or settings, 2 usage, 3 our fault.",
)

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on standard output.")]
Note = Annotated[str, typer.Option(help="What you want to remember about it.")]
Dataset = Annotated[str, typer.Argument(help="NAME for the newest version, or NAME@2.")]
Model = Annotated[str, typer.Argument(help="NAME for the newest version, or NAME@2.")]


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default AIMASS_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default AIMASS_PORT, 8501.")] = None,
    json: Json = False,
) -> None:
    """Serve the workspace: pages and HTTP API."""
    from app import cli_serve

    _override(AIMASS_HOST=host, AIMASS_PORT=port)
    cli_serve.up(answer=lambda reply: _emit(reply, json))


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Serve it once it is filled.")] = True,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default AIMASS_PORT, 8501.")] = None,
    json: Json = False,
) -> None:
    """Fill a workspace with the sample bank and first models, then serve it."""
    from app import cli_serve

    _override(AIMASS_PORT=port)
    cli_serve.demo(serve=serve, answer=lambda reply: _emit(reply, json))


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, Parquet or Excel; CSV may be compressed.")],
    name: Annotated[str, typer.Option(help="Data set to make, or to add a version to.")],
    encoding: Annotated[str | None, typer.Option(help="Default: found in the file.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Default: found in the file.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an Excel file; default: the first.")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first line names the columns.")] = None,
    note: Note = "",
    json: Json = False,
) -> None:
    """Read a file into the workspace."""
    from app import cli_data

    given = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet, "header": header}
    options = {key: value for key, value in given.items() if value is not None}
    _emit(cli_data.import_file(file, name=name, options=options, note=note), json)


@app.command()
def clean(
    dataset: Dataset,
    recipe: Annotated[Path | None, typer.Option(help="Recipe as JSON; default: the suggested one.")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Count what would change, keep nothing.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Also write the cleaned rows, .csv or .parquet.")] = None,
    note: Note = "",
    json: Json = False,
) -> None:
    """Make the next version of a data set by the suggested repairs."""
    from app import cli_data

    _emit(cli_data.clean(dataset, recipe=recipe, note=note, preview=preview, out=out), json)


app.command("join")(cli_join.command(lambda reply, as_json: _emit(reply, as_json)))


@app.command()
def train(
    dataset: Dataset,
    model: Annotated[str, typer.Option(help="Name to register the trained model under.")],
    target: Annotated[
        str | None, typer.Option(help="Column to predict; default: the one with that role.")
    ] = None,
    family: Annotated[str, typer.Option(help="Family of the model; `aimass families` lists them.")] = "auto",
    positive: Annotated[
        list[str] | None, typer.Option(help="Target value whose probability is wanted; may be repeated.")
    ] = None,
    kind: Annotated[
        Literal["credit", "fraud"] | None, typer.Option(help="What is decided; default: by the names.")
    ] = None,
    split: Annotated[
        Literal["stratified", "time", "group"], typer.Option(help="How test rows are chosen.")
    ] = "stratified",
    test_share: Annotated[float, typer.Option(help="Share of rows kept for the test, 0 to 1.")] = 0.3,
    validation_share: Annotated[
        float, typer.Option(help="Share of the training rows kept for validation, 0 to 1.")
    ] = 0.2,
    time_column: Annotated[str | None, typer.Option(help="For --split time.")] = None,
    group_column: Annotated[str | None, typer.Option(help="For --split group.")] = None,
    domain: Annotated[str | None, typer.Option(help="Column the network is made blind to; dann.")] = None,
    budget: Annotated[
        float | None, typer.Option(help="Seconds there are for --family auto or --search.")
    ] = None,
    search: Annotated[bool, typer.Option("--search", help="Search for the best settings first.")] = False,
    search_trials: Annotated[int | None, typer.Option(help="Most settings to try; default 50.")] = None,
    search_by: Annotated[
        Literal["folds", "validation"] | None, typer.Option(help="What settings are judged on; folds.")
    ] = None,
    search_folds: Annotated[int | None, typer.Option(help="Folds of the search; default 3.")] = None,
    calibration: Annotated[
        Literal["none", "platt", "isotonic", "auto"],
        typer.Option(help="How probabilities are corrected on the validation rows."),
    ] = "none",
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Train without a target; for anomaly scores.")
    ] = False,
    feature: Annotated[
        list[str] | None, typer.Option(help="Column to learn from; may be repeated; default: all features.")
    ] = None,
    allow_protected: Annotated[
        bool, typer.Option("--allow-protected", help="Learn from protected columns too; put on record.")
    ] = False,
    config: Annotated[
        str | None, typer.Option(help="Settings of the family: a JSON object, or a file with one.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Setting of the family as name=value; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of split and model.")] = 0,
    run: Annotated[str, typer.Option(help="Name of the run; default: made from the rest.")] = "",
    note: Note = "",
    json: Json = False,
) -> None:
    """Train a model in a process of its own and register it."""
    from app import cli_choices, cli_models

    asked = cli_choices.search(
        wanted=search, budget=budget, trials=search_trials, by=search_by, folds=search_folds
    )
    settings = cli_choices.config(config, changes or [])
    spec: dict[str, Any] = {
        "target": target,
        "family": family,
        "config": settings if search else cli_choices.with_budget(family, settings, budget),
        "search": asked,
        "calibration": calibration,
        "unlabelled": unlabelled,
        "positive": tuple(positive) if positive else None,
        "name": run,
        "split": {
            "method": split,
            "test_share": test_share,
            "validation_share": validation_share,
            "seed": seed,
            "time_column": time_column,
            "group_column": group_column,
        },
        "features": tuple(feature) if feature else None,
        "allow_protected": allow_protected,
        "domain": domain,
        "seed": seed,
    }
    _emit(cli_models.train(dataset, model=model, note=note, kind=kind, spec=spec), json)


@app.command()
def families(json: Json = False) -> None:
    """List the model families: what each is for, what it costs, what can be set."""
    from app import cli_families

    _emit(cli_families.families(), json)


@app.command()
def rerun(
    run: Annotated[str, typer.Argument(help="Run, by name or id.")],
    keep: Annotated[bool, typer.Option("--keep", help="Keep the second training as a run too.")] = False,
    json: Json = False,
) -> None:
    """Train a run again by its record; exit code 1 when its scores come out otherwise."""
    from app import cli_rerun

    _emit(cli_rerun.rerun(run, keep=keep), json)


@app.command()
def evaluate(model: Model, json: Json = False) -> None:
    """Show how well a model separates and calibrates on its test rows."""
    from app import cli_models

    _emit(cli_models.evaluate(model), json)


@app.command()
def validate(
    run: Annotated[str, typer.Argument(help="Run by name or id, or a registered model, NAME or NAME@2.")],
    method: Annotated[
        Literal["folds", "time", "group", "learning-curve", "feature-groups"],
        typer.Option(help="What is varied: random folds, time, groups, number of rows, features."),
    ] = "folds",
    folds: Annotated[int, typer.Option(min=2, max=20, help="For folds, time and group.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, max=20, help="Rounds of folds, each dealt anew.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, max=10, help="Trainings of each size or without each group.")
    ] = 3,
    time_column: Annotated[str | None, typer.Option(help="For time; default: that of run or role.")] = None,
    group_column: Annotated[str | None, typer.Option(help="For group; default: that of run or role.")] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="For feature-groups: NAME=COLUMN,COLUMN; may be repeated; default: by names."),
    ] = None,
    json: Json = False,
) -> None:
    """Train a run again on other rows, fewer rows or fewer features, and show how good it really is."""
    from app import cli_validate

    settings = {
        "method": method,
        "folds": folds,
        "repeats": repeats,
        "seeds": seeds,
        "time_column": time_column,
        "group_column": group_column,
    }
    _emit(cli_validate.validate(run, groups=group or [], settings=settings), json)


@app.command()
def stability(
    model: Annotated[str, typer.Argument(help="Run by name or id, or a registered model, NAME or NAME@2.")],
    refits: Annotated[int, typer.Option(min=5, max=50, help="Bootstrap samples, each one training.")] = 20,
    json: Json = False,
) -> None:
    """Fit a model again to bootstrap samples and show how often its reasons come back."""
    from app import cli_stability

    _emit(cli_stability.stability(model, refits=refits), json)


@app.command()
def explain(
    model: Model,
    row: Annotated[str, typer.Option(help="Id of the row, or its number; 1 is the first of the file.")],
    reference: Annotated[
        Literal["population", "applicants", "cutoff"],
        typer.Option(help="What the contributions are measured from."),
    ] = "population",
    counterfactuals: Annotated[
        bool, typer.Option("--counterfactuals", help="Also show the nearest changes that would let it pass.")
    ] = False,
    below: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Probability these must come below; default: the lower cut-off."),
    ] = None,
    json: Json = False,
) -> None:
    """Show why one row gets its score."""
    from app import cli_models

    asked = counterfactuals or below is not None
    _emit(cli_models.explain(model, row=row, reference=reference, counterfactuals=asked, below=below), json)


@app.command()
def score(
    model: Model,
    file: Annotated[Path, typer.Argument(help="Rows to score: CSV, TSV, Parquet or Excel.")],
    out: Annotated[Path, typer.Option(help="File to write, .csv or .parquet.")],
    store: Annotated[bool, typer.Option("--store", help="Keep each row as a decision.")] = False,
    reasons: Annotated[bool | None, typer.Option(help="Explain each row; default: where it is fast.")] = None,
    json: Json = False,
) -> None:
    """Score a file and decide each row by the model's policy."""
    from app import cli_models

    _emit(cli_models.score(model, file, out=out, store=store, reasons=reasons), json)


@app.command("export-scorecard")
def export_scorecard(
    run: Annotated[str, typer.Argument(help="Run or registered model of the family scorecard.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    format: Annotated[  # noqa: A002 — the option's name
        Literal["excel", "sql"], typer.Option(help="Table of points, or a SELECT that gives the same scores.")
    ] = "excel",
    table: Annotated[str, typer.Option(help="SQL: table of raw rows; schema.table works.")] = "applications",
    keep: Annotated[
        list[str] | None, typer.Option(help="SQL: column to give out too; may be repeated; default: the ids.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a scorecard as Excel or as SQL for DuckDB and PostgreSQL."""
    from app import cli_scorecard

    kept = tuple(keep) if keep else None
    _emit(cli_scorecard.export(run, kind=format, out=out, table=table, keep=kept), json)


@app.command()
def doctor(json: Json = False) -> None:
    """Look at versions, device, memory, disk and the workspace."""
    from app import cli_doctor

    _emit(cli_doctor.doctor(), json)


def main() -> NoReturn:
    """Run a command and exit with its code."""
    as_json = "--json" in sys.argv[1:]
    signal.signal(signal.SIGTERM, _interrupt)
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        code = _run(as_json)
    sys.exit(code)


def _run(as_json: bool) -> int:
    from aimass_core.errors import AimassError

    try:
        found = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return cli_reply.emit_stopped(as_json=as_json, out=_STDOUT)
    except AimassError as error:
        return cli_reply.emit_error(error, as_json=as_json, out=_STDOUT)
    except _UsageError as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        return cli_reply.emit_usage(message, as_json=as_json, out=_STDOUT)
    except BrokenPipeError:
        return cli_reply.OK  # whoever reads has had enough
    except Exception as error:
        return cli_reply.emit_error(_explained(error), as_json=as_json, out=_STDOUT)
    if found == cli_reply.INTERRUPTED:  # typer's answer to Ctrl-C
        return cli_reply.emit_stopped(as_json=as_json, out=_STDOUT)
    return int(found or 0)


def _explained(error: Exception) -> AimassError:
    from pydantic import ValidationError

    from aimass_core.errors import SettingsError
    from aimass_core.jobs.failure import explained

    if isinstance(error, ValidationError) and error.title == "Settings":
        first = error.errors()[0]
        name = "AIMASS_" + "_".join(str(part) for part in first["loc"]).upper()
        return SettingsError(f"the environment variable {name} must fit", first["msg"], "Change or unset it")
    traceback.print_exception(error)
    return explained(error, where="the text above")


def _emit(reply: Reply, as_json: bool) -> None:
    cli_reply.emit(reply, as_json=as_json, out=_STDOUT)
    if reply.code:
        raise typer.Exit(reply.code)


def _override(**values: Any) -> None:
    """Let an option of the command win over its environment variable."""
    import os

    os.environ.update({name: str(value) for name, value in values.items() if value is not None})


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
