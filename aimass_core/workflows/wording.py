"""The reason dictionary of a data set: what is in force, what is missing, and setting it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from aimass_core.errors import DataError, SettingsError
from aimass_core.explain.reasons import Direction
from aimass_core.explain.wording import DIRECTIONS, Dictionary, Sentence
from aimass_core.workflows import evaluating
from aimass_core.workspace import wording
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.exports import FORMULA_STARTS
from aimass_core.workspace.wording import Entry

COLUMNS = ("feature", "direction", "customer", "reviewer", "owner")
"""Columns of the file that holds a dictionary."""
MOST = 10_000
"""Most entries saved at once."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The dictionary behind one model.

    Attributes
    ----------
    entries : the newest of each feature and direction, by these two.
    missing : what has no sentence for the customer; what speaks against a case comes first.
    protected : features of the model that are protected; a customer is never shown them.
    features : all features of the model but these, as the model orders them.
    """

    dataset: str
    version: int
    entries: dict[tuple[str, str], Entry]
    missing: tuple[tuple[str, Direction], ...]
    features: tuple[str, ...]
    protected: tuple[str, ...]


def dictionary(ws: Workspace, dataset: str) -> Dictionary:
    """Return the sentences in force for models that learnt from a data set, whatever its version."""
    return Dictionary.of(
        [_sentence(entry) for entry in wording.in_force(ws, dataset)],
        version=wording.version(ws, dataset),
    )


def of_run(ws: Workspace, run_ref: str) -> Overview:
    """Return the dictionary behind a run.

    Raises
    ------
    NotFoundError, DataError
        As :func:`aimass_core.workflows.evaluating.bundle`.
    """
    bundle = evaluating.bundle(ws, run_ref)
    dataset = bundle.manifest.dataset
    protected = tuple(name for name, _ in bundle.players if name in bundle.manifest.protected)
    features = tuple(name for name, _ in bundle.players if name not in protected)
    entries = wording.in_force(ws, dataset)
    found = Dictionary.of([_sentence(e) for e in entries], version=wording.version(ws, dataset))
    return Overview(
        dataset=dataset,
        version=found.version,
        entries={(e.feature, e.direction): e for e in entries},
        missing=tuple(found.missing(features)),
        features=features,
        protected=protected,
    )


def save(
    ws: Workspace,
    dataset: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    actor: str,
    seen: int | None = None,
    protected: Sequence[str] = (),
) -> int:
    """Set sentences, all or none; what says the same as before is left out. Returns how many were set.

    Parameters
    ----------
    rows : feature, direction, customer, reviewer and owner; both sentences empty take an entry back.
    seen : version the rows were written against.
    protected : features that no customer may be shown.

    Raises
    ------
    SettingsError
        When a sentence cannot be used; names the feature and what is wrong. Nothing is kept.
    ConflictError
        When somebody has saved in the meantime.
    """
    if len(rows) > MOST:
        raise SettingsError(f"at most {MOST:,} sentences can be saved at once", f"{len(rows):,} came")
    present = {(e.feature, e.direction): e for e in wording.in_force(ws, dataset)}
    changed: dict[tuple[str, str], dict[str, str]] = {}
    for number, row in enumerate(rows, start=1):
        item = _checked(row, number)
        if item.feature in protected and item.customer:
            raise SettingsError(
                "a protected column must never appear in what a customer reads",
                f"`{item.feature}` is protected",
                "Leave its sentence for the customer empty",
            )
        before = present.get((item.feature, item.direction))
        if (_sentence(before) if before is not None else None) == item or (before is None and item.empty):
            changed.pop((item.feature, item.direction), None)
            continue
        changed[item.feature, item.direction] = item.model_dump()
    if not changed:
        return 0
    wording.add(ws, dataset, list(changed.values()), actor=actor, seen=seen)
    return len(changed)


def read_csv(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a dictionary's file: CSV in UTF-8 with the columns of :data:`COLUMNS`.

    Raises
    ------
    DataError
        When it is no such file.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            "the file of a reason dictionary must be CSV in UTF-8",
            f"byte {error.start:,} is something else",
            "Save it as CSV UTF-8",
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        absent = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if absent:
            raise DataError(
                f"the file must have the columns {', '.join(COLUMNS)}",
                f"missing: {', '.join(absent)}",
                "Download the dictionary and change that file",
            )
        found = [{name: _plain(row.get(name) or "") for name in COLUMNS} for row in reader]
    except csv.Error as error:
        raise DataError("the file must be readable as CSV", str(error), "Check its quotes") from error
    for number, row in enumerate(found, start=1):
        if not row["feature"] or row["direction"] not in DIRECTIONS:
            raise DataError(
                f"row {number:,} of the file must name a feature and a direction, {' or '.join(DIRECTIONS)}",
                f"feature `{row['feature']}`, direction `{row['direction']}`",
                "Change that row; nothing was taken over",
            )
    return found


def _checked(row: Mapping[str, Any], number: int) -> Sentence:
    values = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    try:
        return Sentence.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        where = str(problem["loc"][0]) if problem["loc"] else "entry"
        what = str(problem["msg"]).removeprefix("Value error, ")
        if where == "direction":
            what = f"it must be {' or '.join(DIRECTIONS)}; it is {values['direction']!r}"
        named = values["feature"] or "no feature"
        raise SettingsError(
            f"row {number:,} of the dictionary (`{named}`, {where}) must be usable",
            what,
            "Change that sentence and save again; nothing was kept",
        ) from error


def _sentence(entry: Entry) -> Sentence:
    return Sentence(
        feature=entry.feature,
        direction=_direction(entry),
        customer=entry.customer,
        reviewer=entry.reviewer,
        owner=entry.owner,
    )


def _direction(entry: Entry) -> Direction:
    return "raises" if entry.direction == "raises" else "lowers"


def _plain(text: str) -> str:
    """Undo the apostrophe that keeps a spreadsheet from taking a text for a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text
