"""Changes to bins by hand: edges moved, taken away or added, groups of labels joined or parted."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np

from aimass_core.errors import SettingsError
from aimass_core.models.binning import Binning, Floats, Ints
from aimass_core.models.families.scorecard import BinEdit

Labels = Sequence[Sequence[str]]
"""Text of the label codes 0, 1, … of each column; empty for numbers and where it is not known."""


def read(edits: Sequence[BinEdit | Mapping[str, Any]]) -> tuple[BinEdit, ...]:
    """Return edits as an estimator's parameters hold them, as models."""
    return tuple(edit if isinstance(edit, BinEdit) else BinEdit.model_validate(edit) for edit in edits)


def applied(
    binning: Binning,
    edits: Sequence[BinEdit],
    names: Sequence[str],
    labels: Labels,
    *,
    settled: Container[str] = (),
) -> Binning:
    """Return the bins after edits, done in their order.

    Parameters
    ----------
    names : name of each column.
    labels : text of each column's label codes.
    settled : features whose bins were not learnt but given, on whatever rows: labels of theirs that do not
        occur are passed over.

    Raises
    ------
    SettingsError
        When an edit names a feature, edge or label that is not there, or crosses another edge; says which.
    """
    for number, edit in enumerate(edits, start=1):
        what = f"edit {number:,} of the bins of `{edit.feature}`"
        binning = _one(binning, edit, what, names, labels, lenient=edit.feature in settled)
    return binning


def position(names: Sequence[str], feature: str, what: str) -> int:
    """Return the matrix column of a feature.

    Raises
    ------
    SettingsError
        When there is none of that name.
    """
    if feature not in names:
        known = ", ".join(f"`{name}`" for name in names[:8]) + (", …" if len(names) > 8 else "")
        raise SettingsError(f"{what} must name a feature of the model", f"it has {known}", "Correct the name")
    return list(names).index(feature)


def _one(
    binning: Binning, edit: BinEdit, what: str, names: Sequence[str], labels: Labels, *, lenient: bool
) -> Binning:
    j = position(names, edit.feature, what)
    edges = binning.edges[j]
    if edit.labels is not None:
        if edges is not None:
            raise SettingsError(f"{what} must be about edges", "it is a number and has no labels", "")
        return _regrouped(binning, j, edit, what, labels[j] if j < len(labels) else (), lenient=lenient)
    if edges is None:
        raise SettingsError(f"{what} must be about labels", "it is a category and has no edges", "")
    return binning.changed(j, edges=_edges(edges, edit, what))


def _edges(edges: Floats, edit: BinEdit, what: str) -> Floats:
    before = edges
    if edit.edge is not None:
        if edit.edge not in edges:
            shown = ", ".join(f"{edge:g}" for edge in edges[:12]) or "none"
            raise SettingsError(
                f"{what} must name an edge that is there",
                f"{edit.edge!r} is none of them ({shown}{', …' if len(edges) > 12 else ''})",
                "Bins change with the data: take this edit out, and make it anew on the bins of this run",
            )
        edges = edges[edges != edit.edge]
    if edit.to is None:
        return edges
    if edit.to in edges:
        raise SettingsError(f"{what} must make an edge where there is none", f"{edit.to!r} is one already")
    after = np.sort(np.append(edges, edit.to))
    if edit.edge is not None and np.searchsorted(after, edit.to) != np.searchsorted(before, edit.edge):
        raise SettingsError(
            f"{what} must keep the edge between its neighbours",
            f"moving {edit.edge!r} to {edit.to!r} crosses another edge",
            "Merge the bins between first",
        )
    return after


def _regrouped(
    binning: Binning, j: int, edit: BinEdit, what: str, texts: Sequence[str], *, lenient: bool
) -> Binning:
    known, groups = binning.known[j], binning.groups[j]
    assert known is not None
    assert groups is not None
    code_of = {text: float(code) for code, text in reversed(list(enumerate(texts)))}
    places = []
    for label in edit.labels or ():
        found = np.flatnonzero(known == code_of.get(label, np.nan))
        if lenient and texts and not len(found):
            continue
        if not len(found):
            raise SettingsError(
                f"{what} must name labels that occur in the training rows",
                f"'{label}' does not" if texts else "the labels of its codes are not known here",
                "Take it out of the edit",
            )
        places.append(int(found[0]))
    chosen = np.unique(groups[places])
    if edit.kind == "merge":
        if len(chosen) < 2 and lenient:
            return binning
        if len(chosen) < 2:
            raise SettingsError(f"{what} must name labels of different groups", "they are in one already")
        return binning.changed(j, groups=_gapless(np.where(np.isin(groups, chosen), chosen[0], groups)))
    whole = len(chosen) == 1 and len(set(places)) == int((groups == chosen[0]).sum())
    if lenient and (not len(chosen) or whole):
        return binning
    if len(chosen) > 1 or whole:
        raise SettingsError(
            f"{what} must part some labels of one group from the others",
            "they are of several groups" if len(chosen) > 1 else "they are the whole group",
        )
    parted = 2 * groups
    parted[places] += 1
    return binning.changed(j, groups=_gapless(parted))


def _gapless(groups: Ints) -> Ints:
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)
