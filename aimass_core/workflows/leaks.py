"""Features that may know the answer, found before a model learns from them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from aimass_core.intake import leakage
from aimass_core.intake.leakage import Leak
from aimass_core.schema import Column
from aimass_core.workspace import datasets
from aimass_core.workspace.connection import Workspace
from aimass_core.workspace.datasets import Version

LEAST = 50
"""Rows that each of two classes needs before features are judged."""
MOST_CLASSES = 20
"""Classes of a target up to which features are judged."""
_KEPT = 64

_Key = tuple[str, str, tuple[str, ...]]
_known: OrderedDict[_Key, tuple[Leak, ...]] = OrderedDict()
_lock = threading.Lock()


def suspected(ws: Workspace, version: Version, target: str, features: Sequence[Column]) -> tuple[Leak, ...]:
    """Return the features that tell a target far better than an honest one can, the certain ones first.

    The check is that of the data set's profile, for any column as the target, on at most 5,000 rows of each
    class. A version never changes, so it is made once; free text is not judged.
    """
    judged = tuple(column for column in features if column.kind != "text" and column.name != target)
    key = (version.table, target, tuple(column.name for column in judged))
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    found = _judged(ws, version, version.schema.column(target), judged)
    with _lock:
        _known[key] = found
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return found


def told(leak: Leak) -> str:
    """Return why a feature is suspected, as one sentence."""
    return f"`{leak.column}` may be known only after the outcome: {leak.why}."


def _judged(ws: Workspace, version: Version, target: Column, features: Sequence[Column]) -> tuple[Leak, ...]:
    values = datasets.value_counts(ws, version, target.name, limit=MOST_CLASSES + 2)
    classes = {value: number for value, number in values if value is not None}
    if not features or not 2 <= len(classes) <= MOST_CLASSES or sorted(classes.values())[-2] < LEAST:
        return ()
    with ws.reading() as cursor:
        found = leakage.leaks(cursor, version.table, target, features, classes)
    return tuple(sorted(found, key=lambda leak: not leak.certain))
